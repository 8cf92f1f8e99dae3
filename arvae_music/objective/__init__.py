"""The terms of the loss, one file each, and their sum."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from arvae_music.model.vae import Coded
from arvae_music.objective.attribute_order import attribute_order
from arvae_music.objective.divergence import divergence
from arvae_music.objective.following import following
from arvae_music.objective.linearity import linearity
from arvae_music.objective.normality import made_normal, normality
from arvae_music.objective.reconstruction import cross_entropy

__all__ = [
    "Losses",
    "attribute_order",
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
    coded: Coded,
    ids: Tensor,
    meters: Tensor,
    values: Tensor,
    *,
    beta: float,
    gamma: float,
    delta: float,
) -> Losses:
    """Reconstruction + beta * KL + gamma * attribute order (Pati & Lerch 2020, equation 9).

    Args:
        coded: what the auto-encoder made of the batch.
        ids: token ids, `[batch, 24]`.
        meters: meter codes, `[batch]`.
        values: attribute values, `[batch, attributes]`; the first dimensions of z are theirs.
        beta: weight of the KL divergence, in nats per measure.
        gamma: weight of the attribute term.
        delta: sharpness of the attribute term.
    """
    reconstruction = cross_entropy(coded.log_probabilities, ids)
    rate = divergence(coded.posterior).sum(dim=-1).mean()
    regularized = coded.z[:, : values.shape[1]]
    order = attribute_order(regularized, values, meters, delta) if values.shape[1] else rate * 0
    loss: Tensor = reconstruction + beta * rate + gamma * order
    return Losses(loss, reconstruction, rate, order)
