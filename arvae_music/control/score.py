"""What an edit is worth: the decoder, the event language model, and nearness to the source."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from arvae_music.errors import UsageError
from arvae_music.meter import TICKS
from arvae_music.model import EventModel, EventSteps
from arvae_music.model.events import FIRST_CLASS, MAX_LEAP, REST_CLASS
from arvae_music.model.vocabulary import HOLD_ID, PAD_ID, PITCH_ID, REST_ID

USUAL_STRENGTH = 0.5


@dataclass(frozen=True)
class ScoreWeights:
    """How the three parts are weighed, each in nats.

    Attributes:
        decoder: of the decoder's log-probability at the moved z.
        events: of the event language model's log-probability.
        source: for each tick whose token is not the source's.
        pitch: for each tick where the source starts a note and another pitch starts now.
        stay: for each standard deviation that an attribute moves without being asked for.
        floor: log-probabilities of the decoder below it count as it: a decoder that is certain of
            the source would else forbid what the request needs.
    """

    decoder: float = 0.25
    events: float = 1.0
    source: float = 3.5
    pitch: float = 2.5
    stay: float = 2.0
    floor: float = -8.0

    @classmethod
    def at(cls, strength: float) -> ScoreWeights:
        """The usual weights at a strength from 0 (as near to the source as possible) to 1 (free).

        0.5 gives the usual ones. See `with_strength`.

        Raises:
            UsageError: the strength is not between 0 and 1.
        """
        return cls().with_strength(strength)

    def with_strength(self, strength: float) -> ScoreWeights:
        """These weights with `source`, `pitch` and `stay` times 5 (1 - strength) / (1 + 3 strength).

        At 0.5 they stay as they are; at 1 nothing but the decoder at the moved z ties the result to
        the source; at 0 they are five times as large. Larger ones keep no more ticks: with them the beam
        of the search holds near beginnings that end far away, and complexity requests lose both closeness
        and style.

        Raises:
            UsageError: the strength is not between 0 and 1.
        """
        if not 0 <= strength <= 1:
            raise UsageError(
                f"strength {strength:g}: give a number from 0 (as near to the source as possible) to 1 (free)"
            )
        factor = 5 * (1 - strength) / (1 + 3 * strength)
        return replace(self, source=self.source * factor, pitch=self.pitch * factor, stay=self.stay * factor)


@dataclass(frozen=True)
class Scores:
    """What each token is worth at each tick, `[M, 24, ids]`, without the event language model."""

    ticks: Tensor


def tick_scores(log_probabilities: Tensor, source: Tensor, weights: ScoreWeights) -> Scores:
    """Scores of tokens from the decoder and the source.

    Args:
        log_probabilities: of the decoder at the moved z, `[M, 24, ids]`.
        source: token ids of the source, `[M, 24]`.
        weights: how to weigh them.
    """
    decoder = weights.decoder * log_probabilities.clamp(min=weights.floor)
    ids = torch.arange(log_probabilities.shape[-1])
    same = ids == source[..., None]
    other_pitch = (ids >= PITCH_ID) & (source >= PITCH_ID)[..., None]
    loss = torch.where(other_pitch, weights.pitch, weights.source)
    return Scores(decoder - torch.where(same, 0.0, loss))


class EventScorer:
    """The event language model at work on the hypotheses of a search.

    Its log-probability of an event's place is paid tick by tick (the chance that no event comes
    yet, or that one comes now), so that hypotheses of one tick can be compared.
    """

    note_cost: float

    def __init__(
        self,
        model: EventModel,
        codes: npt.NDArray[np.integer],
        tied: npt.NDArray[np.bool_],
        before: npt.NDArray[np.integer],
        after: npt.NDArray[np.floating],
        *,
        weight: float,
        pitches: int,
    ) -> None:
        """Prepare for measures.

        Args:
            model: the event language model.
            codes: meter codes, `[M]`.
            tied: whether a note is tied into the measure, `[M]`.
            before: pitches (from the vocabulary's lowest) that may come before, in the measures'
                occurrences, -1 for none, `[M, occurrences]`.
            after: log-probability of what follows each last pitch, `[M, P]`.
            weight: of its score.
            pitches: how many pitches the vocabulary has.
        """
        self.steps, self.weight = EventSteps(model), weight
        self.codes = torch.from_numpy(np.asarray(codes, np.int64))
        self.tied = torch.from_numpy(tied)
        self.before = torch.from_numpy(np.asarray(before, np.int64))
        self.after = torch.from_numpy(np.asarray(after, np.float32))
        self.pitches = pitches
        self.note_cost = weight * _USUAL_NATS
        self.memory = torch.empty(0)
        self.places = torch.empty(0)

    @torch.inference_mode()
    def begin(self, width: int) -> None:
        """Start with `width` empty hypotheses for each measure."""
        memory = self.steps.begin(self.codes, self.tied)
        current = torch.where(self.tied, 0, -1)
        self.memory = memory[:, None].expand(-1, width, -1)
        self.places = self._tails(memory, current, self.codes)[:, None].expand(-1, width, -1, -1)

    def _tails(self, memory: Tensor, current: Tensor, codes: Tensor) -> Tensor:
        """By place: log-probability of an event there, and of none there, given none before.

        `[..., 2, 24]`.
        """
        scores = self.steps.place_scores(memory, current, codes)
        tail = scores.flip(-1).logcumsumexp(-1).flip(-1)
        here = scores[..., :TICKS] - tail[..., :TICKS]
        none = tail[..., 1:] - tail[..., :TICKS]
        return torch.stack([here, none], dim=-2).nan_to_num(nan=-60.0).clamp(min=-60.0)

    @torch.inference_mode()
    def gains(self, tick: int, first: Tensor, last: Tensor) -> Tensor:
        """What each action at a tick adds, `[M, K, ids]`.

        Args:
            tick: the tick.
            first: first pitch of each hypothesis, -1 for none yet, `[M, K]`.
            last: last pitch of each, `[M, K]`.
        """
        size, width = first.shape
        codes = self.codes[:, None].expand(size, width)
        here, none = self.places[..., 0, tick], self.places[..., 1, tick]
        leaps = self.steps.interval_scores(self.memory, torch.full_like(codes, tick), codes)
        gains = torch.full((size, width, PITCH_ID + self.pitches), 0.0)
        gains[..., HOLD_ID] = none
        gains[..., REST_ID] = here + leaps[..., REST_CLASS]
        gains[..., PITCH_ID:] = here[..., None] + self._pitch_gains(leaps, first, last)
        gains[..., PAD_ID] = 0.0
        return self.weight * gains

    def _pitch_gains(self, leaps: Tensor, first: Tensor, last: Tensor) -> Tensor:
        """Log-probability of each pitch, `[M, K, P]`; a first note is judged by what came before."""
        inside = _from(leaps, last.clamp(min=0), self.pitches)
        begun = first >= 0
        if bool(begun.all()):
            return inside
        known = self.before >= 0
        share = known / known.sum(dim=1, keepdim=True).clamp(min=1)
        opening = torch.zeros_like(inside)
        for occurrence in range(self.before.shape[1]):
            pitch = self.before[:, occurrence, None].expand_as(last).clamp(min=0)
            opening += share[:, occurrence, None, None] * _from(leaps, pitch, self.pitches)
        return torch.where(begun[..., None], inside, opening)

    @torch.inference_mode()
    def follow(
        self, tick: int, parent: Tensor, action: Tensor, is_event: Tensor, first: Tensor, last: Tensor
    ) -> None:
        """Take over the chosen continuations.

        Args:
            tick: the tick.
            parent: the hypothesis that each one continues, `[M, K]`.
            action: token id that it adds, `[M, K]`.
            is_event: whether that is a note or a rest of the measure, `[M, K]`.
            first: first pitch of each, with the action, `[M, K]`.
            last: last pitch of each, with the action, `[M, K]`.
        """
        rows = torch.arange(len(parent))[:, None]
        previous_last = self._last if tick and self._last is not None else None
        memory, places = self.memory[rows, parent], self.places[rows, parent]
        was_first = self._first[rows, parent] if self._first is not None and tick else None
        before = previous_last[rows, parent] if previous_last is not None else last
        self._first, self._last = first, last
        at = is_event.nonzero(as_tuple=True)
        if not len(at[0]):
            self.memory, self.places = memory, places
            return
        note = action[at] >= PITCH_ID
        opening = note & ((was_first[at] < 0) if was_first is not None else torch.ones_like(note))
        leap = (last[at] - before[at]).clamp(-MAX_LEAP, MAX_LEAP) + MAX_LEAP
        fed = torch.where(note, torch.where(opening, FIRST_CLASS, leap), REST_CLASS)
        offset = (last[at] - first[at]).clamp(-MAX_LEAP, MAX_LEAP) + MAX_LEAP
        offset = torch.where(note, offset, MAX_LEAP)
        codes = self.codes[at[0]]
        place = torch.full_like(codes, tick)
        moved = self.steps.step(memory[at], place, fed, offset, codes)
        memory[at] = moved
        places[at] = self._tails(moved, place, codes)
        self.memory, self.places = memory, places

    _first: Tensor | None = None
    _last: Tensor | None = None

    def farewell(self, last: Tensor) -> Tensor:
        """What the measures after are worth, given each hypothesis's last pitch, `[M, K]`."""
        value = self.after.gather(1, last.clamp(min=0))
        return self.weight * torch.where(last >= 0, value, 0.0)


_USUAL_NATS = 2.8
"""Nats that a note of a folk tune costs on average; only the look-ahead uses it."""


def _from(leaps: Tensor, pitch: Tensor, pitches: int) -> Tensor:
    """Log-probabilities of leaps `[M, K, 50]` as of pitches reached from `pitch` `[M, K]`, `[M, K, P]`."""
    leap = torch.arange(pitches) - pitch[..., None]
    return leaps.gather(-1, leap.clamp(-MAX_LEAP, MAX_LEAP) + MAX_LEAP)
