"""Files that are no checkpoints, or no states of a run, end in one line and run nothing."""

import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load, load_file, save

from arvae_music.errors import ArvaeError
from arvae_music.model.calibration import Calibration, Line
from arvae_music.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from arvae_music.training.state import Progress, RunState, load_state, save_state
from tests.fakes import TINY, tiny_events, tiny_vae

Damage = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint."""
    path = tmp_path_factory.mktemp("good") / "model.safetensors"
    line = Line((0.0, 1.0), (0.0, 1.0), 0.5, 0.5)
    calibration = Calibration({"4/4": {"contour": line}})
    save_checkpoint(
        path, Checkpoint(tiny_vae(), tiny_events(), TINY, calibration, {"corpus": {"name": "made-up"}})
    )
    return path


def header_of(content: bytes) -> tuple[dict[str, Any], bytes]:
    """A safetensors file is the length of its header in 8 bytes, the header as JSON, and the data."""
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def with_metadata(**changes: str | None) -> Damage:
    """The file with other metadata; None takes an entry away."""

    def damage(content: bytes) -> bytes:
        header, data = header_of(content)
        metadata = header["__metadata__"] | changes
        header["__metadata__"] = {name: said for name, said in metadata.items() if said is not None}
        text = json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + data

    return damage


def with_settings(**changes: object) -> Damage:
    def damage(content: bytes) -> bytes:
        settings = json.loads(header_of(content)[0]["__metadata__"]["settings"]) | changes
        return with_metadata(settings=json.dumps(settings))(content)

    return damage


def with_line(**changes: object) -> Damage:
    """Another line of the calibration."""
    line = {"values": [0, 1], "places": [0, 1], "mean": 0.5, "std": 0.5} | changes
    return with_metadata(calibration=json.dumps({"4/4": {"contour": line}}))


def with_weight(change: Callable[[torch.Tensor], torch.Tensor]) -> Damage:
    """The file with one tensor changed."""

    def damage(content: bytes) -> bytes:
        weights = load(content)
        weights["vae.decoder.output.bias"] = change(weights["vae.decoder.output.bias"])
        return save(weights, header_of(content)[0]["__metadata__"])

    return damage


def without_metadata(content: bytes) -> bytes:
    return save({"vae.weight": torch.zeros(2)})


DAMAGES: dict[str, Damage] = {
    "empty": lambda content: b"",
    "text": lambda content: b"<html>404 Not Found</html>\n" * 40,
    "cut in the length": lambda content: content[:5],
    "cut in the header": lambda content: content[:200],
    "cut in the data": lambda content: content[:-1],
    "cut in half": lambda content: content[: len(content) // 2],
    "too long a header": lambda content: struct.pack("<Q", 1 << 60) + content[8:],
    "more at the end": lambda content: content + b"\0",
    "another program's": without_metadata,
    "another format": with_metadata(format="arvae_music 2"),
    "no format": with_metadata(format=None),
    "no settings": with_metadata(settings=None),
    "settings that are no JSON": with_metadata(settings="latent=6"),
    "settings that are a list": with_metadata(settings="[1, 2]"),
    "settings that are unknown": with_settings(depth=3),
    "settings out of range": with_settings(latent=-6),
    "settings of another type": with_settings(latent="6"),
    "settings of other sizes": with_settings(latent=8),
    "a decoder that is none": with_settings(decoder="oracle", reading=0),
    "an encoder of another type": with_settings(encoder=["ticks"]),
    "another decoder": with_settings(decoder="feedback", reading=0),
    "another encoder": with_settings(encoder="ticks"),
    "more layers": with_settings(layers=2),
    "layers of another type": with_settings(layers="1"),
    "layers that are no whole number": with_settings(layers=1.0),
    "no calibration": with_metadata(calibration=None),
    "a calibration that is a list": with_metadata(calibration="[]"),
    "a calibration of lists": with_metadata(calibration='{"4/4": [1]}'),
    "a calibration without places": with_metadata(calibration='{"4/4": {"contour": {"values": [1]}}}'),
    "no card": with_metadata(card=None),
    "a card that is a list": with_metadata(card="[]"),
    "a card whose corpus is a word": with_metadata(card='{"corpus": "folk"}'),
    "metadata nested without end": with_metadata(card="[" * 100_000),
    "a calibration that falls": with_line(values=[0, 1], places=[1, 0]),
    "a calibration of no numbers": with_line(values=[0, 1], places=[0, float("nan")]),
    "a calibration without values": with_line(values=[], places=[]),
    "a calibration of two lengths": with_line(values=[0, 1], places=[0]),
    "a spread below zero": with_line(std=-1),
    "weights that are no numbers": with_weight(lambda weight: torch.full_like(weight, float("nan"))),
    "weights that are infinite": with_weight(lambda weight: torch.full_like(weight, float("inf"))),
    "weights that are whole numbers": with_weight(lambda weight: weight.to(torch.int16)),
    "weights that are no network's": lambda content: save(
        {**load(content), "vae.more": torch.zeros(2)}, header_of(content)[0]["__metadata__"]
    ),
}


def one_line(error: ArvaeError, path: Path) -> None:
    assert str(error).startswith(str(path))
    assert "\n" not in str(error)
    assert error.exit_code == 1


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_what_is_no_checkpoint_is_one_line(good: Path, tmp_path: Path, damage: Damage) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(damage(good.read_bytes()))
    with pytest.raises(ArvaeError) as caught:
        load_checkpoint(path)
    one_line(caught.value, path)


def test_the_undamaged_file_is_fine_after_the_same_treatment(good: Path, tmp_path: Path) -> None:
    # Else the damages above might be those of `with_metadata`.
    path = tmp_path / "model.safetensors"
    path.write_bytes(with_settings(latent=6)(good.read_bytes()))
    assert load_checkpoint(path).settings == TINY


@pytest.mark.parametrize("name", ["vae.decoder.output.bias", "events.to_place.weight"])
def test_a_missing_or_misshapen_weight_is_one_line(good: Path, tmp_path: Path, name: str) -> None:
    metadata = header_of(good.read_bytes())[0]["__metadata__"]
    path = tmp_path / "model.safetensors"
    weights = load_file(good)
    for wrong in ({**weights, name: torch.zeros(3)}, {n: w for n, w in weights.items() if n != name}):
        path.write_bytes(save(wrong, metadata))
        with pytest.raises(ArvaeError) as caught:
            load_checkpoint(path)
        one_line(caught.value, path)


@pytest.mark.parametrize("load", [load_checkpoint, load_state])
def test_what_is_not_there_is_one_line(tmp_path: Path, load: Callable[[Path], object]) -> None:
    with pytest.raises(ArvaeError) as caught:
        load(tmp_path / "none.safetensors")
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(ArvaeError) as caught:
        load(tmp_path)
    one_line(caught.value, tmp_path)


class Trap:
    """Unpickled, it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return open, (str(self.path), "w")


