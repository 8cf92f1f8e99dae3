"""`arvae-music attributes FILE`: what each measure of a tune is like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from arvae_music.cli import options, show
from arvae_music.cli.reading import NOTHING_SAID, Reading, reads

if TYPE_CHECKING:
    from rich.table import Table

    from arvae_music.attributes import Row
    from arvae_music.formats import Notice


@reads
def attributes(
    file: options.TuneFile,
    reading: Reading = NOTHING_SAID,
    json: options.Json = None,
    force: options.Force = False,
) -> None:
    """Show the attributes of each measure: a row per measure, and a summary.

    Example: arvae-music attributes data/examples/reel.mid
    """
    from arvae_music import attributes

    options.check_json(json, force=force)
    source = reading.read(file)
    rows = attributes(source)
    options.write_json(json, as_json(file, rows, source.notices), force=force)
    if not options.is_stdout(json):
        show.show(table(source.melody.title or file.name, rows))
        show.notices(source.notices)
        show.remarks(passed_over(rows))


def as_json(file: Path, rows: list[Row], found: Sequence[Notice]) -> dict[str, Any]:
    """The result for a program; values are null where a measure is passed over."""
    from arvae_music.attributes import ATTRIBUTES

    return {
        "source": str(file),
        "measures": [
            {
                "index": row.index,
                "joined": row.joined,
                "meter": row.meter,
                "status": row.status,
                "reason": row.reason,
                **{attribute.name: row.values.get(attribute.name) for attribute in ATTRIBUTES},
            }
            for row in rows
        ],
        "notices": [notice.as_json() for notice in found],
    }


def table(title: str, rows: list[Row]) -> Table:
    """A row per measure, and the mean of the measures that have values."""
    from arvae_music.attributes import ATTRIBUTES

    out = show.new_table(title, ["measure", "meter", *(a.short for a in ATTRIBUTES)])
    for row in rows:
        number = show.measure_number(row.index, row.joined)
        cells = [show.amount(row.values.get(a.name)) for a in ATTRIBUTES]
        out.add_row(number, row.meter, *cells)
    valued = [row.values for row in rows if row.values]
    means = [show.amount(fmean(v[a.name] for v in valued) if valued else None) for a in ATTRIBUTES]
    out.add_section()
    out.add_row("mean", "", *means)
    return out


def passed_over(rows: Sequence[Row]) -> Iterator[tuple[show.Place, str]]:
    """The measures that have no values, and why."""
    for row in rows:
        if row.reason is not None:
            yield show.Place(row.index, row.joined), f"passed over, {row.reason}"
