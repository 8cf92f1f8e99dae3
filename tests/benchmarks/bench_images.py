"""Sprites rendered from their indices and trained on, images a second of one thread; and the memory of it."""

from __future__ import annotations

import time

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from arvae_music.images import Sprites, settings_for
from arvae_music.images.task import ImageTask
from tests.benchmarks.growth import resident
from tests.benchmarks.steps import stepper_of

IMAGES = 8_192

STEPS = (20, 300)
"""Steps after which memory is looked at: when all is in place, and when it would have grown."""


@pytest.mark.benchmark(group="images", timer=time.process_time)
def test_rendering(benchmark: BenchmarkFixture) -> None:
    sprites = Sprites()
    rows = np.random.default_rng(0).integers(len(sprites), size=IMAGES)
    images = benchmark.pedantic(sprites.images, args=(rows,), rounds=5, warmup_rounds=1)
    assert images.shape == (IMAGES, 1, 64, 64)
    benchmark.extra_info.update(figure="sprites rendered", count=IMAGES, unit="images")


@pytest.mark.benchmark(group="images", timer=time.process_time)
def test_training_on_all(benchmark: BenchmarkFixture) -> None:
    sprites = Sprites()
    settings = settings_for(sprites, images=0, threads=1, device="cpu")
    task = ImageTask(sprites, settings)
    assert task.rows == 589_824  # four of five
    step = stepper_of(lambda: task, settings)
    for _ in range(STEPS[0]):
        step()
    first = resident()[0]
    benchmark.pedantic(step, rounds=STEPS[1] - STEPS[0])
    benchmark.extra_info.update(
        figure="sprites trained on",
        count=settings.batch_size,
        unit="images",
        memory=[first, resident()[0]],
        seen=[steps * settings.batch_size for steps in STEPS],
    )
