"""Pitch range: how far apart the measure's highest and lowest notes are."""

from __future__ import annotations

import numpy as np

from arvae_music.attributes.base import Attribute, Values
from arvae_music.tokens import Meters, Tokens, onsets

PAPER_SPAN = 26
"""Semitones by which the paper divides range and contour."""


class PitchRange(Attribute):
    """Highest minus lowest started pitch, in semitones; 0 with fewer than two notes."""

    name = "pitch_range"
    short = "range"
    unit = "semitones"
    whole = True

    def __call__(self, tokens: Tokens, meters: Meters) -> Values:
        """Semitones, `[batch]`."""
        started = onsets(tokens)
        highest = np.where(started, tokens, -1).max(axis=-1)
        lowest = np.where(started, tokens, 128).min(axis=-1)
        return np.where(started.any(axis=-1), highest - lowest, 0).astype(np.float64)

    def normalized(self, values: Values, meters: Meters) -> Values:
        """Over 26 semitones."""
        return values / PAPER_SPAN
