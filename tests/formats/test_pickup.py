from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import mido
import music21
import pytest

from arvae_music.errors import UsageError
from arvae_music.formats import Tune, read
from arvae_music.measures import measures
from arvae_music.melody import Bar, Melody, Note
from arvae_music.meter import Meter

F = Fraction
MakeMidi = Callable[..., Path]
Event = tuple[int, Any]
EXAMPLES = Path(__file__).resolve().parents[2] / "data" / "examples"

# The first strain of The Irish Washerwoman (Aird, no. 619) in sixteenths, as (length, pitch): its
# pickup, then eight bars of 6/8, the last one short of the pickup.
WASHERWOMAN = [
    (1, 74), (1, 72),
    *((2, p) for p in (71, 67, 67, 62, 67, 67, 71, 67, 71, 74, 72, 71)),
    *((2, p) for p in (72, 69, 69, 64, 69, 69, 72, 69, 72, 76, 74, 72)),
    *((2, p) for p in (71, 67, 67, 62, 67, 67, 71, 67, 71, 74, 72, 71)),
    *((2, p) for p in (72, 71, 72, 69, 74, 72, 71, 67, 67)), (4, 67),
]  # fmt: skip


def meter(text: str, tick: int = 0) -> Event:
    numerator, denominator = map(int, text.split("/"))
    return tick, mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator)


def played(notes: Sequence[tuple[int, int]], start: int = 0) -> list[Event]:
    """Notes in sixteenths, one after the other, at 480 ticks to a quarter."""
    events: list[Event] = []
    at = start
    for length, pitch in notes:
        events.append((at, mido.Message("note_on", note=pitch, velocity=80)))
        events.append((at + 120 * length, mido.Message("note_off", note=pitch)))
        at += 120 * length
    return events


def codes(tune: Tune) -> list[str]:
    return [notice.code for notice in tune.notices]


def test_found_and_said(make_midi: MakeMidi) -> None:
    tune = read(make_midi([meter("6/8"), *played(WASHERWOMAN)]))
    assert [(bar.number, bar.length) for bar in tune.melody.bars] == [
        (0, F(1, 2)), *((n, 3) for n in range(1, 8)), (8, F(5, 2)),
    ]  # fmt: skip
    assert codes(tune) == ["pickup"]
    assert tune.notices[0].text.startswith("a pickup of 1/8, found")
    assert tune.notices[0].measure == 0
    rows = measures(tune.melody)
    assert [(row.index, row.joined) for row in rows] == [*((n, None) for n in range(1, 8)), (8, 0)]
    assert all(row.reason is None for row in rows)


def test_the_same_bars_without_a_pickup(make_midi: MakeMidi) -> None:
    tune = read(make_midi([meter("6/8"), *played(WASHERWOMAN[2:])]))
    assert codes(tune) == []
    assert tune.melody.bars[0].length == 3


def test_a_last_bar_that_sounds_on_is_whole(make_midi: MakeMidi) -> None:
    tune = read(make_midi([meter("6/8"), *played([*WASHERWOMAN[:-1], (6, 67)])]))
    assert tune.melody.bars[0].length == F(1, 2)
    assert tune.melody.bars[-1].length == 3


def test_a_silent_beginning_is_none(make_midi: MakeMidi) -> None:
    """The first bar is a rest up to the pickup's notes, as when a program writes the whole bar."""
    tune = read(make_midi([meter("6/8"), *played(WASHERWOMAN, start=5 * 240)]))
    assert codes(tune) == []
    assert tune.melody.bars[0].length == 3
    assert tune.melody.notes[0] == Note(F(5, 2), F(1, 4), 74)


def test_too_little_music_has_none(make_midi: MakeMidi) -> None:
    assert read(make_midi([meter("6/8"), *played(WASHERWOMAN[:10])])).melody.bars[0].length == 3


