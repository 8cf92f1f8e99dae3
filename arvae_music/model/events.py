"""A language model of melodic events: where the next one stands, and how far it leaps.

The events of a measure are its notes and rests in order. Each is predicted from those before it:
first its place (a tick, or the end of the measure, which also says how long the event before it
lasts), then its interval from the note before, or that it is a rest. Intervals make the model blind to the
key, so one that is trained in any key judges every key.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from arvae_music.meter import GRIDS, TICKS, TICKS_OF
from arvae_music.model.settings import ModelSettings
from arvae_music.tokens import HOLD, REST, Meters, Tokens

MAX_LEAP = 24
"""Leaps beyond two octaves are read as two octaves."""

REST_CLASS = 2 * MAX_LEAP + 1
FIRST_CLASS = REST_CLASS + 1
"""The interval of a measure's first note as it is fed back: what came before is not part of it."""

INTERVALS = REST_CLASS + 1
"""Classes that are predicted: leaps from -24 to 24, and REST."""

END = TICKS
"""The place of the end of the measure."""

UNKNOWN = -1
"""An interval that is not predicted: the tune's first note, or past the last event."""


class EventBatch(NamedTuple):
    """The events of measures; every array is `[batch, events]` but the last, events <= 24.

    Attributes:
        places: tick of each event; END from the last one's end on.
        intervals: class of each event's interval; UNKNOWN where it is not to be predicted.
        fed: class of each event as the next ones see it, FIRST_CLASS for the first note.
        offsets: semitones from the measure's first note, 0 for rests, within two octaves, plus 24.
        tied: whether a note is tied into the measure, `[batch]`.
    """

    places: npt.NDArray[np.int64]
    intervals: npt.NDArray[np.int64]
    fed: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]
    tied: npt.NDArray[np.bool_]


