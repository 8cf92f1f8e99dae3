"""The bulk reader of MIDI against the reader of single files: the same melody, or the same complaint."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import mido
import music21
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arvae_music.errors import ArvaeError
from arvae_music.formats import midi_bulk, read
from arvae_music.formats.midi_bulk import read_melody
from arvae_music.formats.midi_write import midi_bytes
from arvae_music.formats.score import read_all
from arvae_music.measures import measures
from arvae_music.melody import Melody

EXAMPLES = sorted((Path(__file__).parents[2] / "data" / "examples").glob("*.mid"))
CORPUS = Path(music21.__file__).parent / "corpus"
BOOKS = [*sorted((CORPUS / "oneills1850").glob("*.abc"))[::9], CORPUS / "airdsAirs" / "book1.abc"]


def answer(path: Path, *, bulk: bool) -> Melody | str:
    """The melody, or what is said of the file."""
    try:
        return read_melody(path) if bulk else read(path).melody
    except ArvaeError as error:
        return str(error)


def is_plain(path: Path) -> bool:
    """Whether symusic took the file apart."""
    try:
        midi_bulk._plain_melody(path)
    except (midi_bulk._OddError, ArvaeError):
        return False
    return True


def assert_same(path: Path) -> None:
    single, bulk = answer(path, bulk=False), answer(path, bulk=True)
    assert single == bulk
    if isinstance(single, Melody) and isinstance(bulk, Melody):
        for one, other in zip(measures(single), measures(bulk), strict=True):
            assert (one.index, one.reason, one.tie_in, one.tie_out) == (
                other.index, other.reason, other.tie_in, other.tie_out,
            )  # fmt: skip
            assert str(one.tokens) == str(other.tokens)  # 24 numbers in full, or None


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples(path: Path) -> None:
    assert_same(path)
    assert is_plain(path) == (path.stem != "reel_accompanied")  # which has three parts


def test_a_hundred_tunes_of_the_books(tmp_path: Path) -> None:
    melodies = [melody for book in BOOKS for melody in read_all(book)]
    melodies = random.Random(1).sample(melodies, 100)
    path = tmp_path / "tune.mid"
    plain = 0
    for number, melody in enumerate(melodies):
        path.write_bytes(midi_bytes(melody))
        if number % 2:  # as it is played, in another resolution
            played(path, random.Random(number)).save(path)
        assert_same(path)
        plain += is_plain(path)
    assert plain > 95


def played(path: Path, chance: random.Random) -> mido.MidiFile:
    """The file with its notes early or late by some ticks."""
    file = mido.MidiFile(path)
    resolution = chance.choice([96, 220, 480, 1000])
    out = mido.MidiFile(type=1, ticks_per_beat=resolution)
    spread = chance.choice([1, resolution // 48, resolution // 12])
    for track in file.tracks:
        events, now = [], 0
        for message in track:
            now += message.time
            tick = now * resolution // 480
            if message.type == "note_off":
                tick -= chance.randint(0, spread)
            elif message.type == "note_on":
                tick += chance.randint(0, spread)
            events.append((tick, message))
        events.sort(key=lambda event: (event[0], event[1].type == "end_of_track"))
        out.tracks.append(mido.MidiTrack())
        now = 0
        for tick, message in events:
            out.tracks[-1].append(message.copy(time=tick - now))
            now = tick
    return out


def number(value: int) -> bytes:
    """A number as MIDI files have it, of one or two bytes."""
    return bytes([value]) if value < 0x80 else bytes([0x80 | value >> 7, value & 0x7F])


def meta(kind: int, data: bytes) -> bytes:
    return bytes([0xFF, kind]) + number(len(data)) + data


KEYS = st.tuples(st.integers(-8, 8), st.integers(0, 2)).map(lambda key: bytes([key[0] & 0xFF, key[1]]))
METERS = st.tuples(st.sampled_from([0, 2, 3, 4, 5, 6, 9]), st.sampled_from([1, 2, 3, 7, 33])).map(
    lambda meter: bytes([*meter, 24, 8])
)
NAMES = st.sampled_from([b"Air", "Éire".encode(), "Éire".encode("latin-1"), b"a\x00b\nc", b"", b"x" * 200])
METAS = st.one_of(
    st.builds(meta, st.just(0x59), KEYS),
    st.builds(meta, st.just(0x58), METERS),
    st.builds(meta, st.sampled_from([0x01, 0x03, 0x03, 0x04, 0x05, 0x7F]), NAMES),
    st.builds(meta, st.sampled_from([0x20, 0x21, 0x2F, 0x51, 0x60]), st.binary(max_size=3)),
    st.just(meta(0x51, b"\x07\xa1\x20")),
)
Track = Sequence[tuple[int, object]]
CHANNELS = st.sampled_from([0, 0, 0, 0, 0, 1, 9])
NOTES = st.tuples(
    st.sampled_from([0x80, 0x90, 0x90]), CHANNELS, st.integers(60, 63), st.sampled_from([0, 64, 64])
)
OTHERS = st.one_of(
    st.tuples(st.just(0xB0), CHANNELS, st.just(7), st.integers(0, 127)),
    st.tuples(st.just(0xC0), CHANNELS, st.integers(0, 127)),
    st.tuples(st.just(0xE0), CHANNELS, st.just(0), st.integers(0, 129)),  # above 127 is damage
)
STEPS = st.sampled_from([0, 0, 1, 30, 60, 119, 120, 120, 240, 360, 480, 1000])
EVENTS = st.lists(
    st.tuples(STEPS, st.one_of(NOTES, NOTES, OTHERS, METAS, st.just(b"\xf0\x03\x7e\x09\xf7"))), max_size=30
)


@st.composite
def scales(draw: st.DrawFn) -> Track:
    """Notes each with its end, some of them bound over the next, with something odd now and then."""
    events: list[tuple[int, object]] = []
    channel = draw(st.sampled_from([0, 3]))
    for pitch in draw(st.lists(st.integers(60, 72), min_size=1, max_size=24)):
        length = draw(st.sampled_from([120, 240, 240, 480, 80, 0]))
        gap = draw(st.sampled_from([0, 0, 0, 5, 240]))
        events += [(gap, (0x90, channel, pitch, 80)), (length, (0x90, channel, pitch, 0))]
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(events)))
        events.insert(place, (draw(STEPS), draw(st.one_of(NOTES, OTHERS, METAS))))
    return events


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Files of up to three tracks, sound and unsound, with and without running status."""
    kind = draw(st.sampled_from([0, 1, 1, 1, 2]))
    tracks = draw(st.lists(st.one_of(scales(), scales(), EVENTS), min_size=1, max_size=3))
    resolution = draw(st.sampled_from([24, 96, 480, 480, 480, 0, 0xE728]))
    count = len(tracks) + draw(st.sampled_from([0] * 9 + [1]))
    out = b"MThd" + (6).to_bytes(4) + b"".join(n.to_bytes(2) for n in (kind, count, resolution))
    for events in tracks:
        chunk = draw(chunks(events))
        out += b"MTrk" + len(chunk).to_bytes(4) + chunk
    return out + draw(st.sampled_from([b""] * 9 + [b"\x00"]))


