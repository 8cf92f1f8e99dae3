"""Which rhythms can still be completed: note counts and weight sums that the rest of a measure can add.

Sets of note counts are the bits of an integer: bit k stands for exactly k further notes whose pitch is
not given ("free" notes). A measure in which some notes are locked with their pitch has four such sets,
by whether a free note stands before the first locked one and after the last: what its pitches can still
come to depends on that. Where nothing is locked one set says as much: no free note, or some.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from arvae_music.attributes import WEIGHTS
from arvae_music.meter import DUPLE_TICKS, GRIDS, TICKS, TICKS_OF, TICKS_PER_BEAT, Beat

FREE, DUPLE, TRIPLE = 0, 1, 2
"""What the events so far make of a beat: nothing yet, sixteenths, triplets."""

ILLEGAL = -1

MAY_HOLD, MAY_REST, MAY_NOTE = 1, 2, 4
"""Bits of what may stand at a tick."""

ANYTHING = MAY_HOLD | MAY_REST | MAY_NOTE

Bits = npt.NDArray[np.int32]


def _after(place: int, division: int, *, dotted: bool) -> int:
    """The beat's division after an event at a place of the beat, or ILLEGAL."""
    if dotted or place == 0:
        return division
    wanted = DUPLE if place in DUPLE_TICKS else TRIPLE
    return wanted if division in (FREE, wanted) else ILLEGAL


DIVISION_AFTER: npt.NDArray[np.int64] = np.array(
    [
        [
            [_after(tick % TICKS_PER_BEAT, before, dotted=grid.beat is Beat.DOTTED) for before in range(3)]
            for tick in range(TICKS)
        ]
        for grid in GRIDS
    ]
)
"""Division of the beat after an event, by meter code, tick and division before, `[6, 24, 3]`."""


@dataclass(frozen=True)
class RhythmGoal:
    """What the rhythm of a measure must be, apart from note count and weight sum.

    Attributes:
        code: meter code.
        kinds: what may stand at each tick, 24 bytes of MAY_HOLD, MAY_REST and MAY_NOTE.
        pinned: ticks of the notes that are locked with their pitch, in order.
        tied: whether a note is tied into the measure.
        sounds: whether one is tied over its end.
        join: where a pickup begins, across which no note sounds, or None.
    """

    code: int
    kinds: bytes = bytes([ANYTHING] * TICKS)
    pinned: tuple[int, ...] = ()
    tied: bool = False
    sounds: bool = False
    join: int | None = None


@dataclass(frozen=True)
class Completions:
    """What can be added from a tick on.

    Attributes:
        bits: `[goals, tick 0 to 24, division, silent or sounding, weight so far, sets]`. The weight so far
            stops at the greatest that matters: any above it is the last. One set, or four: of the
            free notes that neither stand before the first locked note nor after the last, only after
            it, only before the first, both.
        split: whether there are four.
    """

    bits: Bits
    split: bool


def completions(goals: Sequence[RhythmGoal], weights: Sequence[tuple[int, int] | None]) -> Completions:
    """For rhythms and the intervals in which their weight sums (hundredths) must lie; None for any."""
    split = any(goal.pinned for goal in goals)
    tops = [min(high, int(WEIGHTS[g.code].sum())) for g, (_, high) in _bounded(goals, weights)]
    width = max(0, *tops) + 2 if tops else 1
    low = np.array([0 if w is None else w[0] for w in weights])[:, None]
    high = np.array([width if w is None else w[1] for w in weights])[:, None]
    so_far = np.arange(width)
    met = (so_far >= low) & (so_far <= high)
    if tops:
        met[:, -1] = [w is None for w in weights]
    weighted = np.array([w is not None for w in weights])
    costs = np.where(weighted[:, None], WEIGHTS[[goal.code for goal in goals]], 0)

    def spend(tick: int, later: Bits) -> Bits:
        if not tops:
            return later
        at = np.minimum(so_far + costs[:, tick, None], width - 1)
        rows = np.arange(len(goals))[:, None, None]
        return np.asarray(later[rows, np.arange(3)[None, :, None], at[:, None]])

    ended = np.zeros((len(goals), 3, 2, width, 4 if split else 1), np.int32)
    ended[..., 0] = met[:, None, None]
    ticks = _Steps(goals, split=split)
    table = np.empty((len(goals), TICKS + 1, *ended.shape[1:]), np.int32)
    table[:, TICKS] = ticks.end(ended)
    for tick in reversed(range(TICKS)):
        table[:, tick] = ticks.back(tick, table[:, tick + 1], spend)
    return Completions(table, split)


