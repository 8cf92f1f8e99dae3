"""Checkpoints: one `.safetensors` file with weights and all that is needed to use them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from arvae_music.model import EventModel, MeasureVAE, ModelSettings, Vocabulary
from arvae_music.model.calibration import Calibration
from arvae_music.model.prior import MeasurePrior
from arvae_music.training.weights import MELODIES, StoredTensors, filled, read_weights, write_weights


@dataclass(frozen=True)
class Checkpoint:
    """A trained model.

    Attributes:
        vae: the auto-encoder, in evaluation mode.
        events: the event language model, in evaluation mode.
        settings: sizes of the networks.
        calibration: from values to latent places, and the spread of each attribute, per meter.
        card: how it came to be: corpus and its hash, training settings, command, time, figures.
        prior: the prior over the measures of a tune, in evaluation mode, or None if none was trained.
    """

    vae: MeasureVAE
    events: EventModel
    settings: ModelSettings
    calibration: Calibration
    card: dict[str, Any] = field(default_factory=dict)
    prior: MeasurePrior | None = None

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens that it numbers."""
        return Vocabulary(self.settings.lowest, self.settings.highest)

    @property
    def parts(self) -> dict[str, nn.Module]:
        """Its networks by the prefix of their weights' names."""
        parts: dict[str, nn.Module] = {"vae": self.vae, "events": self.events}
        return parts if self.prior is None else {**parts, "prior": self.prior}


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint whole, over the one before; weights in half precision.

    Raises:
        ArvaeError: the system refuses.
    """
    about = {
        "settings": asdict(checkpoint.settings),
        "calibration": checkpoint.calibration.as_json(),
        "card": checkpoint.card,
    }
    write_weights(path, MELODIES, checkpoint.parts, about)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint. No code from it runs and nothing in it is unpickled.

    Raises:
        ArvaeError: there is none, or it is not one that this version can read.
    """
    return read_weights(path, MELODIES, _assemble)


def _assemble(about: dict[str, Any], tensors: StoredTensors) -> Checkpoint:
    saved = about["settings"]
    # What older checkpoints do not say of themselves.
    settings = ModelSettings(
        **{"reading": 0, "blur": 0.0, "draft": False, **saved, "attributes": tuple(saved["attributes"])}
    )
    calibration = Calibration.from_json(about["calibration"])
    with_prior = any(name.startswith("prior.") for name in tensors)
    parts: dict[str, Any] = filled(partial(_networks, settings, with_prior=with_prior), tensors)
    return Checkpoint(settings=settings, calibration=calibration, card=about["card"], **parts)


def _networks(settings: ModelSettings, *, with_prior: bool) -> dict[str, nn.Module]:
    """Fresh networks of these sizes, by the names that a checkpoint has for them."""
    parts: dict[str, nn.Module] = {"vae": MeasureVAE(settings), "events": EventModel(settings)}
    return {**parts, "prior": MeasurePrior(settings)} if with_prior else parts
