"""New tunes: what was asked for is in every measure, in the key, and the seed decides the rest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from arvae_music import attributes, read
from arvae_music.control.generate import MOST_MEASURES, Generation
from arvae_music.control.model import Model
from arvae_music.errors import ArvaeError, UsageError
from arvae_music.measures import measures
from arvae_music.model.prior import MeasurePrior
from arvae_music.training.checkpoint import Checkpoint

SCALES = {
    "D": ({2, 4, 6, 7, 9, 11, 1}, 2, {2, 6, 9}),
    "Em": ({4, 6, 7, 9, 11, 0, 2}, 4, {4, 7, 11}),
    "Edor": ({4, 6, 7, 9, 11, 1, 2}, 4, {4, 7, 11}),
    "Amix": ({9, 11, 1, 2, 4, 6, 7}, 9, {9, 1, 4}),
    "Bb": ({10, 0, 2, 3, 5, 7, 9}, 10, {10, 2, 5}),
    "Glyd": ({7, 9, 11, 1, 2, 4, 6}, 7, {7, 11, 2}),
}
"""Pitch classes of the scale, of the tonic, and of the tonic's triad, from a primer."""

TICKS = {"4/4": 24, "3/4": 18, "2/4": 24, "6/8": 12, "12/8": 24}

ASKED = {"density": st.integers(3, 8), "range": st.integers(3, 12), "contour": st.integers(-3, 3)}


@pytest.fixture(scope="session")
def composing(checkpoint: Checkpoint) -> Model:
    """A small model with a prior, never trained."""
    with torch.random.fork_rng():
        torch.manual_seed(4)
        prior = MeasurePrior(checkpoint.settings)
    prior.eval().requires_grad_(False)
    return Model("small", replace(checkpoint, prior=prior), beam=4)


def tokens_of(made: Generation) -> np.ndarray:
    rows = [row.tokens for row in measures(made.tune.melody)]
    assert all(row is not None for row in rows)
    return np.stack([row for row in rows if row is not None])


@settings(max_examples=25, deadline=None)
@given(
    count=st.integers(1, 5),
    meter=st.sampled_from(sorted(TICKS)),
    key=st.sampled_from(sorted(SCALES)),
    asked=st.fixed_dictionaries(
        {},
        optional={"density": st.integers(3, 8), "range": st.integers(3, 12), "contour": st.integers(-3, 3)},
    ),
    seed=st.integers(0, 2**31),
)
def test_every_measure_is_as_asked_and_the_tune_is_in_its_key(
    composing: Model, count: int, meter: str, key: str, asked: dict[str, int], seed: int
) -> None:
    changes = {name: f"={value}" for name, value in asked.items()}
    made = composing.generate(measures=count, meter=meter, key=key, seed=seed, **changes)
    scale, tonic, triad = SCALES[key]
    rows = tokens_of(made)
    assert len(rows) == count
    for tokens in rows:
        notes = tokens[tokens >= 0].tolist()
        assert notes
        assert {pitch % 12 for pitch in notes} <= scale
        if "density" in asked:
            assert len(notes) == asked["density"]
        if "range" in asked:
            assert max(notes) - min(notes) == asked["range"]
        if "contour" in asked:
            assert notes[-1] - notes[0] == asked["contour"]
    if not asked:  # else the request goes before the key
        assert rows[0][0] % 12 in triad
        last = made.tune.melody.notes[-1]
        assert last.pitch % 12 == tonic
        assert last.end == made.tune.melody.bars[-1].end
        assert not made.report.notices
    assert {row.status for row in made.report.measures} == {"exact"}
    for index, row in enumerate(made.report.measures):
        if row.repeats is not None:
            assert row.repeats <= index
            assert (rows[row.repeats - 1] == rows[index]).all()
        else:
            assert not any((rows[before] == rows[index]).all() for before in range(index))


def test_the_seed_decides(composing: Model) -> None:
    def made(seed: int) -> Generation:
        return composing.generate(measures=4, meter="6/8", key="G", seed=seed)

    assert made(1).tune.melody == made(1).tune.melody
    assert made(1).report == made(1).report
    assert made(1).tune.melody != made(2).tune.melody


def test_the_random_numbers_of_others_are_left_alone(composing: Model) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        first = composing.generate(measures=2, seed=1).tune.melody
        after = torch.rand(3)
        torch.manual_seed(5)
        assert torch.equal(torch.rand(3), after)
        assert composing.generate(measures=2, seed=1).tune.melody == first


