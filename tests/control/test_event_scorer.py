"""The event language model, asked tick by tick, says what it says of the whole measure."""

from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from arvae_music.control.hypotheses import rows_of as hypotheses_of
from arvae_music.control.score import EventScorer
from arvae_music.model import event_tensors
from arvae_music.tokens import Tokens
from arvae_music.training.checkpoint import Checkpoint
from tests.music import BEATS, HOLD, PAD, REST, grid_of, part_strategy, rows_of

LOWEST, SIZE = 48, 48


def gains_of(scorer: EventScorer, paths: Tokens, tied: list[int | None]) -> list[list[float]]:
    """Sum of gains along each path, `[measures, paths, 24]`; the paths change places at every tick."""
    size, width, _ = paths.shape
    order = torch.arange(width)
    rows = torch.arange(size)[:, None]
    ids = torch.from_numpy(np.where(paths >= 0, paths - LOWEST + 3, paths)).long()
    for token, number in ((PAD, 0), (HOLD, 1), (REST, 2)):
        ids[ids == token] = number
    first = torch.full((size, width), -1)
    last = torch.tensor([[-1 if t is None else t - LOWEST] * width for t in tied])
    total = torch.zeros(size, width)
    scorer.begin(width, width)
    for tick in range(24):
        gains = torch.zeros(size, width, 3 + SIZE)
        _, gains[..., 1] = scorer.places(tick)  # HOLD
        every = hypotheses_of(torch.ones(size, width, dtype=torch.bool))
        gains[..., 2:] = scorer.gains(tick, first, last, every).view(size, width, -1)
        action = ids[:, order, tick]
        total[:, order] += torch.where(action > 0, gains.gather(-1, action[..., None])[..., 0], 0.0)
        parent = torch.arange(width).roll(tick % 3).expand(size, width)
        order = order.roll(tick % 3)
        action, first, last = (t[rows, parent] for t in (action, first, last))
        first = torch.where((action >= 3) & (first < 0), action - 3, first)
        last = torch.where(action >= 3, action - 3, last)
        scorer.follow(tick, parent, action, action > 1, first, last)
    return [[float(t) for t in row] for row in total]


class Drawn(NamedTuple):
    """Measures of one meter with one pitch before, and the pitch tied into them."""

    meter: str
    tokens: list[Tokens]
    tie_in: int | None
    before: int


@st.composite
def measures(draw: st.DrawFn) -> Drawn:
    meter = draw(st.sampled_from(sorted(BEATS)))
    pitches = st.integers(LOWEST, LOWEST + SIZE - 1)
    tie_in = draw(st.none() | pitches)
    parts = [draw(part_strategy(meter, pitches, tie_in=tie_in)) for _ in range(3)]
    before = tie_in if tie_in is not None else draw(st.just(-1) | pitches)
    return Drawn(meter, [rows_of([part])[0].tokens for part in parts], tie_in, before)


@given(st.lists(measures(), min_size=1, max_size=3), st.floats(0.25, 2))
@settings(max_examples=60)
def test_gains_add_up_to_the_models_likelihood(
    checkpoint: Checkpoint, drawn: list[Drawn], weight: float
) -> None:
    codes = np.array([grid_of(one.meter).code for one in drawn])
    tokens = np.stack([one.tokens for one in drawn])
    before = np.array([one.before for one in drawn])
    scorer = EventScorer(
        checkpoint.events,
        codes,
        np.array([one.tie_in is not None for one in drawn]),
        np.where(before < 0, -1, before - LOWEST)[:, None],
        np.zeros((len(drawn), SIZE)),
        weight=weight,
        pitches=SIZE,
    )
    with torch.inference_mode():
        events = event_tensors(tokens.reshape(-1, 24), before.repeat(3))
        nats = checkpoint.events(events, torch.from_numpy(codes.repeat(3))).reshape(-1, 3)
    got = gains_of(scorer, tokens, [one.tie_in for one in drawn])
    assert np.array(got) == pytest.approx((-weight * nats).numpy(), abs=2e-4, rel=1e-5)


def test_an_event_is_worth_no_more_than_its_place(checkpoint: Checkpoint) -> None:
    scorer = EventScorer(
        checkpoint.events,
        np.array([0, 3]),
        np.array([False, False]),
        np.array([[12], [-1]]),
        np.zeros((2, SIZE)),
        weight=1.5,
        pitches=SIZE,
    )
    scorer.begin(1, 1)
    none = torch.full((2, 1), -1)
    every = hypotheses_of(torch.ones(2, 1, dtype=torch.bool))
    here, _ = scorer.places(0)
    gains = scorer.gains(0, none, none, every)
    assert (gains <= here + 1e-5).all()
    # A certain interval: the probabilities of all leaps and the rest add up to that of the place.
    inside = scorer.gains(0, torch.full((2, 1), 24), torch.full((2, 1), 24), every)
    total = (inside / 1.5).exp().sum(dim=1)
    assert total.tolist() == pytest.approx((here[:, 0] / 1.5).exp().tolist(), rel=1e-2)


def test_a_first_note_is_judged_by_all_that_may_come_before(checkpoint: Checkpoint) -> None:
    tokens = np.full(24, HOLD, np.int16)
    tokens[[0, 6]] = (60, 64)

    def score(*before: int) -> float:
        scorer = EventScorer(
            checkpoint.events,
            np.array([0]),
            np.array([False]),
            np.array([[b - LOWEST if b >= 0 else -1 for b in before]]),
            np.zeros((1, SIZE)),
            weight=1.0,
            pitches=SIZE,
        )
        return gains_of(scorer, tokens[None, None], [None])[0][0]

    assert score(59, 72, -1) == pytest.approx((score(59) + score(72)) / 2, abs=1e-4)
    assert score(60) != pytest.approx(score(72), abs=1e-3)


def test_farewell_looks_up_the_last_pitch(checkpoint: Checkpoint) -> None:
    after = np.arange(2 * SIZE, dtype=np.float32).reshape(2, SIZE)
    scorer = EventScorer(
        checkpoint.events,
        np.array([0, 3]),
        np.array([False, False]),
        np.array([[-1], [-1]]),
        after,
        weight=0.5,
        pitches=SIZE,
    )
    got = scorer.farewell(torch.tensor([[0, 5], [-1, 2]]))
    assert got.tolist() == [[0.0, 2.5], [0.0, (SIZE + 2) / 2]]
