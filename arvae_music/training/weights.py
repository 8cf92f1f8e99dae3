"""Files of weights: networks and what is known of them in one `.safetensors` file, nothing pickled."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from arvae_music.errors import ArvaeError
from arvae_music.files import atomic_write

Parts = Mapping[str, nn.Module]
"""Networks by the prefix of their weights' names."""

Known = TypeVar("Known")

_FAULTS = (
    ArvaeError, OSError, SafetensorError, AttributeError, KeyError, TypeError, ValueError, RuntimeError
)  # fmt: skip
"""What reading a file that is no checkpoint may end in."""


def write_weights(path: Path, layout: str, parts: Parts, about: Mapping[str, Any]) -> None:
    """Write networks whole, over the file before; weights in half precision.

    Args:
        path: of the file.
        layout: name and version of what it holds.
        parts: the networks.
        about: what else is to be known, each ready for JSON.

    Raises:
        ArvaeError: the system refuses.
    """
    tensors = {
        f"{part}.{name}": tensor.detach().cpu().to(torch.float16).contiguous().clone()
        for part, module in parts.items()
        for name, tensor in module.state_dict().items()
    }
    said = {name: json.dumps(value, ensure_ascii=False) for name, value in about.items()}
    atomic_write(path, save(tensors, {"format": layout, **said}), force=True)


def read_weights(
    path: Path, layout: str, assemble: Callable[[dict[str, Any], dict[str, Tensor]], Known]
) -> Known:
    """Read what `write_weights` wrote. No code from the file runs and nothing in it is unpickled.

    Args:
        path: of the file.
        layout: what it must hold.
        assemble: makes a checkpoint of what is to be known and of the weights by name.

    Raises:
        ArvaeError: there is no such file, or it is not one that this version can read.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.pop("format", None) != layout:
                raise ValueError("it is not of this version of arvae-music")
            about = {name: json.loads(text) for name, text in metadata.items()}
            return assemble(about, {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
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


def filled(make: Callable[[], dict[str, nn.Module]], tensors: Mapping[str, Tensor]) -> dict[str, nn.Module]:
    """Networks with weights from a file, in evaluation mode and not to be trained.

    Raises:
        ValueError: the weights are not those of such networks; no memory was taken for them then.
    """
    with _Uninitialized():
        with torch.device("meta"):
            _check_shapes(make(), tensors)
        parts = make()
    for part, module in parts.items():
        prefix = f"{part}."
        weights = {n.removeprefix(prefix): t.float() for n, t in tensors.items() if n.startswith(prefix)}
        module.load_state_dict(weights)
        module.eval().requires_grad_(False)
    return parts


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


def _check_shapes(parts: Parts, tensors: Mapping[str, Tensor]) -> None:
    """Refuse weights that are not those of the settings before memory is taken for networks of their size."""
    for part, module in parts.items():
        for name, wanted in module.state_dict().items():
            found = tensors.get(f"{part}.{name}")
            if found is None or found.shape != wanted.shape:
                shape = "missing" if found is None else f"{tuple(found.shape)}"
                raise ValueError(f"{part}.{name} should be {tuple(wanted.shape)} and is {shape}")
