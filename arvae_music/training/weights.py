"""Files of weights: networks and what is known of them in one `.safetensors` file, nothing pickled."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
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

MELODIES, IMAGES = "arvae_music 1", "arvae_music images 1"
"""Names and versions of the layouts of models; another one is refused."""

_MODELS = {MELODIES: "melodies", IMAGES: "images"}
"""What they are models of."""

_FAULTS = (
    ArvaeError, OSError, SafetensorError, AttributeError, LookupError, ArithmeticError, TypeError, ValueError,
    RuntimeError, MemoryError,
)  # fmt: skip
"""What reading a file that is no checkpoint may end in."""


_WEIGHT_TYPES = ("F16", "BF16", "F32")
"""As safetensors names them."""


_CARDS = ("corpus", "data", "evaluation", "training")
"""What a card holds that is a card itself."""


def _check_card(card: Any) -> None:
    """Refuse a card that is none: other parts of the program look into it."""
    inner = [card.get(name, {}) for name in _CARDS] if isinstance(card, dict) else [None]
    if not all(isinstance(entry, dict) for entry in inner):
        raise ValueError("what it says of itself is not by name and value")


class StoredTensors(Mapping[str, Tensor]):
    """The tensors of a file, each read when it is asked for; what they are is known before."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._names = tuple(file.keys())

    def __getitem__(self, name: str) -> Tensor:
        """Read a tensor."""
        tensor: Tensor = self._file.get_tensor(name)
        return tensor

    def __iter__(self) -> Iterator[str]:
        """Their names."""
        return iter(self._names)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._names)

    def described(self, name: str) -> tuple[tuple[int, ...], str]:
        """Shape and type of a tensor, without reading it."""
        part = self._file.get_slice(name)
        return tuple(part.get_shape()), str(part.get_dtype())


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
    path: Path, layout: str, assemble: Callable[[dict[str, Any], StoredTensors], Known]
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
            found = metadata.pop("format", None)
            if found != layout:
                raise ValueError(_other(found, layout))
            about = {name: json.loads(text) for name, text in metadata.items()}
            _check_card(about["card"])
            return assemble(about, StoredTensors(file))
    except FileNotFoundError:
        raise ArvaeError(f"{path}: no such checkpoint: take a .safetensors file, or a run's folder") from None
    except SafetensorError as error:
        raise ArvaeError(
            f"{path} is not a usable checkpoint: it is no .safetensors file, or a part of one"
        ) from error
    except _FAULTS as error:
        said = str(error).strip() or type(error).__name__
        reason = said.splitlines()[0].rstrip(":")[:300]
        raise ArvaeError(f"{path} is not a usable checkpoint: {reason}") from error


def filled(make: Callable[[], dict[str, nn.Module]], tensors: StoredTensors) -> dict[str, nn.Module]:
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
        weights = {n.removeprefix(prefix): _finite(n, tensors[n]) for n in tensors if n.startswith(prefix)}
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


def _check_shapes(parts: Parts, tensors: StoredTensors) -> None:
    """Refuse weights that are not those of the settings before memory is taken for any of them."""
    left = set(tensors)
    for part, module in parts.items():
        for short, wanted in module.state_dict().items():
            name = f"{part}.{short}"
            shape, kind = tensors.described(name) if name in left else (None, "")
            if shape != tuple(wanted.shape):
                found = "missing" if shape is None else f"{shape}"
                raise ValueError(f"{name} should be {tuple(wanted.shape)} and is {found}")
            if kind not in _WEIGHT_TYPES:
                raise ValueError(f"{name} is of type {kind}: weights are {', '.join(_WEIGHT_TYPES)}")
            left.discard(name)
    if left:
        raise ValueError(f"{min(left)[:80]} is no weight of such a network")


def _finite(name: str, weights: Tensor) -> Tensor:
    """Weights in single precision.

    Raises:
        ValueError: one is no finite number.
    """
    plain = weights.float()
    if not bool(torch.isfinite(plain).all()):
        raise ValueError(f"{name} has weights that are no finite numbers")
    return plain


def _other(found: str | None, wanted: str) -> str:
    """Why a file of another format is not what is wanted."""
    if found in _MODELS and wanted in _MODELS:
        return f"it is a model of {_MODELS[found]}, and one of {_MODELS[wanted]} is needed"
    return "it is not of this version of arvae-music"
