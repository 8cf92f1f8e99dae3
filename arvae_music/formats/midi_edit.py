"""An edit in place: the notes that changed, in a MIDI file that keeps all its other events.

The bytes of the other tracks are not touched at all. In the melody's track, a note that stays keeps
its events, one with another length has its end moved, and a new one takes its velocity, lateness and
articulation from the source's note before it.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import mido

from arvae_music.formats.midi_parts import timed
from arvae_music.formats.midi_read import EditedTrack, MidiSource, SourceNote
from arvae_music.melody import Melody, Note

_FINEST = 24
"""MIDI ticks per quarter note that hold every tick of every grid; so do their multiples."""

_FINE = 48
"""MIDI ticks per quarter note from which on every tick of a grid is told from the others."""

_LARGEST_GAP = Fraction(1, 8)
"""In quarter notes: half a sixteenth."""

_LATEST = Fraction(1, 25)
"""In quarter notes: later or earlier, a new note may be nearer to another tick (sixteenths and triplets lie
1/12 apart)."""

Event = tuple[int, Any]
"""Time in MIDI ticks from the start, and a mido message."""


@dataclass
class _Line:
    """A note of the new melody: the source's note that it is, or the one it is modelled on."""

    note: Note
    source: SourceNote | None
    model: SourceNote
    start: int = 0
    end: int = 0

    @property
    def stays(self) -> bool:
        return self.source is not None and self.source.note == self.note


def edited(source: MidiSource, melody: Melody) -> bytes:
    """The source file with the notes of `melody` in the place of the melody that it was read as."""
    made = source.made
    new = made.track if made is not None and made.melody is melody else edited_track(source, melody)
    if new is None:
        return source.data
    return _spliced(source, new.track) if new.scale == 1 else _rescaled(source, new.track, new.scale)


def edited_track(source: MidiSource, melody: Melody) -> EditedTrack | None:
    """The melody's track with the notes of `melody`, or None where none of them changed."""
    lines, removed = _compare(source, melody)
    if not removed and all(line.stays for line in lines):
        return None
    resolution = source.midi.ticks_per_beat
    scale = _scale(resolution)
    ends = _ends(source, scale)
    _place_starts(lines, resolution * scale, scale)
    _place_ends(lines, resolution * scale, scale, ends)
    _part_same_pitches(lines)
    track = source.midi.tracks[source.part.track]
    events = [(tick * scale, message) for tick, message in timed(track)]
    return EditedTrack(_rebuilt(events, _changes(lines, removed, track, scale)), scale)


def _scale(resolution: int) -> int:
    """How many times finer the file must be to hold any edit."""
    scale = 1
    while resolution * scale % _FINEST and resolution * scale < _FINE:
        scale += 1
    return scale


def _compare(source: MidiSource, melody: Melody) -> tuple[list[_Line], list[SourceNote]]:
    """Each note of the melody with the source's note of the same onset and pitch; those left over."""
    left: dict[tuple[Fraction, int], list[SourceNote]] = defaultdict(list)
    for known in source.notes:
        left[known.note.onset, known.note.pitch].append(known)
    by_onset = sorted(source.notes, key=lambda known: (known.note.onset, known.raw.start))
    onsets = [known.note.onset for known in by_onset]
    lines = []
    for note in sorted(melody.notes):
        candidates = left[note.onset, note.pitch]
        same = next((known for known in candidates if known.note == note), None)
        own = same or (candidates[0] if candidates else None)
        if own is not None:
            candidates.remove(own)
        before = by_onset[max(bisect_right(onsets, note.onset) - 1, 0)]
        lines.append(_Line(note, own, own or before))
    return lines, [known for rest in left.values() for known in rest]


@dataclass(frozen=True)
class _Ends:
    """How the source's notes end, by their places in the track.

    `gaps` has MIDI ticks between the meant and the true end, negative where notes are bound; `shares`
    has how much of its length a note sounds, where the gap is a larger one; `long` has those that sound
    on below a higher one, where their line ends.
    """

    gaps: dict[int, int]
    shares: dict[int, Fraction]
    long: set[int]


def _ends(source: MidiSource, scale: int) -> _Ends:
    ordered = sorted(source.notes, key=lambda known: (known.note.onset, known.raw.start))
    following: dict[Fraction, int] = {}
    for known in ordered:
        following.setdefault(known.note.onset, known.raw.start)
    resolution = source.midi.ticks_per_beat
    ends = _Ends({}, {}, set())
    for known in ordered:
        late = known.raw.start - known.note.onset * resolution
        meant = following.get(known.note.end, round(known.note.end * resolution + late))
        gap = meant - known.raw.end
        articulation = abs(gap) < resolution * _LARGEST_GAP
        ends.gaps[known.raw.on] = gap * scale if articulation else 0
        if gap < 0 and not articulation:
            if known.note.end in following:  # else it is but played longer than it is read
                ends.long.add(known.raw.on)
        elif not articulation:
            ends.shares[known.raw.on] = Fraction(known.raw.end - known.raw.start, meant - known.raw.start)
    return ends


