"""What a MIDI file holds: its parts with their notes, and its meters, in MIDI ticks."""

from __future__ import annotations

import io
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import mido

from arvae_music.errors import ArvaeError
from arvae_music.formats.limits import MOST_LISTED
from arvae_music.melody import pitch_name
from arvae_music.meter import Meter

DRUM_CHANNEL = 9
"""Channel 10 in the numbers people use."""


LONGEST_BEAT = 64
"""Denominators beyond it come from damaged files."""


@dataclass(frozen=True, slots=True)
class RawNote:
    """A note as the file has it.

    `start` and `end` are in MIDI ticks; `on` and `off` are the places of its events in the track.
    """

    start: int
    end: int
    pitch: int
    on: int
    off: int


@dataclass(frozen=True, slots=True)
class _Edge:
    """A start or an end of a note."""

    tick: int
    place: int
    starts: bool


@dataclass(frozen=True)
class Part:
    """The notes of one channel in one track, sorted by start.

    `number` counts the parts of a file from 1; `unsounding` counts the notes without length, or
    without an end, which are left out.
    """

    number: int
    track: int
    channel: int
    track_name: str
    name: str
    notes: tuple[RawNote, ...]
    unsounding: int

    def __str__(self) -> str:
        pitches = [note.pitch for note in self.notes]
        low, high = pitch_name(min(pitches)), pitch_name(max(pitches))
        count = f"{len(pitches)} note{'s' if len(pitches) > 1 else ''}"
        return f"{self.number} '{self.name}' ({count}, {low} to {high})"


def load(data: bytes, path: Path) -> Any:
    """The file as mido has it.

    Raises:
        ArvaeError: it is empty, no MIDI file, damaged, or counts in time codes.
    """
    if not data:
        raise ArvaeError(f"{path} is empty: it has no tune")
    try:
        midi = mido.MidiFile(file=io.BytesIO(data))
    except Exception as error:  # mido lets through whatever a damaged byte leads to
        cause = str(error).strip().splitlines()[0] if str(error).strip() else "it ends too early"
        raise ArvaeError(f"{path} is not a sound MIDI file ({cause[:200]}): export it afresh") from error
    if any(message.is_realtime for track in midi.tracks for message in track):
        raise ArvaeError(
            f"{path} is not a sound MIDI file (a message that no file can hold): export it afresh"
        )
    if midi.ticks_per_beat <= 0:
        raise ArvaeError(f"{path} counts time in SMPTE frames: export it with ticks per quarter note")
    return midi


def parts_of(midi: Any) -> list[Part]:
    """Every part that has notes, without the drums, in the order of tracks and channels."""
    parts: list[Part] = []
    for index, track in enumerate(midi.tracks):
        channels = _notes_by_channel(track)
        track_name = _name_of(track)
        for channel, (notes, unsounding) in sorted(channels.items()):
            if channel == DRUM_CHANNEL or not notes:
                continue
            name = track_name or f"track {index + 1}"
            if sum(1 for found, _ in channels.values() if found) > 1:
                name += f", channel {channel + 1}"
            number = len(parts) + 1
            parts.append(Part(number, index, channel, track_name, name, tuple(notes), unsounding))
    return parts


def notes_of(track: Any, channel: int) -> list[RawNote]:
    """The notes of one channel in a track, sorted by start."""
    return _notes_by_channel(track).get(channel, ([], 0))[0]


def choose_part(parts: Sequence[Part], wanted: int | str | None, path: Path) -> Part:
    """The part that is asked for, or the only one.

    Raises:
        ArvaeError: there is no such part, or several are left to choose from.
    """
    if not parts:
        raise ArvaeError(f"{path} has no notes outside the drum channel: name a file with a melody")
    listed = "; ".join(map(str, parts[:MOST_LISTED])) + (" …" if len(parts) > MOST_LISTED else "")
    if wanted is None:
        if len(parts) == 1:
            return parts[0]
        raise ArvaeError(f"{path} has several parts: choose the melody with --part NUMBER out of {listed}")
    found = _matching(parts, str(wanted).strip())
    if len(found) == 1:
        return found[0]
    problem = "several parts" if found else "no part"
    raise ArvaeError(f"{path} has {problem} '{wanted}': choose with --part NUMBER out of {listed}")


