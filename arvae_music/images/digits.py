"""Written digits, 28 x 28 grey pixels: those that come with scikit-learn, or a folder in the form of MNIST.

Of scikit-learn are 1,797 digits of 8 x 8 pixels from 0 to 16 (Alpaydin & Kaynak 1998, "Optical recognition
of handwritten digits"). As in MNIST, they are made to fill the 20 x 20 pixels in the middle: by cubic
splines, 5 new pixels for 2 old ones, each held to what the four old pixels around it have, so that nothing
rings.

A folder has `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
`t10k-labels-idx1-ubyte`, each also as `.gz`. It may have the measures of Morpho-MNIST (Castro et al. 2019),
`train-morpho.csv` and `t10k-morpho.csv`; otherwise, the images are measured here, once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from arvae_music.errors import ArvaeError
from arvae_music.images.data import Images, Pixels, Rows, Splits, Values, as_images, stratified_splits
from arvae_music.images.idx import digest, read_idx, read_measures
from arvae_music.images.morphometry import ATTRIBUTES, VERSION, measured
from arvae_music.images.resampling import applied, finer
from arvae_music.images.variants import varied
from arvae_music.kept import kept

SIDE = 28
"""Height and width of an image in pixels."""

_HIGHEST = 255
_SMALL_HIGHEST = 16  # of scikit-learn's digits

_HELD_OUT = (0.9, 0.1, 0.0)
"""Shares of the images of a folder's `train` files; its `t10k` files are the test."""

_MNIST_COUNTS = {"train": 60_000, "t10k": 10_000}
"""Images of each part."""

_MNIST = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""SHA-256 of the original's files, not gzipped."""


@dataclass(frozen=True, eq=False)
class Digits:
    """Digits in memory, with their measures as attributes.

    Attributes:
        name: of the data set.
        source: where it comes from, in a line.
        pixels: grey from 0 (background) to 255, `[images, 28, 28]`.
        labels: which digit each is, `[images]`.
        splits: the rows of each split; each digit has its share of them.
        table: measures that came with the images, `[images, 6]`; None where none did.
        families: number of the image that each is a variant of, `[images]`; None where there are no variants.
    """

    name: str
    source: str
    pixels: Pixels
    labels: npt.NDArray[np.uint8]
    splits: Splits
    table: Values | None = None
    families: npt.NDArray[np.int64] | None = None

    size = (SIDE, SIDE)
    attributes = ATTRIBUTES

    def __len__(self) -> int:
        return len(self.pixels)

    def images(self, rows: Rows) -> Images:
        """Images from 0 to 1, `[n, 1, 28, 28]`."""
        return as_images(self.pixels[rows], _HIGHEST)

    def values(self, rows: Rows) -> Values:
        """Measures in pixels and radians, `[n, 6]`; see `morphometry`.

        Raises:
            ArvaeError: they have to be taken first, and scikit-image is not installed.
        """
        return np.asarray(self._measures[rows])

    def siblings(self, rows: Rows, names: Sequence[str], generator: np.random.Generator) -> Rows | None:
        """Of each image the original or a variant, `[n]`; these differ in all measures, so no fewer do."""
        if self.families is None or {attribute.name for attribute in ATTRIBUTES} - set(names):
            return None
        order = self.splits.train[np.argsort(self.families[self.splits.train], kind="stable")]
        wanted, there = self.families[rows], self.families[order]
        first, last = (np.searchsorted(there, wanted, side) for side in ("left", "right"))
        drawn = first + (generator.random(len(rows)) * (last - first)).astype(np.int64)
        return np.asarray(np.where(first < last, order[np.minimum(drawn, len(order) - 1)], rows))

    @cached_property
    def _measures(self) -> npt.NDArray[np.float32]:
        if self.table is not None:
            return self.table
        digest = hashlib.sha256(f"{VERSION} ".encode() + self.pixels.tobytes()).hexdigest()
        shape = (len(self.pixels), len(ATTRIBUTES))
        return kept(f"measures-{digest[:16]}", shape, np.float32, lambda: measured(self.pixels))


VARIANTS = 6
"""Of each of scikit-learn's digits to train on, when a model is trained."""


