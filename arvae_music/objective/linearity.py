"""The linear term: a regularized dimension is its attribute, in standard deviations of the meter.

The attribute term fixes only an order, and leaves each dimension a bent scale of its own. A linear one
is what a fit by a straight line and a difference of two places are read by, and equal steps of an
attribute are equal moves of it.
"""

from __future__ import annotations

from torch import Tensor


def linearity(z: Tensor, standardized: Tensor) -> Tensor:
    """Mean squared distance of z from the standardized attributes, summed over attributes.

    Args:
        z: the regularized dimensions, `[batch, attributes]`.
        standardized: the attributes' values less their meter's mean, in its standard deviations,
            `[batch, attributes]`.
    """
    return (z - standardized).square().mean(dim=0).sum()
