"""Held-out measures to edit, of one meter: they occur nowhere in training; with what is around them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from arvae_music.data import Corpus
from arvae_music.measures import Measure
from arvae_music.meter import GRID_BY_NAME, GRIDS
from arvae_music.tokens import Tokens, sounding_after


class Sample(NamedTuple):
    """Held-out measures to edit, each with what stands around it.

    Attributes:
        rows: the measures.
        following: the measure after each in its tune, or None.
        pitches: the pitches of each one's tune.
        elsewhere: pitch classes of the other measures of each one's tune, `[measures, 12]`.
        previous: the pitch before each, -1 for none, `[measures]`.
        tokens: `[measures, 24]`.
        meters: meter codes, `[measures]`.
    """

    rows: tuple[Measure, ...]
    following: tuple[Measure | None, ...]
    pitches: tuple[frozenset[int], ...]
    elsewhere: npt.NDArray[np.bool_]
    previous: npt.NDArray[np.int64]
    tokens: Tokens
    meters: npt.NDArray[np.int64]


def draw_sample(corpus: Corpus, split: str, meter: str, size: int, *, seed: int) -> Sample:
    """Measures of one meter from held-out tunes that occur nowhere in the training split.

    Only measures with a note are drawn; fewer than `size` where there are not as many.
    """
    code = GRID_BY_NAME[meter].code
    held_out, train = corpus.select(split), corpus.select("train")
    known = {row.tobytes() for row in train.tokens[train.meters == code]}
    here = np.flatnonzero((held_out.meters == code) & (held_out.tokens >= 0).any(axis=1))
    fresh = np.array([i for i in here if held_out.tokens[i].tobytes() not in known], np.int64)
    generator = np.random.default_rng(seed)
    chosen = np.sort(generator.permutation(fresh)[:size])
    tune_pitches = _pitches_by_tune(held_out, {int(held_out.tune[i]) for i in chosen})
    return Sample(
        rows=tuple(_measure(held_out, int(i)) for i in chosen),
        following=tuple(_next(held_out, int(i)) for i in chosen),
        pitches=tuple(tune_pitches[int(held_out.tune[i])] for i in chosen),
        elsewhere=np.array([_classes_elsewhere(held_out, int(i)) for i in chosen], np.bool_).reshape(-1, 12),
        previous=held_out.previous[chosen].astype(np.int64),
        tokens=held_out.tokens[chosen],
        meters=held_out.meters[chosen].astype(np.int64),
    )


def _pitches_by_tune(corpus: Corpus, tunes: set[int]) -> dict[int, frozenset[int]]:
    out = {}
    for tune in tunes:
        tokens = corpus.tokens[corpus.tune == tune]
        out[tune] = frozenset(int(pitch) for pitch in np.unique(tokens[tokens >= 0]))
    return out


def _measure(corpus: Corpus, i: int) -> Measure:
    tokens = corpus.tokens[i]
    grid = GRIDS[int(corpus.meters[i])]
    started = tokens[tokens >= 0]
    tied = int(corpus.previous[i]) if corpus.tie_in[i] and corpus.previous[i] >= 0 else None
    sounds = bool(sounding_after(tokens[None])[0, -1])
    last = int(started[-1]) if len(started) else tied
    number = int(corpus.bar[i])
    return Measure(
        bars=(0,),
        index=number,
        joined=None,
        meter=grid.name,
        grid=grid,
        tokens=tokens,
        tie_in=tied,
        tie_out=last if corpus.tie_out[i] and sounds else None,
    )


def _next(corpus: Corpus, i: int) -> Measure | None:
    follows = (
        i + 1 < len(corpus)
        and corpus.tune[i + 1] == corpus.tune[i]
        and corpus.bar[i + 1] == corpus.bar[i] + 1
    )
    return _measure(corpus, i + 1) if follows else None


def _classes_elsewhere(corpus: Corpus, i: int) -> npt.NDArray[np.bool_]:
    others = corpus.tune == corpus.tune[i]
    others[i] = False
    tokens = corpus.tokens[others]
    return np.bincount(tokens[tokens >= 0] % 12, minlength=12) > 0
