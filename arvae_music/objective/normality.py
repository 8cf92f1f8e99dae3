"""The normal term: a regularized dimension is its attribute, made normal.

The KL divergence wants each dimension to be standard normal, and an attribute is not: a dimension that is
the attribute itself, or any bent scale of it, is at odds with its prior. So attributes are first put
through a power transform that makes them as nearly normal as one can, and standardized (Pettenò, Mezza &
Bernardini 2025, arXiv 2511.07118: Box-Cox with a fixed power and shift, and the mean absolute error).

The power is found by maximum likelihood, and the shift puts the least value one standard deviation above
zero; how they are chosen is this project's, not the paper's.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor

NO_SPREAD = 1e-6
"""Rounding: an attribute with less than that has one value in all measures."""

_POWERS = np.linspace(-5.0, 5.0, 1001)


def normality(z: Tensor, normal: Tensor) -> Tensor:
    """Mean absolute distance of z from the attributes made normal, summed over attributes.

    Args:
        z: the regularized dimensions, `[batch, attributes]`.
        normal: what `made_normal` gives of the attributes' values, `[batch, attributes]`.
    """
    return (z - normal).abs().mean(dim=0).sum()


def made_normal(values: npt.NDArray[np.floating], groups: npt.NDArray[np.integer]) -> npt.NDArray[np.float32]:
    """Values `[rows, attributes]` as nearly standard normal as a power transform makes them.

    Each attribute of each group (a meter) has a transform of its own; it never changes their order. One
    without spread is zero.
    """
    out = np.zeros(values.shape, np.float32)
    for group in np.unique(groups):
        here = np.flatnonzero(groups == group)
        for column in range(values.shape[1]):
            found = values[here, column].astype(np.float64)
            spread = found.std()
            if spread > NO_SPREAD:
                shifted = (found - found.min()) / spread + 1.0
                powered = box_cox(shifted, best_power(shifted))
                out[here, column] = (powered - powered.mean()) / powered.std()
    return out


def box_cox(values: npt.NDArray[np.float64], power: float) -> npt.NDArray[np.float64]:
    """The Box-Cox transform of positive values (Box & Cox 1964): (x^power - 1) / power, or log x for 0."""
    logs = np.log(values)
    return np.asarray(logs if abs(power) < 1e-12 else np.expm1(power * logs) / power)


def best_power(values: npt.NDArray[np.float64]) -> float:
    """The power from -5 to 5, in hundredths, under which positive values are most likely normal."""
    levels, counts = np.unique(values, return_counts=True)
    share = counts / counts.sum()
    logs = np.log(levels)
    mean_log = share @ logs

    def likelihood(power: float) -> float:
        powered = box_cox(levels, power)
        variance = share @ (powered - share @ powered) ** 2
        return float((power - 1) * mean_log - np.log(variance) / 2)

    return float(max(_POWERS, key=likelihood))
