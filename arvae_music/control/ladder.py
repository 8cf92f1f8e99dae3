"""The ladder of requests of the control benchmark, on held-out measures of several meters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from arvae_music.control.benchmark import Bench, Trial, draw_sample
from arvae_music.control.request import read_requests
from arvae_music.data import Corpus
from arvae_music.meter import GRIDS

LADDER: tuple[tuple[tuple[str, str], ...], ...] = (
    (("density", "+1"),),
    (("density", "+2"),),
    (("density", "+4"),),
    (("density", "-1"),),
    (("density", "-2"),),
    (("range", "+2"),),
    (("range", "-2"),),
    (("range", "+5"),),
    (("contour", "+3"),),
    (("contour", "-3"),),
    (("contour", "+7"),),
    (("complexity", "+0.05"),),
    (("complexity", "-0.05"),),
    (("density", "+1"), ("range", "+2")),
    (("density", "-1"), ("contour", "+3")),
    (("complexity", "+0.05"), ("contour", "-3")),
)
"""Requests of the benchmark: each attribute alone, then pairs."""


@dataclass(frozen=True)
class LadderRow:
    """One request in one meter: ours, the same without the decoder, and the measures as they were."""

    meter: str
    request: str
    measures: int
    ours: Trial
    without_decoder: Trial
    real_nats: float


def run_ladder(
    bench: Bench,
    corpus: Corpus,
    *,
    split: str,
    meters: Sequence[str],
    size: int,
    seed: int,
    tell: Callable[[LadderRow], None],
) -> list[LadderRow]:
    """Every request of the ladder on held-out measures of each meter.

    Args:
        bench: the model and its judge.
        corpus: the corpus with all its splits.
        split: where the measures are drawn from.
        meters: names of the meters.
        size: measures of each.
        seed: of the draw.
        tell: is given each row as soon as it is there.
    """
    blind = replace(bench, weights=replace(bench.weights, decoder=0.0))
    rows = []
    for meter in meters:
        sample = draw_sample(corpus, split, meter, size, seed=seed)
        if not sample.rows:
            continue
        real = bench.real_nats(sample)
        for pairs in LADDER:
            requests = read_requests(pairs)
            row = LadderRow(
                meter=meter,
                request=" ".join(f"{name} {change}" for name, change in pairs),
                measures=len(sample.rows),
                ours=bench.trial(sample, requests),
                without_decoder=blind.trial(sample, requests),
                real_nats=real,
            )
            rows.append(row)
            tell(row)
    return rows


def pooled(rows: Sequence[LadderRow]) -> list[LadderRow]:
    """Each request over all its meters: shares of ticks by ticks, all else weighted by measures."""
    out = []
    for request in dict.fromkeys(row.request for row in rows):
        some = [row for row in rows if row.request == request]
        out.append(
            LadderRow(
                meter="all",
                request=request,
                measures=sum(row.measures for row in some),
                ours=_pooled_trial(some, [row.ours for row in some]),
                without_decoder=_pooled_trial(some, [row.without_decoder for row in some]),
                real_nats=float(np.average([r.real_nats for r in some], weights=[r.measures for r in some])),
            )
        )
    return out


def _pooled_trial(rows: Sequence[LadderRow], trials: Sequence[Trial]) -> Trial:
    asked = np.array([trial.asked for trial in trials])
    ticks = asked * [next(grid.ticks for grid in GRIDS if grid.name == row.meter) for row in rows]

    reached = np.array([trial.asked * trial.reachable if trial.asked else 0.0 for trial in trials])

    def mean(name: str, weights: npt.NDArray[np.number] = asked) -> float:
        return _average([getattr(trial, name) for trial in trials], weights)

    return Trial(
        asked=int(asked.sum()),
        reachable=mean("reachable"),
        exact=mean("exact", reached),
        legal=mean("legal"),
        ticks_kept=mean("ticks_kept", ticks),
        onsets_kept=mean("onsets_kept"),
        nats=mean("nats"),
        shift={name: _average([trial.shift[name] for trial in trials], asked) for name in trials[0].shift},
    )


def _average(values: Sequence[float], weights: npt.NDArray[np.number]) -> float:
    """Mean of the values that have a weight; nan where none has."""
    some = weights > 0
    return float(np.average(np.array(values)[some], weights=weights[some])) if some.any() else float("nan")
