"""Figures of control: do decoded measures have what was asked for, and do their notes fit their tune?

Conventions: measures are tokens `[measures, 24]`; attribute values are `[measures, attributes]`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from arvae_music.tokens import Tokens

_Floats = npt.NDArray[np.floating]


def correlations(asked: _Floats, measured: _Floats) -> npt.NDArray[np.float64]:
    """Pearson's correlation of the values that were asked for with the measured ones, `[attributes]`.

    Args:
        asked: `[measures, attributes]`.
        measured: `[measures, attributes]`.

    Returns:
        nan for an attribute of which either side has but one value, or none.

    Raises:
        ValueError: the shapes differ.
    """
    if asked.shape != measured.shape:
        raise ValueError(f"shapes differ: {asked.shape} and {measured.shape}")
    if not len(asked):
        return np.full(asked.shape[1], np.nan)
    varies = (np.ptp(asked, axis=0) > 0) & (np.ptp(measured, axis=0) > 0)
    x, y = (
        values - values.mean(axis=0) for values in (asked.astype(np.float64), measured.astype(np.float64))
    )
    norm = np.sqrt((x**2).sum(axis=0) * (y**2).sum(axis=0))
    return np.asarray(np.where(varies, (x * y).sum(axis=0) / np.where(varies, norm, 1.0), np.nan))


def share_in_key(tokens: Tokens, classes: npt.NDArray[np.bool_]) -> float:
    """Share of the notes whose pitch class is one of their tune's; nan without notes.

    Args:
        tokens: `[measures, 24]`.
        classes: pitch classes of each measure's tune, `[measures, 12]`; measures with none do not count.
    """
    known = np.asarray(classes.any(axis=1))
    notes = (tokens >= 0) & known[:, None]
    rows = np.arange(len(tokens))[:, None]
    inside = classes[rows, np.where(notes, tokens, 0) % 12]
    return float(inside[notes].mean()) if notes.any() else float("nan")


def weighted_mean(values: Sequence[float], weights: npt.NDArray[np.number]) -> float:
    """Mean of the values that are numbers and have a weight; nan where none has."""
    each = np.array(values, np.float64)
    there = ~np.isnan(each) & (weights > 0)
    return float(np.average(each[there], weights=weights[there])) if there.any() else float("nan")
