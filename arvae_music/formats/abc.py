"""Read ABC notation: single tunes and tune books, in exact time, repeats not played out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

from arvae_music.formats.abc_events import (
    BarLine,
    Event,
    Field,
    Grace,
    Line,
    Overlay,
    Sound,
    WholeRests,
    field_of,
    is_field,
    parse_meter,
    parse_unit,
    scan,
)
from arvae_music.formats.abc_key import ALTERATION, Key, parse_key
from arvae_music.formats.abc_places import BarPlace, Placed, problem_in
from arvae_music.formats.abc_spelling import PITCH, STEPS
from arvae_music.formats.abc_text import lines_of
from arvae_music.melody import Bar, Melody, Note
from arvae_music.meter import Meter

_NUMBER = re.compile(r"X:\s*(\d+)")
_CROSSED = "a rhythm goes over its bar line"


@dataclass(frozen=True)
class Voice:
    """A voice's melody, and the place of each of its bars in the text."""

    melody: Melody
    places: tuple[BarPlace, ...]


@dataclass(frozen=True)
class AbcTune:
    """The text of one tune of a book; `number` is what stands after its `X:`."""

    number: int | None
    lines: tuple[Line, ...]

    def voices(self) -> dict[str, Melody]:
        """The tune's voices by name; a tune without `V:` has one, of the name ``""``."""
        return {name: voice.melody for name, voice in self.placed_voices().items()}

    def placed_voices(self) -> dict[str, Voice]:
        """The tune's voices by name, with the places of their bars."""
        return _Reader(self.lines).voices()


def split_tunes(text: str) -> list[AbcTune]:
    """The tunes of a book, in its order. Fields before the first `X:` are part of every tune."""
    heads: list[Line] = []
    tunes: list[tuple[int | None, list[Line]]] = []
    for line in lines_of(text):
        number = _NUMBER.match(line.text)
        if number is not None:
            tunes.append((int(number[1]), []))
        elif tunes:
            tunes[-1][1].append(line)
        else:
            heads.append(line)
    if not tunes:
        return [AbcTune(None, tuple(heads))] if any(line.text.startswith("K:") for line in heads) else []
    shared = [line for line in heads if is_field(line.text) and line.text[0] in "LM"]
    return [AbcTune(number, (*shared, *lines)) for number, lines in tunes]


@dataclass
class _Voice:
    """What is known of one voice so far; times in quarter notes from the tune's start."""

    meter: Meter | None
    unit: Fraction
    key: Key
    notes: list[Note] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    now: Fraction = Fraction(0)
    bar_start: Fraction = Fraction(0)
    bar_end: Fraction = Fraction(0)
    bar_meter: Meter | None = None
    accidentals: dict[str, int] = field(default_factory=dict)
    tied: dict[str, int] = field(default_factory=dict)  # written pitch -> index in notes
    in_order: bool = True  # the notes are, as long as each sound begins behind the one before
    items: list[Placed] = field(default_factory=list)
    places: list[BarPlace] = field(default_factory=list)
    place: int = 0  # where the bar's text starts
    problem: str | None = None  # of the bar's text
    first_unit: Fraction = Fraction(0)  # the bar's at its start
    first_key: Key = field(default_factory=Key)

    def open_bar(self, place: int, *, crossed: bool = False) -> None:
        """Forget what was written so far: a bar's text starts here."""
        self.items = []
        self.place = place
        self.problem = _CROSSED if crossed else None
        self.first_unit, self.first_key = self.unit, self.key


class _Reader:
    """Counts time over the events of one tune."""

    def __init__(self, lines: tuple[Line, ...]) -> None:
        self._title = ""
        self._start = _Voice(None, Fraction(0), Key())
        self._body: tuple[Line, ...] = ()
        self._read_header(lines)
        self._voices: dict[str, _Voice] = {}
        self._voice = self._named("")

    def voices(self) -> dict[str, Voice]:
        end = 0
        for event in scan(self._body, self._start.meter):
            if isinstance(event, Field):
                self._field(event)
            else:
                _advance(self._voice, event)
            end = event.end
        voices = {}
        for name, voice in self._voices.items():
            _end_bar(voice, BarLine(end, end))
            if voice.notes:
                bars = tuple(numbered(voice.bars))
                notes = tuple(voice.notes if voice.in_order else sorted(voice.notes))
                melody = Melody(notes, bars, self._title, self._start.key.name)
                voices[name] = Voice(melody, tuple(voice.places))
        return voices

    def _read_header(self, lines: tuple[Line, ...]) -> None:
        """Take in the fields up to `K:`, after which the body begins."""
        for index, line in enumerate(lines):
            if not is_field(line.text):
                continue
            event = field_of(line.text)
            if event.letter == "T":
                self._title = self._title or event.value
            _set(self._start, event)
            if event.letter == "K":
                self._body = lines[index + 1 :]
                break
        if not self._start.unit:
            self._start.unit = _usual_unit(self._start.meter)

    def _field(self, event: Field) -> None:
        if event.letter == "V":
            self._change_voice(event)
        else:
            self._voice.items.append(Placed(event, self._voice.now - self._voice.bar_start))
            _set(self._voice, event)

    def _change_voice(self, event: Field) -> None:
        split = "its voice is left in the middle of it"
        if self._voice.now != self._voice.bar_start:
            self._voice.problem = split
        self._voice = self._named(event.value.split()[0] if event.value else "")
        if self._voice.now == self._voice.bar_start:
            self._voice.open_bar(event.end)

    def _named(self, name: str) -> _Voice:
        if name not in self._voices:
            start = self._start
            self._voices[name] = _Voice(start.meter, start.unit, start.key)
            self._voices[name].open_bar(self._body[0].start if self._body else 0)
        return self._voices[name]


