"""Which measures of two tunes belong together, and by how much one is moved to share the other's key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal

from arvae_music.formats.tune import Tune
from arvae_music.measures import Measure, measures
from arvae_music.melody import Melody, fewest_octaves
from arvae_music.model import Vocabulary

_SIGNATURES = range(-5, 7)
"""Sharps of a signature, negative for flats: one for each of the twelve scales."""

_NEAR = 1
"""Scales whose signatures are so far apart share six of seven notes: neither tune is transposed."""


@dataclass(frozen=True)
class Side:
    """One of the two tunes of a morph.

    Attributes:
        name: `A` or `B`.
        tune: the tune.
        vocabulary: the model's pitches.
    """

    name: Literal["A", "B"]
    tune: Tune
    vocabulary: Vocabulary

    @cached_property
    def rows(self) -> list[Measure]:
        """Its measures."""
        return measures(self.tune.melody)

    @cached_property
    def whole(self) -> list[int]:
        """Places in `rows` of the measures that are as long as their meter, readable or not.

        A pickup or a strain's end that nothing completes has no place in the count of measures.
        """
        bars = self.tune.melody.bars
        return [
            i
            for i, row in enumerate(self.rows)
            if sum((bars[bar].length for bar in row.bars), Fraction(0)) == bars[row.bars[0]].meter.length
        ]

    @cached_property
    def pitches(self) -> list[int]:
        """Of its notes."""
        return [note.pitch for note in self.tune.melody.notes]

    def into_range(self, transposed: int = 0) -> int:
        """Semitones that transpose it and move it by the fewest octaves into the model's range."""
        moved = [pitch + transposed for pitch in self.pitches]
        return transposed + fewest_octaves(moved, self.vocabulary.lowest, self.vocabulary.highest)


def partners(own: Sequence[int], other: Sequence[int]) -> dict[int, int]:
    """The measure of another tune that goes with each of a tune's own.

    The first goes with the first and so on, and where one tune has more measures, several of them go with
    one of the other, in proportion: of 16 and 8, measures 1 and 2 with 1, 3 and 4 with 2. Seen from the
    shorter tune, a measure goes with the first of these.

    Args:
        own: places of its whole measures.
        other: those of the other's.

    Returns:
        The place in the other tune by the place in this one; both rise. Empty where one has none.
    """
    here, there = len(own), len(other)
    if not here or not there:
        return {}
    if here >= there:
        return {row: other[(2 * i + 1) * there // (2 * here)] for i, row in enumerate(own)}
    return {row: other[max(0, -((here - 2 * there * i) // (2 * here)))] for i, row in enumerate(own)}


def transposition(a: Melody, b: Melody) -> int:
    """Semitones (-6 to 6) that move B to where its notes are most like A's; 0 where their keys are near.

    Keys are near where the scales in which most of a tune's time is spent, whatever its file says, share six
    of seven notes: so a tune in D major goes with one in G major or E dorian as it is, and one in F major
    is moved. What is compared else is the share of the time that each of the twelve notes sounds.
    """
    if min(_apart(first, second) for first in _signatures(a) for second in _signatures(b)) <= _NEAR:
        return 0
    here, there = _time(a), _time(b)
    together = {
        shift: sum(min(here[(note + shift) % 12], share) for note, share in enumerate(there))
        for shift in range(-6, 7)
    }
    return max(together, key=lambda shift: (together[shift], -abs(shift), shift))


def _apart(first: int, second: int) -> int:
    """How many fifths two signatures are apart, the shorter way round."""
    return abs((first - second + 6) % 12 - 6)


def _time(melody: Melody) -> list[Fraction]:
    """Share of the time that each of the twelve notes sounds."""
    time = [Fraction(0)] * 12
    for note in melody.notes:
        time[note.pitch % 12] += note.duration
    whole = sum(time) or Fraction(1)
    return [part / whole for part in time]


def _signatures(melody: Melody) -> list[int]:
    """The signatures of the scales that hold most of the time that notes sound."""
    time = _time(melody)
    # The seven notes of C major are a row of fifths from F (-1) to B (5).
    held = {sharps: sum(time[7 * (sharps + place) % 12] for place in range(-1, 6)) for sharps in _SIGNATURES}
    most = max(held.values())
    return [sharps for sharps in _SIGNATURES if held[sharps] == most]
