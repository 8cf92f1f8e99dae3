"""The reachable values nearest to what is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from arvae_music.attributes import TOTAL_WEIGHTS, RhythmicComplexity
from arvae_music.control.constraint import Constraint
from arvae_music.control.rhythms import reachable_rhythms

COMPLEXITY, RANGE, DENSITY, CONTOUR = "rhythmic_complexity", "pitch_range", "note_density", "contour"

_MANY = 4
"""So many notes and more can have any range and contour: first, last, and two extremes between."""

_SLACK = 1e-9
"""Weight sums are hundredths: far below one, far above rounding."""


@dataclass(frozen=True)
class Aim:
    """What is asked of one measure.

    Attributes:
        targets: value by attribute name, in the order of the requests.
        source: the measure's own value by attribute name.
        std: standard deviation by attribute name, in this meter of the training corpus.
    """

    targets: Mapping[str, float]
    source: Mapping[str, float]
    std: Mapping[str, float]


def weight_interval(code: int, complexity: float) -> tuple[int, int]:
    """Weight sums (hundredths) whose share is within the tolerance of a complexity."""
    total = float(TOTAL_WEIGHTS[code])
    slack = RhythmicComplexity.tolerance + _SLACK
    return (
        int(np.ceil((complexity - slack) * total)),
        int(np.floor((complexity + slack) * total)),
    )


def constrain(base: Constraint, targets: Mapping[str, float]) -> Constraint:
    """`base` with the targets as further conditions."""
    out = base
    if DENSITY in targets:
        count = round(targets[DENSITY])
        out = replace(out, counts=(max(count, out.counts[0]), min(count, out.counts[1])))
    if COMPLEXITY in targets:
        out = replace(out, weights=weight_interval(out.code, targets[COMPLEXITY]))
    if RANGE in targets:
        out = replace(out, span=round(targets[RANGE]))
    if CONTOUR in targets:
        out = replace(out, contour=round(targets[CONTOUR]))
    return out


def colliding(base: Constraint, targets: Mapping[str, float]) -> tuple[str, ...]:
    """The smallest set of targets that cannot hold together; the first of equals."""
    names = list(targets)
    for size in range(1, len(names) + 1):
        for some in combinations(names, size):
            if not constrain(base, {name: targets[name] for name in some}).is_feasible():
                return some
    return ()


def nearest(base: Constraint, aim: Aim) -> Constraint:
    """`base` with the nearest reachable values as further conditions.

    They are those with the least sum of |value - target| / std over the targets.

    Complexity within its tolerance counts as met. Ties go to the values nearer the source, then to
    those nearer the first target, the second, and so on. All pitches are thought allowed.
    """
    rhythm = _rhythm_options(base, aim)
    pitch = _pitch_options(base, aim)
    best: tuple[tuple[float, ...], dict[str, float]] | None = None
    for notes in range(_MANY + 1):
        some, wide = rhythm[rhythm.notes == notes], pitch[notes]
        if not len(some) or not len(wide):
            continue
        found = _least(some, wide, aim)
        if best is None or found[0] < best[0]:
            best = found
    if best is None:
        raise ValueError("no legal measure satisfies the ties and locks")
    return _pinned(base, best[1], aim)


def reached(pinned: Constraint, targets: Mapping[str, float]) -> dict[str, float]:
    """The values that the constraint of `nearest` holds a measure to, by the names of the targets.

    A complexity within its tolerance of the target is the target.
    """
    out = {}
    for name, target in targets.items():
        if name == DENSITY:
            out[name] = float(pinned.counts[0])
        elif name == RANGE and pinned.span is not None:
            out[name] = float(pinned.span)
        elif name == CONTOUR and pinned.contour is not None:
            out[name] = float(pinned.contour)
        elif name == COMPLEXITY and pinned.weights is not None:
            met = pinned.weights == weight_interval(pinned.code, target)
            out[name] = target if met else pinned.weights[0] / float(TOTAL_WEIGHTS[pinned.code])
    return out


def _pinned(base: Constraint, values: Mapping[str, float], aim: Aim) -> Constraint:
    """`base` held to the values; a complexity that is not met is held to its very weight sum."""
    met = dict(values)
    if COMPLEXITY not in values:
        return constrain(base, met)
    target = aim.targets[COMPLEXITY]
    if abs(values[COMPLEXITY] - target) <= RhythmicComplexity.tolerance + _SLACK:
        return constrain(base, met | {COMPLEXITY: target})
    weight = round(values[COMPLEXITY] * float(TOTAL_WEIGHTS[base.code]))
    return replace(constrain(base, met), weights=(weight, weight))


@dataclass(frozen=True)
class _Options:
    """Candidate values by attribute name, each `[options]`, and how many notes they need."""

    values: dict[str, npt.NDArray[np.float64]]
    notes: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.notes)

    def __getitem__(self, which: npt.NDArray[np.bool_]) -> _Options:
        return _Options({n: v[which] for n, v in self.values.items()}, self.notes[which])


def _rhythm_options(base: Constraint, aim: Aim) -> _Options:
    tied = base.tie_in is not None
    pairs = reachable_rhythms(base.code, base.events, tied=tied, last_from=base.last_from)
    count, weight = pairs[:, 0], pairs[:, 1]
    pairs = pairs[(count >= base.counts[0]) & (count <= base.counts[1])]
    if base.weights is not None:
        weight = pairs[:, 1]
        pairs = pairs[(weight >= base.weights[0]) & (weight <= base.weights[1])]
    values = {}
    if DENSITY in aim.targets:
        values[DENSITY] = pairs[:, 0].astype(np.float64)
    if COMPLEXITY in aim.targets:
        values[COMPLEXITY] = pairs[:, 1] / TOTAL_WEIGHTS[base.code]
    return _Options(values, np.minimum(pairs[:, 0], _MANY))


def _pitch_options(base: Constraint, aim: Aim) -> dict[int, _Options]:
    """Ranges and contours by number of notes (4 for more)."""
    size = len(base.pitches)
    span, contour = (grid.ravel() for grid in np.mgrid[0:size, 1 - size : size])
    possible = np.abs(contour) <= span
    if base.span is not None:
        possible &= span == base.span
    if base.contour is not None:
        possible &= contour == base.contour
    if base.tie_out is not None:
        first = base.tie_out - contour
        possible &= (first >= 0) & (first < size)
    span, contour = span[possible], contour[possible]
    needed = _notes_needed(span, contour, size, base.tie_out)
    out = {}
    for notes in range(_MANY + 1):
        which = needed <= max(notes, 1)
        if notes == 0 and base.tie_out is not None and base.tie_out != base.tie_in:
            which = np.zeros(len(span), np.bool_)
        values = {}
        if RANGE in aim.targets:
            values[RANGE] = span[which].astype(np.float64)
        if CONTOUR in aim.targets:
            values[CONTOUR] = contour[which].astype(np.float64)
        out[notes] = _Options(values, np.full(int(which.sum()), notes))
    return out


def _notes_needed(
    span: npt.NDArray[np.int64], contour: npt.NDArray[np.int64], size: int, last: int | None
) -> npt.NDArray[np.int64]:
    """The fewest notes that have a range and a contour, 1 to 4, by options.

    The ends of the measure are two, and may be extremes themselves. Where the last pitch is given, both
    may have to lie between the extremes.
    """
    more = (np.abs(contour) < span).astype(np.int64)
    if last is not None:
        low, high = last - np.maximum(contour, 0), last - np.minimum(contour, 0)
        more += (more == 1) & (high - span < 0) & (low + span >= size)
    return np.where(span == 0, 1, 2 + more)


def _least(rhythm: _Options, pitch: _Options, aim: Aim) -> tuple[tuple[float, ...], dict[str, float]]:
    """The best of two independent sets of options: the least of each, lexicographically.

    Costs add over attributes and the sets share no attribute, so the sum is least where both are.
    """
    chosen: dict[str, float] = {}
    keys: list[Sequence[float]] = []
    for options in (rhythm, pitch):
        columns = _costs(options, aim)
        order = np.lexsort(columns[::-1]) if len(columns) else np.zeros(1, np.int64)
        at = int(order[0])
        keys.append([float(np.round(column[at], 9)) for column in columns])
        chosen |= {name: float(values[at]) for name, values in options.values.items()}
    width = 2 + len(aim.targets)
    sums = tuple(sum(key[i] for key in keys if i < len(key)) for i in range(width))
    return sums, {name: chosen[name] for name in aim.targets}


def _costs(options: _Options, aim: Aim) -> list[npt.NDArray[np.float64]]:
    """Sort keys: distance from the targets, from the source, from each target in turn."""
    zeros = np.zeros(len(options))
    apart: list[npt.NDArray[np.float64]] = []
    away = zeros
    for name, target in aim.targets.items():
        if name not in options.values:
            apart.append(zeros)
            continue
        std = aim.std.get(name, 1.0) or 1.0
        gap = np.abs(options.values[name] - target)
        if name == COMPLEXITY:
            gap = np.where(gap <= RhythmicComplexity.tolerance + _SLACK, 0.0, gap)
        apart.append(np.round(gap / std, 9))
        away = away + np.round(np.abs(options.values[name] - aim.source[name]) / std, 9)
    return [np.round(sum(apart, zeros), 9), away, *apart]
