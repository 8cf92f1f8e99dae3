"""Token ids: PAD 0, HOLD 1, REST 2, then the pitches in order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arvae_music.model import Vocabulary
from tests.music import HOLD, PAD, REST


def test_ids_by_hand() -> None:
    vocabulary = Vocabulary(48, 95)
    assert len(vocabulary) == 51
    assert vocabulary.span == 47
    tokens = np.array([[48, HOLD, REST, 60], [95, HOLD, PAD, PAD]], np.int16)
    ids = vocabulary.ids(tokens)
    assert ids.tolist() == [[3, 1, 2, 15], [50, 1, 0, 0]]  # 3 + 60 - 48, 3 + 95 - 48
    assert ids.dtype == np.int64
    assert vocabulary.tokens(ids).dtype == np.int16


@given(st.data(), st.integers(0, 126))
def test_there_and_back(data: st.DataObject, lowest: int) -> None:
    highest = data.draw(st.integers(lowest + 1, 127))
    token = st.sampled_from((PAD, HOLD, REST)) | st.integers(lowest, highest)
    tokens = np.array(data.draw(st.lists(token, min_size=24, max_size=24)), np.int16)
    vocabulary = Vocabulary(lowest, highest)
    ids = vocabulary.ids(tokens)
    assert ((ids >= 0) & (ids < len(vocabulary))).all()
    assert (vocabulary.tokens(ids) == tokens).all()


@pytest.mark.parametrize("pitch", [0, 47, 96, 127])
def test_a_pitch_outside_is_refused(pitch: int) -> None:
    vocabulary = Vocabulary(48, 95)
    tokens = np.full((2, 24), HOLD, np.int16)
    tokens[:, 0] = (48, 95)
    assert vocabulary.fits(tokens).tolist() == [True, True]
    tokens[1, 7] = pitch
    assert vocabulary.fits(tokens).tolist() == [True, False]
    with pytest.raises(ValueError, match="48 to 95"):
        vocabulary.ids(tokens)
