"""Which pitches can still be completed to a range and a contour, and with how many more notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

NEVER = 31
"""More notes than any measure has, and the most that 32 bits are shifted by."""


@dataclass(frozen=True)
class PitchGoal:
    """What the pitches of a measure must come to; pitches are numbered from the vocabulary's lowest.

    Attributes:
        allowed: which pitches may be used, a byte of 0 or 1 for each.
        span: the pitch range, or None for any.
        contour: last minus first pitch, or None for any.
        last: the last pitch (one that is tied over the bar line), or None for any.
    """

    allowed: bytes
    span: int | None = None
    contour: int | None = None
    last: int | None = None


@dataclass(frozen=True)
class PitchTables:
    """For a goal, how many further notes it takes.

    Attributes:
        missing: by (lowest, highest) pitch so far, `[P, P]`: the fewest further notes with which the range
            is the goal's.
        more: by (first, lowest, highest) pitch so far, `[P, P, P]`: the fewest (at least one) with which
            the goal is met, the last of them being the measure's last.
        ends: by (first, last), `[P, P]`: whether a measure may end there.

    Any greater number of notes will do as well; NEVER stands for none.
    """

    missing: npt.NDArray[np.uint8]
    more: npt.NDArray[np.uint8]
    ends: npt.NDArray[np.bool_]

    def from_none(self, allowed: bytes, given: Sequence[int] = ()) -> tuple[int, int, int, int]:
        """The fewest free notes of a measure in which some notes are given, in order.

        Four numbers, as `rhythms.Completions` has four sets: where free notes stand neither before the
        first given note nor after the last, only after it, only before the first, both. Where none is
        given, the first stands for no note at all and the last for at least one.
        """
        first = np.flatnonzero(np.frombuffer(allowed, np.uint8))
        if not given:
            alone = (self.missing[first, first] == 0) & self.ends[first, first]
            begun = np.where(alone, 1, 1 + self.more[first, first, first].astype(int))
            return (0, NEVER, NEVER, int(begun.min(initial=NEVER)))
        start, end, lowest, highest = given[0], given[-1], min(given), max(given)
        low, high = np.minimum(first, lowest), np.maximum(first, highest)
        inner = np.where(self.ends[first, end], 1 + self.missing[low, high].astype(int), NEVER)
        both = 1 + self.more[first, low, high].astype(int)
        return (
            int(self.missing[lowest, highest]) if self.ends[start, end] else NEVER,
            int(self.more[start, lowest, highest]),
            int(inner.min(initial=NEVER)),
            int(both.min(initial=NEVER)),
        )


def at_least(notes: npt.ArrayLike) -> npt.NDArray[np.int32]:
    """Numbers of notes as bits: so many and more; none from NEVER on."""
    return np.left_shift(np.int32(-1), np.minimum(np.asarray(notes, np.int32), NEVER), dtype=np.int32)


@lru_cache(maxsize=512)
def pitch_tables(goal: PitchGoal) -> PitchTables:
    """Tables of a goal; kept, since the measures of a tune share few goals."""
    allowed = np.frombuffer(goal.allowed, np.uint8).astype(np.bool_)
    size = len(allowed)
    missing = extremes_missing(allowed, goal.span)
    ends: npt.NDArray[np.bool_] = np.repeat(allowed[None], size, axis=0)
    first, last = np.arange(size)[:, None], np.arange(size)[None]
    if goal.contour is not None:
        ends &= last - first == goal.contour
    if goal.last is not None:
        ends &= last == goal.last
    return PitchTables(missing, _more(allowed, missing, ends, goal), ends)


def extremes_missing(allowed: npt.NDArray[np.bool_], span: int | None) -> npt.NDArray[np.uint8]:
    """How many further pitches the range needs, by lowest and highest so far, `[P, P]`."""
    size = len(allowed)
    if span is None:
        return np.zeros((size, size), np.uint8)
    missing = np.full((size, size), NEVER, np.uint8)
    lowest, highest = np.arange(size)[:, None], np.arange(size)[None]
    if not 0 <= span < size:
        return missing
    pairs = np.zeros(size, np.bool_)  # lowest pitches that have a highest one above them
    pairs[: size - span] = allowed[: size - span] & allowed[span:]
    starts = np.concatenate([[0], np.cumsum(pairs)])
    # Both extremes new: some pair begins below the lowest and ends above the highest.
    below = np.clip(lowest, 0, size)
    above = np.clip(highest - span + 1, 0, size)
    both = (starts[below] - starts[np.minimum(above, below)]) > 0
    missing[both & (highest - lowest < span)] = 2
    new_low = np.clip(highest - span, 0, size - 1)
    new_high = np.clip(lowest + span, 0, size - 1)
    one = (highest - span >= 0) & allowed[new_low] | (lowest + span < size) & allowed[new_high]
    missing[one & (highest - lowest < span)] = 1
    missing[highest - lowest == span] = 0
    missing[lowest > highest] = NEVER
    return missing


def _more(
    allowed: npt.NDArray[np.bool_],
    extremes: npt.NDArray[np.uint8],
    ends: npt.NDArray[np.bool_],
    goal: PitchGoal,
) -> npt.NDArray[np.uint8]:
    """`PitchTables.more`."""
    size = len(allowed)
    if goal.contour is None and goal.last is None:
        # Any pitch may end the measure, so the last note can be a missing extreme.
        least = np.where(extremes == NEVER, NEVER, np.maximum(extremes, 1)).astype(np.uint8)
        return np.broadcast_to(least, (size, size, size)).copy()
    possible = np.asarray(ends.any(axis=1))
    end = ends.argmax(axis=1)  # the only one
    pitch = np.arange(size)
    low = np.minimum(pitch[None, :, None], end[:, None, None])
    high = np.maximum(pitch[None, None, :], end[:, None, None])
    least = extremes[low, high].astype(int) + 1
    least = np.where(possible[:, None, None] & (least < NEVER), least, NEVER)
    return least.astype(np.uint8)


@lru_cache(maxsize=64)
def notes_needed(size: int, given: tuple[int, ...], last: int | None) -> npt.NDArray[np.int64]:
    """The fewest free notes with which a measure has a range and a contour, all pitches allowed.

    Args:
        size: how many pitches there are.
        given: pitches of the notes that are there, in order.
        last: the last pitch, or None for any.

    Returns:
        `[4, range, contour from the least]`, the four of `PitchTables.from_none`; NEVER for none.
    """
    missing = _missing_by_span(size)
    out = np.full((4, size, 2 * size - 1), NEVER)
    every = np.arange(size)
    if not given:
        out[0, 0, size - 1] = 0
    for i, (before, after) in enumerate(((False, False), (False, True), (True, False), (True, True))):
        if not given and not (before and after):
            continue
        starts = every if before else np.array(given[:1])
        ends = every if after else np.array(given[-1:])
        ends = ends if last is None else ends[ends == last]
        first, final = (grid.ravel() for grid in np.meshgrid(starts, ends, indexing="ij"))
        low = np.minimum.reduce([first, final, *(np.full_like(first, p) for p in given)])
        high = np.maximum.reduce([first, final, *(np.full_like(first, p) for p in given)])
        needed = missing[:, low, high].astype(np.int64) + int(before) + int(after)
        if not given:
            needed[(needed == 2) & (first == final)] = 1
        spans = np.arange(size)[:, None]
        np.minimum.at(out[i].reshape(-1), spans * (2 * size - 1) + final - first + size - 1, needed)
    return np.asarray(np.minimum(out, NEVER))


@lru_cache(maxsize=4)
def _missing_by_span(size: int) -> npt.NDArray[np.uint8]:
    """How many further pitches a range needs, `[range, lowest, highest]`, all pitches allowed."""
    every = np.ones(size, np.bool_)
    return np.stack([extremes_missing(every, span) for span in range(size)])
