"""MIDI files that no program should write: real ones damaged, and others built event by event.

A file is a list of tracks, a track a list of events: the bytes of a delta time, and those of an event.
Nothing here is checked, so that anything can be wrong.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

Event = tuple[bytes, bytes]
Track = tuple[Event, ...]

END = b"\xff\x2f\x00"
PPQS = (1, 2, 3, 5, 7, 24, 47, 48, 95, 96, 100, 120, 192, 384, 480, 960, 1024, 10_080, 15_360, 32_767)


@dataclass(frozen=True)
class Song:
    """A file in parts: what its header says, and its tracks."""

    tracks: tuple[Track, ...]
    kind: int = 1
    division: int = 480
    claimed: int | None = None

    def encode(self) -> bytes:
        """The file."""
        count = len(self.tracks) if self.claimed is None else self.claimed
        head = b"MThd\0\0\0\x06" + b"".join(
            (n % 65_536).to_bytes(2) for n in (self.kind, count, self.division)
        )
        return head + b"".join(chunk(track) for track in self.tracks)


def chunk(track: Track) -> bytes:
    """A track with its length."""
    body = b"".join(delta + event for delta, event in track)
    return b"MTrk" + len(body).to_bytes(4) + body


def number(value: int) -> bytes:
    """A number as MIDI writes delta times, seven bits to a byte."""
    rest = bytes([value & 0x7F])
    while value := value >> 7:
        rest = bytes([value & 0x7F | 0x80]) + rest
    return rest


def meta(kind: int, body: bytes = b"", length: int | None = None) -> bytes:
    """A meta event; its length may lie."""
    return bytes([0xFF, kind]) + number(len(body) if length is None else length) + body


def meter(numerator: int, exponent: int) -> bytes:
    """A time signature."""
    return meta(0x58, bytes([numerator, exponent, 24, 8]))


def played(rng: random.Random, ppq: int, bars: int = 8, beats: int = 4) -> list[Event]:
    """A melody of quarters, eighths and triplets."""
    events: list[Event] = [(b"\0", meter(beats, 2))]
    for _ in range(bars * beats):
        parts = rng.choice((1, 1, 2, 2, 3, 4))
        for part in range(parts):
            pitch = rng.randrange(55, 84)
            length = ppq * (part + 1) // parts - ppq * part // parts
            events += [(b"\0", bytes([0x90, pitch, 80])), (number(length), bytes([0x80, pitch, 0]))]
    return events


def _song(rng: random.Random, *more: list[Event], division: int | None = None, kind: int = 1) -> Song:
    ppq = rng.choice(PPQS) if division is None else division
    tracks = [(*events, (b"\0", END)) for events in (played(rng, ppq), *more)]
    return Song(tuple(tracks), kind, ppq)


def any_resolution(rng: random.Random) -> bytes:
    """From 1 to 32,767 ticks in a quarter note."""
    return _song(rng, division=rng.choice((*PPQS, rng.randint(1, 32_767)))).encode()


def time_code(rng: random.Random) -> bytes:
    """SMPTE frames, or no time at all."""
    return _song(
        rng, division=rng.choice((0, 0x8000, 0xE728, 0xE250, 0xFFFF, rng.randint(32_768, 65_535)))
    ).encode()


def any_type(rng: random.Random) -> bytes:
    """Type 2 and types that are none, and a header that counts other tracks than there are."""
    other = played(rng, 96)
    song = _song(rng, other, division=96, kind=rng.choice((0, 2, 2, 3, 255, 65_535)))
    return replace(song, claimed=rng.choice((None, 0, 1, 3, 65_535))).encode()


def _changed(rng: random.Random, change: Callable[[int, Event], list[Event]]) -> bytes:
    song = _song(rng)
    track = tuple(new for place, event in enumerate(song.tracks[0]) for new in change(place, event))
    return replace(song, tracks=(track,)).encode()


def note_offs(rng: random.Random) -> bytes:
    """Notes without an end, of no length, ended twice, or before they start."""
    share, way = rng.random(), rng.randrange(5)

    def change(_: int, event: Event) -> list[Event]:
        delta, body = event
        if body[0] != 0x80 or rng.random() > share:
            return [event]
        if way == 0:
            return []
        if way == 1:
            return [(b"\0", body)]
        if way == 2:
            return [event, (b"\0", body)]
        return [(delta, bytes([0x90, body[1], 0]))] if way == 3 else [(delta, bytes([0x90, body[1], 80]))]

    return _changed(rng, change)


def meters(rng: random.Random) -> bytes:
    """Meters that change inside a measure, on every tick, or are none."""
    every, many = rng.choice((1, 2, 7, 40)), rng.choice((1, 1, 1, 200))
    exponents = rng.choice(((2,), (1, 2, 3), (0, 4, 5, 6), (7, 8, 31, 255)))

    def change(place: int, event: Event) -> list[Event]:
        if place % every:
            return [event]
        new = [
            (
                rng.choice((b"\0", b"\1", b"\x20")),
                meter(
                    rng.randrange(256) if rng.random() < 0.2 else rng.randrange(1, 13), rng.choice(exponents)
                ),
            )
            for _ in range(many)
        ]
        return [*new, event]

    return _changed(rng, change)


def many_meters(rng: random.Random) -> bytes:
    """Thousands of measures cut short by the next meter."""
    count = rng.choice((500, 5_000, 30_000))
    step = number(rng.choice((1, 30, 96, 191)))
    events: list[Event] = []
    for place in range(count):
        events += [
            (b"\0", meter(rng.choice((2, 3, 4)), 2)),
            (b"\0", bytes([0x90, 60, 80])),
            (step, bytes([0x80, 60, 0])),
        ]
        if place % 100 == 0:
            events.append((b"\0", meter(6, 3)))
    return Song(((*events, (b"\0", END)),), division=96).encode()


def a_million_events(rng: random.Random) -> bytes:
    """A million events: notes, controllers or meters."""
    kind = rng.randrange(4)
    step = number(rng.choice((0, 1, 12, 24)))
    one = (
        b"\0\x90\x3c\x50" + step + b"\x80\x3c\x00",
        step + b"\xb0\x07\x40",
        b"\0" + meter(4, 2) + step + b"\x90\x3c\x50\0\x80\x3c\x00",
        b"\0\x90\x3c\x50\0\x90\x40\x50" + step + b"\x80\x3c\x00",
    )[kind]
    body = (
        b"\0\x90\x40\x50\x60\x80\x40\x00"
        + one * (1_000_000 // (1, 1, 3, 3)[kind] // (2, 1, 1, 1)[kind])
        + b"\0"
        + END
    )
    return b"MThd\0\0\0\x06\0\0\0\1" + (96).to_bytes(2) + b"MTrk" + len(body).to_bytes(4) + body


def long_deltas(rng: random.Random) -> bytes:
    """Delta times that overflow: the longest there are, and longer ones than there can be."""
    strange = rng.choice(
        (
            b"\xff\xff\xff\x7f",
            b"\xff\xff\xff\xff\x7f",
            b"\x80\x80\x80\x00",
            b"\xff" * 9 + b"\x7f",
            number(1 << 28),
            number(1 << 35),
        )
    )
    share = rng.choice((0.01, 0.1, 1.0))

    def change(_: int, event: Event) -> list[Event]:
        return [(strange, event[1])] if rng.random() < share else [event]

    return _changed(rng, change)


def running_status(rng: random.Random) -> bytes:
    """Status bytes left out: where they may be, and where nothing says what they were."""
    share = rng.choice((1.0, 0.5))
    last = -1

    def change(_: int, event: Event) -> list[Event]:
        nonlocal last
        delta, body = event
        same, last = body[0] == last or rng.random() < 0.02, body[0]
        if rng.random() < 0.02:
            return [
                (
                    delta,
                    rng.choice(
                        (b"\xf0\x03\x01\x02\xf7", b"\xf7\x01\x00", b"\xf8", b"\xf4", meta(0x01, b"la"))
                    ),
                )
            ]
        return [(delta, body[1:])] if same and rng.random() < share else [event]

    return _changed(rng, change)


def odd_metas(rng: random.Random) -> bytes:
    """Metas of the wrong length, texts in other encodings, tempos of zero, keys that are none."""
    kinds = (0x00, 0x01, 0x03, 0x04, 0x05, 0x20, 0x21, 0x51, 0x54, 0x58, 0x59, 0x7F, 0x60)

    def one() -> bytes:
        body = rng.choice(
            (
                b"",
                b"\0",
                bytes(rng.randrange(256) for _ in range(rng.randrange(8))),
                "Ré ♭\n\u2028".encode(),
                b"x" * 300,
                b"\0\0\0",
            )
        )
        return meta(rng.choice(kinds), body, rng.choice((None, None, None, 0, 1, 127, 1 << 27)))

    def change(_: int, event: Event) -> list[Event]:
        return [(b"\0", one()), event] if rng.random() < 0.1 else [event]

    return _changed(rng, change)


def many_parts(rng: random.Random) -> bytes:
    """Sixteen channels in a track, hundreds of tracks, or thousands of empty ones."""
    kind, empty = rng.choice((0, 1, 2)), rng.choice((0, 0, 5_000))
    several = [
        [
            (delta, bytes([body[0] | rng.randrange(16), *body[1:]]) if body[0] < 0xF0 else body)
            for delta, body in played(rng, 48, 2)
        ]
        for _ in range(rng.choice((1, 4, 100)))
    ]
    song = _song(rng, *several, division=48, kind=kind)
    return replace(song, tracks=(*song.tracks, *((((b"\0", END),),) * empty))).encode()


def polyphony(rng: random.Random) -> bytes:
    """Clusters, and notes that overlap themselves."""
    events: list[Event] = [(b"\0", meter(rng.choice((2, 3, 4, 6)), rng.choice((2, 3))))]
    for _ in range(rng.choice((20, 200, 2_000))):
        events.append(
            (
                number(rng.randrange(60)),
                bytes([rng.choice((0x90, 0x80)), rng.randrange(128), rng.randrange(128)]),
            )
        )
    return Song(((*events, (b"\0", END)),), kind=rng.randrange(2), division=rng.choice(PPQS)).encode()


def damaged(rng: random.Random, data: bytes) -> bytes:
    """Bytes changed, lost, doubled or put in; lengths that lie; a file cut off, wrapped, or gone on with."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 30))):
        way, at = rng.randrange(9), rng.randrange(max(len(changed), 1))
        if way <= 2 and changed:
            changed[min(at, 60) if rng.random() < 0.3 else at] = rng.choice(
                (0, 0x7F, 0x80, 0xFF, rng.randrange(256))
            )
        elif way == 3:
            del changed[at : at + rng.choice((1, 2, 10, 200))]
        elif way == 4:
            changed[at:at] = rng.randbytes(rng.choice((1, 3, 40)))
        elif way == 5:
            changed[at:at] = changed[at : at + rng.choice((3, 8, 200))]
        elif way == 6:
            del changed[at:]
        elif way == 7 and (found := changed.find(b"MTrk", rng.choice((0, at)))) >= 0:
            changed[found + 4 : found + 8] = rng.choice(
                (0, 1, len(data), (1 << 32) - 1, rng.randrange(1 << 16))
            ).to_bytes(4)
        elif way == 8 and rng.random() < 0.2:
            changed[:0] = (
                b"RIFF"
                + len(changed).to_bytes(4, "little")
                + b"RMIDdata"
                + len(changed).to_bytes(4, "little")
            )
    return bytes(changed)


BUILT: tuple[Callable[[random.Random], bytes], ...] = (
    any_resolution,
    time_code,
    any_type,
    note_offs,
    meters,
    long_deltas,
    running_status,
    odd_metas,
    many_parts,
    polyphony,
)
RARE: tuple[Callable[[random.Random], bytes], ...] = (many_meters, a_million_events)
"""What takes seconds each."""


def midi_file(rng: random.Random, sources: list[bytes], number: int) -> bytes:
    """One file: built, damaged, or both; of a thousand, one of a kind that is large."""
    if number % 1000 == 1:
        return RARE[number // 1000 % len(RARE)](rng)
    if rng.random() < 0.45:
        return damaged(rng, rng.choice(sources))
    built = rng.choice(BUILT)(rng)
    return damaged(rng, built) if rng.random() < 0.25 else built
