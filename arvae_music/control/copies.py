"""Edited copies of measures, from which a decoder learns to listen to its regularized dimensions.

A copy is the measure as the exact search edits it towards the attribute values of another measure of
its meter: as near to the measure as can be, in style by the event language model, with just the
values asked for. It takes no auto-encoder to make them, so they come before it is trained.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from arvae_music.control.constraint import Constraint
from arvae_music.control.nearest import constrain
from arvae_music.control.score import EventScorer, Scores, tick_scores
from arvae_music.control.search import search
from arvae_music.control.weights import ScoreWeights
from arvae_music.model import EventModel, Vocabulary
from arvae_music.model.vocabulary import PITCH_ID
from arvae_music.tokens import HOLD, Tokens
from arvae_music.training.settings import TrainingSettings
from arvae_music.training.tasks import Measures, attribute_values

_WEIGHTS = ScoreWeights(decoder=0.0)
_A_SEMITONE = 0.05
_A_HABIT = 1.5
_BEAM = 8
_BATCH = 64
_CHUNK = 1024
"""Rows that a process works on at a time."""


@dataclass(frozen=True)
class _Chunk:
    """Rows to copy, what each is to become, and what judges their style."""

    rows: Measures
    constraints: tuple[Constraint | None, ...]
    events: EventModel
    vocabulary: Vocabulary

    def copies(self) -> Tokens:
        """Edited rows `[rows, 24]`; one without a constraint stays as it is."""
        torch.set_num_threads(1)
        out = self.rows.tokens.copy()
        at = [i for i, constraint in enumerate(self.constraints) if constraint is not None]
        for start in range(0, len(at), _BATCH):
            some = np.array(at[start : start + _BATCH])
            constraints = [c for c in (self.constraints[i] for i in some) if c is not None]
            out[some] = self._search(some, constraints)
        return out

    def _search(self, at: npt.NDArray[np.intp], constraints: list[Constraint]) -> Tokens:
        span = self.vocabulary.span + 1
        ids = torch.from_numpy(self.vocabulary.ids(self.rows.tokens[at]))
        scorer = EventScorer(
            self.events,
            self.rows.meters[at],
            np.array([c.tie_in is not None for c in constraints]),
            np.full((len(at), 1), -1),
            np.zeros((len(at), span), np.float32),
            weight=_WEIGHTS.events,
            pitches=span,
        )
        silent = torch.zeros(*ids.shape, len(self.vocabulary))
        scores = Scores(tick_scores(silent, ids, _WEIGHTS).ticks - habits(ids, len(self.vocabulary)))
        found = search(constraints, scores, scorer, beam=_BEAM)
        return self.vocabulary.tokens(found)


def habits(ids: Tensor, size: int) -> Tensor:
    """What a copy pays for its notes where the search would be in two minds, `[M, 24, size]`, in nats.

    A decoder whose ticks are independent cannot say "this or that", so copies are made by habit: the
    first note and the lowest stay, a range grows and shrinks at its top, and notes move by little.

    Args:
        ids: token ids of the measures, `[M, 24]`.
        size: of the vocabulary.
    """
    note = ids >= PITCH_ID
    lowest = torch.where(note, ids, size).amin(dim=1)[:, None]
    first = note & (note.cumsum(dim=1) == 1)
    pitch = torch.arange(size)
    moved = (note[..., None] & (pitch >= PITCH_ID)) * (pitch - ids[..., None]).abs()
    cost = _A_SEMITONE * moved
    cost += _A_HABIT * ((moved > 0) & (first | (ids == lowest))[..., None])
    below: Tensor = (pitch >= PITCH_ID) & (pitch < lowest[..., None])
    return cost + _A_HABIT * below


def edited_copies(rows: Measures, events: EventModel, settings: TrainingSettings) -> Iterator[Tokens]:
    """One edited copy of each row, again and again for `settings.copies` passes, in parts.

    Some of the attributes, at random, take the values of another row of the meter, and the others keep
    theirs. A row for which no measure has such values stays as it is.

    Args:
        rows: what is to be copied.
        events: the event language model, trained.
        settings: `copies`, `seed`, `threads` (as many processes) and the model's vocabulary count.

    Yields:
        Tokens `[part, 24]`; all parts together are `[copies * rows, 24]`, pass by pass.
    """
    import joblib

    vocabulary = Vocabulary(settings.model.lowest, settings.model.highest)
    jobs = settings.threads or joblib.cpu_count()
    chunks = (
        chunk
        for number in range(settings.copies)
        for chunk in _chunks(rows, events, settings, vocabulary, number)
    )
    if jobs == 1:
        yield from (chunk.copies() for chunk in chunks)
        return
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator", pre_dispatch=2 * jobs)
    yield from parallel(joblib.delayed(chunk.copies)() for chunk in chunks)


def _chunks(
    rows: Measures, events: EventModel, settings: TrainingSettings, vocabulary: Vocabulary, number: int
) -> Iterator[_Chunk]:
    generator = np.random.default_rng([settings.seed, number])
    names = settings.model.attributes
    values = attribute_values(rows, names).astype(np.float64)
    others = values[_others(rows.meters, generator)]
    # At least one attribute moves: a threshold from 0 to 1 decides how many.
    chance = generator.random((len(values), len(names)))
    moved = chance <= np.maximum(generator.random((len(values), 1)), chance.min(axis=1, keepdims=True))
    fits = vocabulary.fits(rows.tokens)
    for start in range(0, len(values), _CHUNK):
        part = range(start, min(start + _CHUNK, len(values)))
        constraints = tuple(
            _constraint(rows, i, vocabulary, names, (np.where(moved[i], others[i], values[i]), others[i]))
            if fits[i]
            else None
            for i in part
        )
        yield _Chunk(rows.part(part.start, part.stop), constraints, events, vocabulary)


def _others(meters: npt.NDArray[np.integer], generator: np.random.Generator) -> npt.NDArray[np.intp]:
    """For each row another of its meter."""
    out = np.arange(len(meters))
    for meter in np.unique(meters):
        here = np.flatnonzero(meters == meter)
        out[here] = generator.choice(here, len(here))
    return out


def _constraint(
    rows: Measures,
    i: int,
    vocabulary: Vocabulary,
    names: tuple[str, ...],
    wanted: tuple[npt.NDArray[np.float64], ...],
) -> Constraint | None:
    """What the copy of a row must satisfy: the first of the values wanted that any measure has."""
    tie_in = None
    if rows.tokens[i, 0] == HOLD:
        previous = int(rows.previous[i]) - vocabulary.lowest
        tie_in = previous if 0 <= previous <= vocabulary.span else vocabulary.span // 2
    base = Constraint(int(rows.meters[i]), bytes([1] * (vocabulary.span + 1)), tie_in=tie_in)
    for values in wanted:
        found = constrain(base, dict(zip(names, values.tolist(), strict=True)))
        if found.is_feasible():
            return found
    return None