def _place_starts(lines: Sequence[_Line], resolution: int, scale: int) -> None:
    for line in lines:
        raw = line.model.raw.start * scale
        if line.note.onset == line.model.note.onset:
            line.start = raw
            continue
        late = raw - line.model.note.onset * resolution
        late = max(min(late, _LATEST * resolution), -_LATEST * resolution)
        line.start = max(round(line.note.onset * resolution + late), 0)
    for before, line in pairwise(lines):
        if line.source is None and line.note.onset > before.note.onset:
            line.start = max(line.start, before.start + 1)


def _place_ends(lines: Sequence[_Line], resolution: int, scale: int, ends: _Ends) -> None:
    starts: dict[Fraction, int] = {}
    highest: dict[Fraction, int] = {}
    for line in lines:
        starts.setdefault(line.note.onset, line.start)
        highest[line.note.onset] = max(line.note.pitch, highest.get(line.note.onset, 0))
    for line in lines:
        covered = line.model.raw.on not in ends.long or highest.get(line.note.end, 0) >= line.note.pitch
        if line.stays and covered:
            line.end = line.model.raw.end * scale
            continue
        late = line.start - line.note.onset * resolution
        meant = starts.get(line.note.end, round(line.note.end * resolution + late))
        gap = ends.gaps[line.model.raw.on]
        # Half of a short note must sound; before a rest, articulation would make the rest longer.
        gap = min(gap, max(meant - line.start, 0) // 2) if line.note.end in starts else 0
        share = ends.shares.get(line.model.raw.on)
        if share is not None:
            gap = meant - line.start - round((meant - line.start) * share)
        line.end = max(meant - gap, line.start + 1)


def _part_same_pitches(lines: Sequence[_Line]) -> None:
    """End a note where a new or changed one of its pitch starts, or where it is new itself."""
    last: dict[int, _Line] = {}
    for line in lines:
        before = last.get(line.note.pitch)
        touched = before is not None and not (before.stays and line.stays)
        if before is not None and touched and before.start < line.start < before.end:
            before.end = line.start
        last[line.note.pitch] = line


@dataclass
class _Changes:
    """What happens to a track: places that go, and events that come."""

    gone: set[int]
    ends: list[Event]
    starts: list[Event]


def _changes(lines: Sequence[_Line], removed: Sequence[SourceNote], track: Any, scale: int) -> _Changes:
    changes = _Changes({place for known in removed for place in (known.raw.on, known.raw.off)}, [], [])
    for line in lines:
        on, off = track[line.model.raw.on], track[line.model.raw.off]
        if line.source is None:
            changes.starts.append((line.start, on.copy(note=line.note.pitch)))
            changes.ends.append((line.end, off.copy(note=line.note.pitch)))
        elif line.end != line.source.raw.end * scale:
            changes.gone.add(line.source.raw.off)
            changes.ends.append((line.end, off))
    return changes


def _rebuilt(events: Sequence[Event], changes: _Changes) -> Any:
    """The track after the changes; at one time, ends come before starts."""
    closing = [event for event in events if event[1].type == "end_of_track"]
    kept = [
        (tick, (index, 0), message)
        for index, (tick, message) in enumerate(events)
        if index not in changes.gone and message.type != "end_of_track"
    ]
    first_start: dict[int, int] = {}
    for tick, (index, _), message in kept:
        if message.type == "note_on" and message.velocity:
            first_start.setdefault(tick, index)
    after_all = len(events)
    coming = [(tick, (first_start.get(tick, after_all), -1), message) for tick, message in changes.ends]
    coming += [(tick, (after_all, 1), message) for tick, message in changes.starts]
    ordered = sorted(kept + coming, key=lambda event: event[:2])
    track = mido.MidiTrack()
    now = 0
    for tick, _, message in ordered:
        track.append(_after(message, tick - now))
        now = tick
    end = max([tick for tick, _ in closing], default=now)
    track.append(mido.MetaMessage("end_of_track", time=max(end - now, 0)))
    return track


def _after(message: Any, time: int) -> Any:
    """The message so many MIDI ticks after the one before it."""
    if message.time != time:
        message = message.copy()
        message.time = time
    return message


def _saved(midi: Any, tracks: Sequence[Any], resolution: int) -> bytes:
    new = mido.MidiFile(type=midi.type, ticks_per_beat=resolution, charset=midi.charset)
    new.tracks.extend(tracks)
    stream = io.BytesIO()
    new.save(file=stream)
    return stream.getvalue()


def _spliced(source: MidiSource, track: Any) -> bytes:
    """The source's bytes with one track's chunk replaced."""
    data = source.data
    at = 8 + int.from_bytes(data[4:8], "big")
    for _ in range(source.part.track):
        at += 8 + int.from_bytes(data[at + 4 : at + 8], "big")
    after = at + 8 + int.from_bytes(data[at + 4 : at + 8], "big")
    single = mido.MidiFile(type=0, ticks_per_beat=source.midi.ticks_per_beat, charset=source.midi.charset)
    return data[:at] + _saved(single, [track], source.midi.ticks_per_beat)[14:] + data[after:]


def _rescaled(source: MidiSource, track: Any, scale: int) -> bytes:
    """The whole file at a finer resolution, since its own cannot hold the grid."""
    tracks = [
        track
        if index == source.part.track
        else mido.MidiTrack(_after(message, message.time * scale) for message in old)
        for index, old in enumerate(source.midi.tracks)
    ]
    return _saved(source.midi, tracks, source.midi.ticks_per_beat * scale)
