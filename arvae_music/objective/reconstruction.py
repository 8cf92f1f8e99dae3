"""Reconstruction: how well the decoder gives back the tokens."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from arvae_music.model.vocabulary import PAD_ID


def cross_entropy(log_probabilities: Tensor, ids: Tensor) -> Tensor:
    """Mean negative log-likelihood per tick in nats, over the meters' own ticks.

    Args:
        log_probabilities: `[batch, 24, ids]`.
        ids: `[batch, 24]`.
    """
    own = ids != PAD_ID
    picked = log_probabilities.gather(-1, ids[..., None])[..., 0]
    return -torch.where(own, picked, 0.0).sum() / own.sum()


def binary_cross_entropy(logits: Tensor, images: Tensor) -> Tensor:
    """Negative log-likelihood of images in nats: summed over pixels, mean over images.

    Args:
        logits: of a pixel that is on, `[batch, 1, height, width]`.
        images: from 0 to 1, of the same shape.
    """
    total = binary_cross_entropy_with_logits(logits.float(), images, reduction="sum")
    return total / len(images)
