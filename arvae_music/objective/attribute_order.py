"""The attribute term: a latent dimension orders measures as its attribute does."""

from __future__ import annotations

import torch
from torch import Tensor


def attribute_order(z: Tensor, values: Tensor, groups: Tensor, delta: float) -> Tensor:
    """Mean over pairs of |tanh(delta (z_i - z_j)) - sign(a_i - a_j)|, summed over attributes.

    Pati & Lerch 2020, equations 6 to 8. Only measures of one group are compared, since the same
    attribute value means another rhythm in another meter.

    Args:
        z: the regularized dimensions, `[batch, attributes]`.
        values: the attributes' values, `[batch, attributes]`.
        groups: the group of each measure (its meter code), `[batch]`.
        delta: how sharply a difference of z counts.
    """
    first, second = torch.triu_indices(len(z), len(z), offset=1, device=z.device)
    weight = (groups[first] == groups[second]).to(z.dtype)
    order = (values[first] - values[second]).sign()
    gap = (torch.tanh(delta * (z[first] - z[second])) - order).abs()
    # Each pair counts twice, each measure with itself once with a difference of zero.
    pairs = 2 * weight.sum() + len(z)
    return (2 * gap * weight[:, None]).sum() / pairs
