"""`arvae-music interpolate FILE --attr NAME CHANGE`: change a tune, and show what was done."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from arvae_music.cli import audio as sounds
from arvae_music.cli import options, show
from arvae_music.cli.advice import refuse_if_all_skipped
from arvae_music.cli.pairs import split
from arvae_music.cli.reading import NOTHING_SAID, Reading, reads

from arvae_music.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from arvae_music.attributes import Attribute
    from arvae_music.control import Edit, MeasureReport, Report, Request

_MOST_MEASURES = 100_000


@reads
def interpolate(
    file: options.TuneFile,
    attr: options.Attr = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="The edited tune.",
            show_default="FILE and the request, in the working folder",
        ),
    ] = None,
    measures: Annotated[
        str | None,
        typer.Option("--measures", metavar="1-4,7", help="The measures to edit.", show_default="all"),
    ] = None,
    model: options.Model = "folk",
    lock: Annotated[
        str | None,
        typer.Option(
            "--lock",
            metavar="rhythm|pitch",
            help="rhythm: notes and rests stay where they are, only pitches change. pitch: the pitches stay "
            "in their order, with others put in between or some left out.",
            show_default=False,
        ),
    ] = None,
    hold: Annotated[
        list[str] | None,
        typer.Option(
            "--hold",
            metavar="NAME",
            help="An attribute that keeps its value in every measure. May be given again.",
            show_default=False,
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            "--steps",
            metavar="N",
            min=1,
            help="Write N tunes on the way: step k of N, in OUT's name, asks for k/N of the change, rounded.",
            show_default=False,
        ),
    ] = None,
    strength: Annotated[
        float,
        typer.Option(
            "--strength",
            metavar="S",
            help="How far an edit may leave the tune for better style: 0 is near, 1 is free.",
        ),
    ] = 0.5,
    strict: Annotated[
        bool, typer.Option("--strict", help="Write nothing if a measure cannot be exactly as asked.")
    ] = False,
    chromatic: Annotated[
        bool, typer.Option("--chromatic", help="Take pitches from outside the tune's own, too.")
    ] = False,
    reading: Reading = NOTHING_SAID,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            metavar="OUT.png",
            help="Draw the edit: .png, .svg or .pdf. With --measures, only the lines that hold them.",
            show_default=False,
        ),
    ] = None,
    audio: sounds.Audio = None,
    soundfont: sounds.Soundfont = None,
    json: options.Json = None,
    seed: options.Seed = 0,
    force: options.Force = False,
) -> None:
    """Change attributes of a tune: everything else in the file stays as it is.

    Example: arvae-music interpolate data/examples/reel.mid --attr density +2

    With what stays: arvae-music interpolate data/examples/reel.mid --attr contour +3 --lock rhythm
    --hold range

    In four steps: arvae-music interpolate data/examples/reel.mid --attr density +4 --lock pitch --steps 4
    """
    from arvae_music.control import read_requests
    from arvae_music.control.order import read_holds, read_lock
    from arvae_music.control.weights import ScoreWeights

    requests = read_requests(split(attr))
    held = [attribute.name for attribute in read_holds(hold or (), requests)]
    selection = None if measures is None else numbers(measures)
    ScoreWeights.at(strength)  # a wrong one is told before a model is loaded
    outs = outputs(output or default_output(file, requests), plot, audio, steps)
    for out in outs:
        check_outputs(out, soundfont, json, force=force)
    keep: dict[str, Any] = {"hold": held, "lock": read_lock(lock), "measures": selection}
    how: dict[str, Any] = {"chromatic": chromatic, "strict": strict, "seed": seed, "strength": strength}
    source = reading.read(file)
    from arvae_music.control import load_model  # what can be refused without torch has been

    made = load_model(model)
    if steps is None:
        edits = [made.edit(source, *requests, **keep, **how)]
    else:
        edits = made.steps(source, steps, *requests, **keep, **how)
    refuse_if_all_skipped(file, edits[0].report, selection)
    reports = [write(edit, out, soundfont, force=force) for edit, out in zip(edits, outs, strict=True)]
    written = [report.as_json() for report in reports]
    options.write_json(json, written[0] if steps is None else written, force=force)
    if not options.is_stdout(json):
        tell(reports, outs)


class Outputs(NamedTuple):
    """The files of one edit: the tune, and its picture and its sound if there are to be any."""

    tune: Path
    plot: Path | None
    audio: Path | None

    def __str__(self) -> str:
        """As in `wrote a.mid, a.png and a.wav`."""
        *first, last = [str(path) for path in self if path is not None]
        return f"{', '.join(first)} and {last}" if first else last


def write(edit: Edit, out: Outputs, soundfont: Path | None, *, force: bool) -> Report:
    """Write an edit's files, all made before the first is written; its report with what the tune lost."""
    from arvae_music.control.audio import render_audio
    from arvae_music.control.picture import check_picture, render
    from arvae_music.files import atomic_write
    from arvae_music.formats.losses import losses

    drawn = None if out.plot is None else render(edit, check_picture(out.plot, force=force))
    heard = None if out.audio is None else render_audio(edit.tune, soundfont=soundfont)
    edit.tune.write(out.tune, force=force)
    for path, content in ((out.plot, drawn), (out.audio, heard)):
        if path is not None and content is not None:
            atomic_write(path, content, force=force)
    lost = losses(edit.source, out.tune)
    return dataclasses.replace(edit.report, output=str(out.tune), notices=(*edit.report.notices, *lost))


