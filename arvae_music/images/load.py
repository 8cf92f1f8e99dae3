"""Data sets of images by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from arvae_music.errors import UsageError
from arvae_music.images.archive import SpritesArchive
from arvae_music.images.data import ImageData
from arvae_music.images.digits import VARIANTS, folder_of_digits, folder_of_morpho_mnist, small_digits
from arvae_music.images.sprites import Sprites

NAMES = ("sprites", "digits", "morpho-mnist")


def load_images(name: str, *, npz: Path | None = None, idx: Path | None = None) -> ImageData:
    """A data set of images.

    Args:
        name: `sprites` (drawn here, or of the archive of dSprites), `digits` (those of scikit-learn with
            variants to train on, or those of a folder) or `morpho-mnist` (of a folder).
        npz: the archive of dSprites.
        idx: a folder in the form of MNIST.

    Raises:
        UsageError: there is no data set of that name, or it is not made of such a file or folder.
        ArvaeError: files are absent or damaged, or a package is missing.
    """
    if name not in NAMES:
        raise UsageError(f"there is no data set '{name}': take one of {', '.join(NAMES)}")
    if npz is not None and name != "sprites":
        raise UsageError(f"--npz is an archive of sprites, and {name} has none: take --idx")
    if idx is not None and name == "sprites":
        raise UsageError("--idx is a folder of digits: sprites are drawn, or come with --npz")
    if name == "sprites":
        return Sprites() if npz is None else SpritesArchive(npz)
    if name == "digits":
        return small_digits(variants=VARIANTS) if idx is None else replace(folder_of_digits(idx), name=name)
    if idx is None:
        raise UsageError("morpho-mnist is read from files: name their folder with --idx")
    return folder_of_morpho_mnist(idx)
