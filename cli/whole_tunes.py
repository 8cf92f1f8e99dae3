"""`evaluate --generation`: generated tunes beside real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arvae_music.cli import show
from arvae_music.cli.judges import judges_of

if TYPE_CHECKING:
    from arvae_music.data import Corpus
    from rich.table import Table

    from arvae_music.control.model import Model
    from arvae_music.control.whole_tunes import Compared


def compare(
    model: Model, corpus: Corpus, split: str, meters: list[str], tunes: int, seed: int, *, quiet: bool
) -> list[Compared]:
    """Generate, compare, and show a table unless `quiet`."""
    from arvae_music.control.whole_tunes import compare_tunes

    _, judge = judges_of(model, corpus, quiet=quiet)
    rows = compare_tunes(model, corpus, judge, split=split, meters=meters, tunes=tunes, seed=seed)
    if not quiet:
        show.show(table(rows))
    return rows


def table(rows: list[Compared]) -> Table:
    """Two rows per meter: real tunes, then generated ones."""
    out = show.new_table(
        "Generated tunes beside real ones: measures that repeat one before; notes in the scale; tunes that "
        "begin on tonic, third or fifth; that end on the tonic; nats per note under a language model that "
        "did not take part",
        ["meter"],
        ["tunes are"],
    )
    for name in ("tunes", "measures", "repeated", "in key", "begin", "end", "style"):
        out.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        for meter, kind, score in ((row.meter, "real", row.real), ("", "generated", row.generated)):
            shares = (score.repeated, score.in_key, score.begins_in_triad, score.ends_on_tonic)
            cells = [f"{share:.1%}" for share in shares]
            counts = f"{score.tunes:,}", f"{score.measures:,}"
            out.add_row(meter, kind, *counts, *cells, f"{score.nats_per_note:.2f}")
    return out
