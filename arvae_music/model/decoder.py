"""z to the log-probabilities of every tick's token."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, linear

from arvae_music.meter import MAX_BEATS, TICKS_PER_BEAT
from arvae_music.model.layers import MeterEmbedding, filled_up, log_probabilities, of_own
from arvae_music.model.recurrent import in_each_order, input_weights, run
from arvae_music.model.settings import ModelSettings

_OCTAVES = 6
"""Lengths of the waves through which the regularized dimensions are read: 8, 4, 2 ... of their units."""


class Reader(nn.Module):
    """The regularized dimensions through waves of many lengths, so that small moves of them tell.

    A network learns slow functions of its inputs first, and a note more is a small move: it would
    rather look at the other dimensions. Sines and cosines make a small move a large one (Tancik et al.
    2020, "Fourier features let networks learn high frequency functions in low dimensional domains").
    """

    def __init__(self, dimensions: int, embedding: int, width: int) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.waves = nn.Linear(dimensions * (2 * _OCTAVES + 1) + embedding, 2 * width)
        self.out = nn.Linear(2 * width, width)

    def forward(self, z: Tensor, meter: Tensor) -> Tensor:
        """Latents `[batch, latent]` and embedded meters `[batch, embedding]` -> `[batch, width]`."""
        regularized = z[:, : self.dimensions].float()
        octaves = torch.arange(_OCTAVES, device=z.device)
        angles = (regularized[..., None] * (math.pi / 4) * 2.0**octaves).flatten(1)
        read = torch.cat([regularized, angles.sin(), angles.cos(), meter.float()], dim=-1)
        out: Tensor = self.out(gelu(self.waves(read)))
        return out


class Decoder(nn.Module):
    """z to a beat layer, then a bidirectional tick layer over all beats in parallel.

    No token is fed back: given z the ticks are independent, which is what lets a search over legal
    measures be exact (and training see nothing that decoding does not).
    """

    def __init__(self, settings: ModelSettings, vocabulary_size: int) -> None:
        super().__init__()
        width, embedding = settings.decoder_width, settings.embedding
        self.meter = MeterEmbedding(embedding)
        self.beat_place = nn.Embedding(MAX_BEATS, embedding)
        self.tick_place = nn.Embedding(TICKS_PER_BEAT, embedding)
        regularized = len(settings.attributes)
        self.reader = Reader(regularized, embedding, settings.reading) if settings.reading else None
        latent = settings.latent + settings.reading
        self.start = nn.Linear(latent + embedding, width)
        self.beats = nn.GRU(latent + embedding, width, batch_first=True)
        self.ticks = nn.GRU(width + embedding, width, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * width, vocabulary_size)

    def forward(self, z: Tensor, meters: Tensor) -> Tensor:
        """Latents `[batch, latent]` and meter codes `[batch]` -> log-probabilities `[batch, 24, ids]`.

        PAD is certain past the meter and impossible in it.
        """
        own = self.meter.own_beats(meters)
        beats = of_own(self._beats(z, meters), own)
        logits = self._logits(filled_up(beats))[:, : len(beats)]
        return log_probabilities(logits.transpose(0, 1), own)

    def _logits(self, beats: Tensor) -> Tensor:
        """Beats `[beats, width]` to logits of each of their ticks, `[6, beats, ids]`."""
        inputs = input_weights(self.ticks)
        of_beat, of_place = inputs.weight.split([beats.shape[-1], self.tick_place.embedding_dim], dim=2)
        # What a beat says is the same at all of its ticks, what a place says is the same in all beats.
        gates = torch.baddbmm(inputs.bias[:, None], beats.expand(2, -1, -1), of_beat.transpose(1, 2))
        places = in_each_order(self.tick_place.weight, self.ticks)
        forwards, backwards = run(self.ticks, gates[:, None], torch.bmm(places, of_place.transpose(1, 2)))
        first, second = self.output.weight.chunk(2, dim=1)
        return linear(forwards, first, self.output.bias) + linear(backwards, second).flip(0)

    def _beats(self, z: Tensor, meters: Tensor) -> Tensor:
        """A vector for each of the four beats, `[batch, 4, width]`."""
        meter = self.meter(meters)
        if self.reader is not None:
            z = torch.cat([z, self.reader(z, meter).to(z.dtype)], dim=-1)
        start = self.start(torch.cat([z, meter], dim=-1)).tanh()
        place = meter[:, None] + self.beat_place.weight
        inputs = torch.cat([z[:, None].expand(-1, MAX_BEATS, -1), place], dim=-1)
        states: Tensor = self.beats(inputs, start[None])[0]
        return states
