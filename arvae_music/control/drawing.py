"""How the picture of an edit is drawn; what it shows is decided in `picture`.

Lengths are in inches. At 100 pixels to the inch the figure is 900 wide.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Any

from arvae_music.attributes import Attribute
from arvae_music.control.report import MeasureReport
from arvae_music.melody import Bar, Note

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from arvae_music.control.edit import Edit
    from arvae_music.control.picture import Changes, System

# Blue and vermilion of Okabe and Ito's palette, which colour-blind readers tell apart; grey stays behind.
# What was taken out is hollow as well, so that a print without colours says the same.
KEPT, OUT, IN = "#a9b2bb", "#d55e00", "#0072b2"
INK, QUIET, LINE, FAINT, SHADE = "#2b2f33", "#6b7278", "#9aa1a8", "#e6e8eb", "#f1f2f4"

WIDTH, LEFT, RIGHT = 9.0, 1.06, 0.12
HEAD, FOOT, BETWEEN = 0.62, 0.12, 0.2
NUMBERS, GAP, PANEL = 0.17, 0.08, 0.56
SEMITONE = 0.06
MARGIN = 0.1
ASKED: dict[str, Any] = {"linestyle": (0, (1.2, 1.2)), "linewidth": 1.5}
NOTE_HEIGHT = 1.3
"""In semitones: a single voice has room above and below each note."""


@dataclass(frozen=True)
class _Panel:
    """An attribute and the range of its values in the whole picture."""

    attribute: Attribute
    lowest: float
    highest: float

    @property
    def span(self) -> float:
        """The range that the panel shows."""
        return max(self.highest - self.lowest, 1.0 if self.attribute.whole else 0.05)


@dataclass(frozen=True)
class _Frame:
    """What all systems share: the length in quarter notes, pitches, and values of each attribute."""

    quarters: float
    lowest: int
    highest: int
    panels: tuple[_Panel, ...]

    @property
    def roll(self) -> float:
        """Height of a piano roll."""
        return max(0.75, (self.highest - self.lowest + 4) * SEMITONE)

    @property
    def system(self) -> float:
        """Height of a system."""
        return NUMBERS + 2 * self.roll + GAP + len(self.panels) * (PANEL + GAP)


def draw(edit: Edit, lines: Sequence[System], changes: Changes) -> Figure:
    """The figure with the systems below one another, its height as they need it."""
    from matplotlib.figure import Figure

    frame = _frame(edit, lines)
    height = HEAD + len(lines) * (frame.system + BETWEEN) - BETWEEN + FOOT
    figure = Figure(figsize=(WIDTH, height), facecolor="white")
    _head(figure, edit)
    top = height - HEAD
    for line in lines:
        _system(figure, frame, line, edit, changes, top)
        top -= frame.system + BETWEEN
    return figure


def _frame(edit: Edit, lines: Sequence[System]) -> _Frame:
    numbers = {bar.number for line in lines for bar in line.bars}
    notes = [
        note.pitch
        for melody in (edit.source.melody, edit.tune.melody)
        for line in lines
        for note in _inside(melody.notes, line)
    ] or [60, 72]
    panels = []
    for request in edit.report.requests:
        name = request.attribute.name
        values = [
            value
            for row in edit.report.measures
            if row.index in numbers
            for values in (row.before, row.requested, row.after)
            for value in [values.get(name)]
            if value is not None
        ] or [0.0]
        panels.append(_Panel(request.attribute, min(values), max(values)))
    quarters = max(line.end - line.start for line in lines)
    return _Frame(quarters, min(notes), max(notes), tuple(panels))


def _inside(notes: Iterable[Note], line: System) -> list[Note]:
    """Notes that sound in the system."""
    return [note for note in notes if note.onset < line.bars[-1].end and note.end > line.bars[0].start]


def _head(figure: Figure, edit: Edit) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    size = figure.get_figheight()
    asked = ", ".join(f"{request.attribute.short} {request.change}" for request in edit.report.requests)
    name = _shortened(edit.source.path.name, max(16, 70 - len(asked)))
    style: dict[str, Any] = {"va": "top", "size": 12, "color": INK}
    title = figure.text(MARGIN / WIDTH, 1 - 0.13 / size, f"{name}   {asked}", weight="bold", **style)
    title.set_parse_math(False)  # $ in a file's name is a $
    legend = [("start and pitch kept", KEPT, KEPT), ("taken out", "white", OUT), ("put in", IN, IN)]
    if any(row.status == "nearest" for row in edit.report.measures):
        legend.append(("asked for, out of reach", "", INK))
    left = MARGIN
    for text, face, edge in legend:
        if face:
            box = ((left / WIDTH, 1 - 0.475 / size), 0.2 / WIDTH, 0.085 / size)
            figure.add_artist(Rectangle(*box, facecolor=face, edgecolor=edge, lw=1.1))
        else:
            ends = [left / WIDTH, (left + 0.22) / WIDTH], [1 - 0.4325 / size] * 2
            figure.add_artist(Line2D(*ends, color=edge, **ASKED))
        figure.text((left + 0.28) / WIDTH, 1 - 0.43 / size, text, va="center", size=8, color=INK)
        left += 0.28 + 0.058 * len(text) + 0.2


def _shortened(name: str, most: int) -> str:
    """The name with its middle left out where it has more characters."""
    return name if len(name) <= most else f"{name[: most - 9]}…{name[-8:]}"


def _system(figure: Figure, frame: _Frame, line: System, edit: Edit, changes: Changes, top: float) -> None:
    skipped = [row for row in edit.report.measures if row.status == "skipped"]
    untouched = {number for row in skipped for number in (row.index, row.joined) if number is not None}
    top -= NUMBERS
    for label, melody, marked, face, edge in (
        ("before", edit.source.melody, changes.taken_out, "white", OUT),
        ("after", edit.tune.melody, changes.put_in, IN, IN),
    ):
        axes = _axes(figure, frame, line, top, frame.roll, label, untouched)
        _pitches(axes, frame)
        shown = set(marked)
        _notes(axes, frame, [note for note in _inside(melody.notes, line) if note not in shown], KEPT, KEPT)
        _notes(axes, frame, _inside(marked, line), face, edge)
        if label == "before":
            _numbers(axes, line)
        top -= frame.roll + GAP
    for panel in frame.panels:
        axes = _axes(figure, frame, line, top, PANEL, panel.attribute.short, untouched, panel.attribute.unit)
        _values(axes, line, edit.report.measures, panel)
        top -= PANEL + GAP


def _axes(
    figure: Figure,
    frame: _Frame,
    line: System,
    top: float,
    height: float,
    label: str,
    untouched: Collection[int],
    unit: str = "",
) -> Axes:
    """Axes over the system's time, with bar lines; the figure's width is the longest system's."""
    length = line.end - line.start
    width = (WIDTH - LEFT - RIGHT) * length / frame.quarters
    size = figure.get_figheight()
    axes = figure.add_axes((LEFT / WIDTH, (top - height) / size, width / WIDTH, height / size))
    axes.set_xlim(line.start, line.end)
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0, pad=3, labelsize=7, labelcolor=QUIET)
    for side in axes.spines.values():
        side.set(color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    for bar in line.bars[1:]:
        axes.axvline(float(bar.start), color=LINE, lw=0.8, zorder=0.9)
    for bar in line.bars:
        if bar.number in untouched:
            axes.axvspan(float(bar.start), float(bar.end), facecolor=SHADE, zorder=0.1)
    middle = (top - height / 2) / size
    words = f"{label},\n{fill(unit, 13)}" if unit else label
    axes.set_ylabel(words, rotation=0, ha="left", va="center", size=7.5 if unit else 9, color=INK)
    axes.yaxis.set_label_coords(MARGIN / WIDTH, middle, transform=figure.transFigure)
    return axes


def _numbers(axes: Axes, line: System) -> None:
    for bar in line.bars:
        axes.annotate(
            str(bar.number),
            (float(bar.start), 1),
            xycoords=("data", "axes fraction"),
            xytext=(1, 2.5),
            textcoords="offset points",
            size=8,
            color=INK,
        )


def _pitches(axes: Axes, frame: _Frame) -> None:
    """Names and thin lines at the notes of the C major chord: as many as there is room for."""
    axes.set_ylim(frame.lowest - 2, frame.highest + 2)
    names = {0: "C", 4: "E", 7: "G"}
    marks = [pitch for pitch in range(frame.lowest - 1, frame.highest + 2) if pitch % 12 in names]
    axes.set_yticks(marks, [f"{names[pitch % 12]}{pitch // 12 - 1}" for pitch in marks])
    axes.grid(axis="y", color=FAINT, lw=0.7)


def _notes(axes: Axes, frame: _Frame, notes: Sequence[Note], face: str, edge: str) -> None:
    from matplotlib.collections import PolyCollection

    half = NOTE_HEIGHT / 2
    inset = 0.015 * frame.quarters / (WIDTH - LEFT - RIGHT)  # so that repeated notes stand apart
    shapes = []
    for note in notes:
        left, right = float(note.onset) + inset, float(note.end) - inset
        right = max(right, left + inset)
        low, high = note.pitch - half, note.pitch + half
        shapes.append([(left, low), (left, high), (right, high), (right, low)])
    axes.add_collection(PolyCollection(shapes, facecolors=face, edgecolors=edge, linewidths=0.9, zorder=2))


def _values(axes: Axes, line: System, rows: Sequence[MeasureReport], panel: _Panel) -> None:
    """A dash per measure before and after; the numbers stand above them, out of their way."""
    low, high = panel.lowest, panel.highest
    axes.set_ylim(low - 0.25 * panel.span, low + 1.95 * panel.span)
    marks = sorted({low, high})
    axes.set_yticks(marks, [_number(value, panel.attribute) for value in marks])
    axes.grid(axis="y", color=FAINT, lw=0.7)
    by_number = {row.index: row for row in rows}
    for bar in line.bars:
        if bar.number in by_number:
            _value(axes, bar, by_number[bar.number], panel)


def _value(axes: Axes, bar: Bar, row: MeasureReport, panel: _Panel) -> None:
    attribute = panel.attribute
    left, right = float(bar.start), float(bar.end)
    middle, inset = (left + right) / 2, (right - left) * 0.12
    style: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "ha": "center", "va": "top", "size": 7.5}
    if attribute.name not in row.before or attribute.name not in row.after:
        axes.annotate(row.status, (middle, 0.95), color=QUIET, style="italic", **style)
        return
    before, after = row.before[attribute.name], row.after[attribute.name]
    asked = row.requested.get(attribute.name, after)
    if not attribute.is_met(after, asked):
        axes.hlines(asked, left + inset, right - inset, color=INK, zorder=4, **ASKED)
    axes.hlines(before, left + inset, right - inset, color=KEPT, lw=2.4, zorder=2)
    words = [_number(value, attribute) for value in (before, after)]
    if words[0] == words[1]:
        axes.annotate(words[0], (middle, 0.95), color=QUIET, **style)
        return
    axes.hlines(after, left + inset, right - inset, color=IN, lw=2.4, zorder=3)
    if abs(after - before) > 0.4 * panel.span:
        arrow = {"arrowstyle": "->", "color": IN, "lw": 0.9, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (middle, after), (middle, before), arrowprops=arrow)
    axes.annotate("\N{THIN SPACE}→\N{THIN SPACE}".join(words), (middle, 0.95), color=INK, **style)


def _number(value: float, attribute: Attribute) -> str:
    """As short as it can be: `7`, `−3`, `.136`."""
    text = f"{value:.0f}" if attribute.whole else f"{value:.3f}".removeprefix("0")
    return text.replace("-", "\N{MINUS SIGN}")
