"""Distances of two samples, by hand."""

import numpy as np
import pytest

from arvae_music.evaluation.two_samples import sample_distances


def test_by_hand() -> None:
    sample = np.array([[0.0, 1], [0, 3]])
    corpus = np.array([[0.0, 1], [2, 3], [0, 1], [2, 3]])
    found = sample_distances(sample, corpus)
    # First: half of the mass moves by 2 where the deviation is 1; at 0 the shares differ by a half.
    assert found.wasserstein == pytest.approx([1, 0])
    assert found.ks == pytest.approx([0.5, 0])


def test_the_unit_is_the_deviation_of_the_corpus() -> None:
    corpus = np.array([[-2.0], [2]])
    assert sample_distances(corpus + 3, corpus).wasserstein == pytest.approx([1.5])
    assert sample_distances(corpus + 4, corpus).ks == pytest.approx([0.5])  # 2 and 6 against -2 and 2
    assert sample_distances(corpus + 5, corpus).ks == pytest.approx([1])


def test_a_corpus_of_one_value_has_its_own_unit() -> None:
    found = sample_distances(np.array([[5.0]]), np.array([[3.0], [3]]))
    assert (found.wasserstein.tolist(), found.ks.tolist()) == ([2], [1])


@pytest.mark.parametrize("empty", [0, 1])
def test_nothing_to_compare(empty: int) -> None:
    sets = [np.ones((3, 2)), np.ones((3, 2))]
    sets[empty] = np.ones((0, 2))
    assert np.isnan(sample_distances(*sets)).all()


def test_numbers_of_attributes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="attributes differ: 2 and 1"):
        sample_distances(np.ones((3, 2)), np.ones((3, 1)))