def _matching(parts: Sequence[Part], wanted: str) -> list[Part]:
    by_number = [part for part in parts if str(part.number) == wanted]
    by_name = [part for part in parts if part.name.casefold() == wanted.casefold()]
    by_track = [part for part in parts if part.track_name.casefold() == wanted.casefold()]
    return by_number or by_name or by_track


def meters_of(midi: Any, track: int) -> list[tuple[int, Meter]]:
    """Every meter and where it begins, in MIDI ticks; the last one written at a tick holds.

    The tracks of a type 2 file are tunes of their own, so there only the track's meters count.
    """
    tracks = [midi.tracks[track]] if midi.type == 2 else midi.tracks
    found: dict[int, Meter] = {}
    for one in tracks:
        for tick, message in timed(one):
            if message.type == "time_signature" and message.numerator and message.denominator <= LONGEST_BEAT:
                found[tick] = Meter(message.numerator, message.denominator)
    return sorted(found.items())


def key_of(midi: Any, track: int) -> str | None:
    """The first key signature, the track's own before others', as ABC writes it (`D`, `Bm`)."""
    tracks = [midi.tracks[track], *([] if midi.type == 2 else midi.tracks)]
    keys = (str(message.key) for one in tracks for message in one if message.type == "key_signature")
    return next(keys, None)


def tempo_at(midi: Any, track: int, tick: int) -> int:
    """Microseconds per quarter note at a MIDI tick."""
    tracks = [midi.tracks[track]] if midi.type == 2 else midi.tracks
    changes = [
        (at, m.tempo) for one in tracks for at, m in timed(one) if m.type == "set_tempo" and at <= tick
    ]
    return max(changes, key=lambda change: change[0], default=(0, 500_000))[1]


def timed(track: Any) -> Iterator[tuple[int, Any]]:
    """Every event of a track with its time in MIDI ticks from the start."""
    return zip(accumulate(message.time for message in track), track, strict=True)


def _name_of(track: Any) -> str:
    names = (message.name for message in track if message.type in ("track_name", "instrument_name"))
    return _text(next(names, ""))


def _text(latin: str) -> str:
    """Text of a MIDI file: mido reads bytes as Latin-1, most programs write UTF-8."""
    with suppress(UnicodeError):
        latin = latin.encode("latin-1").decode("utf-8")
    return one_line(latin)


def one_line(text: str) -> str:
    """Text without line ends and what cannot be printed."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _notes_by_channel(track: Any) -> dict[int, tuple[list[RawNote], int]]:
    """Notes by channel, sorted by start, and how many are left out."""
    edges: dict[tuple[int, int], list[_Edge]] = defaultdict(list)
    for place, (tick, message) in enumerate(timed(track)):
        if message.type in ("note_on", "note_off"):
            starts = message.type == "note_on" and message.velocity > 0
            edges[message.channel, message.note].append(_Edge(tick, place, starts))
    notes: dict[int, list[RawNote]] = defaultdict(list)
    unsounding: dict[int, int] = defaultdict(int)
    for (channel, pitch), found in edges.items():
        pairs, left_out = _paired(found)
        notes[channel] += [RawNote(on.tick, off.tick, pitch, on.place, off.place) for on, off in pairs]
        unsounding[channel] += left_out
    for row in notes.values():
        row.sort(key=lambda note: (note.start, note.pitch, note.on))
    return {channel: (row, unsounding[channel]) for channel, row in notes.items()}


def _paired(edges: Sequence[_Edge]) -> tuple[list[tuple[_Edge, _Edge]], int]:
    """Starts and ends of one pitch that belong together, and how many starts have no length or end.

    An end belongs to the longest sounding start. Where starts outnumber ends, one that the next start
    interrupts has no end, lest every later note be read too long. An end right before its start at the
    same tick is how some programs write a grace note without length.
    """
    pairs: list[tuple[_Edge, _Edge]] = []
    open_: deque[_Edge] = deque()
    endless = sum(1 if edge.starts else -1 for edge in edges)
    left_out, stray_end = 0, -1
    for edge in edges:
        if not edge.starts and not open_:
            stray_end = edge.tick
            endless += 1
        elif not edge.starts:
            start = open_.popleft()
            if edge.tick > start.tick:
                pairs.append((start, edge))
            else:
                left_out += 1
        elif stray_end == edge.tick:
            stray_end = -1
            endless -= 1
            left_out += 1
        else:
            if open_ and endless > 0:
                open_.popleft()
                endless -= 1
                left_out += 1
            open_.append(edge)
    return pairs, left_out + len(open_)
