"""Corpora kept under the user's cache folder, so that they are read once.

One `.npz` a corpus: the arrays, and everything else as JSON in one more array of bytes. Nothing is
pickled. Its name holds the key, which covers the files' contents and the format version of this code.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from arvae_music.data._card import Card, Unread
from arvae_music.data._corpus import ROW_ARRAYS, Corpus, FormatCount, digest
from filelock import FileLock
from platformdirs import user_cache_path

from arvae_music.files import whole_file
from arvae_music.meter import TICKS

FORMAT_VERSION = 3
"""Raised with every change to what is read from the same files."""


_FAULTS = (
    OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, RuntimeError, MemoryError,
    zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip
"""What reading a damaged file may end in: numpy and zipfile let through much of what they stumble over."""


def cache_folder() -> Path:
    """Where corpora are kept."""
    return user_cache_path("arvae_music") / "corpora"


def key_of(card: Card, files: Sequence[Path], root: Path) -> str:
    """Hexadecimal digest of the corpus's name and meters, the files and the format version.

    Args:
        card: the corpus.
        files: its files, in order.
        root: folder from which they are named; where it lies does not count.
    """
    total = hashlib.sha256(f"{FORMAT_VERSION} {card.name} {card.meters}".encode())
    for file in files:
        total.update(f"\n{os.path.relpath(file, root)} {_content(file)}".encode())
    return total.hexdigest()


def _content(file: Path) -> str:
    """Digest of a file; a word that is none where it cannot be read, which its reader will report."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return "unreadable"


def cached(card: Card, key: str, build: Callable[[], Corpus]) -> Corpus:
    """The corpus of that key, from the cache or else built and kept there.

    Another process that wants the same corpus waits for it. Where the folder cannot be written, the
    corpus is built without being kept.
    """
    path = cache_folder() / f"{card.name}-{key[:16]}.npz"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_suffix(".lock"))
        lock.acquire()
    except OSError:
        return build()
    try:
        found = _load(path, card)
        if found is None:
            found = build()
            _store(path, found)
        return found
    finally:
        lock.release()


def _load(path: Path, card: Card) -> Corpus | None:
    """The corpus in a file; None where there is none or it is damaged."""
    try:
        # numpy leaves the file open where it finds it damaged, so it is opened here.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            about: dict[str, Any] = json.loads(stored["about"].tobytes())
            arrays = {name: stored[name] for name in ROW_ARRAYS}
        corpus = Corpus(
            **arrays,
            name=card.name,
            card=card,
            titles=tuple(about["titles"]),
            keys=tuple(about["keys"]),
            families=tuple(about["families"]),
            skipped=about["skipped"],
            unread=tuple(Unread(*entry) for entry in about["unread"]),
            formats=tuple(FormatCount(*entry) for entry in about["formats"]),
            hash=about["hash"],
        )
        return corpus if _is_whole(corpus) else None
    except _FAULTS:
        return None


def _is_whole(corpus: Corpus) -> bool:
    """Whether a corpus is what was kept: arrays of the right types and sizes, and the rows of its hash."""
    rows = len(corpus.tune)
    for name, kind in ROW_ARRAYS.items():
        array = getattr(corpus, name)
        if array.dtype != kind or array.shape != ((rows, TICKS) if name == "tokens" else (rows,)):
            return False
    tunes = len(corpus.titles)
    named = len(corpus.keys) == len(corpus.families) == tunes and all(
        isinstance(t, str) for t in corpus.titles
    )
    within = not rows or (corpus.tune.min() >= 0 and corpus.tune.max() < tunes)
    return named and bool(within) and digest(corpus) == corpus.hash


def _store(path: Path, corpus: Corpus) -> None:
    """Write the file whole, or leave what is there; a full disk loses the cache and nothing else."""
    about = {
        "titles": corpus.titles,
        "keys": corpus.keys,
        "families": corpus.families,
        "skipped": corpus.skipped,
        "unread": corpus.unread,
        "formats": corpus.formats,
        "hash": corpus.hash,
    }
    arrays = {name: getattr(corpus, name) for name in ROW_ARRAYS}
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    with suppress(OSError), whole_file(path) as file:
        np.savez_compressed(file, **arrays)
