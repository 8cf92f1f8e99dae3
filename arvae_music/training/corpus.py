"""From a corpus to what a run learns from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict

import numpy as np

from arvae_music.data import Corpus, joined_pairs, summarize
from arvae_music.errors import ArvaeError
from arvae_music.kept import spacious
from arvae_music.meter import GRIDS
from arvae_music.tokens import Tokens
from arvae_music.training.run import TrainingData, TunePair
from arvae_music.training.tasks import Measures
from arvae_music.training.tunes import Tunes, tunes_of

_PAIRS_STEP = 4
"""Every so manieth pair of 6/8 measures stands for a measure of 12/8: enough to learn the meter from."""


def training_data(corpus: Corpus, meters: Collection[str] = ()) -> TrainingData:
    """The training and validation splits; pairs of 6/8 measures joined stand for 12/8 in training.

    Args:
        corpus: with all its splits.
        meters: names of the meters to take; all, if there are none.

    Raises:
        ArvaeError: there is nothing to train on.
    """
    codes = [grid.code for grid in GRIDS if not meters or grid.name in meters]
    train, validation = corpus.select("train"), corpus.select("validation")
    pairs = _rows(joined_pairs(train))
    rows = _stacked([_of(_rows(train), codes), _of(pairs.thinned(_PAIRS_STEP), codes)])
    if len(rows.tokens) < 2:
        of = f" of {', '.join(meters)}" if meters else ""
        raise ArvaeError(
            f"{corpus.name} has {len(rows.tokens)} measures{of} to train on: "
            "name more files, or folders with more" + (", or other meters" if meters else "")
        )
    summary = summarize(corpus.take(np.isin(corpus.meters, codes)))
    card = asdict(corpus.card) | {
        "tunes_by_split": summary.tunes_by_split,
        "measures_by_split": {row.meter: row.measures for row in summary.meters},
    }
    return TrainingData(
        rows,
        _of(_rows(validation), codes),
        corpus.name,
        corpus.hash,
        card,
        TunePair(_tunes(train, codes), _tunes(validation, codes)),
    )


def _rows(corpus: Corpus) -> Measures:
    return Measures(corpus.tokens, corpus.meters, corpus.previous)


def _of(rows: Measures, codes: Collection[int]) -> Measures:
    """The rows of some meters."""
    return rows.taken(np.isin(rows.meters, list(codes)))


def _tunes(corpus: Corpus, codes: Collection[int]) -> Tunes:
    """The tunes, with their measures of some meters."""
    tunes = tunes_of(corpus)
    here = np.isin(tunes.meters, list(codes))
    return tunes._replace(
        tokens=_apart(tunes.tokens[here]),
        meters=tunes.meters[here],
        tune=tunes.tune[here],
        modes=tunes.modes[here],
    )


def _stacked(parts: list[Measures]) -> Measures:
    rows = Measures(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
    return rows._replace(tokens=_apart(rows.tokens))


def _apart(tokens: Tokens) -> Tokens:
    """The same tokens, in a file where they are many."""
    return spacious(tokens.shape, tokens.dtype, lambda: [tokens])
