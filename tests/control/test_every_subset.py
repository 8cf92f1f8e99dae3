"""Any of the four attributes together, to the values of other real measures: all exact.

`python -m tests.control.test_every_subset` from the clone's root prints the time that each takes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pytest
from arvae_music.data import Corpus, load_corpus

from arvae_music.attributes import resolve
from arvae_music.control import Model, Request, load_model, to
from arvae_music.control.context import Context
from arvae_music.control.edit import Job, job_of, search_jobs
from arvae_music.control.plan import Planner, own_pitches
from arvae_music.measures import Measure
from arvae_music.meter import GRIDS
from arvae_music.tokens import Tokens
from tests.control.oracle import COMPLEXITY, CONTOUR, DENSITY, RANGE, meets, ticks_of, values

NAMES = (COMPLEXITY, RANGE, DENSITY, CONTOUR)
SUBSETS = [some for size in range(1, 5) for some in combinations(NAMES, size)]
METERS = ("4/4", "3/4", "2/4", "6/8")


class Pair(NamedTuple):
    """A measure, its tune's pitches, and the values that it is to have: another measure's."""

    meter: str
    tokens: Tokens
    tune: frozenset[int]
    targets: dict[str, float]


def pairs(corpus: Corpus, size: int, seed: int) -> list[Pair]:
    """Held-out measures without ties, as many of each meter."""
    held_out = corpus.select("test")
    generator = np.random.default_rng(seed)
    found = []
    for meter in METERS:
        code = next(grid.code for grid in GRIDS if grid.name == meter)
        whole = (held_out.meters == code) & ~held_out.tie_in & ~held_out.tie_out
        here = np.flatnonzero(whole & (held_out.tokens >= 0).any(axis=1))
        some = generator.choice(here, 2 * (size // len(METERS)), replace=False)
        for one, other in some.reshape(-1, 2):
            tune = held_out.tokens[held_out.tune == held_out.tune[one]]
            targets = values(meter, held_out.tokens[other][: ticks_of(meter)].tolist())
            pitches = frozenset(tune[tune >= 0].tolist())
            found.append(Pair(meter, held_out.tokens[one], pitches, targets))
    return found


def jobs(model: Model, measures: list[Pair], names: tuple[str, ...]) -> Iterator[Job]:
    """What is to be searched for, each measure by itself."""
    nothing = Context((), np.zeros(model.vocabulary.span + 1, np.float32))
    for one in measures:
        grid = next(grid for grid in GRIDS if grid.name == one.meter)
        row = Measure((0,), 1, None, one.meter, grid, one.tokens)
        requests = tuple(Request(resolve(name), to(one.targets[name])) for name in names)
        own = own_pitches(one.tune, model.vocabulary)
        planner = Planner(requests, model.checkpoint.calibration, model.vocabulary, own, "folk")
        plan = planner.plan(row, 0, selected=True)
        assert plan.missed is None
        yield job_of(plan, nothing)


def exact(model: Model, measures: list[Pair], names: tuple[str, ...]) -> tuple[float, float]:
    """Share of measures that have all that is asked for, and seconds per measure."""
    begun = time.process_time()
    found = search_jobs(model.checkpoint, list(jobs(model, measures, names)), model.weights, beam=model.beam)
    seconds = (time.process_time() - begun) / len(measures)
    hits = [
        meets(values(one.meter, tokens[: ticks_of(one.meter)].tolist()), {n: one.targets[n] for n in names})
        for one, tokens in zip(measures, found, strict=True)
    ]
    return sum(hits) / len(hits), seconds


@pytest.mark.slow
@pytest.mark.parametrize("names", SUBSETS, ids=" ".join)
def test_every_subset_is_exact_on_held_out_measures(names: tuple[str, ...]) -> None:
    share, _ = exact(load_model("folk"), pairs(load_corpus(["folk"]), 200, seed=1), names)
    assert share == 1


def main() -> None:
    model, measures = load_model("folk"), pairs(load_corpus(["folk"]), 200, seed=1)
    exact(model, measures[:8], NAMES)  # what is loaded and made once
    for names in SUBSETS:
        share, seconds = exact(model, measures, names)
        print(f"{' '.join(names)}: {share:.1%} exact, {1000 * seconds:.1f} ms per measure")  # noqa: T201


if __name__ == "__main__":
    main()
