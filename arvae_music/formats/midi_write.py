"""A MIDI file from a melody and what its sheet says that MIDI can."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import mido

from arvae_music.errors import ArvaeError
from arvae_music.formats.abc_key import Key, name_of_fifths, parse_key
from arvae_music.formats.sheet import CREDITS, EMPTY, Credit, KeyChange, Sheet, Syllable
from arvae_music.formats.sheet_fit import fitted
from arvae_music.melody import Bar, Melody

TICKS_PER_QUARTER = 480
_VELOCITY = 80
_BEATS_A_MINUTE = 112


def midi_bytes(melody: Melody, sheet: Sheet = EMPTY) -> bytes:
    """A file of type 1 with a track of meters, keys, tempos and texts, and a track of notes and lyrics.

    Every bar line can be read back: a meter is written anew where a short bar ends, and behind a whole
    first bar, which thus is no pickup. Repeats are not played out.
    """
    sheet = fitted(sheet, melody)
    midi = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_QUARTER)
    end = _ticks(max((bar.end for bar in melody.bars), default=Fraction(0)))
    midi.tracks.append(track_of(_head(melody, sheet), end))
    midi.tracks.append(track_of(_notes(melody, sheet), end))
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


def _head(melody: Melody, sheet: Sheet) -> list[tuple[int, Any]]:
    events = [(0, _text("copyright" if c.letter == "©" else "text", _credit(c))) for c in sheet.credits]
    tempos = [tempo for tempo in sheet.tempos if tempo.rate is not None]
    if not any(tempo.time <= 0 for tempo in tempos):
        events.append((0, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(_BEATS_A_MINUTE))))
    for tempo in tempos:
        quarters = float(tempo.beat * (tempo.rate or 1))
        slow = min(round(60_000_000 / quarters), 0xFFFFFF)
        events.append((_ticks(tempo.time), mido.MetaMessage("set_tempo", tempo=max(slow, 1))))
    for change in sheet.keys or _first_key(melody):
        if (key := _signature(change.key)) is not None:
            events.append((_ticks(change.time), mido.MetaMessage("key_signature", key=key)))
    events += [(_ticks(bar.start), _meter(bar)) for bar in _marked(melody.bars)]
    for text in sheet.texts:
        kind = "marker" if text.place == "part" else "text"
        events.append((_ticks(text.time), _text(kind, text.words)))
    events += [(_ticks(tempo.time), _text("text", tempo.words)) for tempo in sheet.tempos if tempo.words]
    return sorted(events, key=lambda event: event[0])


def _first_key(melody: Melody) -> Iterator[KeyChange]:
    if melody.key is not None:
        yield KeyChange(Fraction(0), parse_key(melody.key))


def _text(kind: str, text: str) -> Any:
    return mido.MetaMessage(kind, text=text.encode("utf-8").decode("latin-1"))  # mido writes Latin-1 bytes


def _credit(credit: Credit) -> str:
    return credit.text if credit.letter == "©" else f"{CREDITS[credit.letter]}: {credit.text}"


def _marked(bars: tuple[Bar, ...]) -> Iterator[Bar]:
    """Bars at which a meter must be written: it changes there, or the bar before is short or the first."""
    for index, bar in enumerate(bars):
        before = bars[index - 1] if index else None
        if index < 2 or before is None or before.meter != bar.meter or before.length != before.meter.length:
            yield bar


def _meter(bar: Bar) -> Any:
    """A meter event.

    Raises:
        ArvaeError: MIDI, which counts by a byte and a power of two, cannot hold the meter.
    """
    if bar.meter.numerator > 255 or bar.meter.denominator.bit_count() != 1:
        raise ArvaeError(f"measure {bar.number}: MIDI cannot hold the meter {bar.meter}")
    return mido.MetaMessage(
        "time_signature", numerator=bar.meter.numerator, denominator=bar.meter.denominator
    )


def _signature(key: Key) -> str | None:
    """The key's signature as MIDI has it: major or minor, of at most seven sharps or flats."""
    fifths = sum(key.steps.values())
    minor = key.name is not None and key.name.endswith("m")
    return name_of_fifths(fifths, "minor" if minor else "major") if abs(fifths) <= 7 else None


def _notes(melody: Melody, sheet: Sheet) -> list[tuple[int, Any]]:
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
    sung = [(_ticks(one.time), _lyric(one)) for one in sheet.syllables if one.verse == 1]
    notes = [(tick, _note_message(on, pitch)) for tick, on, pitch in events]
    # A syllable stands before the note that starts with it: sorting keeps that order at one tick.
    return head + sorted([*sung, *notes], key=lambda event: event[0])


def _lyric(syllable: Syllable) -> Any:
    return _text("lyrics", syllable.text + ("-" if syllable.hyphen else " "))


def _note_message(on: int, pitch: int) -> Any:
    if on:
        return mido.Message("note_on", note=pitch, velocity=_VELOCITY)
    return mido.Message("note_off", note=pitch, velocity=64)
