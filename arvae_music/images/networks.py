"""The auto-encoders of images: convolutions, and a Bernoulli likelihood for every pixel.

Sizes are those of the image experiments of Pati & Lerch 2020; for 2-d sprites they are the usual ones of
that data set (Burgess et al. 2018, "Understanding disentangling in beta-VAE").
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from arvae_music.images.settings import ImageModelSettings
from arvae_music.model.encoder import Posterior, posterior_of

_LEAST_LOG_STD = -8.0
_HIDDEN = 256

_FIRST_LOGIT = -2.0
"""Of every pixel before training: most of an image is background, and need not be learned first."""


class CodedImages(NamedTuple):
    """What a pass through the auto-encoder gives.

    `z` is `[batch, latent]`, `logits` those of a pixel that is on, `[batch, 1, side, side]`.
    """

    posterior: Posterior
    z: Tensor
    logits: Tensor


class ImageVAE(nn.Module):
    """Convolutional VAE of grey-scale images; its first latent dimensions are the regularized ones."""

    least: Tensor

    def __init__(self, settings: ImageModelSettings) -> None:
        super().__init__()
        make = _strided if settings.side == 64 else _dense
        self.encoder, self.decoder = make(settings.latent)
        nn.init.constant_(_last_bias(self.decoder), _FIRST_LOGIT)
        self.regularized = len(settings.attributes)
        self.register_buffer("least", torch.full((settings.latent,), _LEAST_LOG_STD), persistent=False)

    def encode(self, images: Tensor) -> Posterior:
        """Images from 0 to 1, `[batch, 1, side, side]` -> posterior of z."""
        return posterior_of(self.encoder(images), self.least)

    def decode(self, z: Tensor) -> Tensor:
        """Latents `[batch, latent]` -> logits `[batch, 1, side, side]`."""
        logits: Tensor = self.decoder(z)
        return logits.float()

    def forward(self, images: Tensor, noise: Tensor | None = None, *, swapped: bool = False) -> CodedImages:
        """Encode, sample, decode.

        Args:
            images: from 0 to 1, `[batch, 1, side, side]`.
            noise: standard normal, of the sample, `[batch, latent]`; drawn here if None.
            swapped: each image is decoded with the free dimensions of its neighbour: the first and the
                second have each other's, the third and the fourth, and so on.
        """
        posterior = self.encode(images)
        z = posterior.sample() if noise is None else posterior.at(noise)
        given = self._with_neighbours(z) if swapped else z
        return CodedImages(posterior, z, self.decode(given))

    def _with_neighbours(self, z: Tensor) -> Tensor:
        neighbours = z.unflatten(0, (-1, 2)).flip(1).flatten(0, 1)
        return torch.cat([z[:, : self.regularized], neighbours[:, self.regularized :]], dim=1)


def _last_bias(decoder: nn.Module) -> Tensor:
    return list(decoder.parameters())[-1]


def _strided(latent: int) -> tuple[nn.Module, nn.Module]:
    """Four layers that halve 64 pixels to 4, and their mirror."""
    widths = (1, 32, 32, 64, 64)
    down: list[nn.Module] = []
    for before, after in pairwise(widths):
        down += [nn.Conv2d(before, after, 4, 2, 1), nn.ReLU()]
    encoder = nn.Sequential(
        *down, nn.Flatten(), nn.Linear(1024, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, 2 * latent)
    )
    up: list[nn.Module] = []
    for before, after in pairwise(widths[::-1]):
        up += [nn.ReLU(), nn.ConvTranspose2d(before, after, 4, 2, 1)]
    decoder = nn.Sequential(
        nn.Linear(latent, _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, 1024), nn.Unflatten(1, (64, 4, 4)), *up
    )
    return encoder, decoder


def _dense(latent: int) -> tuple[nn.Module, nn.Module]:
    """Three layers that leave 19 of 28 pixels, and their mirror."""
    encoder = nn.Sequential(
        *(nn.Conv2d(1, 64, 4), nn.SELU(), nn.Conv2d(64, 64, 4), nn.SELU(), nn.Conv2d(64, 8, 4), nn.SELU()),
        *(nn.Flatten(), nn.Linear(2888, _HIDDEN), nn.SELU(), nn.Linear(_HIDDEN, 2 * latent)),
    )
    decoder = nn.Sequential(
        *(nn.Linear(latent, _HIDDEN), nn.SELU(), nn.Linear(_HIDDEN, 2888), nn.SELU()),
        nn.Unflatten(1, (8, 19, 19)),
        *(nn.ConvTranspose2d(8, 64, 4), nn.SELU(), nn.ConvTranspose2d(64, 64, 4), nn.SELU()),
        nn.ConvTranspose2d(64, 1, 4),
    )
    return encoder, decoder