def leap_class(leap: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Class of an interval in semitones, of any shape."""
    return np.asarray(np.clip(leap, -MAX_LEAP, MAX_LEAP) + MAX_LEAP, np.int64)


def most_events(tokens: Tokens) -> int:
    """The most events that one of some measures has, at least 1."""
    is_event = (tokens >= 0) | (tokens == REST)
    return max(int(is_event.sum(axis=1).max(initial=0)), 1)


def events_of(tokens: Tokens, previous: npt.NDArray[np.integer], width: int | None = None) -> EventBatch:
    """The events of measures.

    Args:
        tokens: `[batch, 24]`.
        previous: the pitch that started last before each measure, -1 where there is none, `[batch]`.
        width: columns of the result; as many as the measure with the most events has, if not given.
    """
    is_event = (tokens >= 0) | (tokens == REST)
    count = is_event.sum(axis=1)
    width = width or most_events(tokens)
    order = np.argsort(~is_event, axis=1, kind="stable")[:, :width]
    there = np.arange(width) < count[:, None]
    event = np.where(there, np.take_along_axis(tokens, order, axis=1), REST).astype(np.int64)
    is_note = event >= 0

    before, first = _notes_before(event, is_note, np.asarray(previous, np.int64))
    intervals = np.where(is_note, leap_class(event - before), REST_CLASS)
    intervals[~there | (is_note & (before < 0))] = UNKNOWN
    starts = is_note & (np.cumsum(is_note, axis=1) == 1)
    fed = np.where(is_note, leap_class(event - before), REST_CLASS)
    fed[starts] = FIRST_CLASS
    offsets = np.where(is_note, leap_class(event - first), MAX_LEAP)
    places = np.where(there, order, END)
    return EventBatch(places, intervals, fed, offsets, tokens[:, 0] == HOLD)


def _notes_before(
    event: npt.NDArray[np.int64], is_note: npt.NDArray[np.bool_], previous: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Pitch of the note before each event (`[batch, events]`) and of the first note (`[batch, 1]`)."""
    width = event.shape[1]
    at = np.maximum.accumulate(np.where(is_note, np.arange(width), -1), axis=1)
    at = np.concatenate([np.full((len(event), 1), -1), at[:, :-1]], axis=1)
    pitch = np.take_along_axis(event, np.maximum(at, 0), axis=1)
    before = np.where(at < 0, previous[:, None], pitch)
    first = np.take_along_axis(event, is_note.argmax(axis=1)[:, None], axis=1)
    return before, first


class EventModel(nn.Module):
    """A recurrent layer over a measure's events, with a head for places and one for intervals."""

    later: Tensor
    inside: Tensor

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__()
        width = settings.event_width
        self.width = width
        self.start = nn.Embedding(2 * len(GRIDS), width)
        self.place = nn.Embedding(TICKS * len(GRIDS), width)
        self.interval = nn.Embedding(FIRST_CLASS + 1, width)
        self.offset = nn.Embedding(2 * MAX_LEAP + 1, width)
        self.cell = nn.GRU(width, width, batch_first=True)
        self.dropout = nn.Dropout(0.2)
        self.to_place = nn.Linear(width, TICKS + 1)
        self.to_hidden = nn.Linear(width, width)
        self.from_place = nn.Embedding(TICKS * len(GRIDS), width)
        self.to_interval = nn.Linear(width, INTERVALS)
        ticks = np.arange(TICKS + 1)
        later = ticks > np.arange(-1, TICKS)[:, None]
        inside = (ticks < TICKS_OF[:, None]) | (ticks == END)
        self.register_buffer("later", torch.from_numpy(later), persistent=False)
        self.register_buffer("inside", torch.from_numpy(inside), persistent=False)

    def begin(self, meters: Tensor, tied: Tensor) -> Tensor:
        """State before the first event, `[batch, width]`, of meter codes and tie flags `[batch]`."""
        state: Tensor = self.start(meters + len(GRIDS) * tied.long())
        return state

    def embed(self, places: Tensor, fed: Tensor, offsets: Tensor, meters: Tensor) -> Tensor:
        """Events as the recurrent layer takes them, `[..., width]`; meters broadcast."""
        place: Tensor = self.place(places + TICKS * meters)
        embedded: Tensor = place + self.interval(fed) + self.offset(offsets)
        return embedded

    def place_scores(self, states: Tensor, current: Tensor, meters: Tensor) -> Tensor:
        """Log-probabilities of the next event's place.

        Args:
            states: `[..., width]`.
            current: tick of the last event, -1 before the first, `[...]`.
            meters: meter codes, `[...]`.

        Returns:
            `[..., 25]`; only places after the current one and in the measure are possible.
        """
        allowed = self.later[current + 1] & self.inside[meters]
        scores: Tensor = self.to_place(states).float()
        return scores.masked_fill(~allowed, -torch.inf).log_softmax(dim=-1)

    def interval_scores(self, states: Tensor, places: Tensor, meters: Tensor) -> Tensor:
        """Log-probabilities of the interval of an event at known places `[...]`, `[..., 50]`."""
        return self.interval_scores_of(self.to_hidden(states), places, meters)

    def interval_scores_of(self, hidden: Tensor, places: Tensor, meters: Tensor) -> Tensor:
        """The same of what `to_hidden` has made of the states."""
        place = self.from_place(places + TICKS * meters)
        scores: Tensor = self.to_interval(torch.relu(hidden + place)).float()
        return scores.log_softmax(dim=-1)

    def step(self, states: Tensor, embedded: Tensor) -> Tensor:
        """States `[batch, width]` after one more event, embedded `[batch, width]`."""
        _, after = self.cell(embedded[:, None], states[None].contiguous())
        state: Tensor = after[0]
        return state

    def forward(self, events: dict[str, Tensor], meters: Tensor) -> Tensor:
        """Negative log-likelihood of each measure in nats, `[batch]`.

        Args:
            events: the fields of an `EventBatch` as tensors.
            meters: meter codes, `[batch]`.
        """
        places, intervals = events["places"], events["intervals"]
        meter = meters[:, None]
        there = places < END
        own = places.clamp(max=END - 1)
        embedded = self.embed(own, events["fed"], events["offsets"], meter)
        begin = self.begin(meters, events["tied"])
        states, _ = self.cell(self.dropout(embedded), begin[None])
        states = self.dropout(torch.cat([begin[:, None].to(states.dtype), states], dim=1))

        tied_place = torch.where(events["tied"], 0, -1)[:, None]
        current = torch.cat([tied_place, own], dim=1)
        target = torch.cat([places, torch.full_like(places[:, :1], END)], dim=1)
        scores = self.place_scores(states, current, meter.expand_as(current))
        nats = -scores.gather(-1, target[..., None])[..., 0]
        asked = torch.cat([torch.ones_like(there[:, :1]), there], dim=1)
        total = torch.where(asked, nats, 0.0).sum(dim=1)

        leaps = self.interval_scores(states[:, :-1], own, meter)
        nats = -leaps.gather(-1, intervals.clamp(min=0)[..., None])[..., 0]
        return total + torch.where(intervals >= 0, nats, 0.0).sum(dim=1)


class EventSteps:
    """A trained event model taken event by event, as a search does, with everything multiplied once.

    What the recurrent layer is given is a sum of three embeddings, so that its products with the layer's
    weights are known in advance; what the head for intervals makes of a state is made when the state is.
    A memory is a state and that, `[..., 2 width]`.
    """

    def __init__(self, model: EventModel) -> None:
        self.model, self.width = model, model.width
        given, kept, given_bias, kept_bias = model.cell.all_weights[0]
        with torch.inference_mode():
            rows = torch.cat([model.place.weight, model.interval.weight, model.offset.weight])
            places = model.place.num_embeddings
            self.table = rows @ given.T
            self.table[:places] += given_bias  # every event has one place
            self.first_interval, self.first_offset = places, places + model.interval.num_embeddings
            self.weight, self.bias = kept.T.contiguous(), kept_bias

    def begin(self, meters: Tensor, tied: Tensor) -> Tensor:
        """Memory before the first event, `[batch, 2 width]`; see `EventModel.begin`."""
        return self._remembered(self.model.begin(meters, tied))

    def _remembered(self, states: Tensor) -> Tensor:
        return torch.cat([states, self.model.to_hidden(states)], dim=-1)

    def step(self, memory: Tensor, places: Tensor, fed: Tensor, offsets: Tensor, meters: Tensor) -> Tensor:
        """Memory `[batch, 2 width]` after one more event, numbered as in an `EventBatch`, `[batch]`."""
        width, states = self.width, memory[:, : self.width]
        at = torch.stack(
            [places + TICKS * meters, fed + self.first_interval, offsets + self.first_offset], dim=1
        )
        given = nn.functional.embedding_bag(at, self.table, mode="sum")
        kept = torch.addmm(self.bias, states, self.weight)
        gates = (given[:, : 2 * width] + kept[:, : 2 * width]).sigmoid_()
        new = torch.addcmul(given[:, 2 * width :], gates[:, :width], kept[:, 2 * width :]).tanh_()
        return self._remembered(torch.lerp(new, states, gates[:, width:]))

    def place_scores(self, memory: Tensor, current: Tensor, meters: Tensor) -> Tensor:
        """`EventModel.place_scores` of memories."""
        return self.model.place_scores(memory[..., : self.width], current, meters)

    def interval_scores(self, memory: Tensor, places: Tensor, meters: Tensor) -> Tensor:
        """`EventModel.interval_scores` of memories."""
        return self.model.interval_scores_of(memory[..., self.width :], places, meters)


def event_tensors(
    tokens: Tokens,
    previous: npt.NDArray[np.integer],
    device: torch.device | str = "cpu",
    width: int | None = None,
) -> dict[str, Tensor]:
    """The events of measures as tensors, for `EventModel.forward`; `width` as in `events_of`."""
    events = events_of(tokens, previous, width)._asdict()
    return {name: torch.from_numpy(array).to(device) for name, array in events.items()}


def nats_and_notes(
    model: EventModel, tokens: Tokens, meters: Meters, previous: npt.NDArray[np.integer]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Negative log-likelihood in nats and number of notes of each measure, both `[batch]`."""
    device = model.to_place.weight.device
    with torch.inference_mode():
        codes = torch.from_numpy(np.asarray(meters, np.int64)).to(device)
        nats = model(event_tensors(tokens, previous, device), codes)
    return nats.double().cpu().numpy(), (tokens >= 0).sum(axis=1).astype(np.int64)
