"""Spearman's correlation and its ceiling, by hand and beside SciPy's."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

from arvae_music.evaluation.rank_order import spearman, spearman_ceiling


def test_order_kept_and_turned_round() -> None:
    z = np.array([[1.0, 9], [4, 4], [90, 1]])
    assert spearman(z, np.array([[3.0], [5], [7]])) == pytest.approx(np.array([[1.0, 1.0]]))


def test_ties_by_hand() -> None:
    # Ranks 1.5, 1.5, 3, 4 of the attribute against 1 to 4: centred, 1.5 + 0.5 + 0.25 + 2.25 = 4.5 over
    # sqrt(5 * 4.5), which is sqrt(0.9). The ceiling: one pair, (8 - 2) / (64 - 4) = 0.1, and sqrt(1 - 0.1).
    attribute = np.array([[1.0], [1], [2], [3]])
    assert spearman(np.arange(4.0)[:, None], attribute) == pytest.approx(np.array([[math.sqrt(0.9)]]))
    assert spearman_ceiling(attribute) == pytest.approx([math.sqrt(0.9)])


def test_without_ties_the_ceiling_is_one() -> None:
    assert spearman_ceiling(np.array([[3.0], [1], [2]])) == [1]


def test_two_values_by_hand() -> None:
    # Two groups of three among six: 2 * 24 / 210, and the root of the rest.
    assert spearman_ceiling(np.repeat([1.0, 2], 3)[:, None]) == pytest.approx([math.sqrt(1 - 48 / 210)])


def test_constants() -> None:
    z = np.stack([np.arange(5.0), np.zeros(5)], axis=1)
    attributes = np.stack([np.arange(5.0), np.ones(5)], axis=1)
    (varied, constant) = spearman(z, attributes)
    assert varied == pytest.approx([1, 0])
    assert np.isnan(constant).all()
    assert math.isnan(spearman_ceiling(attributes)[1])


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_measures_are_not_defined(count: int) -> None:
    assert np.isnan(spearman(np.ones((count, 3)), np.ones((count, 2)))).all()
    assert np.isnan(spearman_ceiling(np.ones((count, 2)))).all()


WHOLE = arrays(np.float64, (15, 1), elements=st.integers(-5, 5).map(float))


@given(WHOLE, WHOLE)
def test_as_scipy_has_it(z: np.ndarray, attributes: np.ndarray) -> None:
    if np.ptp(z) and np.ptp(attributes):
        expected = abs(spearmanr(z[:, 0], attributes[:, 0]).statistic)
        assert spearman(z, attributes)[0, 0] == pytest.approx(expected, abs=1e-9)


@given(WHOLE, st.permutations(range(15)))
def test_no_order_of_equal_values_passes_the_ceiling(attributes: np.ndarray, order: list[int]) -> None:
    ceiling = spearman_ceiling(attributes)[0]
    if np.ptp(attributes):
        best = attributes + 0.01 * np.array(order)[:, None]
        assert spearman(best, attributes)[0, 0] == pytest.approx(ceiling, abs=1e-9)
        anything = np.array(order, np.float64)[:, None]
        assert spearman(anything, attributes)[0, 0] <= ceiling + 1e-9