@pytest.mark.parametrize("load", [load_checkpoint, load_state])
@pytest.mark.parametrize("how", ["pickle", "torch"])
def test_nothing_is_unpickled(tmp_path: Path, how: str, load: Callable[[Path], object]) -> None:
    sprung, path = tmp_path / "sprung", tmp_path / "model.safetensors"
    if how == "pickle":
        path.write_bytes(pickle.dumps(Trap(sprung)))
        pickle.loads(path.read_bytes()).close()
    else:
        torch.save(Trap(sprung), tmp_path / "model.pt")
        torch.load(tmp_path / "model.pt", weights_only=False).close()
        (tmp_path / "model.pt").rename(path)
    assert sprung.exists()  # the trap works
    sprung.unlink()
    with pytest.raises(ArvaeError) as caught:
        load(path)
    one_line(caught.value, path)
    assert not sprung.exists()


def a_state() -> RunState:
    tensors = {"weights.a": torch.tensor([1 / 3, 1e-30]), "moments.0.step": torch.tensor(7.0)}
    progress = Progress("events", epoch=3, step=5, sums={"loss": 0.1 + 0.2}, best=-2.5)
    return RunState(progress, {"epochs": 4}, "f00d", tensors, "arvae-music train")


def test_a_state_comes_back_to_the_bit(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    save_state(path, a_state())
    back, state = load_state(path), a_state()
    assert (back.progress, back.settings, back.corpus, back.command) == (
        state.progress,
        state.settings,
        state.corpus,
        state.command,
    )
    assert back.tensors.keys() == state.tensors.keys()
    assert all(torch.equal(back.tensors[name], state.tensors[name]) for name in state.tensors)


STATE_DAMAGES: dict[str, Damage] = {
    **{name: DAMAGES[name] for name in DAMAGES if name.startswith(("cut", "text", "empty", "another p"))},
    "no progress": with_metadata(progress=None),
    "progress that is unknown": with_metadata(progress='{"task": "events", "speed": 1}'),
    "progress that is a list": with_metadata(progress="[]"),
    "settings that are no JSON": with_metadata(settings="{"),
    "no corpus": with_metadata(corpus=None),
}


@pytest.mark.parametrize("damage", STATE_DAMAGES.values(), ids=STATE_DAMAGES.keys())
def test_what_is_no_state_is_one_line(tmp_path: Path, damage: Damage) -> None:
    path = tmp_path / "state.safetensors"
    save_state(path, a_state())
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ArvaeError) as caught:
        load_state(path)
    one_line(caught.value, path)


def test_settings_that_claim_more_than_the_weights_take_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "huge.safetensors"
    save_checkpoint(path, Checkpoint(tiny_vae(), tiny_events(), TINY, Calibration({})))
    with safe_open(path, framework="pt") as file:
        metadata, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    huge = json.loads(metadata["settings"]) | {"decoder_width": 8192, "encoder_width": 8192}
    path.write_bytes(save(tensors, metadata | {"settings": json.dumps(huge)}))
    with pytest.raises(ArvaeError, match=r"not a usable checkpoint: vae\.[a-z_.0-9]+ should be \(\d"):
        load_checkpoint(path)
