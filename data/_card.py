"""What is known of a corpus before it is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from arvae_music.melody import Melody
from arvae_music.meter import GRIDS


@dataclass(frozen=True)
class Card:
    """Where a corpus comes from and what may be done with it.

    `tunes` and `measures` are the sizes that were read when the card was written, 0 where they are
    not known. `meters` are those whose measures are kept.
    """

    name: str
    title: str
    source: str
    licence: str
    citation: str = ""
    tunes: int = 0
    measures: int = 0
    meters: tuple[str, ...] = tuple(grid.name for grid in GRIDS)


class Unread(NamedTuple):
    """A file, or a tune of a book, that could not be read, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Source:
    """How a corpus is read: its files, and the tunes of one file.

    `read` raises ArvaeError for a file that holds none; of a book, a tune that cannot be read comes as
    an Unread. It is a function of a module, so that other processes have it.
    """

    card: Card
    files: Sequence[Path]
    read: Callable[[Path], Sequence[Melody | Unread]]
    root: Path = field(default_factory=Path)
    """Folder from which files are named."""
