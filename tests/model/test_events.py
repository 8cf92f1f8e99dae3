"""The event language model: what its events are, and that its probabilities are probabilities."""

import itertools

import numpy as np
import pytest
import torch

from arvae_music.meter import GRIDS
from arvae_music.model import EventModel, EventSteps, event_tensors, events_of, nats_and_notes
from arvae_music.tokens import Tokens
from tests.fakes import METERS, random_measure, tiny_events
from tests.music import BEATS, HOLD, REST, grid_of, row

# As the design of the model says: leaps from -24 to 24 are classes 0 to 48, then the rest, then the
# first note as it is fed back. Offsets are from -24 to 24, plus 24. 24 is the end of the measure.
REST_CLASS, FIRST, END, UNKNOWN = 49, 50, 24, -1


def test_events_of_a_plain_measure() -> None:
    # After 62: 60 (down 2), 64 (up 4), a rest, 55 (down 9 from the note before the rest).
    events = events_of(row("4/4", {0: 60, 6: 64, 12: REST, 18: 55})[None], np.array([62]))
    assert events.places.tolist() == [[0, 6, 12, 18]]
    assert events.intervals.tolist() == [[24 - 2, 24 + 4, REST_CLASS, 24 - 9]]
    assert events.fed.tolist() == [[FIRST, 24 + 4, REST_CLASS, 24 - 9]]
    assert events.offsets.tolist() == [[24, 24 + 4, 24, 24 - 5]]  # from 60; 24 for the rest
    assert events.tied.tolist() == [False]


def test_a_tunes_first_note_is_not_predicted() -> None:
    events = events_of(row("4/4", {0: 60, 6: 61})[None], np.array([-1]))
    assert events.intervals.tolist() == [[UNKNOWN, 25]]
    assert events.fed.tolist() == [[FIRST, 25]]
    # Also after a rest, which is predicted.
    events = events_of(row("4/4", {0: REST, 6: 60, 12: 59})[None], np.array([-1]))
    assert events.intervals.tolist() == [[REST_CLASS, UNKNOWN, 23]]
    assert events.fed.tolist() == [[REST_CLASS, FIRST, 23]]
    assert events.offsets.tolist() == [[24, 24, 23]]


def test_a_tie_is_no_event() -> None:
    events = events_of(row("6/8", {3: 67, 6: 65})[None], np.array([64]))
    assert events.tied.tolist() == [True]
    assert events.places.tolist() == [[3, 6]]
    assert events.intervals.tolist() == [[27, 22]]
    assert events.fed.tolist() == [[FIRST, 22]]
    assert events.offsets.tolist() == [[24, 22]]


def test_leaps_beyond_two_octaves_are_two_octaves() -> None:
    events = events_of(row("4/4", {0: 48, 6: 95, 12: 48})[None], np.array([95]))
    assert events.intervals.tolist() == [[0, 48, 0]]
    assert events.offsets.tolist() == [[24, 48, 24]]


def test_rows_of_different_lengths_end_in_nothing() -> None:
    tokens = np.stack([row("4/4", {0: 60, 6: 62, 12: 64}), row("3/4", {0: 70}), row("4/4", {})])
    events = events_of(tokens, np.array([60, 69, 60]))
    assert events.places.tolist() == [[0, 6, 12], [0, END, END], [END, END, END]]
    assert events.intervals.tolist() == [[24, 26, 26], [25, UNKNOWN, UNKNOWN], [UNKNOWN] * 3]
    assert events.tied.tolist() == [False, False, True]


def test_no_rows_are_no_fault() -> None:
    events = events_of(np.zeros((0, 24), np.int16), np.zeros(0, np.int64))
    assert events.places.shape == (0, 1)


@pytest.mark.parametrize("meter", METERS)
def test_a_place_is_later_and_in_the_measure(meter: str) -> None:
    model = tiny_events()
    code, ticks = torch.tensor([grid_of(meter).code]), 6 * BEATS[meter][1]
    states = torch.randn(1, model.width, generator=torch.Generator().manual_seed(0))
    for current in range(-1, ticks):
        probabilities = model.place_scores(states, torch.tensor([current]), code)[0].exp()
        possible = {place for place, p in enumerate(probabilities.tolist()) if p > 0}
        assert possible == {*range(current + 1, ticks), END}
        assert probabilities.sum() == pytest.approx(1, abs=1e-5)


def nats(model: EventModel, rows: list[Tokens], meter: str, previous: int) -> np.ndarray:
    codes = np.full(len(rows), grid_of(meter).code)
    return nats_and_notes(model, np.stack(rows), codes, np.full(len(rows), previous))[0]


def continuations(before: int, ticks: list[int]) -> list[dict[int, int]]:
    """Every way to fill some of the ticks: a rest, or a leap of at most two octaves from the note before."""
    if not ticks:
        return [{}]
    tick, *later = ticks
    out = continuations(before, later)
    for token in (REST, *range(before - 24, before + 25)):
        rest = continuations(before if token == REST else token, later)
        out += [{tick: token} | events for events in rest]
    return out


