"""The text of an ABC tune as a flat list of events with their places, before any time is counted.

Lexing follows ABC 2.1; what old tune books write and the standard leaves out is taken as players
read it: `Hx` is a fermata on nothing, `-` between different pitches is a slur.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, NamedTuple

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
    | (?P<tie>\.?-)
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

_ONE = Fraction(1)
_SIGNS = frozenset(("mark", "decoration", "text"))

MarkKind = Literal["text", "sign", "place", "tuplet", "broken", "tie", "ending"]


class Line(NamedTuple):
    """A line of a file without its end, and the place in the file's text where it starts."""

    text: str
    start: int


@dataclass(slots=True)
class Sound:
    """A note, chord or rest of a length in unit notes.

    `notes` are written pitches (`^f'`), none for a rest; `tied` is set by a `-` after it (or
    after notes inside a chord). `start` and `end`, here and below, are places in the file's text.
    """

    notes: list[str]
    length: Fraction
    tied: bool = False
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class BarLine:
    """Where a bar ends; `crossed` where a broken rhythm or a tuplet goes over it."""

    start: int = 0
    end: int = 0
    crossed: bool = False


@dataclass(frozen=True, slots=True)
class Overlay:
    """A second voice in the same bar begins."""

    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class WholeRests:
    """Rests of whole measures."""

    bars: int
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Field:
    """An information field in the tune's body, on its own line or in brackets."""

    letter: str
    value: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Grace:
    """Grace notes: no notes of the tune, but their accidentals hold to the bar's end."""

    notes: list[str]
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """What takes no time: a chord symbol or other text, a sign, a place for one (`x`), a rhythm sign."""

    kind: MarkKind
    start: int
    end: int


Event = Sound | Grace | Mark | BarLine | Overlay | WholeRests | Field


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


def scan(lines: Iterable[Line], meter: Meter | None) -> list[Event]:
    """The events of a tune's body. An empty line after music ends it: what follows is prose.

    Args:
        lines: what stands after the header's `K:`.
        meter: the header's, which decides what `(5` means.
    """
    scanner = _Scanner(meter)
    for line in lines:
        if scanner.sounded and not line.text.strip():
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


def parse_unit(value: str) -> Fraction | None:
    """The unit note that follows `L:`, in quarter notes; None for what is none."""
    match = re.match(r"(\d+)\s*/\s*(\d+)", value)
    return Fraction(4 * int(match[1]), int(match[2])) if match and int(match[1]) and int(match[2]) else None


class _Scanner:
    """Keeps broken rhythms and tuplets over line ends."""

    def __init__(self, meter: Meter | None) -> None:
        self.events: list[Event] = []
        self.sounded = False
        self._meter = meter
        self._last: Sound | None = None
        self._bar_line: BarLine | None = None  # until a note follows it
        self._next_factor = _ONE
        self._tuplet: _Tuplet | None = None

    def read(self, line: Line) -> None:
        text, start = line
        if is_field(text):
            self._field(replace(field_of(text), start=start, end=start + len(text)))
            return
        after_mark = False
        for match in _TOKENS.finditer(_COMMENT.sub("", text)):
            kind = match.lastgroup
            anchored, after_mark = after_mark, kind in _SIGNS
            place = start + match.start(), start + match.end()
            if kind == "rest_length" and anchored and match[0] == "x":
                self.events.append(Mark("place", *place))  # a place for a sign, not a rest
            else:
                self._take(match, kind, place)

    def _field(self, event: Field) -> None:
        if event.letter == "M":
            self._meter = parse_meter(event.value)
        self.events.append(event)

    def _take(self, match: re.Match[str], kind: str | None, place: tuple[int, int]) -> None:
        if kind == "note_length":
            self._sound([match["note"]], _length(match["note_length"]), place)
        elif kind == "bar":
            self._bar_line = BarLine(*place, self._tuplet is not None or self._next_factor != 1)
            self.events.append(self._bar_line)
        elif kind == "chord_length":
            self._chord(match["chord"], match["chord_length"], place)
        elif kind == "old_length":
            self._chord(match["old_chord"], match["old_length"], place)
        elif kind == "grace":
            self.events.append(Grace(_NOTE_RE.findall(match["grace"]), *place))
        elif kind == "rest_length":
            self._sound([], _length(match["rest_length"]), place)
        elif kind == "rest_bars":
            self.events.append(WholeRests(int(match["rest_bars"] or 1), *place))
        elif kind == "field":
            self._field(replace(field_of(match["field"]), start=place[0], end=place[1]))
        elif kind == "overlay":
            self.events.append(Overlay(*place))
        else:
            self._mark(match, kind, place)

    def _mark(self, match: re.Match[str], kind: str | None, place: tuple[int, int]) -> None:
        if kind == "broken":
            self._break_rhythm(match["broken"])
            self.events.append(Mark("broken", *place))
        elif kind in ("tuplet", "q", "r"):
            self._begin_tuplet(int(match["tuplet"]), match["q"], match["r"])
            self.events.append(Mark("tuplet", *place))
        elif kind == "tie":
            if self._last is not None:
                self._last.tied = True
            self.events.append(Mark("tie", *place))
        elif kind == "text":
            self.events.append(Mark("text", *place))
        elif kind == "ending":
            self.events.append(Mark("ending", *place))
        else:
            self.events.append(Mark("sign", *place))

    def _sound(self, notes: list[str], length: Fraction, place: tuple[int, int]) -> Sound:
        if self._next_factor is not _ONE:
            length *= self._next_factor
            self._next_factor = _ONE
        if self._tuplet is not None:
            length *= self._tuplet.factor
            self._tuplet.left -= 1
            if not self._tuplet.left:
                self._tuplet = None
        self._last = Sound(notes, length, False, *place)
        self._bar_line = None
        self.events.append(self._last)
        self.sounded = True
        return self._last

    def _chord(self, inside: str, outer: str, place: tuple[int, int]) -> None:
        found = list(_CHORD_NOTE.finditer(inside))
        length = _length(found[0]["length"]) * _length(outer)
        sound = self._sound([m["note"] for m in found], length, place)
        sound.tied = any(m["tie"] for m in found)

    def _break_rhythm(self, signs: str) -> None:
        if self._last is None:
            return
        if self._bar_line is not None:
            self._bar_line.crossed = True
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
    if not text:
        return _ONE
    if text.isdigit():
        return Fraction(int(text))
    over, _, under = text.partition("/")
    slashes = text.count("/")
    below = int(under.strip("/") or 2**slashes) if slashes else 1
    return Fraction(int(over or 1), below) if below else _ONE
