from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import mido
import pretty_midi
import pytest

from arvae_music.errors import UsageError
from arvae_music.formats import read
from arvae_music.melody import Melody, Note

F = Fraction
MakeMidi = Callable[..., Path]
Event = tuple[int, Any]
EXAMPLES = Path(__file__).resolve().parents[2] / "data" / "examples"


def events(path: Path) -> list[list[tuple[int, str]]]:
    """Every event of every track with its absolute time, as text."""
    found = []
    for track in mido.MidiFile(path).tracks:
        now, row = 0, []
        for message in track:
            now += message.time
            row.append((now, str(message.copy(time=0))))
        found.append(row)
    return found


def without_notes(path: Path, channel: int) -> list[list[tuple[int, str]]]:
    return [
        [(t, m) for t, m in row if not (m.startswith("note_") and f"channel={channel} " in m)]
        for row in events(path)
    ]


def on(tick: int, pitch: int, velocity: int = 80) -> Event:
    return tick, mido.Message("note_on", note=pitch, velocity=velocity)


def off(tick: int, pitch: int, velocity: int = 33) -> Event:
    return tick, mido.Message("note_off", note=pitch, velocity=velocity)


def notes_of(path: Path) -> list[tuple[int, str]]:
    return [(t, m) for row in events(path) for t, m in row if m.startswith("note_")]


FOUR = (0, mido.MetaMessage("time_signature", numerator=4, denominator=4))


@pytest.fixture
def detached(make_midi: MakeMidi) -> Path:
    """Quarters C D E F: one tick late, ending 20 ticks early, each of another velocity."""
    notes = [
        event
        for i, pitch in enumerate((60, 62, 64, 65))
        for event in (on(480 * i + 1, pitch, 70 + i), off(480 * i + 461, pitch))
    ]
    return make_midi([FOUR, *notes], end=2000)


def edit(path: Path, *notes: Note) -> Path:
    tune = read(path)
    out = path.with_name("out.mid")
    tune.replace(tune.melody.with_notes(notes)).write(out, force=True)
    return out


C, D, E, G = (Note(F(i), F(1), p) for i, p in enumerate((60, 62, 64, 65)))


def test_nothing_changed_is_the_same_bytes(detached: Path) -> None:
    assert edit(detached, C, D, E, G).read_bytes() == detached.read_bytes()


def test_another_pitch_takes_time_velocity_and_length(detached: Path) -> None:
    out = edit(detached, C, Note(F(1), F(1), 67), E, G)
    expected = [(t, m.replace("note=62", "note=67") if "note=62" in m else m) for t, m in notes_of(detached)]
    assert notes_of(out) == expected


def test_a_new_note_is_played_like_its_neighbour(detached: Path) -> None:
    out = edit(detached, C, D, Note(F(2), F(1, 2), 64), Note(F(5, 2), F(1, 2), 69), G)
    assert notes_of(out)[4:] == [
        (961, "note_on channel=0 note=64 velocity=72 time=0"),
        (1181, "note_off channel=0 note=64 velocity=33 time=0"),
        (1201, "note_on channel=0 note=69 velocity=72 time=0"),
        (1421, "note_off channel=0 note=69 velocity=33 time=0"),
        (1441, "note_on channel=0 note=65 velocity=73 time=0"),
        (1901, "note_off channel=0 note=65 velocity=33 time=0"),
    ]


def test_a_longer_note_keeps_its_gap(detached: Path) -> None:
    out = edit(detached, C, Note(F(1), F(2), 62), G)
    assert (1421, "note_off channel=0 note=62 velocity=33 time=0") in notes_of(out)
    assert len(notes_of(out)) == 6


def test_the_end_of_the_track_stays(detached: Path) -> None:
    out = edit(detached, C, D, E)
    assert events(out)[0][-1] == events(detached)[0][-1]
    assert events(out)[0][-1][0] == 2000


def test_the_end_of_the_track_makes_room(make_midi: MakeMidi) -> None:
    path = make_midi([FOUR, on(0, 60), off(480, 60)])
    out = edit(path, Note(F(0), F(4), 60))
    assert events(out)[0][-1] == (1920, str(mido.MetaMessage("end_of_track")))


def test_ends_come_before_starts_at_one_tick(make_midi: MakeMidi) -> None:
    path = make_midi([FOUR, on(0, 60), off(480, 60), on(480, 62), off(1920, 62)])
    out = edit(path, Note(F(0), F(1), 60), Note(F(1), F(1), 60), Note(F(2), F(2), 60))
    assert [(t, m.split()[0]) for t, m in notes_of(out)] == [
        (0, "note_on"), (480, "note_off"), (480, "note_on"),
        (960, "note_off"), (960, "note_on"), (1920, "note_off"),
    ]  # fmt: skip


