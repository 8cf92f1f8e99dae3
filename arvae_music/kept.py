"""Large arrays that lie in files and are read from there as they are used: some kept, some for a while."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import numpy.typing as npt
from filelock import FileLock
from platformdirs import user_cache_path

from arvae_music.errors import ArvaeError
from arvae_music.files import whole_file

Array = npt.NDArray[Any]
Parts = Callable[[], Iterable[Array]]
"""Makes an array, part after part along its first axis."""


def cache_folder() -> Path:
    """Where arrays are kept."""
    return user_cache_path("arvae_music") / "arrays"


LARGE = 2**22
"""Bytes from which on an array does not stay in memory."""


def kept(name: str, shape: tuple[int, ...], dtype: npt.DTypeLike, parts: Parts) -> Array:
    """The array kept under that name, or else made and kept; a read-only view of its file.

    Another process that wants the same array waits for it. Where the folder cannot be written, the array
    goes to a nameless temporary file, which is gone when the program ends.

    Args:
        name: covers everything that the array depends on.
        shape: of the array.
        dtype: of the array.
        parts: makes it.

    Raises:
        ArvaeError: there is no room for it on the disk; or `parts` raises that.
    """
    path = cache_folder() / f"{name}.npy"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            found = _found(path, shape, np.dtype(dtype))
            return _stored(path, shape, np.dtype(dtype), parts) if found is None else found
    except OSError:
        return _temporary(shape, np.dtype(dtype), parts)


def spacious(shape: tuple[int, ...], dtype: npt.DTypeLike, parts: Parts) -> Array:
    """An array for this process: in memory, or where it is large in a nameless file.

    What is in a file does not fill the memory: the system may drop its pages and read them again. What is
    written into the array stays with this process, and the file is gone when the program ends.

    Args:
        shape: of the array.
        dtype: of the array.
        parts: makes it.

    Raises:
        ArvaeError: there is no room for it on the disk; or `parts` raises that.
    """
    if int(np.prod(shape)) * np.dtype(dtype).itemsize >= LARGE:
        return _temporary(shape, np.dtype(dtype), parts, "c")
    return np.concatenate([np.empty((0, *shape[1:]), dtype), *parts()], dtype=dtype)


def _found(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array | None:
    """The array in a file; None where there is none, or another or a damaged one."""
    try:
        array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return array if array.shape == shape and array.dtype == dtype else None


def _stored(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any], parts: Parts) -> Array:
    """Write the file whole or not at all, and read it."""
    with whole_file(path) as file:
        _write(file, shape, dtype, parts)
    array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _temporary(
    shape: tuple[int, ...], dtype: np.dtype[Any], parts: Parts, mode: Literal["r", "c"] = "r"
) -> Array:
    try:
        with _nameless() as file:
            start = _write(file, shape, dtype, parts)
            return np.memmap(file, dtype, mode, start, shape)
    except OSError as error:
        size = int(np.prod(shape)) * dtype.itemsize / 1e6
        raise ArvaeError(
            f"no room for {size:.0f} MB in {cache_folder()} or {tempfile.gettempdir()} ({error.strerror}): "
            "make some, or set XDG_CACHE_HOME to a folder with more"
        ) from error


def _nameless() -> IO[bytes]:
    """A file that goes when it is closed: beside what is kept, as temporary folders may lie in memory."""
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=cache_folder())
    except OSError:
        return tempfile.TemporaryFile()


def _write(file: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any], parts: Parts) -> int:
    """Write an array as `.npy`; where its first item starts."""
    described = {"shape": shape, "fortran_order": False, "descr": np.lib.format.dtype_to_descr(dtype)}
    np.lib.format.write_array_header_1_0(file, described)
    start = file.tell()
    for part in parts():
        file.write(np.ascontiguousarray(part, dtype).tobytes())
    file.flush()
    if file.tell() - start != int(np.prod(shape)) * dtype.itemsize:
        raise AssertionError("the parts are not of the shape that was announced")
    return start
