"""Ways to answer a request: the AR-VAE paper's, constraints alone, and ours with and without the decoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import torch

from arvae_music.control.edit import Job, latent_moves, search_jobs
from arvae_music.control.weights import ScoreWeights
from arvae_music.tokens import Tokens
from arvae_music.training.checkpoint import Checkpoint

Search = Callable[[Checkpoint, Sequence[Job], ScoreWeights, int], Sequence[Tokens]]
"""From a model, jobs, weights of the score and the width of the beam to tokens `[24]` for each job."""

_CERTAIN = -100.0
"""A floor of log-probabilities below all that a decoder says of tokens that it has any doubt about."""


class Way(NamedTuple):
    """A way to answer requests.

    Attributes:
        name: for programs.
        title: in a table's head.
        said: what it is, in a few words.
        search: how it finds its answers.
    """

    name: str
    title: str
    said: str
    search: Search


def move(checkpoint: Checkpoint, jobs: Sequence[Job], _weights: ScoreWeights, _beam: int) -> list[Tokens]:
    """The most probable token of every tick at the moved z; not always legal.

    So Pati & Lerch (2020) change an attribute.
    """
    vocabulary = checkpoint.vocabulary
    ids = torch.from_numpy(vocabulary.ids(np.stack([job.tokens for job in jobs])))
    meters = torch.tensor([job.constraint.code for job in jobs])
    with torch.inference_mode():
        z = checkpoint.vae.encoder(ids, meters).mean + torch.from_numpy(latent_moves(checkpoint, jobs))
        best = checkpoint.vae.decode(z, meters).argmax(dim=-1)
    return list(vocabulary.tokens(best.numpy()))


def constrain_alone(
    checkpoint: Checkpoint, jobs: Sequence[Job], weights: ScoreWeights, beam: int
) -> list[Tokens]:
    """What the decoder finds most probable among the legal measures with the requested values."""
    alone = replace(weights, decoder=1.0, events=0.0, source=0.0, pitch=0.0, stay=0.0, floor=_CERTAIN)
    return search_jobs(checkpoint, jobs, alone, beam=beam)


def without_decoder(
    checkpoint: Checkpoint, jobs: Sequence[Job], weights: ScoreWeights, beam: int
) -> list[Tokens]:
    """As an edit, without the decoder in the score."""
    return search_jobs(checkpoint, jobs, replace(weights, decoder=0.0), beam=beam)


def edit(checkpoint: Checkpoint, jobs: Sequence[Job], weights: ScoreWeights, beam: int) -> list[Tokens]:
    """As `Model.edit` does it."""
    return search_jobs(checkpoint, jobs, weights, beam=beam)


def _edit_at(
    strength: float, checkpoint: Checkpoint, jobs: Sequence[Job], weights: ScoreWeights, beam: int
) -> list[Tokens]:
    return search_jobs(checkpoint, jobs, weights.with_strength(strength), beam=beam)


OURS = Way("ours", "ours", "decoder, event language model and source", edit)

WAYS = (
    Way("moved", "moved", "z moved alone, the most probable tokens taken", move),
    Way("constrained", "bound", "the most probable legal tokens with the requested values", constrain_alone),
    Way("without_decoder", "blind", "ours without the decoder", without_decoder),
    OURS,
)
"""Ways that the benchmark compares."""


def at_strength(strength: float) -> Way:
    """Ours at another strength than the usual 0.5; see `ScoreWeights.with_strength`."""
    name = f"{strength:g}"
    return Way(name, name, f"ours at strength {name}", partial(_edit_at, strength))
