"""A checkpoint of images on a split: the metrics of `training.evaluate`, for the ordered attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from arvae_music.errors import ArvaeError, UsageError
from arvae_music.evaluation.latent import latent_space
from arvae_music.evaluation.metrics import (
    LEAST_MEASURES,
    disentanglement_metrics,
    perfect_latents,
)
from arvae_music.images.checkpoint import ImageCheckpoint
from arvae_music.images.coding import encoded, given_back
from arvae_music.images.data import ImageData, columns_of
from arvae_music.images.task import spread_out

MOST_IMAGES = 10_000
"""Images of a split that are measured; of more, as many are taken at equal distances."""

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class ImageReport:
    """What is known of a model on a split.

    Attributes:
        sampled, mean: nats for each image, mean absolute error of a pixel, and disentanglement of the
            regularized attributes, for z drawn from the posterior and for its mean; `count` images.
        latent: how z is used, and how far from the prior it is.
        ceiling: metrics of a perfect encoder of the same images.
    """

    sampled: dict[str, Any]
    mean: dict[str, Any]
    latent: dict[str, Any]
    ceiling: dict[str, Any]


def report_on_images(
    checkpoint: ImageCheckpoint, data: ImageData, split: str = "test", *, seed: int = 0
) -> ImageReport:
    """Measure a checkpoint on a split.

    Args:
        checkpoint: the model.
        data: what it was trained on, or images with the same attributes.
        split: `train`, `validation` or `test`.
        seed: of what is drawn.

    Raises:
        UsageError: there is no such split, or the data have not the model's attributes or size.
        ArvaeError: the split has too few images, or scikit-learn or scipy are missing.
    """
    if split not in SPLITS:
        raise UsageError(f"--split is '{split}': take one of {', '.join(SPLITS)}")
    check_size(checkpoint, data)
    names = checkpoint.settings.attributes
    columns = columns_of(data, names)
    rows = getattr(data.splits, split)
    rows = spread_out(rows, MOST_IMAGES)
    if len(rows) < LEAST_MEASURES:
        raise ArvaeError(
            f"the {split} split of {data.name} has {len(rows)} images: metrics need {LEAST_MEASURES}"
        )
    values = data.values(rows)[:, columns].astype(np.float64)
    latent = encoded(checkpoint.vae, data, rows, seed)
    parts = {}
    for name in ("sampled", "mean"):
        z = getattr(latent, name)
        back = given_back(checkpoint.vae, z, data, rows)
        parts[name] = {
            "count": len(rows),
            "nats": float(back.nats.mean()),
            "pixel_error": float(back.pixel_error.mean()),
            **(disentanglement_metrics(z, values, names, seed) if names else {}),
        }
    perfect = perfect_latents(values, latent.mean.shape[1], np.random.default_rng(seed))
    ceiling = disentanglement_metrics(perfect, values, names, seed) if names else {}
    space = latent_space(latent.mean, latent.std, latent.sampled, seed)
    return ImageReport(parts["sampled"], parts["mean"], space, {"count": len(rows), **ceiling})


def check_size(checkpoint: ImageCheckpoint, data: ImageData) -> None:
    """Refuse images of another size than the model's.

    Raises:
        UsageError: they are.
    """
    side = checkpoint.settings.side
    if data.size != (side, side):
        height, width = data.size
        raise UsageError(f"the model is of {side} x {side} pixels, and {data.name} has {height} x {width}")