def test_a_meter_written_again_where_the_tune_returns_marks_nothing(make_midi: MakeMidi) -> None:
    """Played twice: 16 bars with their pickups, and the meter again where the second time starts."""
    events = [meter("6/8"), meter("6/8", 8 * 1440), *played([*WASHERWOMAN, *WASHERWOMAN])]
    tune = read(make_midi(sorted(events, key=lambda e: e[0])))
    assert [bar.length for bar in tune.melody.bars] == [F(1, 2), *[3] * 15, F(5, 2)]


@pytest.mark.parametrize("text", ["4/4", "3/4", "2/4", "12/8"])
@pytest.mark.parametrize("length", [2, 4])
def test_equal_notes_mark_no_bar_line(make_midi: MakeMidi, text: str, length: int) -> None:
    """A scale up and down, whose shape says nothing of bars; its last note may be longer."""
    scale = [60, 62, 64, 65, 67, 69, 71, 72, 71, 69, 67, 65, 64, 62] * 3
    for last in (length, 4 * length):
        tune = read(make_midi([meter(text), *played([*((length, p) for p in scale), (last, 60)])]))
        assert tune.melody.bars[0].length == tune.melody.bars[0].meter.length


class TestGiven:
    # in units of the denominator: eighths in 6/8, quarters in 4/4, halves in 2/2
    @pytest.mark.parametrize(("text", "pickup", "length"), [
        ("6/8", 1, F(1, 2)), ("6/8", 3, F(3, 2)), ("4/4", 0.5, F(1, 2)), ("2/2", 0.5, F(1)), ("3/4", 1, F(1)),
    ])  # fmt: skip
    def test_in_the_meters_unit(self, make_midi: MakeMidi, text: str, pickup: float, length: F) -> None:
        tune = read(make_midi([meter(text), *played(WASHERWOMAN)]), pickup=pickup)
        assert (tune.melody.bars[0].number, tune.melody.bars[0].length) == (0, length)
        assert codes(tune) == []

    def test_none(self, make_midi: MakeMidi) -> None:
        tune = read(make_midi([meter("6/8"), *played(WASHERWOMAN)]), pickup=0)
        assert tune.melody.bars[0].length == 3

    @pytest.mark.parametrize("pickup", [-1, 6, 0.3, float("nan"), float("inf")])
    def test_out_of_range(self, make_midi: MakeMidi, pickup: float) -> None:
        with pytest.raises(UsageError, match="units of 1/8, from 0 to less than 6"):
            read(make_midi([meter("6/8"), *played(WASHERWOMAN)]), pickup=pickup)

    def test_notation_has_bar_lines(self) -> None:
        with pytest.raises(UsageError, match="--pickup"):
            read(EXAMPLES / "jig.abc", pickup=1)


class TestMarked:
    def test_by_a_bar_in_a_meter_of_its_own(self, make_midi: MakeMidi) -> None:
        """1/8 for one bar, then 6/8; and 5/8 for the last one."""
        events = [meter("1/8"), meter("6/8", 240), meter("5/8", 240 + 7 * 1440)]
        tune = read(make_midi(sorted([*events, *played(WASHERWOMAN)], key=lambda e: e[0])))
        assert [(bar.number, bar.length, str(bar.meter)) for bar in tune.melody.bars][:2] == [
            (0, F(1, 2), "6/8"), (1, 3, "6/8"),
        ]  # fmt: skip
        assert "as the file's meters say" in tune.notices[0].text

    def test_by_the_meter_written_again(self, make_midi: MakeMidi) -> None:
        events = sorted([meter("6/8"), meter("6/8", 240), *played(WASHERWOMAN)], key=lambda e: e[0])
        assert read(make_midi(events)).melody.bars[0].length == F(1, 2)


def test_joined_end_survives_an_edit(tmp_path: Path) -> None:
    """The last bar stays short when its last note is made shorter."""
    tune = read(EXAMPLES / "jig.mid")
    last = tune.melody.notes[-1]
    notes = [*tune.melody.notes[:-1], Note(last.onset, last.duration / 2, last.pitch)]
    out = tune.replace(tune.melody.with_notes(notes)).write(tmp_path / "out.mid")
    assert read(out).melody.bars == tune.melody.bars


