"""The way from one tune to another: exact ends, values that go one way, legal measures, documented pairs.

All is counted afresh from the notes of the tunes, in plain Python. The model is small and was never trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arvae_music import read
from arvae_music.control import Model
from arvae_music.control.pairing import partners, transposition
from arvae_music.errors import ArvaeError, UsageError
from arvae_music.formats.tune import Tune
from arvae_music.measures import measures
from arvae_music.melody import Melody
from arvae_music.training.checkpoint import Checkpoint
from tests.control.conftest import METERS, STD
from tests.control.oracle import COMPLEXITY, Reach, divisions, values
from tests.music import BEATS, Part, melody_of, part_strategy, places, row

HOLD, REST = -2, -3
LOW = Part("4/4", 0, 24, {0: 60, 6: 62, 12: 64, 18: 65})
HIGH = Part("4/4", 0, 24, {0: 72, 3: 71, 6: 69, 9: 67, 12: 65, 15: 64, 18: 62, 21: 60})
LONG = Part("4/4", 0, 24, {0: 67})
WALTZ = Part("3/4", 0, 18, {0: 60, 6: 64, 12: 67})


@pytest.fixture(scope="module")
def model(checkpoint: Checkpoint) -> Model:
    return Model("small", checkpoint, beam=4)


def tune_of(*parts: Part, name: str = "a") -> Tune:
    return Tune(Path(f"{name}.abc"), melody_of(parts))


def tokens_of(melody: Melody, bar: int, meter: str) -> list[int]:
    """The tokens of a whole bar, by its notes alone."""
    start, end = melody.bars[bar].start, melody.bars[bar].end
    found = [HOLD] * (6 * BEATS[meter][1])
    inside = [note for note in melody.notes if note.onset < end and note.onset + note.duration > start]
    ends = {note.onset + note.duration for note in inside if note.onset + note.duration < end}
    for time in ends:
        found[places(meter).index(time - start)] = REST
    for note in inside:
        if note.onset >= start:
            found[places(meter).index(note.onset - start)] = note.pitch
    if not any(note.onset <= start for note in inside):
        found[0] = REST
    return found


def assert_legal(meter: str, tokens: Sequence[int], *, tied: bool) -> None:
    """One subdivision to the beat, no rest in a silence, and the first tick says what there is."""
    events = [tick for tick, token in enumerate(tokens) if token != HOLD]
    for beat in range(BEATS[meter][1]):
        here = {tick % 6 for tick in events if tick // 6 == beat}
        assert any(here <= set(division) for division in divisions(meter))
    assert tied == (tokens[0] == HOLD)
    assert all(REST not in pair or pair[0] != pair[1] for pair in pairwise(tokens))
    assert all(token in (HOLD, REST) or 48 <= token <= 95 for token in tokens)


def test_the_ends_are_the_tunes_themselves(model: Model) -> None:
    a, b = tune_of(LOW, HIGH), tune_of(HIGH, LONG, name="b")
    way = model.morph(a, b, 5)
    assert [step.stands_in for step in way.report.steps] == ["A", "A", "A", "B", "B"]
    assert [step.share for step in way.report.steps] == [0, 0.25, 0.5, 0.75, 1]
    first, last = way.tunes[0].melody, way.tunes[-1].melody
    assert tokens_of(first, 0, "4/4") == row("4/4", {0: 60, 6: 62, 12: 64, 18: 65}).tolist()
    assert tokens_of(last, 1, "4/4") == row("4/4", {0: 67}).tolist()
    assert (first, last) == (a.melody, b.melody)
    ends = way.report.steps[0].measures, way.report.steps[-1].measures
    assert [(one.from_a, one.status) for one in ends[0]] == [(24, "exact")] * 2
    assert [(one.from_b, one.status) for one in ends[1]] == [(24, "exact")] * 2
    # LOW and HIGH share ticks that hold: 24 less the 8 of HIGH's notes; LONG and HIGH 16, too.
    assert [one.from_b for one in ends[0]] == [16, 16]


def test_whole_numbers_are_rounded_on_the_line(model: Model) -> None:
    # From 4 notes to 8, from a range of 5 semitones to 12, from a contour of 5 to -12.
    way = model.morph(tune_of(LOW), tune_of(HIGH, name="b"), 5)
    asked = [step.measures[0].requested for step in way.report.steps]
    assert [one["note_density"] for one in asked] == [4, 5, 6, 7, 8]
    assert [one["pitch_range"] for one in asked] == [5, 7, 9, 10, 12]  # 6.75, 8.5 (from A: +3.5 is 4), 10.25
    assert [one["contour"] for one in asked] == [5, 1, -3, -8, -12]  # 0.75, -3.5 (from A: -8.5 is -8), -7.75
    assert {step.measures[0].status for step in way.report.steps} == {"exact"}
    for tune, one in zip(way.tunes, asked, strict=True):
        found = values("4/4", tokens_of(tune.melody, 0, "4/4"))
        assert all(abs(found[name] - value) <= (name == COMPLEXITY) * 0.0101 for name, value in one.items())


@cache
def all_pitches(tie_out: int | None, count: int) -> set[tuple[int, int]]:
    return Reach("4/4", tuple(range(48)), tie_out=tie_out).pitches(count)


class Can(Reach):
    """What a measure of any of the model's pitches can have, with the slow part done once."""

    def pitches(self, count: int) -> set[tuple[int, int]]:
        return all_pitches(self.tie_out, count)


