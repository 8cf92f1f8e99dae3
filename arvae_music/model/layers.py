"""Pieces that the encoder and the decoder share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from arvae_music.meter import BEAT_KIND_OF, BEATS_OF, MAX_BEATS, Beat
from arvae_music.model.vocabulary import PAD_ID


class MeterEmbedding(nn.Module):
    """A meter as its kind of beat and its number of beats.

    So that one model serves every meter, and a meter that is rare in the corpus borrows from those
    that share its beat or its length.
    """

    beats: Tensor
    kinds: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.kind = nn.Embedding(len(Beat), width)
        self.count = nn.Embedding(MAX_BEATS + 1, width)
        self.register_buffer("beats", torch.from_numpy(BEATS_OF.copy()), persistent=False)
        self.register_buffer("kinds", torch.from_numpy(BEAT_KIND_OF.copy()), persistent=False)

    def forward(self, meters: Tensor) -> Tensor:
        """Meter codes `[batch]` -> `[batch, width]`."""
        embedded: Tensor = self.kind(self.kinds[meters]) + self.count(self.beats[meters])
        return embedded

    def own_beats(self, meters: Tensor) -> Tensor:
        """Which of the four beats are the meter's own, `[batch, 4]` booleans."""
        return torch.arange(MAX_BEATS, device=meters.device) < self.beats[meters][:, None]


def can_count(values: Tensor) -> bool:
    """Whether one may look at values for what to do next: on an accelerator that would be to wait for it."""
    return values.device.type == "cpu"


def of_own(beats: Tensor, own: Tensor) -> Tensor:
    """The meters' own beats in order, `[own beats, ...]`; all of them where one can't count them.

    Args:
        beats: `[batch, 4, ...]`.
        own: which of the four beats are the meter's own, `[batch, 4]`.
    """
    return beats[own] if can_count(own) else beats.flatten(0, 1)


def to_all(made: Tensor, own: Tensor, blank: Tensor) -> Tensor:
    """What was made of the beats that `of_own` gives, `[batch, 4, ...]`, and `blank` for the others.

    Args:
        made: `[own beats, ...]`.
        own: as for `of_own`.
        blank: broadcasts over beats.
    """
    if can_count(own):
        every = blank.expand(own.numel(), *made.shape[1:]).clone()
        every[own.view(-1)] = made
    else:
        every = torch.where(own.view(-1, *[1] * (made.dim() - 1)), made, blank)
    return every.view(*own.shape, *made.shape[1:])


def log_probabilities(logits: Tensor, own: Tensor) -> Tensor:
    """Log-probabilities of tokens, `[batch, 24, ids]`; PAD is certain past the meter and impossible in it.

    Args:
        logits: of the beats that `of_own` gives, `[own beats, 6, ids]`.
        own: which of the four beats are the meter's own, `[batch, 4]`.
    """
    logits = logits.float()
    logits[..., PAD_ID] = -torch.inf
    scores = logits.log_softmax(dim=-1)
    pad = scores.new_full(scores.shape[-1:], -torch.inf)
    pad[PAD_ID] = 0.0
    return to_all(scores, own, pad).flatten(1, 2)


def filled_up(rows: Tensor) -> Tensor:
    """Rows `[n, ...]` with copies of the first, up to a multiple of 64, in bfloat16 on a processor.

    The first product of every new shape costs more than the product itself there, as its kernel is made, and
    memory, as a thousand kernels are kept. What is computed of the copies is left out after.
    """
    if rows.device.type != "cpu" or not len(rows) or not torch.is_autocast_enabled("cpu"):
        return rows
    missing = -len(rows) % _FULL
    return torch.cat([rows, rows[:1].expand(missing, *rows.shape[1:])]) if missing else rows


_FULL = 64
