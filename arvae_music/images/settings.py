"""What decides how a model of images is trained, and what it looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from arvae_music.errors import ArvaeError, UsageError
from arvae_music.images.data import ImageData, columns_of
from arvae_music.training.settings import check_choice, check_pace_and_place, check_range

SIDES = (64, 28)
"""Heights and widths for which there are networks."""


@dataclass(frozen=True)
class ImageModelSettings:
    """Sizes of the networks; saved in the checkpoint.

    Attributes:
        side: height and width of the images; it decides which networks they are.
        attributes: names of the regularized attributes, in the order of their latent dimensions.
        latent: latent dimensions; the first `len(attributes)` are regularized.
    """

    side: int = 64
    attributes: tuple[str, ...] = ()
    latent: int = 10

    def __post_init__(self) -> None:
        if self.side not in SIDES:
            raise ArvaeError(f"images are {self.side} pixels wide: there are networks for 64 and for 28")
        if not all(isinstance(name, str) for name in self.attributes):
            raise ArvaeError("the names of attributes hold what is no name")
        if not max(1, len(self.attributes)) <= self.latent <= 1024:
            raise ArvaeError(
                f"there are {self.latent} latent dimensions: there must be 1 to 1024, and one for each of "
                f"{len(self.attributes)} attributes"
            )


@dataclass(frozen=True)
class ImageSettings:
    """Everything that `images train` can be told; saved in the run folder and in the checkpoint.

    Attributes:
        preset: the one whose settings were the defaults.
        epochs: how often a score is taken and a checkpoint written.
        images: drawn at random for each epoch; 0 takes every image of the training split once.
        batch_size: images per step.
        schedule: `one-cycle` or `constant`.
        learning_rate: peak of the one-cycle rate, or the constant rate.
        weight_decay: of AdamW; 0 makes it Adam.
        beta: weight of the KL divergence; the likelihood is summed over pixels.
        gamma: weight of the attribute term.
        delta: sharpness of the attribute term.
        linearity: weight of the term that makes each regularized dimension its attribute in standard
            deviations.
        swapped: share of the last steps in which every image is decoded with the free dimensions of a
            sibling, another image that differs from it in the regularized attributes alone: so what these
            say can stand nowhere else, and the decoder has to listen to them. It grows from 0 in the first
            steps. 0 in the paper.
        seed, threads, device, devices, precision: as in `TrainingSettings`.
        model: sizes of the networks.
    """

    preset: str = "default"
    epochs: int = 10
    images: int = 0
    batch_size: int = 128
    schedule: str = "one-cycle"
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    beta: float = 1.0
    gamma: float = 10.0
    delta: float = 1.0
    linearity: float = 10.0
    swapped: float = 0.0
    seed: int = 0
    threads: int = 0
    device: str = "auto"
    devices: int = 1
    precision: str = "auto"
    model: ImageModelSettings = field(default_factory=ImageModelSettings)

    def __post_init__(self) -> None:
        check_choice("preset", self.preset, IMAGE_PRESETS)
        check_range("epochs", self.epochs, 1, 100_000)
        check_range("images", self.images, 0, 1 << 30)
        for name in ("weight_decay", "beta", "gamma", "delta", "linearity"):
            check_range(name, getattr(self, name), 0.0, 1e4)
        check_range("swapped", self.swapped, 0.0, 1.0)
        check_pace_and_place(self)

    def as_json(self) -> dict[str, Any]:
        """A dictionary that JSON can hold; `from_json` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> ImageSettings:
        """Read what `as_json` gave."""
        model = dict(saved["model"])
        model["attributes"] = tuple(model["attributes"])
        return cls(**{**saved, "model": ImageModelSettings(**model)})


IMAGE_PRESETS = ("default", "paper", "beta-vae")

_PAPER = {
    "epochs": 100,
    "batch_size": 128,
    "schedule": "constant",
    "learning_rate": 1e-4,
    "linearity": 0.0,
}
"""The image experiments of Pati & Lerch 2020 (arXiv 2004.05485, section 4): Adam."""

_CHANGES: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "paper": _PAPER,
    "beta-vae": {"gamma": 0.0, "linearity": 0.0},
}

_USUAL: Mapping[str, Mapping[str, Any]] = {
    # 590 thousand images are many, and need not be seen all: they differ in little more than a few factors.
    "sprites": {"images": 1 << 15, "epochs": 12, "batch_size": 64},
    "digits": {"epochs": 12, "batch_size": 64, "linearity": 200.0},
    "morpho-mnist": {"epochs": 20},
}
"""What is usual for a data set, by its name."""


def image_settings(dataset: str, preset: str, model: ImageModelSettings, **given: Any) -> ImageSettings:
    """The settings of a preset on a data set, with what was given on top.

    Raises:
        UsageError: there is no such preset, or a setting is out of range.
    """
    if preset not in IMAGE_PRESETS:
        raise UsageError(f"--preset is '{preset}': take one of {', '.join(IMAGE_PRESETS)}")
    usual = dict(_USUAL.get(dataset, {}))
    if preset == "paper":
        usual.pop("images", None)
    return ImageSettings(**{**usual, **_CHANGES[preset], **given, "preset": preset, "model": model})


def settings_for(
    data: ImageData,
    preset: str = "default",
    attributes: Sequence[str] = (),
    latent: int | None = None,
    **given: Any,
) -> ImageSettings:
    """The settings to train on a data set, with what is usual for it.

    Args:
        data: what to learn from.
        preset: `default`, `paper` or `beta-vae`.
        attributes: names of those to regularize; if there are none, all that have an order. Categories and
            circles have none, and are only taken where they are named.
        latent: dimensions; the paper's, if None.
        given: other fields of `ImageSettings`, in the place of the preset's.

    Raises:
        UsageError: there is no such preset or attribute, or a setting is out of range.
        ArvaeError: there are too few dimensions, or no networks for images of that size.
    """
    ordered = [attribute.name for attribute in data.attributes if attribute.ordered]
    chosen = tuple(dict.fromkeys(attributes or ordered))
    columns_of(data, chosen)
    side = data.size[0]
    usual = 10 if side == 64 else 16
    model = ImageModelSettings(side, chosen, usual if latent is None else latent)
    known = data.siblings(data.splits.train[:1], chosen, np.random.default_rng(0)) is not None
    if given.get("swapped") and not known:
        raise UsageError(no_siblings(data, given["swapped"]))
    if known and preset == "default":
        given = {"swapped": 1.0, **given}
    return image_settings(data.name, preset, model, **given)


def no_siblings(data: ImageData, swapped: float) -> str:
    """What to say where images are to be decoded with those of siblings, and there are none."""
    return (
        f"--swapped is {swapped}: it is not known which images of {data.name} differ in the regularized "
        "attributes alone: take 0"
    )
