"""Pictures of the latent space, after those of Pati & Lerch 2020 (section 5): what they show, and drawing.

Each function makes a matplotlib figure of arrays; writing it to a file is the caller's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from arvae_music.attributes import resolve
from arvae_music.evaluation.disentanglement import squared_correlations
from arvae_music.meter import GRID_BY_NAME
from arvae_music.tokens import HOLD, PAD, REST, Tokens

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_Floats = npt.NDArray[np.floating]

# Blue of Okabe and Ito's palette; viridis is read alike by colour-blind eyes and in grey.
_MARK, _INK, _QUIET, _LINE, _FAINT = "#0072b2", "#2b2f33", "#6b7278", "#9aa1a8", "#e6e8eb"
_COLOURS = "viridis"

MOST_POINTS = 1500
"""Measures in a panel; of more, as many are taken at equal distances."""


class Scatter(NamedTuple):
    """Attributes of measures of one meter and their dimensions; the arrays `[measures, attributes]`."""

    meter: str
    names: tuple[str, ...]
    values: _Floats
    z: _Floats


class Surface(NamedTuple):
    """An attribute of what is decoded on a grid of two dimensions.

    Attributes:
        name: the attribute, whose dimension goes across.
        other: the attribute whose dimension goes up.
        x, y: places on the two.
        values: of the attribute, `[y, x]`.
    """

    name: str
    other: str
    x: _Floats
    y: _Floats
    values: _Floats


class Traversal(NamedTuple):
    """One measure as each of its regularized dimensions is moved.

    Attributes:
        meter: its meter.
        names: of the attributes.
        source: the measure, `[24]`.
        source_values: its attributes, `[attributes]`.
        places: on the dimension of each attribute, `[attributes, steps]`.
        tokens: what is decoded there, `[attributes, steps, 24]`.
        values: what it has of the attribute, `[attributes, steps]`.
    """

    meter: str
    names: tuple[str, ...]
    source: Tokens
    source_values: _Floats
    places: _Floats
    tokens: Tokens
    values: _Floats


def dimensions_chart(scatters: Sequence[Scatter]) -> Figure:
    """A row for each attribute, a column for each meter: a mark is a measure."""
    from matplotlib.figure import Figure

    names = scatters[0].names
    size = 2.3 * len(scatters) + 0.5, 2.0 * len(names) + 0.5
    figure = Figure(figsize=size, layout="constrained", facecolor="white")
    grid = figure.subplots(len(names), len(scatters), squeeze=False, sharey="row")
    for column, scatter in enumerate(scatters):
        fit = np.diagonal(squared_correlations(scatter.z, scatter.values))
        for k, name in enumerate(names):
            axes = grid[k, column]
            _points(axes, scatter, k)
            share = "" if np.isnan(fit[k]) else f"R² {fit[k]:.3f}"
            axes.set_title(share, size=7.5, color=_QUIET, loc="right", pad=3)
            if k == 0:
                axes.set_title(scatter.meter, size=10, color=_INK, loc="left", weight="bold", pad=3)
            if k == len(names) - 1:
                axes.set_xlabel("its dimension, mean of z", size=8, color=_INK)
            if column == 0:
                axes.set_ylabel(f"{resolve(name).short}\n{_wrapped(resolve(name).unit)}", size=8, color=_INK)
    return figure


def _wrapped(text: str) -> str:
    from textwrap import fill

    return fill(text, 24)


def _points(axes: Axes, scatter: Scatter, k: int) -> None:
    step = max(1, -(-len(scatter.values) // MOST_POINTS))
    style: dict[str, Any] = {"s": 5, "alpha": 0.35, "linewidths": 0, "color": _MARK, "rasterized": True}
    axes.scatter(scatter.z[::step, k], scatter.values[::step, k], **style)
    _frame(axes)
    axes.grid(color=_FAINT, lw=0.6)
    axes.set_axisbelow(True)


def _frame(axes: Axes) -> None:
    axes.tick_params(labelsize=7, colors=_QUIET)
    for side in axes.spines.values():
        side.set(color=_LINE, linewidth=0.8)


def surface_chart(meter: str, surfaces: Sequence[Surface]) -> Figure:
    """A panel for each attribute: its own dimension across, another's up, its value as the colour.

    Where the decoder keeps dimensions apart, a colour is a vertical band.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    columns = min(2, len(surfaces))
    lines = -(-len(surfaces) // columns)
    figure = Figure(figsize=(4.2 * columns, 3.5 * lines + 0.4), layout="constrained", facecolor="white")
    grid = figure.subplots(lines, columns, squeeze=False).ravel()
    for spare in grid[len(surfaces) :]:
        spare.set_visible(False)
    for axes, surface in zip(grid, surfaces, strict=False):
        attribute = resolve(surface.name)
        mesh = axes.pcolormesh(surface.x, surface.y, surface.values, cmap=_COLOURS, shading="nearest")
        bar = figure.colorbar(mesh, ax=axes, ticks=MaxNLocator(integer=attribute.whole))
        bar.ax.tick_params(labelsize=7, colors=_QUIET)
        bar.outline.set(color=_LINE, linewidth=0.8)
        bar.set_label(_wrapped(attribute.unit), size=8, color=_INK)
        axes.set_title(
            f"{attribute.short} of what is decoded", size=9.5, color=_INK, loc="left", weight="bold"
        )
        axes.set_xlabel(f"dimension of {attribute.short}", size=8, color=_INK)
        axes.set_ylabel(f"dimension of {resolve(surface.other).short}", size=8, color=_INK)
        _frame(axes)
    figure.suptitle(
        f"{meter}: two dimensions of a measure moved, the others as they are", size=9, color=_QUIET
    )
    return figure


def traversal_chart(moved: Traversal) -> Figure:
    """A row for each attribute: the measure as it is, then with its dimension moved from low to high."""
    from matplotlib.figure import Figure

    rows, steps = moved.values.shape
    figure = Figure(
        figsize=(1.55 * (steps + 1) + 0.9, 1.3 * rows + 0.6), layout="constrained", facecolor="white"
    )
    grid = figure.subplots(rows, steps + 1, squeeze=False, sharex=True, sharey=True)
    shown = np.concatenate([moved.tokens.ravel(), moved.source])
    pitches = shown[shown >= 0]
    low, high = (int(pitches.min()), int(pitches.max())) if len(pitches) else (60, 72)
    for k, name in enumerate(moved.names):
        attribute = resolve(name)
        grid[k, 0].set_ylabel(attribute.short, size=9.5, color=_INK, weight="bold")
        for step in range(steps + 1):
            axes = grid[k, step]
            tokens = moved.tokens[k, step - 1] if step else moved.source
            value = float(moved.values[k, step - 1] if step else moved.source_values[k])
            _roll(axes, tokens, moved.meter, _MARK if step else _QUIET)
            number = f"{value:.0f}" if attribute.whole else f"{value:.2f}"
            axes.set_title(number.replace("-", "\N{MINUS SIGN}"), size=9, color=_INK, pad=3)
            if k == rows - 1 or step:
                place = f"z = {moved.places[k, step - 1]:.2f}" if step else "the measure"
                axes.set_xlabel(place.replace("-", "\N{MINUS SIGN}"), size=7, color=_QUIET, labelpad=2)
    grid[0, 0].set_ylim(low - 1.5, high + 1.5)
    figure.suptitle(
        f"{moved.meter}: one measure with one dimension moved, from low to high. Above each: its value. "
        "Pitches are MIDI numbers",
        size=9,
        color=_QUIET,
    )
    return figure


def _roll(axes: Axes, tokens: Tokens, meter: str, colour: str) -> None:
    """A measure as a piano roll; beats are lines."""
    from matplotlib.patches import Rectangle

    grid = GRID_BY_NAME[meter]
    length = float(grid.length)
    for beat in range(1, grid.beats):
        axes.axvline(beat * float(grid.beat.length), color=_FAINT, lw=0.8, zorder=0)
    for pitch, start, end in note_spans(tokens, meter):
        axes.add_patch(
            Rectangle((start, pitch - 0.6), max(end - start - 0.03, 0.03), 1.2, color=colour, lw=0)
        )
    axes.set_xlim(-0.03, length + 0.03)
    axes.set_xticks([])
    _frame(axes)


def note_spans(tokens: Tokens, meter: str) -> list[tuple[int, float, float]]:
    """Pitch, start and end of each note of a measure `[24]`, in quarter notes from its start.

    A note ends at the next note or rest; a note that is tied in is not known, and not shown.
    """
    grid = GRID_BY_NAME[meter]
    ends = [*(float(place) for place in grid.positions), float(grid.length)]
    events = [
        (tick, int(token)) for tick, token in enumerate(tokens[: grid.ticks]) if token not in (HOLD, PAD)
    ]
    stops = [*(tick for tick, _ in events), grid.ticks][1:]  # of a measure without events none
    return [
        (token, ends[tick], ends[stop])
        for (tick, token), stop in zip(events, stops, strict=True)
        if token != REST
    ]
