"""Closeness against style: what a strength of an edit costs, and what it gives.

The nearer an edit is held to its source, the fewer ticks change and the less the result may sound
like the corpus. A row of strengths on the smaller requests shows the exchange, and where the usual
strength stands on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from arvae_music.control.benchmark import Bench
from arvae_music.control.ladder import SMALLER, LadderRow, pooled, run_ladder
from arvae_music.control.ways import at_strength
from arvae_music.data import Corpus

STRENGTHS = (0.0, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0)
"""Strengths of the frontier; 0.5 is the usual one."""


@dataclass(frozen=True)
class FrontierPoint:
    """One strength, over the requests of a frontier.

    Attributes:
        strength: see `ScoreWeights.with_strength`.
        ticks_kept, onsets_kept: mean share of the source's ticks, and of its onsets, that are still there.
        over_real: by which part nats per note are above those of the measures as they are, on average.
        exact: least share of exact measures among the reachable ones.
        requests: by request, ticks kept and nats over real.
    """

    strength: float
    ticks_kept: float
    onsets_kept: float
    over_real: float
    exact: float
    requests: dict[str, tuple[float, float]]


def run_frontier(
    bench: Bench,
    corpus: Corpus,
    *,
    split: str,
    meters: Sequence[str],
    size: int,
    seed: int,
    tell: Callable[[LadderRow], None],
    strengths: Sequence[float] = STRENGTHS,
) -> list[FrontierPoint]:
    """The smaller requests at every strength; the arguments are those of `run_ladder`."""
    rows = run_ladder(
        bench,
        corpus,
        split=split,
        meters=meters,
        size=size,
        seed=seed,
        tell=tell,
        ladder=SMALLER,
        ways=[at_strength(strength) for strength in strengths],
    )
    return [frontier_point(pooled(rows), strength) for strength in strengths] if rows else []


def frontier_point(rows: Sequence[LadderRow], strength: float) -> FrontierPoint:
    """The mean over requests at one strength; each request counts the same."""
    name = at_strength(strength).name
    rows = [row for row in rows if row.ways[name].asked]
    trials = [row.ways[name] for row in rows]
    return FrontierPoint(
        strength=strength,
        ticks_kept=float(np.mean([trial.ticks_kept for trial in trials])),
        onsets_kept=float(np.mean([trial.onsets_kept for trial in trials])),
        over_real=float(np.mean([row.over_real(name) for row in rows])),
        exact=float(np.nanmin([trial.exact for trial in trials])),
        requests={row.request: (row.ways[name].ticks_kept, row.over_real(name)) for row in rows},
    )
