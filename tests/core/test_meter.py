"""Meters and grids: the table of the design, written out."""

from fractions import Fraction

import pytest

from arvae_music.errors import ArvaeError
from arvae_music.meter import BEATS_OF, GRIDS, TICKS_OF, Grid, Meter
from tests.music import BEATS, places


def test_the_six_meters_their_codes_ticks_and_lengths() -> None:
    said = [(grid.name, grid.code, grid.ticks, grid.length) for grid in GRIDS]
    assert said == [
        ("4/4", 0, 24, Fraction(4)),
        ("3/4", 1, 18, Fraction(3)),
        ("2/4", 2, 24, Fraction(2)),
        ("6/8", 3, 12, Fraction(3)),
        ("9/8", 4, 18, Fraction(9, 2)),
        ("12/8", 5, 24, Fraction(6)),
    ]
    assert TICKS_OF.tolist() == [24, 18, 24, 12, 18, 24]
    assert BEATS_OF.tolist() == [4, 3, 4, 2, 3, 4]


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: grid.name)
def test_ticks_stand_where_the_design_says(grid: Grid) -> None:
    assert list(grid.positions) == places(grid.name)[:-1]
    assert grid.beats == BEATS[grid.name][1]
    assert all(grid.tick_at[place] == tick for tick, place in enumerate(places(grid.name)[:-1]))


@pytest.mark.parametrize(
    ("text", "meter", "grid"),
    [
        ("4/4", Meter(4, 4), "4/4"),
        ("C", Meter(4, 4), "4/4"),
        ("C|", Meter(2, 2), "4/4"),
        ("2/2", Meter(2, 2), "4/4"),
        (" 6/8 ", Meter(6, 8), "6/8"),
        ("12/8", Meter(12, 8), "12/8"),
        ("3/8", Meter(3, 8), None),
        ("6/4", Meter(6, 4), None),
        ("5/4", Meter(5, 4), None),
        ("4/8", Meter(4, 8), None),
    ],
)
def test_meters_are_read(text: str, meter: Meter, grid: str | None) -> None:
    assert Meter.parse(text) == meter
    assert (meter.grid.name if meter.grid else None) == grid


@pytest.mark.parametrize("text", ["", "4", "4/0", "0/4", "c", "4/4/4", "-3/4", "3.5/4", "none"])
def test_what_is_no_meter_is_refused(text: str) -> None:
    with pytest.raises(ArvaeError, match="is not a meter") as caught:
        Meter.parse(text)
    assert "\n" not in str(caught.value)
