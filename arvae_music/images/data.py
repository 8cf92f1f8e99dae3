"""What the secondary module learns from: images, their attributes, and how they are split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from arvae_music.errors import UsageError

Rows = npt.NDArray[np.integer]
"""Numbers of images in a data set, `[n]`."""

Pixels = npt.NDArray[np.uint8]
Images = npt.NDArray[np.float32]
Values = npt.NDArray[np.float32]

Kind = Literal["quantity", "category", "circle"]
"""What the values of an attribute are: amounts in an order, names without one, or angles that come round."""

SHARES = (0.8, 0.1, 0.1)
"""Shares of the images in train, validation and test."""


class ImageAttribute(NamedTuple):
    """An attribute that every image of a data set has.

    Attributes:
        name: its name.
        unit: what one of it is, for people; empty for a category.
        kind: whether it is a quantity, a category or a circle.
    """

    name: str
    unit: str
    kind: Kind = "quantity"

    @property
    def ordered(self) -> bool:
        """Whether more and less of it mean something, so that a dimension can be made to order by it."""
        return self.kind == "quantity"


class Splits(NamedTuple):
    """The rows of each split, ascending, int64."""

    train: npt.NDArray[np.int64]
    validation: npt.NDArray[np.int64]
    test: npt.NDArray[np.int64]


class ImageData(Protocol):
    """A data set of grey-scale images of one size, read or drawn as they are asked for."""

    @property
    def name(self) -> str:
        """Its name, as on the command line."""

    @property
    def source(self) -> str:
        """Where the images come from, in a line."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""

    @property
    def attributes(self) -> tuple[ImageAttribute, ...]:
        """What `values` tells of an image, in the order of its columns."""

    @property
    def splits(self) -> Splits:
        """The rows to train on, to choose by, and to report on."""

    def __len__(self) -> int:
        """Number of images."""

    def images(self, rows: Rows) -> Images:
        """Images from 0 (background) to 1, `[n, 1, height, width]`."""

    def values(self, rows: Rows) -> Values:
        """Values of the attributes in their units, `[n, attributes]`."""

    def siblings(self, rows: Rows, names: Sequence[str], generator: np.random.Generator) -> Rows | None:
        """For each image one of the training split that differs from it in the named attributes alone, `[n]`.

        Drawn evenly; it may be the image itself. None where it is not known which images these are.
        """


def columns_of(data: ImageData, names: Sequence[str]) -> list[int]:
    """Columns of `data.values` that hold some attributes.

    Raises:
        UsageError: the data set has no such attribute.
    """
    known = [attribute.name for attribute in data.attributes]
    for name in names:
        if name not in known:
            raise UsageError(f"{data.name} has no attribute '{name}': take some of {', '.join(known)}")
    return [known.index(name) for name in names]


def as_images(pixels: Pixels, highest: int) -> Images:
    """Pixels `[n, height, width]` from 0 to `highest` as images `[n, 1, height, width]` from 0 to 1."""
    images = pixels[:, None].astype(np.float32)
    if highest != 1:
        images /= highest
    return images


def random_splits(count: int, seed: int, shares: tuple[float, float, float] = SHARES) -> Splits:
    """Splits of so many images by a permutation; the same for a seed everywhere and always."""
    return Splits(*(np.sort(part) for part in _cut(_permutation(count, seed), shares)))


def stratified_splits(
    labels: npt.NDArray[np.integer], seed: int, shares: tuple[float, float, float] = SHARES
) -> Splits:
    """Splits of images with these labels `[images]`, in which each label has its shares, rounded."""
    order = _permutation(len(labels), seed)
    parts = [_cut(order[labels[order] == label], shares) for label in np.unique(labels)]
    if not parts:
        return random_splits(0, seed, shares)
    return Splits(*(np.sort(np.concatenate(split)) for split in zip(*parts, strict=True)))


def _permutation(count: int, seed: int) -> npt.NDArray[np.int64]:
    """The numbers below `count` in an order of the seed's.

    From the generator's raw bits, as NumPy may change what it makes of them, and images must stay in
    their split when it does.
    """
    bits = np.random.PCG64(seed).random_raw(count)
    return np.argsort(bits, kind="stable").astype(np.int64)


def _cut(rows: npt.NDArray[np.int64], shares: tuple[float, float, float]) -> list[npt.NDArray[np.int64]]:
    """Rows, one after another, by the shares of their number."""
    ends = np.rint(np.cumsum(shares)[:2] * len(rows)).astype(int)
    return np.split(rows, ends)
