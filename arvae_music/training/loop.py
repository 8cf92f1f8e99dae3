"""One training loop for every task: seeded, resumable at every step, on any device."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from lightning_fabric import Fabric
from torch.optim import AdamW, Optimizer

from arvae_music.errors import ArvaeError
from arvae_music.training.peers import Peers
from arvae_music.training.settings import TrainingSettings
from arvae_music.training.state import WEIGHTS, Progress, optimizer_tensors, restore_module, restore_optimizer
from arvae_music.training.tasks import Task

CLIP = 1.0
"""Largest norm of the gradient."""

_TELL_EVERY = 10


def one_cycle(step: int, steps: int, peak: float, warm_up: float = 0.1) -> float:
    """Learning rate of a step: from 1/25 of the peak up, then down to nearly zero, along cosines.

    A function of the step alone, so that a resumed run needs no scheduler's state
    (Smith & Topin 2019, "Super-convergence").
    """
    turn = warm_up * steps
    rising = step < turn
    start, end = (peak / 25, peak) if rising else (peak, peak / 25e4)
    share = step / turn if rising else (step - turn) / max(steps - turn, 1)
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


class Listener(Protocol):
    """Whoever wants to see how it goes; every method may do nothing."""

    def begin(self, task: str, epochs: int, steps: int, epoch: int) -> None:
        """A task begins, or goes on, at `epoch` of `epochs`, each of `steps` steps."""

    def step(self, epoch: int, step: int, losses: dict[str, float], speed: float) -> None:
        """Some steps of an epoch are done; `speed` is in measures per second."""

    def epoch(self, task: str, figures: dict[str, float]) -> None:
        """An epoch is done and validated."""


class Nobody:
    """Is told, and does nothing."""

    def begin(self, task: str, epochs: int, steps: int, epoch: int) -> None:
        """A task begins."""

    def step(self, epoch: int, step: int, losses: dict[str, float], speed: float) -> None:
        """Some steps are done."""

    def epoch(self, task: str, figures: dict[str, float]) -> None:
        """An epoch is done."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a task is trained."""

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    seed: int
    constant: bool = False

    @classmethod
    def of(cls, settings: TrainingSettings, epochs: int, seed: int) -> Schedule:
        """What the settings say for the auto-encoder, for so many epochs."""
        return cls(
            epochs,
            settings.batch_size,
            settings.learning_rate,
            settings.weight_decay,
            seed,
            constant=settings.schedule == "constant",
        )

    @classmethod
    def beside(cls, settings: TrainingSettings, epochs: int, seed: int) -> Schedule:
        """What they say for what is trained beside it: a constant rate is the auto-encoder's alone."""
        if settings.schedule == "constant":
            usual = TrainingSettings()
            settings = replace(
                settings,
                schedule=usual.schedule,
                learning_rate=usual.learning_rate,
                weight_decay=usual.weight_decay,
            )
        return cls.of(settings, epochs, seed)

    def rate(self, step: int, steps: int) -> float:
        """Learning rate of a step of so many."""
        return self.learning_rate if self.constant else one_cycle(step, steps, self.learning_rate)


@dataclass
class Fit:
    """A task under training: what a state file must hold to go on as if never stopped."""

    task: Task
    optimizer: Optimizer
    progress: Progress

    def tensors(self) -> dict[str, torch.Tensor]:
        """Weights and moments by name."""
        weights = {f"{WEIGHTS}{name}": tensor for name, tensor in self.task.module.state_dict().items()}
        return weights | optimizer_tensors(self.optimizer)


