"""Use of the latent space and its distance from the prior, by hand."""

import math

import numpy as np
import pytest
from scipy.stats import norm, wasserstein_distance

from arvae_music.evaluation.latent import active_units, divergence, gaussian_distance, marginal_distance


def test_divergence_by_hand() -> None:
    # The prior itself has none; a mean of 1 has 1/2; a deviation of e has (e² - 1) / 2 - 1.
    mean = np.array([[0.0, 1, 0], [0, -1, 0]])
    std = np.array([[1.0, 1, math.e], [1, 1, math.e]])
    assert divergence(mean, std) == pytest.approx([0, 0.5, (math.e**2 - 1) / 2 - 1])
    # Over measures it is the mean: of 0 and 2.
    assert divergence(np.array([[0.0], [2]]), np.ones((2, 1))) == pytest.approx([1])


def test_active_units_by_hand() -> None:
    # Variances 0.04, 0.0025 and 0.
    assert active_units(np.array([[0.2, 0.05, 3], [-0.2, -0.05, 3]])) == 1


QUANTILES = norm.ppf((np.arange(1000) + 0.5) / 1000)


def test_the_prior_moved_is_as_far_away_as_it_was_moved() -> None:
    z = np.stack([QUANTILES, QUANTILES[::-1] + 0.3, 2 * QUANTILES], axis=1)
    # The mean of |z| is sqrt(2 / pi): so far is twice as wide from once.
    assert marginal_distance(z) == pytest.approx([0, 0.3, math.sqrt(2 / math.pi)], abs=2e-3)


def test_marginal_distance_is_that_of_scipy() -> None:
    z = np.random.default_rng(0).exponential(size=500)
    expected = wasserstein_distance(z, norm.ppf((np.arange(500) + 0.5) / 500))
    assert marginal_distance(z[:, None])[0] == pytest.approx(expected)


def test_draws_from_the_prior_are_as_near_as_chance_has_it() -> None:
    found = marginal_distance(np.random.default_rng(0).standard_normal((2500, 40)))
    # For many draws sqrt(2 / pi / n) times the integral of sqrt(F (1 - F)), F of the normal distribution
    # (a Brownian bridge's mean absolute value): 1.29 / sqrt(n).
    x = np.linspace(-9, 9, 20_001)
    whole = (np.sqrt(norm.cdf(x) * norm.sf(x)) * (x[1] - x[0])).sum()
    assert found.mean() == pytest.approx(math.sqrt(2 / math.pi / 2500) * whole, rel=0.1)


# Four points with mean 0 and, over n - 1, covariance I.
CROSS = math.sqrt(1.5) * np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])


def test_gaussian_distance_by_hand() -> None:
    assert gaussian_distance(CROSS) == pytest.approx(0, abs=1e-7)
    assert gaussian_distance(CROSS + np.array([3, 4])) == pytest.approx(5)
    # Twice as wide in two dimensions: (2 - 1)² each.
    assert gaussian_distance(2 * CROSS) == pytest.approx(math.sqrt(2))
    # No spread at all: (0 - 1)² each.
    assert gaussian_distance(0 * CROSS) == pytest.approx(math.sqrt(2))


def test_gaussian_distance_sees_what_hangs_together() -> None:
    # Two dimensions that are one: eigenvalues 2 and 0, though each alone is standard normal.
    z = np.stack([QUANTILES, QUANTILES], axis=1)
    assert marginal_distance(z).max() < 1e-9
    assert gaussian_distance(z) == pytest.approx(math.hypot(math.sqrt(2) - 1, 1), abs=0.01)


def test_one_dimension() -> None:
    assert gaussian_distance(np.array([[3.0], [3.0]])) == pytest.approx(math.hypot(3, 1))


def test_nothing_to_measure() -> None:
    none = np.zeros((0, 3))
    assert np.isnan(divergence(none, none)).all()
    assert np.isnan(marginal_distance(none)).all()
    assert active_units(none) == 0
    assert math.isnan(gaussian_distance(none))
    assert math.isnan(gaussian_distance(np.zeros((1, 3))))
    assert active_units(np.ones((1, 3))) == 0
    assert marginal_distance(np.array([[2.0]])) == pytest.approx([2])  # the median of the prior is 0
