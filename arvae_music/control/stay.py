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
from arvae_music.control.hypotheses import NONE, Hypotheses, Outlines, Rows
from arvae_music.meter import TICKS
from arvae_music.model.vocabulary import PITCH_ID

PRICED = (NoteDensity.name, RhythmicComplexity.name, PitchRange.name, Contour.name)
"""Attributes that have a price, in the order of the columns here."""

_FAR = 1_000
"""Beyond every pitch."""


class _Begun(NamedTuple):
    """What pitches have come to."""

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

    def silent(self, tick: int, state: Hypotheses) -> Tensor:
        """Price of no note at a tick, if the rest of the source followed, `[M, K]`; at 24 of the whole."""
        measure = torch.arange(len(state.first))[:, None]
        begun = _Begun(state.first, state.lowest, state.highest, state.last)
        following = min(tick + 1, TICKS)
        heavier = self._heavier(measure, following, state.count, state.weight)
        return heavier + self._shape(measure, following, begun)

    def noted(self, tick: int, state: Hypotheses, outlines: Outlines, at: Rows) -> Tensor:
        """Price of a note at a tick by its pitch, if the rest of the source followed, `[N, P]`."""
        weight = state.weight + self.onset_weight[:, tick, None]
        heavier = self._heavier(at[0], tick + 1, state.count[at] + 1, weight[at])
        shape = self._shape(outlines.measure[:, None], tick + 1, self._noted(outlines))
        return heavier[:, None] + shape[outlines.which]

    def _noted(self, outlines: Outlines) -> _Begun:
        """Outlines with one more note, by its pitch, `[U, P]`."""
        pitch = torch.arange(self.pitches)
        first = outlines.first[:, None]
        begun = first != NONE
        return _Begun(
            torch.where(begun, first, pitch),
            torch.where(begun, torch.minimum(outlines.lowest[:, None], pitch), pitch),
            torch.where(begun, torch.maximum(outlines.highest[:, None], pitch), pitch),
            pitch,
        )

    def _heavier(self, measure: Tensor, tick: int, notes: Tensor, weight: Tensor) -> Tensor:
        """Price of note count and weight of beginnings that the source's notes from a tick on follow."""
        more = notes + (self.count[:, tick] - self.count[:, 0])[measure]
        heavier = weight + (self.weight[:, tick] - self.weight[:, 0])[measure]
        return more.abs() * self.prices[measure, 0] + heavier.abs() * self.prices[measure, 1]

    def _shape(self, measure: Tensor, tick: int, so_far: _Begun) -> Tensor:
        """Price of range and contour of the same."""
        highest = torch.maximum(so_far.highest, self.highest[measure, tick])
        lowest = torch.minimum(so_far.lowest, self.lowest[measure, tick])
        last = torch.where(self.last_tick[measure] >= tick, self.last[measure], so_far.last)
        wider = (highest - lowest - self.span[measure]).abs() * self.prices[measure, 2]
        steeper = (last - so_far.first - self.contour[measure]).abs() * self.prices[measure, 3]
        return torch.where(so_far.first != NONE, wider + steeper, 0.0)


def _from_the_end(values: Tensor, blank: int, join: np.ufunc) -> Tensor:
    """Values joined from each tick on, `[M, 24]` -> `[M, 25]`."""
    padded = np.pad(values.numpy(), ((0, 0), (0, 1)), constant_values=blank)
    return torch.from_numpy(join.accumulate(padded[:, ::-1], axis=1)[:, ::-1].copy())
