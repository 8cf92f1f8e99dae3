"""Notes shortened to a share of their length: what `--quantize` makes of them, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from random import Random

import mido
import pytest

from arvae_music.formats import read
from arvae_music.measures import measures
from arvae_music.melody import Note

F = Fraction
MakeMidi = Callable[..., Path]

METER = (0, mido.MetaMessage("time_signature", numerator=4, denominator=4))
# (onset, length) in quarters, with rests after the sixth and before the last note
LINE: list[tuple[int | F, int | F]] = [
    (0, 1),
    (1, F(1, 2)),
    (F(3, 2), F(1, 2)),
    (2, 2),
    (4, 2),
    (6, 1),
    (8, 3),
    (11, 1),
    (12, 1),
    (14, 2),
]
NOTES = tuple(Note(F(onset), F(length), 60 + i) for i, (onset, length) in enumerate(LINE))


def gated(make_midi: MakeMidi, share: float, spread: int = 0) -> Path:
    """The line at 480 ticks to a quarter, each note sounding for a share of its length."""
    random = Random(1)
    events = [METER]
    for note in NOTES:
        start = round(note.onset * 480) + (random.randint(0, spread) if note.onset else 0)
        end = start + round(note.duration * 480 * share) + random.randint(-spread, spread)
        events.append((start, mido.Message("note_on", note=note.pitch, velocity=80)))
        events.append((end, mido.Message("note_off", note=note.pitch)))
    return make_midi(sorted(events, key=lambda event: event[0]))


@pytest.mark.parametrize("share", [0.8, 0.85, 0.9, 0.95])
def test_quantize_gives_the_whole_lengths_back(make_midi: MakeMidi, share: float) -> None:
    tune = read(gated(make_midi, share), quantize=True, pickup=0)
    assert tune.melody.notes == NOTES
    said = [notice.text for notice in tune.notices if notice.code == "quantize"]
    assert said == [
        "all onsets are on the grid as they are; notes sound for"
        f" {share:.0%} of their length and were read at their whole length"
    ]


def test_a_player_who_detaches(make_midi: MakeMidi) -> None:
    assert read(gated(make_midi, 0.85, spread=8), quantize=True, pickup=0).melody.notes == NOTES


def test_without_quantize_they_are_off_the_grid_and_it_is_named(make_midi: MakeMidi) -> None:
    tune = read(gated(make_midi, 0.8), pickup=0)
    reasons = [row.reason for row in measures(tune.melody)]
    assert all(reason is not None and reason.startswith("off the grid") for reason in reasons)
    said = [notice.text for notice in tune.notices if notice.code == "grid"]
    assert said == ["4 measures are off the grid: give --quantize to move starts and ends to it"]


def test_rests_that_are_meant_stay(make_midi: MakeMidi) -> None:
    """Every half note as a dotted quarter and an eighth rest: three quarters of the time."""
    events = [METER]
    for i in range(16):
        events.append((960 * i, mido.Message("note_on", note=60 + i % 5, velocity=80)))
        events.append((960 * i + 720, mido.Message("note_off", note=60 + i % 5)))
    tune = read(make_midi(events), quantize=True, pickup=0)
    assert {note.duration for note in tune.melody.notes} == {F(3, 2)}


def test_a_new_note_is_detached_like_the_others(make_midi: MakeMidi) -> None:
    path = gated(make_midi, 0.8)
    tune = read(path, quantize=True, pickup=0)
    halves = [Note(F(2), F(1), 70), Note(F(3), F(1), 71)]
    new = sorted([*(note for note in NOTES if note.onset != 2), *halves])
    edited = tune.replace(tune.melody.with_notes(new))
    out = edited.write(path.with_name("out.mid"))
    ends = [tick for tick, pitch in _ends(out) if pitch in (70, 71)]
    assert ends == [960 + 384, 1440 + 384]  # 80% of 480
    assert read(out, quantize=True, pickup=0).melody.notes == tuple(new)


def _ends(path: Path) -> list[tuple[int, int]]:
    found, now = [], 0
    for message in mido.MidiFile(path).tracks[0]:
        now += message.time
        if message.type == "note_off":
            found.append((now, message.note))
    return found


def test_a_shift_below_a_millisecond_is_not_called_none(make_midi: MakeMidi) -> None:
    events = [METER, (0, mido.Message("note_on", note=60)), (9600, mido.Message("note_off", note=60))]
    events += [(9601, mido.Message("note_on", note=62)), (19200, mido.Message("note_off", note=62))]
    tune = read(make_midi(events, ppq=4800), quantize=True)
    said = next(notice.text for notice in tune.notices if notice.code == "quantize")
    assert said == "onsets were moved to the grid by at most 0.000208 quarter notes (less than 1 ms)"