def small_digits(seed: int = 0, variants: int = 0) -> Digits:
    """The 1,797 digits of scikit-learn, and variants of those to train on after them.

    Args:
        seed: of the permutation that splits them: 80, 10 and 10 percent of each digit; and of the variants.
        variants: of each digit of the training split, see `variants`; they are in that split, too.

    Raises:
        ArvaeError: scikit-learn or scipy is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ArvaeError("the digits need scikit-learn: pip install 'arvae-music[images]' has it") from error
    found = load_digits()
    labels = found.target.astype(np.uint8)
    digits = Digits(
        "digits",
        "the 1,797 digits of scikit-learn (Alpaydin & Kaynak 1998), made larger",
        larger(found.images.astype(np.float32)),
        labels,
        stratified_splits(labels, seed),
    )
    return with_variants(digits, variants, np.random.default_rng(seed)) if variants else digits


def with_variants(digits: Digits, variants: int, generator: np.random.Generator) -> Digits:
    """The same digits, and after them so many variants of each one in the training split, which they join.

    Raises:
        ArvaeError: scipy is not installed.
    """
    rows = np.tile(digits.splits.train, variants)
    first = len(digits)
    train = np.concatenate([digits.splits.train, np.arange(first, first + len(rows))])
    return replace(
        digits,
        families=np.concatenate([np.arange(first), rows]),
        source=f"{digits.source}, and {variants} variants of each of those to train on",
        pixels=np.concatenate([digits.pixels, varied(digits.pixels[rows], generator)]),
        labels=np.concatenate([digits.labels, digits.labels[rows]]),
        splits=digits.splits._replace(train=train),
    )


def larger(small: npt.NDArray[np.float32]) -> Pixels:
    """Digits `[n, 8, 8]` from 0 to 16 as `[n, 28, 28]` from 0 to 255, see above."""
    framed = np.pad(small, ((0, 0), (2, 2), (2, 2)))
    # 12 pixels become 30, and the outermost of these is one too many on each side.
    centres = (np.arange(1, 29) + 0.5) * 12 / 30 - 0.5
    before = np.floor(centres).astype(int)
    around = np.stack([framed[:, a[:, None], b] for a in (before, before + 1) for b in (before, before + 1)])
    smooth = applied(finer(12, 30)[1:-1], framed)
    held = np.clip(smooth, around.min(axis=0), around.max(axis=0))
    return np.asarray(np.rint(held * (_HIGHEST / _SMALL_HIGHEST)), np.uint8)


def folder_of_digits(folder: str | Path, seed: int = 0) -> Digits:
    """The digits of a folder in the form of MNIST.

    Rows are first those of the `train` files, of which 90 percent of each digit are to train on and 10 to
    validate, then those of the `t10k` files, which are the test.

    Args:
        folder: with the four files of MNIST, and perhaps the two tables of Morpho-MNIST.
        seed: of the permutation that tells training from validation.

    Raises:
        ArvaeError: a file is absent, damaged, or does not go with the others.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ArvaeError(f"{folder} is no folder: give one with the files of MNIST or Morpho-MNIST")
    train, test = _read(folder, "train"), _read(folder, "t10k")
    tables = [part.table for part in (train, test) if part.table is not None]
    if len(tables) == 1:
        lone, other = ("train", "t10k") if train.table is not None else ("t10k", "train")
        raise ArvaeError(
            f"{folder} has {lone}-morpho.csv but no {other}-morpho.csv: both are needed, or none"
        )
    first = len(train.pixels)
    splits = stratified_splits(train.labels, seed, _HELD_OUT)
    original = train.original and test.original
    return Digits(
        "mnist" if original else folder.resolve().name,
        "MNIST (LeCun, Cortes & Burges 1998), by the SHA-256 of its files"
        if original
        else "files in the form of MNIST, but not those of MNIST by their SHA-256",
        np.concatenate([train.pixels, test.pixels]),
        np.concatenate([train.labels, test.labels]),
        splits._replace(test=np.arange(first, first + len(test.pixels))),
        np.concatenate(tables) if tables else None,
    )


def folder_of_morpho_mnist(folder: str | Path, seed: int = 0) -> Digits:
    """One of the data sets of Morpho-MNIST: images made of MNIST's, with MNIST's labels and splits.

    Args:
        folder: as for `folder_of_digits`.
        seed: of the permutation that tells training from validation.

    Raises:
        ArvaeError: see `folder_of_digits`; or there are more or fewer images than in MNIST, or the labels are
            not MNIST's.
    """
    digits = folder_of_digits(folder, seed)
    test = digits.splits.test
    parts = {"train": digits.labels[: len(digits) - len(test)], "t10k": digits.labels[test]}
    for part, labels in parts.items():
        if len(labels) != _MNIST_COUNTS[part]:
            raise ArvaeError(
                f"{folder}: {part}-images-idx3-ubyte has {len(labels):,} images, and Morpho-MNIST "
                f"{_MNIST_COUNTS[part]:,}: get the files anew, or take digits with --idx for others"
            )
        if digest(labels) != _MNIST[f"{part}-labels-idx1-ubyte"]:
            raise ArvaeError(
                f"{folder}: the SHA-256 of {part}-labels-idx1-ubyte is not that of MNIST, whose labels "
                "Morpho-MNIST has: get the files anew, or take digits with --idx for others"
            )
    images = "those of MNIST" if digits.name == "mnist" else "made of those of MNIST"
    measures = "measured here" if digits.table is None else "with their published measures"
    source = f"Morpho-MNIST (Castro et al. 2019): images {images}, {measures}"
    return replace(digits, name="morpho-mnist", source=source)


class _Part(NamedTuple):
    """The files of `train` or `t10k`, and whether they are the original's."""

    pixels: Pixels
    labels: npt.NDArray[np.uint8]
    table: Values | None
    original: bool


def _read(folder: Path, part: str) -> _Part:
    images, numbers = f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"
    image_file, label_file = _there(folder, images), _there(folder, numbers)
    pixels, labels = read_idx(image_file, 3), read_idx(label_file, 1)
    if pixels.shape[1:] != (SIDE, SIDE):
        size = " x ".join(map(str, pixels.shape[1:]))
        raise ArvaeError(f"{image_file}: its images have {size} pixels instead of {SIDE} x {SIDE}")
    if len(labels) != len(pixels):
        raise ArvaeError(
            f"{label_file} has {len(labels)} labels for {len(pixels)} images in {image_file.name}"
        )
    if not len(pixels):
        raise ArvaeError(f"{image_file} has no images: get the file anew")
    if labels.max() > 9:
        raise ArvaeError(f"{label_file}: a label is {labels.max()} instead of 0 to 9")
    path = folder / f"{part}-morpho.csv"
    table = read_measures(path, len(pixels)) if path.exists() else None
    original = digest(pixels) == _MNIST[images] and digest(labels) == _MNIST[numbers]
    return _Part(pixels, labels, table, original)


def _there(folder: Path, name: str) -> Path:
    """A file of that name, or the same gzipped."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise ArvaeError(
        f"{folder} has neither {name} nor {name}.gz: put the four files of MNIST there, from the MNIST "
        "database or from the data sets of the Morpho-MNIST project"
    )
