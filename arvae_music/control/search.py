"""The best legal measures under constraints: a beam search whose every hypothesis can be completed.

Hypotheses go from tick to tick; a step is kept only if the tables say that what is left of the
measure can still meet the constraint. So the result always meets it; only the optimum of the score
is approximate. All measures are searched at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from arvae_music.attributes import WEIGHTS
from arvae_music.control.constraint import Constraint
from arvae_music.control.outlook import outlook
from arvae_music.control.pitches import NEVER, pitch_tables
from arvae_music.control.rhythms import COUNTS, DIVISION_AFTER, FREE, ILLEGAL, completions
from arvae_music.control.score import EventScorer, Scores
from arvae_music.meter import TICKS, TICKS_OF, TICKS_PER_BEAT
from arvae_music.model.vocabulary import HOLD_ID, PAD_ID, PITCH_ID, REST_ID

NONE = -1
"""No pitch yet."""


@dataclass(frozen=True)
class _Tables:
    """The constraints of all measures as tensors."""

    rest: Tensor  # [tables, 25, 3, 25, weights + 1]
    rest_of: Tensor  # [M]
    more: Tensor  # [goals, P, P, P]
    met: Tensor  # [goals, P, P]
    ends: Tensor  # [goals, P, P]
    more_from_none: Tensor  # [goals]
    met_by_none: Tensor  # [goals]
    goal_of: Tensor  # [M]
    counts: Tensor  # [M, 2]
    weights: Tensor  # [M, 2]
    pitches: Tensor  # [M, P]
    events: Tensor  # [M, 24]
    tie_in: Tensor  # [M]
    tie_out: Tensor  # [M]
    join: Tensor  # [M]
    codes: Tensor  # [M]
    onset_weight: Tensor  # [M, 24]


@dataclass
class _Beam:
    """Hypotheses of all measures, each `[M, K]` but tokens."""

    tokens: Tensor  # [M, K, 24] ids
    score: Tensor
    count: Tensor
    weight: Tensor
    division: Tensor
    sounding: Tensor
    first: Tensor
    lowest: Tensor
    highest: Tensor
    last: Tensor  # last started pitch, or the one tied in


def search(
    constraints: Sequence[Constraint],
    scores: Scores,
    scorer: EventScorer | None,
    *,
    beam: int = 24,
) -> npt.NDArray[np.int64]:
    """The best measure found for each constraint.

    Args:
        constraints: one for each measure, each feasible.
        scores: what each token is worth at each tick, apart from the event language model.
        scorer: the event language model at work on these measures, or None.
        beam: hypotheses kept for each measure.

    Returns:
        Token ids `[M, 24]`.

    Raises:
        ValueError: a constraint is not feasible.
    """
    tables = _tables(constraints)
    ahead = outlook(constraints, scores, scorer.note_cost if scorer else 0.0)
    state = _start(tables, len(constraints))
    if scorer is not None:
        scorer.begin(1)
    for tick in range(TICKS):
        state = _advance(tick, state, tables, scores, scorer, ahead, beam)
    total = state.score if scorer is None else state.score + scorer.farewell(state.last)
    total = torch.where(torch.isfinite(state.score), total, -torch.inf)
    if not torch.isfinite(total).any(dim=1).all():
        raise ValueError("a constraint is not feasible")
    best = total.argmax(dim=1)
    return state.tokens[torch.arange(len(best)), best].numpy()


def _tables(constraints: Sequence[Constraint]) -> _Tables:
    weighted = any(c.weights is not None for c in constraints)
    keys = [(c.code, c.events, c.last_from) for c in constraints]
    names = list(dict.fromkeys(keys))
    number_of_key = {key: i for i, key in enumerate(names)}
    rests = [completions(code, events, weighted=weighted, last_from=last) for code, events, last in names]
    width = max(rest.shape[-1] for rest in rests)
    padded = np.stack([np.pad(r, ((0, 0),) * 3 + ((0, width - r.shape[-1]),), mode="edge") for r in rests])
    goals = list(dict.fromkeys(c.goal for c in constraints))
    made = [pitch_tables(goal) for goal in goals]
    number = {goal: i for i, goal in enumerate(goals)}
    whole = (0, width - 2)

    def pitch(values: Sequence[int | None]) -> Tensor:
        return torch.tensor([NONE if value is None else value for value in values])

    codes = np.array([c.code for c in constraints])
    return _Tables(
        rest=torch.from_numpy(padded),
        rest_of=torch.tensor([number_of_key[key] for key in keys]),
        more=torch.from_numpy(np.stack([t.more for t in made])),
        met=torch.from_numpy(np.stack([t.met for t in made])),
        ends=torch.from_numpy(np.stack([t.ends for t in made])),
        more_from_none=torch.tensor([t.more_from_none for t in made]),
        met_by_none=torch.tensor([t.met_by_none for t in made]),
        goal_of=torch.tensor([number[c.goal] for c in constraints]),
        counts=torch.tensor([c.counts for c in constraints]),
        weights=torch.tensor([c.weights or whole for c in constraints]),
        pitches=_bytes([c.pitches for c in constraints]),
        events=_bytes([c.events for c in constraints]),
        tie_in=pitch([c.tie_in for c in constraints]),
        tie_out=pitch([c.tie_out for c in constraints]),
        join=pitch([c.join_tick for c in constraints]),
        codes=torch.from_numpy(codes),
        onset_weight=torch.from_numpy(WEIGHTS[codes] if weighted else np.zeros_like(WEIGHTS[codes])),
    )


def _bytes(rows: Sequence[bytes]) -> Tensor:
    return torch.from_numpy(np.stack([np.frombuffer(row, np.uint8) for row in rows]).astype(np.bool_))


def _start(tables: _Tables, size: int) -> _Beam:
    zeros = torch.zeros(size, 1, dtype=torch.long)
    tied = tables.tie_in[:, None]
    return _Beam(
        tokens=torch.full((size, 1, TICKS), PAD_ID),
        score=torch.zeros(size, 1),
        count=zeros,
        weight=zeros,
        division=zeros,
        sounding=tied != NONE,
        first=zeros + NONE,
        lowest=zeros + NONE,
        highest=zeros + NONE,
        last=tied.clone(),
    )


def _advance(
    tick: int,
    state: _Beam,
    tables: _Tables,
    scores: Scores,
    scorer: EventScorer | None,
    ahead: Tensor,
    beam: int,
) -> _Beam:
    """All continuations of all hypotheses by one tick, and the best of them."""
    own = tick < torch.from_numpy(TICKS_OF)[tables.codes]
    if tick % TICKS_PER_BEAT == 0:
        state.division = torch.full_like(state.division, FREE)
    legal, division = _legal(tick, state, tables, own)
    gain = scores.ticks[:, None, tick].expand(*state.score.shape, -1)
    if scorer is not None:
        gain = gain + scorer.gains(tick, state.first, state.last)
    gain = torch.where(own[:, None, None], gain, 0.0)
    value = torch.where(legal, state.score[..., None] + gain, -torch.inf)
    rank = value + _promise(tick, state, tables, division, ahead)
    size, width, actions = value.shape
    best = rank.flatten(1).topk(min(beam, width * actions), dim=1).indices
    parent, action = best // actions, best % actions
    rows = torch.arange(size)[:, None]
    after = _take(state, rows, parent)
    after.score = value.flatten(1).gather(1, best)
    after.tokens[:, :, tick] = action
    is_event = own[:, None] & (action != HOLD_ID) & (action != PAD_ID)
    after.division = torch.where(is_event, division[rows, parent], after.division)
    _apply(after, action, tables.onset_weight[:, tick])
    if scorer is not None:
        scorer.follow(tick, parent, action, is_event, after.first, after.last)
    return after


def _promise(tick: int, state: _Beam, tables: _Tables, division: Tensor, ahead: Tensor) -> Tensor:
    """What is still to be had after each action by the outlook, `[M, K, actions]`."""
    rows = torch.arange(len(state.score))[:, None]
    low, high = tables.counts[:, :1], tables.counts[:, 1:]
    later = ahead[:, tick + 1]  # [M, 3, 26], the last for impossible
    after_event = division.clamp(min=0)

    def best(kind: Tensor, count: Tensor) -> Tensor:
        fewest, most = (low - count).clamp(min=0), (high - count).clamp(max=COUNTS - 1)
        table = later[rows, kind.clamp(min=0)]  # [M, K, 25]
        notes = torch.arange(COUNTS)
        inside = (notes >= fewest[..., None]) & (notes <= most[..., None])
        return table.masked_fill(~inside, -torch.inf).amax(dim=-1)

    hold = best(state.division, state.count)
    rest = best(after_event, state.count)
    onset = best(after_event, state.count + 1)
    actions = PITCH_ID + tables.pitches.shape[1]
    out = hold[..., None].repeat(1, 1, actions)
    out[..., REST_ID] = rest
    out[..., PITCH_ID:] = onset[..., None]
    return out.clamp(min=-1e9)


def _legal(tick: int, state: _Beam, tables: _Tables, own: Tensor) -> tuple[Tensor, Tensor]:
    """Which actions keep a hypothesis completable, `[M, K, actions]`; division after an event."""
    size, width = state.score.shape
    moves = torch.from_numpy(DIVISION_AFTER)[tables.codes, tick]  # [M, 3]
    division = moves.gather(1, state.division.clamp(min=0))  # a dead hypothesis may have ILLEGAL
    may_event = (division != ILLEGAL) & tables.events[:, tick, None] & own[:, None]
    may_event &= torch.isfinite(state.score)
    tied = tables.tie_in[:, None] != NONE
    may_hold = own[:, None] & torch.isfinite(state.score)
    if tick == 0:
        may_hold &= tied
        may_event &= ~tied
    may_hold &= ~((tables.join[:, None] == tick) & state.sounding)
    may_rest = may_event & state.sounding if tick else may_event

    held = _remaining(tick + 1, state.division.clamp(min=0), state.count, state.weight, tables)
    rested = _remaining(tick + 1, division.clamp(min=0), state.count, state.weight, tables)
    weight = state.weight + tables.onset_weight[:, tick, None]
    onset = _remaining(tick + 1, division.clamp(min=0), state.count + 1, weight, tables)

    # A measure that is tied out does not end in silence.
    ends_now = (tables.tie_out != NONE)[:, None, None] & (torch.arange(COUNTS) == 0)
    rested = rested & ~ends_now
    held = held & ~(ends_now & ~state.sounding[..., None])

    legal = torch.zeros(size, width, PITCH_ID + tables.pitches.shape[1], dtype=torch.bool)
    legal[..., PAD_ID] = ~own[:, None] & torch.isfinite(state.score)
    legal[..., HOLD_ID] = may_hold & _completable(held, state, tables)
    legal[..., REST_ID] = may_rest & _completable(rested, state, tables)
    legal[..., PITCH_ID:] = may_event[..., None] & _completable_pitches(onset, state, tables)
    return legal, division


def _remaining(tick: int, division: Tensor, count: Tensor, weight: Tensor, tables: _Tables) -> Tensor:
    """How many further notes can meet count and weight, `[M, K, 25]` booleans."""
    width = tables.rest.shape[-1] - 1
    low = (tables.weights[:, :1] - weight).clamp(0, width)
    high = (tables.weights[:, 1:] - weight + 1).clamp(0, width)
    which = tables.rest_of[:, None].expand_as(division)
    notes = torch.arange(COUNTS)
    at_low = tables.rest[which[..., None], tick, division[..., None], notes, low[..., None]]
    at_high = tables.rest[which[..., None], tick, division[..., None], notes, high[..., None]]
    total = count[..., None] + notes
    allowed = (total >= tables.counts[:, None, :1]) & (total <= tables.counts[:, None, 1:])
    return (at_high > at_low) & allowed


def _completable(remaining: Tensor, state: _Beam, tables: _Tables) -> Tensor:
    """Whether some number of further notes meets the goal, with no note now, `[M, K]`."""
    goal = tables.goal_of[:, None]
    begun = state.first != NONE
    first, low, high = (t.clamp(min=0) for t in (state.first, state.lowest, state.highest))
    last = state.last.clamp(min=0)
    more = torch.where(
        begun, tables.more[goal, first, low, high].long(), tables.more_from_none[tables.goal_of][:, None]
    )
    met = torch.where(
        begun,
        tables.met[goal, low, high] & tables.ends[goal, first, last],
        tables.met_by_none[tables.goal_of][:, None]
        & ((tables.tie_out[:, None] == NONE) | (tables.tie_out[:, None] == state.last)),
    )
    return _enough(remaining, more, met)


def _completable_pitches(remaining: Tensor, state: _Beam, tables: _Tables) -> Tensor:
    """The same for a note now, by its pitch, `[M, K, P]`."""
    pitch = torch.arange(tables.pitches.shape[1])
    begun = (state.first != NONE)[..., None]
    first = torch.where(begun, state.first[..., None], pitch)
    low = torch.where(begun, torch.minimum(state.lowest[..., None], pitch), pitch)
    high = torch.where(begun, torch.maximum(state.highest[..., None], pitch), pitch)
    goal = tables.goal_of[:, None, None]
    more = tables.more[goal, first, low, high].long()
    met = tables.met[goal, low, high] & tables.ends[goal, first, pitch]
    return _enough(remaining[..., None, :], more, met) & tables.pitches[:, None]


def _enough(remaining: Tensor, more: Tensor, met: Tensor) -> Tensor:
    """`remaining` `[..., 25]` allows 0 notes and the goal is met, or at least `more` notes."""
    most = torch.where(remaining, torch.arange(COUNTS), -1).amax(dim=-1)
    return (remaining[..., 0] & met) | ((more < NEVER) & (most >= more))


def _take(state: _Beam, rows: Tensor, parent: Tensor) -> _Beam:
    return _Beam(**{name: tensor[rows, parent] for name, tensor in vars(state).items()})


def _apply(state: _Beam, action: Tensor, onset_weight: Tensor) -> None:
    """Bring the hypotheses up to date with the actions that led to them."""
    note = action >= PITCH_ID
    pitch = action - PITCH_ID
    new = note & (state.first == NONE)
    state.first = torch.where(new, pitch, state.first)
    state.lowest = torch.where(note & ~new, torch.minimum(state.lowest, pitch), state.lowest)
    state.highest = torch.where(note & ~new, torch.maximum(state.highest, pitch), state.highest)
    state.lowest = torch.where(new, pitch, state.lowest)
    state.highest = torch.where(new, pitch, state.highest)
    state.last = torch.where(note, pitch, state.last)
    state.count = state.count + note.long()
    state.weight = state.weight + note.long() * onset_weight[:, None]
    state.sounding = torch.where(note, True, state.sounding & (action != REST_ID))
