"""A corpus of the user's own files and folders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from arvae_music.data._books import read_book
from arvae_music.data._card import Card, Source, Unread

from arvae_music import formats
from arvae_music.errors import ArvaeError
from arvae_music.formats.midi import MidiFormat
from arvae_music.formats.midi_bulk import read_melody
from arvae_music.melody import Melody


def source(paths: Sequence[Path]) -> Source:
    """Every file that can be read among files and folders, folders to any depth.

    Raises:
        ArvaeError: a path does not exist, or a folder has no file that can be read.
    """
    files: dict[Path, None] = {}
    for path in paths:
        files.update((file.resolve(), None) for file in _files(path))
    found = list(files)
    root = Path(os.path.commonpath([file.parent for file in found]))
    names = ", ".join(path.name or str(path) for path in paths)
    card = Card(
        name="own",
        title=names,
        source=f"{len(found)} files",
        licence="that of the files",
    )
    return Source(card, found, _read, root)


def _files(path: Path) -> list[Path]:
    accepted = formats.suffixes()
    if path.is_dir():
        found = sorted(
            file
            for file in path.rglob("*")
            if file.suffix.lower() in accepted and file.is_file() and not file.name.startswith(".")
        )
        if not found:
            raise ArvaeError(f"{path} has no tunes: a folder needs files that end in {', '.join(accepted)}")
        return found
    if not path.exists():
        raise ArvaeError(f"{path} does not exist: name a corpus (folk, bach), files or folders")
    if path.suffix.lower() not in accepted:
        raise ArvaeError(f"{path} cannot be read: name files that end in {', '.join(accepted)}")
    if not path.is_file():
        raise ArvaeError(f"{path} is a device or a pipe: name files or folders")
    return [path]


def _read(path: Path) -> Sequence[Melody | Unread]:
    """All tunes of an ABC book; the melody of any other file."""
    suffix = path.suffix.lower()
    if suffix == ".abc":
        return read_book(path)
    return [read_melody(path) if suffix in MidiFormat.suffixes else formats.read(path).melody]
