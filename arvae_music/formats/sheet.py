"""What a sheet of music says beside its notes, bars, title and meters, in words that the formats share.

Times are in quarter notes from the tune's start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from fractions import Fraction
from typing import Literal

from arvae_music.formats.abc_key import Key


class Line(IntEnum):
    """How the line behind a bar is drawn; of two that meet, the greater one is."""

    SINGLE = 0
    DOUBLE = 1
    FINAL = 2


@dataclass(frozen=True, slots=True)
class BarSigns:
    """What stands at the two ends of a bar.

    Attributes:
        opens: a repeat starts before it.
        closes: how often what ends with it is played in all; 0 where no repeat ends.
        endings: the numbers of the ending that starts with it.
        stops: an ending ends with it.
        line: the line behind it.
    """

    opens: bool = False
    closes: int = 0
    endings: tuple[int, ...] = ()
    stops: bool = False
    line: Line = Line.SINGLE


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A key that holds from a time on."""

    time: Fraction
    key: Key


@dataclass(frozen=True, slots=True)
class Tempo:
    """So many beats a minute; `beat` is in quarter notes. One without a rate has only words."""

    time: Fraction
    beat: Fraction
    rate: Fraction | None
    words: str = ""


@dataclass(frozen=True, slots=True)
class ChordSymbol:
    """The harmony from a time on, as ABC writes it: `Am7`, `F#/C#`."""

    time: Fraction
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """Words over or under the staff, or the name of the part that starts there.

    `at_end` tells words before a bar line from words behind it.
    """

    time: Fraction
    words: str
    place: Literal["above", "below", "part"] = "above"
    at_end: bool = False


@dataclass(frozen=True, slots=True)
class Syllable:
    """What is sung from a time on; `hyphen` says that the word goes on, `verse` counts from 1."""

    time: Fraction
    text: str
    verse: int = 1
    hyphen: bool = False
    held: bool = False


@dataclass(frozen=True, slots=True)
class GracePitch:
    """A pitch with its letter and alteration."""

    pitch: int
    step: str
    alteration: int


@dataclass(frozen=True, slots=True)
class Grace:
    """Grace notes before a note, whose pitch is `owner`."""

    time: Fraction
    pitches: tuple[GracePitch, ...]
    owner: int | None
    slash: bool = False


@dataclass(frozen=True, slots=True)
class Decoration:
    """A sign at a note (its pitch is `owner`) or at a place, by its name in ABC 2.1: `trill`, `fermata`."""

    time: Fraction
    name: str
    owner: int | None = None
    at_end: bool = False


@dataclass(frozen=True, slots=True)
class Slur:
    """A slur from the note at a time to the note at another."""

    start: Fraction
    end: Fraction


@dataclass(frozen=True, slots=True)
class Credit:
    """A line about the tune: `letter` is that of its ABC field, `C` for the composer."""

    letter: str
    text: str


Spelling = Mapping[tuple[Fraction, int], tuple[str, int]]
"""Letter and alteration in semitones of a note, by its onset and pitch."""


@dataclass(frozen=True)
class Sheet:
    """Everything of it. `bars` has one for each bar of the tune, or none where nothing is known."""

    bars: tuple[BarSigns, ...] = ()
    keys: tuple[KeyChange, ...] = ()
    tempos: tuple[Tempo, ...] = ()
    chords: tuple[ChordSymbol, ...] = ()
    texts: tuple[Text, ...] = ()
    syllables: tuple[Syllable, ...] = ()
    graces: tuple[Grace, ...] = ()
    decorations: tuple[Decoration, ...] = ()
    slurs: tuple[Slur, ...] = ()
    credits: tuple[Credit, ...] = ()
    spelling: Spelling = field(default_factory=dict)


EMPTY = Sheet()
"""Nothing is known but the melody."""

CREDITS: Mapping[str, str] = {
    "T": "subtitle", "C": "composer", "A": "lyricist", "O": "origin", "R": "rhythm", "B": "book",
    "D": "discography", "F": "file", "G": "group", "H": "history", "N": "notes", "S": "source",
    "Z": "transcription", "W": "words", "©": "copyright",
}  # fmt: skip
"""What the letters of a credit mean. The last is `%%abc-copyright`, which has no letter."""
