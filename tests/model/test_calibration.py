"""The line from an attribute's value to its place on a latent dimension."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arvae_music.model.calibration import Calibration, Line, fit_line


def test_medians_and_what_makes_them_rise() -> None:
    values = np.array([1.0, 1.0, 1.0, 2.0, 2.0, 3.0])
    places = np.array([0.0, 1.0, 7.0, 4.0, 6.0, 3.0])
    # Medians are 1, 5 and 3. What must rise from the left is 1 5 5, from the right 1 3 3; between: 1 4 4.
    line = fit_line(values, places)
    assert line.values == (1.0, 2.0, 3.0)
    assert line.places == (1.0, 4.0, 4.0)
    assert line.mean == pytest.approx(10 / 6)
    assert line.std == pytest.approx(np.sqrt(20 / 6 - (10 / 6) ** 2))  # mean of squares less square of mean


def test_places_between_the_knots_and_beyond_them() -> None:
    line = Line((0.0, 4.0, 5.0), (-1.0, 1.0, 3.0), 0.0, 1.0)
    got = line.place(np.array([-9.0, 0.0, 1.0, 2.0, 4.0, 4.5, 5.0, 40.0]))
    assert got == pytest.approx([-1.0, -1.0, -0.5, 0.0, 1.0, 2.0, 3.0, 3.0])


def test_one_value_has_one_place() -> None:
    line = fit_line(np.array([7.0, 7.0, 7.0]), np.array([1.0, 2.0, 9.0]))
    assert (line.values, line.places, line.std) == ((7.0,), (2.0,), 0.0)
    assert line.place(np.array([0.0, 7.0, 9.0])).tolist() == [2.0, 2.0, 2.0]


def test_many_values_are_cut_into_equal_shares() -> None:
    # 3,300 different values, one measure each, whose place is twice the value: 33 shares of 100, and on a
    # straight line the median of a share stands at twice the share's mean.
    values = np.random.default_rng(0).permutation(np.arange(3300) / 3300)
    line = fit_line(values, 2 * values)
    assert len(line.values) == 33
    assert line.values[0] == pytest.approx(49.5 / 3300)  # the mean of 0 to 99
    assert np.array(line.places) == pytest.approx(2 * np.array(line.values), abs=1e-3)


pairs = st.tuples(
    st.integers(-400, 400).map(lambda n: n / 8),
    st.floats(-50, 50, allow_subnormal=False),
)


@given(st.lists(pairs, min_size=1, max_size=200))
def test_a_line_never_falls(points: list[tuple[float, float]]) -> None:
    values, places = np.array(points).T
    line = fit_line(values, places)
    assert (np.diff(line.values) > 0).all()
    assert (np.diff(line.places) >= 0).all()
    assert len(line.values) == len(line.places) <= 33
    assert places.min() <= line.places[0] <= line.places[-1] <= places.max()
    assert (np.diff(line.place(np.linspace(-60, 60, 241))) >= 0).all()


def test_places_that_rise_already_stay() -> None:
    values = np.repeat(np.arange(5.0), 3)
    places = np.repeat([-2.0, -1.5, 0.25, 0.25, 4.0], 3) + np.tile([-0.1, 0.0, 0.1], 5)
    assert fit_line(values, places).places == pytest.approx([-2.0, -1.5, 0.25, 0.25, 4.0])


def test_json_there_and_back() -> None:
    line = Line((0.0, 0.136207, 1.0), (-1.25, 0.5, 2.0), 0.2123456789, 0.0912345678)
    calibration = Calibration({"4/4": {"note_density": line, "contour": line}, "6/8": {}})
    text = json.dumps(calibration.as_json())
    assert Calibration.from_json(json.loads(text)) == calibration


def test_json_keeps_six_places() -> None:
    line = Line((1 / 3, 2 / 3), (-1 / 7, 1 / 7), 1 / 3, 2 / 3)
    back = Calibration.from_json(Calibration({"4/4": {"contour": line}}).as_json()).lines["4/4"]["contour"]
    assert back.values == pytest.approx(line.values, abs=5e-7)
    assert back.places == pytest.approx(line.places, abs=5e-7)
    assert (back.mean, back.std) == (line.mean, line.std)
