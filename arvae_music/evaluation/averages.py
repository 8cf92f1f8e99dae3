"""Means of figures, and of whole reports: nested dictionaries of the same names with numbers in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from arvae_music.evaluation.control import weighted_mean


def mean_of(values: npt.NDArray[np.float64]) -> float:
    """Mean of what is a number; nan where nothing is."""
    there = values[~np.isnan(values)]
    return float(there.mean()) if there.size else float("nan")


def over_meters(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The mean of each number over meters, weighted by their `count` of measures; counts are added.

    What is not a number in a meter does not weigh there. Texts are left out.
    """
    weights = np.array([entry["count"] for entry in entries], np.float64)
    out = _combined(entries, lambda values: weighted_mean(values, weights))
    return {**out, "count": int(weights.sum())}


def over_models(reports: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The mean of each number over reports of several models, and its standard deviation (n - 1).

    What is not a number in one model's report is none in both. Texts, and whole numbers that are the same
    in all reports, are kept as they are in the mean.
    """
    mean = _combined(reports, lambda values: float(np.mean(values)), keep=True)
    return mean, _combined(reports, lambda values: float(np.std(values, ddof=1)))


def _combined(
    entries: Sequence[dict[str, Any]], mean: Callable[[list[float]], float], *, keep: bool = False
) -> dict[str, Any]:
    """One dictionary of several, with `mean` over the numbers of each name that all of them have."""
    out: dict[str, Any] = {}
    for name, first in entries[0].items():
        if not all(name in entry for entry in entries):
            continue
        values = [entry[name] for entry in entries]
        if isinstance(first, dict):
            out[name] = _combined(values, mean, keep=keep)
        elif isinstance(first, list):
            out[name] = [mean(list(column)) for column in zip(*values, strict=True)]
        elif isinstance(first, str) or (keep and isinstance(first, int) and len(set(values)) == 1):
            if keep:
                out[name] = first
        else:
            out[name] = mean(values)
    return out
