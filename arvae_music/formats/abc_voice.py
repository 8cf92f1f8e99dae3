"""One voice of an ABC tune as it is read: time, accidentals and ties over the events of its text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

from arvae_music.formats.abc_events import (
    BarLine,
    Event,
    Field,
    Grace,
    Overlay,
    Sound,
    WholeRests,
    parse_meter,
    parse_unit,
)
from arvae_music.formats.abc_fields import Reach, shift_of
from arvae_music.formats.abc_key import ALTERATION, Key, parse_key
from arvae_music.formats.abc_places import BarPlace, Placed, problem_in
from arvae_music.formats.abc_spelling import PITCH, STEPS
from arvae_music.formats.limits import MOST_IN_MEASURE, MOST_MEASURES
from arvae_music.melody import Bar, Note
from arvae_music.meter import Meter

_CROSSED = "a rhythm goes over its bar line"
_SHIFTED = "it sounds higher or lower than the tune before it"


@dataclass
class VoiceState:
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
    reach: Reach = "pitch"
    shift: int = 0
    first_shift: int | None = None  # where its first note stands

    def open_bar(self, place: int, *, crossed: bool = False) -> None:
        """Forget what was written so far: a bar's text starts here."""
        self.items = []
        self.place = place
        self.problem = _CROSSED if crossed else None
        if self.first_shift not in (None, self.shift):
            self.problem = _SHIFTED
        self.first_unit, self.first_key = self.unit, self.key


def set_field(voice: VoiceState, event: Field) -> None:
    """Change the voice's meter, unit note length or key from here on; other fields do nothing."""
    if event.letter == "M":
        voice.meter = parse_meter(event.value)
    elif event.letter == "L":
        voice.unit = parse_unit(event.value) or voice.unit
    elif event.letter == "K":
        voice.key = parse_key(event.value, voice.key)
        set_shift(voice, shift_of(event.value))


def set_shift(voice: VoiceState, shift: int | None) -> None:
    """From here on the voice sounds so many semitones above what is written, if the field says so."""
    if shift is not None:
        voice.shift = shift
        if voice.first_shift not in (None, shift):
            voice.problem = _SHIFTED


def advance(voice: VoiceState, event: Event) -> None:
    """Take in what is written next in the voice."""
    if isinstance(event, BarLine):
        end_bar(voice, event)
        return
    if len(voice.items) > MOST_IN_MEASURE:
        voice.problem = "more stands in it than in any measure"
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


def _sound(voice: VoiceState, event: Sound, time: Fraction) -> None:
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


def _pitch(voice: VoiceState, written: str) -> tuple[str, int]:
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
    if voice.first_shift is None:
        voice.first_shift = voice.shift
    natural += voice.shift - voice.first_shift
    held = step if voice.reach == "pitch" else name
    if match["sign"]:
        alteration = ALTERATION[match["sign"]]
        if voice.reach != "not":
            voice.accidentals[held] = alteration
        return name, natural + alteration
    if name in voice.tied and held not in voice.accidentals:
        return name, voice.notes[voice.tied[name]].pitch
    return name, natural + voice.accidentals.get(held, voice.key.steps.get(step, 0))


def _rest_measures(voice: VoiceState, event: WholeRests) -> None:
    """`Z4`: whole measures of rest. Within a bar it is read as a plain rest, as it is found."""
    place = event.start, event.end
    if voice.now > voice.bar_start or voice.meter is None:
        _sound(voice, Sound([], Fraction(event.bars), False, *place), voice.now - voice.bar_start)
        return
    for _ in range(min(event.bars, 999, MOST_MEASURES + 1 - len(voice.bars))):
        _sound(voice, Sound([], voice.meter.length / voice.unit, False, *place), Fraction(0))
        if event.bars > 1:
            voice.problem = "within a rest of several measures"
        end_bar(voice, BarLine(event.end, event.end))


def end_bar(voice: VoiceState, line: BarLine) -> None:
    """A bar ends, if anything has sounded since the last bar line."""
    voice.accidentals = {}
    length = voice.bar_end - voice.bar_start
    if length and len(voice.bars) <= MOST_MEASURES:  # with one more the tune is known to be too long
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
