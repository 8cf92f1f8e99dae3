"""Steps of training, beside those of the paper's model with as many parameters."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from arvae_music.cli.errors import run
from arvae_music.data import load_corpus
from pytest_benchmark.fixture import BenchmarkFixture
from torch.utils.flop_counter import FlopCounterMode

from arvae_music.model import MeasureVAE, ModelSettings
from arvae_music.training.corpus import training_data
from arvae_music.training.place import make_fabric
from arvae_music.training.presets import preset_settings
from arvae_music.training.settings import TrainingSettings
from arvae_music.training.tasks import Measures, VaeTask
from tests.benchmarks.presets import curve
from tests.benchmarks.products import product_share
from tests.benchmarks.steps import stepper

METER = "4/4"


SMALL, SLOW = 32, 0.002
"""Measures in a step, and the highest rate, of a run that has one epoch alone: it needs steps."""

QUICK = (
    f"train folk --meter {METER} --epochs 1 --event-epochs 1 --listening-epochs 0 --prior-epochs 0 "
    f"--batch-size {SMALL} --learning-rate {SLOW}"
)
"""A run that is only to reach what the paper's preset does."""


def parameters(model: ModelSettings) -> int:
    """Number of the auto-encoder's parameters while it is trained."""
    return sum(p.numel() for p in MeasureVAE(VaeTask.sizes_of(model)).parameters())


def paper_with(count: int) -> TrainingSettings:
    """The paper's preset with recurrent layers so wide that it has about so many parameters."""
    settings = preset_settings("paper")
    widths = (replace(settings.model, encoder_width=w, decoder_width=w) for w in range(128, 400, 2))
    return replace(settings, model=min(widths, key=lambda model: abs(parameters(model) - count)))


WAYS: dict[str, Callable[[], TrainingSettings]] = {
    "training, default": lambda: preset_settings("default"),
    "training, one epoch": lambda: preset_settings("default", batch_size=SMALL, learning_rate=SLOW),
    "training, paper with as many parameters": lambda: paper_with(
        parameters(preset_settings("default").model)
    ),
    "training, paper": lambda: preset_settings("paper"),
}


@pytest.fixture(scope="module")
def rows() -> Measures:
    return training_data(load_corpus("folk"), (METER,)).train


def product_rate(dtype: torch.dtype) -> float:
    """Floating-point operations a second of a large matrix product on one thread."""
    size = 1024
    one, other = (torch.randn(size, size).to(dtype) for _ in range(2))
    best = float("inf")
    for _ in range(8):
        began = time.process_time()
        one @ other
        best = min(best, time.process_time() - began)
    return 2 * size**3 / best


@pytest.mark.benchmark(group="training", timer=time.process_time)
@pytest.mark.parametrize("way", WAYS)
def test_training(benchmark: BenchmarkFixture, rows: Measures, way: str) -> None:
    settings = WAYS[way]()
    step = stepper(VaeTask, rows, settings)
    with FlopCounterMode(display=False) as counter:
        step()
    benchmark.pedantic(step, rounds=20, warmup_rounds=3)
    reduced = make_fabric(settings).strategy.precision.precision == "bf16-mixed"
    benchmark.extra_info.update(
        figure=way,
        count=settings.batch_size,
        unit="measures",
        parameters=parameters(settings.model),
        product_share=product_share(step),
        flops=counter.get_total_flops() / settings.batch_size,
        product_rate=product_rate(torch.bfloat16 if reduced else torch.float32),
        measures_of_an_epoch=len(rows.tokens),
        epochs=settings.epochs,
    )


@pytest.mark.benchmark(group="training", timer=time.process_time)
def test_one_epoch(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    benchmark.pedantic(run, args=([*QUICK.split(), "--threads", "1", "-o", str(folder)],), rounds=1)
    [ticks] = curve(folder)
    benchmark.extra_info.update(figure="one epoch", ticks=ticks)
