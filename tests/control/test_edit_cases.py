"""Edits of small tunes by hand: statuses, reasons, notices, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from arvae_music.attributes import resolve
from arvae_music.control import Edit, Model, Request, by, read_requests, to
from arvae_music.errors import ArvaeError, UsageError
from arvae_music.formats.tune import Notice, Tune
from arvae_music.melody import Bar, Melody, Note
from arvae_music.meter import Meter
from arvae_music.training.checkpoint import Checkpoint
from tests.music import REST, Part, melody_of

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)
RUN = Part("4/4", 0, 24, {3 * i: pitch for i, pitch in enumerate(SCALE)})
"""Eight eighths of C major: density 8, range 12, contour 12."""

EMPTY = Part("4/4", 0, 24, {0: REST})
ONE = Part("4/4", 0, 24, {0: 64})
THREE = Part("4/4", 0, 24, {0: 60, 6: 67, 12: 64})


@pytest.fixture(scope="module")
def model(checkpoint: Checkpoint) -> Model:
    return Model("small", checkpoint)


def tune(*parts: Part, first_number: int = 1) -> Tune:
    return Tune(Path("hand.mid"), melody_of(parts, first_number))


def told(edit: Edit) -> list[tuple[str, str | None]]:
    return [(row.status, row.reason) for row in edit.report.measures]


def notices(edit: Edit, code: str) -> list[Notice]:
    return [notice for notice in edit.report.notices if notice.code == code]


def counts(edit: Edit) -> list[int]:
    """Notes that start in each bar."""
    melody = edit.tune.melody
    return [sum(bar.start <= note.onset < bar.end for note in melody.notes) for bar in melody.bars]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"density": "+2"}, [10, 5]),
        ({"density": by(-2)}, [6, 1]),
        ({"density": "4"}, [4, 4]),
        ({"density": to(4)}, [4, 4]),
        ({"note_density": "+1sd"}, [10, 5]),  # 2.1 steps: 2
    ],
)
def test_density(model: Model, changes: dict[str, Any], expected: list[int]) -> None:
    edit = model.edit(tune(RUN, THREE), **changes)
    assert counts(edit) == expected
    assert told(edit) == [("exact", None)] * 2
    assert edit.report.summary == {"measures": 2, "exact": 2, "nearest": 0, "unchanged": 0, "skipped": 0}


def test_two_halves_are_edited_as_four_quarters(model: Model) -> None:
    melody = Melody(
        tuple(Note(Fraction(i, 2), Fraction(1, 2), 60 + i) for i in range(8)),
        (Bar(1, Fraction(0), Fraction(4), Meter(2, 2)),),
    )
    edit = model.edit(Tune(Path("reel.abc"), melody), density="+2", contour="=-5")
    pitches = [note.pitch for note in edit.tune.melody.notes]
    assert len(pitches) == 10
    assert pitches[-1] - pitches[0] == -5
    assert edit.report.measures[0].meter == "2/2"


def test_empty_and_sparse_measures(model: Model) -> None:
    source = tune(EMPTY, ONE, THREE)
    for name in ("contour", "range"):
        change: dict[str, Any] = {name: "+2"}
        edit = model.edit(source, **change)
        assert told(edit)[:2] == [("unchanged", "empty"), ("unchanged", "fewer than two notes")]
        assert told(edit)[2][0] == "exact"
    for edit in (model.edit(source, density="+1"), model.edit(source, complexity="+0.1")):
        assert told(edit)[0] == ("unchanged", "empty")
        assert told(edit)[1][0] == "exact"
    # Absolute requests fill.
    assert counts(model.edit(source, density="2")) == [2, 2, 2]
    filled = model.edit(source, contour="=4")
    assert [row.after["contour"] for row in filled.report.measures] == [4, 4, 4]


def test_absolute_requests_may_empty(model: Model) -> None:
    edit = model.edit(tune(EMPTY, ONE, THREE), density="0")
    assert counts(edit) == [0, 0, 0]
    assert told(edit) == [("exact", None)] * 3
    assert edit.report.measures[0].ticks_changed == 0
    assert not edit.tune.melody.notes


def test_relative_requests_leave_one_note(model: Model) -> None:
    edit = model.edit(tune(THREE), density="-5")
    assert counts(edit) == [1]
    ((status, reason),) = told(edit)
    assert (status, reason) == ("nearest", "a change never empties a measure: one note is the least")
    # Beside an absolute request, too.
    edit = model.edit(tune(THREE), density="-5", range="0")
    assert counts(edit) == [1]


def test_a_request_that_does_not_concern_a_measure_is_named(model: Model) -> None:
    edit = model.edit(tune(ONE, THREE), density="+1", contour="+2")
    assert counts(edit) == [2, 4]
    (first, reason), second = told(edit)
    assert first == "exact"
    assert reason == "contour left out: fewer than two notes"
    assert second == ("exact", None)
    assert edit.report.measures[0].requested == {"note_density": 2}


@pytest.mark.parametrize(
    ("meter", "most"),
    # In quarter and eighth beats the four sixteenths are the most that one beat holds; six in dotted ones.
    [("4/4", 16), ("3/4", 12), ("2/4", 16), ("6/8", 12), ("12/8", 24)],
)
def test_more_notes_than_a_measure_holds(model: Model, meter: str, most: int) -> None:
    edit = model.edit(tune(Part(meter, 0, 6 * most // (4 if meter[-1] == "4" else 6), {0: 60})), density="30")
    assert counts(edit) == [most]
    assert told(edit) == [("nearest", f"no measure of {meter} has density 30; the nearest is density {most}")]


@pytest.mark.parametrize(
    ("name", "change"), [("complexity", "1"), ("range", "60"), ("contour", "60"), ("contour", "=-60")]
)
def test_a_reason_names_the_nearest_that_the_measure_has_now(model: Model, name: str, change: str) -> None:
    (row,) = model.edit(tune(RUN), *read_requests([(name, change)])).report.measures
    (value,) = (row.after[attribute] for attribute in row.requested)
    assert row.status == "nearest"
    assert str(row.reason).endswith(f"; the nearest is {name} {value:.3g}")


def test_requests_that_collide_are_named(model: Model) -> None:
    edit = model.edit(tune(RUN), complexity="+0", range="2", density="+0", contour="5")
    ((status, reason),) = told(edit)
    assert status == "nearest"
    assert str(reason).startswith("range 2 and contour 5 cannot be had together")
    (notice,) = notices(edit, "nearest")
    assert (notice.text, notice.measure) == (reason, 1)
    edit = model.edit(tune(RUN), density="2", range="7", contour="3")
    assert "density 2 and range 7 and contour 3" in str(told(edit)[0][1])
    edit = model.edit(tune(RUN), density="1", contour="3", range="0")
    assert str(told(edit)[0][1]).startswith("density 1 and contour 3 cannot")


def test_ties_are_hard(model: Model) -> None:
    held = Part("4/4", 0, 24, {}, tie_in=67)
    source = tune(Part("4/4", 0, 24, {0: 60, 12: 67}), held, Part("4/4", 0, 24, {6: 60}, tie_in=67))
    edit = model.edit(source, density="0")
    # The first measure must begin the note that is tied on; the others can do without any of their own.
    assert counts(edit) == [1, 0, 0]
    (status, reason), second, third = told(edit)
    assert status == "nearest"
    assert str(reason).startswith("tie: density 0 cannot be had")
    assert str(reason).endswith("; the nearest is density 1")
    assert (second, third) == (("exact", None), ("exact", None))
    assert [note.pitch for note in edit.tune.melody.notes] == [67]
    more = model.edit(source, density="+3", contour="-2")
    assert counts(more)[0] == 5
    assert told(more)[1] == ("unchanged", "empty")
    tied = [note for note in more.tune.melody.notes if note.onset < 4 < note.end]
    assert [note.pitch for note in tied] == [67]


def test_strict_refuses_what_is_only_near_and_nothing_else(model: Model) -> None:
    with pytest.raises(ArvaeError, match=r"hand\.mid: cannot be exact in measures 1, 3") as caught:
        model.edit(tune(RUN, EMPTY, RUN), strict=True, range="2", contour="5", measures=[1, 3])
    assert "\n" not in str(caught.value)
    edit = model.edit(tune(RUN, EMPTY, Part("9/8", 0, 18, {0: 60})), strict=True, density="+1")
    assert [status for status, _ in told(edit)] == ["exact", "unchanged", "skipped"]


def test_selection_by_number_and_by_either_number_of_a_joined_measure(model: Model) -> None:
    strain = (
        Part("4/4", 18, 24, {18: 67}),
        RUN,
        THREE,
        Part("4/4", 0, 18, {0: 60, 12: 64}),
    )
    source = tune(*strain, first_number=0)
    for number in (0, 3):
        edit = model.edit(source, density="+1", measures=[number])
        assert [status for status, _ in told(edit)] == ["unchanged", "unchanged", "exact"]
        joined = edit.report.measures[2]
        assert (joined.index, joined.joined) == (3, 0)
        assert sum(counts(edit)[i] for i in (0, 3)) == 4
        assert counts(edit)[1:3] == [8, 3]
    assert [row.reason for row in model.edit(source, density="+1", measures=[2]).report.measures] == [
        "not selected",
        None,
        "not selected",
    ]


@pytest.mark.parametrize("wrong", [[4], [1, 99], [-1]])
def test_a_measure_that_is_not_there(model: Model, wrong: list[int]) -> None:
    with pytest.raises(UsageError, match=r"no measure -?\d+: the tune has measures 1 to 3"):
        model.edit(tune(RUN, ONE, THREE), density="+1", measures=wrong)


def test_what_cannot_be_read_is_skipped_with_its_reason(model: Model) -> None:
    strange = Part("9/8", 0, 18, {0: 60})
    melody = melody_of([RUN, strange])
    start = melody.bars[-1].end
    bars = (
        *melody.bars,
        Bar(3, start, Fraction(5), Meter(5, 4)),
        Bar(4, start + 5, Fraction(3), Meter(4, 4)),
        Bar(5, start + 8, Fraction(4), Meter(4, 4), problem="chords"),
    )
    source = Tune(Path("odd.mid"), Melody(melody.notes, bars))
    edit = model.edit(source, density="+1")
    assert [(status, str(reason)) for status, reason in told(edit)[1:]] == [
        ("skipped", "the model small was not trained on 9/8"),
        ("skipped", "meter 5/4 is not supported"),
        ("skipped", "incomplete: 3 of 4 quarter notes"),
        ("skipped", "chords"),
    ]


def test_a_tune_outside_the_models_range_is_moved_and_put_back(model: Model) -> None:
    low = Tune(Path("low.mid"), melody_of([RUN, THREE]).transposed(-36))
    edit = model.edit(low, density="+2")
    assert told(edit) == [("exact", None)] * 2
    (notice,) = notices(edit, "octave")
    assert "2 octaves up" in notice.text  # 24 to 36 become 48 to 60
    assert {note.pitch % 12 for note in edit.tune.melody.notes} <= {pitch % 12 for pitch in SCALE}
    assert all(24 <= note.pitch <= 71 for note in edit.tune.melody.notes)
    # Where no octave brings all of it in, the measures outside are passed over.
    wide = Tune(Path("wide.mid"), melody_of([RUN, Part("4/4", 0, 24, {0: 110})]))
    edit = model.edit(wide, density="+2")
    assert [status for status, _ in told(edit)] == ["exact", "skipped"]
    assert "pitches outside 48 to 95" in str(told(edit)[1][1])


def test_pitches_from_outside_the_tune_only_where_needed_and_told(model: Model) -> None:
    # All C: a contour of 12 is had with C alone, of 3 is not.
    source = tune(Part("4/4", 0, 24, {0: 60, 6: 72, 12: 60}))
    edit = model.edit(source, contour="=12", density="+2")
    assert not notices(edit, "chromatic")
    assert {note.pitch % 12 for note in edit.tune.melody.notes} == {0}
    edit = model.edit(source, contour="=3")
    (notice,) = notices(edit, "chromatic")
    assert notice.measure == 1
    assert told(edit) == [("exact", None)]
    strange = {note.pitch for note in edit.tune.melody.notes if note.pitch % 12}
    assert len(strange) >= 1
    free = model.edit(source, density="+6", chromatic=True)
    assert not notices(free, "chromatic")


def test_a_silent_tune_can_be_filled(model: Model) -> None:
    edit = model.edit(tune(EMPTY, EMPTY), density="4", contour="=-7")
    assert counts(edit) == [4, 4]
    assert told(edit) == [("exact", None)] * 2


def test_more_measures_than_are_searched_at_once(model: Model) -> None:
    parts = [Part("4/4", 0, 24, {0: 60 + i % 12, 6: 60 + i // 12, 12: 64}) for i in range(70)]
    edit = model.edit(tune(*parts), density="+1", contour="-1")
    assert counts(edit) == [4] * 70
    assert edit.report.summary["exact"] == 70


def test_what_holds_already_stays_as_it_is(model: Model) -> None:
    source = tune(RUN, THREE, EMPTY)
    edit = model.edit(source, density="+0")
    assert edit.tune.melody == source.melody
    assert [status for status, _ in told(edit)] == ["exact", "exact", "unchanged"]
    edit = model.edit(source, density="8", measures=[1])
    assert edit.tune.melody == source.melody


def test_the_same_edit_twice_is_the_same(model: Model) -> None:
    source = tune(RUN, THREE, RUN, ONE)
    one, two = (model.edit(source, density="+2", contour="-3", seed=7) for _ in range(2))
    assert one.tune.melody == two.tune.melody
    assert one.report == two.report
    assert one.report.seed == 7


def test_the_same_measure_in_another_place_gets_the_same_edit(model: Model) -> None:
    # Other neighbours: the scale stands between different measures.
    edit = model.edit(tune(RUN, THREE, RUN, ONE, RUN), density="+3", range="-2")
    melody = edit.tune.melody

    def notes(bar: Bar) -> list[tuple[Fraction, Fraction, int]]:
        return [
            (note.onset - bar.start, note.duration, note.pitch)
            for note in melody.notes
            if bar.start <= note.onset < bar.end
        ]

    assert notes(melody.bars[0]) == notes(melody.bars[2]) == notes(melody.bars[4])


def test_the_report_as_json(model: Model) -> None:
    report = model.edit(tune(RUN, EMPTY), density="+2", complexity="+0.1").report.as_json()
    assert set(report) == {
        *("source", "output", "model", "seed", "requests", "holds", "lock", "step", "strength"),
        *("measures", "notices", "summary"),
    }
    assert (report["holds"], report["lock"], report["step"]) == ([], None, None)
    assert (report["source"], report["output"], report["model"]) == ("hand.mid", None, "small")
    assert [request["attribute"] for request in report["requests"]] == ["note_density", "rhythmic_complexity"]
    first, second = report["measures"]
    # The scale's complexity is 3.79 / 27.79.
    assert first["before"] == {
        "rhythmic_complexity": 0.1364,
        "pitch_range": 12,
        "note_density": 8,
        "contour": 12,
    }
    assert first["requested"] == {"note_density": 10, "rhythmic_complexity": 0.2364}
    assert first["after"]["note_density"] == 10
    assert first["after"]["rhythmic_complexity"] == pytest.approx(0.2364, abs=0.0101)
    assert (first["index"], first["joined"], first["meter"], first["ticks"]) == (1, None, "4/4", 24)
    assert (second["status"], second["reason"], second["requested"]) == ("unchanged", "empty", {})
    assert report["summary"] == {"measures": 2, "exact": 1, "nearest": 0, "unchanged": 1, "skipped": 0}


def test_wrong_requests(model: Model) -> None:
    source = tune(RUN)
    density = Request(resolve("density"), by(2))
    with pytest.raises(UsageError, match="there is no attribute 'speed'"):
        model.edit(source, speed="+2")
    with pytest.raises(UsageError, match="nothing is asked for"):
        model.edit(source)
    with pytest.raises(UsageError, match="twice"):
        model.edit(source, density, density)
    with pytest.raises(UsageError, match="twice"):
        model.edit(source, density, note_density="+1")
    assert counts(model.edit(source, density)) == [10]


def test_a_tune_without_notes_or_bars(model: Model) -> None:
    edit = model.edit(Tune(Path("empty.mid"), Melody((), ())), density="+2")
    assert edit.report.summary["measures"] == 0
    with pytest.raises(UsageError, match="no measures"):
        model.edit(Tune(Path("empty.mid"), Melody((), ())), density="+2", measures=[1])
    with pytest.raises(ArvaeError, match="no measure that the model small can read"):
        model.encode(Tune(Path("empty.mid"), Melody((), ())))


def test_a_note_tied_from_outside_the_models_range_is_no_crash(model: Model) -> None:
    # The first measure is out of the range whatever the octave; its last note is tied on.
    parts = [Part("4/4", 0, 24, {0: 20, 6: 110}), Part("4/4", 0, 24, {6: 60}, tie_in=110), RUN]
    source = tune(*parts)
    edit = model.edit(source, density="+1")
    assert [status for status, _ in told(edit)] == ["skipped", "skipped", "exact"]
    back = model.reconstruct(source)
    assert (back.count, back.skipped) == (1, 2)
