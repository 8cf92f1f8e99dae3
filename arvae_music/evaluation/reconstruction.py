"""How well measures come back: shares of ticks and of whole measures, the F1 of onsets, and likelihood.

Conventions: measures are tokens `[measures, 24]`; PAD ticks of the true measure do not count. An
onset is found where both measures start the same pitch at the same tick.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from arvae_music.tokens import PAD, Tokens


class ReconstructionScores(NamedTuple):
    """Shares from 0 to 1; nan where there is nothing to count."""

    ticks: float
    measures: float
    onset_f1: float


def reconstruction_scores(true: Tokens, decoded: Tokens) -> ReconstructionScores:
    """Compare decoded measures with the true ones, both `[measures, 24]`.

    Raises:
        ValueError: the shapes differ.
    """
    if true.shape != decoded.shape:
        raise ValueError(f"shapes differ: {true.shape} and {decoded.shape}")
    if not true.size:
        return ReconstructionScores(float("nan"), float("nan"), float("nan"))
    own = true != PAD
    same = true == decoded
    hits = int((same & (true >= 0)).sum())
    notes = int((true >= 0).sum()) + int(((decoded >= 0) & own).sum())
    return ReconstructionScores(
        ticks=float(same[own].mean()),
        measures=float((same | ~own).all(axis=1).mean()),
        onset_f1=2 * hits / notes if notes else float("nan"),
    )


class NegativeLogLikelihood(NamedTuple):
    """Means in nats; nan where there is nothing to count."""

    nats_per_tick: float
    nats_per_measure: float


def negative_log_likelihood(
    true: Tokens, log_probabilities: npt.NDArray[np.floating]
) -> NegativeLogLikelihood:
    """How surprising the true measures are to a decoder.

    Args:
        true: the measures, `[measures, 24]`; PAD ticks, which are certain, do not count.
        log_probabilities: of each of these tokens, natural logarithm, `[measures, 24]`.

    Raises:
        ValueError: the shapes differ.
    """
    if true.shape != log_probabilities.shape:
        raise ValueError(f"shapes differ: {true.shape} and {log_probabilities.shape}")
    own = true != PAD
    if not own.any():
        return NegativeLogLikelihood(float("nan"), float("nan"))
    nats = -float(log_probabilities[own].astype(np.float64).sum())
    return NegativeLogLikelihood(nats / int(own.sum()), nats / len(true))
