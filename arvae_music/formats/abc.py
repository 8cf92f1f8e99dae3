"""Read ABC notation: single tunes and tune books, in exact time, repeats not played out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from arvae_music.errors import ArvaeError
from arvae_music.formats.abc_events import (
    BarLine,
    Event,
    Field,
    Grace,
    Overlay,
    Sound,
    WholeRests,
    field_of,
    is_field,
    parse_meter,
    scan,
)
from arvae_music.formats.abc_key import ALTERATION, Key, parse_key
from arvae_music.melody import Bar, Melody, Note
from arvae_music.meter import Meter

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_PITCH = re.compile(r"(?P<sign>[\^_=]*)(?P<letter>[A-Ga-g])(?P<octave>[,']*)")
_NUMBER = re.compile(r"X:\s*(\d+)")


@dataclass(frozen=True)
class AbcTune:
    """The text of one tune of a book; `number` is what stands after its `X:`."""

    number: int | None
    lines: tuple[str, ...]

    def voices(self) -> dict[str, Melody]:
        """The tune's voices by name; a tune without `V:` has one, of the name ``""``."""
        return _Reader(self.lines).voices()


def split_tunes(text: str) -> list[AbcTune]:
    """The tunes of a book, in its order. Fields before the first `X:` are part of every tune."""
    heads: list[str] = []
    tunes: list[tuple[int | None, list[str]]] = []
    for line in text.splitlines():
        number = _NUMBER.match(line)
        if number is not None:
            tunes.append((int(number[1]), []))
        elif tunes:
            tunes[-1][1].append(line)
        else:
            heads.append(line)
    if not tunes:
        return [AbcTune(None, tuple(heads))] if any(line.startswith("K:") for line in heads) else []
    shared = [line for line in heads if is_field(line) and line[0] in "LM"]
    return [AbcTune(number, (*shared, *lines)) for number, lines in tunes]


def read_text(path: Path) -> str:
    """An ABC file's text, UTF-8 or else Latin-1.

    Raises:
        ArvaeError: the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ArvaeError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


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


class _Reader:
    """Counts time over the events of one tune."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        self._title = ""
        self._start = _Voice(None, Fraction(0), Key())
        self._body: tuple[str, ...] = ()
        self._read_header(lines)
        self._voices: dict[str, _Voice] = {}
        self._voice = self._named("")

    def voices(self) -> dict[str, Melody]:
        for event in scan(self._body, self._start.meter):
            if isinstance(event, Field):
                self._field(event)
            else:
                _advance(self._voice, event)
        melodies = {}
        for name, voice in self._voices.items():
            _end_bar(voice)
            if voice.notes:
                bars = tuple(numbered(voice.bars))
                melodies[name] = Melody(tuple(sorted(voice.notes)), bars, self._title, self._start.key.name)
        return melodies

    def _read_header(self, lines: tuple[str, ...]) -> None:
        """Take in the fields up to `K:`, after which the body begins."""
        for index, line in enumerate(lines):
            if not is_field(line):
                continue
            event = field_of(line)
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
            self._voice = self._named(event.value.split()[0] if event.value else "")
        else:
            _set(self._voice, event)

    def _named(self, name: str) -> _Voice:
        if name not in self._voices:
            start = self._start
            self._voices[name] = _Voice(start.meter, start.unit, start.key)
        return self._voices[name]


def _set(voice: _Voice, event: Field) -> None:
    """Change the voice's meter, unit note length or key from here on; other fields do nothing."""
    if event.letter == "M":
        voice.meter = parse_meter(event.value)
    elif event.letter == "L":
        match = re.match(r"(\d+)\s*/\s*(\d+)", event.value)
        if match and int(match[1]) and int(match[2]):
            voice.unit = Fraction(4 * int(match[1]), int(match[2]))
    elif event.letter == "K":
        voice.key = parse_key(event.value)


def _usual_unit(meter: Meter | None) -> Fraction:
    """The unit note where no `L:` gives it: a sixteenth below 3/4, else an eighth."""
    return Fraction(1, 4) if meter is not None and meter.length < 3 else Fraction(1, 2)


def _advance(voice: _Voice, event: Event) -> None:
    if isinstance(event, BarLine):
        _end_bar(voice)
    elif isinstance(event, Grace):
        for written in event.notes:
            _pitch(voice, written)
    elif isinstance(event, Overlay):
        voice.now = voice.bar_start
    elif isinstance(event, WholeRests):
        _rest_measures(voice, event.bars)
    elif isinstance(event, Sound):
        _sound(voice, event)


def _sound(voice: _Voice, event: Sound) -> None:
    if voice.now == voice.bar_start:
        voice.bar_meter = voice.meter
    length = event.length * voice.unit
    tied: dict[str, int] = {}
    for written in dict.fromkeys(event.notes):
        name, pitch = _pitch(voice, written)
        index = voice.tied.get(name)
        if index is not None and voice.notes[index].pitch == pitch and voice.notes[index].end == voice.now:
            voice.notes[index] = replace(voice.notes[index], duration=voice.notes[index].duration + length)
        else:
            index = len(voice.notes)
            voice.notes.append(Note(voice.now, length, pitch))
        if event.tied:
            tied[name] = index
    voice.tied = tied
    voice.now += length
    voice.bar_end = max(voice.bar_end, voice.now)


def _pitch(voice: _Voice, written: str) -> tuple[str, int]:
    """Letter with octave, and MIDI pitch. An accidental holds to the bar's end, in every octave.

    A note that is tied over a bar line keeps the accidental that it was tied with.
    """
    match = _PITCH.fullmatch(written)
    if match is None:  # the scanner gives nothing else
        raise ValueError(written)
    letter, marks = match["letter"], match["octave"]
    step = letter.upper()
    natural = 60 + _STEPS[step] + 12 * (letter.islower() + marks.count("'") - marks.count(","))
    name = letter + marks
    if match["sign"]:
        voice.accidentals[step] = ALTERATION[match["sign"]]
    elif name in voice.tied and step not in voice.accidentals:
        return name, voice.notes[voice.tied[name]].pitch
    return name, natural + voice.accidentals.get(step, voice.key.steps.get(step, 0))


def _rest_measures(voice: _Voice, count: int) -> None:
    """`Z4`: whole measures of rest. Within a bar it is read as a plain rest, as it is found."""
    if voice.now > voice.bar_start or voice.meter is None:
        _sound(voice, Sound([], Fraction(count)))
        return
    for _ in range(min(count, 999)):
        _sound(voice, Sound([], voice.meter.length / voice.unit))
        _end_bar(voice)


def _end_bar(voice: _Voice) -> None:
    voice.accidentals = {}
    length = voice.bar_end - voice.bar_start
    if length:
        meter = voice.bar_meter
        problem = None if meter is not None else "no meter is given"
        voice.bars.append(Bar(0, voice.bar_start, length, meter or Meter(4, 4), problem))
    voice.now = voice.bar_start = voice.bar_end


def numbered(bars: list[Bar]) -> Iterator[Bar]:
    """Bars counted from 1, or from 0 where the first is shorter than its meter: a pickup."""
    first = 0 if len(bars) > 1 and bars[0].length < bars[0].meter.length else 1
    for number, bar in enumerate(bars, first):
        yield replace(bar, number=number)
