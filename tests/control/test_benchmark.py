"""The control benchmark: what it draws, and its figures by hand for edits that are known."""

import math
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pytest
from arvae_music.data import Corpus

from arvae_music.control.benchmark import Bench, Real, Trial
from arvae_music.control.edit import Job
from arvae_music.control.ladder import LADDER, SMALLER, LadderRow, pooled
from arvae_music.control.request import read_requests
from arvae_music.control.sample import Sample, draw_sample
from arvae_music.control.ways import Way
from arvae_music.control.weights import ScoreWeights
from arvae_music.model import EventModel
from arvae_music.model.calibration import Calibration, Line
from arvae_music.tokens import Tokens
from arvae_music.training.checkpoint import Checkpoint
from tests.control.oracle import COMPLEXITY, CONTOUR, DENSITY, RANGE
from tests.fakes import TINY, Entry, corpus_of, random_measure, tiny_events, tiny_vae
from tests.music import REST, row

STD = {COMPLEXITY: 0.125, RANGE: 4.0, DENSITY: 2.0, CONTOUR: 5.0}


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    lines = {name: Line((0.0, 1.0), (0.0, 1.0), 0.0, std) for name, std in STD.items()}
    return Checkpoint(tiny_vae(), tiny_events(), TINY, Calibration({"4/4": lines}))


@pytest.fixture(scope="module")
def impartial() -> EventModel:
    """A judge that finds every possible next event as likely as any other: all its weights are zero."""
    judge = EventModel(TINY).eval().requires_grad_(False)
    for weight in judge.parameters():
        weight.zero_()
    return judge


def impartial_nats(ticks: Sequence[int], *, known: bool) -> float:
    """What it says of a measure in 4/4 with notes at these ticks, the note before it known or not.

    After tick t the next event may be at any of 23 - t later ticks or the end; an interval is one of 50.
    """
    places = sum(math.log(24 - tick) for tick in (-1, *ticks))
    return places + (len(ticks) - (not known)) * math.log(50)


def big_corpus() -> Corpus:
    """Training tunes, and a test tune that quotes them in every third measure."""
    generator = np.random.default_rng(0)

    def events(meter: str) -> dict[int, int]:
        tokens = random_measure(meter, generator)
        return {tick: int(token) for tick, token in enumerate(tokens) if token >= 0}

    known = [events("4/4") for _ in range(20)]
    entries = [Entry("4/4", known[i], tune=0, bar=i) for i in range(20)]
    for i in range(45):
        some = known[i // 3] if i % 3 == 0 else events("4/4")
        entries.append(Entry("4/4", some, tune=1, bar=i, split="test", previous=60 + i % 5))
    entries.append(Entry("4/4", {0: REST}, tune=1, bar=45, split="test"))
    entries.append(Entry("3/4", {0: 60}, tune=1, bar=46, split="test"))
    entries.append(Entry("4/4", {0: 90}, tune=2, bar=1, split="validation"))
    return corpus_of(entries)


@pytest.mark.parametrize("seed", range(5))
def test_no_measure_of_the_training_split_is_drawn(seed: int) -> None:
    corpus = big_corpus()
    known = {tuple(tokens) for tokens in corpus.select("train").tokens.tolist()}
    sample = draw_sample(corpus, "test", "4/4", 12, seed=seed)
    drawn = [tuple(tokens) for tokens in sample.tokens.tolist()]
    assert len(drawn) == 12
    assert not known & set(drawn)
    held_out = corpus.select("test")
    for tokens, previous, measure in zip(drawn, sample.previous, sample.rows, strict=True):
        # The row of the corpus that it was drawn from; bar numbers are row numbers in this corpus.
        assert tuple(held_out.tokens[measure.index].tolist()) == tokens
        assert held_out.previous[measure.index] == previous
        assert measure.meter == "4/4"
        assert max(tokens) >= 0


def test_all_that_are_new_are_drawn_once_where_there_are_not_enough() -> None:
    sample = draw_sample(big_corpus(), "test", "4/4", 1000, seed=0)
    assert [measure.index for measure in sample.rows] == [i for i in range(45) if i % 3]
    assert len(draw_sample(big_corpus(), "test", "6/8", 10, seed=0).rows) == 0
    assert len(draw_sample(big_corpus(), "train", "4/4", 10, seed=0).rows) == 0


def test_the_seed_decides_what_is_drawn() -> None:
    def drawn(seed: int) -> list[int]:
        return [measure.index for measure in draw_sample(big_corpus(), "test", "4/4", 10, seed=seed).rows]

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)


