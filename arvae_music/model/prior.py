"""A prior over the measures of a tune: which comes again, and what the z of a new one is like.

A measure is either the same as one some measures back, or a new one. Which, is a categorical
choice; the z of a new one comes from a flow that carries noise to the latents of the corpus
(flow matching: Lipman et al., ICLR 2023), so that its dimensions hang together as theirs do. Both
know the latents of the measures before, the meter, the mode, and the place in the tune.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from arvae_music.model.layers import MeterEmbedding
from arvae_music.model.settings import ModelSettings

LAGS = (1, 2, 3, 4, 5, 6, 7, 8, 12, 16)
"""How many measures back the prior looks, and from where it may repeat."""

STRAIN = 8
"""Measures of a strain of dance music; the place in a tune is told modulo it."""

PRIOR_MODES = ("major", "minor", "dorian", "mixolydian")
"""The modes that the prior tells apart."""

_MOST_STRAINS, _MOST_LEFT = 4, 32
_EMBEDDING, _TIME = 32, 32
_JITTER = 0.2
"""Standard deviation of the noise on the history in training."""


class Place(NamedTuple):
    """Where measures stand; all `[batch]`.

    Attributes:
        meters: meter codes.
        modes: index in PRIOR_MODES.
        played: measures of the tune before it.
        left: measures of the tune after it.
    """

    meters: Tensor
    modes: Tensor
    played: Tensor
    left: Tensor


class Block(nn.Module):
    """A residual layer."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, width)
        self.outer = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """`[batch, width]` -> `[batch, width]`."""
        changed: Tensor = self.outer(self.dropout(nn.functional.silu(self.inner(self.norm(x)))))
        return x + changed


class MeasurePrior(nn.Module):
    """The prior; its latents are standardized inside.

    Attributes:
        mean, std: of the corpus's latents, `[latent]`.
        register: mean pitch of the corpus's notes (MIDI).
    """

    mean: Tensor
    std: Tensor
    register: Tensor
    reach: Tensor

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__()
        width, latent = settings.prior_width, settings.latent
        self.latent = latent
        self.meter = MeterEmbedding(_EMBEDDING)
        self.mode = nn.Embedding(len(PRIOR_MODES), _EMBEDDING)
        self.bar = nn.Embedding(STRAIN, _EMBEDDING)
        self.strain = nn.Embedding(_MOST_STRAINS, _EMBEDDING)
        self.left = nn.Embedding(_MOST_LEFT, _EMBEDDING)
        self.dropout = nn.Dropout(0.1)
        self.history = nn.Linear(len(LAGS) * (latent + 1), width)
        self.place = nn.Linear(5 * _EMBEDDING, width)
        self.trunk = nn.Sequential(Block(width, 0.3), Block(width, 0.3), nn.LayerNorm(width))
        self.to_copy = nn.Sequential(nn.Dropout(0.4), nn.Linear(width, 1 + len(LAGS)))
        self.enter = nn.Linear(latent + _TIME, width)
        self.given = nn.Linear(width, width)
        self.flow = nn.Sequential(
            Block(width, 0.1), Block(width, 0.1), Block(width, 0.1), nn.LayerNorm(width)
        )
        self.leave = nn.Linear(width, latent)
        self.register_buffer("mean", torch.zeros(latent))
        self.register_buffer("std", torch.ones(latent))
        self.register_buffer("register", torch.tensor(71.0))
        self.register_buffer("reach", torch.tensor((0, *LAGS)), persistent=False)

    def state(self, history: Tensor, place: Place) -> Tensor:
        """What is known before a measure.

        Args:
            history: standardized latents by LAGS, NaN where the tune has not begun,
                `[batch, lags, latent]`.
            place: where the measures stand.

        Returns:
            `[batch, width]`.
        """
        there = ~history.isnan().any(dim=-1, keepdim=True)
        if self.training:  # so that no tune is known by heart
            there = self.dropout(there.float()) > 0
            history = history + _JITTER * torch.randn_like(history)
        known = torch.cat([torch.where(there, history, 0.0), there.float()], dim=-1)
        bar, strain = place.played % STRAIN, (place.played // STRAIN).clamp(max=_MOST_STRAINS - 1)
        left = self.left(place.left.clamp(max=_MOST_LEFT - 1))
        at = [self.meter(place.meters), self.mode(place.modes), self.bar(bar), self.strain(strain), left]
        state: Tensor = self.trunk(self.history(known.flatten(1)) + self.place(torch.cat(at, dim=-1)))
        return state

    def copy_scores(self, states: Tensor, index: Tensor) -> Tensor:
        """Log-probabilities that a measure is new, or the same as that of each lag.

        Args:
            states: `[batch, width]`.
            index: measures of the tune before each, `[batch]`.

        Returns:
            `[batch, 1 + lags]`; lags that reach beyond the tune's start are impossible.
        """
        scores: Tensor = self.to_copy(states).float()
        return scores.masked_fill(self.reach > index[:, None], -torch.inf).log_softmax(dim=-1)

    def velocity(self, states: Tensor, z: Tensor, time: Tensor) -> Tensor:
        """Where the flow carries standardized latents `[batch, latent]` at times `[batch]` from 0 to 1."""
        entered = self.enter(torch.cat([z, _waves(time)], dim=-1)) + self.given(states)
        velocity: Tensor = self.leave(self.flow(entered)).float()
        return velocity

    def forward(
        self, history: Tensor, place: Place, z: Tensor, noise: Tensor, time: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Log-probabilities of repeats, `[batch, 1 + lags]`, and the squared error of the flow, `[batch]`.

        Args:
            history: see `state`.
            place: see `state`.
            z: the measures' own standardized latents, `[batch, latent]`.
            noise: standard normal, `[batch, latent]`.
            time: from 0 (noise) to 1 (z), `[batch]`.
        """
        states = self.state(history, place)
        between = torch.lerp(noise, z, time[:, None])
        error = (self.velocity(states, between, time) - (z - noise)).square().mean(dim=-1)
        return self.copy_scores(states, place.played), error

    def standardized(self, z: Tensor) -> Tensor:
        """Latents as the prior takes them, of any shape `[..., latent]`."""
        return (z - self.mean) / self.std

    def carried(self, states: Tensor, noise: Tensor, steps: int = 24) -> Tensor:
        """Latents that the flow makes of standard normal noise `[batch, latent]`, by Heun's method."""
        z = noise
        for step in range(steps):
            time = torch.full((len(z),), step / steps, device=z.device)
            first = self.velocity(states, z, time)
            second = self.velocity(states, z + first / steps, time + 1 / steps)
            z = z + (first + second) / (2 * steps)
        return z * self.std + self.mean


def _waves(time: Tensor) -> Tensor:
    """Times `[batch]` as sines and cosines, `[batch, 32]`."""
    rates = torch.exp(torch.linspace(0.0, math.log(64.0), _TIME // 2, device=time.device))
    angles = time[:, None] * rates * (math.pi / 2)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)
