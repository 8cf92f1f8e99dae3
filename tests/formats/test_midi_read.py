from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import mido
import pytest

from arvae_music.errors import ArvaeError, UsageError
from arvae_music.formats import read
from arvae_music.melody import Bar, Note
from arvae_music.meter import Meter

F = Fraction
MakeMidi = Callable[..., Path]
Event = tuple[int, Any]


def meter(text: str, tick: int = 0) -> Event:
    numerator, denominator = map(int, text.split("/"))
    return tick, mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator)


def name(text: str) -> Event:
    return 0, mido.MetaMessage("track_name", name=text)


def played(*notes: tuple[int, int, int], channel: int = 0) -> list[Event]:
    """Notes as (start, end, pitch)."""
    events: list[Event] = []
    for start, end, pitch in notes:
        events.append((start, mido.Message("note_on", note=pitch, velocity=80, channel=channel)))
        events.append((end, mido.Message("note_off", note=pitch, channel=channel)))
    return sorted(events, key=lambda event: (event[0], event[1].type == "note_on"))


def run(start: int, length: int, pitches: Sequence[int]) -> list[tuple[int, int, int]]:
    """Notes of equal length, one after the other."""
    return [(start + i * length, start + (i + 1) * length, pitch) for i, pitch in enumerate(pitches)]


FOUR = [(0, 480, 60), (480, 960, 62), (960, 1440, 64), (1440, 1920, 65)]
FOUR_NOTES = (Note(F(0), F(1), 60), Note(F(1), F(1), 62), Note(F(2), F(1), 64), Note(F(3), F(1), 65))


def codes(notices: Sequence[Any]) -> list[str]:
    return [notice.code for notice in notices]


def test_plain(make_midi: MakeMidi) -> None:
    key = (0, mido.MetaMessage("key_signature", key="F#m"))
    tune = read(make_midi([name("Tune"), meter("4/4"), key, *played(*FOUR)]))
    assert tune.melody.notes == FOUR_NOTES
    assert tune.melody.bars == (Bar(1, F(0), F(4), Meter(4, 4)),)
    assert (tune.melody.title, tune.melody.key) == ("Tune", "F#m")
    assert tune.notices == ()


@pytest.mark.parametrize("ppq", [24, 96, 220, 384, 480, 960, 10080])
def test_time_is_exact_at_any_resolution(make_midi: MakeMidi, ppq: int) -> None:
    thirds = [round(ppq * i / 3) for i in range(4)]
    notes = [(a, b, 60 + i) for i, (a, b) in enumerate(pairwise(thirds))]
    quarters = [(ppq * i, ppq * (i + 1), 70 + i) for i in (1, 2, 3)]
    tune = read(make_midi([meter("4/4"), *played(*notes, *quarters)], ppq=ppq))
    starts = [note.onset for note in tune.melody.notes]
    assert starts == [F(0), F(1, 3), F(2, 3), F(1), F(2), F(3)]
    assert [note.duration for note in tune.melody.notes] == [F(1, 3)] * 3 + [F(1)] * 3


def test_tempo_does_not_matter(make_midi: MakeMidi) -> None:
    tempos = [
        (0, mido.MetaMessage("set_tempo", tempo=300_000)),
        (700, mido.MetaMessage("set_tempo", tempo=900_000)),
    ]
    assert read(make_midi([meter("4/4"), *tempos], played(*FOUR))).melody.notes == FOUR_NOTES


def test_no_meter_is_four_four_with_a_notice(make_midi: MakeMidi) -> None:
    tune = read(make_midi(played(*FOUR)))
    assert codes(tune.notices) == ["meter"]
    assert str(tune.melody.bars[0].meter) == "4/4"


def test_a_meter_of_nothing_is_passed_over(make_midi: MakeMidi) -> None:
    path = make_midi([meter("7/4"), *played(*FOUR)])
    damaged = path.read_bytes().replace(b"\xff\x58\x04\x07\x02", b"\xff\x58\x04\x00\x02")
    path.write_bytes(damaged)
    assert codes(read(path).notices) == ["meter"]


