"""Tokens as the model numbers them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arvae_music.model import Vocabulary
from arvae_music.tokens import HOLD, PAD, REST


def test_ids_by_hand() -> None:
    vocabulary = Vocabulary()
    assert (len(vocabulary), vocabulary.span) == (51, 47)
    tokens = np.array([PAD, HOLD, REST, 48, 60, 95], np.int16)
    assert vocabulary.ids(tokens).tolist() == [0, 1, 2, 3, 15, 50]
    assert Vocabulary(60, 61).ids(np.array([60, 61, REST], np.int16)).tolist() == [3, 4, 2]


@given(st.lists(st.sampled_from([PAD, HOLD, REST]) | st.integers(48, 95), min_size=1, max_size=48))
def test_ids_and_back(tokens: list[int]) -> None:
    vocabulary = Vocabulary()
    array = np.array(tokens, np.int16)
    back = vocabulary.tokens(vocabulary.ids(array))
    assert back.tolist() == tokens
    assert back.dtype == np.int16
    square = np.stack([array, array])
    np.testing.assert_array_equal(vocabulary.tokens(vocabulary.ids(square)), square)


@pytest.mark.parametrize("pitch", [0, 47, 96, 127])
def test_a_pitch_outside(pitch: int) -> None:
    vocabulary = Vocabulary()
    tokens = np.array([[60, HOLD], [pitch, HOLD], [REST, PAD]], np.int16)
    assert vocabulary.fits(tokens).tolist() == [True, False, True]
    with pytest.raises(ValueError, match="48 to 95"):
        vocabulary.ids(tokens)
