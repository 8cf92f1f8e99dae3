"""Metrics of disentanglement by hand, at their limits, and beside other people's implementations."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.linear_model import LinearRegression

from arvae_music.evaluation import disentanglement as of
from arvae_music.evaluation.mutual_information import MutualInformation, mutual_information


def informed(latent: list[list[float]], mutual: list[list[float]]) -> MutualInformation:
    return MutualInformation(np.array(latent), np.array(mutual))


def test_the_gap_by_hand() -> None:
    information = informed([[0.6, 0.1, 0.2], [0.05, 0.3, 0.3]], [[0.8, 0.2], [0.2, 0.4]])
    # (0.6 - 0.2) / 0.8; two dimensions that tell the same leave no gap.
    assert of.mutual_information_gap(information) == pytest.approx([0.5, 0])


def test_the_gap_takes_the_best_dimension_whichever_it_is() -> None:
    information = informed([[0.1, 0.2, 0.7]], [[1.0]])
    assert of.mutual_information_gap(information) == pytest.approx([0.5])
    # The dependency-aware gap takes the attribute's own: 0.1 - 0.7.
    assert of.dependency_aware_gap(information) == pytest.approx([-0.6])


def test_the_dependency_aware_gap_by_hand() -> None:
    information = informed([[0.6, 0.4, 0.2], [0.1, 0.3, 0.25]], [[0.8, 0.2], [0.2, 0.4]])
    # Next to the first attribute's own dimension comes the second's: (0.6 - 0.4) / (0.8 - 0.2). Next to the
    # second's own comes one that is nobody's: (0.3 - 0.25) / 0.4.
    assert of.dependency_aware_gap(information) == pytest.approx([1 / 3, 1 / 8])


def test_an_attribute_that_another_decides_has_no_dependency_aware_gap() -> None:
    information = informed([[0.6, 0.4], [0.1, 0.3]], [[0.6, 0.6], [0.6, 0.9]])
    found = of.dependency_aware_gap(information)
    assert math.isnan(found[0])
    assert found[1] == pytest.approx(0.2 / 0.3)


def test_modularity_by_hand() -> None:
    information = informed([[0.6, 0.4, 0.0, 0.5], [0.3, 0.4, 0.0, 0.0]], [[1, 0], [0, 1]])
    # 1 - (0.3 / 0.6)²; both alike; nothing at all; one alone.
    assert of.modularity(information) == pytest.approx([0.75, 0, 0, 1])
    # Of three attributes: 1 - (0.25 + 0.0625) / 2.
    assert of.modularity(informed([[2], [1], [0.5]], [[1] * 3] * 3)) == pytest.approx([0.84375])


# Centred, (-1.5, -0.5, 0.5, 1.5) and (-1.5, 0.5, -0.5, 1.5): r = (2.25 - 0.25 - 0.25 + 2.25) / 5 = 0.8.
Z = np.array([[1.0, 1], [2, -1], [3, -1], [4, 1]])
A = np.array([[1.0], [3], [2], [4]])


def test_predictability_by_hand() -> None:
    assert of.squared_correlations(Z, A) == pytest.approx(np.array([[0.64, 0]]))
    assert of.separated_predictability(Z, A) == pytest.approx([0.64])
    assert of.separated_predictability(Z[:, :1], A) == pytest.approx([0.64])


def test_interpretability_is_that_of_the_most_informative_dimension() -> None:
    for latent, expected in (([[0.5, 0.2]], 0.64), ([[0.2, 0.5]], 0)):
        found = of.interpretability(Z, A, informed(latent, [[1]]))
        assert found == pytest.approx([expected], abs=1e-12)


def test_a_constant_attribute_is_not_defined_and_a_constant_dimension_worth_nothing() -> None:
    z = np.stack([np.arange(20.0), np.full(20, 7.0)], axis=1)
    attributes = np.stack([np.arange(20.0), np.full(20, 5.0)], axis=1)
    information = mutual_information(z, attributes)
    for found in (
        of.interpretability(z, attributes, information),
        of.mutual_information_gap(information),
        of.dependency_aware_gap(information),
        of.separated_predictability(z, attributes),
    ):
        assert found[0] == pytest.approx(1)
        assert math.isnan(found[1])
    assert of.modularity(information) == pytest.approx([1, 0])


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_measures_are_not_defined(count: int) -> None:
    z, attributes = np.ones((count, 3)), np.ones((count, 2))
    information = mutual_information(z, attributes)
    for found in (
        of.interpretability(z, attributes, information),
        of.mutual_information_gap(information),
        of.dependency_aware_gap(information),
        of.separated_predictability(z, attributes),
    ):
        assert found.shape == (2,)
        assert np.isnan(found).all()
    assert np.isnan(of.modularity(information)).all()


def test_one_dimension_and_one_attribute() -> None:
    information = informed([[0.6]], [[0.8]])
    assert of.mutual_information_gap(information) == pytest.approx([0.75])
    assert of.dependency_aware_gap(information) == pytest.approx([0.75])
    assert of.modularity(information) == pytest.approx([1])


# What latte (github.com/karnwatcharasupat/latte,
# functional/disentanglement, random state 42) and disentanglement_lib (modularity, SAP for continuous
# factors) give for these latents and attributes, with scikit-learn 1.9.1.
N = np.arange(120)
ATTRIBUTES = np.stack([N % 7, N % 7 + (N * 11) % 5, (N * N) % 13], axis=1).astype(np.float64)
LATENTS = np.stack(
    [
        ATTRIBUTES[:, 0] + np.sin(N),
        ATTRIBUTES[:, 1] + 2 * np.sin(3 * N),
        ATTRIBUTES[:, 2] + np.cos(2 * N),
        ATTRIBUTES[:, 0] + 9 * np.cos(5 * N),
        np.sin(N * N),
    ],
    axis=1,
)
MIG = [0.4100376627, 0.3250782512, 0.7889300625]
DMIG = [0.4100376627, 0.4106422644, 0.7889300625]
MODULARITY = [0.9804648601, 0.9795104580, 0.9982830214, 0.9973046098, 1.0000000000]
SAP = [0.3856856728, 0.1556374803, 0.9722728783]


def test_other_implementations_agree() -> None:
    information = mutual_information(LATENTS, ATTRIBUTES, 42)
    assert of.mutual_information_gap(information) == pytest.approx(MIG, abs=1e-6)
    assert of.dependency_aware_gap(information) == pytest.approx(DMIG, abs=1e-6)
    assert of.modularity(information) == pytest.approx(MODULARITY, abs=1e-6)
    assert of.separated_predictability(LATENTS, ATTRIBUTES) == pytest.approx(SAP, abs=1e-9)


def test_interpretability_is_the_score_of_a_linear_regression() -> None:
    found = of.interpretability(LATENTS, ATTRIBUTES, mutual_information(LATENTS, ATTRIBUTES))
    for k in range(3):
        column = LATENTS[:, [k]]
        score = LinearRegression().fit(column, ATTRIBUTES[:, k]).score(column, ATTRIBUTES[:, k])
        assert found[k] == pytest.approx(score, abs=1e-9)


WHOLE = arrays(np.float64, (12, 2), elements=st.integers(-4, 4).map(float))


@given(WHOLE, WHOLE)
def test_what_is_defined_is_a_share(z: np.ndarray, attributes: np.ndarray) -> None:
    information = mutual_information(z, attributes)
    for found in (
        of.interpretability(z, attributes, information),
        of.separated_predictability(z, attributes),
        of.modularity(information),
    ):
        assert ((found >= 0) & (found <= 1) | np.isnan(found)).all()
    constant = np.ptp(attributes, axis=0) == 0
    assert (np.isnan(of.separated_predictability(z, attributes)) == constant).all()
    assert not np.isnan(of.modularity(information)).any()
