"""A line of ABC music cut into tokens, its macros written out, and what is left over told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

_LENGTH = r"\d*/*\d*"
_NOTE = r"(?:\^\^|\^|__|_|=)?[A-Ga-g][,']*"
_TOKENS = re.compile(
    rf"""
    (?P<text>"[^"]*"?)
    | \[(?P<field>[A-Za-z]:[^\]\n]*)\]
    | \[(?P<chord>[^\]\[|:\n]*[A-Ga-g][^\]\[|:\n]*)\](?P<chord_length>{_LENGTH})
    | (?P<bar>\[?[:|]*\|[:|\]]*|::+) (?:\s*\[\d[\d,.\-]*|\d[\d,.\-]*)?
    | (?P<ending>\[\d[\d,.\-]*)
    | \{{(?P<grace>[^}}\n]*)\}}?
    | \+(?P<old_chord>(?:{_NOTE}{_LENGTH})+)\+(?P<old_length>{_LENGTH})
    | (?P<decoration>![^!\s|\[\]]*!|\+[^+\s|\[\]]*\+)
    | \((?P<tuplet>[2-9])(?!\d)(?::(?P<q>\d*))?(?::(?P<r>\d*))?
    | (?P<broken>>+|<+)
    | (?P<tie>\.?-)
    | (?P<overlays>\(&|&&|&\))
    | (?P<overlay>&)
    | (?P<rest>[zx])(?P<rest_length>{_LENGTH})
    | (?P<rests>[ZX])(?P<rest_bars>\d*)
    | (?P<note>{_NOTE})(?P<note_length>{_LENGTH})
    | (?P<mark>[H-Yh-w~.])
    """,
    re.VERBOSE,
)
_CHORD_NOTE = re.compile(rf"(?P<note>{_NOTE})(?P<length>{_LENGTH})(?P<tie>-?)")
_NOTE_RE = re.compile(_NOTE)
_NO_NOTES = re.compile(r'"[^"]*"|![^!]*!')
_SPACER = re.compile(r"y\d*")
_LEFT_OVER = re.compile(r"[\d=^_,':][^\s()]*")
_MACRO_NOTE = re.compile(r"[h-z]")
_ZERO = re.compile(r"(?<!\d)0")
_TIMED = ("note_length", "rest_length", "chord_length", "old_length", "tuplet", "q", "r")
_STEPS = "CDEFGAB"
_DIGITS = 6
"""More of them are no number of music."""
_SLASHES = 8

_ONE = Fraction(1)


class Token(NamedTuple):
    """A piece of music, of a kind that is a group of the expression above; places are in the file.

    `problem` says why it is not understood, or not to be written anew.
    """

    kind: str | None
    match: re.Match[str]
    start: int
    end: int
    problem: str = ""


class ChordNote(NamedTuple):
    """A note in a chord; `length` is in unit notes."""

    name: str
    length: Fraction
    tied: bool


@dataclass(frozen=True)
class Macro:
    """A name for a piece of music (`m:`, ABC 2.1, section 9).

    Attributes:
        target: what it looks like in the tune.
        text: what is played instead.
        transposing: `n` in the target is any note, and letters in the text are steps from it.
    """

    target: re.Pattern[str]
    text: str
    transposing: bool

    def played(self, match: re.Match[str]) -> str:
        """What is played in the place of a match of the target."""
        if not self.transposing:
            return self.text
        return _MACRO_NOTE.sub(lambda letter: _step_from(match["n"], ord(letter[0]) - ord("n")), self.text)


def parse_macro(value: str) -> Macro | None:
    """What follows `m:`; None where it defines nothing."""
    target, equals, text = (part.strip() for part in value.partition("="))
    if not equals or not target:
        return None
    pattern = re.escape(target)
    if "n" in target:
        pattern = pattern.replace("n", "(?P<n>[A-Ga-g][,']*)", 1)
    return Macro(re.compile(pattern), text, "n" in target)


def _step_from(note: str, steps: int) -> str:
    """The note so many steps of the scale above."""
    place = _STEPS.index(note[0].upper()) + 7 * (note[0].islower() + note.count("'") - note.count(","))
    octave, step = divmod(place + steps, 7)
    return _STEPS[step].lower() + "'" * (octave - 1) if octave >= 1 else _STEPS[step] + "," * -octave


def tokens_of(text: str, start: int, macros: Sequence[Macro]) -> Iterator[Token]:
    """The tokens of a line that starts at a place in the file.

    All that a macro stands for has the macro's place and a problem.
    """
    at = 0
    for macro, match in _named(text, macros):
        yield from _plain_tokens(text[at : match.start()], start + at)
        place = start + match.start(), start + match.end()
        for token in _TOKENS.finditer(macro.played(match)):
            yield Token(token.lastgroup, token, *place, f"the macro {match[0]!r} stands in it")
        at = match.end()
    yield from _plain_tokens(text[at:], start + at)


def _named(text: str, macros: Sequence[Macro]) -> Iterator[tuple[Macro, re.Match[str]]]:
    """The macros in a line, from left to right; of several in one place, the longest."""
    at = 0
    while macros:
        found = [(macro, match) for macro in macros if (match := macro.target.search(text, at))]
        if not found:
            return
        macro, match = min(found, key=lambda pair: (pair[1].start(), -len(pair[1][0])))
        yield macro, match
        at = match.end()


def _plain_tokens(text: str, start: int) -> Iterator[Token]:
    at = 0
    for match in _TOKENS.finditer(text):
        if match.start() > at:
            yield from _left_over(text, at, match.start(), start)
        at = match.end()
        yield Token(match.lastgroup, match, start + match.start(), start + at, _odd(match))
    if len(text) > at:
        yield from _left_over(text, at, len(text), start)


def _left_over(text: str, at: int, end: int, start: int) -> Iterator[Token]:
    """Digits, accidentals and octave marks that belong to no note; other signs are passed over."""
    if text[at:end].isspace():
        return
    gap = _SPACER.sub(lambda match: " " * len(match[0]), text[at:end])
    for match in _LEFT_OVER.finditer(gap):
        place = start + at + match.start(), start + at + match.end()
        yield Token(None, match, *place, f"{match[0]!r} in it cannot be read")


def _odd(match: re.Match[str]) -> str:
    """Why a token is not understood in full, or nothing."""
    if "0" in match[0] and match.lastgroup in _TIMED and _ZERO.search(match[0]):
        return f"{match[0]!r} in it cannot be read"
    if match.lastgroup in _TIMED and _is_endless(match[0]):
        return f"{match[0][:20]!r}… in it cannot be read"
    if match.lastgroup == "text" and (len(match[0]) < 2 or match[0][-1] != '"'):
        return "a quotation mark in it is not closed"
    if match.lastgroup == "grace" and match[0][-1] != "}":
        return "a brace in it is not closed"
    return ""


def _is_endless(text: str) -> bool:
    """Whether a number in the text is longer than any of music, or a value shorter."""
    return "/" * (_SLASHES + 1) in text or any(len(run) > _DIGITS for run in re.findall(r"\d+", text))


def whole(text: str | None, otherwise: int = 0) -> int:
    """A whole number; one of very many digits counts as the largest there is, and nothing as another."""
    return int(text) if text and len(text) <= _DIGITS else 10**_DIGITS if text else otherwise


def chord_notes(inside: str) -> list[ChordNote]:
    """The notes between the brackets of a chord, without text and decorations."""
    return [
        ChordNote(match["note"], length_of(match["length"]), bool(match["tie"]))
        for match in _CHORD_NOTE.finditer(_NO_NOTES.sub("", inside))
    ]


def note_names(inside: str) -> list[str]:
    """The notes of a group of grace notes."""
    return _NOTE_RE.findall(inside)


def length_of(text: str) -> Fraction:
    """`3/2`, `/`, `//`, `2` or nothing, as a multiple of the unit note; nonsense counts as 1."""
    if not text or _is_endless(text):
        return _ONE
    if text.isdigit():
        return Fraction(int(text) or 1)
    over, _, under = text.partition("/")
    slashes = text.count("/")
    below = int(under.strip("/") or 2**slashes) if slashes else 1
    return Fraction(int(over or 1) or 1, below) if below else _ONE