def test_a_bound_note_ends_where_its_own_pitch_starts_anew(make_midi: MakeMidi) -> None:
    path = make_midi([FOUR, on(0, 60), on(480, 62), off(500, 60), off(1920, 62)])
    out = edit(path, Note(F(0), F(1), 60), Note(F(1), F(3), 60))
    assert [(t, m.split()[0]) for t, m in notes_of(out)] == [
        (0, "note_on"), (480, "note_off"), (480, "note_on"), (1920, "note_off"),
    ]  # fmt: skip


def test_a_resolution_too_coarse_for_the_grid_is_made_finer(make_midi: MakeMidi) -> None:
    path = make_midi([FOUR, on(0, 60), off(4, 60), on(4, 62), off(16, 62)], ppq=4)
    wanted = (
        Note(F(0), F(1, 3), 60),
        Note(F(1, 3), F(1, 3), 62),
        Note(F(2, 3), F(1, 3), 64),
        Note(F(1), F(3), 62),
    )
    assert read(edit(path, *wanted)).melody.notes == wanted


def test_other_tracks_keep_their_bytes(make_midi: MakeMidi) -> None:
    # F7 packets, which mido would write as F0, and running status
    other = bytes.fromhex("4d54726b 00000011 00 f7 03 010203 00 903c40 60 3c00 00 ff2f00".replace(" ", ""))
    path = make_midi(
        [FOUR, on(0, 60), off(480, 60), on(480, 62), off(1920, 62)], [(0, mido.MetaMessage("text", text="x"))]
    )
    data = path.read_bytes()
    data = data[: data.rindex(b"MTrk")] + other.replace(b"\x90\x3c", b"\x99\x3c")
    path.write_bytes(data)
    out = edit(path, Note(F(0), F(1), 60), Note(F(1), F(3), 64))
    assert out.read_bytes().endswith(other.replace(b"\x90\x3c", b"\x99\x3c"))
    assert out.read_bytes() != data


def more_notes(melody: Melody) -> list[Note]:
    """Every quarter or longer note as two of half the length, the second one a step higher."""
    notes = []
    for note in melody.notes:
        if note.duration < 1:
            notes.append(note)
            continue
        half = note.duration / 2
        notes += [Note(note.onset, half, note.pitch), Note(note.onset + half, half, note.pitch + 2)]
    return notes


class TestAccompanied:
    def test_an_edit_keeps_every_other_event(self, tmp_path: Path) -> None:
        source = EXAMPLES / "reel_accompanied.mid"
        tune = read(source, part="Flute")
        edited = tune.replace(tune.melody.with_notes(more_notes(tune.melody)))
        out = edited.write(tmp_path / "out.mid")
        assert without_notes(out, 0) == without_notes(source, 0)
        assert len(events(out)) == 5
        assert read(out, part=1).melody == edited.melody

    def test_the_notes_that_stay_keep_their_events(self, tmp_path: Path) -> None:
        source = EXAMPLES / "reel_accompanied.mid"
        tune = read(source, part="Flute")
        changed = tune.melody.bars[2].start
        notes = [
            Note(n.onset, n.duration, n.pitch + 1) if changed <= n.onset < changed + 4 else n
            for n in tune.melody.notes
        ]
        out = tune.replace(tune.melody.with_notes(notes)).write(tmp_path / "out.mid")
        gone = Counter(notes_of(source)) - Counter(notes_of(out))
        come = Counter(notes_of(out)) - Counter(notes_of(source))
        count = sum(changed <= n.onset < changed + 4 for n in tune.melody.notes)
        assert sum(gone.values()) == sum(come.values()) == 2 * count
        assert all(changed * 480 <= tick <= (changed + 4) * 480 for tick, _ in [*gone, *come])

    def test_pretty_midi_hears_the_edit(self, tmp_path: Path) -> None:
        tune = read(EXAMPLES / "reel_accompanied.mid", part="Flute")
        notes = more_notes(tune.melody)
        out = tune.replace(tune.melody.with_notes(notes)).write(tmp_path / "out.mid")
        before = pretty_midi.PrettyMIDI(str(EXAMPLES / "reel_accompanied.mid"))
        heard = pretty_midi.PrettyMIDI(str(out))
        assert [i.name for i in heard.instruments] == ["Flute", "Guitar", "Bass", "Drum"]
        flute = sorted(heard.instruments[0].notes, key=lambda n: n.start)
        assert [n.pitch for n in flute] == [n.pitch for n in notes]
        assert [heard.time_to_tick(n.start) for n in flute] == [n.onset * 480 for n in notes]
        for old, new in zip(before.instruments[1:], heard.instruments[1:], strict=True):
            assert str(old.notes) == str(new.notes)


