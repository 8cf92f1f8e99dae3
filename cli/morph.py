"""`arvae-music morph A B --steps N -o FOLDER`: the tunes on the way from one tune to another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from arvae_music.cli import options, show
from arvae_music.cli.reading import Reading

from arvae_music.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from arvae_music.control.morph_report import MorphReport

_EACH = "Given twice, for A and for B."


def morph(
    a: Annotated[Path, typer.Argument(metavar="A", help="The tune at the start.", show_default=False)],
    b: Annotated[Path, typer.Argument(metavar="B", help="The tune at the end.", show_default=False)],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="FOLDER", help="A new folder: 01.mid is A.", show_default=False
        ),
    ],
    steps: Annotated[
        int, typer.Option("--steps", metavar="N", help="How many tunes; the first is A, the last is B.")
    ] = 8,
    extension: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="abc|mid|musicxml|mxl",
            help="The format of the tunes.",
            show_default="that of A",
        ),
    ] = None,
    model: options.Model = "folk",
    strength: Annotated[
        float,
        typer.Option(
            "--strength",
            metavar="S",
            help="How far the tunes may leave A and B for better style: 0 is near, 1 is free.",
        ),
    ] = 0.5,
    part: Annotated[
        list[str] | None,
        typer.Option(
            "--part",
            metavar="PART",
            help=f"The part with the melody, by number or name. {_EACH}",
            show_default=False,
        ),
    ] = None,
    pickup: Annotated[
        list[float] | None,
        typer.Option(
            "--pickup",
            metavar="BEATS",
            help=f"Length of a MIDI file's pickup, in notes of the meter's lower number. {_EACH}",
            show_default=False,
        ),
    ] = None,
    tune: Annotated[
        list[int] | None,
        typer.Option(
            "--tune",
            metavar="N",
            min=1,
            help=f"The tune of a tune book, by its number. {_EACH}",
            show_default=False,
        ),
    ] = None,
    quantize: options.Quantize = False,
    skyline: options.Skyline = False,
    json: options.Json = None,
    seed: options.Seed = 0,
    force: options.Force = False,
) -> None:
    """Go from one tune to another: every measure from A's to B's, by way of what lies between them.

    Measures are paired in order, and those of one pair must be in one meter. Up to the middle the tunes are
    A's file with other notes, from there B's.

    Example: arvae-music morph data/examples/jig.abc data/examples/garryowen.abc --steps 6 -o way
    """
    from arvae_music.control import load_model
    from arvae_music.control.morph import check_steps, tune_files
    from arvae_music.control.weights import ScoreWeights

    ScoreWeights.at(strength)  # what is wrong is told before a model is loaded
    names = tune_files(output, a, check_steps(steps), extension, force=force)
    options.check_json(json, force=force)
    for name in names:
        options.check_apart(name, "a tune", json, "give the report another name")
    said: dict[str, list[Any]] = {"part": part or [], "pickup": pickup or [], "tune": tune or []}
    said |= {"quantize": [True] * quantize, "skyline": [True] * skyline}
    first, last = readings(a, b, said)
    start, end = first.read(a), last.read(b)
    made = load_model(model).morph(start, end, steps, strength=strength, seed=seed)
    report = made.write(output, extension, force)
    options.write_json(json, report.as_json(), force=force)
    if not options.is_stdout(json):
        show.show(table(report))
        show.remarks(remarks(report))
        show.line(f"{steps} tunes; wrote {names[0]} to {names[-1].name}")


def readings(a: Path, b: Path, said: dict[str, list[Any]]) -> tuple[Reading, Reading]:
    """How each of the two files is read.

    What is said once holds for those of them whose format has that option, and twice for A and for B.

    Raises:
        UsageError: something is said more than twice.
    """
    from arvae_music.formats import format_of

    found: tuple[dict[str, Any], dict[str, Any]] = {}, {}
    for option, values in said.items():
        if len(values) > 2:
            raise UsageError(f"--{option} is given {len(values)} times: give it once, or for A and for B")
        knows = [option in format_of(file).options for file in (a, b)]
        for i, how in enumerate(found):
            if len(values) == 2:
                how[option] = values[i]
            elif values and (knows[i] or not any(knows)):
                how[option] = values[0]
    return Reading(**found[0]), Reading(**found[1])


def table(report: MorphReport) -> Table:
    """A row per tune: what became of its measures, their mean values, and whose ticks they have."""
    from arvae_music.attributes import ATTRIBUTES

    headings = [
        "tune",
        "exact",
        "nearest",
        "as they are",
        *(attribute.short for attribute in ATTRIBUTES),
        "ticks of A",
        "of B",
    ]
    out = show.new_table(f"{report.a} to {report.b}: means of the measures", headings, ["in the file of"])
    for step in report.steps:
        counts = step.summary
        out.add_row(
            str(step.number),
            *(str(counts[name]) for name in ("exact", "nearest")),
            str(counts["unchanged"] + counts["skipped"]),
            *(f"{step.attributes[attribute.name]:.3g}" for attribute in ATTRIBUTES),
            f"{step.from_a:.0%}",
            f"{step.from_b:.0%}",
            step.stands_in,
        )
    return out


def remarks(report: MorphReport) -> Iterator[tuple[show.Place | None, str]]:
    """What there is to say of the two files, of the tunes, and of measures that stay as they are."""
    for notice in report.notices:
        yield None if notice.measure is None else show.Place(notice.measure), notice.text
    for step in report.steps:
        for notice in step.notices:
            place = "" if notice.measure is None else f", measure {notice.measure}"
            yield None, f"tune {step.number}{place}: {notice.text}"
    for step in (report.steps[0], report.steps[-1]):
        for row in step.measures:
            if row.reason is not None:
                yield show.Place(row.index, row.joined), f"in {step.stands_in} {row.status}, {row.reason}"
    if any(step.summary["nearest"] for step in report.steps):
        yield None, "nearest: no measure has just the values between; --json says which and why"