def test_meter_change_inside_a_bar_cuts_it_short(make_midi: MakeMidi) -> None:
    events = [meter("4/4"), meter("3/4", 1920 + 960)]
    tune = read(make_midi(events, played((0, 960, 60), *run(960, 480, range(60, 70)))))
    bars = [(bar.number, float(bar.start), float(bar.length), str(bar.meter)) for bar in tune.melody.bars]
    assert bars == [
        (1, 0, 4, "4/4"),
        (2, 4, 2, "4/4"),
        (3, 6, 3, "3/4"),
        (4, 9, 3, "3/4"),
    ]


def test_bars_go_to_the_end_of_the_last_note(make_midi: MakeMidi) -> None:
    tune = read(make_midi([meter("3/4"), *played((0, 480, 60), (480, 1500 * 2, 62))]))
    assert [bar.start for bar in tune.melody.bars] == [0, 3, 6]


class TestTolerance:
    """480 ticks: 1/48 of a quarter is 10 ticks, half a sixteenth 60."""

    @pytest.mark.parametrize("shift", [-10, -2, 1, 10])
    def test_near_the_grid_is_on_it(self, make_midi: MakeMidi, shift: int) -> None:
        moved = [(0, 480 + shift, 60), *((a + shift, b + shift, p) for a, b, p in FOUR[1:])]
        assert read(make_midi([meter("4/4"), *played(*moved)])).melody.notes == FOUR_NOTES

    def test_two_ticks_are_near_at_a_low_resolution(self, make_midi: MakeMidi) -> None:
        path = make_midi([meter("4/4"), *played((2, 24, 60), (26, 48, 62), (50, 96, 64))], ppq=24)
        assert [note.onset for note in read(path).melody.notes] == [0, 1, 2]

    def test_further_off_keeps_its_time(self, make_midi: MakeMidi) -> None:
        path = make_midi([meter("4/4"), *played((0, 491, 60), (491, 960, 62), (960, 1920, 64))])
        notes = read(path).melody.notes
        assert notes[1].onset == F(491, 480)
        assert notes[0].end == F(491, 480)

    def test_quantize_moves_it_and_says_how_far(self, make_midi: MakeMidi) -> None:
        path = make_midi([meter("4/4"), *played((0, 450, 60), (510, 960, 62), (940, 1920, 64))])
        tune = read(path, quantize=True)
        assert tune.melody.notes == (Note(F(0), F(1), 60), Note(F(1), F(1), 62), Note(F(2), F(2), 64))
        notice = next(n for n in tune.notices if n.code == "quantize")
        # 30 of 480 ticks, at 120 quarters a minute 500 ms each
        assert "0.0625 quarter" in notice.text
        assert "31 ms" in notice.text

    def test_quantize_takes_triplets_or_sixteenths_by_beat(self, make_midi: MakeMidi) -> None:
        triplet = [(0, 150, 60), (150, 335, 62), (335, 480, 64)]
        sixteenths = [(480, 615, 65), (615, 705, 67), (705, 960, 69)]
        path = make_midi([meter("4/4"), *played(*triplet, *sixteenths, (960, 1920, 60))])
        starts = [note.onset for note in read(path, quantize=True).melody.notes]
        assert starts == [0, F(1, 3), F(2, 3), 1, F(5, 4), F(3, 2), 2]

    def test_quantize_hears_sixteenths_in_a_tune_of_sixteenths(self, make_midi: MakeMidi) -> None:
        # 337 is nearer to the triplet's 320 than to 360, but all else are sixteenths.
        bar = [0, 125, 238, 350, 480, 605, 730, 835, 960, 1075, 1200, 1310, 1440, 1571]
        starts = [*bar, *(1920 + start for start in (0, 337, 480))]
        ends = [*starts[1:], 3840]
        tune = read(
            make_midi([meter("4/4"), *played(*((s, e, 60) for s, e in zip(starts, ends, strict=True)))]),
            quantize=True,
        )
        sixteenths = [*range(13), 13, 16, 19, 20]
        assert [note.onset for note in tune.melody.notes] == [F(n, 4) for n in sixteenths]

    def test_quantize_hears_triplets_in_a_tune_of_triplets(self, make_midi: MakeMidi) -> None:
        starts = [0, 150, 335, 480, 655, 790, 960, 1150, 1275, 1440, 1590, 1765]
        ends = [*starts[1:], 1920]
        tune = read(
            make_midi([meter("4/4"), *played(*((s, e, 60) for s, e in zip(starts, ends, strict=True)))]),
            quantize=True,
        )
        assert [note.onset for note in tune.melody.notes] == [F(n, 3) for n in range(12)]


