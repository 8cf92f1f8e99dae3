"""The best legal measures under constraints: a beam search whose every hypothesis can be completed.

Hypotheses go from tick to tick; a step is kept only if the tables say that what is left of the
measure can still meet the constraint. So the result always meets it; only the optimum of the score
is approximate. All measures are searched at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from arvae_music.control.constraint import Constraint
from arvae_music.control.hypotheses import Hypotheses, start
from arvae_music.control.lookahead import Lookahead
from arvae_music.control.outlook import outlook
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
    ahead = outlook(constraints, scores, scorer.note_cost if scorer else 0.0)
    state = start(lookahead.tie_in)
    if scorer is not None:
        scorer.begin(1)
    for tick in range(TICKS):
        state = _advance(tick, state, lookahead, scores, scorer, stay, ahead, beam)
    total = state.score if scorer is None else state.score + scorer.farewell(state.last)
    if stay is not None:
        total = total - stay.whole(state)
    total = torch.where(state.alive, total, -torch.inf)
    if not torch.isfinite(total).any(dim=1).all():
        raise ValueError("a constraint is not feasible")
    best = total.argmax(dim=1)
    return state.tokens[torch.arange(len(best)), best].numpy()


def _advance(
    tick: int,
    state: Hypotheses,
    lookahead: Lookahead,
    scores: Scores,
    scorer: EventScorer | None,
    stay: Stay | None,
    ahead: Tensor,
    beam: int,
) -> Hypotheses:
    """All continuations of all hypotheses by one tick, and the best of them."""
    if tick % TICKS_PER_BEAT == 0:
        state.division = torch.full_like(state.division, FREE)
    legal, division, own = lookahead.legal(tick, state)
    gain = scores.ticks[:, None, tick].expand(*state.score.shape, -1)
    if scorer is not None:
        gain = gain + scorer.gains(tick, state.first, state.last)
    gain = torch.where(own[:, None, None], gain, 0.0)
    value = torch.where(legal, state.score[..., None] + gain, -torch.inf)
    rank = value + _promise(tick, state, lookahead, division, ahead)
    if stay is not None:
        rank = rank - stay.ahead(tick, state)
    width, actions = value.shape[1:]
    best = rank.flatten(1).topk(min(beam, width * actions), dim=1).indices
    parent, action = best // actions, best % actions
    after = state.take(parent)
    after.score = value.flatten(1).gather(1, best)
    after.tokens[:, :, tick] = action
    is_event = lookahead.follow(tick, after, action, division.gather(1, parent), own)
    if scorer is not None:
        scorer.follow(tick, parent, action, is_event, after.first, after.last)
    return after


def _promise(tick: int, state: Hypotheses, lookahead: Lookahead, division: Tensor, ahead: Tensor) -> Tensor:
    """What is still to be had after each action by the outlook, `[M, K, actions]`."""
    rows = torch.arange(len(state.score))[:, None]
    low, high = lookahead.counts[:, :1], lookahead.counts[:, 1:]
    later = ahead[:, tick + 1]  # [M, 3, 26], the last for impossible
    after_event = division.clamp(min=0)

    def best(kind: Tensor, count: Tensor) -> Tensor:
        fewest, most = (low - count).clamp(min=0), (high - count).clamp(max=TICKS)
        table = later[rows, kind.clamp(min=0)]  # [M, K, 25]
        notes = torch.arange(TICKS + 1)
        inside = (notes >= fewest[..., None]) & (notes <= most[..., None])
        return table.masked_fill(~inside, -torch.inf).amax(dim=-1)

    hold = best(state.division, state.count)
    rest = best(after_event, state.count)
    onset = best(after_event, state.count + 1)
    actions = PITCH_ID + lookahead.pitches.shape[1]
    out = hold[..., None].repeat(1, 1, actions)
    out[..., REST_ID] = rest
    out[..., PITCH_ID:] = onset[..., None]
    return out.clamp(min=-1e9)