@st.composite
def bars_strategy(draw: st.DrawFn, meter: str, pitches: st.SearchStrategy[int]) -> list[Part]:
    """One to five bars, most of them in a meter, some tied to the next."""
    parts: list[Part] = []
    for _ in range(draw(st.integers(1, 5))):
        here = draw(st.sampled_from((meter, meter, meter, *METERS)))
        tied = draw(st.booleans())
        tie = parts[-1].sounding if parts and tied else None
        if parts and parts[-1].meter == here and not draw(st.integers(0, 3)) and parts[-1].tie_in is None:
            parts.append(parts[-1])
        else:
            parts.append(draw(part_strategy(here, pitches, tie_in=tie)))
    return parts


@settings(max_examples=60)
@given(data=st.data(), steps=st.integers(2, 6), seed=st.integers(0, 5))
def test_every_measure_is_legal_and_goes_one_way(
    model: Model, data: st.DataObject, steps: int, seed: int
) -> None:
    meter = data.draw(st.sampled_from(METERS))
    a = tune_of(*data.draw(bars_strategy(meter, st.integers(55, 84))))
    b = tune_of(*data.draw(bars_strategy(meter, st.integers(50, 79))), name="b")
    try:
        way = model.morph(a, b, steps, seed=seed)
    except ArvaeError:
        meters = [[str(bar.meter) for bar in tune.melody.bars] for tune in (a, b)]
        pairs = partners(range(len(meters[0])), range(len(meters[1])))
        assert all(meters[0][i] != meters[1][j] for i, j in pairs.items())
        return
    assert (way.tunes[0].melody, way.tunes[-1].melody) == (a.melody, b.melody)
    lives: dict[tuple[int, int], list[dict[str, float]]] = {}
    for tune, step in zip(way.tunes, way.report.steps, strict=True):
        rows = measures((a if step.stands_in == "A" else b).melody)
        assert len(rows) == len(step.measures)
        for bar, (one, own) in enumerate(zip(step.measures, rows, strict=True)):
            found = tokens_of(tune.melody, bar, one.meter)
            if one.status in ("unchanged", "skipped"):
                assert found == tokens_of((a if step.stands_in == "A" else b).melody, bar, one.meter)
                assert one.reason
                continue
            assert one.a is not None
            assert one.b is not None
            assert_legal(one.meter, found, tied=own.tie_in is not None)
            counted = values(one.meter, found)
            assert counted == pytest.approx(dict(one.after))
            first, last = (None if pitch is None else pitch - 48 for pitch in (own.tie_in, own.tie_out))
            possible = Can(one.meter, (), first, last).least(dict(one.requested), STD) < 1e-9
            assert (one.status == "exact") == possible
            lives.setdefault((one.a, one.b), []).append(counted)
    for life in lives.values():
        for name in life[0]:
            slack = 0.0101 if name == COMPLEXITY else 0
            line = [one[name] for one in life]
            up = line[-1] >= line[0]
            for before, after in pairwise(line):
                assert after - before >= -slack if up else after - before <= slack


def test_the_seed_decides(model: Model) -> None:
    a, b = tune_of(LOW, HIGH, LONG), tune_of(HIGH, LOW, LOW, name="b")
    again = [model.morph(a, b, 4, seed=3) for _ in range(2)]
    assert again[0] == again[1]
    others = [model.morph(a, b, 6, seed=seed).tunes for seed in range(6)]
    assert any(one != others[0] for one in others)


def test_measures_that_are_alike_stay_alike(model: Model) -> None:
    way = model.morph(tune_of(LOW, LOW, HIGH), tune_of(HIGH, HIGH, LOW, name="b"), 4)
    for tune in way.tunes:
        assert tokens_of(tune.melody, 0, "4/4") == tokens_of(tune.melody, 1, "4/4")


