"""Files of MNIST and Morpho-MNIST: IDX arrays, gzipped or not, and tables of measures.

IDX: two bytes of 0, the type (8: unsigned bytes), the number of dimensions, each of them as a big-endian
32-bit number, and the items (LeCun, Cortes & Burges 1998).
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import math
import zlib
from pathlib import Path
from typing import IO, cast

import numpy as np
import numpy.typing as npt

from arvae_music.errors import ArvaeError
from arvae_music.images.data import Values
from arvae_music.images.morphometry import ATTRIBUTES

Bytes = npt.NDArray[np.uint8]

_COLUMNS = ["index", *(attribute.name for attribute in ATTRIBUTES)]


def read_idx(path: Path, dimensions: int) -> Bytes:
    """The array of a file whose name ends in `.gz` if it is gzipped.

    Raises:
        ArvaeError: it cannot be read, is of another kind, or not as long as it says.
    """
    magic = bytes((0, 0, 8, dimensions))
    try:
        with _opened(path) as file:
            found = file.read(4)
            if found != magic:
                raise ArvaeError(
                    f"{path} begins with {found.hex() or 'nothing'} instead of {magic.hex()}: it is no IDX "
                    f"file of unsigned bytes in {dimensions} dimensions"
                )
            head = file.read(4 * dimensions)
            if len(head) < 4 * dimensions:
                raise EOFError("it ends before its sizes")
            sizes = np.frombuffer(head, ">u4").astype(int).tolist()
            content = file.read()
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise ArvaeError(f"cannot read {path} ({why}): get the file anew") from error
    if len(content) != math.prod(sizes):
        says = " x ".join(map(str, sizes))
        raise ArvaeError(f"{path} has {len(content)} items where it says {says}: get the file anew")
    return np.frombuffer(content, np.uint8).reshape(sizes)


def digest(array: Bytes) -> str:
    """SHA-256 of the IDX file that holds the array, not gzipped, hexadecimal."""
    head = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes()
    return hashlib.sha256(head + array.tobytes()).hexdigest()


def _opened(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def read_measures(path: Path, count: int) -> Values:
    """The table of Morpho-MNIST for so many images, `[count, 6]` in the order of `ATTRIBUTES`.

    Raises:
        ArvaeError: it cannot be read, or is not such a table.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            head, *lines = csv.reader(file)
    except (OSError, ValueError, csv.Error) as error:  # ValueError: no text, or no line
        why = getattr(error, "strerror", None) or "it is no table of text"
        raise ArvaeError(f"cannot read {path}: {why}") from error
    if [name.strip() for name in head] != _COLUMNS:
        raise ArvaeError(f"{path}: its columns are {','.join(head)} instead of {','.join(_COLUMNS)}")
    if len(lines) != count:
        raise ArvaeError(f"{path} measures {len(lines)} images, but there are {count}: get the files anew")
    for row, line in enumerate(lines):
        if not _is_measured(line, row):
            raise ArvaeError(
                f"{path}, line {row + 2}: {','.join(line)} instead of {row} and {len(ATTRIBUTES)} numbers"
            )
    return np.array([line[1:] for line in lines], np.float64).reshape(count, -1).astype(np.float32)


def _is_measured(line: list[str], row: int) -> bool:
    """Whether a line has the row's number, and a number in each of the other columns."""
    try:
        return len(line) == len(_COLUMNS) and int(line[0]) == row and all(map(_is_finite, line[1:]))
    except ValueError:
        return False


def _is_finite(word: str) -> bool:
    return math.isfinite(float(word))
