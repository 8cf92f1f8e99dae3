"""The hypotheses of a search: measures begun, as far as the search has come."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from arvae_music.meter import TICKS
from arvae_music.model.vocabulary import PAD_ID, PITCH_ID, REST_ID

NONE = -1
"""No pitch yet."""


@dataclass
class Hypotheses:
    """K of them for each of M measures, each field `[M, K]` but tokens and progress."""

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
    progress: Tensor  # [M, K, 2]: pitches of the source found, and used up

    @property
    def alive(self) -> Tensor:
        """Which of them are any at all."""
        return torch.isfinite(self.score)

    def take(self, parent: Tensor) -> Hypotheses:
        """Those of some numbers `[M, K]`."""
        rows = torch.arange(len(parent))[:, None]
        return Hypotheses(**{name: tensor[rows, parent] for name, tensor in vars(self).items()})

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


def start(tie_in: Tensor) -> Hypotheses:
    """One empty hypothesis for each measure; `tie_in`: the pitch tied into it or NONE, `[M]`."""
    size = len(tie_in)
    zeros = torch.zeros(size, 1, dtype=torch.long)
    tied = tie_in[:, None]
    return Hypotheses(
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
        progress=torch.zeros(size, 1, 2, dtype=torch.long),
    )
