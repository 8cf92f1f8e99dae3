"""How well measures come back: shares of ticks and of whole measures, and the F1 of onsets.

Conventions: measures are tokens `[measures, 24]`; PAD ticks of the true measure do not count. An
onset is found where both measures start the same pitch at the same tick.
"""

from __future__ import annotations

from typing import NamedTuple

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
