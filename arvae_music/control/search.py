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
from arvae_music.control.hypotheses import Hypotheses, rows_of, start
from arvae_music.control.lookahead import Legal, Lookahead
from arvae_music.control.outlook import outlook, promise
from arvae_music.control.rhythms import FREE
from arvae_music.control.score import EventScorer, Scores
from arvae_music.control.stay import Stay
from arvae_music.memory import keep_memory
from arvae_music.meter import TICKS, TICKS_PER_BEAT
from arvae_music.model.vocabulary import HOLD_ID, PAD_ID, PITCH_ID, REST_ID


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
    keep_memory()
    lookahead = Lookahead(constraints)
    ahead = promise(outlook(constraints, scores, scorer.note_cost if scorer else 0.0), lookahead.counts)
    parts = _Parts(lookahead, scores, scorer, stay, ahead)
    state = start(lookahead.tie_in)
    if scorer is not None:
        scorer.begin(1, beam)
    steps = []
    for tick in range(TICKS):
        state, step = parts.advance(tick, state, beam)
        steps.append(step)
    total = state.score if scorer is None else state.score + scorer.farewell(state.last)
    if stay is not None:
        total = total - stay.silent(TICKS, state)
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
        legal = self.lookahead.legal(tick, state)
        found = self._continuations(tick, state, legal, beam)
        width, actions = found.value.shape[1:]
        best = found.rank.flatten(1).topk(min(beam, width * actions), dim=1).indices
        step = _Step(best // actions, best % actions)
        after = state.take(step.parent)
        after.score = found.value.flatten(1).gather(1, best)
        division = legal.division.gather(1, step.parent)
        is_event = self.lookahead.follow(tick, after, step.action, division, legal.own)
        if self.scorer is not None:
            self.scorer.follow(tick, *step, is_event, after.first, after.last)
        return after, step

    def _continuations(self, tick: int, state: Hypotheses, legal: Legal, beam: int) -> _Continuations:
        """What all continuations are worth that may be among the best."""
        score, ticks = state.score, self.scores.ticks[:, tick]
        held, rested, noted = self._promised(tick, state, legal.division)
        cost = self.stay.silent(tick, state) if self.stay is not None else torch.zeros_like(score)
        here, none = self.scorer.places(tick) if self.scorer is not None else (cost * 0, cost * 0)
        shape = (*score.shape, ticks.shape[-1])
        value, rank = score.new_full(shape, -torch.inf), score.new_full(shape, -torch.inf)
        value[..., PAD_ID] = score.masked_fill(~legal.pad, -torch.inf)
        value[..., HOLD_ID] = (score + (ticks[:, HOLD_ID, None] + none)).masked_fill(~legal.hold, -torch.inf)
        rank[..., :REST_ID] = value[..., :REST_ID] + held[..., None] - cost[..., None]
        # So many hypotheses are certain to be as good as the worst of these: what is worth less at best than
        # all of them need not be looked at.
        least = (
            rank[..., HOLD_ID].amin(dim=1, keepdim=True)
            if score.shape[1] >= beam
            else score[:, :1] - torch.inf
        )
        least = (least - _ROUNDING).nan_to_num(nan=-torch.inf)
        rest = legal.rest & (score + ticks[:, REST_ID, None] + here + rested - cost >= least)
        note = legal.note & (score + ticks[:, PITCH_ID:].amax(dim=1, keepdim=True) + here + noted >= least)
        at = rows_of(rest | note)
        if not len(at[0]):
            return _Continuations(value, rank)
        gain = ticks[at[0], REST_ID:]
        if self.scorer is not None:
            gain = gain + self.scorer.gains(tick, state.first, state.last, at)
        found = score[at][:, None] + gain
        outlines = state.outlines(at)
        found[:, 0].masked_fill_(~rest[at], -torch.inf)
        pitches = self.lookahead.pitches_at(tick, legal, outlines, at) & note[at][:, None]
        found[:, 1:].masked_fill_(~pitches, -torch.inf)
        ahead = found + noted[at][:, None]
        ahead[:, 0] = found[:, 0] + rested[at] - cost[at]
        if self.stay is not None:
            ahead[:, 1:] -= self.stay.noted(tick, state, outlines, at)
        value[..., REST_ID:][at], rank[..., REST_ID:][at] = found, ahead
        return _Continuations(value, rank)

    def _promised(self, tick: int, state: Hypotheses, division: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What is still to be had after a hold, a rest and a note, each `[M, K]`."""
        later = self.promise[:, tick + 1]  # [M, 3, 26]
        rows = torch.arange(len(later))[:, None]
        event, hold = division.clamp(min=0), state.division.clamp(min=0)
        return (
            later[rows, hold, state.count],
            later[rows, event, state.count],
            later[rows, event, state.count + 1],
        )


class _Continuations(NamedTuple):
    """By hypothesis and token, both `[M, K, ids]`; -inf for what is not legal, or not among the best.

    `value` is what they are worth so far, `rank` with what is to be expected.
    """

    value: Tensor
    rank: Tensor


_ROUNDING = 1e-2
"""More than sums of scores are off by for the order in which they are added up."""