def test_the_same_notes_in_another_meter_are_new() -> None:
    # 4/4 and 2/4 both have 24 ticks.
    corpus = corpus_of([Entry("4/4", {0: 60}, tune=0), Entry("2/4", {0: 60}, tune=1, split="test")])
    assert len(draw_sample(corpus, "test", "2/4", 5, seed=0).rows) == 1


def test_what_stands_around_a_measure() -> None:
    corpus = corpus_of(
        [
            Entry("4/4", {0: 60, 18: 65}, tune=0, bar=1, split="test", tie_out=True),
            Entry("4/4", {6: 67}, tune=0, bar=2, split="test", previous=65, tie_in=True),
            Entry("4/4", {0: 70, 12: REST}, tune=0, bar=4, split="test", previous=67, tie_out=True),
            Entry("4/4", {0: 72}, tune=1, bar=5, split="test"),
        ]
    )
    sample = draw_sample(corpus, "test", "4/4", 9, seed=0)
    first, second, third, other = sample.rows
    assert (first.tie_in, first.tie_out) == (None, 65)
    assert (second.tie_in, second.tie_out) == (65, None)
    assert (third.tie_in, third.tie_out) == (None, None)  # silent at its end: nothing to tie
    assert other.index == 5
    # Bar 3 is missing, and bar 5 is another tune's.
    assert [None if m is None else m.index for m in sample.following] == [2, None, None, None]
    assert sample.pitches == (frozenset({60, 65, 67, 70}),) * 3 + (frozenset({72}),)
    assert sample.previous.tolist() == [-1, 65, 67, -1]


def test_pitch_classes_of_the_other_measures() -> None:
    entries = [{0: 60, 6: 66}, {0: 72, 6: 67}, {0: REST, 6: 54}]
    corpus = corpus_of([Entry("4/4", events, 0, bar=i, split="test") for i, events in enumerate(entries)])
    sample = draw_sample(corpus, "test", "4/4", 9, seed=0)
    # C and G and F sharp; C and F sharp, which stands in both of the others; C, F sharp and G.
    assert [np.flatnonzero(classes).tolist() for classes in sample.elsewhere] == [
        [0, 6, 7],
        [0, 6],
        [0, 6, 7],
    ]
    alone = corpus_of([Entry("4/4", {0: 60}, 0, split="test")])
    assert not draw_sample(alone, "test", "4/4", 9, seed=0).elsewhere.any()
    assert draw_sample(alone, "test", "6/8", 9, seed=0).elsewhere.shape == (0, 12)


A, A2 = {0: 60, 12: 67}, {0: 60, 6: 62, 12: 67}
B = {0: 60, 6: 62, 12: 64}
C, C2 = {0: 60, 6: 72}, {0: 60, 7: 64, 8: 65}
D = {6 * beat + place: 60 for beat in range(4) for place in (0, 1, 3, 5)}


def four_measures() -> Sample:
    """A, B, C and D; only before A is no note."""
    entries = [
        Entry("4/4", events, tune=0, bar=i, split="test", previous=(-1, 67, 64, 72)[i])
        for i, events in enumerate((A, B, C, D))
    ]
    return draw_sample(corpus_of(entries), "test", "4/4", 9, seed=0)


def finds(found: Sequence[Tokens]) -> Way:
    """A way that finds these."""
    return Way("known", "known", "known", lambda *_: found)


