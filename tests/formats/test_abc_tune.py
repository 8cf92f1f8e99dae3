"""ABC from nothing but a melody."""

from __future__ import annotations

from fractions import Fraction as Q
from pathlib import Path

import pytest
from hypothesis import given, settings

from arvae_music.errors import ArvaeError
from arvae_music.formats import Tune, read
from arvae_music.formats.abc import split_tunes
from arvae_music.formats.abc_tune import write_abc
from arvae_music.melody import Bar, Melody, Note
from arvae_music.meter import Meter
from tests.music import Part, melody_of, tune_strategy

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"


def bars(count: int, meter: Meter, pickup: Q = Q(0)) -> tuple[Bar, ...]:
    lengths = ([pickup] if pickup else []) + [meter.length] * count
    starts = [sum(lengths[:index], Q(0)) for index in range(len(lengths))]
    numbers = range(0 if pickup else 1, len(lengths) + 1)
    return tuple(Bar(n, s, d, meter) for n, s, d in zip(numbers, starts, lengths, strict=False))


def test_a_tune_with_a_pickup_fills_lines_of_four_bars() -> None:
    notes = [Note(Q(0), Q(1, 2), 74)]
    notes += [Note(Q(1, 2) + 3 * i + Q(3, 2) * k, Q(3, 2), 67 + k) for i in range(5) for k in range(2)]
    melody = Melody(tuple(notes), bars(5, Meter(6, 8), Q(1, 2)), "A Jig", "G")
    assert write_abc(melody) == (
        "X:1\nT:A Jig\nM:6/8\nL:1/8\nK:G\n"
        "d|G3 ^G3|G3 ^G3|G3 ^G3|G3 ^G3|\n"
        "G3 ^G3|]\n"
    )  # fmt: skip


def test_chords_ties_meters_and_sixteenths() -> None:
    two, three = Meter(2, 4), Meter(3, 4)
    notes = [Note(Q(i, 4), Q(1, 4), 60 + i) for i in range(4)]
    notes += [Note(Q(1), Q(2), 67), Note(Q(3), Q(2), 60), Note(Q(3), Q(2), 64)]
    melody = Melody(tuple(notes), (Bar(1, Q(0), Q(2), two), Bar(2, Q(2), Q(3), three)), "", "F")
    assert write_abc(melody) == ("X:1\nT:Untitled\nM:2/4\nL:1/16\nK:F\nC^CD_E G4-|[M:3/4]G4 [CE]8|]\n")


def test_notes_that_overlap_are_refused() -> None:
    melody = Melody((Note(Q(0), Q(3), 60), Note(Q(1), Q(3), 64)), bars(1, Meter(4, 4)))
    with pytest.raises(ArvaeError, match="measure 1: its notes overlap"):
        write_abc(melody)


def same(melody: Melody, other: Melody) -> bool:
    keys = [[(b.start, b.length, b.meter) for b in each.bars] for each in (melody, other)]
    return melody.notes == other.notes and keys[0] == keys[1]


@settings(max_examples=150, deadline=None)
@given(tune_strategy())
def test_every_tune_reads_back(parts: list[Part]) -> None:
    melody = melody_of(parts)
    if melody.notes:
        (voice,) = split_tunes(write_abc(melody))[0].voices().values()
        assert same(voice, melody)


@pytest.mark.parametrize("name", ["jig", "polka", "reel", "waltz"])
def test_an_example_goes_from_midi_to_abc(name: str, tmp_path: Path) -> None:
    tune = read(EXAMPLES / f"{name}.mid")
    again = read(tune.write(tmp_path / "out.abc"))
    assert same(again.melody, tune.melody)
    assert (again.melody.title, again.melody.key) == (tune.melody.title, tune.melody.key)


def test_a_tune_without_a_file_of_its_own(tmp_path: Path) -> None:
    melody = Melody((Note(Q(0), Q(1, 3), 69), Note(Q(1, 3), Q(2, 3), 71)), bars(1, Meter(4, 4)))
    path = Tune(tmp_path / "x.mid", melody).write(tmp_path / "x.abc")
    assert path.read_text().splitlines()[-1] == "(3:2:2AB2 z6|]"
