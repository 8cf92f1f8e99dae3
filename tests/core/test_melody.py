"""Melodies: octaves, bars, transposition."""

from fractions import Fraction

import pytest

from arvae_music.melody import Bar, Melody, Note, fewest_octaves
from arvae_music.meter import Meter


@pytest.mark.parametrize(
    ("pitches", "shift"),
    [
        ([], 0),
        ([48, 95], 0),  # the ends belong to the range
        ([47, 60], 12),
        ([96], -12),
        ([30, 40], 24),  # 30 needs two octaves: 54
        ([120], -36),  # 96 after two: 84 after three
        ([40, 90], 0),  # 52 and 102 fit one of two, as 40 and 90 do: the tune stays
        ([40, 41, 90], 12),  # 52 53 102: two of three, and no shift fits all
        ([47, 96], 12),  # one of two either way: upward
        ([47, 96, 96], -12),
    ],
)
def test_fewest_octaves(pitches: list[int], shift: int) -> None:
    assert fewest_octaves(pitches, 48, 95) == shift


def test_up_is_taken_where_up_and_down_are_equal() -> None:
    # 58 and 72 lie around 60 to 70: an octave up 70 fits, an octave down 60 does.
    assert fewest_octaves([58, 72], 60, 70) == 12


def test_bars_by_time() -> None:
    bars = (Bar(0, Fraction(0), Fraction(1), Meter(4, 4)), Bar(1, Fraction(1), Fraction(4), Meter(4, 4)))
    melody = Melody((Note(Fraction(0), Fraction(1), 60),), bars)
    assert [melody.bar_index_at(Fraction(t)) for t in (-1, 0, 1, 4, 9)] == [-1, 0, 1, 1, 1]
    assert melody.bar_index_at(Fraction(99, 100)) == 0
    assert melody.transposed(-12).notes == (Note(Fraction(0), Fraction(1), 48),)
    late, early = Note(Fraction(2), Fraction(1), 60), Note(Fraction(1), Fraction(1), 62)
    assert melody.with_notes([late, early]).notes == (early, late)
