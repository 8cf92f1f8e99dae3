"""Which continuations of a hypothesis can still meet its constraint.

What the rhythm of the rest can be (`rhythms`) and what its pitches must be (`pitches`, `sequences`) meet in
one number, that of the notes to come: both say which numbers will do, as bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from arvae_music.attributes import WEIGHTS
from arvae_music.control.constraint import Constraint
from arvae_music.control.hypotheses import NONE, Hypotheses, Outlines, Rows
from arvae_music.control.lookup import PitchLook, SequenceLook, so_many
from arvae_music.control.rhythms import (
    DIVISION_AFTER,
    ILLEGAL,
    MAY_HOLD,
    MAY_NOTE,
    MAY_REST,
    RhythmGoal,
    completions,
)
from arvae_music.meter import TICKS, TICKS_OF
from arvae_music.model.vocabulary import HOLD_ID, PAD_ID, PITCH_ID


class Legal(NamedTuple):
    """What may follow each hypothesis, each `[M, K]` but the last two.

    Attributes:
        pad, hold, rest: whether these may.
        note: whether a note may as far as its rhythm goes; of its pitches `Lookahead.pitches_at` says more.
        division: of the beat after an event.
        to_come: numbers of free notes after a note by rhythm, as bits, `[M, K, sets]`.
        own: whether the tick is the meter's own, `[M]`.
    """

    pad: Tensor
    hold: Tensor
    rest: Tensor
    note: Tensor
    division: Tensor
    to_come: Tensor
    own: Tensor


class Pitches(NamedTuple):
    """Of measures by number: first, lowest, highest and last pitch, pitches of the source found and used up.

    Their shapes broadcast.
    """

    measure: Tensor
    first: Tensor
    lowest: Tensor
    highest: Tensor
    last: Tensor
    progress: Tensor


class Lookahead:
    """The constraints of many measures as tables."""

    def __init__(self, constraints: Sequence[Constraint]) -> None:
        self.codes = torch.tensor([c.code for c in constraints])
        self.ticks = torch.from_numpy(TICKS_OF)[self.codes]
        self.moves = torch.from_numpy(DIVISION_AFTER)[self.codes]
        self.counts = torch.tensor([c.counts for c in constraints])
        self.tie_in = _pitches([c.tie_in for c in constraints])
        self.join = _pitches([c.join_tick for c in constraints])
        self.pitches = _bytes([c.pitches for c in constraints]).bool()
        kinds = _bytes([c.rhythm.kinds for c in constraints])
        self.may_hold = (kinds & MAY_HOLD) > 0
        self.may_rest = (kinds & MAY_REST) > 0
        self.may_note = (kinds & MAY_NOTE) > 0
        self.onset_weight = torch.from_numpy(WEIGHTS[self.codes.numpy()])
        self._rhythms(constraints)
        self._pinned(constraints)
        goals = [c.goal for c in constraints]
        self.look = PitchLook(goals)
        self.sequences = None
        if any(c.sequence is not None for c in constraints):
            empty = [c.may_be_empty for c in constraints]
            self.sequences = SequenceLook(goals, [c.sequence for c in constraints], empty)

    def _rhythms(self, constraints: Sequence[Constraint]) -> None:
        keys: list[tuple[RhythmGoal, tuple[int, int] | None]] = [(c.rhythm, c.weights) for c in constraints]
        names = list(dict.fromkeys(keys))
        number = {key: i for i, key in enumerate(names)}
        made = completions([goal for goal, _ in names], [weights for _, weights in names])
        self.rest, self.split = torch.from_numpy(made.bits), made.split
        self.rest_of = torch.tensor([number[key] for key in keys])

    def _pinned(self, constraints: Sequence[Constraint]) -> None:
        """Of the notes that are locked from each tick on: how many, lowest, highest; and the last of all."""
        size = self.pitches.shape[1]
        locked = np.array([c.locked or (NONE,) * TICKS for c in constraints])
        pitch = np.where(locked >= PITCH_ID, locked - PITCH_ID, NONE)
        self.pin = torch.from_numpy(pitch)
        end = ((0, 0), (0, 1))

        def from_the_end(values: npt.NDArray[np.int64], blank: int, best: np.ufunc) -> Tensor:
            padded = np.pad(values, end, constant_values=blank)
            return torch.from_numpy(best.accumulate(padded[:, ::-1], axis=1)[:, ::-1].copy())

        self.pins = from_the_end((pitch >= 0).astype(np.int64), 0, np.add)
        self.pin_low = from_the_end(np.where(pitch >= 0, pitch, size), size, np.minimum)
        self.pin_high = from_the_end(pitch, NONE, np.maximum)
        self.pin_last = _pitches([c.pinned[-1] if c.pinned else None for c in constraints])
        self.from_none = so_many(torch.tensor([c.from_none() for c in constraints]))

    def legal(self, tick: int, state: Hypotheses) -> Legal:
        """Which tokens at a tick keep a hypothesis completable."""
        own = tick < self.ticks
        division = self.moves[:, tick].gather(1, state.division.clamp(min=0))  # a dead one may have ILLEGAL
        open_ = own[:, None] & state.alive
        event = open_ & (division != ILLEGAL)
        hold = open_ & self.may_hold[:, tick, None] & ~((self.join[:, None] == tick) & state.sounding)
        rest = event & self.may_rest[:, tick, None]
        note = event & self.may_note[:, tick, None]
        tied = self.tie_in[:, None] != NONE
        if tick == 0:
            hold, rest, note = hold & tied, rest & ~tied, note & ~tied
        else:
            rest = rest & state.sounding
        after = division.clamp(min=0)
        zero = torch.zeros_like(after)
        # After a hold, a rest and a note.
        held, rested, started = self._to_come(
            tick,
            torch.stack([state.division.clamp(min=0), after, after]),
            torch.stack([state.sounding.long(), zero, zero + 1]),
            state,
            torch.tensor([0, 0, 1])[:, None, None],
        )
        as_is = self._goal_bits(tick, state)
        return Legal(
            ~own[:, None] & state.alive,
            hold & (held & as_is).any(dim=-1),
            rest & (rested & as_is).any(dim=-1),
            note & started.any(dim=-1),
            division,
            started,
            own,
        )

    def pitches_at(self, tick: int, legal: Legal, outlines: Outlines, at: Rows) -> Tensor:
        """Which pitches of a note at a tick keep some hypotheses completable, `[N, P]`."""
        by_pitch = self._goal_bits_by_pitch(tick, outlines)[outlines.which]
        possible = (by_pitch & legal.to_come[at][:, :, None]).any(dim=1)
        return possible & self._may_start(tick)[at[0]]

    def _may_start(self, tick: int) -> Tensor:
        """Pitches that may start at a tick, `[M, P]`."""
        pin = self.pin[:, tick, None]
        locked = torch.arange(self.pitches.shape[1]) == pin
        return torch.where(pin == NONE, self.pitches, locked)

    def _to_come(
        self, tick: int, division: Tensor, sounding: Tensor, state: Hypotheses, new: Tensor
    ) -> Tensor:
        """Numbers of free notes after a tick by rhythm, count and weight, as bits `[..., M, K, sets]`.

        `new`: whether a note starts at the tick. Where no note is locked: those of none, those of some.
        """
        weight = state.weight + new * self.onset_weight[:, tick, None]
        weight = weight.clamp(max=self.rest.shape[-2] - 1)
        sets = self.rest[self.rest_of[:, None], tick + 1, division, sounding, weight]
        so_far = state.count + new + self.pins[:, tick + 1, None]
        fewest, most = self.counts[:, :1] - so_far, self.counts[:, 1:] - so_far
        inside = so_many(fewest.clamp(min=0)) & ~so_many((most + 1).clamp(min=0))
        sets = sets & inside[..., None]
        return sets if self.split else torch.cat([sets & 1, sets & ~1], dim=-1)

    def _goal_bits(self, tick: int, state: Hypotheses) -> Tensor:
        """Numbers of free notes after a tick, without a note there, that the pitches allow, as bits."""
        begun = state.first != NONE
        pitches = Pitches(
            torch.arange(len(begun))[:, None],
            state.first.clamp(min=0),
            state.lowest.clamp(min=0),
            state.highest.clamp(min=0),
            state.last.clamp(min=0),
            state.progress,
        )
        none = self.from_none[:, None].expand(*begun.shape, -1)
        if not self.split:
            none = none[..., [0, 3]]
        if self.sequences is not None:
            instead = self.sequences.from_none[:, None, None].expand_as(none)
            none = torch.where(self.sequences.is_locked[:, None, None], instead, none)
        bits = torch.stack(self._begun_bits(tick, pitches), dim=-1)
        return torch.where(begun[..., None], bits, none)

    def _goal_bits_by_pitch(self, tick: int, outlines: Outlines) -> Tensor:
        """The same with a note there, by its pitch, `[U, sets, P]`."""
        pitch = torch.arange(self.pitches.shape[1])
        measure, first = outlines.measure[:, None], outlines.first[:, None]
        begun = first != NONE
        progress = outlines.progress[:, None].expand(-1, len(pitch), -1)
        if self.sequences is not None:
            progress = self.sequences.after(measure, progress, pitch)
        pitches = Pitches(
            measure,
            torch.where(begun, first, pitch),
            torch.where(begun, torch.minimum(outlines.lowest[:, None], pitch), pitch),
            torch.where(begun, torch.maximum(outlines.highest[:, None], pitch), pitch),
            pitch,
            progress,
        )
        return torch.stack(self._begun_bits(tick, pitches), dim=1)

    def _begun_bits(self, tick: int, pitches: Pitches) -> list[Tensor]:
        """The same where a note has started, set by set."""
        measure, first, low, high, last, progress = pitches
        if self.split:
            low = torch.minimum(low, self.pin_low[measure, tick + 1])
            high = torch.maximum(high, self.pin_high[measure, tick + 1])
            last = torch.where(self.pins[measure, tick + 1] > 0, self.pin_last.clamp(min=0)[measure], last)
        ends, missing = self.look.ends(measure, first, last), self.look.missing(measure, low, high)
        bits = [torch.where(ends, so_many(missing), 0), so_many(self.look.more(measure, first, low, high))]
        if self.sequences is not None:
            instead = self.sequences.bits(measure, progress, first, low, high, last, self.look)
            is_locked = self.sequences.is_locked[measure]
            bits = [torch.where(is_locked, instead, plain) for plain in bits]
        return bits * 2 if self.split else bits

    def follow(self, tick: int, state: Hypotheses, action: Tensor, division: Tensor, own: Tensor) -> Tensor:
        """Bring hypotheses up to date with the tokens that were added; which of these are events."""
        event = own[:, None] & (action != HOLD_ID) & (action != PAD_ID)
        state.division = torch.where(event, division, state.division)
        if self.sequences is not None:
            note = (action >= PITCH_ID)[..., None]
            measure = torch.arange(len(action))[:, None]
            moved = self.sequences.after(measure, state.progress, (action - PITCH_ID).clamp(min=0))
            state.progress = torch.where(note, moved, state.progress)
        state.apply(action, self.onset_weight[:, tick])
        return event


def _pitches(values: Sequence[int | None]) -> Tensor:
    return torch.tensor([NONE if value is None else value for value in values])


def _bytes(rows: Sequence[bytes]) -> Tensor:
    return torch.from_numpy(np.stack([np.frombuffer(row, np.uint8) for row in rows]))