def test_a_late_reel_stays_late(tmp_path: Path) -> None:
    tune = read(EXAMPLES / "reel_late.mid")
    out = tune.replace(tune.melody.with_notes(more_notes(tune.melody))).write(tmp_path / "out.mid")
    starts = [tick for tick, message in notes_of(out) if message.startswith("note_on")]
    assert {tick % 60 for tick in starts} == {1}


def test_skyline_leaves_the_lower_notes(make_midi: MakeMidi) -> None:
    notes = [
        on(0, 48),
        on(0, 60),
        off(480, 48),
        off(480, 60),
        on(480, 50),
        on(480, 62),
        off(960, 50),
        off(960, 62),
    ]
    path = make_midi([FOUR, *notes])
    tune = read(path, skyline=True)
    out = tune.replace(tune.melody.with_notes([Note(F(0), F(1), 60), Note(F(1), F(1), 67)])).write(
        path.with_name("out.mid")
    )
    gone = Counter(notes_of(path)) - Counter(notes_of(out))
    assert sorted(message.split()[2] for _, message in gone) == ["note=62", "note=62"]


def test_what_sounds_on_below_is_no_articulation(make_midi: MakeMidi) -> None:
    path = make_midi([FOUR, on(0, 50), on(480, 62), off(960, 62), off(1920, 50)])
    tune = read(path, skyline=True)
    assert tune.melody.notes == (Note(F(0), F(1), 50), Note(F(1), F(1), 62))
    new = tune.melody.with_notes([Note(F(0), F(1), 64), Note(F(1), F(1), 62)])
    out = tune.replace(new).write(path.with_name("out.mid"))
    assert (480, "note_off channel=0 note=64 velocity=33 time=0") in notes_of(out)


def test_quantized_notes_that_are_played_longer_than_read_stay(make_midi: MakeMidi) -> None:
    """D is played early and long: it is read as a sixteenth, and its end is not moved there."""
    notes = [on(0, 60), off(216, 60), on(443, 62), off(659, 62), on(749, 64), off(940, 64)]
    path = make_midi([FOUR, *notes, on(960, 65), off(1920, 65)])
    tune = read(path, quantize=True)
    first, second, third, last = tune.melody.notes
    assert second == Note(F(1), F(1, 4), 62)
    new = tune.melody.with_notes([first, second, third, Note(F(2), F(1), 65), Note(F(3), F(1), 67)])
    out = tune.replace(new).write(path.with_name("out.mid"))
    assert notes_of(out)[:7] == notes_of(path)[:7]
    assert last == Note(F(2), F(2), 65)


def test_a_new_note_is_late_as_far_as_it_can_be_read(make_midi: MakeMidi) -> None:
    """A note between ones that are late by an eighth of a quarter would else be a triplet's."""
    late = 57
    notes = [
        event
        for i, pitch in enumerate((60, 62, 64, 65))
        for event in (on(480 * i + late, pitch), off(480 * i + 480, pitch))
    ]
    path = make_midi([FOUR, *notes])
    tune = read(path, quantize=True)
    first, second, third, _ = tune.melody.notes
    meant = (first, Note(F(1), F(1, 2), 62), Note(F(3, 2), F(1, 2), 67), third, Note(F(3), F(1), 69))
    assert second == Note(F(1), F(1), 62)
    out = tune.replace(tune.melody.with_notes(meant)).write(path.with_name("out.mid"))
    assert read(out, quantize=True).melody.notes == meant
    starts = [t for t, m in notes_of(out) if m.startswith("note_on")]
    assert (starts[:2], starts[3:]) == ([late, 480 + late], [960 + late, 1440 + late])


class TestWriting:
    def test_an_existing_file_is_kept(self, detached: Path) -> None:
        before = detached.read_bytes()
        with pytest.raises(UsageError, match="--force"):
            read(detached).write(detached)
        assert detached.read_bytes() == before
        read(detached).write(detached, force=True)

    def test_other_formats(self, detached: Path, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"\.mid"):
            read(detached).write(tmp_path / "x.txt")
        assert not list(tmp_path.glob("x.*"))
