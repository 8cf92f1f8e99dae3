"""Rhythmic complexity: how much of the measure's metrical weight its onsets take."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arvae_music.attributes.base import Attribute, Values
from arvae_music.meter import GRIDS, TICKS, Beat, Grid
from arvae_music.tokens import Meters, Tokens, onsets

_INSIDE = {
    Beat.QUARTER: (100, 200, 50, 200, 100),
    Beat.EIGHTH: (100, 200, 50, 200, 100),
    Beat.DOTTED: (100, 50, 100, 50, 100),
}


def _weights(grid: Grid) -> list[int]:
    weights: list[int] = []
    for beat in range(grid.beats):
        start = 20 if beat == 0 else 25 if (beat, grid.beats) == (2, 4) else 67
        weights += [start, *_INSIDE[grid.beat]]
    return weights + [0] * (TICKS - len(weights))


WEIGHTS: npt.NDArray[np.int64] = np.array([_weights(grid) for grid in GRIDS])
"""Weight of an onset by meter code and tick, in hundredths, `[6, 24]`; 0 past the meter.

The weaker a place is in the meter, the more an onset there weighs: in quarter and eighth beats
the order is beats, the half of a beat, sixteenths, triplets; in dotted beats, eighths before
sixteenths.
"""

TOTAL_WEIGHTS: npt.NDArray[np.int64] = WEIGHTS.sum(axis=1)
"""Weight of a measure with an onset on every tick, by meter code, in hundredths, `[6]`."""


class RhythmicComplexity(Attribute):
    """Share of the metrical weight that onsets take, 0 to 1 (Toussaint 2002)."""

    name = "rhythmic_complexity"
    short = "complexity"
    unit = "share of the metrical weight"
    whole = False
    highest = 1.0
    tolerance = 0.01

    def __call__(self, tokens: Tokens, meters: Meters) -> Values:
        """Weights of the onsets over all weights of the meter, `[batch]`."""
        taken = (onsets(tokens) * WEIGHTS[meters]).sum(axis=-1)
        return np.asarray(taken / TOTAL_WEIGHTS[meters], np.float64)

    def normalized(self, values: Values, meters: Meters) -> Values:
        """The same: it is a share already."""
        return values
