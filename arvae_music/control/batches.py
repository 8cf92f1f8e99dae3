"""Measures that are searched together: how many at once, and what judges their style."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from arvae_music.control.constraint import Constraint
from arvae_music.control.context import Context
from arvae_music.control.score import EventScorer
from arvae_music.training.checkpoint import Checkpoint

_HYPOTHESES = 3072
"""Hypotheses of all measures that are searched at once; more need memory and save no time."""

_MOST = 512
"""Measures that are searched at once, however few hypotheses each has."""


class Searched(Protocol):
    """A measure to search for."""

    @property
    def constraint(self) -> Constraint:
        """What it satisfies."""

    @property
    def context(self) -> Context:
        """What stands around it."""


Job = TypeVar("Job", bound=Searched)


def batches(jobs: Sequence[Job], beam: int) -> Iterator[Sequence[Job]]:
    """Jobs in order, as many at a time as are best searched at once with so many hypotheses each."""
    size = min(max(_HYPOTHESES // beam, 1), _MOST)
    for start in range(0, len(jobs), size):
        yield jobs[start : start + size]


def event_scorer(checkpoint: Checkpoint, jobs: Sequence[Searched], weight: float) -> EventScorer:
    """The event language model at work on measures between what stands around them."""
    return EventScorer(
        checkpoint.events,
        np.array([job.constraint.code for job in jobs]),
        np.array([job.constraint.tie_in is not None for job in jobs]),
        _padded([job.context.before for job in jobs]),
        np.stack([job.context.after for job in jobs]),
        weight=weight,
        pitches=checkpoint.vocabulary.span + 1,
    )


def _padded(rows: Sequence[tuple[int, ...]]) -> npt.NDArray[np.int64]:
    width = max([1, *(len(row) for row in rows)])
    return np.array([[*row, *([-1] * (width - len(row)))] for row in rows])
