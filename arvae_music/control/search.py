"""The best legal measures under constraints: a beam search whose every hypothesis can be completed.

Hypotheses go from tick to tick; a step is kept only if the tables say that what is left of the
measure can still meet the constraint. So the result always meets it; only the optimum of the score
is approximate. All measures are searched at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from arvae_music.control.constraint import Constraint
from arvae_music.control.hypotheses import Hypotheses, start
from arvae_music.control.lookahead import Lookahead
from arvae_music.control.outlook import outlook, promise
from arvae_music.control.rhythms import FREE
from arvae_music.control.score import EventScorer, Scores
from arvae_music.control.stay import Stay
from arvae_music.meter import TICKS, TICKS_PER_BEAT
from arvae_music.model.vocabulary import PITCH_ID, REST_ID


def search(
    constraints: Sequence[Constraint],
    scores: Scores,
    scorer: EventScorer | None,
    *,
    stay: Stay | None = None,
    beam: int = 24,
) -> npt.NDArray[np.int64]:
    """The best measure found for each constraint.

    Args:
        constraints: one for each measure, each feasible.
        scores: what each token is worth at each tick, apart from the event language model.
        scorer: the event language model at work on these measures, or None.
        stay: prices of attributes that move, or None where they cost nothing.
        beam: hypotheses kept for each measure.

    Returns:
        Token ids `[M, 24]`.

    Raises:
        ValueError: a constraint is not feasible.
    """
    lookahead = Lookahead(constraints)
    ahead = promise(outlook(constraints, scores, scorer.note_cost if scorer else 0.0), lookahead.counts)
    parts = _Parts(lookahead, scores, scorer, stay, ahead)
    state = start(lookahead.tie_in)
    if scorer is not None:
        scorer.begin(1)
    steps = []
    for tick in range(TICKS):
        state, step = parts.advance(tick, state, beam)
        steps.append(step)
    total = state.score if scorer is None else state.score + scorer.farewell(state.last)
    if stay is not None:
        total = total - stay.whole(state)
    total = torch.where(state.alive, total, -torch.inf)
    if not torch.isfinite(total).any(dim=1).all():
        raise ValueError("a constraint is not feasible")
    return _traced(steps, total.argmax(dim=1)).numpy()


class _Step(NamedTuple):
    """The hypotheses that were taken on, and their tokens, both `[M, K]`."""

    parent: Tensor
    action: Tensor


def _traced(steps: Sequence[_Step], best: Tensor) -> Tensor:
    """The tokens of one of the last hypotheses of each measure, `[M, 24]`."""
    tokens, at = [], best[:, None]
    for parent, action in reversed(steps):
        tokens.append(action.gather(1, at))
        at = parent.gather(1, at)
    return torch.cat(tokens[::-1], dim=1)


@dataclass(frozen=True)
class _Parts:
    """What a search looks at; see `search`.

    `promise` is what `outlook.promise` gives.
    """

    lookahead: Lookahead
    scores: Scores
    scorer: EventScorer | None
    stay: Stay | None
    promise: Tensor

    def advance(self, tick: int, state: Hypotheses, beam: int) -> tuple[Hypotheses, _Step]:
        """All continuations of all hypotheses by one tick, and the best of them."""
        if tick % TICKS_PER_BEAT == 0:
            state.division = torch.full_like(state.division, FREE)
        outlines = state.outlines()
        legal, division, own = self.lookahead.legal(tick, state, outlines)
        noting = legal[..., PITCH_ID:].any(dim=-1)
        gain = self.scores.ticks[:, None, tick].expand(*state.score.shape, -1)
        if self.scorer is not None:
            gain = gain + self.scorer.gains(tick, state.first, state.last, noting | legal[..., REST_ID])
        gain = torch.where(own[:, None, None], gain, 0.0)
        value = torch.where(legal, state.score[..., None] + gain, -torch.inf)
        rank = value + self._promised(tick, state, division)
        if self.stay is not None:
            rank = rank - self.stay.ahead(tick, state, outlines, noting)
        width, actions = value.shape[1:]
        best = rank.flatten(1).topk(min(beam, width * actions), dim=1).indices
        step = _Step(best // actions, best % actions)
        after = state.take(step.parent)
        after.score = value.flatten(1).gather(1, best)
        is_event = self.lookahead.follow(tick, after, step.action, division.gather(1, step.parent), own)
        if self.scorer is not None:
            self.scorer.follow(tick, *step, is_event, after.first, after.last)
        return after, step

    def _promised(self, tick: int, state: Hypotheses, division: Tensor) -> Tensor:
        """What is still to be had after each action by the outlook, `[M, K, ids]`."""
        later = self.promise[:, tick + 1]  # [M, 3, 26]
        rows = torch.arange(len(later))[:, None]
        after_event = division.clamp(min=0)
        hold = later[rows, state.division.clamp(min=0), state.count]
        rest = later[rows, after_event, state.count]
        onset = later[rows, after_event, state.count + 1]
        return _by_action(hold, rest, onset, self.lookahead.pitches.shape[1])


def _by_action(hold: Tensor, rest: Tensor, onset: Tensor, pitches: int) -> Tensor:
    """What is the same for every pitch, by token id, `[M, K, ids]`; PAD has what HOLD has."""
    out = onset[..., None].repeat(1, 1, PITCH_ID + pitches)
    out[..., :REST_ID] = hold[..., None]
    out[..., REST_ID] = rest
    return out
