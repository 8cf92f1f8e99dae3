"""The score of a token by hand: the decoder's opinion, and nearness to the source."""

import numpy as np
import pytest
import torch

from arvae_music.control.context import Leaps, context_of, pitches_before
from arvae_music.control.plan import Planned
from arvae_music.control.score import ScoreWeights, tick_scores
from arvae_music.measures import measures
from arvae_music.model import Vocabulary, event_tensors
from arvae_music.training.checkpoint import Checkpoint
from tests.music import REST, Part, melody_of


def test_tick_scores_by_hand() -> None:
    # Ids PAD, HOLD, REST, and the pitches 3 and 4; the source holds at tick 0 and starts 3 at tick 1.
    decoder = torch.tensor([[-9.0, -1.0, -20.0, -2.0, -3.0]]).expand(1, 2, 5)
    weights = ScoreWeights(decoder=0.5, source=2.0, pitch=0.75, floor=-8.0)
    scores = tick_scores(decoder, torch.tensor([[1, 3]]), weights).ticks[0]
    # Half of the decoder's, at least -8; 2 off for another token than the source's, 0.75 for another pitch.
    assert scores[0].tolist() == pytest.approx([-4 - 2, -0.5, -4 - 2, -1 - 2, -1.5 - 2])
    assert scores[1].tolist() == pytest.approx([-4 - 2, -0.5 - 2, -4 - 2, -1, -1.5 - 0.75])


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
