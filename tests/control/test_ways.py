"""The ways that the benchmark compares, and the frontier, on a model that was never trained."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from arvae_music.data import Corpus

from arvae_music.control.benchmark import Bench, Exercise, Real, Trial
from arvae_music.control.edit import Job
from arvae_music.control.frontier import frontier_point, run_frontier
from arvae_music.control.ladder import SMALLER, LadderRow, written
from arvae_music.control.request import read_requests
from arvae_music.control.sample import draw_sample
from arvae_music.control.ways import OURS, WAYS, at_strength
from arvae_music.control.weights import ScoreWeights
from arvae_music.model import Vocabulary
from arvae_music.tokens import Tokens, is_legal
from arvae_music.training.checkpoint import Checkpoint
from tests.control.oracle import DENSITY
from tests.fakes import Entry, corpus_of, random_measure, tiny_events


def made_up(count: int = 6) -> Corpus:
    generator = np.random.default_rng(5)
    entries = []
    for i in range(count):
        tokens = random_measure("4/4", generator)
        events = {tick: int(token) for tick, token in enumerate(tokens) if token >= 0}
        entries.append(Entry("4/4", events, 0, bar=i, split="test"))
    return corpus_of(entries)


@pytest.fixture
def bench(checkpoint: Checkpoint) -> Bench:
    return Bench(checkpoint, tiny_events(), ScoreWeights(), beam=6)


def exercise_of(bench: Bench, *pairs: tuple[str, str]) -> Exercise:
    return bench.prepare(draw_sample(made_up(), "test", "4/4", 9, seed=0), read_requests(pairs))


def found_by(bench: Bench, exercise: Exercise) -> dict[str, Tokens]:
    weights = bench.weights
    return {
        way.name: np.stack(way.search(bench.checkpoint, exercise.jobs, weights, bench.beam)) for way in WAYS
    }


def test_all_but_the_papers_way_are_exact_and_legal(bench: Bench) -> None:
    exercise = exercise_of(bench, ("density", "+1"))
    for name, found in found_by(bench, exercise).items():
        if name != "moved":
            notes = (found >= 0).sum(axis=1)
            assert notes.tolist() == ((exercise.source >= 0).sum(axis=1) + 1).tolist()
            assert is_legal(found, exercise.meters).all()
    assert list(found_by(bench, exercise)) == ["moved", "constrained", "without_decoder", "ours"]


def test_the_papers_way_takes_the_best_token_of_each_tick_at_the_moved_z(bench: Bench) -> None:
    exercise = exercise_of(bench, ("density", "+4"))
    found = found_by(bench, exercise)["moved"]
    checkpoint = bench.checkpoint
    vocabulary = Vocabulary()
    ids = torch.from_numpy(vocabulary.ids(exercise.source))
    meters = torch.zeros(len(ids), dtype=torch.long)
    z = checkpoint.vae.encoder(ids, meters).mean
    # Density is the third dimension; its places are -2 at no note, 0 at 8 notes, 2 at 24.
    notes = (exercise.source >= 0).sum(axis=1)
    before, after = (np.interp(n, [0, 8, 24], [-2, 0, 2]) for n in (notes, notes + 4))
    z[:, 2] += torch.from_numpy((after - before).astype(np.float32))
    best = checkpoint.vae.decoder(z, meters).argmax(dim=-1).numpy()
    assert (found == vocabulary.tokens(best)).all()


def test_constraints_alone_hear_neither_source_nor_language_model(bench: Bench) -> None:
    exercise = exercise_of(bench, ("density", "+1"))
    once = found_by(bench, exercise)["constrained"]
    other = Bench(bench.checkpoint, bench.judge, ScoreWeights(source=99.0, pitch=50.0, events=7.0), beam=6)
    again = found_by(other.with_editor(tiny_events(9)), exercise)["constrained"]
    assert (once == again).all()


def test_without_the_decoder_another_decoder_says_nothing(bench: Bench) -> None:
    exercise = exercise_of(bench, ("density", "+1"))

    def deaf(way: str, jobs: Sequence[Job]) -> Tokens:
        chosen = next(some for some in WAYS if some.name == way)
        loud = ScoreWeights(decoder=50.0)
        return np.stack(chosen.search(bench.checkpoint, jobs, loud, bench.beam))

    found = found_by(bench, exercise)
    assert (deaf("without_decoder", exercise.jobs) == found["without_decoder"]).all()
    assert (deaf("ours", exercise.jobs) != found["ours"]).any()


def test_the_usual_strength_is_ours(bench: Bench) -> None:
    exercise = exercise_of(bench, ("density", "+1"))
    assert bench.trial(exercise, at_strength(0.5)) == bench.trial(exercise, OURS)


def trial_of(kept: float, nats: float, exact: float = 1.0, asked: int = 10) -> Trial:
    return Trial(asked, 1.0, exact, 1.0, kept, kept / 2, nats, 1.0, {DENSITY: 1.0}, {DENSITY: 1.0}, {})


def test_a_point_of_the_frontier_by_hand() -> None:
    rows = [
        LadderRow("all", "density +1", 10, Real(2.0, 1.0), {"0.2": trial_of(0.9, 2.2)}),
        LadderRow("all", "range +2", 10, Real(4.0, 1.0), {"0.2": trial_of(0.7, 5.2, exact=0.75)}),
        LadderRow(
            "all", "contour +3", 10, Real(math.nan, 1.0), {"0.2": trial_of(math.nan, math.nan, asked=0)}
        ),
    ]
    point = frontier_point(rows, 0.2)
    assert (point.strength, point.exact) == (0.2, 0.75)
    assert point.ticks_kept == pytest.approx(0.8)
    assert point.onsets_kept == pytest.approx(0.4)
    assert point.over_real == pytest.approx((0.1 + 0.3) / 2)
    assert point.requests["density +1"] == pytest.approx((0.9, 0.1))
    assert list(point.requests) == ["density +1", "range +2"]


def test_a_frontier_has_a_point_for_each_strength(bench: Bench) -> None:
    told: list[LadderRow] = []
    points = run_frontier(
        bench, made_up(), split="test", meters=["4/4", "6/8"], size=3, seed=0, tell=told.append,
        strengths=(0.0, 1.0),
    )  # fmt: skip
    assert [point.strength for point in points] == [0.0, 1.0]
    assert [(row.meter, row.request) for row in told] == [("4/4", written(pairs)) for pairs in SMALLER]
    near, free = points
    assert near.exact == free.exact == 1.0
    assert near.ticks_kept > free.ticks_kept
    assert set(near.requests) == {written(pairs) for pairs in SMALLER}


def test_without_measures_there_is_no_frontier(bench: Bench) -> None:
    found = run_frontier(
        bench, made_up(), split="validation", meters=["4/4"], size=3, seed=0, tell=lambda _row: None
    )
    assert found == []
