"""From values to latent places: monotone, through the medians, and in JSON."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arvae_music.model.calibration import Calibration, Line, fit_line

pairs_strategy = st.lists(
    st.tuples(st.integers(-12, 40), st.floats(-5, 5, width=32)), min_size=2, max_size=200
)


def test_a_line_by_hand() -> None:
    # Values 2, 4 and 6; the medians of their places are 0, 1 and 3.
    values = np.array([2, 2, 2, 4, 6, 6], np.float64)
    places = np.array([0, -9, 9, 1, 2, 4], np.float64)
    line = fit_line(values, places)
    assert list(line.values) == [2, 4, 6]
    assert list(line.places) == [0, 1, 3]
    assert line.mean == pytest.approx(22 / 6)
    # The mean of squares is (3 * 4 + 16 + 2 * 36) / 6.
    assert line.std == pytest.approx((100 / 6 - (22 / 6) ** 2) ** 0.5)
    # Straight between, flat beyond.
    assert line.place(np.array([1.0, 2, 3, 5, 6, 9])).tolist() == [0, 0, 0.5, 2, 3, 3]


def test_a_step_back_is_smoothed() -> None:
    # Medians 0, 4, 2, 6: the greatest so far are 0 4 4 6, the least to come 0 2 2 6; halfway 0 3 3 6.
    values = np.array([1, 2, 3, 4], np.float64)
    line = fit_line(values, np.array([0, 4, 2, 6], np.float64))
    assert list(line.places) == [0, 3, 3, 6]


def test_one_value_alone() -> None:
    line = fit_line(np.array([5.0, 5.0]), np.array([1.0, 3.0]))
    assert [*line.values, *line.places, line.std] == [5, 2, 0]
    assert line.place(np.array([0.0, 5, 9])).tolist() == [2, 2, 2]


@given(pairs_strategy)
def test_lines_never_fall(pairs: list[tuple[int, float]]) -> None:
    values, places = (np.array(column, np.float64) for column in zip(*pairs, strict=True))
    line = fit_line(values, places)
    assert (np.diff(line.values) > 0).all()
    assert (np.diff(line.places) >= 0).all()
    assert len(line.values) == len(line.places) <= 33


@given(st.integers(0, 2**32 - 1))
def test_many_values_are_cut_into_shares(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.beta(2, 8, 1000)
    line = fit_line(values, 3 * values + 0.01 * rng.standard_normal(1000))
    assert 25 <= len(line.values) <= 33
    assert (np.diff(line.values) > 0).all()
    assert (np.diff(line.places) >= 0).all()
    middle = np.array([0.1, 0.2, 0.3])
    assert line.place(middle) == pytest.approx(3 * middle, abs=0.1)


def test_json_and_back() -> None:
    calibration = Calibration({"6/8": {"contour": Line((0.0, 2.0), (-1.25, 3.5), 0.1, 2.0)}, "4/4": {}})
    assert Calibration.from_json(json.loads(json.dumps(calibration.as_json()))) == calibration
