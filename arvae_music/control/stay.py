"""What an edit costs by the attributes that nobody asked to change.

A note more in a bar makes it also more complex, unless it stands on a strong place; it need not widen
it. So each standard deviation that another attribute moves has a price. What a measure costs is known
when it is whole; before, a hypothesis is ranked as if the rest of the source followed it, which comes
to the same in the end.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from arvae_music.attributes import (
    TOTAL_WEIGHTS,
    WEIGHTS,
    Contour,
    NoteDensity,
    PitchRange,
    RhythmicComplexity,
)
from arvae_music.control.hypotheses import NONE, Hypotheses
from arvae_music.meter import TICKS
from arvae_music.model.vocabulary import PITCH_ID

PRICED = (NoteDensity.name, RhythmicComplexity.name, PitchRange.name, Contour.name)
"""Attributes that have a price, in the order of the columns here."""

_FAR = 1_000
"""Beyond every pitch."""


class _Begun(NamedTuple):
    """What hypotheses have come to, each `[M, K]`, or `[M, K, P]` by the pitch of one more note."""

    notes: Tensor
    weight: Tensor
    first: Tensor
    lowest: Tensor
    highest: Tensor
    last: Tensor


class Stay:
    """Prices of moved attributes for the measures of a search."""

    def __init__(
        self,
        ids: Tensor,
        codes: npt.NDArray[np.integer],
        prices: npt.NDArray[np.floating],
        asked: Sequence[Collection[str]],
        *,
        pitches: int,
    ) -> None:
        """Prepare.

        Args:
            ids: token ids of the sources, `[M, 24]`.
            codes: meter codes, `[M]`.
            prices: nats for each unit of the attributes of `PRICED`, `[M, 4]`.
            asked: names of the attributes that may move for nothing, of each measure.
            pitches: how many the vocabulary has.
        """
        note = ids >= PITCH_ID
        pitch = ids - PITCH_ID
        self.pitches = pitches
        self.onset_weight = torch.from_numpy(WEIGHTS[codes])
        # What the source has from each tick on, `[M, 25]`; nothing at 24.
        self.count = _from_the_end(note.long(), 0, np.add)
        self.weight = _from_the_end(note * self.onset_weight, 0, np.add)
        self.lowest = _from_the_end(torch.where(note, pitch, _FAR), _FAR, np.minimum)
        self.highest = _from_the_end(torch.where(note, pitch, -_FAR), -_FAR, np.maximum)
        rows = torch.arange(len(ids))
        last = torch.where(note, torch.arange(TICKS), NONE).amax(dim=1)
        first = pitch[rows, note.long().argmax(dim=1)]
        self.last_tick, self.last = last, pitch[rows, last]
        some = self.count[:, 0] > 0
        self.span = torch.where(some, self.highest[:, 0] - self.lowest[:, 0], 0)
        self.contour = torch.where(some, self.last - first, 0)
        free = torch.tensor([[name in names for name in PRICED] for names in asked])
        each = torch.from_numpy(np.asarray(prices, np.float32)).masked_fill(free, 0.0)
        each[:, 1] /= torch.from_numpy(TOTAL_WEIGHTS[codes])
        self.prices = each

    def ahead(self, tick: int, state: Hypotheses) -> Tensor:
        """Price of each action at a tick, if the rest of the source followed it, `[M, K, ids]`."""
        pitch = torch.arange(self.pitches)
        begun = (state.first != NONE)[..., None]
        noted = _Begun(
            (state.count + 1)[..., None],
            (state.weight + self.onset_weight[:, tick, None])[..., None],
            torch.where(begun, state.first[..., None], pitch),
            torch.where(begun, torch.minimum(state.lowest[..., None], pitch), pitch),
            torch.where(begun, torch.maximum(state.highest[..., None], pitch), pitch),
            pitch.expand(*state.first.shape, -1),
        )
        silent = self._price(tick + 1, _begun(state))[..., None]
        return torch.cat([silent.expand(-1, -1, PITCH_ID), self._price(tick + 1, noted)], dim=-1)

    def whole(self, state: Hypotheses) -> Tensor:
        """Price of whole measures, `[M, K]`."""
        return self._price(TICKS, _begun(state))

    def _price(self, tick: int, so_far: _Begun) -> Tensor:
        """Price of beginnings that the source's notes from a tick on follow."""

        def of(values: Tensor) -> Tensor:
            return values.reshape(-1, *[1] * (so_far.first.dim() - 1))

        per_note, per_weight, per_span, per_contour = map(of, self.prices.unbind(dim=1))
        more = so_far.notes + of(self.count[:, tick] - self.count[:, 0])
        heavier = so_far.weight + of(self.weight[:, tick] - self.weight[:, 0])
        begun = so_far.first != NONE
        highest = torch.maximum(so_far.highest, of(self.highest[:, tick]))
        lowest = torch.minimum(so_far.lowest, of(self.lowest[:, tick]))
        last = torch.where(of(self.last_tick >= tick), of(self.last), so_far.last)
        wider = (highest - lowest - of(self.span)).abs() * per_span
        steeper = (last - so_far.first - of(self.contour)).abs() * per_contour
        shape = torch.where(begun, wider + steeper, 0.0)
        return more.abs() * per_note + heavier.abs() * per_weight + shape


def _begun(state: Hypotheses) -> _Begun:
    return _Begun(state.count, state.weight, state.first, state.lowest, state.highest, state.last)


def _from_the_end(values: Tensor, blank: int, join: np.ufunc) -> Tensor:
    """Values joined from each tick on, `[M, 24]` -> `[M, 25]`."""
    padded = np.pad(values.numpy(), ((0, 0), (0, 1)), constant_values=blank)
    return torch.from_numpy(join.accumulate(padded[:, ::-1], axis=1)[:, ::-1].copy())
