"""The text of an ABC tune as a flat list of events, before any time is counted.

Lexing follows ABC 2.1; what old tune books write and the standard leaves out is taken as players
read it: `Hx` is a fermata on nothing, `-` between different pitches is a slur.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from arvae_music.errors import ArvaeError
from arvae_music.meter import Meter

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
    | \((?P<tuplet>\d)(?::(?P<q>\d*))?(?::(?P<r>\d*))?
    | (?P<broken>>+|<+)
    | (?P<tie>-)
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
_FIELD_LINE = re.compile(r"\s*(?P<letter>[A-Za-z]):(?P<value>.*)")
_COMMENT = re.compile(r"(?<!\\)%.*")
_TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}


@dataclass
class Sound:
    """A note, chord or rest of a length in unit notes.

    `notes` are written pitches (`^f'`), none for a rest; `tied` is set by a `-` after it (or
    after notes inside a chord).
    """

    notes: list[str]
    length: Fraction
    tied: bool = False


@dataclass(frozen=True)
class BarLine:
    """Where a bar ends."""


@dataclass(frozen=True)
class Overlay:
    """A second voice in the same bar begins."""


@dataclass(frozen=True)
class WholeRests:
    """Rests of whole measures."""

    bars: int


@dataclass(frozen=True)
class Field:
    """An information field in the tune's body, on its own line or in brackets."""

    letter: str
    value: str


@dataclass(frozen=True)
class Grace:
    """Grace notes: no notes of the tune, but their accidentals hold to the bar's end."""

    notes: list[str]


Event = Sound | Grace | BarLine | Overlay | WholeRests | Field


@dataclass
class _Tuplet:
    factor: Fraction
    left: int


def is_field(line: str) -> bool:
    """Whether a line of a body is a field and not music such as `A::` or `G:|`."""
    match = _FIELD_LINE.match(line)
    if match is None:
        return False
    return not (match["letter"] in "ABCDEFGabcdefgxz" and match["value"][:1] in ("|", ":", "]"))


def field_of(line: str) -> Field:
    """The field on a line for which `is_field` holds."""
    letter, value = _COMMENT.sub("", line).split(":", 1)
    return Field(letter.strip(), value.strip())


def scan(lines: Iterable[str], meter: Meter | None) -> list[Event]:
    """The events of a tune's body. An empty line after music ends it: what follows is prose.

    Args:
        lines: what stands after the header's `K:`.
        meter: the header's, which decides what `(5` means.
    """
    scanner = _Scanner(meter)
    for line in lines:
        if scanner.sounded and not line.strip():
            break
        scanner.read(line)
    return scanner.events


def parse_meter(value: str) -> Meter | None:
    """What follows `M:`; None for free meter and what is no meter.

    A sum of numerators, as in `(2+3)/8`, is added up.
    """
    summed = re.sub(
        r"\(?(\d+(?:\+\d+)+)\)?(?=/)", lambda m: str(sum(map(int, m[1].split("+")))), value.strip()
    )
    try:
        return Meter.parse(summed)
    except ArvaeError:
        return None


class _Scanner:
    """Keeps broken rhythms and tuplets over line ends."""

    def __init__(self, meter: Meter | None) -> None:
        self.events: list[Event] = []
        self.sounded = False
        self._meter = meter
        self._last: Sound | None = None
        self._next_factor = Fraction(1)
        self._tuplet: _Tuplet | None = None

    def read(self, line: str) -> None:
        if is_field(line):
            self._field(field_of(line))
            return
        after_mark = False
        for match in _TOKENS.finditer(_COMMENT.sub("", line)):
            anchored, after_mark = after_mark, bool(match["mark"] or match["decoration"] or match["text"])
            if match["rest"] == "x" and not match["rest_length"] and anchored:
                continue  # a place for a sign, not a rest
            self._take(match)

    def _field(self, event: Field) -> None:
        if event.letter == "M":
            self._meter = parse_meter(event.value)
        self.events.append(event)

    def _take(self, match: re.Match[str]) -> None:
        if match["note"]:
            self._sound([match["note"]], _length(match["note_length"]))
        elif match["chord"]:
            self._chord(match["chord"], match["chord_length"])
        elif match["old_chord"]:
            self._chord(match["old_chord"], match["old_length"])
        elif match["grace"]:
            self.events.append(Grace(_NOTE_RE.findall(match["grace"])))
        elif match["rest"]:
            self._sound([], _length(match["rest_length"]))
        elif match["rests"]:
            self.events.append(WholeRests(int(match["rest_bars"] or 1)))
        elif match["bar"]:
            self.events.append(BarLine())
        elif match["field"]:
            self._field(field_of(match["field"]))
        elif match["overlay"]:
            self.events.append(Overlay())
        elif match["broken"]:
            self._break_rhythm(match["broken"])
        elif match["tuplet"]:
            self._begin_tuplet(int(match["tuplet"]), match["q"], match["r"])
        elif match["tie"] and self._last is not None:
            self._last.tied = True

    def _sound(self, notes: list[str], length: Fraction) -> Sound:
        length *= self._next_factor
        self._next_factor = Fraction(1)
        if self._tuplet is not None:
            length *= self._tuplet.factor
            self._tuplet.left -= 1
            if not self._tuplet.left:
                self._tuplet = None
        self._last = Sound(notes, length)
        self.events.append(self._last)
        self.sounded = True
        return self._last

    def _chord(self, inside: str, outer: str) -> Sound:
        found = list(_CHORD_NOTE.finditer(inside))
        sound = self._sound([m["note"] for m in found], _length(found[0]["length"]) * _length(outer))
        sound.tied = any(m["tie"] for m in found)
        return sound

    def _break_rhythm(self, signs: str) -> None:
        if self._last is None:
            return
        short = Fraction(1, 2 ** len(signs))
        left, right = (2 - short, short) if signs[0] == ">" else (short, 2 - short)
        self._last.length *= left
        self._next_factor = right

    def _begin_tuplet(self, notes: int, in_time_of: str | None, reach: str | None) -> None:
        compound = self._meter is not None and self._meter.numerator in (6, 9, 12)
        usual = _TUPLETS.get(notes, 3 if compound else 2)
        left = int(reach) if reach else notes
        if notes and left:
            self._tuplet = _Tuplet(Fraction(int(in_time_of or usual), notes), left)


def _length(text: str) -> Fraction:
    """`3/2`, `/`, `//`, `2` or nothing, as a multiple of the unit note; nonsense counts as 1."""
    over, _, under = text.partition("/")
    slashes = text.count("/")
    below = int(under.strip("/") or 2**slashes) if slashes else 1
    return Fraction(int(over or 1), below) if below else Fraction(1)
