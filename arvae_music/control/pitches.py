"""Which pitches can still be completed to a range and a contour, and with how many more notes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

NEVER = 99
"""More notes than any measure has."""


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
    """For a goal, by (first, lowest, highest) pitch so far, `[P, P, P]`.

    Attributes:
        more: the fewest further notes (at least one) with which the goal can be met; any greater
            number will do as well.
        met: by (lowest, highest), `[P, P]`: whether the range is the goal's.
        ends: by (first, last), `[P, P]`: whether a measure may end there.
        more_from_none: the fewest notes, at least one, where none has started.
        met_by_none: whether no note at all meets the goal (tie apart).
    """

    more: npt.NDArray[np.uint8]
    met: npt.NDArray[np.bool_]
    ends: npt.NDArray[np.bool_]
    more_from_none: int
    met_by_none: bool


@lru_cache(maxsize=512)
def pitch_tables(goal: PitchGoal) -> PitchTables:
    """Tables of a goal; kept, since the measures of a tune share few goals."""
    allowed = np.frombuffer(goal.allowed, np.uint8).astype(np.bool_)
    size = len(allowed)
    extremes = _extremes_missing(allowed, goal.span)
    ends: npt.NDArray[np.bool_] = np.repeat(allowed[None], size, axis=0)
    first, last = np.arange(size)[:, None], np.arange(size)[None]
    if goal.contour is not None:
        ends &= last - first == goal.contour
    if goal.last is not None:
        ends &= last == goal.last
    more = _more(allowed, extremes, ends, goal)
    met = extremes == 0
    alone = np.arange(size)
    single = met[alone, alone] & ends[alone, alone] & allowed
    begun = np.where(single, 1, 1 + more[alone, alone, alone].astype(int))
    begun = np.where(allowed, begun, NEVER)
    none = goal.span in (None, 0) and goal.contour in (None, 0)
    return PitchTables(more, met, ends, int(begun.min(initial=NEVER)), none)


def _extremes_missing(allowed: npt.NDArray[np.bool_], span: int | None) -> npt.NDArray[np.uint8]:
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