def _set(voice: _Voice, event: Field) -> None:
    """Change the voice's meter, unit note length or key from here on; other fields do nothing."""
    if event.letter == "M":
        voice.meter = parse_meter(event.value)
    elif event.letter == "L":
        voice.unit = parse_unit(event.value) or voice.unit
    elif event.letter == "K":
        voice.key = parse_key(event.value)


def _usual_unit(meter: Meter | None) -> Fraction:
    """The unit note where no `L:` gives it: a sixteenth below 3/4, else an eighth."""
    return Fraction(1, 4) if meter is not None and meter.length < 3 else Fraction(1, 2)


def _advance(voice: _Voice, event: Event) -> None:
    if isinstance(event, BarLine):
        _end_bar(voice, event)
        return
    time = voice.now - voice.bar_start
    if isinstance(event, Sound):
        _sound(voice, event, time)
    elif isinstance(event, Grace):
        pitches = tuple(_pitch(voice, written)[1] for written in event.notes)
        voice.items.append(Placed(event, time, pitches=pitches))
    elif isinstance(event, WholeRests):
        _rest_measures(voice, event)
    else:
        voice.items.append(Placed(event, time))
        if isinstance(event, Overlay):
            voice.now = voice.bar_start
            voice.in_order = False


def _sound(voice: _Voice, event: Sound, time: Fraction) -> None:
    """Take in a note, chord or rest at a time of its bar."""
    if not time:
        voice.bar_meter = voice.meter
    length = event.length * voice.unit
    tied: dict[str, int] = {}
    pitches = []
    for written in dict.fromkeys(event.notes):
        name, pitch = _pitch(voice, written)
        pitches.append(pitch)
        index = voice.tied.get(name)
        if index is not None and voice.notes[index].pitch == pitch and voice.notes[index].end == voice.now:
            voice.notes[index] = replace(voice.notes[index], duration=voice.notes[index].duration + length)
        else:
            index = len(voice.notes)
            voice.notes.append(Note(voice.now, length, pitch))
        if event.tied:
            tied[name] = index
    voice.items.append(Placed(event, time, length, tuple(pitches)))
    voice.in_order = voice.in_order and len(pitches) < 2 and bool(length)
    voice.tied = tied
    voice.now += length
    # Only a second voice in the bar can end before what was there.
    voice.bar_end = voice.now if voice.in_order else max(voice.bar_end, voice.now)


def _pitch(voice: _Voice, written: str) -> tuple[str, int]:
    """Letter with octave, and MIDI pitch. An accidental holds to the bar's end, in every octave.

    A note that is tied over a bar line keeps the accidental that it was tied with.
    """
    match = PITCH.fullmatch(written)
    if match is None:  # the scanner gives nothing else
        raise ValueError(written)
    letter, marks = match["letter"], match["octave"]
    step = letter.upper()
    natural = 60 + STEPS[step] + 12 * (letter.islower() + marks.count("'") - marks.count(","))
    name = letter + marks
    if match["sign"]:
        voice.accidentals[step] = ALTERATION[match["sign"]]
    elif name in voice.tied and step not in voice.accidentals:
        return name, voice.notes[voice.tied[name]].pitch
    return name, natural + voice.accidentals.get(step, voice.key.steps.get(step, 0))


def _rest_measures(voice: _Voice, event: WholeRests) -> None:
    """`Z4`: whole measures of rest. Within a bar it is read as a plain rest, as it is found."""
    place = event.start, event.end
    if voice.now > voice.bar_start or voice.meter is None:
        _sound(voice, Sound([], Fraction(event.bars), False, *place), voice.now - voice.bar_start)
        return
    for _ in range(min(event.bars, 999)):
        _sound(voice, Sound([], voice.meter.length / voice.unit, False, *place), Fraction(0))
        if event.bars > 1:
            voice.problem = "within a rest of several measures"
        _end_bar(voice, BarLine(event.end, event.end))


def _end_bar(voice: _Voice, line: BarLine) -> None:
    voice.accidentals = {}
    length = voice.bar_end - voice.bar_start
    if length:
        meter = voice.bar_meter
        problem = None if meter is not None else "no meter is given"
        voice.bars.append(Bar(0, voice.bar_start, length, meter or Meter(4, 4), problem))
        problem = voice.problem or (_CROSSED if line.crossed else problem_in(voice.items))
        unit, key = voice.first_unit, voice.first_key
        voice.places.append(BarPlace(voice.place, line.start, tuple(voice.items), unit, key, problem))
    crossed = line.crossed or (voice.problem == _CROSSED and not length)
    voice.now = voice.bar_start = voice.bar_end
    voice.open_bar(line.end, crossed=crossed)


def numbered(bars: list[Bar]) -> Iterator[Bar]:
    """Bars counted from 1, or from 0 where the first is shorter than its meter: a pickup."""
    first = 0 if len(bars) > 1 and bars[0].length < bars[0].meter.length else 1
    for number, bar in enumerate(bars, first):
        yield replace(bar, number=number)
