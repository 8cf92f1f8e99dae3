"""`arvae-music data`: the corpora, where they come from, and what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from arvae_music.cli import options, show
from arvae_music.cli.help import Command

if TYPE_CHECKING:
    from arvae_music.data import Card, Corpus, Summary
    from rich.table import Table

data = typer.Typer(
    help="The corpora: what there is, and what is in them.",
    epilog="Example: arvae-music data list",
    rich_markup_mode=None,
)


@data.command("list", cls=Command)
def list_(json: options.Json = None, force: options.Force = False) -> None:
    """List the corpora that can be called by name, with sources and licences.

    Example: arvae-music data list
    """
    from arvae_music.data import corpora

    options.check_json(json, force=force)
    cards = corpora()
    options.write_json(json, {"corpora": [_card_json(card) for card in cards]}, force=force)
    if not options.is_stdout(json):
        for card in cards:
            _show_card(card)


@data.command("prepare", cls=Command)
def prepare(
    corpus: options.Corpus,
    jobs: options.Jobs = None,
    dask: options.Dask = None,
    json: options.Json = None,
    force: options.Force = False,
) -> None:
    """Read a corpus and keep it in the cache, so that later commands have it at once.

    Files that cannot be read are passed over and counted, with the reason.

    Example: arvae-music data prepare my-tunes/ --jobs 4
    """
    from arvae_music.data import cache_folder

    options.check_json(json, force=force)
    loaded = load(corpus, quiet=options.is_stdout(json), jobs=jobs, dask=dask)
    result = {
        "corpus": loaded.name,
        "hash": loaded.hash,
        "measures": len(loaded),
        "cache": str(cache_folder()),
        **read_json(loaded),
    }
    options.write_json(json, result, force=force)
    if not options.is_stdout(json):
        show_read(loaded)
        show.line(f"{loaded.name}: {len(loaded):,} measures are ready in {cache_folder()}")


@data.command("show", cls=Command)
def show_(corpus: options.Corpus, json: options.Json = None, force: options.Force = False) -> None:
    """Show what is in a corpus: tunes, splits, measures and attributes by meter, and what was passed over.

    Example: arvae-music data show folk
    """
    from arvae_music.data import summarize

    options.check_json(json, force=force)
    loaded = load(corpus, quiet=options.is_stdout(json))
    summary = summarize(loaded)
    options.write_json(json, as_json(loaded, summary), force=force)
    if not options.is_stdout(json):
        _show_card(loaded.card)
        splits = ", ".join(f"{name} {tunes:,}" for name, tunes in summary.tunes_by_split.items())
        show.line(f"  {summary.tunes:,} tunes in {summary.families:,} families of variants: {splits}")
        show.show(meters(summary))
        if summary.skipped:
            show.show(_passed_over({"measures": summary.skipped}))
        for unread in summary.unread[:10]:
            show.line(f"- not read: {unread.path}: {unread.reason}")
        if len(summary.unread) > 10:
            show.line(f"- and {len(summary.unread) - 10} more files that could not be read (--json has them)")


def load(names: list[str], *, quiet: bool, jobs: int | None = None, dask: str | None = None) -> Corpus:
    """A corpus, with a bar while it is read for the first time."""
    from arvae_music.data import load_corpus

    with show.reading(" ".join(names), quiet=quiet) as progress:
        return load_corpus(names, progress=progress, jobs=jobs, dask=dask)


def show_read(corpus: Corpus) -> None:
    """What was read, by format, and what was passed over and why."""
    from arvae_music.data import unread_reasons

    table = show.new_table("read", ["files", "tunes", "measures"], ["format"])
    for row in corpus.formats:
        table.add_row(f"{row.files:,}", f"{row.tunes:,}", f"{row.measures:,}", row.format)
    if len(corpus.formats) > 1:
        table.add_section()
        sums = (sum(r.files for r in corpus.formats), sum(r.tunes for r in corpus.formats), len(corpus))
        table.add_row(*(f"{count:,}" for count in sums), "all")
    show.show(table)
    reasons = unread_reasons(corpus.unread)
    if reasons or corpus.skipped:
        show.show(_passed_over({"files and tunes": reasons, "measures": corpus.skipped}))


def read_json(corpus: Corpus) -> dict[str, Any]:
    """What `show_read` shows, for a program, and every file that was passed over."""
    from arvae_music.data import unread_reasons

    return {
        "formats": [row._asdict() for row in corpus.formats],
        "skipped": corpus.skipped,
        "unread_reasons": unread_reasons(corpus.unread),
        "unread": [row._asdict() for row in corpus.unread],
    }


def _card_json(card: Card) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(card)


def as_json(corpus: Corpus, summary: Summary) -> dict[str, Any]:
    """The result for a program."""
    return {
        "corpus": _card_json(corpus.card),
        "hash": corpus.hash,
        "tunes": summary.tunes,
        "families": summary.families,
        "tunes_by_split": summary.tunes_by_split,
        "meters": {
            row.meter: {
                "measures": row.measures,
                "attributes": {name: value._asdict() for name, value in row.attributes.items()},
            }
            for row in summary.meters
        },
        "skipped": summary.skipped,
        "unread": [row._asdict() for row in summary.unread],
    }


def _show_card(card: Card) -> None:
    size = f": {card.tunes:,} tunes, {card.measures:,} measures" if card.tunes and card.measures else ""
    show.line(f"{card.name}: {card.title}{size}")
    for name, text in (("source", card.source), ("licence", card.licence), ("citation", card.citation)):
        if text:
            show.line(f"  {name}: {text}")


def meters(summary: Summary) -> Table:
    """A row per meter: measures in each split, and mean and standard deviation of each attribute."""
    from arvae_music.attributes import ATTRIBUTES

    splits = list(summary.tunes_by_split)
    table = show.new_table("measures by meter", ["meter", *splits, *(f"{a.short} (sd)" for a in ATTRIBUTES)])
    for row in summary.meters:
        counts = [f"{row.measures[name]:,}" for name in splits]
        values = [row.attributes[a.name] for a in ATTRIBUTES]
        digits = [2 if a.whole else 3 for a in ATTRIBUTES]
        cells = [f"{v.mean:.{d}f} ({v.sd:.{d}f})" for v, d in zip(values, digits, strict=True)]
        table.add_row(row.meter, *counts, *cells)
    sums = [f"{sum(row.measures[name] for row in summary.meters):,}" for name in splits]
    table.add_section()
    table.add_row("all", *sums)
    return table


def _passed_over(reasons: dict[str, dict[str, int]]) -> Table:
    """Counts by reason of each kind of thing, the commonest first."""
    table = show.new_table("passed over", ["count"], ["of", "reason"])
    for kind, counts in reasons.items():
        for reason, count in sorted(counts.items(), key=lambda item: -item[1]):
            table.add_row(f"{count:,}", kind, reason)
    return table
