"""Measures through a checkpoint's auto-encoder: posterior, a draw from it, and what comes back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from arvae_music.model import MeasureVAE
from arvae_music.model.feedback import FeedbackDecoder
from arvae_music.tokens import Tokens
from arvae_music.training.checkpoint import Checkpoint
from arvae_music.training.tasks import Measures, encode, id_batches

_Floats = npt.NDArray[np.float32]


class Latent(NamedTuple):
    """Rows of a corpus in the latent space; the arrays `[measures, latent]`.

    Attributes:
        mean, std: of the posterior.
        sampled: one draw from it.
    """

    mean: _Floats
    std: _Floats
    sampled: _Floats

    def taken(self, at: npt.NDArray[np.bool_]) -> Latent:
        """The rows where a mask is set."""
        return Latent(*(part[at] for part in self))


def encoded(checkpoint: Checkpoint, rows: Measures, seed: int, batch_size: int = 2048) -> Latent:
    """Posterior of every row, and a draw from it with a generator of its own."""
    mean, std = encode(checkpoint.vae, rows, checkpoint.vocabulary, batch_size)
    noise = np.random.default_rng(seed).standard_normal(mean.shape, np.float32)
    return Latent(mean, std, mean + std * noise)


class Decoded(NamedTuple):
    """What comes of latents, both `[measures, 24]`.

    Attributes:
        tokens: the most probable one of each tick.
        log_probabilities: of the true tokens, nats.
    """

    tokens: Tokens
    log_probabilities: _Floats


@torch.inference_mode()
def decoded(checkpoint: Checkpoint, z: _Floats, rows: Measures, batch_size: int = 2048) -> Decoded:
    """Decode z, and ask for the probability of the true tokens."""
    vae, vocabulary = checkpoint.vae, checkpoint.vocabulary
    device = next(vae.parameters()).device
    tokens, picked = [], []
    batches = id_batches(rows, vocabulary, device, batch_size)
    for some, (ids, meters) in zip(torch.from_numpy(z).split(batch_size), batches, strict=True):
        latents = some.to(device)
        scores = vae.decode(latents, meters)
        tokens.append(scores.argmax(dim=-1).cpu())
        given = _given_true(vae, latents, meters, ids, scores)
        picked.append(given.gather(-1, ids[..., None])[..., 0].cpu())
    return Decoded(vocabulary.tokens(torch.cat(tokens).numpy()), torch.cat(picked).numpy())


def _given_true(
    vae: MeasureVAE, z: torch.Tensor, meters: torch.Tensor, ids: torch.Tensor, scores: torch.Tensor
) -> torch.Tensor:
    """Log-probabilities of each tick given z and, for a decoder with feedback, the true tokens before it.

    Only these give the likelihood of the true measure; `scores` are those of the decoder left to itself.
    """
    if isinstance(vae.decoder, FeedbackDecoder):
        forced: torch.Tensor = vae.decoder(z, meters, ids)
        return forced
    return scores