class TestArticulation:
    def test_a_small_gap_is_no_rest(self, make_midi: MakeMidi) -> None:
        path = make_midi([meter("4/4"), *played(*((a, b - 59, p) for a, b, p in FOUR))])
        assert read(path).melody.notes == FOUR_NOTES

    def test_half_a_grid_tick_is_one(self, make_midi: MakeMidi) -> None:
        path = make_midi([meter("4/4"), *played((0, 360, 60), *FOUR[1:])])
        assert read(path).melody.notes[0].duration == F(3, 4)

    def test_half_a_grid_tick_is_smaller_in_two_four(self, make_midi: MakeMidi) -> None:
        path = make_midi([meter("2/4"), *played((0, 60, 60), (120, 240, 62), (240, 960, 64))])
        assert read(path).melody.notes[0].duration == F(1, 8)

    def test_a_detached_note_before_a_rest(self, make_midi: MakeMidi) -> None:
        path = make_midi([meter("4/4"), *played((0, 456, 60), (960, 1900, 62))])
        assert read(path).melody.notes == (Note(F(0), F(1), 60), Note(F(2), F(2), 62))

    def test_a_small_overlap_is_legato(self, make_midi: MakeMidi) -> None:
        path = make_midi([meter("4/4"), *played(*((a, b + 59, p) for a, b, p in FOUR))])
        tune = read(path)
        assert tune.melody.notes == FOUR_NOTES
        assert len(tune.melody.bars) == 1

    def test_legato_before_a_rest(self, make_midi: MakeMidi) -> None:
        bound = [(0, 510, 60), (480, 990, 62), (960, 1470, 64)]
        assert read(make_midi(played(*bound))).melody.notes == FOUR_NOTES[:3]

    def test_a_late_end_of_a_detached_part_is_off_the_grid(self, make_midi: MakeMidi) -> None:
        detached = [(0, 470, 60), (480, 950, 62), (960, 1470, 64)]
        last = read(make_midi(played(*detached))).melody.notes[2]
        assert last.end == F(1470, 480)

    def test_a_longer_one_is_an_overlap(self, make_midi: MakeMidi) -> None:
        second = [(a + 1920, b + 1920, p) for a, b, p in FOUR]
        path = make_midi([meter("4/4"), *played((0, 600, 60), *FOUR[1:], *second)])
        assert read(path).melody.notes[0].end == F(5, 4)


