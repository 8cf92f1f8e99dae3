"""Checkpoints of models of images; see `training.weights` for the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from arvae_music.images.networks import ImageVAE
from arvae_music.images.settings import ImageModelSettings
from arvae_music.model.calibration import Calibration
from arvae_music.training.weights import IMAGES, StoredTensors, filled, read_weights, write_weights

ALL_IMAGES = "images"
"""The one group of the calibration: images are not of several kinds as measures are of meters."""


@dataclass(frozen=True)
class ImageCheckpoint:
    """A trained model of images.

    Attributes:
        vae: the auto-encoder, in evaluation mode.
        settings: sizes of the networks.
        calibration: from values to latent places, and the spread of each attribute.
        card: how it came to be: data, training settings, command, time, figures.
    """

    vae: ImageVAE
    settings: ImageModelSettings
    calibration: Calibration
    card: dict[str, Any] = field(default_factory=dict)

    @property
    def dataset(self) -> str:
        """Name of the data set that it was trained on."""
        return str(self.card.get("data", {}).get("name", ""))


def save_image_checkpoint(path: Path, checkpoint: ImageCheckpoint) -> None:
    """Write a checkpoint whole, over the one before; weights in half precision.

    Raises:
        ArvaeError: the system refuses.
    """
    about = {
        "settings": asdict(checkpoint.settings),
        "calibration": checkpoint.calibration.as_json(),
        "card": checkpoint.card,
    }
    write_weights(path, IMAGES, {"vae": checkpoint.vae}, about)


def load_image_checkpoint(path: str | Path) -> ImageCheckpoint:
    """Read a checkpoint; of a folder, the best one of the run in it.

    Raises:
        ArvaeError: there is none, or it is not one that this version can read.
    """
    path = Path(path)
    return read_weights(path / "best.safetensors" if path.is_dir() else path, IMAGES, _assemble)


def _assemble(about: Mapping[str, Any], tensors: StoredTensors) -> ImageCheckpoint:
    saved = about["settings"]
    settings = ImageModelSettings(**{**saved, "attributes": tuple(saved["attributes"])})

    def networks() -> dict[str, nn.Module]:
        return {"vae": ImageVAE(settings)}

    parts: dict[str, Any] = filled(networks, tensors)
    return ImageCheckpoint(parts["vae"], settings, Calibration.from_json(about["calibration"]), about["card"])
