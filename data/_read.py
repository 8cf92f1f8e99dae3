"""Read the files of a corpus, many at a time, whatever is wrong with some of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

from arvae_music.data._build import build_packed
from arvae_music.data._card import Source, Unread
from arvae_music.data._corpus import Corpus, FormatCount
from arvae_music.data._tune import PackedTune, packed
from arvae_music.data._workers import Task, Workers

from arvae_music.errors import ArvaeError
from arvae_music.melody import Melody

Progress = Callable[[int, int], None]
"""Called with the bytes read so far and their total."""

_MOST_FILES = 32
_MOST_BYTES = 64_000
"""Of a batch: enough to be worth sending, and little enough to share out evenly."""

_WORTH_A_PROCESS = 200_000
"""Bytes of files that take a process longer to read than to start."""

_ZIPPED = 10
"""A byte of compressed MusicXML stands for so many."""

FORMAT_NAMES = {".mid": "MIDI", ".midi": "MIDI", ".abc": "ABC"}
"""By extension; all others are MusicXML."""


class FileRead(NamedTuple):
    """What came of a file."""

    path: Path
    tunes: list[PackedTune]
    unread: list[Unread]


def read_corpus(source: Source, workers: Workers, progress: Progress | None) -> Corpus:
    """The corpus of a source; the same whoever reads it, and in whatever order they finish."""
    sizes = [_size(file) for file in source.files]
    batches = list(_batches(source.files, sizes))
    weight = sum(
        size * (_ZIPPED if _is_zipped(file) else 1) for file, size in zip(source.files, sizes, strict=True)
    )
    task = Task(
        partial(read_batch, read=source.read, root=source.root, meters=source.card.meters),
        partial(_lost, root=source.root),
    )
    found: list[FileRead] = []
    done, total = 0, sum(sizes)
    if progress is not None:
        progress(done, total)
    with closing(workers.results(task, batches, weight // _WORTH_A_PROCESS)) as all_results:
        for results in all_results:
            done += sum(sizes[len(found) : len(found) + len(results)])
            found += results
            if progress is not None:
                progress(done, total)
    tunes = [tune for file in found for tune in file.tunes]
    unread = [entry for file in found for entry in file.unread]
    return build_packed(source.card, tunes, unread, _counts(found))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:  # its reader will say so
        return 0


def _is_zipped(file: Path) -> bool:
    return file.suffix.lower() == ".mxl"


def _batches(files: Sequence[Path], sizes: Sequence[int]) -> Iterator[list[Path]]:
    batch: list[Path] = []
    full = 0
    for file, size in zip(files, sizes, strict=True):
        if batch and (len(batch) == _MOST_FILES or full + size > _MOST_BYTES):
            yield batch
            batch, full = [], 0
        batch.append(file)
        full += size
    if batch:
        yield batch


def read_batch(
    files: Sequence[Path],
    *,
    read: Callable[[Path], Sequence[Melody | Unread]],
    root: Path,
    meters: Sequence[str],
) -> list[FileRead]:
    """What comes of each file: its tunes, or why there are none.

    Args:
        files: the files.
        read: see `Source`.
        root: folder from which files are named.
        meters: those whose measures are kept.
    """
    return [_read_file(file, read, root, meters) for file in files]


def _read_file(
    file: Path, read: Callable[[Path], Sequence[Melody | Unread]], root: Path, meters: Sequence[str]
) -> FileRead:
    name = os.path.relpath(file, root)
    result = FileRead(file, [], [])
    try:
        for tune in read(file):
            if isinstance(tune, Unread):
                result.unread.append(Unread(f"{name} {tune.path}", tune.reason))
            else:
                result.tunes.append(packed(tune, meters))
    except Exception as error:  # one file that a reader stumbles over must not stop a thousand
        return FileRead(file, [], [Unread(name, reason_of(error, file))])
    return result


def reason_of(error: Exception, file: Path) -> str:
    """What an error says, without the file's name."""
    text = " ".join(str(error).split())
    for name in (f"{file}: ", f"{file} "):
        text = text.replace(name, "")
    text = text.replace(str(file), "it")
    return text if isinstance(error, ArvaeError) else f"{type(error).__name__}: {text}"


def _lost(file: Path, *, root: Path) -> FileRead:
    reason = "the process that read it ended: a crash, or too little memory"
    return FileRead(file, [], [Unread(os.path.relpath(file, root), reason)])


def _counts(found: Sequence[FileRead]) -> list[FormatCount]:
    """Files, tunes and measures by format, the commonest first."""
    files: Counter[str] = Counter()
    tunes: Counter[str] = Counter()
    measures: Counter[str] = Counter()
    for file in found:
        if file.tunes or not file.unread:
            name = FORMAT_NAMES.get(file.path.suffix.lower(), "MusicXML")
            files[name] += 1
            tunes[name] += len(file.tunes)
            measures[name] += sum(len(tune.tokens) for tune in file.tunes)
    return [FormatCount(name, count, tunes[name], measures[name]) for name, count in files.most_common()]
