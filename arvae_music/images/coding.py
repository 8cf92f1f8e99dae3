"""Images through an auto-encoder: posterior, a draw from it, and what comes back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from arvae_music.images.data import ImageData, Images, Rows
from arvae_music.images.networks import ImageVAE
from arvae_music.training.coding import Latent

_BATCH = 512


@torch.inference_mode()
def encoded(vae: ImageVAE, data: ImageData, rows: Rows, seed: int = 0) -> Latent:
    """Posterior of every image, and a draw from it with a generator of its own."""
    parts = [vae.encode(torch.from_numpy(data.images(some)).to(_device(vae))) for some in _parts(rows)]
    latent = vae.least.shape[0]
    nothing = torch.zeros(0, latent)
    mean = torch.cat([nothing, *(part.mean.cpu() for part in parts)]).numpy()
    std = torch.cat([nothing, *(part.log_std.cpu() for part in parts)]).exp().numpy()
    noise = np.random.default_rng(seed).standard_normal(mean.shape, np.float32)
    return Latent(mean, std, mean + std * noise)


@torch.inference_mode()
def decoded(vae: ImageVAE, z: npt.NDArray[np.floating]) -> Images:
    """Probabilities that pixels are on at latents `[n, latent]`, `[n, 1, side, side]`."""
    given = torch.from_numpy(np.asarray(z, np.float32)).to(_device(vae))
    parts = [vae.decode(some).sigmoid().cpu() for some in given.split(_BATCH)]
    return torch.cat(parts).numpy()


class GivenBack(NamedTuple):
    """How well images come back, both `[n]`.

    Attributes:
        nats: negative log-likelihood, summed over pixels.
        pixel_error: mean distance of a pixel's probability from the pixel.
    """

    nats: npt.NDArray[np.float64]
    pixel_error: npt.NDArray[np.float64]


@torch.inference_mode()
def given_back(vae: ImageVAE, z: npt.NDArray[np.floating], data: ImageData, rows: Rows) -> GivenBack:
    """Decode the latents of images, `[n, latent]`, and hold them against the images."""
    lost, off = [np.zeros(0)], [np.zeros(0)]
    for some, at in zip(_parts(rows), _parts(np.arange(len(rows))), strict=True):
        logits = vae.decode(torch.from_numpy(np.asarray(z[at], np.float32)).to(_device(vae)))
        images = torch.from_numpy(data.images(some)).to(logits.device)
        each = binary_cross_entropy_with_logits(logits, images, reduction="none").flatten(1)
        lost.append(each.sum(dim=1).double().cpu().numpy())
        off.append((logits.sigmoid() - images).abs().flatten(1).mean(dim=1).double().cpu().numpy())
    return GivenBack(np.concatenate(lost), np.concatenate(off))


def _device(vae: ImageVAE) -> torch.device:
    return vae.least.device


def _parts(rows: Rows) -> Iterator[Rows]:
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH]
