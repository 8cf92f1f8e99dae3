"""From a corpus to what a run learns from."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from arvae_music.data import Corpus, joined_pairs, summarize
from arvae_music.errors import ArvaeError
from arvae_music.training.run import TrainingData, TunePair
from arvae_music.training.tasks import Measures
from arvae_music.training.tunes import tunes_of

_PAIRS_STEP = 4
"""Every so manieth pair of 6/8 measures stands for a measure of 12/8: enough to learn the meter from."""


def training_data(corpus: Corpus) -> TrainingData:
    """The training and validation splits; pairs of 6/8 measures joined stand for 12/8 in training.

    Raises:
        ArvaeError: there is nothing to train on.
    """
    train, validation = corpus.select("train"), corpus.select("validation")
    if len(train) < 2:
        raise ArvaeError(
            f"{corpus.name} has {len(train)} measures to train on: name more files, or folders with more"
        )
    pairs = _rows(joined_pairs(train))
    rows = [_rows(train), pairs.thinned(_PAIRS_STEP)]
    summary = summarize(corpus)
    card = asdict(corpus.card) | {
        "tunes_by_split": summary.tunes_by_split,
        "measures_by_split": {row.meter: row.measures for row in summary.meters},
    }
    return TrainingData(
        _stacked(rows),
        _rows(validation),
        corpus.name,
        corpus.hash,
        card,
        TunePair(tunes_of(train), tunes_of(validation)),
    )


def _rows(corpus: Corpus) -> Measures:
    return Measures(corpus.tokens, corpus.meters, corpus.previous)


def _stacked(parts: list[Measures]) -> Measures:
    return Measures(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
