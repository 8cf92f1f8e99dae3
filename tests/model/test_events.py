"""The language model of melodic events: what it is told, and that it is a distribution."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from arvae_music.model import EventModel, ModelSettings, event_tensors, events_of, nats_and_notes
from arvae_music.model.events import END, FIRST_CLASS, INTERVALS, MAX_LEAP, REST_CLASS, UNKNOWN
from arvae_music.tokens import Tokens
from tests.music import BEATS, REST, grid_of, part_strategy, row, rows_of


@pytest.fixture(scope="module")
def model() -> EventModel:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return EventModel(ModelSettings(event_width=12)).eval()


def test_classes() -> None:
    # 49 leaps from -24 to 24 are classes 0 to 48, 24 is a repeated note.
    assert (MAX_LEAP, REST_CLASS, FIRST_CLASS, INTERVALS) == (24, 49, 50, 50)


def test_events_by_hand() -> None:
    tokens = np.stack(
        [
            # 60 at 0, up 4 at 3, rest at 6, from 64 down 9 at 9.
            row("4/4", {0: 60, 3: 64, 6: REST, 9: 55}),
            # A tied note goes on; 67 at 4, 67 again at 6.
            row("6/8", {4: 67, 6: 67}),
            # Silence all along.
            row("3/4", {0: REST}),
            # Nothing: a note is tied over the whole measure.
            row("3/4", {}),
        ]
    )
    events = events_of(tokens, np.array([62, 65, 60, 60]))
    assert events.places.tolist() == [
        [0, 3, 6, 9],
        [4, 6, END, END],
        [0, END, END, END],
        [END] * 4,
    ]
    assert events.intervals.tolist() == [
        [24 - 2, 24 + 4, REST_CLASS, 24 - 9],
        [24 + 2, 24, UNKNOWN, UNKNOWN],
        [REST_CLASS, UNKNOWN, UNKNOWN, UNKNOWN],
        [UNKNOWN] * 4,
    ]
    # What came before the measure is not fed back: the first note is only that.
    assert events.fed[0].tolist() == [FIRST_CLASS, 28, REST_CLASS, 15]
    assert events.fed[1, :2].tolist() == [FIRST_CLASS, 24]
    assert events.offsets[0].tolist() == [24, 24 + 4, 24, 24 - 5]
    assert events.offsets[1, :2].tolist() == [24, 24]
    assert events.tied.tolist() == [False, True, False, True]


def test_a_first_note_after_a_rest_and_after_nothing() -> None:
    tokens = np.stack([row("4/4", {0: REST, 6: 60, 12: 62}), row("4/4", {0: 60, 6: 62})])
    events = events_of(tokens, np.array([72, -1]))
    assert events.intervals.tolist() == [[REST_CLASS, 12, 26], [UNKNOWN, 26, UNKNOWN]]
    assert events.fed.tolist() == [
        [REST_CLASS, FIRST_CLASS, 26],
        [FIRST_CLASS, 26, REST_CLASS],
    ]
    assert events.offsets[0].tolist() == [24, 24, 26]


def test_wide_leaps_count_as_two_octaves() -> None:
    tokens = np.stack([row("6/8", {0: 20, 2: 100, 4: 20})])
    events = events_of(tokens, np.array([100]))
    assert events.intervals.tolist() == [[0, 48, 0]]
    assert events.offsets.tolist() == [[24, 48, 24]]


def test_an_empty_batch() -> None:
    events = events_of(np.zeros((0, 24), np.int16), np.zeros(0, np.int64))
    assert events.places.shape[0] == 0


@pytest.mark.parametrize("meter", sorted(BEATS))
def test_places_are_a_distribution_over_what_may_come(model: EventModel, meter: str) -> None:
    ticks = 6 * BEATS[meter][1]
    states = torch.randn(ticks + 1, 12, generator=torch.Generator().manual_seed(0))
    current = torch.arange(-1, ticks)
    codes = torch.full((ticks + 1,), grid_of(meter).code)
    scores = model.place_scores(states, current, codes)
    assert scores.shape == (ticks + 1, 25)
    for i in range(ticks + 1):
        possible = {*range(i, ticks), END}
        assert {p for p in range(25) if torch.isfinite(scores[i, p])} == possible
    torch.testing.assert_close(scores.exp().sum(dim=-1), torch.ones(ticks + 1))
    leaps = model.interval_scores(states, current.clamp(min=0), codes)
    torch.testing.assert_close(leaps.exp().sum(dim=-1), torch.ones(ticks + 1))


@st.composite
def measures(draw: st.DrawFn) -> tuple[int, Tokens, int]:
    meter = draw(st.sampled_from(sorted(BEATS)))
    pitches = st.integers(50, 80)
    tied = draw(st.none() | pitches)
    part = draw(part_strategy(meter, pitches, tie_in=tied))
    return grid_of(meter).code, rows_of([part])[0].tokens, tied or draw(st.just(-1) | pitches)


def plain_nats(model: EventModel, code: int, tokens: Tokens, previous: int) -> float:
    """The likelihood event by event, in the words of the model's description."""
    meter = torch.tensor([code])
    tied = bool(tokens[0] == -2)
    state = model.begin(meter, torch.tensor([tied]))
    place, before, first, total = 0 if tied else -1, previous, None, 0.0
    for tick, token in enumerate(int(t) for t in tokens):
        if token != REST and token < 0:
            continue
        total -= float(model.place_scores(state, torch.tensor([place]), meter)[0, tick])
        leaps = model.interval_scores(state, torch.tensor([tick]), meter)[0]
        if token == REST:
            total -= float(leaps[49])
            fed, offset = 49, 24
        else:
            leap = max(-24, min(24, token - before)) + 24
            if before >= 0:
                total -= float(leaps[leap])
            fed = 50 if first is None else leap
            first = token if first is None else first
            offset = max(-24, min(24, token - first)) + 24
            before = token
        embedded = model.embed(torch.tensor([tick]), torch.tensor([fed]), torch.tensor([offset]), meter)
        state, place = model.step(state, embedded), tick
    return total - float(model.place_scores(state, torch.tensor([place]), meter)[0, END])


