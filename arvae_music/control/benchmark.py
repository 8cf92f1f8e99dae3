"""The control benchmark: are edits exact, legal, near the source, and in style?

Style is judged by an event language model that the edit did not see: two are trained, each on half
of the training tunes; with one the measures are edited, with the other they are judged. What is
measured is nats per note of the edited measures beside those of the measures as they were, and beside
those of real measures that have what was asked for: a measure of two notes has more nats per note than
one of eight, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from arvae_music.attributes import ATTRIBUTES, all_met, values_of
from arvae_music.control.context import Context, Leaps, context_of
from arvae_music.control.edit import Job, job_of
from arvae_music.control.plan import Planned, Planner, own_pitches
from arvae_music.control.request import Request
from arvae_music.control.sample import Sample
from arvae_music.control.ways import OURS, Way
from arvae_music.control.weights import ScoreWeights
from arvae_music.evaluation import correlations, share_in_key
from arvae_music.meter import GRIDS
from arvae_music.model import EventModel, Vocabulary, nats_and_notes
from arvae_music.tokens import PAD, Meters, Tokens, is_legal
from arvae_music.training.checkpoint import Checkpoint

_NAMES = [attribute.name for attribute in ATTRIBUTES]
_NAN = float("nan")


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
        in_key: share of the notes with a pitch class of the tune's other measures.
        correlation: of the requested with the measured values of the reachable measures, for each
            attribute of the request.
        change: mean measured change of these attributes over the reachable measures, in their units.
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
    in_key: float
    correlation: dict[str, float]
    change: dict[str, float]
    shift: dict[str, float]


@dataclass(frozen=True)
class Real:
    """The measures that a request concerns as they are, and others.

    Attributes:
        nats: nats per note.
        in_key: share of notes in key.
        alike: nats per note of the sample's measures that have what is asked for; each value that is
            asked for counts as often as it is asked for, as far as a measure of the sample has it.
    """

    nats: float
    in_key: float
    alike: float = _NAN


@dataclass(frozen=True)
class Exercise:
    """A request on a sample: what is to be found for each measure that it concerns.

    Attributes:
        sample: the measures.
        names: attributes that are asked for.
        at: numbers of the sample's measures that the request concerns, `[asked]`.
        plans: what is to become of each of these.
        jobs: what is to be searched for, as many.
    """

    sample: Sample
    names: tuple[str, ...]
    at: npt.NDArray[np.int64]
    plans: tuple[Planned, ...]
    jobs: tuple[Job, ...]

    @property
    def source(self) -> Tokens:
        """The measures as they are, `[asked, 24]`."""
        return self.sample.tokens[self.at]

    @property
    def meters(self) -> npt.NDArray[np.int64]:
        """Their meter codes, `[asked]`."""
        return self.sample.meters[self.at]

    @property
    def reachable(self) -> npt.NDArray[np.bool_]:
        """Which of them can have what is asked for, `[asked]`."""
        return np.array([plan.missed is None for plan in self.plans], np.bool_)

    def targets(self, name: str) -> npt.NDArray[np.float64]:
        """The value of an attribute that each is to have, nan where it is left out, `[asked]`."""
        return np.array([plan.targets.get(name, _NAN) for plan in self.plans], np.float64)


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

    def prepare(self, sample: Sample, requests: Sequence[Request]) -> Exercise:
        """Plan the edit of every measure of a sample."""
        plans = self._plans(sample, tuple(requests))
        at = np.array([i for i, plan in enumerate(plans) if plan.constraint is not None], np.int64)
        chosen = tuple(plans[i] for i in at)
        contexts = self._contexts(sample, at)
        return Exercise(
            sample=sample,
            names=tuple(request.attribute.name for request in requests),
            at=at,
            plans=chosen,
            jobs=tuple(job_of(plan, context) for plan, context in zip(chosen, contexts, strict=True)),
        )

    def real(self, exercise: Exercise) -> Real:
        """The measures as they are."""
        return Real(
            self._nats(exercise, exercise.source),
            self._in_key(exercise, exercise.source),
            self._alike(exercise),
        )

    def trial(self, exercise: Exercise, way: Way = OURS) -> Trial:
        """Edit every measure and measure what came out."""
        if not len(exercise.at):
            return _trial_of_nothing(exercise.names)
        found = np.stack(way.search(self.checkpoint, exercise.jobs, self.weights, self.beam))
        return self._measure(exercise, found)

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
        return self.checkpoint.vocabulary

    def _contexts(self, sample: Sample, at: npt.NDArray[np.int64]) -> list[Context]:
        leaps = Leaps(self.checkpoint.events, self._vocabulary)
        after = [None if row is None else Planned(row, tokens=row.tokens) for row in sample.following]
        return [context_of(leaps, [int(sample.previous[i])], [after[i]]) for i in at]

    def _measure(self, exercise: Exercise, found: Tokens) -> Trial:
        source, meters = exercise.source, exercise.meters
        values, before = values_of(found, meters), values_of(source, meters)
        reachable = exercise.reachable
        own, same, started = source != PAD, source == found, source >= 0
        asked = {name: _NAMES.index(name) for name in exercise.names}
        others = {name: k for k, name in enumerate(_NAMES) if name not in asked}
        shift = np.abs(values - before) / self._stds(meters)
        return Trial(
            asked=len(exercise.at),
            reachable=float(reachable.mean()),
            exact=_mean(_exact(exercise.plans, values)[reachable]),
            legal=float(is_legal(found, meters).mean()),
            ticks_kept=float(same[own].mean()),
            onsets_kept=float(same[started].mean()),
            nats=self._nats(exercise, found),
            in_key=self._in_key(exercise, found),
            correlation={
                name: _correlation(exercise.targets(name)[reachable], values[reachable, k])
                for name, k in asked.items()
            },
            change={name: _mean((values - before)[reachable, k]) for name, k in asked.items()},
            shift={name: float(shift[:, k].mean()) for name, k in others.items()},
        )

    def _nats(self, exercise: Exercise, tokens: Tokens) -> float:
        previous = exercise.sample.previous[exercise.at]
        return _per_note(self.judge, tokens, exercise.meters, previous)

    def _alike(self, exercise: Exercise) -> float:
        sample = exercise.sample
        values = values_of(sample.tokens, sample.meters)
        nats, notes = nats_and_notes(self.judge, sample.tokens, sample.meters, sample.previous)
        total = np.zeros(2)
        for plan in exercise.plans:
            if plan.missed is None:
                have = _have(values, plan.targets)
                total += [nats[have].mean(), notes[have].mean()] if have.any() else 0.0
        return float(total[0] / total[1]) if total[1] else _NAN

    def _in_key(self, exercise: Exercise, tokens: Tokens) -> float:
        return share_in_key(tokens, exercise.sample.elsewhere[exercise.at])

    def _stds(self, meters: Meters) -> npt.NDArray[np.float64]:
        lines = self.checkpoint.calibration.lines
        stds = [[lines[GRIDS[code].name][name].std or 1.0 for name in _NAMES] for code in meters]
        return np.array(stds)


def _trial_of_nothing(names: Sequence[str]) -> Trial:
    asked = dict.fromkeys(names, _NAN)
    shift = {name: _NAN for name in _NAMES if name not in asked}
    return Trial(0, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, asked, dict(asked), shift)


def _have(values: npt.NDArray[np.float64], targets: Mapping[str, float]) -> npt.NDArray[np.bool_]:
    """Which rows of `values`, `[measures, attributes]`, have the targets, each within its tolerance."""
    have = np.ones(len(values), np.bool_)
    for k, attribute in enumerate(ATTRIBUTES):
        if attribute.name in targets:
            have &= attribute.is_met(values[:, k], targets[attribute.name])
    return have


def _exact(plans: Sequence[Planned], values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    rows = zip(values.tolist(), plans, strict=True)
    return np.array([all_met(dict(zip(_NAMES, row, strict=True)), plan.targets) for row, plan in rows])


def _correlation(asked: npt.NDArray[np.float64], measured: npt.NDArray[np.float64]) -> float:
    there = ~np.isnan(asked)
    return float(correlations(asked[there, None], measured[there, None])[0])


def _mean(values: npt.NDArray[np.generic]) -> float:
    return float(values.astype(np.float64).mean()) if len(values) else _NAN


def _per_note(
    judge: EventModel,
    tokens: Tokens,
    meters: npt.NDArray[np.int64],
    previous: npt.NDArray[np.int64],
) -> float:
    if not len(tokens):
        return _NAN
    nats, notes = nats_and_notes(judge, tokens, meters, previous)
    return float(nats.sum() / max(int(notes.sum()), 1))