def test_of_two_and_four_measures_each_goes_with_two(model: Model) -> None:
    way = model.morph(tune_of(LOW, HIGH), tune_of(LONG, LOW, HIGH, LONG, name="b"), 4)
    assert [len(tune.melody.bars) for tune in way.tunes] == [2, 2, 4, 4]
    pairs = [[(one.a, one.b) for one in step.measures] for step in way.report.steps]
    assert pairs[1] == [(1, 1), (2, 3)]
    assert pairs[2] == [(1, 1), (1, 2), (2, 3), (2, 4)]


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [
        (3, 3, [0, 1, 2]),
        (4, 2, [0, 0, 1, 1]),
        (2, 4, [0, 2]),
        (5, 3, [0, 0, 1, 2, 2]),  # middles at .1 .3 .5 .7 .9 of the tune: 0.3, 0.9, 1.5, 2.1, 2.7
        (3, 5, [0, 2, 3]),  # the first of each
        (2, 0, []),
    ],
)
def test_pairs(own: int, other: int, expected: list[int]) -> None:
    assert list(partners(range(own), range(other)).values()) == expected


def test_a_pickup_has_no_place_in_the_count(model: Model) -> None:
    pickup = Part("4/4", 18, 24, {18: 67})
    a = Tune(Path("a.abc"), melody_of([pickup, LOW, HIGH], 0))
    way = model.morph(a, tune_of(HIGH, LONG, name="b"), 4)
    rows = way.report.steps[1].measures
    assert [(one.index, one.a, one.b) for one in rows] == [(0, None, None), (1, 1, 1), (2, 2, 2)]
    assert rows[0].status == "skipped"
    assert rows[0].reason == "incomplete: 1 of 4 quarter notes"
    assert way.tunes[1].melody.notes[0] == a.melody.notes[0]


def test_a_joined_measure_keeps_its_join(model: Model) -> None:
    # A quarter's pickup, a bar, and three quarters that it completes; no note sounds across.
    pickup, end = Part("4/4", 18, 24, {18: 67, 21: 69}), Part("4/4", 0, 18, {0: 60, 6: 62, 12: 64})
    a = Tune(Path("a.abc"), melody_of([pickup, LOW, end], 0))
    way = model.morph(a, tune_of(HIGH, LONG, name="b"), 6)
    for step, tune in zip(way.report.steps[1:3], way.tunes[1:3], strict=True):
        assert [(one.index, one.joined, one.a, one.b) for one in step.measures] == [
            (1, None, 1, 1),
            (2, 0, 2, 2),
        ]
        first, _, last = tune.melody.bars
        assert all(note.end <= first.end or note.onset >= first.end for note in tune.melody.notes)
        here = [
            note for bar in (last, first) for note in tune.melody.notes if bar.start <= note.onset < bar.end
        ]
        assert len(here) == step.measures[1].after["note_density"]
    # From 5 notes to 1: 4.2 and 3.4.
    assert [step.measures[1].requested["note_density"] for step in way.report.steps[:3]] == [5, 4, 3]


def test_a_pair_in_two_meters_stays_as_it_is(model: Model) -> None:
    way = model.morph(tune_of(LOW, WALTZ, LOW), tune_of(HIGH, HIGH, LONG, name="b"), 4)
    one, other = way.report.steps[1].measures[1], way.report.steps[2].measures[1]
    assert (one.status, one.reason, one.b) == ("unchanged", "measure 2 of B is in 4/4", None)
    assert (other.status, other.reason, other.a) == ("unchanged", "measure 2 of A is in 3/4", None)
    assert tokens_of(way.tunes[1].melody, 1, "3/4") == row("3/4", WALTZ.events).tolist()[:18]


def test_tunes_in_different_meters_are_refused(model: Model) -> None:
    line = "a.abc and b.abc: A is in 4/4, B in 3/4: take tunes in one meter"
    with pytest.raises(ArvaeError, match=f"^{line}$"):
        model.morph(tune_of(LOW, HIGH), tune_of(WALTZ, name="b"), 4)
    nine = Part("9/8", 0, 18, {0: 60, 6: 64, 12: 67})
    with pytest.raises(ArvaeError, match="the model small was not trained on 9/8"):
        model.morph(tune_of(nine), tune_of(nine, name="b"), 4)


def test_wrong_calls(model: Model) -> None:
    a = tune_of(LOW)
    with pytest.raises(UsageError, match="1 steps: give 2 to 1000"):
        model.morph(a, a, 1)
    with pytest.raises(UsageError, match="strength 2: give a number from 0"):
        model.morph(a, a, 3, strength=2)
    with pytest.raises(UsageError, match=r"'b\.mid' is not a tune"):
        model.morph(a, "b.mid", 3)  # type: ignore[arg-type]


SCALE = (60, 62, 64, 65, 67, 69, 71, 72, 71, 69, 67, 65, 64, 62, 60, 60)


