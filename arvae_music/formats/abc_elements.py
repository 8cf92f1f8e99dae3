"""What stands in the text of an ABC bar, and to which note each sign belongs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

from arvae_music.formats.abc_events import Field, Grace, Mark, Sound, parse_unit
from arvae_music.formats.abc_key import Key, parse_key
from arvae_music.formats.abc_places import BarPlace, Placed
from arvae_music.formats.abc_spelling import Written, written

_OF_THE_NOTE = frozenset(
    ["trill", "lowermordent", "uppermordent", "mordent", "pralltriller", "roll", "turn", "turnx", "arpeggio",
     "invertedturn", "invertedturnx", "accent", ">", "emphasis", "tenuto", "wedge", "staccato", "open", "+",
     "thumb", "snap", "slide", "upbow", "downbow", "plus", "0", "1", "2", "3", "4", "5"]
)  # fmt: skip
"""Named decorations that mean nothing without their note; the others (a fermata, a segno) mark a place."""

_OF_A_PLACE = frozenset("HOS")
"""Short decorations that mark a place: fermata, coda, segno. The others ornament their note."""

_CHORD_SYMBOL = re.compile(
    r'"\(?[A-G][#b]?(?:maj|min|dim|aug|sus|add|no|[mMo+°ø\-]|[#b]?\d+|[(,)])*(?:/[A-Ga-g][#b]?)?\)?"'
)
"""Text such as `"F#m7"` or `"G/B"`, unlike `"Fine"` and `"D.C."` (ABC 2.1, section 4.18)."""


class Kind(Enum):
    """What an element does."""

    SOUND = "a note or rest"
    LEAD = "stands before the sound that it belongs to"
    TRAIL = "stands behind the sound that it belongs to"
    FIXED = "stands for itself"


@dataclass
class Element:
    """A piece of a bar's text, rhythm signs and ties left out.

    `time` is in quarter notes from the bar's start, `space` the blanks before it. `bound`: it goes
    where its note goes. `courtesy`: a sound's accidental that says what held already.
    """

    kind: Kind
    text: str
    time: Fraction
    space: str = ""
    bound: bool = False
    placed: Placed | None = None
    courtesy: bool = False

    @property
    def pitch(self) -> int | None:
        """The pitch of a sound of one note."""
        pitches = self.placed.pitches if self.placed is not None else ()
        return pitches[0] if self.kind is Kind.SOUND and len(pitches) == 1 else None

    @property
    def name(self) -> Written | None:
        """The written note of a sound of one note."""
        if self.pitch is None or self.placed is None or not isinstance(self.placed.event, Sound):
            return None
        return written(self.placed.event.notes[0])

    @property
    def is_chord_symbol(self) -> bool:
        """Whether it says a harmony, and not what to play."""
        return self.kind is not Kind.SOUND and _CHORD_SYMBOL.fullmatch(self.text) is not None

    @property
    def end(self) -> Fraction:
        """Where it ends, in quarter notes from the bar's start."""
        return self.time + (self.placed.length if self.placed is not None else 0)


@dataclass
class BarText:
    """The elements of a bar between `start` and `end` in the file's text.

    What stands outside, blanks for the most part, is not touched by an edit. `unit` (in quarter
    notes) and `key` are those in force at its start.
    """

    start: int
    end: int
    unit: Fraction
    key: Key
    elements: list[Element] = field(default_factory=list)
    broken: set[Fraction] = field(default_factory=set)  # times of notes with a broken rhythm behind them

    @property
    def sounds(self) -> list[Element]:
        """The notes and rests."""
        return [element for element in self.elements if element.kind is Kind.SOUND]


def elements_of(text: str, place: BarPlace) -> BarText:
    """Take a bar's text apart."""
    first = 0
    while first < len(place.items) - 1 and _is_outside(place.items[first]):
        first += 1
    return _Parser(text, place, first).parse()


def _is_outside(item: Placed) -> bool:
    """Whether something before the first sound can be left out of what is written anew."""
    event = item.event
    return isinstance(event, Field) or (isinstance(event, Mark) and event.kind == "ending")


def _context(place: BarPlace, first: int) -> tuple[Fraction, Key]:
    """The unit note and the key behind the fields before a bar's first sign."""
    unit, key = place.unit, place.key
    for item in place.items[:first]:
        if isinstance(item.event, Field) and item.event.letter == "L":
            unit = parse_unit(item.event.value) or unit
        elif isinstance(item.event, Field) and item.event.letter == "K":
            key = parse_key(item.event.value, key)
    return unit, key


