"""The picture of the control benchmark: closeness against style, for each request and way."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arvae_music.control.drawing import IN, INK, LINE, OUT, QUIET
from arvae_music.control.frontier import FrontierPoint
from arvae_music.control.ladder import ALL, LadderRow
from arvae_music.control.picture import check_picture, saved
from arvae_music.control.ways import WAYS
from arvae_music.control.weights import USUAL_STRENGTH
from arvae_music.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKS: dict[str, dict[str, Any]] = {
    "moved": {"marker": "X", "color": QUIET},
    "constrained": {"marker": "^", "color": OUT},
    "without_decoder": {"marker": "s", "color": "#e69f00"},
    "ours": {"marker": "o", "color": IN},
}
"""By way; Okabe and Ito's colours, and a shape for each, so that a print without colours says the same."""

_COLUMNS = 3
_PANEL = 3.4, 3.0
_SURE = 0.99
"""A mark is filled where at least this share of the measures that can have it is exact."""


def draw_chart(
    rows: Sequence[LadderRow],
    frontier: Sequence[FrontierPoint],
    path: str | os.PathLike[str],
    *,
    force: bool = False,
) -> Path:
    """Draw the benchmark to a file, whole or not at all, and return its path.

    Args:
        rows: what `run_ladder` gave, and `pooled` if there are several meters; those over all meters are
            drawn if there are any.
        frontier: what `run_frontier` gave, or nothing.
        path: the picture, `.png`, `.svg` or `.pdf`.
        force: write over an existing file.

    Raises:
        UsageError: the extension is not that of a picture, or the file exists.
        ArvaeError: matplotlib is not installed, or the system refuses.
    """
    kind = check_picture(path, force=force)
    over_all = [row for row in rows if row.meter == ALL] or list(rows)
    return atomic_write(path, saved(lambda: chart(over_all, frontier), kind), force=force)


def chart(rows: Sequence[LadderRow], frontier: Sequence[FrontierPoint]) -> Figure:
    """A panel for each attribute, one for pairs, and one for strengths if there are any."""
    from matplotlib.figure import Figure

    panels: dict[str, list[LadderRow]] = {}
    for row in rows:
        name = row.request.split()[0] if len(row.ours.change) == 1 else "pairs"
        panels.setdefault(name, []).append(row)
    count = len(panels) + bool(frontier)
    lines = max(1, -(-count // _COLUMNS))
    figure = Figure(figsize=(_COLUMNS * _PANEL[0], lines * _PANEL[1] + 0.7), layout="constrained")
    axes = figure.subplots(lines, _COLUMNS, squeeze=False).ravel()
    for spare in axes[count:]:
        spare.set_visible(False)
    for place, (name, some) in zip(axes, panels.items(), strict=False):
        _ways(place, name, some)
    if frontier:
        _frontier(axes[len(panels)], frontier)
    if panels:
        _legend(figure)
    return figure


def _ways(axes: Axes, name: str, rows: Sequence[LadderRow]) -> None:
    """A mark for each request and way, with the change beside it."""
    _frame(axes, name)
    for way in WAYS:
        style = _MARKS[way.name]
        for row in rows:
            trial = row.ways[way.name]
            at = 100 * trial.ticks_kept, 100 * row.over_real(way.name)
            face = style["color"] if trial.exact >= _SURE else "white"
            axes.plot(*at, linestyle="none", markersize=6, markerfacecolor=face, **style)
            _note(axes, at, _written(row.request))


def _written(request: str) -> str:
    """The change of one attribute alone; of pairs, first letters too."""
    words = request.split()
    return (
        words[1]
        if len(words) == 2
        else " ".join(f"{a[0]}{b}" for a, b in zip(words[::2], words[1::2], strict=True))
    )


def _frontier(axes: Axes, points: Sequence[FrontierPoint]) -> None:
    """A line from near to free, for each request and for their mean."""
    _frame(axes, "strength, smaller requests")
    for request in points[0].requests:
        pairs = [point.requests[request] for point in points]
        axes.plot([100 * x for x, _ in pairs], [100 * y for _, y in pairs], color=LINE, lw=0.8)
        _note(axes, (100 * pairs[0][0], 100 * pairs[0][1]), request)
    ticks, style = [100 * p.ticks_kept for p in points], [100 * p.over_real for p in points]
    axes.plot(ticks, style, color=IN, lw=1.6, marker="o", markersize=4)
    for point, *at in zip(points, ticks, style, strict=True):
        usual = point.strength == USUAL_STRENGTH
        _note(axes, (at[0], at[1]), f"{point.strength:g}", color=IN, weight="bold" if usual else "normal")


def _frame(axes: Axes, title: str) -> None:
    axes.set_title(title, size=10, color=INK, loc="left", weight="bold")
    axes.set_xlabel("ticks of the source that stay, %", size=8, color=INK)
    axes.set_ylabel("nats per note over real, %", size=8, color=INK)
    axes.tick_params(labelsize=7, colors=QUIET)
    axes.axhline(0, color=LINE, lw=0.8, zorder=0.5)
    axes.grid(color="#e6e8eb", lw=0.6)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set(color=LINE, linewidth=0.8)


def _note(axes: Axes, at: tuple[float, float], text: str, **style: Any) -> None:
    style = {"color": INK, **style}
    axes.annotate(text, at, xytext=(4, 3), textcoords="offset points", size=6.5, **style)


def _legend(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    figure.legend(
        handles=[
            Line2D([], [], linestyle="none", label=f"{way.title}: {way.said}", **_MARKS[way.name])
            for way in WAYS
        ],
        loc="outside lower center",
        ncols=2,
        fontsize=8,
        frameon=False,
        title="Filled: 99% and more are exact. Best is far to the right, at the line or below it.",
        title_fontsize=8,
    )
