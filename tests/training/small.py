"""Settings of a small, exact run, measures to learn from, and somebody who listens to it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from arvae_music.training.settings import TrainingSettings
from arvae_music.training.tasks import Measures
from tests.fakes import TINY, random_measure
from tests.music import grid_of

SMALL = TrainingSettings(
    epochs=2,
    event_epochs=2,
    listening_epochs=0,
    prior_epochs=0,
    batch_size=4,
    threads=1,
    device="cpu",
    precision="32-true",
    model=TINY,
)


class Silent:
    """Listens to a run; a test may hook into it."""

    def __init__(self) -> None:
        self.task = ""
        self.on_step: Callable[[str, int, int], None] = lambda task, epoch, step: None
        self.on_epoch: Callable[[str, dict[str, float]], None] = lambda task, figures: None

    def begin(self, task: str, epochs: int, steps: int, epoch: int) -> None:
        self.task = task

    def step(self, epoch: int, step: int, losses: dict[str, float], speed: float) -> None:
        self.on_step(self.task, epoch, step)

    def epoch(self, task: str, figures: dict[str, float]) -> None:
        self.on_epoch(task, figures)


def some_measures(count: int, seed: int, meters: tuple[str, ...] = ("4/4", "6/8")) -> Measures:
    """Random measures, meter by meter in turn."""
    generator = np.random.default_rng(seed)
    names = [meters[i % len(meters)] for i in range(count)]
    return Measures(
        np.stack([random_measure(name, generator) for name in names]),
        np.array([grid_of(name).code for name in names], np.uint8),
        generator.integers(60, 73, count).astype(np.int16),
    )
