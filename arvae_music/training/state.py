"""The state of a run, from which `--resume` goes on: tensors and plain JSON, nothing pickled."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch.optim import Optimizer

from arvae_music.errors import ArvaeError
from arvae_music.files import atomic_write

_PREFIX = "moments."


@dataclass
class Progress:
    """How far a run is.

    Attributes:
        task: name of the task under training.
        epoch: whole epochs done.
        step: steps done of the epoch after them.
        sums: sums of the losses over those steps.
        best: the best score so far, or None.
    """

    task: str
    epoch: int = 0
    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    best: float | None = None


@dataclass(frozen=True)
class RunState:
    """What a state file holds.

    Attributes:
        progress: how far the run is.
        settings: what it began with.
        corpus: hash of its corpus.
        tensors: weights and moments.
        command: how it was started.
    """

    progress: Progress
    settings: dict[str, Any]
    corpus: str
    tensors: dict[str, torch.Tensor]
    command: str = ""


def optimizer_tensors(optimizer: Optimizer) -> dict[str, torch.Tensor]:
    """The optimizer's moments by parameter number and name."""
    state = optimizer.state_dict()["state"]
    return {
        f"{_PREFIX}{number}.{name}": tensor
        for number, entries in state.items()
        for name, tensor in entries.items()
    }


def restore_optimizer(optimizer: Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    """Put back what `optimizer_tensors` gave."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(_PREFIX):
            number, entry = name[len(_PREFIX) :].split(".", 1)
            state.setdefault(int(number), {})[entry] = tensor
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    for parameter, entries in optimizer.state.items():
        for name, moment in entries.items():
            if moment.shape == parameter.shape:  # in the order in memory that fused steps count on
                entries[name] = torch.empty_like(parameter).copy_(moment)


def save_state(path: Path, state: RunState) -> None:
    """Write a state file whole, over the one before."""
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.tensors.items()}
    metadata = {
        "progress": json.dumps(asdict(state.progress)),
        "settings": json.dumps(state.settings),
        "corpus": state.corpus,
        "command": state.command,
    }
    atomic_write(path, save(tensors, metadata), force=True)


def load_state(path: Path) -> RunState:
    """Read a state file.

    Raises:
        ArvaeError: there is none, or it is not one.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        progress = Progress(**json.loads(metadata["progress"]))
        settings, command = json.loads(metadata["settings"]), metadata.get("command", "")
        return RunState(progress, settings, metadata["corpus"], tensors, command)
    except FileNotFoundError:
        raise ArvaeError(f"{path.parent}: nothing to resume here; start it without --resume") from None
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ArvaeError(f"{path}: not a state of a training run ({error})") from error
