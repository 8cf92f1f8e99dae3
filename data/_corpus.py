"""A corpus in memory: arrays of one row a measure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from arvae_music.data._card import Card, Unread

from arvae_music.errors import UsageError
from arvae_music.tokens import Tokens

SPLITS = ("train", "validation", "test")
"""Names of the splits, in the order of their codes."""

ROW_ARRAYS = {
    "tokens": "int16",
    "meters": "uint8",
    "tune": "int32",
    "bar": "int16",
    "tie_in": "bool",
    "tie_out": "bool",
    "previous": "int16",
    "split": "uint8",
}
"""Fields of a corpus that have one entry a measure, and their types."""


class FormatCount(NamedTuple):
    """What was read of one format: files, their tunes, and the measures that are in the corpus."""

    format: str
    files: int
    tunes: int
    measures: int


@dataclass(frozen=True, eq=False)
class Corpus:
    """Measures of tunes, ordered by tune and bar.

    Attributes:
        name: the corpus's name.
        card: where it comes from.
        tokens: `[rows, 24]` int16, see `arvae_music.tokens`.
        meters: meter codes, `[rows]` uint8.
        tune: index into `titles` and `keys`, `[rows]` int32.
        bar: number of the notated bar, `[rows]` int16.
        tie_in: whether a note is tied into the measure, `[rows]`.
        tie_out: whether a note is tied over its end, `[rows]`.
        previous: the pitch that started last in the tune before the measure, -1 for none,
            `[rows]` int16.
        split: 0 train, 1 validation, 2 test, `[rows]` uint8; all measures of a tune, and of its
            variants, have the same.
        titles: title of every tune.
        keys: key of every tune as ABC writes it, or None.
        families: number of the family of variants, per tune.
        skipped: measures that have no row, by reason.
        unread: files that could not be read, and tunes of books.
        formats: what was read, by format.
        hash: hexadecimal digest of the rows.
    """

    name: str
    card: Card
    tokens: Tokens
    meters: npt.NDArray[np.uint8]
    tune: npt.NDArray[np.int32]
    bar: npt.NDArray[np.int16]
    tie_in: npt.NDArray[np.bool_]
    tie_out: npt.NDArray[np.bool_]
    previous: npt.NDArray[np.int16]
    split: npt.NDArray[np.uint8]
    titles: tuple[str, ...]
    keys: tuple[str | None, ...]
    families: tuple[int, ...]
    skipped: dict[str, int] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()
    formats: tuple[FormatCount, ...] = ()
    hash: str = ""

    def __len__(self) -> int:
        """Number of measures."""
        return len(self.tokens)

    def select(self, split: str) -> Corpus:
        """The rows of one split.

        Args:
            split: `train`, `validation` or `test`.

        Raises:
            UsageError: there is no such split.
        """
        if split not in SPLITS:
            raise UsageError(f"there is no split '{split}': take one of {', '.join(SPLITS)}")
        return self.take(self.split == SPLITS.index(split))

    def take(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.integer]) -> Corpus:
        """Some of the rows, by a mask or by their numbers."""
        return replace(self, **{name: getattr(self, name)[rows] for name in ROW_ARRAYS})


def digest(corpus: Corpus) -> str:
    """Hexadecimal SHA-256 of the rows and of the tunes' titles."""
    total = hashlib.sha256()
    for name in ROW_ARRAYS:
        array = np.ascontiguousarray(getattr(corpus, name))
        total.update(f"{name} {array.shape}".encode())
        total.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
    total.update("\n".join(corpus.titles).encode())
    return total.hexdigest()