@st.composite
def chunks(draw: st.DrawFn, events: Track) -> bytes:
    """A track's bytes, most often with its end."""
    running = draw(st.booleans())
    out, last = b"", 0
    for step, event in events:
        out += number(step)
        if isinstance(event, bytes):
            out += event
            continue
        assert isinstance(event, tuple)
        status = event[0] | event[1]
        out += (b"" if running and status == last else bytes([status])) + bytes(event[2:])
        last = status
    ends = [number(draw(STEPS)) + meta(0x2F, b"")] * 9 + [b"", meta(0x2F, b"")]
    return out + draw(st.sampled_from(ends))


@settings(max_examples=300)
@given(files())
def test_odd_files(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "odd.mid"
    path.write_bytes(data)
    assert_same(path)


def test_plain_is_what_is_common(tmp_path: Path) -> None:
    # A part beside a track of controllers is a plain file; drums need not be.
    file = mido.MidiFile(type=1)
    melody, drums, silent = (mido.MidiTrack() for _ in range(3))
    for track, channel, pitch in ((melody, 0, 60), (drums, 9, 36)):
        for step in range(4):
            track.append(mido.Message("note_on", channel=channel, note=pitch + step, velocity=80))
            track.append(mido.Message("note_off", channel=channel, note=pitch + step, time=480))
    silent.append(mido.Message("control_change", control=7, value=100))
    file.tracks += [silent, melody]
    file.save(tmp_path / "plain.mid")
    assert is_plain(tmp_path / "plain.mid")
    file.tracks.append(drums)
    file.save(tmp_path / "drums.mid")
    assert_same(tmp_path / "drums.mid")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ArvaeError, match="does not exist"):
        read_melody(tmp_path / "none.mid")