def test_figures_by_hand(checkpoint: Checkpoint, impartial: EventModel) -> None:
    # One note more each: A gets it, B stays as it was, C gets it but is illegal (a sixteenth and a
    # triplet in one beat), D has 16 notes, and no more than four fit in a quarter.
    found = [row("4/4", events) for events in (A2, B, C2, D)]
    seen: list[Job] = []

    def search(_c: Checkpoint, jobs: Sequence[Job], _w: ScoreWeights, beam: int) -> list[Tokens]:
        assert beam == 7
        seen.extend(jobs)
        return found

    bench = Bench(checkpoint, impartial, ScoreWeights(), beam=7)
    exercise = bench.prepare(four_measures(), read_requests([("density", "+1")]))
    trial = bench.trial(exercise, Way("known", "known", "known", search))
    assert [job.targets for job in seen] == [{DENSITY: 3}, {DENSITY: 4}, {DENSITY: 3}, {DENSITY: 17}]
    assert trial.asked == 4
    assert trial.reachable == 3 / 4
    assert trial.exact == 2 / 3  # A and C of A, B, C
    assert trial.legal == 3 / 4
    assert trial.ticks_kept == pytest.approx((23 + 24 + 21 + 24) / 96)
    assert trial.onsets_kept == pytest.approx((2 + 3 + 1 + 16) / (2 + 3 + 2 + 16))
    # In C range and contour go from 12 to 5. Complexity: A gets a beat of weight 0.67; in C ticks 7 and 8
    # of weights 1 and 2 stand for a beat of 0.67; all weights sum to 27.79.
    assert trial.shift == pytest.approx(
        {
            COMPLEXITY: (0.67 + 1 + 2 - 0.67) / 27.79 / 4 / 0.125,
            RANGE: 7 / 4 / 4.0,
            CONTOUR: 7 / 4 / 5.0,
        }
    )
    # Of A, B and C: 3 4 3 is asked for, 3 3 3 is measured, where nothing varies; one note more in A and C.
    assert set(trial.correlation) == {DENSITY}
    assert math.isnan(trial.correlation[DENSITY])
    assert trial.change == pytest.approx({DENSITY: 2 / 3})
    # In other measures than A are C, D and E, than B C and G, than C C, D, E and G. A2 has C, D and G, and
    # G is B's neighbour's alone; B's D and E are its own; F in C2 is in none. D's 16 notes are C.
    assert trial.in_key == pytest.approx((2 + 1 + 2 + 16) / (3 + 3 + 3 + 16))
    nats = impartial_nats([0, 6, 12], known=False) + impartial_nats([0, 6, 12], known=True)
    nats += impartial_nats([0, 7, 8], known=True) + impartial_nats(sorted(D), known=True)
    assert trial.nats == pytest.approx(nats / (3 + 3 + 3 + 16), rel=1e-5)
    nats = impartial_nats([0, 12], known=False) + impartial_nats([0, 6, 12], known=True)
    nats += impartial_nats([0, 6], known=True) + impartial_nats(sorted(D), known=True)
    real = bench.real(exercise)
    assert real.nats == pytest.approx(nats / (2 + 3 + 2 + 16), rel=1e-5)
    assert real.in_key == pytest.approx((1 + 1 + 2 + 16) / (2 + 3 + 2 + 16))


def test_what_was_asked_for_beside_what_came(checkpoint: Checkpoint, impartial: EventModel) -> None:
    # Two notes in A and C, three in B; D cannot have one more, and does not count.
    found = [row("4/4", events) for events in (A2, A, {0: 60, 3: 61, 6: 62, 12: 64}, D)]
    bench = Bench(checkpoint, impartial, ScoreWeights())
    requests = read_requests([("density", "+1"), ("contour", "+7")])
    trial = bench.trial(bench.prepare(four_measures(), requests), finds(found))
    # Asked for 3, 4, 3 and got 3, 2, 4: deviations -1/3 2/3 -1/3 and 0 -1 1, so -1 over sqrt(2/3 * 2).
    assert trial.correlation[DENSITY] == pytest.approx(-1 / math.sqrt(4 / 3))
    # Contours were 7, 4 and 12; 14, 11 and 19 were asked for, 7, 7 and 4 came: 2/3 of -2.67 and so on.
    assert trial.correlation[CONTOUR] == pytest.approx(np.corrcoef([14, 11, 19], [7, 7, 4])[0, 1])
    assert trial.change == pytest.approx({DENSITY: (1 - 1 + 2) / 3, CONTOUR: (0 + 3 - 8) / 3})
    assert set(trial.shift) == {COMPLEXITY, RANGE}


def test_within_a_hundredth_complexity_is_exact(checkpoint: Checkpoint, impartial: EventModel) -> None:
    # Notes at 0 and 6 weigh 0.2 + 0.67 of 27.79: .0313. A tenth more is .1313.
    entries = [Entry("4/4", {0: 60, 6: 62}, tune=0, bar=i, split="test") for i in range(3)]
    sample = draw_sample(corpus_of(entries), "test", "4/4", 9, seed=0)
    found = [
        # 0.2 + 0.67 + 1 + 0.5 + 1 + 0.5 = 3.87 is .1393, 0.008 above: exact.
        row("4/4", {0: 60, 6: 62, 7: 63, 9: 64, 11: 65, 15: 64}),
        # 0.67 + 1 + 1 + 0.25 + 0.5 + 0.5 = 3.92 is .1411, 0.0098 above: exact.
        row("4/4", {6: 62, 7: 63, 11: 60, 12: 60, 15: 61, 21: 61}),
        # 0.2 + 0.67 + 0.25 + 0.67 + 0.5 + 0.5 + 0.5 = 3.29 is .1184, 0.013 below.
        row("4/4", {0: 60, 6: 62, 9: 62, 12: 60, 15: 61, 18: 60, 21: 61}),
    ]
    bench = Bench(checkpoint, impartial, ScoreWeights())
    trial = bench.trial(bench.prepare(sample, read_requests([("complexity", "+0.1")])), finds(found))
    assert trial.exact == pytest.approx(2 / 3)


