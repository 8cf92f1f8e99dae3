"""The variational auto-encoder of measures."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from arvae_music.model.decoder import Decoder
from arvae_music.model.encoder import Encoder, Posterior
from arvae_music.model.settings import ModelSettings
from arvae_music.model.vocabulary import Vocabulary


class Coded(NamedTuple):
    """What a pass through the auto-encoder gives.

    `z` is `[batch, latent]`, `log_probabilities` `[batch, 24, ids]`.
    """

    posterior: Posterior
    z: Tensor
    log_probabilities: Tensor


class MeasureVAE(nn.Module):
    """Hierarchical recurrent VAE; its first latent dimensions are the regularized ones."""

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__()
        size = len(Vocabulary(settings.lowest, settings.highest))
        self.encoder = Encoder(settings, size)
        self.decoder = Decoder(settings, size)

    def forward(self, ids: Tensor, meters: Tensor, generator: torch.Generator | None = None) -> Coded:
        """Encode, sample, decode: token ids `[batch, 24]` and meter codes `[batch]`."""
        posterior = self.encoder(ids, meters)
        z = posterior.sample(generator)
        return Coded(posterior, z, self.decoder(z, meters))
