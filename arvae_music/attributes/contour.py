"""Contour: where the measure ends, seen from where it began."""

from __future__ import annotations

from arvae_music.attributes.base import Attribute, Values, first_and_last_pitch
from arvae_music.attributes.pitch_range import PAPER_SPAN
from arvae_music.tokens import Meters, Tokens


class Contour(Attribute):
    """Last started pitch minus first, in semitones; 0 with fewer than two notes."""

    name = "contour"
    short = "contour"
    unit = "semitones"
    whole = True
    lowest = None

    def __call__(self, tokens: Tokens, meters: Meters) -> Values:
        """Semitones, upward positive, `[batch]`."""
        first, last = first_and_last_pitch(tokens)
        return last - first

    def normalized(self, values: Values, meters: Meters) -> Values:
        """Over 26 semitones."""
        return values / PAPER_SPAN