def scale(shift: int, degree: int = 0) -> Melody:
    """C major up and down from one of its notes (as long as it is), moved."""
    pitches = SCALE[degree:7] + SCALE[:degree] + (SCALE[degree],) * 4
    parts = [
        Part("4/4", 0, 24, {tick: pitch + shift for tick, pitch in zip((0, 6, 12, 18), some, strict=False)})
        for some in (pitches[:4], pitches[4:8], pitches[8:])
    ]
    return melody_of(parts)


@pytest.mark.parametrize(
    ("b", "semitones"),
    [
        (scale(0), 0),
        (scale(7), 0),  # G major shares all but F with C major
        (scale(5), 0),
        (scale(0, 1), 0),  # D dorian shares all
        (scale(2), -2),
        (scale(-3), 3),
        (scale(4), -4),
        (scale(14), -2),
    ],
)
def test_far_keys_are_brought_together(b: Melody, semitones: int) -> None:
    assert transposition(scale(0), b) == semitones


def test_each_half_is_in_the_key_of_its_file(model: Model) -> None:
    # And measures that are the same in both are the same all the way.
    # The same tune in C and in E: no notes but those of C major, then no notes but those of E major.
    a, b = Tune(Path("a.abc"), scale(0)), Tune(Path("b.abc"), scale(4))
    way = model.morph(a, b, 6)
    for step, tune in zip(way.report.steps, way.tunes, strict=True):
        moved = 0 if step.stands_in == "A" else 4
        assert tune.melody.notes == a.melody.transposed(moved).notes
        assert (step.from_a, step.from_b) == (1, 1)
    assert way.report.transposition == -4
    assert [notice.code for notice in way.report.notices] == ["transposition"]


def test_tunes_outside_the_models_pitches_meet_octaves_away(model: Model) -> None:
    low = Tune(Path("a.abc"), melody_of([LOW, HIGH]).transposed(-24))
    high = Tune(Path("b.abc"), melody_of([HIGH, LOW]).transposed(36))
    way = model.morph(low, high, 4)
    # The first is worked on one octave up, the last two down, in the model's 48 to 95.
    assert all(36 <= note.pitch <= 83 for note in way.tunes[1].melody.notes)
    assert all(72 <= note.pitch <= 119 for note in way.tunes[2].melody.notes)
    assert {one.status for step in way.report.steps for one in step.measures} <= {"exact", "nearest"}


def test_written_all_or_none(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a = read(Path(__file__).parents[2] / "data" / "examples" / "reel.abc")
    b = replace(a, melody=a.melody.transposed(12))
    way = model.morph(a, b, 3)
    folder = tmp_path / "way"
    report = way.write(folder)
    names = [folder / f"0{k}.abc" for k in (1, 2, 3)]
    assert [step.output for step in report.steps] == [str(name) for name in names]
    assert sorted(folder.iterdir()) == names
    assert [read(name).melody.notes for name in names] == [tune.melody.notes for tune in way.tunes]
    with pytest.raises(UsageError, match="has files in it: give another name, or --force"):
        way.write(folder)
    before = [name.read_text() for name in names]
    written, count = Tune.write, 0

    def fails(tune: Tune, path: Path, force: bool = False) -> Path:
        nonlocal count
        count += 1
        if count % 3 == 0:
            raise OSError(28, "No space left on device")
        return written(tune, path, force)

    monkeypatch.setattr(Tune, "write", fails)
    with pytest.raises(ArvaeError, match=r"cannot write .*other: No space left"):
        way.write(tmp_path / "other")
    with pytest.raises(ArvaeError, match="cannot write"):
        way.write(folder, "mid", force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["way"]
    assert [name.read_text() for name in sorted(folder.iterdir())] == before


def test_the_report_for_programs(model: Model) -> None:
    found = model.morph(tune_of(LOW), tune_of(HIGH, name="b"), 3, seed=2).report.as_json()
    assert (found["a"], found["b"], found["model"], found["seed"]) == ("a.abc", "b.abc", "small", 2)
    assert (found["strength"], found["transposition"], found["notices"]) == (0.5, 0, [])
    step = found["steps"][0]
    assert (step["number"], step["of"], step["share"], step["output"], step["stands_in"]) == (
        1,
        3,
        0,
        None,
        "A",
    )
    # 4 notes on the beats of 4/4: weights 0.2, 0.67, 0.25 and 0.67 of 27.79.
    assert step["attributes"] == {
        "rhythmic_complexity": 0.0644,
        "pitch_range": 5,
        "note_density": 4,
        "contour": 5,
    }
    assert (step["from_a"], step["from_b"]) == (1, round(16 / 24, 4))
    assert step["summary"] == {"measures": 1, "exact": 1, "nearest": 0, "unchanged": 0, "skipped": 0}