def test_measures_that_a_request_does_not_concern_are_left_out(
    checkpoint: Checkpoint, impartial: EventModel
) -> None:
    # A single note has no range to widen.
    entries = [
        Entry("4/4", events, tune=0, bar=i, split="test")
        for i, events in enumerate(({0: 60}, {0: 60, 6: 64}))
    ]
    bench = Bench(checkpoint, impartial, ScoreWeights())
    sample = draw_sample(corpus_of(entries), "test", "4/4", 9, seed=0)
    wider = read_requests([("range", "+1")])
    exercise = bench.prepare(sample, wider)
    trial = bench.trial(exercise, finds([row("4/4", {0: 60, 6: 65})]))
    assert (trial.asked, trial.exact, trial.onsets_kept) == (1, 1.0, 0.5)
    assert set(trial.shift) == {COMPLEXITY, DENSITY, CONTOUR}
    # Where none is left there is nothing to search for, and no share of anything.
    alone = draw_sample(corpus_of(entries[:1]), "test", "4/4", 9, seed=0)
    nothing = asdict(bench.trial(bench.prepare(alone, wider)))
    shift, change, correlation = (nothing.pop(name) for name in ("shift", "change", "correlation"))
    assert nothing.pop("asked") == 0
    assert set(shift) == {COMPLEXITY, DENSITY, CONTOUR}
    assert set(change) == set(correlation) == {RANGE}
    shares = [*nothing.values(), *shift.values(), *change.values(), *correlation.values()]
    assert all(math.isnan(share) for share in shares)
    real = bench.real(bench.prepare(alone, wider))
    assert math.isnan(real.nats)
    assert math.isnan(real.in_key)
    # What a request does not concern does not count among the real ones, either: one note is left out.
    assert bench.real(exercise).nats == pytest.approx(impartial_nats([0, 6], known=False) / 2, rel=1e-5)


def test_real_measures_that_have_what_is_asked_for(checkpoint: Checkpoint, impartial: EventModel) -> None:
    """Of densities 2, 3 and 3 one more is 3, 4 and 4: both measures of three notes, and none of four."""
    entries = [
        Entry("4/4", events, tune=0, bar=i, split="test", previous=(-1, 64, 67)[i])
        for i, events in enumerate(({0: 60, 6: 64}, {0: 60, 6: 64, 12: 67}, {0: 60, 12: 64, 18: 62}))
    ]
    sample = draw_sample(corpus_of(entries), "test", "4/4", 9, seed=0)
    bench = Bench(checkpoint, impartial, ScoreWeights())
    real = bench.real(bench.prepare(sample, read_requests([("density", "+1")])))
    threes = impartial_nats([0, 6, 12], known=True) + impartial_nats([0, 12, 18], known=True)
    assert real.alike == pytest.approx(threes / 6, rel=1e-5)
    none = bench.real(bench.prepare(sample, read_requests([("density", "7")])))
    assert math.isnan(none.alike)
    assert none.nats == pytest.approx(real.nats)


def test_none_reachable_is_none_exact(checkpoint: Checkpoint, impartial: EventModel) -> None:
    sample = draw_sample(corpus_of([Entry("4/4", D, tune=0, split="test")]), "test", "4/4", 9, seed=0)
    bench = Bench(checkpoint, impartial, ScoreWeights())
    trial = bench.trial(bench.prepare(sample, read_requests([("density", "+1")])))
    assert (trial.asked, trial.reachable, trial.legal) == (1, 0.0, 1.0)
    assert math.isnan(trial.exact)


def test_the_models_own_edits_are_exact_and_legal(checkpoint: Checkpoint, impartial: EventModel) -> None:
    sample = draw_sample(big_corpus(), "test", "4/4", 8, seed=0)
    bench = Bench(checkpoint, impartial, ScoreWeights(), beam=4)
    trial = bench.trial(bench.prepare(sample, read_requests([("density", "+1"), ("range", "+2")])))
    assert (trial.asked, trial.reachable, trial.exact, trial.legal) == (8, 1.0, 1.0, 1.0)
    assert set(trial.shift) == {COMPLEXITY, CONTOUR}


