"""`--skyline`: what an edit says of a part of chords is what a second reading of the file finds."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arvae_music import attributes
from arvae_music.control import load_model
from arvae_music.control.readable import Readable, readable
from arvae_music.formats import Tune, read
from arvae_music.measures import Measure, measures
from arvae_music.tokens import Tokens
from tests.music import Part, part_strategy, row

MakeMidi = Callable[..., Path]
Struck = tuple[int, int, int]
"""Start and end in MIDI ticks, 480 to a quarter, and the pitch."""

METER = (0, mido.MetaMessage("time_signature", numerator=4, denominator=4))


def struck(notes: Sequence[Struck]) -> list[tuple[int, Any]]:
    events = [(end, 0, pitch) for _, end, pitch in notes] + [(start, 1, pitch) for start, _, pitch in notes]
    return [
        (tick, mido.Message("note_on", note=pitch, velocity=80 * starts))
        for tick, starts, pitch in sorted(events)
    ]


def line(*pitches: int) -> list[Struck]:
    """Quarters one after the other."""
    return [(480 * i, 480 * (i + 1), pitch) for i, pitch in enumerate(pitches)]


def quarters(*pitches: int) -> Tokens:
    """A measure of quarters; 0 is a rest."""
    return row("4/4", {6 * i: pitch or -3 for i, pitch in enumerate(pitches)})


def edited(path: Path, *new: Tokens) -> tuple[Tune, list[Measure], Readable]:
    """The highest line, its measures, and what becomes of them when all are to be replaced."""
    tune = read(path, skyline=True, pickup=0)
    rows = measures(tune.melody)
    return tune, rows, readable(tune, rows, dict(enumerate(new)))


def tokens(rows: Sequence[Measure]) -> list[list[int] | None]:
    return [None if row.tokens is None else row.tokens.tolist() for row in rows]


def found_again(result: Readable, path: Path) -> list[list[int] | None]:
    out = result.tune.write(path.with_name("out.mid"), force=True)
    return tokens(measures(read(out, skyline=True, pickup=0).melody))


CHORDS = [*line(72, 74, 76, 77), *line(60, 60, 60, 60)]


def test_above_the_lower_notes_all_is_free(make_midi: MakeMidi) -> None:
    path = make_midi([METER, *struck(CHORDS)])
    new = quarters(71, 69, 62, 61)
    _, _, result = edited(path, new)
    assert result.refused == {}
    assert found_again(result, path) == [new.tolist()]


@pytest.mark.parametrize("new", [
    quarters(72, 59, 76, 77),  # below the chord
    quarters(72, 0, 76, 77),  # the chord would be heard in the rest
    row("4/4", {0: 72, 6: -3, 7: 74}),  # and before the line's second note
    row("4/4", {0: 59, 12: 76}),
])  # fmt: skip
def test_what_the_lower_notes_would_cover_is_refused(make_midi: MakeMidi, new: Tokens) -> None:
    second = [(1920 + start, 1920 + end, pitch) for start, end, pitch in line(72, 74, 76, 77)]
    path = make_midi([METER, *struck([*CHORDS, *second])])
    up = quarters(73, 74, 76, 77)
    _, _, result = edited(path, new, up)
    assert list(result.refused) == [0]
    assert "lower notes of the part stay" in result.refused[0]
    assert found_again(result, path) == [quarters(72, 74, 76, 77).tolist(), up.tolist()]


def test_a_note_held_above_the_chords_is_free(make_midi: MakeMidi) -> None:
    path = make_midi([METER, *struck(CHORDS)])
    new = row("4/4", {0: 72, 7: 74})
    _, _, result = edited(path, new)
    assert result.refused == {}
    assert found_again(result, path) == [new.tolist()]


def test_a_pitch_that_a_lower_note_holds_is_refused(make_midi: MakeMidi) -> None:
    path = make_midi([METER, *struck([*line(72, 74, 76, 77), (0, 1920, 60)])])
    _, _, result = edited(path, quarters(72, 60, 76, 77))
    assert "still holds" in result.refused[0]
    assert found_again(result, path) == [quarters(72, 74, 76, 77).tolist()]


def test_a_held_note_of_the_line_ends_where_the_edit_needs_it(make_midi: MakeMidi) -> None:
    path = make_midi([METER, *struck([(0, 1920, 65), (480, 960, 72), (960, 1440, 74), (1440, 1920, 76)])])
    new = quarters(65, 60, 74, 76)
    _, _, result = edited(path, new)
    assert result.refused == {}
    assert found_again(result, path) == [new.tolist()]


def sounding(path: Path) -> Counter[Struck]:
    """The notes of a file in one track; of one pitch the first to start is the first to end."""
    found: Counter[Struck] = Counter()
    started: dict[int, list[int]] = {}
    now = 0
    for message in mido.MidiFile(path).tracks[0]:
        now += message.time
        if message.type == "note_on" and message.velocity:
            started.setdefault(message.note, []).append(now)
        elif message.type in ("note_on", "note_off"):
            found[started[message.note].pop(0), now, message.note] += 1
    return found


@st.composite
def notes_below(draw: st.DrawFn) -> list[Struck]:
    """Notes in sixteenths of three bars, no two of a pitch at one time."""
    found: list[Struck] = []
    for _ in range(draw(st.integers(1, 12))):
        start, length = draw(st.integers(0, 47)), draw(st.integers(1, 20))
        note = (120 * start, 120 * min(start + length, 48), draw(st.integers(48, 66)))
        if all(note[2] != p or note[1] <= a or b <= note[0] for a, b, p in found):
            found.append(note)
    return found


def bars_like(known: Measure) -> st.SearchStrategy[Part]:
    """Measures with the ties of one that is there."""
    return part_strategy("4/4", st.integers(50, 90), 0, 24, known.tie_in, known.tie_out)


@given(st.data(), notes_below())
@settings(max_examples=150)
def test_a_second_reading_finds_what_was_claimed(data: st.DataObject, below: list[Struck]) -> None:
    above = [(480 * i, 480 * (i + 1), data.draw(st.integers(67, 84))) for i in range(12)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chords.mid"
        midi = mido.MidiFile(type=0)
        events = [METER, *struck([*above[: data.draw(st.integers(4, 12))], *below])]
        times = [tick for tick, _ in events]
        steps = [after - before for before, after in zip([0, *times], times, strict=False)]
        midi.tracks.append(mido.MidiTrack(m.copy(time=s) for (_, m), s in zip(events, steps, strict=True)))
        midi.save(path)
        tune = read(path, skyline=True, pickup=0)
        rows = measures(tune.melody)
        new = {
            i: row("4/4", data.draw(bars_like(known)).events)
            for i, known in enumerate(rows)
            if known.tokens is not None
        }
        result = readable(tune, rows, new)
        before = tokens(rows)
        claimed = [new[i].tolist() if i in result.edits else before[i] for i in range(len(rows))]
        assert found_again(result, path) == claimed
        assert set(result.edits) | set(result.refused) == set(new)
        own = Counter((n.raw.start, n.raw.end, n.raw.pitch) for n in tune.source.notes)  # type: ignore[attr-defined]
        # Every lower note is there as it was.
        assert not (sounding(path) - own) - sounding(path.with_name("out.mid"))


@pytest.mark.parametrize("change", [{"contour": "=-7"}, {"density": "+2"}, {"density": "2", "range": "7"}])
def test_a_report_tells_what_a_second_reading_finds(make_midi: MakeMidi, change: dict[str, Any]) -> None:
    """Bars whose chords come up to the melody: some edits would fall below them."""
    chords = [
        (1920 * bar + 480 * i, 1920 * bar + 480 * i + 480, 60 + bar) for bar in range(8) for i in (0, 2)
    ]
    melody = [(480 * i, 480 * (i + 1), 69 + (5 * i) % 7) for i in range(32)]
    path = make_midi([METER, *struck([*melody, *chords])])
    tune = read(path, skyline=True, pickup=0)
    edit = load_model("folk").edit(tune, **change)
    out = edit.tune.write(path.with_name("out.mid"))
    again = read(out, skyline=True, pickup=0)
    values = {row.index: row.values for row in attributes(again)}
    claimed = {row.index: row.after for row in edit.report.measures if row.status != "skipped"}
    assert claimed
    assert {index: values[index] for index in claimed} == claimed
    skipped = {row.index for row in edit.report.measures if row.status == "skipped"}
    assert {i: v for i, v in values.items() if i in skipped} == {
        row.index: row.values for row in attributes(tune) if row.index in skipped
    }
    assert all("lower note" in (row.reason or "") for row in edit.report.measures if row.index in skipped)