class TestAnEditedFile:
    """The jig's pickup is found from its notes; where all come an eighth later, another one is."""

    def late(self, tune: Tune) -> Tune:
        notes = [
            Note(n.onset + F(1, 2), n.duration, n.pitch) for n in tune.melody.notes if n.onset >= F(1, 2)
        ]
        return tune.replace(tune.melody.with_notes([Note(F(0), F(1), 74), *notes[:-1]]))

    def test_other_bar_lines_are_said(self, tmp_path: Path) -> None:
        edited = self.late(read(EXAMPLES / "jig.mid"))
        out = edited.write(tmp_path / "out.mid")
        assert read(out).melody.bars[0].length == F(1)  # detection changed
        said = [n for n in edited.notices if n.code == "pickup" and "give --pickup 1 " in n.text]
        assert [n.measure for n in said] == [0]
        assert "look like a pickup of 2/8, where there is a pickup of 1/8" in said[0].text
        assert read(out, pickup=1).melody.bars == edited.melody.bars

    def test_and_those_of_a_pickup_that_was_given(self, tmp_path: Path) -> None:
        tune = read(EXAMPLES / "jig.mid", pickup=0)
        notes = [Note(n.onset, n.duration, n.pitch + 1) for n in tune.melody.notes]
        edited = tune.replace(tune.melody.with_notes(notes))
        assert (
            "look like a pickup of 1/8, where there is no pickup: give --pickup 0 " in edited.notices[-1].text
        )
        out = edited.write(tmp_path / "out.mid")
        assert read(out).melody.bars[0].length == F(1, 2)
        assert read(out, pickup=0).melody.bars == edited.melody.bars

    def test_bars_that_the_file_marks_are_certain(self) -> None:
        assert codes(self.late(read(EXAMPLES / "waltz.mid"))) == ["pickup"]  # as the meters say

    def test_the_same_bars_are_not_mentioned(self) -> None:
        tune = read(EXAMPLES / "jig.mid")
        higher = tune.replace(tune.melody.transposed(1))
        assert higher.notices == tune.notices
        assert tune.replace(tune.melody).notices == tune.notices

    def test_bars_that_no_file_has(self) -> None:
        """A melody of other bars, the first of which is no pickup that could be given."""
        tune = read(EXAMPLES / "reel.mid")
        bars = (Bar(0, F(0), F(1, 7), Meter(4, 4)), Bar(1, F(1, 7), F(4), Meter(4, 4)))
        assert codes(tune.replace(Melody(tune.melody.notes[:9], bars))) == ["pickup"]
        assert codes(tune.replace(Melody(tune.melody.notes[:9], ()))) == []

    def test_a_last_bar_that_falls_silent(self, make_midi: MakeMidi) -> None:
        tune = read(make_midi([meter("4/4"), *played([(4, 60)] * 8)]))
        edited = tune.replace(tune.melody.with_notes(tune.melody.notes[:4]))
        assert codes(edited) == ["pickup"]
        assert "measures 1 to 1 instead of 1 to 2" in edited.notices[0].text


def test_right_for_nine_of_ten_tunes() -> None:
    """A book that the weights were not fitted to: O'Neill's 1376 to 1475, with the notated pickups."""
    from arvae_music.formats.midi_timing import Span
    from arvae_music.formats.pickup import FEWEST_NOTES, find_pickup
    from arvae_music.formats.score import read_all

    book = Path(music21.__file__).parent / "corpus" / "oneills1850" / "1376-1475.abc"
    right = count = 0
    for melody in read_all(book):
        first = melody.bars[0]
        if len({bar.meter for bar in melody.bars}) > 1 or first.meter.grid is None:
            continue
        if len(melody.notes) < FEWEST_NOTES or melody.notes[0].onset:
            continue
        truth = first.length if first.length < first.meter.length else 0
        found = find_pickup([Span(n.onset, n.end, n.pitch) for n in melody.notes], [(F(0), first.meter)])
        count += 1
        right += found == truth
    assert count >= 90
    assert right / count >= 0.85
