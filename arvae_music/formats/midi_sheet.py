"""What a MIDI file says beside its melody: tempo, keys, lyrics, texts and credits."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from arvae_music.formats.abc_key import parse_key
from arvae_music.formats.abc_rhythm import beat_of
from arvae_music.formats.midi_parts import one_line, timed
from arvae_music.formats.midi_read import MidiSource
from arvae_music.formats.sheet import CREDITS, Credit, KeyChange, Sheet, Syllable, Tempo, Text
from arvae_music.melody import Bar, Melody

TEXTS = frozenset(("text", "marker", "cue_marker"))
"""Events that are read as words over the staff, or as the name of a part."""

_CREDIT = re.compile(rf"({'|'.join(name for letter, name in CREDITS.items() if letter != '©')}): (.+)")
_LETTERS = {name: letter for letter, name in CREDITS.items()}
_MICROSECONDS = 60_000_000


def sheet_of(source: MidiSource, melody: Melody) -> Sheet:
    """Everything that the formats share; of a type 2 file, of the melody's track.

    Args:
        source: the file.
        melody: the tune in it; only its bars are looked at.
    """
    clock = _Clock.of(source)
    midi, part = source.midi, source.part
    tracks = [midi.tracks[part.track]] if midi.type == 2 else midi.tracks
    events = sorted(
        (
            (tick, index != part.track, message)
            for index, track in enumerate(tracks)
            for tick, message in timed(track)
        ),
        key=lambda event: event[:2],
    )
    own = midi.tracks[part.track]
    sung = own if any(message.type == "lyrics" for message in own) else None
    lyrics = list(timed(sung)) if sung is not None else [(tick, message) for tick, _, message in events]
    return Sheet(
        keys=tuple(_keys(events, clock)),
        tempos=tuple(tempos_of([(tick, message) for tick, _, message in events], clock, melody)),
        texts=tuple(_texts(events, clock)),
        syllables=tuple(_syllables(lyrics, clock, melody)),
        credits=tuple(_credits(events)),
    )


@dataclass(frozen=True)
class _Clock:
    """From MIDI ticks to quarter notes of the tune: what is at a note is at the note's onset."""

    resolution: int
    ticks: list[int]
    onsets: list[Fraction]

    @classmethod
    def of(cls, source: MidiSource) -> _Clock:
        pairs = sorted({known.raw.start: known.note.onset for known in source.notes}.items())
        return cls(source.midi.ticks_per_beat, [tick for tick, _ in pairs], [onset for _, onset in pairs])

    def time(self, tick: int) -> Fraction:
        """The time of a MIDI tick, on the grid of a 48th of a quarter where no note is near."""
        near = max(2, self.resolution // 48)
        at = bisect_left(self.ticks, tick - near)
        if at < len(self.ticks) and self.ticks[at] <= tick + near:
            return self.onsets[at]
        return Fraction(round(Fraction(tick * 48, self.resolution)), 48)


Events = Sequence[tuple[int, bool, Any]]


def _keys(events: Events, clock: _Clock) -> Iterator[KeyChange]:
    last = None
    for tick, _, message in events:
        if message.type == "key_signature" and message.key != last:
            last = message.key
            yield KeyChange(clock.time(tick), parse_key(last))


def tempos_of(events: Sequence[tuple[int, Any]], clock: _Clock, melody: Melody) -> Iterator[Tempo]:
    """The changes of tempo, of each bar the first: players' shades of it are no marks on a page."""
    last, bars = None, set()
    for tick, message in events:
        if message.type != "set_tempo" or message.tempo == last or not message.tempo:
            continue
        time = clock.time(tick)
        index = melody.bar_index_at(time)
        if index in bars or index < 0 or time >= melody.bars[-1].end:
            continue
        bars.add(index)
        last = message.tempo
        yield _tempo(time, message.tempo, melody.bars[index])


def _tempo(time: Fraction, microseconds: int, bar: Bar) -> Tempo:
    """So many beats a minute, or quarters or eighths where only they make a whole number."""
    for beat in (beat_of(bar.meter), Fraction(1), Fraction(1, 2)):
        rate = Fraction(_MICROSECONDS, microseconds) / beat
        # A MIDI file counts in microseconds: 112 a minute comes back as 112.00009.
        if round(rate) and abs(rate - round(rate)) < Fraction(1, 50):
            return Tempo(time, beat, Fraction(round(rate)))
    beat = beat_of(bar.meter)
    rate = Fraction(round(Fraction(_MICROSECONDS, microseconds) / beat * 100), 100)
    return Tempo(time, beat, max(rate, Fraction(1, 100)))


def _texts(events: Events, clock: _Clock) -> Iterator[Text]:
    for tick, _, message in events:
        if message.type not in TEXTS:
            continue
        words = decoded(message.text)
        if words and not (tick == 0 and _CREDIT.fullmatch(words)):
            yield Text(clock.time(tick), words, "part" if message.type == "marker" else "above")


def _credits(events: Events) -> Iterator[Credit]:
    for tick, _, message in events:
        if message.type == "copyright" and decoded(message.text):
            yield Credit("©", decoded(message.text))
        match = _CREDIT.fullmatch(decoded(message.text)) if message.type == "text" and not tick else None
        if match is not None:
            yield Credit(_LETTERS[match[1]], match[2])


def _syllables(events: Sequence[tuple[int, Any]], clock: _Clock, melody: Melody) -> Iterator[Syllable]:
    """Syllables at the notes that start with them, or before them.

    A word goes on where its syllable ends in `-`, or, in files that write blanks between words, in none.
    """
    found = [(clock.time(tick), message.text) for tick, message in events if message.type == "lyrics"]
    spaced = any(re.search(r"\S[ \r\n]|[ \r\n/\\]\S", text + ".") for _, text in found[:-1])
    onsets = sorted({note.onset for note in melody.notes})
    for index, (time, text) in enumerate(found):
        words = decoded(text).strip("/\\")
        following = found[index + 1][1] if index + 1 < len(found) else " "
        parted = bool(re.search(r"[ \r\n]$", text)) or following[:1] in " \r\n/\\"
        hyphen = words.endswith("-") or (spaced and not parted)
        at = bisect_left(onsets, time)
        onset = onsets[at] if at < len(onsets) and onsets[at] == time else onsets[max(at - 1, 0)]
        if words.strip("-"):
            yield Syllable(onset, words.strip("-").strip(), 1, hyphen)


def decoded(latin: str) -> str:
    """Text of an event: mido reads bytes as Latin-1, most programs write UTF-8."""
    with suppress(UnicodeError):
        latin = latin.encode("latin-1").decode("utf-8")
    return one_line(latin)
