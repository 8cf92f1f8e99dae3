"""Tokens to the posterior of z, read as one sequence of ticks."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from arvae_music.meter import MAX_BEATS, TICKS_PER_BEAT
from arvae_music.model.encoder import Posterior, least_log_std, posterior_of
from arvae_music.model.layers import MeterEmbedding
from arvae_music.model.settings import ModelSettings


class TickEncoder(nn.Module):
    """Bidirectional recurrent layers over all ticks; what both ways end with gives the posterior.

    The encoder of MeasureVAE (Pati, Lerch & Hadjeres 2019, "Learning to traverse latent spaces for musical
    score inpainting", section 3.2). The papers know one meter; here the meter is told to the last layer,
    which for one meter is no more than its bias.
    """

    least: Tensor

    def __init__(self, settings: ModelSettings, vocabulary_size: int) -> None:
        super().__init__()
        width = settings.encoder_width
        self.token = nn.Embedding(vocabulary_size, settings.embedding)
        self.meter = MeterEmbedding(settings.embedding)
        self.ticks = nn.GRU(settings.embedding, width, settings.layers, batch_first=True, bidirectional=True)
        self.posterior = nn.Linear(2 * width + settings.embedding, 2 * settings.latent)
        self.register_buffer("least", least_log_std(settings), persistent=False)

    def forward(self, ids: Tensor, meters: Tensor) -> Posterior:
        """Token ids `[batch, 24]` and meter codes `[batch]` -> posterior of z."""
        read = self._read(ids, self.meter.beats[meters])
        told = torch.cat([read, self.meter(meters).to(read.dtype)], dim=-1)
        return posterior_of(self.posterior(told), self.least)

    def _read(self, ids: Tensor, beats: Tensor) -> Tensor:
        """What the last layer ends with over the meters' own ticks, `[batch, 2 * width]`."""
        embedded = self.token(ids)
        parts, rows = [], []
        for count in range(1, MAX_BEATS + 1):
            here = (beats == count).nonzero()[:, 0]
            if len(here):
                _, state = self.ticks(embedded[here, : count * TICKS_PER_BEAT])
                parts.append(state[-2:].transpose(0, 1).flatten(1))
                rows.append(here)
        return torch.cat(parts)[torch.cat(rows).argsort()]
