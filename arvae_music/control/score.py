"""What an edit is worth: the decoder, the event language model, and nearness to the source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from arvae_music.control.hypotheses import Rows, rows_of
from arvae_music.control.weights import ScoreWeights
from arvae_music.meter import TICKS
from arvae_music.model import EventModel, EventSteps
from arvae_music.model.events import FIRST_CLASS, INTERVALS, MAX_LEAP, REST_CLASS, leap_class
from arvae_music.model.vocabulary import PITCH_ID


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

    What the model makes of a history (the events so far) is worked out once and kept as a row of a table:
    hypotheses of different measures, which have the same intervals, share it.
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
        self.starts = torch.from_numpy(np.asarray(codes, np.int64)) * 2 + torch.from_numpy(tied)
        before = np.asarray(before, np.int64)
        known = torch.from_numpy(before >= 0)
        self.share = known / known.sum(dim=1, keepdim=True).clamp(min=1)
        self.before = torch.from_numpy(before).clamp(min=0)
        self.after = torch.from_numpy(np.asarray(after, np.float32))
        self.pitches = pitches
        self.note_cost = weight * _USUAL_NATS
        pitch = np.arange(pitches)
        self.leaps = torch.from_numpy(leap_class(pitch - pitch[:, None]))  # from each pitch to each
        self.rows = _Rows(torch.empty(0, 0), torch.empty(0, 0), self.starts[:0], 0)
        self.at = self.first = self.last = torch.empty(0, dtype=torch.long)

    @torch.inference_mode()
    def begin(self, width: int, most: int) -> None:
        """Start with `width` empty hypotheses for each measure, of which there will be `most` at most."""
        starts, which = self.starts.unique(return_inverse=True)
        codes, tied = starts // 2, starts % 2 == 1
        memory = self.steps.begin(codes, tied)
        tails = self._tails(memory, tied.long() - 1, codes)
        # Each hypothesis has one history, and as many new ones may come before old ones are given up.
        self.rows = _Rows(memory, tails, codes, 2 * len(which) * most)
        self.at = which[:, None].expand(-1, width)
        self.first = self.last = torch.full_like(self.at, -1)

    def _tails(self, memory: Tensor, current: Tensor, codes: Tensor) -> Tensor:
        """By place: log-probability of an event there, and of none there, given none before.

        `[..., 2, 24]`.
        """
        scores = self.steps.place_scores(memory, current, codes)
        tail = scores.flip(-1).logcumsumexp(-1).flip(-1)
        here = scores[..., :TICKS] - tail[..., :TICKS]
        none = tail[..., 1:] - tail[..., :TICKS]
        return torch.stack([here, none], dim=-2).nan_to_num(nan=-60.0).clamp(min=-60.0)

    def places(self, tick: int) -> tuple[Tensor, Tensor]:
        """What an event at a tick adds by its place, and what none adds, both `[M, K]`.

        An event adds no more than that, since of its intervals none is certain.
        """
        here, none = self.rows.tails[self.at, :, tick].unbind(dim=-1)
        return self.weight * here, self.weight * none

    @torch.inference_mode()
    def gains(self, tick: int, first: Tensor, last: Tensor, at: Rows) -> Tensor:
        """What each event at a tick adds to some hypotheses: a rest, and each pitch, `[N, 1 + P]`.

        Args:
            tick: the tick.
            first: first pitch of each hypothesis, -1 for none yet, `[M, K]`.
            last: last pitch of each, `[M, K]`.
            at: which hypotheses.
        """
        rows, which = self.at[at].unique(return_inverse=True)
        codes = self.rows.codes[rows]
        leaps = self.steps.interval_scores(self.rows.memory[rows], torch.full_like(codes, tick), codes)
        added = torch.empty(len(which), 1 + self.pitches)
        added[:, 0] = leaps[which, REST_CLASS]
        added[:, 1:] = self._pitch_gains(leaps, which, at[0], first[at], last[at])
        return added.add_(self.rows.tails[self.at[at], 0, tick, None]).mul_(self.weight)

    def _pitch_gains(
        self, leaps: Tensor, which: Tensor, measure: Tensor, first: Tensor, last: Tensor
    ) -> Tensor:
        """Log-probability of each pitch, `[N, P]`, by leaps `[U, 50]` and which of them are whose, `[N]`.

        A first note is judged by what came before the measure.
        """
        inside = self._from(leaps, which, last.clamp(min=0))
        (opening,) = (first < 0).nonzero(as_tuple=True)
        if len(opening):
            total = torch.zeros(len(opening), self.pitches)
            measure, which = measure[opening], which[opening]
            for share, before in zip(self.share.T, self.before.T, strict=True):
                total += share[measure, None] * self._from(leaps, which, before[measure])
            inside[opening] = total
        return inside

    def _from(self, leaps: Tensor, which: Tensor, pitch: Tensor) -> Tensor:
        """Log-probabilities of pitches reached from others, `[N, P]`."""
        return leaps.flatten()[self.leaps[pitch] + INTERVALS * which[:, None]]

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
        opening = self.first.gather(1, parent) < 0
        before = self.last.gather(1, parent)
        self.at, self.first, self.last = self.at.gather(1, parent), first, last
        at = rows_of(is_event)
        if not len(at[0]):
            return
        note = action[at] >= PITCH_ID
        leap = (last[at] - before[at]).clamp(-MAX_LEAP, MAX_LEAP) + MAX_LEAP
        fed = torch.where(note, torch.where(opening[at], FIRST_CLASS, leap), REST_CLASS)
        offset = (last[at] - first[at]).clamp(-MAX_LEAP, MAX_LEAP) + MAX_LEAP
        offset = torch.where(note, offset, MAX_LEAP)
        histories = torch.stack([self.at[at], fed, offset])
        (row, fed, offset), which = _distinct(histories, (FIRST_CLASS + 1, 2 * MAX_LEAP + 1))
        codes = self.rows.codes[row]
        place = torch.full_like(codes, tick)
        memory = self.steps.step(self.rows.memory[row], place, fed, offset, codes)
        new = self.rows.add(memory, self._tails(memory, place, codes), codes, self.at)
        self.at = self.at.index_put(at, new[which])

    def farewell(self, last: Tensor) -> Tensor:
        """What the measures after are worth, given each hypothesis's last pitch, `[M, K]`."""
        value = self.after.gather(1, last.clamp(min=0))
        return self.weight * torch.where(last >= 0, value, 0.0)