def _bounded(
    goals: Sequence[RhythmGoal], weights: Sequence[tuple[int, int] | None]
) -> list[tuple[RhythmGoal, tuple[int, int]]]:
    return [(goal, w) for goal, w in zip(goals, weights, strict=True) if w is not None]


@lru_cache(maxsize=256)
def whole_rhythms(goal: RhythmGoal, *, weighted: bool) -> Bits:
    """Bits of free notes by the exact weight sum of a whole measure, `[weight, 4]`.

    The four sets are those of `Completions`. Without `weighted` every weight counts as 0.
    """
    costs = WEIGHTS[goal.code] if weighted else np.zeros(TICKS, np.int64)
    width = int(costs.sum()) + 1

    def spend(tick: int, later: Bits) -> Bits:
        moved = np.zeros_like(later)
        cost = int(costs[tick])
        moved[:, :, cost:] = later[:, :, : width - cost]
        return moved

    split = bool(goal.pinned)
    ended = np.zeros((1, 3, 2, width, 4 if split else 1), np.int32)
    ended[..., 0, 0] = 1
    ticks = _Steps([goal], split=split)
    table = ticks.end(ended)
    for tick in reversed(range(TICKS)):
        table = ticks.back(tick, table, spend)
    start = table[0, FREE, int(goal.tied)]
    if split:
        return np.asarray(start)
    out = np.zeros((width, 4), np.int32)
    out[:, 0], out[:, 3] = start[:, 0] & 1, start[:, 0] & ~1
    return out


class _Steps:
    """One tick backwards, for many rhythms at once."""

    def __init__(self, goals: Sequence[RhythmGoal], *, split: bool) -> None:
        self.codes = np.array([goal.code for goal in goals])
        self.kinds = np.stack([np.frombuffer(goal.kinds, np.uint8) for goal in goals])
        self.tied = np.array([goal.tied for goal in goals])
        self.sounds = np.array([goal.sounds for goal in goals])
        self.join = np.array([-1 if goal.join is None else goal.join for goal in goals])
        self.first = np.array([goal.pinned[0] if goal.pinned else TICKS for goal in goals])
        self.last = np.array([goal.pinned[-1] if goal.pinned else -1 for goal in goals])
        self.pinned = np.zeros((len(goals), TICKS), np.bool_)
        for row, goal in zip(self.pinned, goals, strict=True):
            row[list(goal.pinned)] = True
        self.split = split

    def end(self, ended: Bits) -> Bits:
        """Nothing is to come: right where a note sounds, or need not."""
        self.ended = ended.copy()
        self.ended[self.sounds, :, 0] = 0
        return self.ended

    def back(self, tick: int, later: Bits, spend: Callable[[int, Bits], Bits]) -> Bits:
        """The sets `[goals, 3, 2, weight, sets]` before a tick from those after it."""
        now = np.zeros(3, np.int64) if tick % TICKS_PER_BEAT == 0 else np.arange(3)
        after = DIVISION_AFTER[self.codes, tick][:, now]
        moved = later[np.arange(len(later))[:, None], after.clip(0)]
        event = after != ILLEGAL
        hold, rest, note = (
            (self.kinds[:, tick] & kind).astype(np.bool_) for kind in (MAY_HOLD, MAY_REST, MAY_NOTE)
        )
        if tick == 0:
            hold, rest, note = hold & self.tied, rest & ~self.tied, note & ~self.tied
        held = later[:, now] * hold[:, None, None, None, None]
        held[self.join == tick, :, 1] = 0
        started = self._started(tick, spend(tick, moved[:, :, 1]))
        started *= (event & note[:, None])[..., None, None]
        out = held | started[:, :, None]
        rested = moved[:, :, 0] * (event & rest[:, None])[..., None, None]
        for sounding in (0, 1) if tick == 0 else (1,):
            out[:, :, sounding] |= rested
        over = TICKS_OF[self.codes] <= tick
        out[over] = self.ended[over]
        return np.asarray(out)

    def _started(self, tick: int, later: Bits) -> Bits:
        """What a note at the tick makes of the sets after it, `[goals, 3, weight, sets]`."""
        pinned = self.pinned[:, tick]
        if not self.split:
            return later << 1
        out = np.where(pinned[:, None, None, None], later, later << 1)
        before, behind = out[..., :2], out[..., 2:]
        early = (~pinned & (tick < self.first))[:, None, None, None]
        out = np.concatenate([np.where(early, 0, before), np.where(early, before | behind, behind)], axis=-1)
        late = (~pinned & (tick > self.last))[:, None, None, None]
        inner, outer = out[..., 0::2], out[..., 1::2]
        return np.stack([np.where(late, 0, inner), np.where(late, inner | outer, outer)], axis=-1).reshape(
            out.shape
        )