@pytest.mark.parametrize("meter", ["4/4", "6/8", "9/8"])
@pytest.mark.parametrize("tied", [False, True])
def test_all_measures_of_a_tiny_grid_have_probability_one(meter: str, tied: bool) -> None:
    # A grid on which events may stand on two ticks alone; a tied-in note takes the place of tick 0.
    model = tiny_events()
    ticks = [3, 7] if tied else [0, 5]
    forbidden = [tick for tick in range(24) if tick not in ticks]
    model.inside[:, forbidden] = False
    rows = [row(meter, events) for events in continuations(64, ticks)]
    # No event, one on either tick, or one on each.
    assert len(rows) == 1 + 50 + 50 + 50 * 50
    if not tied:
        for tokens in rows:
            tokens[0] = -4 if tokens[0] == HOLD else tokens[0]  # nothing here, and no tie
    assert np.exp(-nats(model, rows, meter, 64)).sum() == pytest.approx(1, abs=1e-4)


def test_measures_that_begin_on_a_tick_have_that_ticks_probability() -> None:
    # 6/8 has 12 ticks: what begins on the last has one event, what begins on the one before has one or two.
    model = tiny_events()
    meter = torch.tensor([grid_of("6/8").code])
    begin = model.begin(meter, torch.tensor([True]))
    places = model.place_scores(begin, torch.tensor([0]), meter)[0].exp()
    assert places[0] == 0  # taken by the tie
    for first in (11, 10):
        rows = [row("6/8", e) for e in continuations(64, list(range(first, 12))) if first in e]
        assert np.exp(-nats(model, rows, "6/8", 64)).sum() == pytest.approx(float(places[first]), rel=1e-4)


def test_the_likelihood_is_that_of_its_steps() -> None:
    # Place and interval of each event in turn, then the end, by the functions that edits use.
    model = tiny_events()
    code = torch.tensor([grid_of("3/4").code])
    events = {0: 60, 6: REST, 9: 67}
    intervals, fed, offsets = (24 - 2, REST_CLASS, 24 + 7), (FIRST, REST_CLASS, 24 + 7), (24, 24, 24 + 7)
    state, current, total = model.begin(code, torch.tensor([False])), -1, 0.0
    for place, interval, as_fed, offset in zip(events, intervals, fed, offsets, strict=True):
        at = torch.tensor([place])
        total -= float(model.place_scores(state, torch.tensor([current]), code)[0, place])
        total -= float(model.interval_scores(state, at, code)[0, interval])
        state = model.step(state, model.embed(at, torch.tensor([as_fed]), torch.tensor([offset]), code))
        current = place
    total -= float(model.place_scores(state, torch.tensor([current]), code)[0, END])
    assert nats(model, [row("3/4", events)], "3/4", 62)[0] == pytest.approx(total, abs=1e-4)


def test_a_measure_is_judged_alike_alone_and_among_others() -> None:
    model = tiny_events()
    generator = np.random.default_rng(3)
    names = [name for name, _ in itertools.product(METERS, range(4))]
    tokens = np.stack([random_measure(name, generator) for name in names])
    codes = np.array([grid_of(name).code for name in names])
    before = generator.integers(-1, 2, len(names)) * 64
    before[before < 0] = -1
    together, notes = nats_and_notes(model, tokens, codes, before)
    assert notes.tolist() == [sum(int(t) >= 0 for t in measure) for measure in tokens]
    for i in range(len(names)):
        alone, _ = nats_and_notes(model, tokens[i : i + 1], codes[i : i + 1], before[i : i + 1])
        assert alone[0] == pytest.approx(together[i], abs=1e-4, rel=1e-5)


def test_the_key_does_not_matter_but_the_leap_in_does() -> None:
    model = tiny_events()
    low, high = row("4/4", {0: 50, 6: 57, 12: 54}), row("4/4", {0: 62, 6: 69, 12: 66})
    one = nats(model, [low], "4/4", 52)[0]
    assert nats(model, [high], "4/4", 64)[0] == pytest.approx(one, abs=1e-5)
    assert nats(model, [high], "4/4", 52)[0] != pytest.approx(one, abs=1e-3)
    # Without a note before, the first interval costs nothing.
    unknown = nats(model, [low], "4/4", -1)[0]
    code = torch.tensor([0])
    leap = model.interval_scores(model.begin(code, torch.tensor([False])), torch.tensor([0]), code)[0, 22]
    assert one - unknown == pytest.approx(-float(leap), abs=1e-4)


def test_dropout_is_for_training_alone() -> None:
    model = tiny_events()
    tensors = event_tensors(row("4/4", {0: 60, 6: 62})[None], np.array([60]))
    code = torch.tensor([0])
    assert torch.equal(model(tensors, code), model(tensors, code))
    model.train()
    assert not torch.equal(model(tensors, code), model(tensors, code))


def test_steps_multiplied_in_advance_are_those_of_the_model() -> None:
    model = tiny_events().eval()
    steps, size = EventSteps(model), 40
    generator = torch.Generator().manual_seed(4)

    def drawn(most: int) -> torch.Tensor:
        return torch.randint(most, (size,), generator=generator)

    meters, tied = drawn(len(GRIDS)), drawn(2) > 0
    with torch.inference_mode():
        states, memory = model.begin(meters, tied), steps.begin(meters, tied)
        for _ in range(5):
            places, fed, offsets = drawn(24), drawn(51), drawn(49)
            states = model.step(states, model.embed(places, fed, offsets, meters))
            memory = steps.step(memory, places, fed, offsets, meters)
            for ours, theirs in (
                (steps.place_scores(memory, places, meters), model.place_scores(states, places, meters)),
                (
                    steps.interval_scores(memory, places, meters),
                    model.interval_scores(states, places, meters),
                ),
            ):
                assert torch.allclose(ours, theirs, atol=1e-5)
