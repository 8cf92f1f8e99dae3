"""The state of a run, from which `--resume` goes on: tensors and plain JSON, nothing pickled."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn
from torch.optim import Optimizer

from arvae_music.errors import ArvaeError
from arvae_music.files import atomic_write

WEIGHTS, _PREFIX = "weights.", "moments."
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")
"""Of AdamW."""


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


def restore_module(module: nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    """Put back the weights of a state."""
    module.load_state_dict({n.removeprefix(WEIGHTS): t for n, t in tensors.items() if n.startswith(WEIGHTS)})


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


def check_fits(path: Path, module: nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    """Refuse a state that is not of a network and its optimizer.

    Args:
        path: of the state, for messages.
        module: the network.
        tensors: the state's.

    Raises:
        ArvaeError: it is not.
    """
    wanted = {f"{WEIGHTS}{name}": tensor.shape for name, tensor in module.state_dict().items()}
    found = {name: tensor.shape for name, tensor in tensors.items() if name.startswith(WEIGHTS)}
    parameters = list(module.parameters())
    moments = all(_fits(name, tensor, parameters) for name, tensor in tensors.items() if name not in found)
    if found != wanted or not moments:
        raise ArvaeError(f"{path}: the state of a run with another network: it cannot go on")


def _fits(name: str, tensor: torch.Tensor, parameters: Sequence[torch.Tensor]) -> bool:
    """Whether a moment is of its parameter: as large, or one number."""
    number, _, entry = name.removeprefix(_PREFIX).partition(".")
    if (
        not name.startswith(_PREFIX)
        or entry not in _MOMENTS
        or number not in map(str, range(len(parameters)))
    ):
        return False
    return tensor.dim() == 0 or tensor.shape == parameters[int(number)].shape


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
        progress = _progress_of(json.loads(metadata["progress"]))
        settings, command = json.loads(metadata["settings"]), metadata.get("command", "")
        if not isinstance(settings, dict):
            raise ValueError("its settings are not by name")
        return RunState(progress, settings, metadata["corpus"], tensors, command)
    except FileNotFoundError:
        raise ArvaeError(f"{path.parent}: nothing to resume here; start it without --resume") from None
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError, MemoryError) as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise ArvaeError(f"{path}: not a state of a training run ({said})") from error


def _progress_of(saved: Any) -> Progress:
    """Progress as a file has it, if it is any."""
    progress = Progress(**saved)
    sums, best = saved.get("sums", {}), saved.get("best")
    if not isinstance(sums, dict):
        raise ValueError("its losses are not by name")
    counts = [saved.get("epoch", 0), saved.get("step", 0)]
    numbers = [*sums.values(), *([] if best is None else [best])]
    plain = isinstance(saved["task"], str) and all(type(n) is int and n >= 0 for n in counts)
    if not plain or any(type(n) not in (int, float) for n in numbers):
        raise ValueError("its progress is none")
    return progress
