"""The picture of an edit: what it shows, and the file. How it is drawn stands in `drawing`."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from arvae_music.errors import ArvaeError, UsageError
from arvae_music.files import atomic_write, check_free
from arvae_music.melody import Bar, Melody, Note

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from arvae_music.control.edit import Edit

FORMATS = (".png", ".svg", ".pdf")
"""File name extensions of pictures."""

MEASURES = 8
"""Measures in a system, the usual length of a strain."""


class Changes(NamedTuple):
    """Notes that an edit took out of the source, and notes that it put in, each in order."""

    taken_out: tuple[Note, ...]
    put_in: tuple[Note, ...]


def changed_notes(before: Melody, after: Melody) -> Changes:
    """What to mark. A note stays where one of its pitch starts at its time, however long it is."""
    old = Counter((note.onset, note.pitch) for note in before.notes)
    new = Counter((note.onset, note.pitch) for note in after.notes)
    return Changes(_without(before.notes, new), _without(after.notes, old))


def _without(notes: Iterable[Note], others: Counter[tuple[Fraction, int]]) -> tuple[Note, ...]:
    """The notes that have no partner among the others."""
    left = Counter(others)
    alone = []
    for note in notes:
        key = (note.onset, note.pitch)
        if left[key]:
            left[key] -= 1
        else:
            alone.append(note)
    return tuple(alone)


@dataclass(frozen=True)
class System:
    """Bars that stand side by side, as in a line of music."""

    bars: tuple[Bar, ...]

    @property
    def start(self) -> float:
        """In quarter notes from the tune's start."""
        return float(self.bars[0].start)

    @property
    def end(self) -> float:
        """In quarter notes from the tune's start."""
        return float(self.bars[-1].end)


def systems(bars: Sequence[Bar]) -> list[System]:
    """Bars in systems that are closed once they hold eight measures' worth of beats.

    So a pickup, seven measures and the short bar that completes the pickup are one system, and the
    pickup of the next strain begins the next. A last measure alone stays with those before it.
    """
    lines: list[list[Bar]] = [[]]
    for bar in bars:
        if sum(b.length / b.meter.length for b in lines[-1]) >= MEASURES:
            lines.append([])
        lines[-1].append(bar)
    if len(lines) > 1 and len(lines[-1]) == 1:
        lines[-2:] = [[*lines[-2], *lines[-1]]]
    return [System(tuple(line)) for line in lines if line]


def check_picture(path: str | os.PathLike[str], *, force: bool = False, besides: tuple[str, ...] = ()) -> str:
    """The format that the file's name asks for, if a picture can be written there.

    Called before long work, so that it is not done in vain. What the caller writes `besides` is named, too.

    Raises:
        UsageError: the extension is not that of a picture, or the file exists and `force` is not given.
        ArvaeError: matplotlib is not installed.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        names = ", ".join((*FORMATS, *besides))
        raise UsageError(f"{path}: a picture is written as {names}: give it one of these names")
    check_free(path, force=force)
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ArvaeError("a picture needs matplotlib: pip install 'arvae-music[plot]'") from error
    return suffix.removeprefix(".")


def render(edit: Edit, kind: str = "png", measures: Collection[int] | None = None) -> bytes:
    """The picture as a file's content; `kind` is `png`, `svg` or `pdf`, `measures` as in `draw_edit`."""
    from arvae_music.control.drawing import draw

    wanted = _wanted(edit, measures)
    lines = [line for line in systems(edit.source.melody.bars) if any(b.number in wanted for b in line.bars)]
    changes = changed_notes(edit.source.melody, edit.tune.melody)
    return saved(lambda: draw(edit, lines, changes), kind)


def saved(draw: Callable[[], Figure], kind: str) -> bytes:
    """A figure as a file's content, whatever the user's matplotlib is set to; the same figure gives the same.

    Args:
        draw: makes the figure.
        kind: `png`, `svg` or `pdf`.
    """
    import matplotlib
    from matplotlib.style import context

    # None: no date in the file.
    dates: dict[str, dict[str, str | None]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    content = BytesIO()
    with (
        context("default"),
        matplotlib.rc_context({"svg.hashsalt": "arvae_music"}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # a file name in a script without a font
        figure = draw()
        # A PNG of more points is too much for many programs, and for Agg from 65,536.
        dpi = min(200.0, 30_000 / figure.get_figheight())
        figure.savefig(content, format=kind, dpi=dpi, metadata=dates.get(kind))
    return content.getvalue()


def draw_edit(
    edit: Edit,
    path: str | os.PathLike[str],
    *,
    measures: Collection[int] | None = None,
    force: bool = False,
) -> Path:
    """Draw an edit to a file, whole or not at all, and return its path.

    Args:
        edit: what `Model.edit` gave.
        path: the picture, `.png`, `.svg` or `.pdf`.
        measures: numbers of measures to show; the systems that hold one of them are drawn. If not
            given, those that the edit was asked to change.
        force: write over an existing file.

    Raises:
        UsageError: the extension is not that of a picture, the file exists, or no measure is to be shown.
        ArvaeError: matplotlib is not installed, or the system refuses.
    """
    kind = check_picture(path, force=force)
    return atomic_write(path, render(edit, kind, measures), force=force)


def for_notebook(edit: Edit) -> tuple[bytes, dict[str, int]] | None:
    """A PNG and its width on the page; None without matplotlib, so that a notebook shows the text."""
    from arvae_music.control.drawing import WIDTH

    try:
        return render(edit), {"width": round(100 * WIDTH)}
    except (ImportError, ArvaeError):
        return None


def _wanted(edit: Edit, measures: Collection[int] | None) -> set[int]:
    known = {bar.number for bar in edit.source.melody.bars}
    rows = edit.report.measures
    if measures is None:
        if any(row.reason == "not selected" for row in rows):
            rows = tuple(r for r in rows if r.reason != "not selected" and r.status != "skipped") or rows
        wanted = {number for row in rows for number in (row.index, row.joined) if number is not None}
    else:
        wanted = set(measures) & known
    if not wanted:
        raise UsageError(
            f"no such measures to draw: the tune has measures {min(known)} to {max(known)}"
            if known
            else "the tune has no measures to draw"
        )
    return wanted
