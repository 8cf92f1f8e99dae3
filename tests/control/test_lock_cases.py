"""Locks, holds and steps of small tunes by hand: reasons, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arvae_music.control import Edit, Model
from arvae_music.errors import ArvaeError, UsageError
from arvae_music.formats.tune import Tune
from arvae_music.measures import measures
from arvae_music.training.checkpoint import Checkpoint
from tests.music import REST, Part, melody_of

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)
RUN = Part("4/4", 0, 24, {3 * i: pitch for i, pitch in enumerate(SCALE)})
"""Eight eighths of C major: density 8, range 12, contour 12."""

ONE = Part("4/4", 0, 24, {0: 64})
EMPTY = Part("4/4", 0, 24, {0: REST})


@pytest.fixture(scope="module")
def model(checkpoint: Checkpoint) -> Model:
    return Model("small", checkpoint)


def tune(*parts: Part) -> Tune:
    return Tune(Path("hand.mid"), melody_of(parts))


def tokens(edit: Edit, row: int = 0) -> list[int]:
    found = measures(edit.tune.melody)[row].tokens
    assert found is not None
    return [int(token) for token in found]


def told(edit: Edit) -> list[tuple[str, str | None]]:
    return [(row.status, row.reason) for row in edit.report.measures]


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (
            {"density": "+2", "lock": "rhythm"},
            "lock: density 10 cannot be had with the rhythm locked; the nearest is density 8",
        ),
        (
            # A ninth note is nearer (1 / 2.1) than a range of 12 (8 / 3.3).
            {"range": "20", "lock": "pitch", "hold": "density"},
            "lock: range 20 and held density 8 cannot be had with the pitches locked; "
            "the nearest is density 9",
        ),
        (
            {"density": "2", "locked": {1: range(12)}},
            "lock: density 2 cannot be had with some ticks locked; the nearest is density 4",
        ),
        (
            # Eight eighths weigh 3.79; a ninth note at least 1 more.
            {"density": "+1", "hold": "complexity"},
            "density 9 and held complexity 0.136 cannot be had together in one measure of 4/4; "
            "the nearest is complexity 0.172",
        ),
        (
            {"contour": "+3", "hold": ("density", "range")},
            "contour 15 and held range 12 cannot be had together in one measure of 4/4; "
            "the nearest is contour 12",
        ),
    ],
)
def test_reasons(model: Model, ask: dict[str, Any], reason: str) -> None:
    edit = model.edit(tune(RUN), **ask)
    assert told(edit) == [("nearest", reason)]


def test_what_cannot_come_nearer_stays_as_it_is(model: Model) -> None:
    source = tune(RUN, ONE)
    edit = model.edit(source, density="+2", lock="rhythm")
    assert edit.tune.melody == source.melody
    edit = model.edit(source, contour="=20", hold="range", measures=[1])
    assert edit.tune.melody == source.melody


def test_notes_between_and_notes_left_out(model: Model) -> None:
    more = [token for token in tokens(model.edit(tune(RUN), density="+3", lock="pitch")) if token >= 0]
    assert len(more) == 11
    left = iter(more)
    assert all(pitch in left for pitch in SCALE)
    fewer = [token for token in tokens(model.edit(tune(RUN), density="-3", lock="pitch")) if token >= 0]
    assert len(fewer) == 5
    assert fewer == sorted(set(fewer) & set(SCALE))  # the scale rises, so does all that is left of it
    same = tokens(model.edit(tune(RUN), complexity="+0.1", hold="density", lock="pitch"))
    assert [token for token in same if token >= 0] == list(SCALE)


def test_nothing_goes_between_a_note_and_itself(model: Model) -> None:
    # Two notes of which one is an E cannot span a semitone and begin and end alike.
    edit = model.edit(tune(ONE), density="+1", range="1", hold="contour", lock="pitch")
    assert told(edit)[0][0] == "nearest"
    assert 64 in tokens(edit)


def test_locked_ticks_by_number_and_as_booleans(model: Model) -> None:
    source = tune(RUN, RUN)
    mask = np.zeros((2, 24), np.bool_)
    mask[1, :18] = True
    for locked in (mask, {2: range(18)}):
        edit = model.edit(source, density="+2", locked=locked)
        assert tokens(edit, 1)[:18] == tokens(Edit(source, edit.report, source), 1)[:18]
        assert [row.after["note_density"] for row in edit.report.measures] == [10, 10]
    unlocked = model.edit(source, density="+2")
    assert tokens(unlocked, 0) == tokens(unlocked, 1)


def test_a_held_attribute_stays_where_there_is_nothing(model: Model) -> None:
    edit = model.edit(tune(EMPTY), density="4", hold="range")
    assert told(edit) == [("exact", None)]
    assert len({token for token in tokens(edit) if token >= 0}) == 1


def test_steps_of_a_relative_and_of_an_absolute_request(model: Model) -> None:
    def densities(edits: list[Edit]) -> list[list[float]]:
        return [[row.after["note_density"] for row in edit.report.measures] for edit in edits]

    source = tune(RUN, ONE, EMPTY)
    # 5/4 and its multiples, rounded: 1, 2 (5/2 to the even), 4, 5.
    assert densities(model.steps(source, 4, density="+5")) == [[9, 2, 0], [10, 3, 0], [12, 5, 0], [13, 6, 0]]
    # From 8, 1 and 0 to 4.
    assert densities(model.steps(source, 2, density="4")) == [[6, 3, 2], [4, 4, 4]]
    (only,) = model.steps(source, 1, density="+2")
    assert only.tune.melody == model.edit(source, density="+2").tune.melody


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        ({"hold": "tempo"}, "there is no attribute 'tempo'"),
        ({"hold": ("range", "density")}, r"density is held and is to change \(density\+2\): choose one"),
        ({"lock": "tempo"}, "there is no lock 'tempo'"),
        ({"locked": {3: [0]}}, "there is no measure 3"),
        ({"locked": {1: [24]}}, "measure 1 has ticks 0 to 23, no 24"),
        ({"locked": np.zeros((3, 24), np.bool_)}, r"give booleans \[1, 24\]"),
        ({"locked": np.zeros((1, 24))}, "an array of float64"),
        ({"locked": {1: [0]}, "lock": "pitch"}, "not with lock='pitch'"),
    ],
)
def test_what_is_refused(model: Model, ask: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        model.edit(tune(RUN), density="+2", **ask)


def test_strict_and_too_few_steps(model: Model) -> None:
    with pytest.raises(ArvaeError, match="cannot be exact in measures 1 of step 1: lock: density 10"):
        model.steps(tune(RUN), 2, density="+4", lock="rhythm", strict=True)
    with pytest.raises(UsageError, match="0 steps"):
        model.steps(tune(RUN), 0, density="+4")


def test_a_file_name_is_not_a_tune(model: Model) -> None:
    wrong: Any = "jig.mid"
    for call in (lambda: model.edit(wrong, density="+1"), lambda: model.encode(wrong)):
        with pytest.raises(UsageError, match=r"'jig.mid' is not a tune: give what arvae_music.read"):
            call()


@pytest.mark.parametrize("strength", [-0.1, 1.01, float("nan")])
def test_a_strength_is_from_0_to_1(model: Model, strength: float) -> None:
    with pytest.raises(UsageError, match="give a number from 0"):
        model.edit(tune(RUN), density="+1", strength=strength)


def test_the_usual_strength_is_a_half(model: Model) -> None:
    usual = model.edit(tune(RUN), density="+1")
    assert tokens(usual) == tokens(model.edit(tune(RUN), density="+1", strength=0.5))
    assert (usual.report.strength, usual.report.as_json()["strength"]) == (0.5, 0.5)