def fit(
    fabric: Fabric,
    task: Task,
    schedule: Schedule,
    listener: Listener,
    *,
    progress: Progress,
    tensors: dict[str, torch.Tensor] | None,
    save: Callable[[Fit, dict[str, float] | None], None],
) -> None:
    """Train a task from `progress` to the end of its schedule.

    Args:
        fabric: device, precision and processes.
        task: what to train.
        schedule: how long and how fast.
        listener: is told how it goes.
        progress: where to start.
        tensors: weights and moments to start from, or None for a fresh start.
        save: called after each epoch with its figures, and with None where an interruption (any
            exception) leaves an epoch half done, unless it leaves a step half done; what it saves,
            `progress` and `tensors` give back.
    """
    if tensors is not None:
        restore_module(task.module, tensors)
    optimizer = AdamW(
        task.module.parameters(), lr=schedule.learning_rate, weight_decay=schedule.weight_decay, fused=True
    )
    steps = -(-task.rows // schedule.batch_size)
    if tensors is not None:
        restore_optimizer(optimizer, tensors)
    module, wrapped = fabric.setup(task.module, optimizer)
    task.to(fabric.device)
    state = Fit(task, optimizer, progress)
    run = _Run(fabric, task, schedule, steps, module, wrapped, listener, Peers.of(fabric))
    listener.begin(task.name, schedule.epochs, steps, progress.epoch)
    try:
        while progress.epoch < schedule.epochs:
            figures = run.epoch(progress)
            progress.epoch, progress.step = progress.epoch + 1, 0
            save(state, figures)
            listener.epoch(task.name, figures)
    except BaseException:
        if progress.step and not run.torn and run.is_finite:
            save(state, None)
        raise


@dataclass
class _Run:
    fabric: Fabric
    task: Task
    schedule: Schedule
    steps: int
    module: Any
    optimizer: Any
    listener: Listener
    peers: Peers
    torn: bool = False
    """Whether weights are ahead of the progress: from there a run would take a step twice."""
    norms: torch.Tensor | float = 0.0
    """Sum of the norms of the gradients so far: as soon as one is not finite, it is not."""

    def epoch(self, progress: Progress) -> dict[str, float]:
        """Go on with an epoch from its next step to its end; its figures."""
        began, first = time.perf_counter(), progress.step
        order = self._order(progress.epoch)
        self.module.train()
        sums: dict[str, torch.Tensor] = {}
        try:
            while progress.step < self.steps:
                for name, term in self._step(progress, order).items():
                    before = sums.get(name, progress.sums.get(name, 0.0))
                    sums[name] = term.detach().double() + before
                progress.step += 1
                self.torn = False
                if progress.step % _TELL_EVERY == 0 or progress.step == self.steps:
                    self._tell(progress, sums, began, first)
        finally:  # they stay on the device until somebody looks
            progress.sums = {name: float(total) for name, total in sums.items()} or progress.sums
        self.module.eval()
        figures = {name: total / self.steps for name, total in progress.sums.items()}
        progress.sums = {}
        seconds = time.perf_counter() - began
        done = min(self.task.rows, (self.steps - first) * self.schedule.batch_size)
        return {
            "epoch": progress.epoch + 1,
            **figures,
            **self.task.validate(),
            "measures_per_second": done / seconds,
            "seconds": seconds,
        }

    def _tell(self, progress: Progress, sums: dict[str, torch.Tensor], began: float, first: int) -> None:
        self._check_finite()
        done = progress.step - first
        speed = done * self.schedule.batch_size / (time.perf_counter() - began)
        means = {name: float(total) / progress.step for name, total in sums.items()}
        self.listener.step(progress.epoch, progress.step, means, speed)

    def _step(self, progress: Progress, order: torch.Tensor) -> dict[str, torch.Tensor]:
        """One step; everything random in it depends on the seed and its number alone."""
        at = progress.epoch * self.steps + progress.step
        seed, own = (_mixed(self.schedule.seed, self.task.name, at, r) for r in (0, self.peers.rank))
        generator = torch.Generator(self.fabric.device).manual_seed(seed)
        torch.manual_seed(own)  # dropout takes no generator, and draws for a share
        steps = self.steps * self.schedule.epochs
        self.task.done = at / steps
        rate = self.schedule.rate(at, steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        size = self.schedule.batch_size
        rows = order[progress.step * size : (progress.step + 1) * size].long()
        terms = self.task.losses(self.module, rows, generator, self.peers)
        self.optimizer.zero_grad()
        self.fabric.backward(terms["loss"])
        norm = self.fabric.clip_gradients(
            self.module, self.optimizer, max_norm=CLIP, error_if_nonfinite=False
        )
        assert norm is not None  # noqa: S101 - it is, where gradients are clipped by it
        self.norms = self.norms + norm.detach()
        if self.fabric.device.type == "cpu":  # an accelerator is looked at now and then: see _tell
            self._check_finite()
        self.torn = True
        self.optimizer.step()
        return terms

    @property
    def is_finite(self) -> bool:
        """Whether all gradients were finite, so that the weights are."""
        return math.isfinite(float(self.norms))

    def _check_finite(self) -> None:
        """Stop where gradients were not finite.

        Raises:
            ArvaeError: they were not.
        """
        if not self.is_finite:
            raise ArvaeError(
                "training has come to gradients that are not finite: train anew with a lower --learning-rate"
            )

    def _order(self, epoch: int) -> torch.Tensor:
        """The rows of an epoch as they come, where the networks are, so that no step has to bring them."""
        seed = _mixed(self.schedule.seed, self.task.name, epoch, -1)
        order = torch.randperm(self.task.rows, generator=torch.Generator().manual_seed(seed))
        return order.int().to(self.fabric.device)


def _mixed(seed: int, name: str, number: int, rank: int) -> int:
    """A seed of its own for every task, number and process."""
    words = [seed, int.from_bytes(name.encode(), "little") % 2**32, number, rank + 1]
    return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0]) >> 1
