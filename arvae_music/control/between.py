"""Measures between two others: the latent vector between theirs, and the search for its measure."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from arvae_music.control.batches import batches, event_scorer
from arvae_music.control.constraint import Constraint
from arvae_music.control.context import Context
from arvae_music.control.score import Scores, tick_scores
from arvae_music.control.search import search
from arvae_music.control.weights import ScoreWeights
from arvae_music.meter import BEATS_OF, GRIDS, MAX_BEATS, TICKS_PER_BEAT
from arvae_music.tokens import Tokens
from arvae_music.training.checkpoint import Checkpoint


@dataclass(frozen=True)
class End:
    """One of the two measures: its tokens `[24]` in the model's range, and its values by attribute."""

    tokens: Tokens
    values: Mapping[str, float]


@dataclass(frozen=True)
class Between:
    """A measure to search for, standing for all that are the same.

    Attributes:
        near, far: the measures between which it lies; both in the key of `near`.
        share: of the way from near to far.
        constraint: what it satisfies.
        targets: the values that it shall have, by attribute.
        context: what stands around it.
        order: when each of its beats changes from near's to far's, shares of the way, `[beats]`.
    """

    near: End
    far: End
    share: float
    constraint: Constraint
    targets: Mapping[str, float]
    context: Context
    order: npt.NDArray[np.float32]


def search_between(
    checkpoint: Checkpoint, jobs: Sequence[Between], weights: ScoreWeights, *, beam: int
) -> list[Tokens]:
    """The best tokens found for each job, `[24]` each, in the model's range of pitches."""
    found: list[Tokens] = []
    for some in batches(jobs, beam):
        found += _search_batch(checkpoint, some, weights, beam)
    return found


def _search_batch(
    checkpoint: Checkpoint, jobs: Sequence[Between], weights: ScoreWeights, beam: int
) -> list[Tokens]:
    vocabulary = checkpoint.vocabulary
    codes = np.array([job.constraint.code for job in jobs])
    near, far = (
        torch.from_numpy(vocabulary.ids(np.stack([end.tokens for end in ends])))
        for ends in zip(*((job.near, job.far) for job in jobs), strict=True)
    )
    with torch.inference_mode():
        meters = torch.from_numpy(codes)
        z = latents_between(checkpoint, jobs, near, far, meters)
        decoded = checkpoint.vae.decode(z, meters)
    scorer = event_scorer(checkpoint, jobs, weights.events)
    of_far = torch.from_numpy(np.stack([share_of_far(job) for job in jobs]))[..., None]
    both = [tick_scores(decoded, ids, weights).ticks for ids in (near, far)]
    scores = Scores((1 - of_far) * both[0] + of_far * both[1])
    best = search([job.constraint for job in jobs], scores, scorer, beam=beam)
    return list(vocabulary.tokens(best))


def latents_between(
    checkpoint: Checkpoint, jobs: Sequence[Between], near: Tensor, far: Tensor, meters: Tensor
) -> Tensor:
    """The z of each job, `[jobs, latent]`: on the straight line, the regularized dimensions at the targets.

    A regularized dimension keeps what it has beyond its calibration, which goes along the line, too.

    Args:
        checkpoint: the model.
        jobs: what is searched for.
        near: token ids of the near measures, `[jobs, 24]`.
        far: those of the far ones.
        meters: meter codes, `[jobs]`.
    """
    share = torch.tensor([[job.share] for job in jobs])
    ends = [checkpoint.vae.encoder(ids, meters).mean for ids in (near, far)]
    z: Tensor = (1 - share) * ends[0] + share * ends[1]
    moves = np.zeros(z.shape, np.float32)
    for i, job in enumerate(jobs):
        lines = checkpoint.calibration.lines[GRIDS[job.constraint.code].name]
        for dimension, name in enumerate(checkpoint.settings.attributes):
            if name in job.targets:
                values = np.array([job.near.values[name], job.far.values[name], job.targets[name]])
                here, there, wanted = lines[name].place(values)
                moves[i, dimension] = wanted - (1 - job.share) * here - job.share * there
    return z + torch.from_numpy(moves)


def beat_order(a: Tokens, b: Tokens, beats: int, seed: int) -> npt.NDArray[np.float32]:
    """When each beat changes on the way from one measure to another, shares of the way, `[beats]`.

    Evenly spread, in an order that is drawn from the tokens of the two and the seed: the same two measures
    change alike wherever they stand.
    """
    content = b"".join(tokens.astype("<i2").tobytes() for tokens in (a, b))
    generator = np.random.default_rng([seed % 2**64, zlib.crc32(content)])
    return np.asarray((generator.permutation(beats) + 0.5) / beats, np.float32)


def share_of_far(job: Between) -> npt.NDArray[np.float32]:
    """To which part each tick's dear token is the far measure's, `[24]`.

    A beat takes as long to change as there are beats to a measure, so that at every place of the way as
    much of the measure has changed as there is way behind it.
    """
    beats = int(BEATS_OF[job.constraint.code])
    part = np.zeros(MAX_BEATS, np.float32)
    part[:beats] = np.clip(beats * (job.share - job.order) + 0.5, 0, 1)
    return np.repeat(part, TICKS_PER_BEAT)
