"""The score of a token by hand: the decoder's opinion, and nearness to the source."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from arvae_music.control.constraint import Constraint
from arvae_music.control.context import Leaps, context_of, pitches_before
from arvae_music.control.plan import Planned
from arvae_music.control.score import tick_scores
from arvae_music.control.search import search
from arvae_music.control.weights import ScoreWeights
from arvae_music.errors import UsageError
from arvae_music.measures import measures
from arvae_music.model import Vocabulary, event_tensors
from arvae_music.training.checkpoint import Checkpoint
from tests.music import REST, Part, melody_of, row


def test_tick_scores_by_hand() -> None:
    # Ids PAD, HOLD, REST, and the pitches 3 and 4; the source holds at tick 0 and starts 3 at tick 1.
    decoder = torch.tensor([[-9.0, -1.0, -20.0, -2.0, -3.0]]).expand(1, 2, 5)
    weights = ScoreWeights(decoder=0.5, source=2.0, pitch=0.75, floor=-8.0)
    scores = tick_scores(decoder, torch.tensor([[1, 3]]), weights).ticks[0]
    # Half of the decoder's, at least -8; 2 off for another token than the source's, 0.75 for another pitch.
    assert scores[0].tolist() == pytest.approx([-4 - 2, -0.5, -4 - 2, -1 - 2, -1.5 - 2])
    assert scores[1].tolist() == pytest.approx([-4 - 2, -0.5 - 2, -4 - 2, -1, -1.5 - 0.75])


def test_the_usual_strength_gives_the_usual_weights() -> None:
    assert ScoreWeights.at(0.5) == ScoreWeights()


@pytest.mark.parametrize(
    ("strength", "source", "pitch"),
    [
        (1, 0, 0),
        (2 / 3, 10 / 9, 5 / 6),  # 5/3 over 3: five ninths
        (1 / 3, 10 / 3, 5 / 2),  # 10/3 over 2: five thirds
        (0, 10, 7.5),  # five times
        (1e-320, 10, 7.5),
    ],
)
def test_strength_scales_what_ties_to_the_source(strength: float, source: float, pitch: float) -> None:
    weights = ScoreWeights(decoder=0.3, events=0.9, source=2.0, pitch=1.5, stay=1.0, floor=-7.0)
    got = weights.with_strength(strength)
    assert (got.source, got.pitch, got.stay) == pytest.approx((source, pitch, source / 2))
    assert (got.decoder, got.events, got.floor) == (0.3, 0.9, -7.0)


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_strength_never_ties_more(one: float, other: float) -> None:
    free, near = ScoreWeights.at(max(one, other)), ScoreWeights.at(min(one, other))
    assert 0 <= free.source <= near.source < math.inf
    assert 0 <= free.pitch <= near.pitch < math.inf


def test_at_strength_0_no_tick_changes_that_need_not() -> None:
    # 4/4, notes on the beats; a fifth note is one token, whatever the decoder would rather have.
    source = row("4/4", {0: 60, 6: 62, 12: 64, 18: 65})
    vocabulary = Vocabulary()
    ids = torch.from_numpy(vocabulary.ids(source[None]))
    generator = torch.Generator().manual_seed(0)
    decoder = torch.randn(1, 24, len(vocabulary), generator=generator).mul(5).log_softmax(-1)
    constraint = Constraint(0, bytes([1] * (vocabulary.span + 1)), counts=(5, 5))
    changed = []
    for strength in (0.0, 0.5, 1.0):
        scores = tick_scores(decoder, ids, ScoreWeights(decoder=1.0).with_strength(strength))
        changed.append(int((search([constraint], scores, None) != ids.numpy()).sum()))
    assert changed[0] == 1
    assert changed == sorted(changed)


@pytest.mark.parametrize("strength", [-0.01, 1.01, math.nan, math.inf])
def test_a_strength_beyond_the_ends_is_refused(strength: float) -> None:
    with pytest.raises(UsageError, match=f"strength {strength:g}: give a number from 0"):
        ScoreWeights.at(strength)


def planned(*parts: Part) -> list[Planned]:
    return [Planned(row, tokens=row.tokens) for row in measures(melody_of(parts))]


def test_the_pitch_before_is_the_last_that_started() -> None:
    plans = planned(
        Part("4/4", 0, 24, {0: 60, 12: 64}),
        Part("4/4", 0, 24, {0: REST}),
        Part("4/4", 0, 24, {0: 67}),
        Part("4/4", 0, 24, {12: 71}, tie_in=67),
    )
    assert pitches_before(plans) == [-1, 64, 64, 67]
    skipped = [plans[0], Planned(plans[1].row), plans[2]]
    assert pitches_before(skipped) == [-1, 64, 64]


def test_the_leap_out_is_the_next_measures_first_interval(checkpoint: Checkpoint) -> None:
    vocabulary = Vocabulary()
    leaps = Leaps(checkpoint.events, vocabulary)
    after_note, after_rest, after_tie = planned(
        Part("6/8", 0, 12, {0: 60, 4: 65}),
        Part("6/8", 0, 12, {0: REST, 4: 65}),
        Part("6/8", 0, 12, {4: 67}, tie_in=65),
    )
    got = leaps.into(after_note)
    assert got is not None
    assert leaps.into(after_rest) is None
    assert leaps.into(after_tie) is None
    # The same measure costs more or less with what came before, by its first interval alone.
    assert after_note.tokens is not None
    tokens = np.stack([after_note.tokens] * 4)
    with torch.inference_mode():
        nats = checkpoint.events(
            event_tensors(tokens, np.array([-1, 48, 60, 95])), torch.full((4,), 3)
        ).tolist()
    assert got[[0, 12, 47]] == pytest.approx([nats[0] - n for n in nats[1:]], abs=1e-4)
    # In context: pitches before from the lowest, and the mean over what follows.
    context = context_of(leaps, [60, -1, 60, 50], [after_note, None, after_rest])
    assert context.before == (12, 2)
    assert context.after == pytest.approx(got)
    assert not context_of(leaps, [-1], [None]).after.any()
