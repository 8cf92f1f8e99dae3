"""Sprites rendered from their indices, images a second of one thread."""

from __future__ import annotations

import time

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from arvae_music.images.sprites import Sprites

IMAGES = 8_192


@pytest.mark.benchmark(group="images", timer=time.process_time)
def test_rendering(benchmark: BenchmarkFixture) -> None:
    sprites = Sprites()
    rows = np.random.default_rng(0).integers(len(sprites), size=IMAGES)
    images = benchmark.pedantic(sprites.images, args=(rows,), rounds=5, warmup_rounds=1)
    assert images.shape == (IMAGES, 1, 64, 64)
    benchmark.extra_info.update(figure="sprites rendered", count=IMAGES, unit="images")
