"""Read ABC notation: single tunes and tune books, in exact time, repeats not played out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from arvae_music.formats.abc_events import BarLine, Field, Line, field_of, is_field, scan
from arvae_music.formats.abc_fields import (
    bang_breaks,
    macros_of,
    music_of,
    name_and_rest,
    reach_of,
    shift_of,
    usual_unit,
    voice_shifts,
)
from arvae_music.formats.abc_key import Key
from arvae_music.formats.abc_places import BarPlace, Placed
from arvae_music.formats.abc_text import lines_of
from arvae_music.formats.abc_voice import VoiceState, advance, end_bar, numbered, set_field, set_shift
from arvae_music.melody import Melody

_NUMBER = re.compile(r"X:\s*(\d{1,18})")


@dataclass(frozen=True)
class Voice:
    """A voice's melody as it is written, and the place of each of its bars in the text.

    `shift`: semitones that it sounds above that (`octave=`, `transpose=`).
    """

    melody: Melody
    places: tuple[BarPlace, ...]
    shift: int = 0

    def sounding(self, written: Melody) -> Melody:
        """A melody of this voice as it sounds."""
        return written.transposed(self.shift) if self.shift else written

    def written(self, sounding: Melody) -> Melody:
        """What is written for a melody to sound in this voice."""
        return sounding.transposed(-self.shift) if self.shift else sounding


@dataclass(frozen=True)
class AbcTune:
    """The text of one tune of a book; `number` is what stands after its `X:`."""

    number: int | None
    lines: tuple[Line, ...]

    @property
    def has_key(self) -> bool:
        """Whether it has a `K:`, which ends the fields: no notes are read before it."""
        return any(is_field(line.text) and line.text.lstrip()[0] == "K" for line in self.lines)

    def voices(self) -> dict[str, Melody]:
        """The tune's voices with notes by name; a tune without `V:` has one, of the name ``""``."""
        placed = self.placed_voices().items()
        return {name: voice.sounding(voice.melody) for name, voice in placed if voice.melody.notes}

    def placed_voices(self) -> dict[str, Voice]:
        """The tune's voices by name, with the places of their bars; those that only rest, too."""
        return _Reader(self.lines).voices()


def split_tunes(text: str) -> list[AbcTune]:
    """The tunes of a book, in its order. Fields before the first `X:` are part of every tune."""
    heads: list[Line] = []
    tunes: list[tuple[int | None, list[Line]]] = []
    for line in music_of(lines_of(text)):
        number = _NUMBER.match(line.text)
        if number is not None:
            tunes.append((int(number[1]), []))
        elif tunes:
            tunes[-1][1].append(line)
        else:
            heads.append(line)
    if not tunes:
        return [AbcTune(None, tuple(heads))] if any(line.text.startswith("K:") for line in heads) else []
    shared = [line for line in heads if is_field(line.text) and line.text[0] in "LMmI"]
    return [AbcTune(number, (*shared, *lines)) for number, lines in tunes]


class _Reader:
    """Counts time over the events of one tune."""

    def __init__(self, lines: tuple[Line, ...]) -> None:
        self._title = ""
        self._start = VoiceState(None, Fraction(0), Key())
        self._body: tuple[Line, ...] = ()
        self._header: tuple[Line, ...] = lines
        self._read_header(lines)
        self._start.reach = reach_of(lines)
        self._shifts = voice_shifts(self._header)
        self._voices: dict[str, VoiceState] = {}
        self._voice = self._named("")

    def voices(self) -> dict[str, Voice]:
        end = 0
        events = scan(
            self._body,
            self._start.meter,
            macros_of(self._header),
            bang_breaks=bang_breaks((*self._header, *self._body)),
        )
        for event in events:
            if isinstance(event, Field):
                self._field(event)
            else:
                advance(self._voice, event)
            end = event.end
        voices = {}
        for name, voice in self._voices.items():
            end_bar(voice, BarLine(end, end))
            if voice.bars:
                bars = tuple(numbered(voice.bars))
                notes = tuple(voice.notes if voice.in_order else sorted(voice.notes))
                melody = Melody(notes, bars, self._title, self._start.key.name)
                voices[name] = Voice(melody, tuple(voice.places), voice.first_shift or 0)
        return voices

    def _read_header(self, lines: tuple[Line, ...]) -> None:
        """Take in the fields up to `K:`, after which the body begins."""
        for index, line in enumerate(lines):
            if not is_field(line.text):
                continue
            event = field_of(line.text)
            if event.letter == "T":
                self._title = self._title or event.value
            set_field(self._start, event)
            if event.letter == "K":
                self._header, self._body = lines[:index], lines[index + 1 :]
                break
        if not self._start.unit:
            self._start.unit = usual_unit(self._start.meter)

    def _field(self, event: Field) -> None:
        if event.letter == "V":
            self._change_voice(event)
        else:
            self._voice.items.append(Placed(event, self._voice.now - self._voice.bar_start))
            set_field(self._voice, event)

    def _change_voice(self, event: Field) -> None:
        split = "its voice is left in the middle of it"
        if self._voice.bar_end != self._voice.bar_start:
            self._voice.problem = split
        name, rest = name_and_rest(event.value)
        self._voice = self._named(name)
        set_shift(self._voice, shift_of(rest))
        if self._voice.bar_end == self._voice.bar_start:
            self._voice.open_bar(event.end)

    def _named(self, name: str) -> VoiceState:
        if name not in self._voices:
            start = self._voices.get("", self._start)  # with fields before the first `V:`
            start = self._start if start.now else start
            only = self._shifts.values() if not name and len(self._shifts) == 1 else ()
            shift = self._shifts.get(name, next(iter(only), self._start.shift))
            voice = VoiceState(start.meter, start.unit, start.key, reach=start.reach, shift=shift)
            self._voices[name] = voice
            self._voices[name].open_bar(self._body[0].start if self._body else 0)
        return self._voices[name]
