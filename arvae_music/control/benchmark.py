"""The control benchmark: are edits exact, legal, near the source, and in style?

Style is judged by an event language model that the edit did not see: two are trained, each on half
of the training tunes; with one the measures are edited, with the other they are judged. What is
measured is nats per note of the edited measures beside those of the measures as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from arvae_music.attributes import ATTRIBUTES, all_met, values_of
from arvae_music.control.context import Context, Leaps, context_of
from arvae_music.control.edit import Job, job_of, search_jobs
from arvae_music.control.plan import Planned, Planner, own_pitches
from arvae_music.control.request import Request
from arvae_music.control.score import ScoreWeights
from arvae_music.data import Corpus
from arvae_music.measures import Measure
from arvae_music.meter import GRIDS
from arvae_music.model import EventModel, Vocabulary, nats_and_notes
from arvae_music.tokens import PAD, Tokens, is_legal, sounding_after
from arvae_music.training.checkpoint import Checkpoint


class Sample(NamedTuple):
    """Held-out measures to edit, each with what stands around it.

    Attributes:
        rows: the measures.
        following: the measure after each in its tune, or None.
        pitches: the pitches of each one's tune.
        previous: the pitch before each, -1 for none, `[measures]`.
        tokens: `[measures, 24]`.
        meters: meter codes, `[measures]`.
    """

    rows: tuple[Measure, ...]
    following: tuple[Measure | None, ...]
    pitches: tuple[frozenset[int], ...]
    previous: npt.NDArray[np.int64]
    tokens: Tokens
    meters: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Trial:
    """What one request came to on a sample, in one way of editing.

    Attributes:
        asked: measures that the request concerns.
        reachable: share of them for which a legal measure with the value exists.
        exact: share of the reachable ones that have it, recounted.
        legal: share of all edited ones that are legal.
        ticks_kept, onsets_kept: share of the source's ticks, and of its onsets, that are still there.
        nats: nats per note under the judge.
        shift: mean shift of each other attribute, in standard deviations.

    A share or a mean of nothing is nan.
    """

    asked: int
    reachable: float
    exact: float
    legal: float
    ticks_kept: float
    onsets_kept: float
    nats: float
    shift: dict[str, float]


def draw_sample(corpus: Corpus, split: str, meter: str, size: int, *, seed: int) -> Sample:
    """Measures of one meter from held-out tunes that occur nowhere in the training split.

    Only measures with a note are drawn; fewer than `size` where there are not as many.
    """
    code = next(grid.code for grid in GRIDS if grid.name == meter)
    held_out, train = corpus.select(split), corpus.select("train")
    known = {row.tobytes() for row in train.tokens[train.meters == code]}
    here = np.flatnonzero((held_out.meters == code) & (held_out.tokens >= 0).any(axis=1))
    fresh = np.array([i for i in here if held_out.tokens[i].tobytes() not in known], np.int64)
    generator = np.random.default_rng(seed)
    chosen = np.sort(generator.permutation(fresh)[:size])
    tune_pitches = _pitches_by_tune(held_out, {int(held_out.tune[i]) for i in chosen})
    return Sample(
        rows=tuple(_measure(held_out, int(i)) for i in chosen),
        following=tuple(_next(held_out, int(i)) for i in chosen),
        pitches=tuple(tune_pitches[int(held_out.tune[i])] for i in chosen),
        previous=held_out.previous[chosen].astype(np.int64),
        tokens=held_out.tokens[chosen],
        meters=held_out.meters[chosen].astype(np.int64),
    )


def _pitches_by_tune(corpus: Corpus, tunes: set[int]) -> dict[int, frozenset[int]]:
    out = {}
    for tune in tunes:
        tokens = corpus.tokens[corpus.tune == tune]
        out[tune] = frozenset(int(pitch) for pitch in np.unique(tokens[tokens >= 0]))
    return out


def _measure(corpus: Corpus, i: int) -> Measure:
    tokens = corpus.tokens[i]
    grid = GRIDS[int(corpus.meters[i])]
    started = tokens[tokens >= 0]
    tied = int(corpus.previous[i]) if corpus.tie_in[i] and corpus.previous[i] >= 0 else None
    sounds = bool(sounding_after(tokens[None])[0, -1])
    last = int(started[-1]) if len(started) else tied
    number = int(corpus.bar[i])
    return Measure(
        bars=(0,),
        index=number,
        joined=None,
        meter=grid.name,
        grid=grid,
        tokens=tokens,
        tie_in=tied,
        tie_out=last if corpus.tie_out[i] and sounds else None,
    )


def _next(corpus: Corpus, i: int) -> Measure | None:
    follows = (
        i + 1 < len(corpus)
        and corpus.tune[i + 1] == corpus.tune[i]
        and corpus.bar[i + 1] == corpus.bar[i] + 1
    )
    return _measure(corpus, i + 1) if follows else None


@dataclass(frozen=True)
class Bench:
    """A model under test with its judge.

    Attributes:
        checkpoint: the model; its event language model is the one to edit with.
        judge: the other event language model.
        weights: of the score.
        beam: hypotheses of the search.
    """

    checkpoint: Checkpoint
    judge: EventModel
    weights: ScoreWeights
    beam: int = 24

    def with_editor(self, events: EventModel) -> Bench:
        """The same with another event language model to edit with."""
        return replace(self, checkpoint=replace(self.checkpoint, events=events))

    def real_nats(self, sample: Sample) -> float:
        """Nats per note of the sample as it is."""
        return _per_note(self.judge, sample.tokens, sample.meters, sample.previous)

    def trial(
        self,
        sample: Sample,
        requests: Sequence[Request],
        search: Callable[[Checkpoint, Sequence[Job], ScoreWeights, int], list[Tokens]] | None = None,
    ) -> Trial:
        """Edit every measure of the sample and measure what came out."""
        plans = self._plans(sample, tuple(requests))
        at = np.array([i for i, plan in enumerate(plans) if plan.constraint is not None], np.int64)
        if not len(at):
            return _trial_of_nothing(requests)
        jobs = [
            job_of(plans[i], context)
            for i, context in zip(at, self._contexts(plans, sample, at), strict=True)
        ]
        find = search or (lambda c, j, w, b: search_jobs(c, j, w, beam=b))
        found = np.stack(find(self.checkpoint, jobs, self.weights, self.beam))
        return self._measure(sample, [plans[i] for i in at], at, found)

    def _plans(self, sample: Sample, requests: tuple[Request, ...]) -> list[Planned]:
        vocabulary = self._vocabulary
        plans = []
        for row, pitches in zip(sample.rows, sample.pitches, strict=True):
            own = own_pitches(pitches, vocabulary)
            planner = Planner(requests, self.checkpoint.calibration, vocabulary, own, "under test")
            plans.append(planner.plan(row, 0, selected=True))
        return plans

    @property
    def _vocabulary(self) -> Vocabulary:
        settings = self.checkpoint.settings
        return Vocabulary(settings.lowest, settings.highest)

    def _contexts(self, plans: Sequence[Planned], sample: Sample, at: npt.NDArray[np.int64]) -> list[Context]:
        leaps = Leaps(self.checkpoint.events, self._vocabulary)
        after = [None if row is None else Planned(row, tokens=row.tokens) for row in sample.following]
        return [context_of(leaps, [int(sample.previous[i])], [after[i]]) for i in at]

    def _measure(
        self, sample: Sample, plans: Sequence[Planned], at: npt.NDArray[np.int64], found: Tokens
    ) -> Trial:
        source, meters = sample.tokens[at], sample.meters[at]
        values, before = values_of(found, meters), values_of(source, meters)
        reachable = np.array([plan.missed is None for plan in plans])
        names = [attribute.name for attribute in ATTRIBUTES]
        exact = np.array(
            [
                all_met(dict(zip(names, row, strict=True)), plan.targets)
                for row, plan in zip(values.tolist(), plans, strict=True)
            ]
        )
        own = source != PAD
        same = source == found
        started = source >= 0
        asked = {name for plan in plans for name in plan.targets}
        stds = self._stds(meters)
        return Trial(
            asked=len(plans),
            reachable=float(reachable.mean()),
            exact=float(exact[reachable].mean()) if reachable.any() else float("nan"),
            legal=float(is_legal(found, meters).mean()),
            ticks_kept=float(same[own].mean()),
            onsets_kept=float(same[started].mean()),
            nats=_per_note(self.judge, found, meters, sample.previous[at]),
            shift={
                a.name: float((np.abs(values[:, k] - before[:, k]) / stds[:, k]).mean())
                for k, a in enumerate(ATTRIBUTES)
                if a.name not in asked
            },
        )

    def _stds(self, meters: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        lines = self.checkpoint.calibration.lines
        stds = [[lines[GRIDS[code].name][a.name].std or 1.0 for a in ATTRIBUTES] for code in meters]
        return np.array(stds)


def _trial_of_nothing(requests: Sequence[Request]) -> Trial:
    nan = float("nan")
    asked = {request.attribute.name for request in requests}
    shift = {a.name: nan for a in ATTRIBUTES if a.name not in asked}
    return Trial(0, nan, nan, nan, nan, nan, nan, shift)


def _per_note(
    judge: EventModel,
    tokens: Tokens,
    meters: npt.NDArray[np.int64],
    previous: npt.NDArray[np.int64],
) -> float:
    nats, notes = nats_and_notes(judge, tokens, meters, previous)
    return float(nats.sum() / max(int(notes.sum()), 1))
