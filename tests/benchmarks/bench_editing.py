"""An edit, and each of its parts, in measures a second of one thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from arvae_music.data import load_corpus
from pytest_benchmark.fixture import BenchmarkFixture

from arvae_music import Tune, load_model, read
from arvae_music.control.benchmark import Bench
from arvae_music.control.edit import Job, search_jobs
from arvae_music.control.model import Model
from arvae_music.control.request import read_requests
from arvae_music.control.sample import draw_sample
from arvae_music.control.score import tick_scores
from arvae_music.control.search import search
from tests.benchmarks.products import product_share

MEASURES = 128
ASKED = {
    "one attribute": (("density", "+1"),),
    "a pair": (("density", "+1"), ("contour", "-3")),
    "all four": (("density", "+1"), ("contour", "-3"), ("range", "+2"), ("complexity", "+0.05")),
}


@pytest.fixture(scope="module")
def model() -> Model:
    torch.set_num_threads(1)
    return load_model("folk")


@pytest.fixture(scope="module")
def tune(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 64 measures."""
    path = tmp_path_factory.mktemp("tune") / "tune.mid"
    model.generate(measures=64, meter="4/4", key="D", seed=3).tune.write(path)
    return path


def jobs_of(model: Model, asked: str) -> list[Job]:
    """Held-out measures of folk to edit."""
    bench = Bench(model.checkpoint, model.checkpoint.events, model.weights, model.beam)
    sample = draw_sample(load_corpus("folk"), "test", "4/4", MEASURES, seed=0)
    return list(bench.prepare(sample, read_requests(ASKED[asked])).jobs)


@torch.inference_mode()
def ways(model: Model, asked: str) -> dict[str, tuple[int, Callable[[], object]]]:
    """Parts of an edit by name, each with the measures that it is of."""
    checkpoint, jobs = model.checkpoint, jobs_of(model, asked)
    ids = torch.from_numpy(checkpoint.vocabulary.ids(np.stack([job.tokens for job in jobs])))
    codes = torch.tensor([job.constraint.code for job in jobs])
    z = checkpoint.vae.encoder(ids, codes).mean
    scores = tick_scores(checkpoint.vae.decode(z, codes), ids, model.weights)
    constraints = [job.constraint for job in jobs]
    return {
        "encode": (len(jobs), torch.inference_mode()(partial(checkpoint.vae.encoder, ids, codes))),
        "decode": (len(jobs), torch.inference_mode()(partial(checkpoint.vae.decode, z, codes))),
        "search without style": (len(jobs), partial(search, constraints, scores, None, beam=model.beam)),
        "encode, decode and search": (
            len(jobs),
            partial(search_jobs, checkpoint, jobs, model.weights, beam=model.beam),
        ),
    }


PARTS = ("encode", "decode", "search without style", "encode, decode and search")


@pytest.mark.benchmark(group="editing", timer=time.process_time)
@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("part", PARTS)
def test_parts(benchmark: BenchmarkFixture, model: Model, part: str, asked: str) -> None:
    if part in ("encode", "decode") and asked != "one attribute":
        pytest.skip("the networks do not know what is asked")
    count, work = ways(model, asked)[part]
    benchmark.pedantic(work, rounds=3, warmup_rounds=1)
    benchmark.extra_info.update(
        figure=f"{part}, {asked}", count=count, unit="measures", product_share=product_share(work)
    )


@pytest.mark.benchmark(group="editing", timer=time.process_time)
@pytest.mark.parametrize("asked", ["read", "write", *ASKED])
def test_a_tune(benchmark: BenchmarkFixture, model: Model, tune: Path, tmp_path: Path, asked: str) -> None:
    found: Tune = read(tune)
    out = tmp_path / "out.mid"

    def whole() -> None:
        model.edit(read(tune), *read_requests(ASKED[asked])).tune.write(out, force=True)

    work = {"read": partial(read, tune), "write": partial(found.write, out, force=True)}.get(asked, whole)
    benchmark.pedantic(work, rounds=3, warmup_rounds=1)
    name = asked if asked in ("read", "write") else f"read, edit and write, {asked}"
    benchmark.extra_info.update(figure=f"{name}, a file of 64 measures", count=64, unit="measures")
