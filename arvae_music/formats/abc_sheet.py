"""What an ABC tune says beside its melody: repeats, chord symbols, tempo, lyrics, ornaments and the rest."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from arvae_music.formats.abc_edit import AbcSource
from arvae_music.formats.abc_elements import Element, elements_of
from arvae_music.formats.abc_elements import Kind as ElementKind
from arvae_music.formats.abc_events import (
    BarLine,
    Event,
    Field,
    Grace,
    Line,
    Mark,
    Sound,
    field_of,
    is_field,
    parse_meter,
    scan,
)
from arvae_music.formats.abc_fields import bang_breaks, macros_of
from arvae_music.formats.abc_key import parse_key
from arvae_music.formats.abc_places import BarPlace, Placed
from arvae_music.formats.abc_signs import decoration_name, ending_numbers, parse_bar_line, parse_tempo
from arvae_music.formats.abc_spelling import natural, spelled, written
from arvae_music.formats.abc_sung import syllables_of
from arvae_music.formats.chords import parse_chord
from arvae_music.formats.sheet import (
    CREDITS,
    BarSigns,
    ChordSymbol,
    Credit,
    Decoration,
    GracePitch,
    KeyChange,
    Sheet,
    Slur,
    Tempo,
    Text,
)
from arvae_music.formats.sheet import Grace as GraceNotes
from arvae_music.formats.sheet import Line as DrawnLine
from arvae_music.formats.sheet_fit import is_of_a_moment

_COPYRIGHT = re.compile(r"\s*%%abc-copyright\s+(\S.*)")
_MOST_OPEN = 16
"""Slurs that are open at a time."""

_COORDINATES = re.compile(r"@-?\d+,-?\d+\s*")


def sheet_of(source: AbcSource) -> Sheet:
    """Everything that the formats share, of one voice; see `abc_contents` for the rest."""
    return _Reader(source).sheet()


class _Reader:
    """Goes over the events of the voice once more, now that their times are known."""

    def __init__(self, source: AbcSource) -> None:
        self._source = source
        self._text = source.file.text
        self._melody = source.voice.melody
        self._places = source.voice.places
        self._starts = [place.start for place in self._places]
        self._shift = source.voice.shift
        # A macro gives several events of one place: they are taken in their order.
        self._placed: dict[tuple[type[Event], int], list[tuple[int, Placed]]] = {}
        for index, place in enumerate(self._places):
            for item in place.items:
                self._placed.setdefault((type(item.event), item.event.start), []).append((index, item))
        count = len(self._melody.bars)
        self._bars = [BarSigns() for _ in range(count)]
        self._keys: list[KeyChange] = []
        self._tempos: list[Tempo] = []
        self._chords: list[ChordSymbol] = []
        self._texts: list[Text] = []
        self._graces: list[GraceNotes] = []
        self._decorations: list[Decoration] = []
        self._credits: list[Credit] = []
        self._spelling: dict[tuple[Fraction, int], tuple[str, int]] = {}

    def sheet(self) -> Sheet:
        head, body = self._head_and_body()
        meter = None
        for line in head:
            if (match := _COPYRIGHT.match(line.text)) is not None:
                self._credits.append(Credit("©", match[1].strip()))
            if is_field(line.text):
                told = field_of(line.text)
                meter = parse_meter(told.value) if told.letter == "M" else meter
                self._field(told, Fraction(0), self._places[0].unit)
        voice = ""
        lines = tuple(head[:-1])
        for event in scan(body, meter, macros_of(lines), bang_breaks=bang_breaks((*lines, *body))):
            if isinstance(event, Field) and event.letter == "V":
                voice = event.value.partition(" ")[0]
            elif voice == self._source.name:
                self._event(event)
        title = next((credit for credit in self._credits if credit.letter == "T"), None)  # the melody has it
        self._stop_endings()
        return Sheet(
            tuple(self._bars),
            tuple(self._keys),
            tuple(self._tempos),
            tuple(self._chords),
            tuple(self._texts),
            tuple(syllables_of(self._source)),
            tuple(self._graces),
            tuple(self._decorations),
            tuple(self._slurs()),
            tuple(credit for credit in self._credits if credit is not title),
            self._spelling,
        )

    def _head_and_body(self) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
        lines = self._source.tune.lines
        for index, line in enumerate(lines):
            if is_field(line.text) and field_of(line.text).letter == "K":
                return lines[: index + 1], lines[index + 1 :]
        return lines, ()

    def _event(self, event: Event) -> None:
        index, item = self._place_of(event)
        bars = self._melody.bars
        start = bars[index].start if index < len(bars) else bars[-1].end
        time = start + item.time if item is not None else start
        if isinstance(event, BarLine):
            self._bar_line(event, index)
        elif isinstance(event, Field):
            unit = self._places[min(index, len(bars) - 1)].unit
            self._field(event, time, unit)
        elif isinstance(event, Grace):
            self._grace(event, time, index, item)
        elif isinstance(event, Mark):
            self._mark(event, time, index, item)
        elif isinstance(event, Sound) and item is not None:
            for name, pitch in zip(dict.fromkeys(event.notes), item.pitches, strict=True):
                text = written(name).text
                if not self._shift % 12:
                    own = text[0].upper(), pitch - natural(text)
                    self._spelling.setdefault((time, pitch + self._shift), own)

    def _place_of(self, event: Event) -> tuple[int, Placed | None]:
        """The bar that an event is in, or stands before, and what the reader made of it."""
        found = self._placed.get((type(event), event.start))
        if not found:
            return bisect_right(self._starts, event.start), None
        return found.pop(0)

    def _bar_line(self, event: BarLine, index: int) -> None:
        """Take in a bar line before the bar of that index."""
        signs = parse_bar_line(self._text[event.start : event.end])
        if index:
            before = self._bars[index - 1]
            closes = max(before.closes, signs.closes)
            line = DrawnLine.SINGLE if closes else max(before.line, signs.line)
            self._bars[index - 1] = replace(before, closes=closes, line=line)
        if index < len(self._bars):
            behind = self._bars[index]
            endings = signs.endings or behind.endings
            self._bars[index] = replace(behind, opens=behind.opens or signs.opens, endings=endings)

    def _stop_endings(self) -> None:
        """An ending ends with a repeat or a thick line, and where the next ending starts."""
        open_ = False
        for index, bar in enumerate(self._bars):
            following = self._bars[index + 1] if index + 1 < len(self._bars) else None
            open_ = open_ or bool(bar.endings)
            thick = bar.line > DrawnLine.SINGLE or bool(bar.closes)
            if open_ and (thick or following is None or following.opens or following.endings):
                self._bars[index] = replace(bar, stops=True)
                open_ = False

    def _field(self, event: Field, time: Fraction, unit: Fraction) -> None:
        letter = event.letter
        if letter == "K":
            key = parse_key(event.value)
            if not self._keys or self._keys[-1].key != key:
                self._keys.append(KeyChange(time, key))
        elif letter == "Q":
            tempo = parse_tempo(event.value, time, unit)
            self._tempos += [tempo] if tempo is not None else []
        elif letter == "P" and event.start and event.value:
            self._texts.append(Text(time, event.value, "part"))
        elif letter in CREDITS and event.value:
            self._credits.append(Credit(letter, " ".join(event.value.split())))

    def _grace(self, event: Grace, time: Fraction, index: int, item: Placed | None) -> None:
        owner = self._owner(index, item)
        if owner is None and index + 1 < len(self._places):  # it leads over the bar line
            items = self._places[index + 1].items
            owner = next((one for one in items if isinstance(one.event, Sound)), None)
        if item is None or owner is None:
            return
        signature = self._places[index].key.steps
        pitches = tuple(
            self._grace_pitch(written(note).text, pitch, signature)
            for note, pitch in zip(event.notes, item.pitches, strict=True)
        )
        slash = "/" in self._text[event.start : event.start + 2]
        if pitches:
            self._graces.append(GraceNotes(time, pitches, self._pitch_of(owner), slash))

    def _grace_pitch(self, name: str, pitch: int, signature: Mapping[str, int]) -> GracePitch:
        sounding = pitch + self._shift
        if self._shift % 12:
            found = spelled(sounding, signature, {})
            return GracePitch(sounding, found.step, found.alteration)
        return GracePitch(sounding, name[0].upper(), pitch - natural(name))

    def _pitch_of(self, item: Placed) -> int | None:
        return min(item.pitches) + self._shift if item.pitches else None

    def _mark(self, event: Mark, time: Fraction, index: int, item: Placed | None) -> None:
        text = self._text[event.start : event.end]
        owner = self._owner(index, item)
        at_end = owner is None and item is not None
        if event.kind == "text":
            self._words(text.strip('"'), time, at_end=at_end)
        elif event.kind == "sign":
            name = decoration_name(text)
            alone = owner is None or is_of_a_moment(name)
            pitch = None if alone or owner is None else self._pitch_of(owner)
            self._decorations.append(Decoration(time, name, pitch, at_end))
        elif event.kind == "ending" and index < len(self._bars) and (item is None or not item.time):
            numbers = ending_numbers(text.strip("[ "))
            self._bars[index] = replace(self._bars[index], endings=numbers)

    def _words(self, words: str, time: Fraction, *, at_end: bool) -> None:
        if not words.strip():
            return
        if words[0] not in "^_<>@" and parse_chord(words) is not None and not at_end:
            self._chords.append(ChordSymbol(time, words.strip()))
            return
        place = words[0] if words[0] in "^_<>@" else ""
        said = _COORDINATES.sub("", words) if place == "@" else words[len(place) :]
        if said.strip():
            self._texts.append(Text(time, said.strip(), "below" if place == "_" else "above", at_end))

    def _owner(self, index: int, item: Placed | None) -> Placed | None:
        """The note or rest that something in a bar stands before."""
        if item is None or index >= len(self._places):
            return None
        items = self._places[index].items
        at = next((i for i, one in enumerate(items) if one is item), len(items))
        return next((one for one in items[at:] if isinstance(one.event, Sound)), None)

    def _slurs(self) -> Iterator[Slur]:
        opened: list[Fraction] = []
        for time, text in self._slur_ends():
            if text == "(":
                opened = [*opened[-_MOST_OPEN:], time]
            elif opened:
                # `(AB(c)de)` are two slurs: what ends at a note did not begin there.
                before = [at for at, start in enumerate(opened) if start < time]
                start = opened.pop(before[-1] if before else -1)
                if time > start:
                    yield Slur(start, time)

    def _slur_ends(self) -> Iterator[tuple[Fraction, str]]:
        for bar, place in zip(self._melody.bars, self._places, strict=True):
            for element in _elements(self._text, place):
                if element.text in ("(", ")") and element.kind is not ElementKind.SOUND:
                    yield bar.start + element.time, element.text


def _elements(text: str, place: BarPlace) -> list[Element]:
    return elements_of(text, place).elements if place.items else []
