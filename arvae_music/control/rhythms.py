"""Which rhythms can still be completed: note counts and weight sums that the rest of a measure can add."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from arvae_music.attributes import WEIGHTS
from arvae_music.meter import DUPLE_TICKS, GRIDS, TICKS, TICKS_PER_BEAT, Beat

COUNTS = TICKS + 1
"""Note counts 0 to 24."""

FREE, DUPLE, TRIPLE = 0, 1, 2
"""What the events so far make of a beat: nothing yet, sixteenths, triplets."""

ILLEGAL = -1


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


@lru_cache(maxsize=16)
def completions(
    code: int, allowed: bytes, *, weighted: bool, last_from: int | None = None
) -> npt.NDArray[np.int16]:
    """What onsets from a tick on can add, as running counts over the weight.

    Args:
        code: meter code.
        allowed: where events may stand, 24 bytes of 0 and 1.
        weighted: whether weight sums matter; without, every weight counts as 0.
        last_from: a tick at which or after which a note must start, or None.

    Returns:
        `[tick 0 to 24, division, notes added 0 to 24, weight w]`: how many weight sums below w
        (hundredths) can be added with so many notes. A sum between a and b can be added where the
        entries at b + 1 and at a differ.
    """
    exact = _exact_completions(code, allowed, weighted=weighted, last_from=last_from)
    running = np.cumsum(exact, axis=-1, dtype=np.int16)
    return np.concatenate([np.zeros_like(running[..., :1]), running], axis=-1)


@lru_cache(maxsize=16)
def _exact_completions(
    code: int, allowed: bytes, *, weighted: bool, last_from: int | None
) -> npt.NDArray[np.bool_]:
    """`[tick, division, notes, weight]`: whether exactly so much can be added from the tick on."""
    ticks = GRIDS[code].ticks
    weights = WEIGHTS[code] if weighted else np.zeros(TICKS, np.int64)
    table = np.zeros((TICKS + 1, 3, COUNTS, int(weights.sum()) + 1), np.bool_)
    table[ticks:, :, 0, 0] = True
    for tick in reversed(range(ticks)):
        later = table[tick + 1]
        for division in range(3):
            now = FREE if tick % TICKS_PER_BEAT == 0 else division
            after = DIVISION_AFTER[code, tick, now]
            table[tick, division] |= later[now]
            if after != ILLEGAL and allowed[tick]:
                weight = int(weights[tick])
                added = later[after][:-1, : later.shape[-1] - weight]
                table[tick, division, 1:, weight:] |= added
        if tick == last_from:
            table[tick, :, 0] = False
    return table


def reachable_rhythms(
    code: int, allowed: bytes, *, tied: bool, last_from: int | None = None
) -> npt.NDArray[np.int64]:
    """Every (note count, weight sum in hundredths) that a legal rhythm has, `[pairs, 2]`.

    `tied`: a note is tied into the measure, so none starts on its first tick. `last_from`: as in
    `completions`.
    """
    exact = _exact_completions(code, allowed, weighted=True, last_from=last_from)
    table = exact[1 if tied else 0, FREE]
    return np.argwhere(table)
