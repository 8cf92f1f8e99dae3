"""Steps of training, beside those of the paper's model with as many parameters."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

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


SMALL, RATE = 40, 0.004
"""Measures in a step, and the highest rate, of a run that has one epoch alone: it needs steps."""

QUICK = (
    f"train folk --meter {METER} --epochs 1 --event-epochs 1 --listening-epochs 0 --prior-epochs 0 "
    f"--batch-size {SMALL} --learning-rate {RATE}"
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


PAPER, AS_LARGE = "training, paper", "training, paper with as many parameters"
SAME_BATCH = "training, in batches as large as the paper's"
WAYS: dict[str, Callable[[], TrainingSettings]] = {
    "training, default": lambda: preset_settings("default"),
    SAME_BATCH: lambda: preset_settings("default", batch_size=preset_settings("paper").batch_size),
    "training, one epoch": lambda: preset_settings("default", batch_size=SMALL, learning_rate=RATE),
    AS_LARGE: lambda: paper_with(parameters(preset_settings("default").model)),
    PAPER: lambda: preset_settings("paper"),
}
BESIDE = {
    "training, default": (AS_LARGE, PAPER),
    SAME_BATCH: (AS_LARGE,),
    "training, one epoch": (PAPER,),
}
"""What is measured, and what it is held against."""


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


@dataclass
class Way:
    """One way to train, ready for its next step.

    Attributes:
        settings: of the training.
        step: takes a step.
        flops: floating-point operations of one.
        seconds: what steps have taken.
    """

    settings: TrainingSettings
    step: Callable[[], None]
    flops: int
    seconds: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, name: str, rows: Measures) -> Way:
        """One of WAYS."""
        settings = WAYS[name]()
        step = stepper(VaeTask, rows, settings)
        with FlopCounterMode(display=False) as counter:
            step()
        return cls(settings, step, counter.get_total_flops())

    def take(self) -> None:
        """A step, which counts."""
        before = time.process_time()
        self.step()
        self.seconds.append(time.process_time() - before)

    def figures(self, rows: Measures) -> dict[str, Any]:
        """What is to be known of it."""
        settings = self.settings
        reduced = make_fabric(settings).strategy.precision.precision == "bf16-mixed"
        return {
            "seconds": median(self.seconds),
            "count": settings.batch_size,
            "unit": "measures",
            "parameters": parameters(settings.model),
            "product_share": product_share(self.step),
            "flops": self.flops / settings.batch_size,
            "product_rate": product_rate(torch.bfloat16 if reduced else torch.float32),
            "measures_of_an_epoch": len(rows.tokens),
            "epochs": settings.epochs,
        }


@pytest.mark.benchmark(group="training", timer=time.process_time)
@pytest.mark.parametrize("name", BESIDE)
def test_training(benchmark: BenchmarkFixture, rows: Measures, name: str) -> None:
    ours, beside = Way.of(name, rows), {other: Way.of(other, rows) for other in BESIDE[name]}

    def others() -> None:  # in turn with ours, as a machine's speed changes by the minute
        for way in beside.values():
            way.take()

    # Medians stand: of rounds in turn the shortest of both may be of different minutes.
    benchmark.pedantic(ours.take, setup=others, rounds=30, warmup_rounds=3)
    known = {other: way.figures(rows) for other, way in beside.items()}
    benchmark.extra_info.update(figure=name, beside=known, **ours.figures(rows))


@pytest.mark.benchmark(group="training", timer=time.process_time)
def test_one_epoch(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    benchmark.pedantic(run, args=([*QUICK.split(), "--threads", "1", "-o", str(folder)],), rounds=1)
    [ticks] = curve(folder)
    benchmark.extra_info.update(figure="one epoch", ticks=ticks)
