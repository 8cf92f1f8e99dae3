"""Images through an auto-encoder: posterior, a draw from it, and what comes back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch

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


@torch.inference_mode()
def nats(vae: ImageVAE, z: npt.NDArray[np.floating], data: ImageData, rows: Rows) -> npt.NDArray[np.float64]:
    """Negative log-likelihood of images given their latents, summed over pixels, `[n]`."""
    found = []
    for some, at in zip(_parts(rows), _parts(np.arange(len(rows))), strict=True):
        logits = vae.decode(torch.from_numpy(np.asarray(z[at], np.float32)).to(_device(vae)))
        images = torch.from_numpy(data.images(some)).to(logits.device)
        lost = torch.nn.functional.binary_cross_entropy_with_logits(logits, images, reduction="none")
        found.append(lost.flatten(1).sum(dim=1).double().cpu().numpy())
    return np.concatenate(found) if found else np.zeros(0)


def _device(vae: ImageVAE) -> torch.device:
    return vae.least.device


def _parts(rows: Rows) -> Iterator[Rows]:
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH]
