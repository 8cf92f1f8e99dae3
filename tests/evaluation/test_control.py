"""Correlations, notes in key and weighted means, by hand and beside NumPy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from arvae_music.evaluation import correlations, share_in_key, weighted_mean
from tests.music import HOLD, REST, row


def test_correlations_by_hand() -> None:
    asked = np.array([[1.0, 1], [2, 2], [3, 3], [4, 4]])
    # First: 2 * asked + 1. Second: deviations -1.5 -.5 .5 1.5 and 1.5 -.5 .5 -1.5: -4 over 5.
    measured = np.array([[3.0, 4], [5, 2], [7, 3], [9, 1]])
    assert correlations(asked, measured) == pytest.approx([1.0, -0.8])


def test_where_nothing_varies_there_is_no_correlation() -> None:
    asked = np.array([[1.0, 0.1, 5], [2, 0.1, 6], [3, 0.1, 7]])
    measured = np.array([[1.0, 4, 0.3], [2, 5, 0.3], [4, 9, 0.3]])
    found = correlations(asked, measured)
    assert found[0] == pytest.approx(0.98198, abs=1e-5)  # 3 / sqrt(2 * 14 / 3)
    assert np.isnan(found[1:]).all()
    assert np.isnan(correlations(np.zeros((0, 2)), np.zeros((0, 2)))).all()
    assert np.isnan(correlations(np.ones((1, 1)), np.ones((1, 1)))).all()


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        correlations(np.zeros((2, 3)), np.zeros((3, 2)))


_WHOLE = arrays.arrays(np.float64, (6, 2), elements=st.integers(-9, 9).map(float))


@given(_WHOLE, _WHOLE)
def test_correlations_are_those_of_numpy(asked: np.ndarray, measured: np.ndarray) -> None:
    found = correlations(asked, measured)
    for k in range(2):
        if np.ptp(asked[:, k]) and np.ptp(measured[:, k]):
            assert found[k] == pytest.approx(np.corrcoef(asked[:, k], measured[:, k])[0, 1], abs=1e-9)
        else:
            assert math.isnan(found[k])


def test_notes_in_key_by_hand() -> None:
    # C, F sharp and C again two octaves up, in a tune of C and G; then G in a tune of which nothing else
    # is known, and which does not count.
    tokens = np.stack([row("4/4", {0: 60, 6: 66, 12: REST, 18: 84}), row("4/4", {0: 67})])
    classes = np.zeros((2, 12), np.bool_)
    classes[0, [0, 7]] = True
    assert share_in_key(tokens, classes) == pytest.approx(2 / 3)
    assert math.isnan(share_in_key(tokens[1:], classes[1:]))
    silent = row("4/4", {0: HOLD})[None]
    assert math.isnan(share_in_key(silent, np.ones((1, 12), np.bool_)))


def test_weighted_means_by_hand() -> None:
    assert weighted_mean([1.0, 4.0], np.array([2, 1])) == 2.0
    # What is no number, and what has no weight, does not count.
    assert weighted_mean([1.0, math.nan, 4.0, 99.0], np.array([2, 5, 1, 0])) == 2.0
    assert math.isnan(weighted_mean([math.nan, 1.0], np.array([1, 0])))
    assert math.isnan(weighted_mean([], np.array([])))