class TestEvents:
    def test_note_on_without_velocity_is_an_end(self, make_midi: MakeMidi) -> None:
        events = [(tick, m.copy()) for tick, m in played(*FOUR)]
        events = [
            (t, mido.Message("note_on", note=m.note, velocity=0) if m.type == "note_off" else m)
            for t, m in events
        ]
        assert read(make_midi([meter("4/4"), *events])).melody.notes == FOUR_NOTES

    def test_notes_without_length_or_end_are_left_out(self, make_midi: MakeMidi) -> None:
        stray = [
            (0, mido.Message("note_off", note=50)),
            (480, mido.Message("note_on", note=90, velocity=1)),
            (480, mido.Message("note_off", note=90)),
            (960, mido.Message("note_on", note=91, velocity=1)),
        ]
        tune = read(make_midi([meter("4/4"), *sorted([*played(*FOUR), *stray], key=lambda e: e[0])]))
        assert tune.melody.notes == FOUR_NOTES
        assert codes(tune.notices) == ["unsounding"]
        assert tune.notices[0].text.startswith("2 notes")

    def test_a_repeated_pitch_that_ends_after_its_next_start(self, make_midi: MakeMidi) -> None:
        path = make_midi([meter("4/4"), *played((0, 490, 60), (480, 960, 60), (960, 1920, 62))])
        assert [n.duration for n in read(path).melody.notes] == [1, 1, 2]

    def test_a_start_without_an_end_does_not_lengthen_the_notes_after(self, make_midi: MakeMidi) -> None:
        lost = (0, mido.Message("note_on", note=60, velocity=9))
        notes = played((480, 960, 60), (960, 1440, 62), (1440, 1920, 60))
        tune = read(make_midi([meter("4/4"), lost, *notes]))
        want = [Note(F(1), F(1), 60), Note(F(2), F(1), 62), Note(F(3), F(1), 60)]
        assert list(tune.melody.notes) == want
        assert codes(tune.notices) == ["unsounding"]

    def test_a_grace_note_written_end_first(self, make_midi: MakeMidi) -> None:
        """As music21 writes it: no length, and its end before its start at the same tick."""
        grace = [
            (480, mido.Message("note_off", note=65)),
            (480, mido.Message("note_on", note=65, velocity=9)),
        ]
        tune = read(make_midi([meter("4/4"), *sorted([*played(*FOUR), *grace], key=lambda e: e[0])]))
        assert tune.melody.notes == FOUR_NOTES
        assert codes(tune.notices) == ["unsounding"]


class TestParts:
    def two(self, make_midi: MakeMidi) -> Path:
        return make_midi(
            [meter("4/4")],
            [name("Fiddle"), *played(*FOUR)],
            [name("Bass"), *played((0, 1920, 40), channel=1)],
            [name("Drums"), *played(*FOUR, channel=9)],
        )

    @pytest.mark.parametrize("part", [2, "2", "bass", " Bass"])
    def test_by_number_and_name(self, make_midi: MakeMidi, part: int | str) -> None:
        assert read(self.two(make_midi), part=part).melody.notes == (Note(F(0), F(4), 40),)

    @pytest.mark.parametrize("part", [None, 3, "flute"])
    def test_an_error_lists_them(self, make_midi: MakeMidi, part: int | str | None) -> None:
        with pytest.raises(ArvaeError) as caught:
            read(self.two(make_midi), part=part)
        text = str(caught.value)
        assert "1 'Fiddle' (4 notes, C4 to F4); 2 'Bass' (1 note, E2 to E2)" in text
        assert "--part" in text
        assert "Drums" not in text
        assert "\n" not in text

    def test_drums_are_never_the_melody(self, make_midi: MakeMidi) -> None:
        path = make_midi([meter("4/4"), *played(*FOUR)], [*played((0, 10, 36), channel=9)])
        assert read(path).melody.notes == FOUR_NOTES

    def test_only_drums(self, make_midi: MakeMidi) -> None:
        with pytest.raises(ArvaeError, match="no notes outside the drum channel"):
            read(make_midi(played(*FOUR, channel=9)))

    def test_type_0_is_split_by_channel(self, make_midi: MakeMidi) -> None:
        events = sorted([*played(*FOUR), *played((0, 1920, 40), channel=3)], key=lambda e: e[0])
        path = make_midi([name("All"), meter("4/4"), *events], kind=0)
        assert read(path, part="All, channel 4").melody.notes == (Note(F(0), F(4), 40),)
        assert read(path, part=1).melody.notes == FOUR_NOTES
        with pytest.raises(ArvaeError, match="several parts 'All'"):
            read(path, part="All")

    def test_type_2_tracks_have_meters_of_their_own(self, make_midi: MakeMidi) -> None:
        path = make_midi([meter("3/4"), *played(*FOUR)], [meter("2/4"), *played(*FOUR)], kind=2)
        assert str(read(path, part=2).melody.bars[0].meter) == "2/4"
        assert str(read(path, part=1).melody.bars[0].meter) == "3/4"

    def test_names_in_utf8(self, make_midi: MakeMidi) -> None:
        latin = "Déjà".encode().decode("latin-1")
        assert read(make_midi([name(latin), meter("4/4"), *played(*FOUR)])).melody.title == "Déjà"


