"""Reconstruction: how well the decoder gives back the tokens."""

from __future__ import annotations

from torch import Tensor

from arvae_music.model.vocabulary import PAD_ID


def cross_entropy(log_probabilities: Tensor, ids: Tensor) -> Tensor:
    """Mean negative log-likelihood per tick in nats, over the meters' own ticks.

    Args:
        log_probabilities: `[batch, 24, ids]`.
        ids: `[batch, 24]`.
    """
    own = ids != PAD_ID
    picked = log_probabilities.gather(-1, ids[..., None])[..., 0]
    return -picked[own].mean()
