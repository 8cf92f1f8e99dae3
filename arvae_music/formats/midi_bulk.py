"""MIDI files by the thousand: the melody of `arvae_music.formats.read`, some times faster.

symusic takes plain files apart, which are nearly all: those with one part, whose every note has its
own end, and in which nothing is written twice. A look at the bytes tells them from the rest, as
symusic mends in silence what it finds odd; the rest goes to the reader of single files.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from arvae_music.errors import ArvaeError
from arvae_music.formats import midi_parts
from arvae_music.formats.abc_key import name_of_fifths
from arvae_music.formats.limits import content_of
from arvae_music.formats.midi_melody import PlainPart, understand
from arvae_music.formats.midi_parts import RawNote
from arvae_music.formats.tune import ReadOptions
from arvae_music.melody import Melody
from arvae_music.meter import Meter

_HEADER = 14
_CHUNK = 8
_END = b"\xff\x2f\x00"
_TEXTS = range(0x01, 0x10)
_LENGTHS = {0x20: 1, 0x21: 1, 0x51: 3, 0x58: 4, 0x59: 2}
"""Bytes of the data of metas other than texts, where their length is fixed."""
_FINEST_BEAT = 6
"""A meter's denominator as MIDI has it, an exponent of 2."""
_LONGEST = 1 << 30
"""Ticks of a track; symusic counts them in 32 bits."""
_SHORT = (0xC0, 0xD0)
"""Channel messages of a single data byte: programs and channel pressure."""


class _OddError(Exception):
    """Something in the file is for the reader of single files to judge."""


@dataclass(frozen=True, slots=True)
class _Track:
    """What symusic does not say of a track: where it ends, and its note events by channel."""

    end: int
    starts: dict[int, int]
    ends: dict[int, int]


def read_melody(path: Path) -> Melody:
    """The melody of a MIDI file, the very one that `arvae_music.formats.read` gives.

    Raises:
        ArvaeError: as `arvae_music.formats.read` does.
    """
    try:
        return _plain_melody(path)
    except (_OddError, ArvaeError, OSError):
        from arvae_music.formats import read

        return read(path).melody


def _plain_melody(path: Path) -> Melody:
    """Raises _OddError for a file that is not plain, and ArvaeError where its part makes no melody."""
    import symusic

    data = content_of(path)
    track = _melody_track(data)
    try:
        score: Any = symusic.Score.from_midi(data)
    except Exception as error:  # whatever a parser written in C++ lets through
        raise _OddError from error
    sounding = [part for part in score.tracks if len(part.notes) and not part.is_drum]
    if len(sounding) != 1 or score.tpq <= 0:
        raise _OddError
    part = PlainPart(score.tpq, _notes(sounding[0], track), _meters(score), track.end)
    found = understand(part, ReadOptions(), path)
    if found.overlaps_everywhere:
        raise _OddError
    title = midi_parts.one_line(_plain_text(sounding[0].name)) or path.stem
    return Melody(tuple(sorted(found.notes)), found.bars, title, _key(score))


def _notes(part: Any, track: _Track) -> list[RawNote]:
    """The part's notes, where each start has its own end and no pitch sounds twice at a time."""
    columns = part.notes.numpy()
    times, lengths, pitches = (columns[name].tolist() for name in ("time", "duration", "pitch"))
    if len(times) != sum(track.starts.values()) or track.starts != track.ends or min(lengths) <= 0:
        raise _OddError
    by_pitch = sorted(zip(pitches, times, lengths, strict=True))
    for (pitch, start, length), (other, after, _) in pairwise(by_pitch):
        if pitch == other and start + length > after:
            raise _OddError
    rows = sorted(zip(times, pitches, lengths, strict=True))
    return [RawNote(start, start + length, pitch, 0, 0) for start, pitch, length in rows]


def _meters(score: Any) -> list[tuple[int, Meter]]:
    found = [(change.time, change.numerator, change.denominator) for change in score.time_signatures]
    if len({tick for tick, _, _ in found}) < len(found):
        raise _OddError
    return sorted(
        (tick, Meter(numerator, denominator))
        for tick, numerator, denominator in found
        if numerator and 0 < denominator <= midi_parts.LONGEST_BEAT
    )


def _key(score: Any) -> str | None:
    keys = {(change.key, change.tonality) for change in score.key_signatures}
    if not keys:
        return None
    if len(keys) > 1:
        raise _OddError  # the melody's own track has the first word
    fifths, minor = keys.pop()
    if abs(fifths) > 7 or minor not in (0, 1):
        raise _OddError
    return name_of_fifths(fifths, "minor" if minor else "major")


def _plain_text(text: str) -> str:
    """Text that symusic read as what it is."""
    if any(c == "\ufffd" or "\ud800" <= c <= "\udfff" for c in text):
        raise _OddError
    return text


def _melody_track(data: bytes) -> _Track:
    """The only track with notes outside the drum channel, in one channel."""
    if data[:8] != b"MThd\x00\x00\x00\x06" or data[8:10] not in (b"\x00\x00", b"\x00\x01"):
        raise _OddError
    found = []
    position, count = _HEADER, int.from_bytes(data[10:12])
    for _ in range(count):
        start = position + _CHUNK
        position = start + int.from_bytes(data[position + 4 : start])
        if data[start - _CHUNK : start - 4] != b"MTrk" or position > len(data):
            raise _OddError
        track = _scanned(data[start:position])
        if track.starts or track.ends:
            found.append((track, data[start:position]))
    if position != len(data) or len(found) != 1 or len(found[0][0].starts) != 1:
        raise _OddError
    track, chunk = found[0]
    if track.end > _LONGEST:
        raise _OddError
    if chunk.count(b"\xff\x03") > 1 or b"\xff\x04" in chunk:
        raise _OddError  # of several names the first one counts
    return track


def _scanned(chunk: bytes) -> _Track:
    """A track's end and note events; raises _OddError for what not every program writes."""
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    if chunk[-3:] != _END:
        raise _OddError
    last = len(chunk) - 3
    now = at = running = 0
    while True:
        if at >= last:
            raise _OddError
        step, at = _number(chunk, at)
        now += step
        if at == last:
            return _Track(now, starts, ends)
        status = chunk[at]
        if status == 0xFF:
            at = _after_meta(chunk, at)
            running = 0
            continue
        if status >= 0x80:
            running = status
            at += 1
        kind = running & 0xF0
        size = 1 if kind in _SHORT else 2
        if not 0x80 <= running < 0xF0 or max(chunk[at : at + size]) > 0x7F:
            raise _OddError
        if kind in (0x80, 0x90):
            counts = starts if kind == 0x90 and chunk[at + 1] else ends
            channel = running & 0x0F
            counts[channel] = counts.get(channel, 0) + 1
        at += size


def _after_meta(chunk: bytes, at: int) -> int:
    """Where the meta event at a place ends."""
    kind = chunk[at + 1]
    length, start = _number(chunk, at + 2)
    if kind != 0x7F and kind not in _TEXTS and _LENGTHS.get(kind) != length:
        raise _OddError
    if kind == 0x58 and chunk[start + 1] > _FINEST_BEAT:
        raise _OddError
    return start + length


def _number(chunk: bytes, at: int) -> tuple[int, int]:
    """A number of one to four bytes, and where it ends; the chunk ends with a byte that ends one."""
    value = chunk[at]
    if value < 0x80:
        return value, at + 1
    value &= 0x7F
    for place in range(at + 1, at + 4):
        byte = chunk[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    raise _OddError