class TestChords:
    def chords(self, make_midi: MakeMidi) -> Path:
        below = [(a, b, p - 12) for a, b, p in FOUR]
        return make_midi([name("Keys"), meter("4/4"), *played(*sorted([*FOUR, *below]))])

    def test_a_part_of_chords_alone_is_refused(self, make_midi: MakeMidi) -> None:
        with pytest.raises(ArvaeError, match="--skyline"):
            read(self.chords(make_midi))

    def test_skyline_reads_the_highest_line(self, make_midi: MakeMidi) -> None:
        tune = read(self.chords(make_midi), skyline=True)
        assert tune.melody.notes == FOUR_NOTES
        assert codes(tune.notices) == ["skyline"]

    def test_skyline_over_a_held_note(self, make_midi: MakeMidi) -> None:
        path = make_midi([meter("4/4"), *played((0, 1920, 50), *FOUR[1:])])
        # the low note is the highest until the next one starts
        assert read(path, skyline=True).melody.notes == (Note(F(0), F(1), 50), *FOUR_NOTES[1:])

    def test_skyline_leaves_out_what_lies_below_a_held_note(self, make_midi: MakeMidi) -> None:
        path = make_midi([meter("4/4"), *played((0, 1920, 90), *FOUR[1:])])
        assert read(path, skyline=True).melody.notes == (Note(F(0), F(4), 90),)


class TestRefusals:
    def test_time_codes(self, make_midi: MakeMidi) -> None:
        path = make_midi(played(*FOUR))
        path.write_bytes(path.read_bytes()[:12] + b"\xe7\x28" + path.read_bytes()[14:])
        with pytest.raises(ArvaeError, match="SMPTE"):
            read(path)

    def test_not_a_midi_file(self, tmp_path: Path) -> None:
        path = tmp_path / "x.mid"
        path.write_text("hello")
        with pytest.raises(ArvaeError, match="not a sound MIDI file"):
            read(path)

    def test_empty_file(self, tmp_path: Path) -> None:
        path = tmp_path / "x.mid"
        path.write_bytes(b"")
        with pytest.raises(ArvaeError, match="is empty"):
            read(path)

    def test_endless_time(self, make_midi: MakeMidi) -> None:
        far = 200_000_000
        with pytest.raises(ArvaeError, match="damaged"):
            read(make_midi([meter("4/4"), *played(*FOUR, (far, far + 480, 60))]))

    def test_no_such_file_folder_or_format(self, tmp_path: Path) -> None:
        with pytest.raises(ArvaeError, match="does not exist"):
            read(tmp_path / "none.mid")
        with pytest.raises(ArvaeError, match="is a folder"):
            read(tmp_path)
        (tmp_path / "x.wav").write_bytes(b"")
        with pytest.raises(UsageError, match=r"\.mid, \.midi, \.abc"):
            read(tmp_path / "x.wav")

    def test_a_tune_number_means_nothing(self, make_midi: MakeMidi) -> None:
        with pytest.raises(UsageError, match="--tune"):
            read(make_midi(played(*FOUR)), tune=2)


def test_reading_midi_is_light(make_midi: MakeMidi) -> None:
    path = make_midi([meter("4/4"), *played(*FOUR)])
    heavy = "{'music21', 'pretty_midi', 'torch', 'scipy', 'matplotlib'}"
    code = f"import sys; from arvae_music import read; read({str(path)!r}); print({heavy} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "set()"
