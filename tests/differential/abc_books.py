"""The tunes of the three bundled books, and what two readers say of each of their bars."""

from __future__ import annotations

import contextlib
import importlib.util
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest import mock

from arvae_music.formats.abc import split_tunes
from arvae_music.formats.abc_edit import bars_of
from arvae_music.formats.abc_rhythm import Piece
from arvae_music.formats.abc_text import read_text
from arvae_music.formats.score import voices_of
from arvae_music.melody import Bar, Melody

BOOKS = {"O'Neill's": "oneills1850", "Ryan's": "ryansMammoth", "Aird's": "airdsAirs"}
"""Folders of music21's corpus by the books' short names."""

_HEADER = re.compile(r"(?m)^(?=X: *\d)")


@dataclass(frozen=True)
class BookTune:
    """One tune of a book: its file, its place there, its text from `X:` on."""

    path: Path
    index: int
    text: str

    @property
    def name(self) -> str:
        """The file and what stands after `X:`."""
        return f"{self.path.name} {self.text.splitlines()[0]}"


def tunes_of(folder: str) -> Iterator[BookTune]:
    """The tunes of one book, split at their `X:` by an expression of this module's own."""
    spec = importlib.util.find_spec("music21")
    assert spec is not None
    assert spec.origin is not None
    for path in sorted((Path(spec.origin).parent / "corpus" / folder).glob("*.abc")):
        for index, text in enumerate(texts_of(read_text(path))):
            yield BookTune(path, index, text)


def texts_of(book: str) -> list[str]:
    """The texts of a file's tunes."""
    return _HEADER.split(book)[1:]


@dataclass(frozen=True)
class BarSays:
    """What a reader says of one bar: enough to make its tokens, ties included.

    `grid` is the code of the meter's grid, or the meter's name where it has none.
    """

    length: Fraction
    grid: str
    pieces: tuple[Piece, ...]

    @property
    def untied(self) -> BarSays:
        """The same without what is tied over its lines."""
        return replace(self, pieces=tuple(replace(p, tied=False, ties=False) for p in self.pieces))


def says(melody: Melody) -> list[BarSays]:
    """Every bar of a melody."""
    return [
        BarSays(bar.length, _grid(bar), tuple(row))
        for bar, row in zip(melody.bars, bars_of(melody), strict=True)
    ]


def _grid(bar: Bar) -> str:
    return bar.meter.grid.name if bar.meter.grid is not None else str(bar.meter)


def by_us(text: str) -> Melody | None:
    """Our reading of one tune; None where it has no notes."""
    voices = split_tunes(text)[0].voices()
    return next(iter(voices.values()), None)


def by_music21(text: str) -> Melody | None:
    """music21's reading of one tune as ABC 2.1; None where it finds no notes or gives up.

    It is told the standard's version, or else it lets no accidental hold to the bar's end. Its
    cutting of overlong bars is switched off: it moves notes over the bar lines of the text.
    """
    from music21 import converter, stream
    from music21.abcFormat import translate

    def as_written(part: Any, *, inPlace: bool) -> None:  # music21's own name
        del part, inPlace

    with mock.patch.object(translate, "reBar", as_written), contextlib.suppress(Exception):
        score = converter.parse("%abc-2.1\n" + text, format="abc")
        if isinstance(score, stream.Score):
            return next((m for m in voices_of(score).values() if m.notes), None)
    return None


Reader = Callable[[str], Melody | None]