def tell(reports: Sequence[Report], outs: Sequence[Outputs]) -> None:
    """Show what was done, of steps the last; and what was written."""
    show.show(table(reports[-1]))
    show.remarks(remarks(reports[-1]))
    for report, out in zip(reports, outs, strict=True):
        step = f"step {report.step.number}: " if report.step is not None else ""
        show.line(f"{step}{summary(report)}; wrote {out}")


def outputs(tune: Path, plot: Path | None, audio: Path | None, steps: int | None) -> list[Outputs]:
    """The files to write: of one edit, or of one for each step."""
    tunes = in_steps(tune, steps)
    plots = [None] * len(tunes) if plot is None else in_steps(plot, steps)
    audios = [None] * len(tunes) if audio is None else in_steps(audio, steps)
    return [Outputs(*paths) for paths in zip(tunes, plots, audios, strict=True)]


def check_outputs(out: Outputs, soundfont: Path | None, json: Path | None, *, force: bool) -> None:
    """Refuse files that cannot be written before the work rather than after it.

    Raises:
        UsageError: an extension is wrong, a file exists and `--force` is not given, or two are one.
        ArvaeError: what draws or renders is not installed.
    """
    options.check_output(out.tune, json, force=force)
    if out.plot is not None:
        check_plot(out.plot, json, force=force)
    sounds.check(out.audio, soundfont, json, force=force)


def in_steps(path: Path, steps: int | None) -> list[Path]:
    """`STEM.k.EXT` for each step k, or the path itself without steps."""
    if steps is None:
        return [path]
    return [path.with_name(f"{path.stem}.{k}{path.suffix}") for k in range(1, steps + 1)]


def default_output(file: Path, requests: tuple[Request, ...]) -> Path:
    """The file's name and the request, in the working folder: `in.density+2.mid`."""
    from arvae_music.formats import suffixes

    suffix = file.suffix if file.suffix.lower() in suffixes() else ".mid"
    return Path(".".join([file.stem, *(str(request) for request in requests)]) + suffix)


def check_plot(plot: Path, json: Path | None, *, force: bool) -> str:
    """The picture's format, if it can be written.

    Raises:
        UsageError: the extension is not a picture's, the file exists and `--force` is not given, or
            `--json` names it too.
        ArvaeError: matplotlib is not installed.
    """
    from arvae_music.control.picture import check_picture

    kind = check_picture(plot, force=force)
    options.check_apart(plot, "--plot", json)
    return kind


def numbers(text: str) -> frozenset[int]:
    """The measures that `1-4,7` names.

    Raises:
        UsageError: it names none.
    """
    found: set[int] = set()
    for word in text.split(","):
        match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", word)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last <= _MOST_MEASURES:
            raise UsageError(f"--measures {text}: '{word.strip()}' names no measures; write them as in 1-4,7")
        found.update(range(first, last + 1))
    return frozenset(found)


def table(report: Report) -> Table:
    """A row per measure: what was asked for, before and after, and how much it took."""
    from arvae_music.attributes import ATTRIBUTES

    asked = [request.attribute for request in report.requests]
    held = [attribute for attribute in ATTRIBUTES if attribute.name in report.holds]
    named = [attribute.short for attribute in asked] + [f"{attribute.short} (held)" for attribute in held]
    headings = ["measure", "meter", *named, "ticks changed"]
    title = f"{report.source}: {', '.join(str(request) for request in report.requests)}"
    if report.step is not None:
        title += f", step {report.step.number} of {report.step.of}"
    out = show.new_table(title, headings, ["status"])
    for row in report.measures:
        cells = [change(row, attribute) for attribute in (*asked, *held)]
        ticks = f"{row.ticks_changed}/{row.ticks}" if row.ticks else "-"
        out.add_row(show.measure_number(row.index, row.joined), row.meter, *cells, ticks, row.status)
    return out


def change(row: MeasureReport, attribute: Attribute) -> str:
    """`7 → 9`, and `7 → 16, not 30` where another value was asked for."""
    name = attribute.name
    if name not in row.before or name not in row.after:
        return "-"

    def said(value: float) -> str:
        return f"{value:.0f}" if attribute.whole else f"{value:.3f}"

    before, after = said(row.before[name]), said(row.after[name])
    wanted = row.requested.get(name, row.after[name])
    missed = "" if attribute.is_met(row.after[name], wanted) else f", not {said(wanted)}"
    return (before if before == after else f"{before} → {after}") + missed


def remarks(report: Report) -> Iterator[tuple[show.Place | None, str]]:
    """What there is to say of the file and the edit, then why measures are not simply exact."""
    for notice in report.notices:
        if notice.code != "nearest":  # the measures' own reasons say it
            yield None if notice.measure is None else show.Place(notice.measure), notice.text
    for row in report.measures:
        if row.reason is not None:
            status = "" if row.status == "exact" else f"{row.status}, "
            yield show.Place(row.index, row.joined), f"{status}{row.reason}"


def summary(report: Report) -> str:
    """How many measures became what, in words."""
    counts = report.summary
    named = [
        f"{counts[name]} {name}" for name in ("exact", "nearest", "unchanged", "skipped") if counts[name]
    ]
    nothing = "" if any(row.ticks_changed for row in report.measures) else "; nothing to change"
    return f"{counts['measures']} measures: {', '.join(named)}{nothing}"