class _Rows:
    """What is known of each history that is in use, by a number that is free again when it is not.

    Attributes:
        memory: of the event model, `[rows, 2 width]`.
        tails: see `EventScorer._tails`, `[rows, 2, 24]`.
        codes: meter codes, `[rows]`.
    """

    def __init__(self, memory: Tensor, tails: Tensor, codes: Tensor, room: int) -> None:
        """The first histories, and room for so many."""
        self.memory, self.tails, self.codes = (
            torch.cat([some, some.new_empty(room - len(some), *some.shape[1:])])
            for some in (memory, tails, codes)
        )

    def add(self, memory: Tensor, tails: Tensor, codes: Tensor, used: Tensor) -> Tensor:
        """Put histories where none is in use any more; the numbers of their places.

        `used`: numbers that are in use.
        """
        free = torch.ones(len(self.codes), dtype=torch.bool)
        free[used] = False
        at = free.nonzero()[: len(codes), 0]
        self.memory.index_copy_(0, at, memory)
        self.tails.index_copy_(0, at, tails)
        self.codes.index_copy_(0, at, codes)
        return at


def _distinct(columns: Tensor, sizes: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """The different ones among columns `[3, N]`, and which of them each is, `[N]`.

    `sizes`: numbers of the second and the third row are below these.
    """
    numbers = (columns[0] * sizes[0] + columns[1]) * sizes[1] + columns[2]
    numbers, which = numbers.unique(return_inverse=True)
    return torch.stack(
        [numbers // (sizes[0] * sizes[1]), numbers // sizes[1] % sizes[0], numbers % sizes[1]]
    ), which


_USUAL_NATS = 2.8
"""Nats that a note of a folk tune costs on average; only the look-ahead uses it."""