class _Parser:
    """Goes over a bar's items and over the text between them."""

    def __init__(self, text: str, place: BarPlace, first: int) -> None:
        self._text = text
        self._items = place.items
        self._first = first
        self._held: dict[str, int] = {}  # accidentals in force
        self._space = ""
        self._time = Fraction(0)
        unit, key = _context(place, first)
        self._key = key
        start, end = place.items[first].event.start, place.items[-1].event.end
        while start > place.start and text[start - 1] == "(":
            start -= 1
        while end < place.end and text[end] == ")":
            end += 1
        self._bar = BarText(start, end, unit, key)

    def parse(self) -> BarText:
        at = self._bar.start
        for item in self._items[self._first :]:
            self._time = item.time
            self._gap(self._text[at : item.event.start])
            self._item(item)
            at = item.event.end
        self._gap(self._text[at : self._bar.end])
        self._free_leads()
        return self._bar

    def _add(self, kind: Kind, text: str, placed: Placed | None = None, *, bound: bool = False) -> Element:
        element = Element(kind, text, self._time, self._space, bound, placed)
        self._bar.elements.append(element)
        self._space = ""
        return element

    def _gap(self, gap: str) -> None:
        """Blanks, slurs, line ends with what comes with them, and what is not ABC."""
        if "\n" in gap or "\r" in gap:
            self._line_end(gap)
            return
        for piece in re.findall(r"[^\S\r\n]+|\(|\)|`+|[^\s()`]+", gap):
            if piece.isspace():
                self._space += piece
            elif piece == "(":
                self._add(Kind.LEAD, piece)
            elif piece == ")":
                self._slur_end()
            elif piece[0] != "`":
                self._add(Kind.FIXED, piece)

    def _line_end(self, gap: str) -> None:
        """A line ends in the bar: slurs still belong to their notes, all else stays as it is."""
        closed = re.match(r"[)]*", gap)
        opened = re.search(r"[(]*\Z", gap)
        before = closed.end() if closed else 0
        after = opened.start() if opened else len(gap)
        for _ in range(before):
            self._slur_end()
        self._add(Kind.FIXED, gap[before : max(after, before)])
        for _ in range(max(after, before), len(gap)):
            self._add(Kind.LEAD, "(")

    def _slur_end(self) -> None:
        sounds = self._bar.sounds
        if not sounds:
            self._add(Kind.FIXED, ")")
            return
        space, self._space = self._space, ""
        self._time, now = sounds[-1].time, self._time
        self._add(Kind.TRAIL, ")")
        self._time, self._space = now, space

    def _item(self, item: Placed) -> None:
        event = item.event
        text = self._text[event.start : event.end]
        if isinstance(event, Sound):
            element = self._add(Kind.SOUND, text, item)
            element.courtesy = self._is_courtesy(item)
        elif isinstance(event, Grace):
            self._add(Kind.LEAD, text, item, bound=True)
            self._note_accidentals(event.notes)
        elif isinstance(event, Mark):
            self._mark(event, text)
        else:
            self._add(Kind.FIXED, text, item)
            if isinstance(event, Field) and event.letter == "K":
                self._key = parse_key(event.value, self._key)

    def _mark(self, event: Mark, text: str) -> None:
        if event.kind == "text":
            self._add(Kind.LEAD, text)
        elif event.kind == "sign":
            self._add(Kind.LEAD, text, bound=_is_bound(text))
        elif event.kind == "place":
            self._place(text)
        elif event.kind == "ending":
            self._add(Kind.FIXED, text)
        elif event.kind == "broken" and self._bar.sounds:
            self._bar.broken.add(self._bar.sounds[-1].time)

    def _place(self, text: str) -> None:
        """Signs with a place of their own (`"D.C."x`) belong to no note."""
        elements = self._bar.elements
        signs: list[Element] = []
        while elements and elements[-1].kind is Kind.LEAD and elements[-1].text != "(":
            signs.insert(0, elements.pop())
        space = signs[0].space if signs else self._space
        inner = "".join(sign.text for sign in signs)
        self._space = space
        self._add(Kind.FIXED, inner + text)

    def _free_leads(self) -> None:
        """What stands behind the last sound of the bar stays there."""
        for element in reversed(self._bar.elements):
            if element.kind is Kind.SOUND:
                break
            if element.kind is Kind.LEAD:
                element.kind = Kind.FIXED

    def _is_courtesy(self, item: Placed) -> bool:
        notes = item.event.notes if isinstance(item.event, Sound) else []
        found = False
        for text in notes:
            note = written(text)
            held = self._held.get(note.step, self._key.steps.get(note.step, 0))
            found = found or (note.sign is not None and note.sign == held)
        self._note_accidentals(notes)
        return found

    def _note_accidentals(self, notes: list[str]) -> None:
        for text in notes:
            note = written(text)
            if note.sign is not None:
                self._held[note.step] = note.sign


def _is_bound(sign: str) -> bool:
    """Whether a decoration goes where its note goes."""
    if len(sign) == 1:
        return sign not in _OF_A_PLACE
    return sign.strip("!+") in _OF_THE_NOTE or not sign.strip("!+")
