"""Note density: how many notes start in the measure."""

from __future__ import annotations

import numpy as np

from arvae_music.attributes.base import Attribute, Values
from arvae_music.meter import TICKS_OF
from arvae_music.tokens import Meters, Tokens, onsets


class NoteDensity(Attribute):
    """Number of notes that start; a tied note counts where it starts."""

    name = "note_density"
    short = "density"
    unit = "notes per measure"
    whole = True

    def __call__(self, tokens: Tokens, meters: Meters) -> Values:
        """Notes per measure, `[batch]`."""
        return np.asarray(onsets(tokens).sum(axis=-1), np.float64)

    def normalized(self, values: Values, meters: Meters) -> Values:
        """Over the ticks of the measure."""
        return values / TICKS_OF[meters]