def test_pooled_shares_of_ticks_are_weighted_by_ticks() -> None:
    def trial(asked: int, kept: float, nats: float) -> Trial:
        means = {"contour": nats}
        return Trial(asked, 1.0, 1.0, 1.0, kept, 0.5, nats, nats / 10, means, means, means)

    rows = [
        LadderRow(
            "4/4", "density +1", 10, Real(3.0, 0.9), {"ours": trial(10, 0.9, 2.0), "b": trial(10, 0.8, 1.0)}
        ),
        LadderRow(
            "6/8", "density +1", 30, Real(5.0, 0.5), {"ours": trial(30, 0.7, 4.0), "b": trial(30, 0.6, 1.0)}
        ),
    ]
    (row,) = pooled(rows)
    # ticks: 10 * 24 = 240 and 30 * 12 = 360 of 600
    assert row.ours.ticks_kept == pytest.approx(0.9 * 0.4 + 0.7 * 0.6)
    assert row.ways["b"].ticks_kept == pytest.approx(0.8 * 0.4 + 0.6 * 0.6)
    # measures: 10 and 30 of 40
    mean = pytest.approx(2.0 * 0.25 + 4.0 * 0.75)
    assert row.ours.nats == row.ours.shift["contour"] == mean
    assert row.ours.change["contour"] == row.ours.correlation["contour"] == mean
    assert row.ours.in_key == pytest.approx(0.2 * 0.25 + 0.4 * 0.75)
    assert row.real.nats == pytest.approx(3.0 * 0.25 + 5.0 * 0.75)
    assert row.real.in_key == pytest.approx(0.9 * 0.25 + 0.5 * 0.75)
    assert (row.meter, row.measures, row.ours.asked) == ("all", 40, 40)
    assert row.over_real("ours") == pytest.approx(3.5 / 4.5 - 1)


def test_a_row_over_all_meters_by_hand() -> None:
    nan = math.nan
    # Of two that can be had one is exact.
    four = Trial(3, 2 / 3, 0.5, 1.0, 0.9, 0.8, 2.0, 0.6, {DENSITY: nan}, {DENSITY: 1.0}, {RANGE: 1.0})
    six = Trial(1, 1.0, 1.0, 1.0, 0.7, 0.4, 4.0, 1.0, {DENSITY: 0.5}, {DENSITY: 0.4}, {RANGE: 3.0})
    # A meter that it does not concern.
    none = Trial(0, nan, nan, nan, nan, nan, nan, nan, {DENSITY: nan}, {DENSITY: nan}, {RANGE: nan})
    meters = zip(("4/4", "6/8", "9/8"), (four, six, none), strict=True)
    (row,) = pooled(
        [
            LadderRow(meter, "density +1", 5, Real(trial.nats - 1, trial.in_key), {"ours": trial, "no": none})
            for meter, trial in meters
        ]
    )
    assert (row.meter, row.request, row.measures) == ("all", "density +1", 15)
    assert row.real.nats == pytest.approx((3 * 1.0 + 3.0) / 4)
    ours = row.ours
    assert (ours.asked, ours.reachable, ours.legal) == (4, 3 / 4, 1.0)
    assert ours.exact == pytest.approx(2 / 3)  # two of three
    assert ours.ticks_kept == pytest.approx((3 * 24 * 0.9 + 12 * 0.7) / (3 * 24 + 12))
    assert ours.onsets_kept == pytest.approx((3 * 0.8 + 0.4) / 4)
    assert ours.nats == pytest.approx((3 * 2.0 + 4.0) / 4)
    assert ours.in_key == pytest.approx((3 * 0.6 + 1.0) / 4)
    assert ours.shift == pytest.approx({RANGE: (3 * 1.0 + 3.0) / 4})
    # Of the reachable: two in 4/4, where nothing varies, and one in 6/8.
    assert ours.correlation == pytest.approx({DENSITY: 0.5})
    assert ours.change == pytest.approx({DENSITY: (2 * 1.0 + 0.4) / 3})
    assert row.ways["no"].asked == 0
    assert math.isnan(row.ways["no"].exact)


def test_the_ladder_is_the_designs() -> None:
    alone: dict[str, set[str]] = {}
    for pairs in LADDER:
        if len(pairs) == 1:
            alone.setdefault(pairs[0][0], set()).add(pairs[0][1])
    assert alone == {
        "density": {"+1", "-1", "+2", "-2", "+4", "-4"},
        "range": {"+2", "-2", "+5", "-5"},
        "contour": {"+3", "-3", "+7", "-7"},
        "complexity": {"+0.05", "-0.05", "+0.1", "-0.1"},
    }
    assert set(SMALLER) < set(LADDER)
    assert len(set(LADDER)) == len(LADDER)
