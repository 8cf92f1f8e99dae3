"""Chord symbols: from text such as `F#m7/C#` to root, kind, degrees and bass, and back."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SHORT = {
    "major": ("", "maj", "M"),
    "minor": ("m", "min", "mi", "-"),
    "augmented": ("aug", "+"),
    "diminished": ("dim", "o", "°"),
    "dominant": ("7",),
    "major-seventh": ("maj7", "M7", "ma7", "Maj7", "Δ"),
    "minor-seventh": ("m7", "min7", "mi7", "-7"),
    "diminished-seventh": ("dim7", "o7", "°7"),
    "augmented-seventh": ("aug7", "+7"),
    "half-diminished": ("m7b5", "ø"),
    "major-minor": ("mmaj7", "mM7", "minmaj7"),
    "major-sixth": ("6", "maj6"),
    "minor-sixth": ("m6", "min6"),
    "dominant-ninth": ("9",),
    "major-ninth": ("maj9", "M9"),
    "minor-ninth": ("m9", "min9"),
    "dominant-11th": ("11",),
    "major-11th": ("maj11",),
    "minor-11th": ("m11", "min11"),
    "dominant-13th": ("13",),
    "major-13th": ("maj13",),
    "minor-13th": ("m13", "min13"),
    "suspended-second": ("sus2",),
    "suspended-fourth": ("sus4", "sus"),
    "power": ("5",),
}
"""What is written for the kinds of MusicXML's `<kind>`, the usual word first."""

_KINDS = {word: kind for kind, words in _SHORT.items() for word in words}
_CHORD = re.compile(r"([A-G])([#b♯♭]?)([^/]*)(?:/([A-G])([#b♯♭]?))?")
_DEGREES = re.compile(r"(?:\(?(?:add|no|omit)?[#b]?(?:1[0-9]|[2-9])\)?)*")
_DEGREE = re.compile(r"(add|no|omit)?([#b]?)(1[0-9]|[2-9])")
_ALTERS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
_SIGNS = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}


@dataclass(frozen=True, slots=True)
class Degree:
    """A note that a chord has besides, or instead, or not; `value` 9 is the ninth."""

    value: int
    alter: int
    type: str = "add"


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord; root and bass are a letter and an alteration, `kind` is MusicXML's."""

    root: tuple[str, int]
    kind: str
    degrees: tuple[Degree, ...] = ()
    bass: tuple[str, int] | None = None


def parse_chord(text: str) -> Chord | None:
    """The chord that a text names, or None where it names none that is known."""
    match = _CHORD.fullmatch(text.strip())
    if match is None:
        return None
    found = _quality(match[3].strip())
    if found is None:
        return None
    bass = (match[4], _ALTERS[match[5]]) if match[4] else None
    return Chord((match[1], _ALTERS[match[2]]), *found, bass)


def _quality(word: str) -> tuple[str, tuple[Degree, ...]] | None:
    """The kind that a word begins with, as long as can be, and the degrees behind it."""
    if word == "7sus4":
        return "suspended-fourth", (Degree(7, -1),)
    for length in range(len(word), -1, -1):
        kind, rest = _KINDS.get(word[:length]), word[length:]
        if kind is not None and _DEGREES.fullmatch(rest) and not rest[:1].isdigit():
            return kind, tuple(_degree(match, kind) for match in _DEGREE.finditer(rest))
    return None


def _degree(match: re.Match[str], kind: str) -> Degree:
    word, sign, number = match[1], match[2], int(match[3])
    if word in ("no", "omit"):
        return Degree(number, 0, "subtract")
    altered = word is None and bool(sign) and (number == 5 or (number == 9 and "ninth" in kind))
    return Degree(number, _ALTERS[sign], "alter" if altered else "add")


def chord_text(chord: Chord) -> str | None:
    """The usual text of a chord; None where its kind has none."""
    if chord.kind not in _SHORT or any(abs(degree.alter) > 1 for degree in chord.degrees):
        return None
    if chord.kind == "suspended-fourth" and chord.degrees == (Degree(7, -1),):
        quality = "7sus4"
    else:
        quality = _SHORT[chord.kind][0] + "".join(map(_degree_text, chord.degrees))
    bass = f"/{_note(chord.bass)}" if chord.bass is not None else ""
    return _note(chord.root) + quality + bass


def _degree_text(degree: Degree) -> str:
    word = "no" if degree.type == "subtract" else "" if degree.alter else "add"
    return f"{word}{_SIGNS[degree.alter]}{degree.value}"


def _note(note: tuple[str, int]) -> str:
    return note[0] + _SIGNS.get(note[1], "")
