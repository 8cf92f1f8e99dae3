"""Tokens to the posterior of z."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from arvae_music.meter import MAX_BEATS, TICKS_PER_BEAT
from arvae_music.model.layers import MeterEmbedding, can_count, filled_up, of_own, to_all
from arvae_music.model.recurrent import in_each_order, input_weights, run
from arvae_music.model.settings import ModelSettings

_LEAST_LOG_STD, _MOST_LOG_STD = -8.0, 4.0


class Posterior(NamedTuple):
    """A diagonal normal distribution over z; both `[batch, latent]`."""

    mean: Tensor
    log_std: Tensor

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """One draw of z, `[batch, latent]`."""
        noise = torch.randn(
            self.mean.shape, generator=generator, device=self.mean.device, dtype=self.mean.dtype
        )
        return self.at(noise)

    def at(self, noise: Tensor) -> Tensor:
        """The z to which standard normal noise leads, `[batch, latent]`."""
        return self.mean + noise * self.log_std.exp()


def least_log_std(settings: ModelSettings) -> Tensor:
    """Least log of the posterior's standard deviation in each dimension, `[latent]`."""
    least = torch.full((settings.latent,), _LEAST_LOG_STD)
    if settings.blur:
        least[: len(settings.attributes)] = math.log(settings.blur)
    return least


def posterior_of(given: Tensor, least: Tensor) -> Posterior:
    """The posterior from what an encoder's last layer gives, `[batch, 2 * latent]`, and `least_log_std`."""
    mean, log_std = given.float().chunk(2, dim=-1)
    return Posterior(mean, log_std.clamp(max=_MOST_LOG_STD).maximum(least))


class Encoder(nn.Module):
    """A bidirectional tick layer over all beats in parallel, then a bidirectional beat layer."""

    least: Tensor

    def __init__(self, settings: ModelSettings, vocabulary_size: int) -> None:
        super().__init__()
        width = settings.encoder_width
        self.token = nn.Embedding(vocabulary_size, settings.embedding)
        self.meter = MeterEmbedding(settings.embedding)
        self.ticks = nn.GRU(settings.embedding, width, batch_first=True, bidirectional=True)
        self.beats = nn.GRU(2 * width + settings.embedding, width, batch_first=True, bidirectional=True)
        self.posterior = nn.Linear(2 * width, 2 * settings.latent)
        self.register_buffer("least", least_log_std(settings), persistent=False)

    def forward(self, ids: Tensor, meters: Tensor) -> Posterior:
        """Token ids `[batch, 24]` and meter codes `[batch]` -> posterior of z."""
        own = self.meter.own_beats(meters)
        beats = self._read_beats(ids, own)
        meter = self.meter(meters)[:, None].expand(-1, MAX_BEATS, -1)
        _, state = self.beats(torch.cat([beats, meter.to(beats.dtype)], dim=-1))
        return posterior_of(self.posterior(_both_directions(state)), self.least)

    def _read_beats(self, ids: Tensor, own: Tensor) -> Tensor:
        """A vector for every beat, zero past the meter, `[batch, 4, 2 * width]`."""
        ticks = of_own(ids.reshape(-1, MAX_BEATS, TICKS_PER_BEAT), own)
        if can_count(ticks):
            distinct, which = _distinct(ticks, self.token.num_embeddings)
            read = self._read_ticks(filled_up(distinct)).index_select(0, which)
        else:
            read = self._read_ticks(ticks)
        return to_all(read, own, read.new_zeros(()))

    def _read_ticks(self, ticks: Tensor) -> Tensor:
        """Token ids of beats `[beats, 6]` -> `[beats, 2 * width]`."""
        inputs = input_weights(self.ticks)
        # What a token adds to the gates is looked up in one table for each direction: there are far fewer
        # tokens than ticks.
        tokens = self.token.weight.expand(2, -1, -1)
        tables = torch.baddbmm(inputs.bias[:, None], tokens, inputs.weight.transpose(1, 2))
        table_of = torch.arange(2, device=ticks.device)[:, None, None] * tokens.shape[1]
        gates = embedding(in_each_order(ticks.t(), self.ticks) + table_of, tables.flatten(0, 1))
        return _both_directions(run(self.ticks, gates)[:, -1])


def _distinct(ticks: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The different beats among `[beats, 6]` of ids below `size`, and which of them each is, `[beats]`.

    Two of five beats of a batch are like another one.
    """
    places = size ** torch.arange(TICKS_PER_BEAT, device=ticks.device)
    numbers, which = torch.unique((ticks * places).sum(dim=1), return_inverse=True)
    return numbers[:, None] // places % size, which


def _both_directions(state: Tensor) -> Tensor:
    """Last states `[2, batch, width]` -> `[batch, 2 * width]`."""
    return state.transpose(0, 1).flatten(1)
