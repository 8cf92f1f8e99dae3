"""The estimator against distributions whose information is known in closed form."""

import math

import numpy as np
import pytest

from arvae_music.evaluation.mutual_information import mutual_information

GENERATOR = np.random.default_rng(1)
X, Y = GENERATOR.standard_normal((2, 4000))


@pytest.mark.parametrize("rho", [0.5, 0.9, 0.99])
def test_normal_variables(rho: float) -> None:
    # Cover & Thomas, "Elements of information theory", example 8.5.1: -log(1 - rho²) / 2.
    z = np.stack([rho * X + math.sqrt(1 - rho**2) * Y, Y], axis=1)
    ((found, _),) = mutual_information(z, X[:, None]).latent
    assert found == pytest.approx(-math.log(1 - rho**2) / 2, abs=0.06)


def test_what_is_independent_has_none_in_common() -> None:
    assert mutual_information(Y[:, None], X[:, None]).latent[0, 0] < 0.03


def test_entropy_of_equal_shares_is_the_logarithm_of_their_number() -> None:
    values = np.stack([np.arange(4000.0) % 2, np.arange(4000.0) % 7], axis=1)
    found = mutual_information(np.zeros((4000, 1)), values)
    assert found.entropy == pytest.approx([math.log(2), math.log(7)], abs=0.03)
    # Remainders modulo 2 and 7 are independent.
    assert found.mutual[0, 1] == pytest.approx(0, abs=0.03)


def test_a_dimension_that_is_the_attribute_has_its_entropy() -> None:
    values = (np.arange(2000.0) % 5)[:, None]
    found = mutual_information(values * 3.0 - 1, values)
    assert found.latent[0, 0] == pytest.approx(math.log(5), abs=0.03)


def test_single_precision_tells_the_same_as_double() -> None:
    values = (np.arange(600.0) % 5)[:, None]
    z = values + 0.01 * X[:600, None]
    single = mutual_information(z.astype(np.float32), values.astype(np.float32))
    double = mutual_information(z, values.astype(np.float64))
    assert single.latent == pytest.approx(double.latent, abs=0.02)
    assert single.entropy == pytest.approx(double.entropy, abs=0.02)


def test_what_is_constant_tells_nothing() -> None:
    z = np.stack([X, np.full(4000, 3.0)], axis=1)
    attributes = np.stack([X, np.full(4000, 2.0)], axis=1)
    found = mutual_information(z, attributes)
    assert found.latent[0, 0] > 1
    assert found.latent[:, 1].tolist() == [0, 0]
    assert found.latent[1].tolist() == [0, 0]
    assert found.mutual[1].tolist() == [0, 0]
    assert found.mutual[0, 1] == 0
    assert found.entropy[1] == 0


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_measures(count: int) -> None:
    found = mutual_information(np.ones((count, 3)), np.ones((count, 2)))
    assert found.latent.shape == (2, 3)
    assert found.mutual.shape == (2, 2)
    assert np.isnan(found.latent).all()
    assert np.isnan(found.mutual).all()


def test_four_measures_are_enough() -> None:
    found = mutual_information(X[:4, None], Y[:4, None])
    assert np.isfinite(found.latent).all()


def test_no_attributes() -> None:
    found = mutual_information(np.ones((9, 3)), np.ones((9, 0)))
    assert found.latent.shape == (0, 3)
    assert found.mutual.shape == (0, 0)


def test_the_same_seed_gives_the_same() -> None:
    values = (np.arange(100.0) % 5)[:, None]
    one, same, other = (mutual_information(X[:100, None], values, seed).latent for seed in (1, 1, 2))
    assert one == same
    assert one == pytest.approx(other, abs=0.05)


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="lengths differ: 4 and 5"):
        mutual_information(np.zeros((4, 1)), np.zeros((5, 1)))
