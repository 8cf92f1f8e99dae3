"""The archive of dSprites as it is published: one `.npz` of images and of their factors.

Its keys are `imgs` (uint8, `[images, 64, 64]` of 0 and 1), `latents_values` (float64, `[images, 6]`) and
`latents_classes` (int64, `[images, 6]`). Others are left alone: `metadata` is a pickle, which may run
anything when it is opened. Matthey et al. 2017.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from arvae_music.errors import ArvaeError
from arvae_music.images.data import Images, Pixels, Rows, Splits, Values, as_images, random_splits
from arvae_music.images.sprites import ATTRIBUTES, COUNTS, SIDE, indices_of, rows_by_index, siblings_of
from arvae_music.kept import kept

_BITS = SIDE * SIDE
_AT_ONCE = 4096  # images: 16 MB


class _Member(NamedTuple):
    """An array of the archive by its header.

    Attributes:
        info: the zip's entry.
        rows: its length.
        start: bytes before its first item.
    """

    info: zipfile.ZipInfo
    rows: int
    start: int


class SpritesArchive:
    """The sprites of an archive, the same to use as `Sprites`.

    Images are unpacked once, to a bit a pixel (377 MB for all 737,280), and kept in the cache folder.

    Attributes:
        path: of the archive.
        seed: of the permutation that splits the images.
    """

    name = "sprites"
    size = (SIDE, SIDE)
    attributes = ATTRIBUTES

    def __init__(self, path: str | Path, seed: int = 0) -> None:
        """Read the factors, and the images if they are not in the cache.

        Raises:
            ArvaeError: there is no such file, or it is no such archive.
        """
        self.path = Path(path)
        self.seed = seed
        with _opened(self.path) as archive:
            images = _member(archive, self.path, "imgs", np.dtype(np.uint8), (SIDE, SIDE))
            values = _member(archive, self.path, "latents_values", np.dtype(np.float64), (len(COUNTS),))
            chosen = _member(archive, self.path, "latents_classes", np.dtype(np.int64), (len(COUNTS),))
            if not images.rows == values.rows == chosen.rows:
                raise ArvaeError(
                    f"{self.path} has {images.rows} images, but values of {values.rows} and classes of "
                    f"{chosen.rows}: get the archive anew"
                )
            self._values = _table(archive, values, np.dtype(np.float64))
            self._classes = _table(archive, chosen, np.dtype(np.int64))
            self._check_factors()
            identity = f"1 {images.info.CRC} {images.info.file_size}"
            self._packed: Pixels = kept(
                f"sprites-{hashlib.sha256(identity.encode()).hexdigest()[:16]}",
                (images.rows, _BITS // 8),
                np.uint8,
                lambda: _packed(archive, images, self.path),
            )

    def _check_factors(self) -> None:
        if not np.isfinite(self._values).all():
            raise ArvaeError(f"{self.path}: not all of its latents_values are numbers: get the archive anew")
        if ((self._classes < 0) | (self._classes >= np.array(COUNTS))).any():
            raise ArvaeError(
                f"{self.path}: its latents_classes are not all below {', '.join(map(str, COUNTS))}: get the "
                "archive of dSprites"
            )

    @property
    def source(self) -> str:
        """The archive's name."""
        return f"{self.path.name}, an archive of dSprites (Matthey et al. 2017)"

    def __len__(self) -> int:
        return len(self._packed)

    @cached_property
    def splits(self) -> Splits:
        """80, 10 and 10 percent of the images."""
        return random_splits(len(self), self.seed)

    def classes(self, rows: Rows) -> npt.NDArray[np.int64]:
        """Which of its values each factor takes, `[n, 6]`, from 0."""
        return np.asarray(self._classes[rows])

    def factors(self, rows: Rows) -> npt.NDArray[np.float64]:
        """Values of the factors, `[n, 6]`."""
        return np.asarray(self._values[rows])

    def render(self, rows: Rows) -> Pixels:
        """Images of 0 and 1, `[n, 64, 64]`."""
        return np.unpackbits(self._packed[rows], axis=-1).reshape(-1, SIDE, SIDE)

    def images(self, rows: Rows) -> Images:
        """Images of 0 and 1, `[n, 1, 64, 64]`."""
        return as_images(self.render(rows), highest=1)

    def values(self, rows: Rows) -> Values:
        """Values of all factors but the color, `[n, 5]`."""
        return self.factors(rows)[:, 1:].astype(np.float32)

    def siblings(self, rows: Rows, names: Sequence[str], generator: np.random.Generator) -> Rows:
        """Images of the training split that differ from these in the named factors alone, `[n]`."""
        return siblings_of(rows, self.classes(rows), names, self._rows, generator)

    @cached_property
    def _rows(self) -> npt.NDArray[np.int32]:
        train = self.splits.train
        return rows_by_index(train, indices_of(self.classes(train)))


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive, whose faults are this error's, whenever they show."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except FileNotFoundError:
        raise ArvaeError(f"there is no file {path}: give the .npz of dSprites") from None
    # RuntimeError: it is encrypted; NotImplementedError: packed in a way that zipfile does not know.
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, OSError) as error:
        why = " ".join(str(error).split())
        raise ArvaeError(f"{path} cannot be read as an .npz ({why}): get the archive anew") from error


def _member(
    archive: zipfile.ZipFile, path: Path, key: str, dtype: np.dtype[Any], item: tuple[int, ...]
) -> _Member:
    """An array of rows of that type and shape, by its header alone."""
    try:
        info = archive.getinfo(f"{key}.npy")
    except KeyError:
        raise ArvaeError(f"{path} has no array '{key}': give the .npz of dSprites") from None
    with archive.open(info) as file:
        shape, found, start = _header(file)
    if found != dtype or len(shape) != 1 + len(item) or shape[1:] != item:
        wanted = f"{dtype} of [images, {', '.join(map(str, item))}]"
        raise ArvaeError(
            f"{path}: its '{key}' is {found} of {list(shape)} instead of {wanted}: give the .npz of dSprites"
        )
    if info.file_size != start + int(np.prod(shape, dtype=object)) * dtype.itemsize:
        raise ArvaeError(f"{path}: its '{key}' is shorter or longer than it says: get the archive anew")
    return _Member(info, shape[0], start)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Shape, type and start of the items of an `.npy`; ValueError if it is none, or by columns."""
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"an array of format version {version}")
    shape, by_columns, dtype = readers[version](file)
    if by_columns:
        raise ValueError("an array stored by columns")
    return shape, dtype, file.tell()


def _table(archive: zipfile.ZipFile, member: _Member, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """The factors' array, `[images, 6]`."""
    with archive.open(member.info) as file:
        content = file.read()[member.start :]
    return np.frombuffer(content, dtype).reshape(member.rows, len(COUNTS))


def _packed(archive: zipfile.ZipFile, member: _Member, path: Path) -> Iterator[Pixels]:
    """The images at a bit a pixel, some at a time."""
    try:
        with archive.open(member.info) as file:
            file.read(member.start)
            for start in range(0, member.rows, _AT_ONCE):
                count = min(_AT_ONCE, member.rows - start)
                pixels = np.frombuffer(file.read(count * _BITS), np.uint8).reshape(count, _BITS)
                if pixels.max(initial=0) > 1:
                    raise ArvaeError(f"{path}: its images are not of 0 and 1: give the .npz of dSprites")
                yield np.packbits(pixels, axis=-1)
    except OSError as error:  # which would else be taken for a fault of the cache
        raise ArvaeError(f"cannot read {path}: {error.strerror}") from error
