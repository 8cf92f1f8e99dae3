"""A MIDI file from a melody alone."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import mido

from arvae_music.formats.abc_key import name_of_fifths, parse_key
from arvae_music.melody import Bar, Melody

TICKS_PER_QUARTER = 480
_VELOCITY = 80
_BEATS_A_MINUTE = 112


def midi_bytes(melody: Melody) -> bytes:
    """A file of type 1 with a track of meters, key and tempo, and a track of notes.

    Every bar line can be read back: a meter is written anew where a short bar ends, and behind a whole
    first bar, which thus is no pickup. Repeats are not played out.
    """
    midi = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_QUARTER)
    end = _ticks(max((bar.end for bar in melody.bars), default=Fraction(0)))
    midi.tracks.append(track_of(_head(melody), end))
    midi.tracks.append(track_of(_notes(melody), end))
    stream = io.BytesIO()
    midi.save(file=stream)
    return stream.getvalue()


def track_of(events: list[tuple[int, Any]], end: int) -> Any:
    """A track from events and their times in MIDI ticks, in order, that lasts until `end`."""
    track = mido.MidiTrack()
    now = 0
    for tick, message in events:
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=max(end - now, 0)))
    return track


def _ticks(time: Fraction) -> int:
    return round(time * TICKS_PER_QUARTER)


def _head(melody: Melody) -> list[tuple[int, Any]]:
    events = [(0, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(_BEATS_A_MINUTE)))]
    if melody.key is not None and (key := _signature(melody.key)) is not None:
        events.append((0, mido.MetaMessage("key_signature", key=key)))
    events += [(_ticks(bar.start), _meter(bar)) for bar in _marked(melody.bars)]
    return events


def _marked(bars: tuple[Bar, ...]) -> Iterator[Bar]:
    """Bars at which a meter must be written: it changes there, or the bar before is short or the first."""
    for index, bar in enumerate(bars):
        before = bars[index - 1] if index else None
        if index < 2 or before is None or before.meter != bar.meter or before.length != before.meter.length:
            yield bar


def _meter(bar: Bar) -> Any:
    return mido.MetaMessage(
        "time_signature", numerator=bar.meter.numerator, denominator=bar.meter.denominator
    )


def _signature(key: str) -> str | None:
    """The key's signature as MIDI has it: major or minor, of at most seven sharps or flats."""
    found = parse_key(key)
    fifths = sum(found.steps.values())
    minor = found.name is not None and found.name.endswith("m")
    return name_of_fifths(fifths, "minor" if minor else "major") if abs(fifths) <= 7 else None


def _notes(melody: Melody) -> list[tuple[int, Any]]:
    """Note events in order of time: ends before starts, and no note over the next of its pitch."""
    title = melody.title.encode("utf-8").decode("latin-1")  # mido writes Latin-1 bytes
    head = [(0, mido.MetaMessage("track_name", name=title))]
    events = []
    later: dict[int, int] = {}
    for note in reversed(melody.notes):
        start = _ticks(note.onset)
        end = min(max(_ticks(note.end), start + 1), later.get(note.pitch, 1 << 60))
        if end > start:
            events.append((start, 1, note.pitch))
            events.append((end, 0, note.pitch))
        later[note.pitch] = start
    events.sort()
    return head + [(tick, _note_message(on, pitch)) for tick, on, pitch in events]


def _note_message(on: int, pitch: int) -> Any:
    if on:
        return mido.Message("note_on", note=pitch, velocity=_VELOCITY)
    return mido.Message("note_off", note=pitch, velocity=64)
