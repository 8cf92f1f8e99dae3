"""The terms of the loss, one file each, and their sum."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from arvae_music.model.encoder import Posterior
from arvae_music.objective.attribute_order import attribute_order
from arvae_music.objective.divergence import divergence
from arvae_music.objective.following import following
from arvae_music.objective.linearity import linearity
from arvae_music.objective.normality import made_normal, normality
from arvae_music.objective.reconstruction import binary_cross_entropy, cross_entropy

__all__ = [
    "Losses",
    "attribute_order",
    "binary_cross_entropy",
    "cross_entropy",
    "divergence",
    "following",
    "linearity",
    "made_normal",
    "normality",
    "total_loss",
]


class Losses(NamedTuple):
    """The loss and its terms before they are weighted, each a scalar."""

    loss: Tensor
    reconstruction: Tensor
    divergence: Tensor
    attribute_order: Tensor


def total_loss(
    reconstruction: Tensor,
    posterior: Posterior,
    z: Tensor,
    values: Tensor,
    groups: Tensor,
    *,
    beta: float,
    gamma: float,
    delta: float,
) -> Losses:
    """Reconstruction + beta * KL + gamma * attribute order (Pati & Lerch 2020, equation 9).

    Args:
        reconstruction: how badly the batch comes back, a scalar: `cross_entropy` of measures,
            `binary_cross_entropy` of images.
        posterior: of the batch.
        z: drawn from it, `[batch, latent]`.
        values: attribute values, `[batch, attributes]`; the first dimensions of z are theirs.
        groups: within which they are compared (meter codes of measures), `[batch]`.
        beta: weight of the KL divergence, in nats.
        gamma: weight of the attribute term.
        delta: sharpness of the attribute term.
    """
    rate = divergence(posterior).sum(dim=-1).mean()
    regularized = z[:, : values.shape[1]]
    order = attribute_order(regularized, values, groups, delta) if values.shape[1] else rate * 0
    loss: Tensor = reconstruction + beta * rate + gamma * order
    return Losses(loss, reconstruction, rate, order)
