"""The training of the prior over the measures of tunes, on the latents of a finished auto-encoder."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from arvae_music.model import MeasureVAE, Vocabulary
from arvae_music.model.prior import LAGS, MeasurePrior, Place
from arvae_music.training.peers import ALONE, Peers
from arvae_music.training.settings import TrainingSettings
from arvae_music.training.tasks import Measures, encode_means
from arvae_music.training.tunes import Tunes, spans

_TIMES = 4
"""Draws of time and noise for each held-out measure."""


class Sequences(NamedTuple):
    """Measures with their place in a tune.

    Attributes:
        z: latents, `[rows, latent]`.
        lags: the row that stands each of LAGS measures before, -1 for none, `[rows, lags]`.
        same: whether that row's measure is the same, `[rows, lags]`.
        meters, modes, played, left: see `Place`, `[rows]`.
    """

    z: Tensor
    lags: Tensor
    same: Tensor
    meters: Tensor
    modes: Tensor
    played: Tensor
    left: Tensor

    def to(self, device: torch.device) -> Sequences:
        """The same on a device."""
        return Sequences(*(tensor.to(device) for tensor in self))

    def place(self, rows: Tensor) -> Place:
        """Where rows stand."""
        return Place(self.meters[rows], self.modes[rows], self.played[rows], self.left[rows])

    def history(self, rows: Tensor) -> Tensor:
        """Latents before rows, NaN where there are none, `[batch, lags, latent]`."""
        lags = self.lags[rows]
        return torch.where((lags >= 0)[..., None], self.z[lags.clamp(min=0)], torch.nan)


class PriorTask:
    """The prior, as the training loop takes it."""

    name = "tunes"
    score = "skill"
    to_beat: float | None = None
    done = 0.0

    def __init__(self, vae: MeasureVAE, train: Tunes, validation: Tunes, settings: TrainingSettings) -> None:
        prior = MeasurePrior(settings.model)
        vocabulary = Vocabulary(settings.model.lowest, settings.model.highest)
        z = _encoded(vae, train, vocabulary)
        if len(z):
            prior.mean.copy_(z.mean(dim=0))
            prior.std.copy_(z.std(dim=0, correction=0).clamp(min=1e-3))
            prior.register.fill_(train.register)
        self.module: nn.Module = prior
        self.rows = len(z)
        self.sequences = sequences(train, prior.standardized(z))
        held_out = prior.standardized(_encoded(vae, validation, vocabulary))
        self.held_out = sequences(validation, held_out)

    def to(self, device: torch.device) -> None:
        """Put the latents on the device."""
        self.sequences, self.held_out = self.sequences.to(device), self.held_out.to(device)

    def losses(
        self, module: nn.Module, rows: Tensor, generator: torch.Generator, peers: Peers = ALONE
    ) -> dict[str, Tensor]:
        """Nats of the choice of repeats, and error of the flow that makes what is new."""
        copies, errors, new = terms(module, self.sequences, rows, generator, peers)
        flow = (errors * new).sum() / new.sum().clamp(min=1)
        return {"loss": copies.mean() + flow, "repeats": copies.mean(), "flow": flow}

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        """Both on held-out tunes with noise that is always the same, and what to choose the best by."""
        rows = torch.arange(len(self.held_out.z), device=self.held_out.z.device).repeat(_TIMES)
        if not len(rows):
            return {}
        generator = torch.Generator(rows.device).manual_seed(0)
        parts = [terms(self.module, self.held_out, some, generator) for some in rows.split(4096)]
        copies, errors, new = (torch.cat(some) for some in zip(*parts, strict=True))
        repeats = float(copies.mean())
        flow = float((errors * new).sum() / new.sum().clamp(min=1))
        return {"held_out_repeats": repeats, "held_out_flow": flow, "skill": -repeats - flow}


def terms(
    module: nn.Module, known: Sequences, rows: Tensor, generator: torch.Generator, peers: Peers = ALONE
) -> tuple[Tensor, Tensor, Tensor]:
    """For rows: nats of the choice of repeats, error of the flow, and 1 where a measure is new; `[batch]`.

    Where a measure is the same as several before it, any of them is a right choice.
    """
    z, same = known.z[rows], known.same[rows]
    noise = torch.randn(z.shape, generator=generator, device=z.device)
    time = torch.rand(len(z), generator=generator, device=z.device)
    mine = peers.own(rows)
    own = module(known.history(mine), known.place(mine), peers.own(z), peers.own(noise), peers.own(time))
    copies, errors = (peers.all(part, len(rows)) for part in own)
    new = ~same.any(dim=1)
    right = torch.cat([new[:, None], same], dim=1)
    nats = -torch.where(right, copies, -torch.inf).logsumexp(dim=1)
    return nats, errors, new.float()


def sequences(tunes: Tunes, z: Tensor) -> Sequences:
    """Measures of tunes with their latents `[rows, latent]` and their places."""
    rows = len(tunes.tokens)
    index, left = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    for start, stop in spans(tunes.tune) if rows else ():
        index[start:stop] = np.arange(stop - start)
        left[start:stop] = np.arange(stop - start)[::-1]
    lags = np.arange(rows)[:, None] - np.array(LAGS)
    lags[np.array(LAGS) > index[:, None]] = -1
    before = np.maximum(lags, 0)
    same = (tunes.tokens[before] == tunes.tokens[:, None]).all(axis=2) & (lags >= 0)
    same &= tunes.meters[before] == tunes.meters[:, None]

    def tensor(array: npt.NDArray[np.integer]) -> Tensor:
        return torch.from_numpy(np.asarray(array, np.int64))

    return Sequences(
        z,
        tensor(lags),
        torch.from_numpy(same),
        tensor(tunes.meters),
        tensor(tunes.modes),
        tensor(index),
        tensor(left),
    )


def _encoded(vae: MeasureVAE, tunes: Tunes, vocabulary: Vocabulary) -> Tensor:
    if not len(tunes.tokens):
        return torch.zeros(0, vae.encoder.posterior.out_features // 2)
    previous = np.full(len(tunes.tokens), -1, np.int16)
    return torch.from_numpy(encode_means(vae, Measures(tunes.tokens, tunes.meters, previous), vocabulary))
