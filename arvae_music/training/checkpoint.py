"""Checkpoints: one `.safetensors` file with weights and all that is needed to use them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn
from torch.overrides import TorchFunctionMode

from arvae_music.errors import ArvaeError
from arvae_music.files import atomic_write
from arvae_music.model import EventModel, MeasureVAE, ModelSettings, Vocabulary
from arvae_music.model.calibration import Calibration
from arvae_music.model.prior import MeasurePrior

FORMAT = "arvae_music 1"
"""Name and version of the layout; another one is refused."""

_FAULTS = (
    ArvaeError, OSError, SafetensorError, AttributeError, KeyError, TypeError, ValueError, RuntimeError
)  # fmt: skip
"""What reading a file that is no checkpoint may end in."""


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
    tensors = {
        f"{part}.{name}": tensor.detach().cpu().to(torch.float16).contiguous().clone()
        for part, module in checkpoint.parts.items()
        for name, tensor in module.state_dict().items()
    }
    metadata = {
        "format": FORMAT,
        "settings": json.dumps(asdict(checkpoint.settings)),
        "calibration": json.dumps(checkpoint.calibration.as_json()),
        "card": json.dumps(checkpoint.card, ensure_ascii=False),
    }
    atomic_write(path, save(tensors, metadata), force=True)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint. No code from it runs and nothing in it is unpickled.

    Raises:
        ArvaeError: there is none, or it is not one that this version can read.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise ValueError("it is not of this version of arvae-music")
            return _assemble(metadata, {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except FileNotFoundError:
        raise ArvaeError(f"{path}: no such checkpoint") from None
    except SafetensorError as error:
        raise ArvaeError(
            f"{path} is not a usable checkpoint: it is no .safetensors file, or a part of one"
        ) from error
    except _FAULTS as error:
        said = str(error).strip() or type(error).__name__
        reason = said.splitlines()[0].rstrip(":")
        raise ArvaeError(f"{path} is not a usable checkpoint: {reason}") from error


def _assemble(metadata: dict[str, str], tensors: dict[str, torch.Tensor]) -> Checkpoint:
    saved = json.loads(metadata["settings"])
    # What older checkpoints do not say of themselves.
    settings = ModelSettings(
        **{"reading": 0, "blur": 0.0, "draft": False, **saved, "attributes": tuple(saved["attributes"])}
    )
    calibration = Calibration.from_json(json.loads(metadata["calibration"]))
    with_prior = any(name.startswith("prior.") for name in tensors)
    with _Uninitialized():
        with torch.device("meta"):
            _check_shapes(_networks(settings, with_prior=with_prior), tensors)
        parts = _networks(settings, with_prior=with_prior)
    for part, module in parts.items():
        prefix = f"{part}."
        weights = {n.removeprefix(prefix): t.float() for n, t in tensors.items() if n.startswith(prefix)}
        module.load_state_dict(weights)
        module.eval().requires_grad_(False)
    return Checkpoint(settings=settings, calibration=calibration, card=json.loads(metadata["card"]), **parts)


class _Uninitialized(TorchFunctionMode):
    """Networks that are made in it keep the weights that their memory happens to hold: others come.

    It saves the time of the draws, and for the meta device that of importing all of torch's compiler.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if getattr(func, "__module__", None) == nn.init.__name__:
            return args[0] if args else given["tensor"]
        return func(*args, **given)


def _networks(settings: ModelSettings, *, with_prior: bool) -> dict[str, Any]:
    """Fresh networks of these sizes, by the names that a checkpoint has for them."""
    parts: dict[str, Any] = {"vae": MeasureVAE(settings), "events": EventModel(settings)}
    return {**parts, "prior": MeasurePrior(settings)} if with_prior else parts


def _check_shapes(parts: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
    """Refuse weights that are not those of the settings before memory is taken for networks of their size."""
    for part, module in parts.items():
        for name, wanted in module.state_dict().items():
            found = tensors.get(f"{part}.{name}")
            if found is None or found.shape != wanted.shape:
                shape = "missing" if found is None else f"{tuple(found.shape)}"
                raise ValueError(f"{part}.{name} should be {tuple(wanted.shape)} and is {shape}")
