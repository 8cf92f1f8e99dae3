"""The ladder of requests of the control benchmark, on held-out measures of several meters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from arvae_music.control.benchmark import Bench, Real, Trial
from arvae_music.control.request import read_requests
from arvae_music.control.sample import draw_sample
from arvae_music.control.ways import OURS, WAYS, Way
from arvae_music.data import Corpus
from arvae_music.evaluation import weighted_mean
from arvae_music.meter import GRID_BY_NAME

Pairs = tuple[tuple[str, str], ...]
"""A request: attributes, each with its change."""

SMALLER: tuple[Pairs, ...] = (
    (("density", "+1"),),
    (("density", "-1"),),
    (("range", "+2"),),
    (("range", "-2"),),
    (("contour", "+3"),),
    (("contour", "-3"),),
    (("complexity", "+0.05"),),
    (("complexity", "-0.05"),),
)
"""The smallest change of each attribute's ladder, up and down."""

LADDER: tuple[Pairs, ...] = (
    *((("density", change),) for change in ("+1", "+2", "+4", "-1", "-2", "-4")),
    *((("range", change),) for change in ("+2", "+5", "-2", "-5")),
    *((("contour", change),) for change in ("+3", "+7", "-3", "-7")),
    *((("complexity", change),) for change in ("+0.05", "+0.1", "-0.05", "-0.1")),
    (("density", "+1"), ("range", "+2")),
    (("density", "-1"), ("contour", "+3")),
    (("complexity", "+0.05"), ("contour", "-3")),
)
"""Requests of the benchmark: each attribute alone, then pairs."""

ALL = "all"
"""The name of all meters together."""


@dataclass(frozen=True)
class LadderRow:
    """One request in one meter.

    Attributes:
        meter: its name, or `all`.
        request: as it is written.
        measures: how many were drawn.
        real: those that the request concerns, as they are.
        ways: what came of it, by the name of the way.
    """

    meter: str
    request: str
    measures: int
    real: Real
    ways: dict[str, Trial]

    @property
    def ours(self) -> Trial:
        """What came of it as `Model.edit` does it."""
        return self.ways[OURS.name]

    def over_real(self, way: str) -> float:
        """By which part nats per note are above those of the measures as they are."""
        return self.ways[way].nats / self.real.nats - 1


def run_ladder(
    bench: Bench,
    corpus: Corpus,
    *,
    split: str,
    meters: Sequence[str],
    size: int,
    seed: int,
    tell: Callable[[LadderRow], None],
    ladder: Sequence[Pairs] = LADDER,
    ways: Sequence[Way] = WAYS,
) -> list[LadderRow]:
    """Every request of the ladder on held-out measures of each meter.

    Args:
        bench: the model and its judge.
        corpus: the corpus with all its splits.
        split: where the measures are drawn from.
        meters: names of the meters; those without such measures are left out.
        size: measures of each.
        seed: of the draw.
        tell: is given each row as soon as it is there.
        ladder: the requests.
        ways: how they are answered.
    """
    rows = []
    for meter in meters:
        sample = draw_sample(corpus, split, meter, size, seed=seed)
        if not sample.rows:
            continue
        for pairs in ladder:
            exercise = bench.prepare(sample, read_requests(pairs))
            row = LadderRow(
                meter=meter,
                request=written(pairs),
                measures=len(sample.rows),
                real=bench.real(exercise),
                ways={way.name: bench.trial(exercise, way) for way in ways},
            )
            rows.append(row)
            tell(row)
    return rows


def written(pairs: Pairs) -> str:
    """A request as it is written: `density +1 range +2`."""
    return " ".join(f"{name} {change}" for name, change in pairs)


def pooled(rows: Sequence[LadderRow]) -> list[LadderRow]:
    """Each request over all its meters: shares of ticks by ticks, all else weighted by measures."""
    out = []
    for request in dict.fromkeys(row.request for row in rows):
        some = [row for row in rows if row.request == request]
        asked = np.array([next(iter(row.ways.values())).asked for row in some])
        out.append(
            LadderRow(
                meter=ALL,
                request=request,
                measures=sum(row.measures for row in some),
                real=Real(
                    nats=weighted_mean([row.real.nats for row in some], asked),
                    in_key=weighted_mean([row.real.in_key for row in some], asked),
                    alike=weighted_mean([row.real.alike for row in some], asked),
                ),
                ways={name: _pooled_trial(some, [row.ways[name] for row in some]) for name in some[0].ways},
            )
        )
    return out


def _pooled_trial(rows: Sequence[LadderRow], trials: Sequence[Trial]) -> Trial:
    asked = np.array([trial.asked for trial in trials])
    ticks = asked * [GRID_BY_NAME[row.meter].ticks for row in rows]
    reached = np.array([trial.asked * trial.reachable if trial.asked else 0.0 for trial in trials])

    def mean(name: str, weights: npt.NDArray[np.number] = asked) -> float:
        return weighted_mean([getattr(trial, name) for trial in trials], weights)

    def means(name: str, weights: npt.NDArray[np.number] = asked) -> dict[str, float]:
        found = [getattr(trial, name) for trial in trials]
        return {key: weighted_mean([values[key] for values in found], weights) for key in found[0]}

    return Trial(
        asked=int(asked.sum()),
        reachable=mean("reachable"),
        exact=mean("exact", reached),
        legal=mean("legal"),
        ticks_kept=mean("ticks_kept", ticks),
        onsets_kept=mean("onsets_kept"),
        nats=mean("nats"),
        in_key=mean("in_key"),
        correlation=means("correlation", reached),
        change=means("change", reached),
        shift=means("shift"),
    )
