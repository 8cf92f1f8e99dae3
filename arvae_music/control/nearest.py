"""The reachable values nearest to what is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from math import ceil, floor

import numpy as np
import numpy.typing as npt

from arvae_music.attributes import TOTAL_WEIGHTS, RhythmicComplexity
from arvae_music.control.constraint import Constraint
from arvae_music.control.pitches import NEVER, notes_needed
from arvae_music.control.rhythms import whole_rhythms
from arvae_music.control.sequences import attributes_of_subsequences
from arvae_music.meter import TICKS

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
        bounds: least and greatest value that may be taken, by attribute name.
    """

    targets: Mapping[str, float]
    source: Mapping[str, float]
    std: Mapping[str, float]
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def bounded(self, options: _Options) -> _Options:
        """Options within the bounds, with the values of the targets alone."""
        kept = np.ones(len(options), np.bool_)
        for name, (low, high) in self.bounds.items():
            if name in options.values:
                kept &= (options.values[name] >= low - _SLACK) & (options.values[name] <= high + _SLACK)
        asked = {name: v for name, v in options.values.items() if name in self.targets}
        return replace(options, values=asked).of(kept)


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


def within(wanted: Constraint, bounds: Mapping[str, tuple[float, float]]) -> Constraint:
    """A constraint whose complexity is within the bounds, too; other attributes are held to one value."""
    if COMPLEXITY not in bounds or wanted.weights is None:
        return wanted
    total = float(TOTAL_WEIGHTS[wanted.code])
    low, high = (bound * total for bound in bounds[COMPLEXITY])
    least, most = wanted.weights
    inside = (max(least, ceil(low - _SLACK)) if low > least else least, most)
    return replace(wanted, weights=(inside[0], floor(high + _SLACK) if high < most else most))


def colliding(base: Constraint, targets: Mapping[str, float]) -> tuple[str, ...]:
    """The smallest set of targets that cannot hold together; the first of equals."""
    names = list(targets)
    for size in range(1, len(names) + 1):
        for some in combinations(names, size):
            if not constrain(base, {name: targets[name] for name in some}).is_feasible():
                return some
    return ()


def nearest(base: Constraint, aim: Aim) -> Constraint:
    """`base` with the nearest reachable values as further conditions; see `nearest_values`."""
    return pinned_to(base, nearest_values(base, aim), aim)


def nearest_values(base: Constraint, aim: Aim) -> dict[str, float]:
    """The reachable values with the least sum of |value - target| / std over the targets.

    Complexity within its tolerance counts as met. Ties go to the values nearer the source, then to
    those nearer the first target, the second, and so on. All pitches are thought allowed.

    Raises:
        ValueError: no measure satisfies `base` within the aim's bounds.
    """
    best: tuple[tuple[float, ...], dict[str, float]] | None = None
    for rhythm, pitch in _groups(base, aim):
        if not len(rhythm) or not len(pitch):
            continue
        found = _least(rhythm, pitch, aim)
        if best is None or found[0] < best[0]:
            best = found
    if best is None:
        raise ValueError("no legal measure satisfies the ties and locks")
    return best[1]


def pinned_to(base: Constraint, values: Mapping[str, float], aim: Aim) -> Constraint:
    """`base` held to the values; a complexity that is not met is held to its very weight sum."""
    met = dict(values)
    if COMPLEXITY not in values:
        return constrain(base, met)
    target = aim.targets[COMPLEXITY]
    if abs(values[COMPLEXITY] - target) <= RhythmicComplexity.tolerance + _SLACK:
        return constrain(base, met | {COMPLEXITY: target})
    weight = round(values[COMPLEXITY] * float(TOTAL_WEIGHTS[base.code]))
    return replace(constrain(base, met), weights=(weight, weight))


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


