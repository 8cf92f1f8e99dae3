"""`arvae-music generate --measures N -o OUT`: a new melody, and a row for each of its measures."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from arvae_music.cli import audio as sounds
from arvae_music.cli import options, show
from arvae_music.cli.pairs import split

if TYPE_CHECKING:
    from rich.table import Table

    from arvae_music.control.generate import GenerationReport


def generate(
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="OUT", help="The new tune.", show_default=False)
    ],
    measures: Annotated[int, typer.Option("--measures", metavar="N", help="How many measures.")] = 16,
    meter: Annotated[
        str, typer.Option("--meter", metavar="METER", help="4/4, 2/2, 3/4, 2/4, 6/8, 9/8, 12/8, C or C|.")
    ] = "4/4",
    key: Annotated[
        str, typer.Option("--key", metavar="KEY", help="D, Em, Edor, Amix, Bb and the like.")
    ] = "D",
    attr: Annotated[
        list[str] | None,
        typer.Option(
            "--attr",
            metavar="NAME VALUE",
            help="A value that every measure shall have: density, range, contour (=-3) or complexity. "
            "May be given again.",
            show_default=False,
        ),
    ] = None,
    model: options.Model = "folk",
    audio: sounds.Audio = None,
    soundfont: sounds.Soundfont = None,
    json: options.Json = None,
    seed: options.Seed = 0,
    force: options.Force = False,
) -> None:
    """Make a new melody, with the values that you ask for in every measure.

    Example: arvae-music generate --measures 16 --meter 6/8 --key D --attr density 6 --seed 1 -o jig.mid
    """
    from arvae_music.control import read_requests
    from arvae_music.files import atomic_write
    from arvae_music.formats.losses import losses

    out = options.check_output(output, json, force=force)
    sounds.check(audio, soundfont, json, force=force)
    asked = split(attr)
    requests = read_requests(asked) if asked else ()
    from arvae_music.control import load_model  # what can be refused without torch has been
    from arvae_music.control.audio import render_audio
    from arvae_music.control.generate import parse_wish

    parse_wish(measures, meter, key, requests)  # a wrong call is told before a model is loaded
    made = load_model(model).generate(*requests, measures=measures, meter=meter, key=key, seed=seed)
    heard = None if audio is None else render_audio(made.tune, soundfont=soundfont)
    made.write(out, force=force)
    if audio is not None and heard is not None:
        atomic_write(audio, heard, force=force)
    notices = (*made.report.notices, *losses(made.tune, out))
    report = dataclasses.replace(made.report, output=str(out), notices=notices)
    options.write_json(json, report.as_json(), force=force)
    if not options.is_stdout(json):
        show.show(table(report))
        show.notices(report.notices)
        show.remarks((show.Place(row.index), row.reason) for row in report.measures if row.reason is not None)
        show.line(f"{summary(report)}; wrote {out}{f' and {audio}' if audio else ''}")


def table(report: GenerationReport) -> Table:
    """A row per measure: its values, whether they are as asked, and which measure it repeats."""
    from arvae_music.attributes import ATTRIBUTES

    title = f"{report.measures[0].meter} in {report.key}, seed {report.seed}"
    headings = ["measure", *(attribute.short for attribute in ATTRIBUTES), "repeats"]
    out = show.new_table(title, headings, ["status"])
    for row in report.measures:
        cells = []
        for attribute in ATTRIBUTES:
            value = row.after[attribute.name]
            cells.append(f"{value:.0f}" if attribute.whole else f"{value:.3f}")
        out.add_row(str(row.index), *cells, str(row.repeats or ""), row.status)
    return out


def summary(report: GenerationReport) -> str:
    """How many measures became what, in words."""
    counts = report.summary
    named = [f"{counts[name]} {name}" for name in ("exact", "nearest") if counts[name]]
    again = counts["measures"] - counts["new"]
    return f"{counts['measures']} measures: {', '.join(named)}, {again} of them repeats"