@given(st.lists(measures(), min_size=1, max_size=4))
@settings(max_examples=40)
def test_a_batch_says_what_its_events_say_one_by_one(
    model: EventModel, drawn: list[tuple[int, Tokens, int]]
) -> None:
    tokens = np.stack([t for _, t, _ in drawn])
    codes, previous = np.array([c for c, _, _ in drawn]), np.array([p for *_, p in drawn])
    with torch.inference_mode():
        expected = [plain_nats(model, *one) for one in drawn]
    nats, notes = nats_and_notes(model, tokens, codes, previous)
    assert nats == pytest.approx(np.array(expected), abs=1e-4, rel=1e-5)
    assert notes.tolist() == [int((t >= 0).sum()) for t in tokens]


@given(measures(), st.integers(-12, 12))
@settings(max_examples=30)
def test_the_key_does_not_matter(model: EventModel, drawn: tuple[int, Tokens, int], semitones: int) -> None:
    code, tokens, previous = drawn
    moved = np.where(tokens >= 0, tokens + semitones, tokens)
    both = np.stack([tokens, moved]).astype(np.int16)
    before = np.array([previous, previous + semitones if previous >= 0 else -1])
    nats, _ = nats_and_notes(model, both, np.array([code, code]), before)
    assert nats[0] == pytest.approx(nats[1], abs=1e-4)


def test_tensors_are_the_events() -> None:
    tokens = np.stack([row("6/8", {0: 60, 2: 62})])
    tensors = event_tensors(tokens, np.array([59]))
    assert set(tensors) == {"places", "intervals", "fed", "offsets", "tied"}
    assert tensors["intervals"].tolist() == [[25, 26]]
    assert tensors["places"].dtype == torch.int64