@pytest.mark.parametrize("suffix", [".mid", ".abc", ".musicxml"])
def test_what_is_written_is_read_again(composing: Model, tmp_path: Path, suffix: str) -> None:
    made = composing.generate(measures=8, meter="6/8", key="Edor", seed=3, density="6")
    path = made.write(tmp_path / f"tune{suffix}")
    again = read(path, pickup=0) if suffix == ".mid" else read(path)
    assert again.melody.notes == made.tune.melody.notes
    assert [row.values["note_density"] for row in attributes(again)] == [6.0] * 8
    if suffix != ".mid":
        assert again.melody.key == "Edor"


def test_strains_of_eight_stand_between_repeat_signs(composing: Model, tmp_path: Path) -> None:
    whole = composing.generate(measures=16, meter="4/4", key="D", seed=0).write(tmp_path / "whole.abc")
    assert whole.read_text().count("|:") == 2
    assert whole.read_text().count(":|") == 2
    part = composing.generate(measures=6, meter="4/4", key="D", seed=0).write(tmp_path / "part.abc")
    assert "|:" not in part.read_text()
    assert ":|" not in part.read_text()


def test_cut_time_is_written_as_such(composing: Model, tmp_path: Path) -> None:
    made = composing.generate(measures=2, meter="C|", key="D", seed=0)
    assert "M:2/2\n" in made.write(tmp_path / "tune.abc").read_text().replace("M:C|", "M:2/2")
    assert {row.meter for row in made.report.measures} == {"2/2"}


def test_what_no_measure_has_gets_the_nearest_with_the_reason(composing: Model) -> None:
    report = composing.generate(measures=2, meter="6/8", key="D", seed=0, density="40").report
    assert report.summary == {"measures": 2, "exact": 0, "nearest": 2, "new": report.summary["new"]}
    assert {row.after["note_density"] for row in report.measures} == {12}  # a note on every tick
    assert report.measures[0].reason == "no measure of 6/8 has density 40; the nearest is density 12"


def test_a_range_that_the_scale_lacks_takes_other_pitches_and_says_so(composing: Model) -> None:
    # From the lowest pitch of the model, a C, to its highest, a B: C is not in D major.
    report = composing.generate(measures=1, meter="4/4", key="D", seed=0, range="47").report
    assert report.measures[0].status == "exact"
    assert report.notices[0].code == "chromatic"


def test_silence_can_be_asked_for(composing: Model) -> None:
    made = composing.generate(measures=2, meter="4/4", key="D", seed=0, density="0")
    assert made.tune.melody.notes == ()
    assert made.report.summary["exact"] == 2


def test_an_ending_that_cannot_be_had_is_told(composing: Model) -> None:
    # A fifth down to the tonic D begins on A, but six semitones down begin on G#, which D major lacks.
    report = composing.generate(measures=1, meter="4/4", key="D", seed=0, contour="=-6").report
    assert report.measures[0].status == "exact"
    assert [notice.code for notice in report.notices] == ["ending"]
    assert report.notices[0].measure == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"meter": "5/4"}, "meter 5/4 is not supported: take one of 4/4, 3/4"),
        ({"meter": "jig"}, "'jig' is not a meter"),
        ({"key": "H"}, "'H' is not a key"),
        ({"measures": 0}, "0 measures: ask for 1 to"),
        ({"measures": MOST_MEASURES + 1}, f"{MOST_MEASURES + 1} measures: ask for 1 to {MOST_MEASURES}"),
        ({"density": "+2"}, "density +2: a new tune has nothing to change"),
        ({"density": "-1.5sd"}, "a new tune has nothing to change"),
        ({"speed": "2"}, "speed"),
    ],
)
def test_a_wrong_wish_is_one_line(composing: Model, wrong: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        composing.generate(**{"measures": 4, **wrong})  # type: ignore[arg-type]
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_meter_that_was_not_trained_is_one_line(composing: Model) -> None:
    with pytest.raises(ArvaeError, match=r"small was not trained on 9/8: it knows 4/4, 3/4"):
        composing.generate(measures=4, meter="9/8")


def test_a_model_without_a_prior_is_one_line(checkpoint: Checkpoint) -> None:
    with pytest.raises(ArvaeError, match=r"^the model old has no prior, without which"):
        Model("old", checkpoint).generate(measures=4)
