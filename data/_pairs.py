"""Measures of 12/8 made of pairs of 6/8, which is all that the corpora have of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from arvae_music.data._corpus import Corpus

from arvae_music.meter import GRID_BY_NAME
from arvae_music.tokens import HOLD, REST, sounding_after


def joined_pairs(corpus: Corpus) -> Corpus:
    """Every two 6/8 measures of one tune whose bars follow each other, as one measure of 12/8.

    A tie between the two stays one; silence that goes on is written as HOLD, so that the tokens are
    canonical. Pairs in which only one side knows of a tie are left out.
    """
    six, twelve = GRID_BY_NAME["6/8"], GRID_BY_NAME["12/8"]
    first, second = np.arange(len(corpus) - 1), np.arange(1, len(corpus))
    follows = (
        (corpus.tune[first] == corpus.tune[second])
        & (corpus.bar[first] + 1 == corpus.bar[second])
        & (corpus.meters[first] == six.code)
        & (corpus.meters[second] == six.code)
        & (corpus.tie_out[first] == corpus.tie_in[second])
    )
    first, second = first[follows], second[follows]
    left, right = corpus.tokens[first], corpus.tokens[second][:, : six.ticks].copy()
    silent = ~sounding_after(left)[:, six.ticks - 1]
    right[silent & (right[:, 0] == REST), 0] = HOLD
    joined = corpus.take(first)
    return replace(
        joined,
        tokens=np.concatenate([left[:, : six.ticks], right], axis=1).astype(np.int16),
        meters=np.full(len(first), twelve.code, np.uint8),
        tie_out=corpus.tie_out[second],
    )