@dataclass(frozen=True)
class _Options:
    """Candidate values by attribute name, each `[options]`, and how many notes they need."""

    values: dict[str, npt.NDArray[np.float64]]
    notes: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.notes)

    def of(self, which: npt.NDArray[np.bool_]) -> _Options:
        """Some of them."""
        return _Options({n: v[which] for n, v in self.values.items()}, self.notes[which])


def _groups(base: Constraint, aim: Aim) -> Iterator[tuple[_Options, _Options]]:
    """Sets of rhythms and of pitches, each rhythm of which goes with each of its pitches."""
    rhythms = _rhythm_options(base, aim)
    if base.sequence is not None:
        yield from _sequence_groups(base, aim, base.sequence, rhythms)
        return
    pinned = base.pinned
    for i, needed in enumerate(notes_needed(len(base.pitches), pinned, base.tie_out)):
        for notes in range(_MANY + 1):
            if not pinned and i == 0 and not base.may_be_empty:
                continue
            some = rhythms[i].of(np.minimum(rhythms[i].notes, _MANY) == notes)
            if len(some):
                yield some, _pitch_options(base, aim, needed <= notes)


def _sequence_groups(
    base: Constraint, aim: Aim, source: tuple[int, ...], rhythms: Sequence[_Options]
) -> Iterator[tuple[_Options, _Options]]:
    """The same under the pitch lock: with fewer notes than the source, with as many or more."""
    size = len(base.pitches)
    needed = notes_needed(size, source, base.tie_out)
    if len(source) == 1:  # nothing goes between a note and itself
        needed = np.concatenate([np.where(needed[:1] > 0, NEVER, 0), needed[1:]])
    more = np.min(needed, axis=0)
    fewer = np.zeros((size, 2 * size - 1), np.int64)
    for (span, contour), lengths in attributes_of_subsequences(source, base.tie_out).items():
        fewer[span, contour + size - 1] = lengths
    fewer[0, size - 1] |= int(base.may_be_empty)
    for rhythm in (rhythms[0], rhythms[3]):
        for notes in np.unique(rhythm.notes):
            possible = (fewer >> notes & 1).astype(np.bool_)
            if notes >= max(len(source), 1):
                possible |= more <= notes - len(source)
            yield rhythm.of(rhythm.notes == notes), _pitch_options(base, aim, possible)


def _rhythm_options(base: Constraint, aim: Aim) -> list[_Options]:
    """Counts and complexities of legal rhythms, by the four sets of `rhythms.Completions`."""
    exact = whole_rhythms(base.rhythm, weighted=True)
    low, high = base.weights or (0, len(exact) - 1)
    weight, which = np.nonzero(exact)
    bits = exact[weight, which]
    out = []
    for i in range(4):
        here = which == i
        rows, notes = np.nonzero(bits[here, None] >> np.arange(TICKS + 1) & 1)
        sums = weight[here][rows]
        count = notes + len(base.pinned)
        kept = (count >= base.counts[0]) & (count <= base.counts[1]) & (sums >= low) & (sums <= high)
        notes, sums = notes[kept], sums[kept]
        order = np.lexsort((sums, notes))
        values = {
            DENSITY: (notes[order] + len(base.pinned)).astype(np.float64),
            COMPLEXITY: sums[order] / TOTAL_WEIGHTS[base.code],
        }
        out.append(aim.bounded(_Options(values, notes[order])))
    return out


def _pitch_options(base: Constraint, aim: Aim, possible: npt.NDArray[np.bool_]) -> _Options:
    """Ranges and contours of those that are possible, `[range, contour from the least]`."""
    span, contour = np.nonzero(possible)
    contour = contour - (possible.shape[0] - 1)
    kept = np.ones(len(span), np.bool_)
    if base.span is not None:
        kept &= span == base.span
    if base.contour is not None:
        kept &= contour == base.contour
    values = {RANGE: span[kept].astype(np.float64), CONTOUR: contour[kept].astype(np.float64)}
    return aim.bounded(_Options(values, np.zeros(int(kept.sum()), np.int64)))


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
