"""The hypotheses of a search: measures begun, as far as the search has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from arvae_music.model.vocabulary import PITCH_ID, REST_ID

NONE = -1
"""No pitch yet."""

_PLACES = 64
"""More than there are pitches, or places in a source, with one for none."""


Rows = tuple[Tensor, Tensor]
"""Numbers of measures and of their hypotheses, both `[N]`."""


class Outlines(NamedTuple):
    """What pitches have come to, of the different ones among some hypotheses.

    What the pitch of a further note would lead to depends on no more than this, and many hypotheses of a
    measure are alike in it.

    Attributes:
        measure: number of the measure, `[U]`.
        first, lowest, highest: pitches so far, NONE before the first note, `[U]`.
        progress: pitches of the source found, and used up, `[U, 2]`.
        which: the outline of each hypothesis, `[N]`.
    """

    measure: Tensor
    first: Tensor
    lowest: Tensor
    highest: Tensor
    progress: Tensor
    which: Tensor


@dataclass
class Hypotheses:
    """K of them for each of M measures, each field `[M, K]` but progress."""

    score: Tensor
    count: Tensor
    weight: Tensor
    division: Tensor
    sounding: Tensor
    first: Tensor
    lowest: Tensor
    highest: Tensor
    last: Tensor  # last started pitch, or the one tied in
    progress: Tensor  # [M, K, 2]: pitches of the source found, and used up

    @property
    def alive(self) -> Tensor:
        """Which of them are any at all."""
        return torch.isfinite(self.score)

    def take(self, parent: Tensor) -> Hypotheses:
        """Those of some numbers `[M, K]`."""
        return Hypotheses(**{name: _taken(tensor, parent) for name, tensor in vars(self).items()})

    def apply(self, action: Tensor, onset_weight: Tensor) -> None:
        """Bring all but division and progress up to date with the tokens that were added."""
        note = action >= PITCH_ID
        pitch = action - PITCH_ID
        new = note & (self.first == NONE)
        self.first = torch.where(new, pitch, self.first)
        self.lowest = torch.where(note & ~new, torch.minimum(self.lowest, pitch), self.lowest)
        self.highest = torch.where(note & ~new, torch.maximum(self.highest, pitch), self.highest)
        self.lowest = torch.where(new, pitch, self.lowest)
        self.highest = torch.where(new, pitch, self.highest)
        self.last = torch.where(note, pitch, self.last)
        self.count = self.count + note.long()
        self.weight = self.weight + note.long() * onset_weight[:, None]
        self.sounding = torch.where(note, True, self.sounding & (action != REST_ID))

    def outlines(self, at: Rows) -> Outlines:
        """What the pitches of some have come to."""
        numbers = at[0]
        for part in (self.first, self.lowest, self.highest, *self.progress.unbind(dim=-1)):
            numbers = numbers * _PLACES + part[at] + 1
        numbers, which = torch.unique(numbers, return_inverse=True)
        parts = []
        for _ in range(5):
            parts.append(numbers % _PLACES - 1)
            numbers = numbers // _PLACES
        used, found, highest, lowest, first = parts
        return Outlines(numbers, first, lowest, highest, torch.stack([found, used], dim=-1), which)


def _taken(values: Tensor, parent: Tensor) -> Tensor:
    """Of values `[M, K, ...]` those of some hypotheses, `[M, K']`."""
    if values.dim() == 2:
        return values.gather(1, parent)
    return values.gather(1, parent[..., None].expand(-1, -1, values.shape[2]))


def start(tie_in: Tensor) -> Hypotheses:
    """One empty hypothesis for each measure; `tie_in`: the pitch tied into it or NONE, `[M]`."""
    size = len(tie_in)
    zeros = torch.zeros(size, 1, dtype=torch.long)
    tied = tie_in[:, None]
    return Hypotheses(
        score=torch.zeros(size, 1),
        count=zeros,
        weight=zeros,
        division=zeros,
        sounding=tied != NONE,
        first=zeros + NONE,
        lowest=zeros + NONE,
        highest=zeros + NONE,
        last=tied.clone(),
        progress=torch.zeros(size, 1, 2, dtype=torch.long),
    )


def rows_of(some: Tensor) -> Rows:
    """The hypotheses that a mask `[M, K]` picks."""
    measure, number = some.nonzero(as_tuple=True)
    return measure, number
