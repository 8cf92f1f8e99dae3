"""The swap of regularized dimensions between measures: does the decoder listen to them?

Each held-out measure is given the regularized dimensions of another measure of its meter, all four
jointly or one alone, and the most probable token of every tick is taken. What the other measure has
and what was decoded should agree. No constraint helps here: this measures the model, not the edit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from arvae_music.data import Corpus
from arvae_music.evaluation import correlations, reconstruction_scores, weighted_mean
from arvae_music.meter import GRID_BY_NAME, GRIDS
from arvae_music.tokens import Tokens
from arvae_music.training.checkpoint import Checkpoint
from arvae_music.training.tasks import Measures, attribute_values, decode_means, encode_means


@dataclass(frozen=True)
class SwapScores:
    """How far the decoder follows regularized dimensions of other measures.

    Attributes:
        count: measures.
        joint: by attribute name, the correlation (Pearson) of the other measure's value with the
            decoded one, where all regularized dimensions are swapped.
        alone: the same where that attribute's dimension alone is swapped.
        ticks: share of the ticks that come back from the unmoved z.
    """

    count: int
    joint: dict[str, float]
    alone: dict[str, float]
    ticks: float


def swap_by_meter(checkpoint: Checkpoint, corpus: Corpus, split: str, *, seed: int) -> dict[str, SwapScores]:
    """Swap scores by meter name, and under `all` their mean weighted by measures (of ticks by ticks).

    Args:
        checkpoint: the model.
        corpus: the corpus with all its splits.
        split: where the measures are taken from: all that the model can read.
        seed: of the pairs of measures.

    Returns:
        No scores for meters with fewer than two measures; nothing where there is no other meter.
    """
    part = corpus.select(split)
    vocabulary = checkpoint.vocabulary
    generator = np.random.default_rng(seed)
    fits = vocabulary.fits(part.tokens)
    found = {}
    for grid in GRIDS:
        here = fits & (part.meters == grid.code)
        if grid.name in checkpoint.calibration.lines and here.sum() > 1:
            rows = Measures(part.tokens[here], part.meters[here], part.previous[here])
            found[grid.name] = swap(checkpoint, rows, partners(len(rows.tokens), generator))
    return {"all": _mean(found), **found} if found else {}


def partners(count: int, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Another one for each of `count` measures, at random; each is taken once, and none is its own."""
    circle = generator.permutation(count)
    out = np.empty(count, np.int64)
    out[circle] = np.roll(circle, 1)
    return out


def swap(checkpoint: Checkpoint, rows: Measures, others: npt.NDArray[np.int64]) -> SwapScores:
    """Swap scores of measures of one meter.

    Args:
        checkpoint: the model.
        rows: the measures.
        others: for each, the measure that it gets regularized dimensions from, `[rows]`.
    """
    settings = checkpoint.settings
    vocabulary = checkpoint.vocabulary
    names = settings.attributes
    z = encode_means(checkpoint.vae, rows, vocabulary)
    wanted = attribute_values(rows, names)[others]

    def decoded(dimensions: Sequence[int]) -> Tokens:
        moved = z.copy()
        moved[:, dimensions] = z[others][:, dimensions]
        return decode_means(checkpoint.vae, moved, rows.meters, vocabulary)

    def followed(dimensions: Sequence[int]) -> npt.NDArray[np.float64]:
        got = attribute_values(rows._replace(tokens=decoded(dimensions)), names)
        return correlations(wanted, got)

    every = list(range(len(names)))
    alone = [followed([k])[k] for k in every]
    return SwapScores(
        count=len(z),
        joint=dict(zip(names, followed(every).tolist(), strict=True)),
        alone=dict(zip(names, map(float, alone), strict=True)),
        ticks=reconstruction_scores(rows.tokens, decoded([])).ticks,
    )


def _mean(scores: Mapping[str, SwapScores]) -> SwapScores:
    """The mean over meters weighted by measures, of ticks by ticks. What is nan in a meter does not count."""
    each = list(scores.values())
    counts = np.array([score.count for score in each])
    ticks = counts * [GRID_BY_NAME[meter].ticks for meter in scores]

    def means(figures: Sequence[dict[str, float]]) -> dict[str, float]:
        return {name: weighted_mean([some[name] for some in figures], counts) for name in figures[0]}

    return SwapScores(
        count=int(counts.sum()),
        joint=means([score.joint for score in each]),
        alone=means([score.alone for score in each]),
        ticks=weighted_mean([score.ticks for score in each], ticks),
    )
