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
from arvae_music.formats.abc_lexing import (
    Macro,
    Token,
    chord_notes,
    length_of,
    note_names,
    parse_macro,
    tokens_of,
    whole,
)
from arvae_music.meter import Meter

_FIELD_LINE = re.compile(r"\s*(?P<letter>[A-Za-z]):(?P<value>.*)")
_COMMENT = re.compile(r"(?<!\\)%.*")
_TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}

_ONE = Fraction(1)
_MOST_SIGNS = 8
"""Of a broken rhythm; the standard has three."""
_LONGEST_METER = 50
"""Characters."""
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


@dataclass(frozen=True, slots=True)
class Unread:
    """What is not understood, or not to be written anew, and why."""

    why: str
    start: int
    end: int


Event = Sound | Grace | Mark | BarLine | Overlay | WholeRests | Field | Unread


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


def scan(
    lines: Iterable[Line], meter: Meter | None, macros: Iterable[Macro] = (), *, bang_breaks: bool = False
) -> list[Event]:
    """The events of a tune's body. An empty line after music ends it: what follows is prose.

    Args:
        lines: what stands after the header's `K:`.
        meter: the header's, which decides what `(5` means.
        macros: the header's.
        bang_breaks: `!` is a line break and no decoration (`I:linebreak !`).
    """
    scanner = _Scanner(meter, macros, bang_breaks=bang_breaks)
    for line in lines:
        if scanner.sounded and not line.text.strip():
            break
        scanner.read(line)
    return scanner.events


def parse_meter(value: str) -> Meter | None:
    """What follows `M:`; None for free meter and what is no meter.

    A sum of numerators, as in `(2+3)/8`, is added up.
    """
    if len(value) > _LONGEST_METER:
        return None
    summed = re.sub(
        r"\(?(\d+(?:\+\d+)+)\)?(?=/)", lambda m: str(sum(map(whole, m[1].split("+")))), value.strip()
    )
    try:
        return Meter.parse(summed)
    except ArvaeError:
        return None


def parse_unit(value: str) -> Fraction | None:
    """The unit note that follows `L:`, in quarter notes; None for what is none."""
    match = re.match(r"(\d+)(?:\s*/\s*(\d+))?", value)
    if match is None:
        return None
    count, unit = whole(match[1]), whole(match[2], 1)
    return Fraction(4 * count, unit) if count and unit else None


class _Scanner:
    """Keeps broken rhythms and tuplets over line ends."""

    def __init__(self, meter: Meter | None, macros: Iterable[Macro], *, bang_breaks: bool) -> None:
        self.events: list[Event] = []
        self.sounded = False
        self._meter = meter
        self._macros = list(macros)
        self._bang_breaks = bang_breaks
        self._overlays = False  # over several bars
        self._last: Sound | None = None
        self._bar_line: BarLine | None = None  # until a note follows it
        self._next_factor = _ONE
        self._tuplet: _Tuplet | None = None

    def read(self, line: Line) -> None:
        text, start = line
        if is_field(text):
            self._field(replace(field_of(text), start=start, end=start + len(text)))
            return
        text = _COMMENT.sub("", text)
        after_mark = False
        for token in tokens_of(text.replace("!", " ") if self._bang_breaks else text, start, self._macros):
            anchored, after_mark = after_mark, token.kind in _SIGNS
            place = token.start, token.end
            if token.problem:
                self.events.append(Unread(token.problem, *place))
            if token.kind == "rest_length" and anchored and token.match[0] == "x":
                self.events.append(Mark("place", *place))  # a place for a sign, not a rest
            elif token.kind is not None:
                self._take(token, place)

    def _field(self, event: Field) -> None:
        if event.letter == "M":
            self._meter = parse_meter(event.value)
        elif event.letter == "m":
            self._macros += [macro] if (macro := parse_macro(event.value)) else []
        self.events.append(event)

    def _take(self, token: Token, place: tuple[int, int]) -> None:
        kind, match = token.kind, token.match
        if kind == "note_length":
            self._sound([match["note"]], length_of(match["note_length"]), place)
        elif kind == "bar":
            self._bar_line = BarLine(*place, self._tuplet is not None or self._next_factor != 1)
            self.events.append(self._bar_line)
        elif kind == "chord_length":
            self._chord(match["chord"], match["chord_length"], place)
        elif kind == "old_length":
            self._chord(match["old_chord"], match["old_length"], place)
        elif kind == "grace":
            self.events.append(Grace(note_names(match["grace"]), *place))
        elif kind == "rest_length":
            self._sound([], length_of(match["rest_length"]), place)
        elif kind == "rest_bars":
            self.events.append(WholeRests(whole(match["rest_bars"], 1), *place))
        elif kind == "field":
            self._field(replace(field_of(match["field"]), start=place[0], end=place[1]))
        elif kind == "overlay":
            self.events.append(Overlay(*place))
        elif kind == "overlays":
            self._overlays = match[0] != "&)"
            self.events += [Overlay(*place)] if match[0] == "&&" else []
        else:
            self._mark(match, kind, place)

    def _mark(self, match: re.Match[str], kind: str | None, place: tuple[int, int]) -> None:
        if kind == "broken":
            self._break_rhythm(match["broken"])
            self.events.append(Mark("broken", *place))
        elif kind in ("tuplet", "q", "r"):
            if self._tuplet is not None:
                self.events.append(Unread("a tuplet begins in it before another ends", *place))
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
        if self._overlays:
            self.events.append(Unread("a second voice sounds in it and in the next", *place))
        self.events.append(self._last)
        self.sounded = True
        return self._last

    def _chord(self, inside: str, outer: str, place: tuple[int, int]) -> None:
        found = chord_notes(inside)
        if not found:  # the letters between the brackets are in a text
            return
        sound = self._sound([note.name for note in found], found[0].length * length_of(outer), place)
        sound.tied = any(note.tied for note in found)

    def _break_rhythm(self, signs: str) -> None:
        if self._last is None:
            return
        if self._bar_line is not None:
            self._bar_line.crossed = True
        short = Fraction(1, 2 ** min(len(signs), _MOST_SIGNS))
        left, right = (2 - short, short) if signs[0] == ">" else (short, 2 - short)
        self._last.length *= left
        self._next_factor = right

    def _begin_tuplet(self, notes: int, in_time_of: str | None, reach: str | None) -> None:
        compound = self._meter is not None and self._meter.numerator in (6, 9, 12)
        usual = _TUPLETS.get(notes, 3 if compound else 2)
        left = whole(reach, notes)
        time = whole(in_time_of, usual)
        if time and left:
            self._tuplet = _Tuplet(Fraction(time, notes), left)
