"""The normal term: the transform beside scipy's, and the distance by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from arvae_music.objective import normality
from arvae_music.objective.normality import best_power, box_cox, made_normal


def test_the_distance_by_hand() -> None:
    z = torch.tensor([[0.0, 1.0], [2.0, -1.0]])
    wanted = torch.tensor([[0.5, 1.0], [0.0, -4.0]])
    # First attribute: (0.5 + 2) / 2. Second: (0 + 3) / 2.
    assert float(normality(z, wanted)) == pytest.approx(1.25 + 1.5)
    assert float(normality(wanted, wanted)) == 0


def test_box_cox_by_hand() -> None:
    values = np.array([1.0, 4.0, 9.0])
    assert box_cox(values, 0.5) == pytest.approx([0, 2, 4])  # 2 (sqrt(x) - 1)
    assert box_cox(values, 1.0) == pytest.approx([0, 3, 8])
    assert box_cox(values, -1.0) == pytest.approx([0, 3 / 4, 8 / 9])
    assert box_cox(values, 0.0) == pytest.approx(np.log(values))


@pytest.mark.parametrize("seed", range(6))
def test_the_power_is_that_of_scipy(seed: int) -> None:
    generator = np.random.default_rng(seed)
    drawn = (generator.gamma(1 + seed, 1.0, 400), generator.binomial(12, 0.3, 400))[seed % 2]
    values = 1 + drawn.astype(np.float64)
    powered, power = stats.boxcox(values)
    assert best_power(values) == pytest.approx(power, abs=0.006)  # in hundredths
    assert box_cox(values, power) == pytest.approx(powered)


def test_a_skewed_attribute_becomes_normal() -> None:
    values = np.exp(0.4 * np.random.default_rng(0).normal(size=(4000, 1)))
    normal = made_normal(values, np.zeros(4000, int))[:, 0]
    assert stats.skew(values[:, 0]) > 1
    assert abs(stats.skew(normal)) < 0.1
    assert normal.mean() == pytest.approx(0, abs=1e-4)
    assert normal.std() == pytest.approx(1, abs=1e-4)


def test_each_meter_has_a_transform_of_its_own_and_no_spread_is_zero() -> None:
    generator = np.random.default_rng(1)
    values = np.stack([generator.exponential(1, 60), np.full(60, 3.0)], axis=1)
    groups = np.repeat([0, 4], 30)
    values[30:] += 100
    normal = made_normal(values, groups)
    assert normal.dtype == np.float32
    assert (normal[:, 1] == 0).all()
    for part in (normal[:30], normal[30:]):
        assert part[:, 0].mean() == pytest.approx(0, abs=1e-5)
        assert part[:, 0].std() == pytest.approx(1, abs=1e-5)
    assert normal[:30] == pytest.approx(made_normal(values[:30], groups[:30]))
    assert made_normal(values[:, :0], groups).shape == (60, 0)


@given(st.lists(st.integers(-30, 30), min_size=2, max_size=60))
def test_order_is_kept(numbers: list[int]) -> None:
    values = np.array(numbers, float)[:, None]
    normal = made_normal(values, np.zeros(len(numbers), int))[:, 0]
    order = np.argsort(values[:, 0], kind="stable")
    steps, moved = np.diff(values[order, 0]), np.diff(normal[order])
    assert (moved[steps == 0] == 0).all()
    assert (moved[steps > 0] > 0).all()


@given(st.floats(0.01, 100), st.floats(-50, 50))
def test_the_unit_of_an_attribute_does_not_matter(unit: float, origin: float) -> None:
    values = np.random.default_rng(2).gamma(2.0, 1.0, (50, 1))
    groups = np.zeros(50, int)
    assert made_normal(unit * values + origin, groups) == pytest.approx(made_normal(values, groups), abs=0.02)
