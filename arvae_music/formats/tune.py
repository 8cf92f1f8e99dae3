"""A tune as it was read from a file, and the contract that every format fills."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from arvae_music.errors import ArvaeError, UsageError
from arvae_music.files import atomic_write, check_free
from arvae_music.melody import Melody


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a reader should know about how a file was understood.

    `code` is for programs, `text` for people; `measure` is a bar's number, or None.
    """

    code: str
    text: str
    measure: int | None = None

    def as_json(self) -> dict[str, str | int | None]:
        """As in a command's `--json`."""
        return {"code": self.code, "measure": self.measure, "text": self.text}


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the caller says about the file; see `arvae_music.formats.read`."""

    part: int | str | None = None
    pickup: float | Fraction | None = None
    tune: int | str | None = None
    quantize: bool = False
    skyline: bool = False


@dataclass(frozen=True)
class Again:
    """How an edited file will be read.

    Attributes:
        source: the source, to be written with the edit.
        notices: what to know before the file is read again.
        misread: indices of the melody's bars that would not come back, each with the reason.
    """

    source: object
    notices: tuple[Notice, ...]
    misread: Mapping[int, str]


@runtime_checkable
class Rereadable(Protocol):
    """A source whose edited file may be read otherwise than it is meant: MIDI has no bar lines."""

    def read_again(self, melody: Melody) -> Again:
        """How the source is read with this melody in the place of its own."""


class Replaced(NamedTuple):
    """A tune with another melody, and which of its bars would not come back from the file: why, by index."""

    tune: Tune
    misread: Mapping[int, str]


@dataclass(frozen=True)
class Tune:
    """A melody and the file it came from.

    Attributes:
        path: the file.
        melody: its melody, or what was made of it.
        source: what the format needs to write an edit in place; nobody else looks into it.
        notices: how the file was understood.
    """

    path: Path
    melody: Melody
    source: object = None
    notices: tuple[Notice, ...] = ()

    def replaced(self, melody: Melody) -> Replaced:
        """The same file with another melody, and how it will be read; its notices say what is to be known."""
        if not isinstance(self.source, Rereadable):
            return Replaced(replace(self, melody=melody), {})
        again = self.source.read_again(melody)
        new = (notice for notice in again.notices if notice not in self.notices)
        notices = (*self.notices, *new)
        return Replaced(replace(self, melody=melody, source=again.source, notices=notices), again.misread)

    def replace(self, melody: Melody) -> Tune:
        """The same file with another melody; a notice says if its bars will be read otherwise."""
        return self.replaced(melody).tune

    def write(self, path: str | os.PathLike[str], force: bool = False) -> Path:
        """Write the tune, whole or not at all, in the format that the extension says.

        A file of the source's format keeps everything but the notes that were changed.

        Raises:
            UsageError: the file exists and `force` is not given, or the extension is no format's.
            ArvaeError: the tune cannot be written in that format, or the system refuses.
        """
        from arvae_music.formats import format_of

        check_free(path, force=force)
        try:
            content = format_of(path).write(self)
        except UsageError:
            raise
        except ArvaeError as error:  # a format knows of no files
            raise ArvaeError(f"{path} cannot be written: {error}") from None
        return atomic_write(path, content, force=force)


class Format(Protocol):
    """What a file format does: one module each, listed in `arvae_music.formats`."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """File name extensions, in lower case and with the dot."""

    @property
    def options(self) -> frozenset[str]:
        """The fields of `ReadOptions` that mean something here."""

    def read(self, path: Path, options: ReadOptions) -> Tune:
        """The tune in the file; raises ArvaeError where there is none."""

    def write(self, tune: Tune) -> bytes:
        """The content of a file that holds the tune; raises ArvaeError where it cannot be written."""


def refuse_foreign(path: Path, options: ReadOptions, known: frozenset[str]) -> None:
    """Raise UsageError for an option that was given and means nothing in the file's format."""
    default = ReadOptions()
    for name in ("part", "pickup", "tune", "quantize", "skyline"):
        if name not in known and getattr(options, name) != getattr(default, name):
            raise UsageError(f"{path}: --{name} means nothing in a {path.suffix} file: leave it out")
