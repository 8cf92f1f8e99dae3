"""How fast edits are, by part: `python tests/benchmarks/editing.py [MEASURES]`, on one thread.

Prints measures per second of what an edit does to held-out 4/4 measures of the folk corpus: the networks,
the constrained decoding (from the decoder's log-probabilities to legal tokens, without the event language
model) at several widths of the beam, the whole search of an edit, and the whole edit of a tune.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from arvae_music.data import load_corpus
from rich.console import Console
from rich.table import Table

from arvae_music import load_model
from arvae_music.control.benchmark import Bench
from arvae_music.control.edit import Job, search_jobs
from arvae_music.control.ladder import Pairs
from arvae_music.control.request import read_requests
from arvae_music.control.sample import draw_sample
from arvae_music.control.score import Scores
from arvae_music.control.search import search
from arvae_music.measures import measures
from arvae_music.training.checkpoint import Checkpoint

ASKED: tuple[Pairs, ...] = (
    (("density", "+1"),),
    (("density", "+1"), ("contour", "-3")),
    (("density", "+1"), ("contour", "-3"), ("range", "+2"), ("complexity", "+0.05")),
)
"""One attribute, a pair, and all four."""


def seconds(work: Callable[[], object], times: int = 3) -> float:
    """The least of some runs after one that warms up."""
    work()
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return min(took)


@torch.inference_mode()
def decoded(checkpoint: Checkpoint, jobs: Sequence[Job]) -> torch.Tensor:
    """Log-probabilities of the measures as they are, `[jobs, 24, ids]`."""
    vocabulary = checkpoint.vocabulary
    ids = torch.from_numpy(vocabulary.ids(np.stack([job.tokens for job in jobs])))
    meters = torch.tensor([job.constraint.code for job in jobs])
    found: torch.Tensor = checkpoint.vae.decoder(checkpoint.vae.encoder(ids, meters).mean, meters)
    return found


def main() -> None:
    """Measure, and print a table."""
    torch.set_num_threads(1)
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    model = load_model("folk")
    checkpoint = model.checkpoint
    bench = Bench(checkpoint, checkpoint.events, model.weights, model.beam)
    sample = draw_sample(load_corpus("folk"), "test", "4/4", size, seed=0)
    table = Table("part", "asked", "measures/s", box=None)

    def row(part: str, asked: str, count: int, work: Callable[[], object]) -> None:
        table.add_row(part, asked, f"{count / seconds(work):,.0f}")

    for pairs in ASKED:
        asked = " ".join(f"{name} {change}" for name, change in pairs)
        jobs = bench.prepare(sample, read_requests(pairs)).jobs
        constraints, size = [job.constraint for job in jobs], len(jobs)
        if len(pairs) == 1:
            row("encoder and decoder", "", size, partial(decoded, checkpoint, jobs))
        scores = Scores(decoded(checkpoint, jobs))
        for beam in (1, 4, 24):
            work = partial(search, constraints, scores, None, beam=beam)
            row(f"constrained decoding, beam {beam}", asked, size, work)
        styled = partial(search_jobs, checkpoint, jobs, model.weights, beam=model.beam)
        row("networks, and search in style", asked, size, styled)
    tune = model.generate(measures=64, meter="4/4", key="D", seed=3).tune
    rows = measures(tune.melody)
    different = len({row.tokens.tobytes() for row in rows if row.tokens is not None})
    for pairs in ASKED:
        took = seconds(partial(model.edit, tune, *read_requests(pairs)))
        asked = " ".join(f"{name} {change}" for name, change in pairs)
        table.add_row(f"a tune of {len(rows)} measures ({different} different)", asked, f"{took:.2f} s")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
