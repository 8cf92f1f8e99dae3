"""Tokens as the model numbers them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from arvae_music.tokens import HOLD, PAD, REST, Tokens

PAD_ID, HOLD_ID, REST_ID = 0, 1, 2
PITCH_ID = 3
"""Id of the lowest pitch; the others follow in order."""


@dataclass(frozen=True)
class Vocabulary:
    """PAD, HOLD, REST and the pitches from `lowest` to `highest` (MIDI numbers, both included)."""

    lowest: int = 48
    highest: int = 95

    @property
    def span(self) -> int:
        """Semitones from the lowest pitch to the highest."""
        return self.highest - self.lowest

    def __len__(self) -> int:
        return PITCH_ID + self.span + 1

    def fits(self, tokens: Tokens) -> npt.NDArray[np.bool_]:
        """Whether every pitch of each measure is in the vocabulary, `[..., 24]` -> `[...]`."""
        inside = (tokens < 0) | ((tokens >= self.lowest) & (tokens <= self.highest))
        return np.asarray(inside.all(axis=-1))

    def ids(self, tokens: Tokens) -> npt.NDArray[np.int64]:
        """Ids of tokens, of any shape.

        Raises:
            ValueError: a pitch is outside the vocabulary.
        """
        if not self.fits(tokens).all():
            raise ValueError(f"a pitch lies outside {self.lowest} to {self.highest}")
        ids = tokens.astype(np.int64) - self.lowest + PITCH_ID
        for token, number in ((PAD, PAD_ID), (HOLD, HOLD_ID), (REST, REST_ID)):
            ids[tokens == token] = number
        return ids

    def tokens(self, ids: npt.NDArray[np.integer]) -> Tokens:
        """Tokens of ids, of any shape."""
        tokens = (ids - PITCH_ID + self.lowest).astype(np.int16)
        for token, number in ((PAD, PAD_ID), (HOLD, HOLD_ID), (REST, REST_ID)):
            tokens[ids == number] = token
        return tokens
