"""The stages of a run, one after another, each from where it was left; and what every run writes down."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from lightning_fabric import Fabric

from arvae_music._version import __version__
from arvae_music.errors import ArvaeError
from arvae_music.training.folder import STATE, forget_figures, note_figures, seconds_by_task
from arvae_music.training.loop import Fit, Listener, Schedule, fit
from arvae_music.training.place import machine
from arvae_music.training.state import Progress, RunState, check_fits, save_state
from arvae_music.training.tasks import Task

Figures = dict[str, float | None]
"""Of an epoch by name, ready for JSON: None is what is no finite number."""


class Stage(NamedTuple):
    """One of the things that a run trains: its name, how long and how fast, and how it is made."""

    name: str
    schedule: Schedule
    make: Callable[[], Task]


@dataclass
class Recorder:
    """Writes the figures and the state of a run into its folder; what is a model there, `write` knows.

    Attributes:
        fabric: the processes; the first alone writes.
        folder: of the run.
        settings: what it began with, as JSON has it.
        data: hash of what it learns from.
        command: how it was started.
        write: is given a task after each epoch with its figures, and whether it is the best so far.
    """

    fabric: Fabric
    folder: Path
    settings: dict[str, Any]
    data: str
    command: str
    write: Callable[[Task, Figures, bool], None]

    def save(self, state: Fit, figures: dict[str, float] | None) -> None:
        """After an epoch: models, figures, state. After an interruption: the state alone."""
        if not self.fabric.is_global_zero:
            return
        if figures is not None:
            # Without held-out rows there is no score: every epoch is better, and the last the best. Of equal
            # ones the later is taken: a model that gives no whole measure back yet learns all the same.
            score = figures.get(state.task.score)
            better = state.progress.best is None or (score is not None and score >= state.progress.best)
            if better:
                state.progress.best = score
            plain = {name: value if math.isfinite(value) else None for name, value in figures.items()}
            note_figures(self.folder, state.task.name, plain)
            self.write(state.task, plain, better)
        save_state(
            self.folder / STATE,
            RunState(state.progress, self.settings, self.data, state.tensors(), self.command),
        )


def how_made(
    fabric: Fabric, folder: Path, settings: dict[str, Any], command: str, figures: Figures
) -> dict[str, Any]:
    """What the card of every checkpoint says of how it was made.

    Args:
        fabric: where it is trained.
        folder: of the run.
        settings: what the run began with, as JSON has it.
        command: how it was started.
        figures: of the epoch.
    """
    return {
        "training": settings,
        "command": command,
        "version": __version__,
        "torch": torch.__version__,
        "machine": machine(fabric.device),
        "precision": str(fabric.strategy.precision.precision),
        "seconds": seconds_by_task(folder),
        "validation": figures,
    }


def train_stages(
    stages: Sequence[Stage],
    recorder: Recorder,
    listener: Listener,
    *,
    seed: int,
    state: RunState | None = None,
    begin: Callable[[Progress], None] = lambda _: None,
    ready: Callable[[Task], None] = lambda _: None,
) -> None:
    """Train one stage after another.

    Args:
        stages: in order.
        recorder: writes down how it goes.
        listener: is told.
        seed: of the first weights of each.
        state: where to go on, or None.
        begin: is called before a task is made.
        ready: is called with a task that was made, before it is trained.
    """
    fabric = recorder.fabric
    if state is not None and state.progress.task not in [stage.name for stage in stages]:
        raise ArvaeError(f"{recorder.folder / STATE}: the state of a task that this run does not have")
    if state is not None and fabric.is_global_zero:
        forget_figures(recorder.folder, [stage.name for stage in stages], state.progress)
    for stage in stages:
        mine = state is not None and state.progress.task == stage.name
        if state is not None and not mine:
            continue  # done before the run was stopped
        progress = state.progress if state is not None else Progress(stage.name)
        tensors = state.tensors if state is not None else None
        fabric.barrier()  # the first process wrote what the stages before have made
        begin(progress)
        torch.manual_seed(seed)
        task = stage.make()
        ready(task)
        if tensors is not None:
            check_fits(recorder.folder / STATE, task.module, tensors)
        if progress.best is None:
            progress.best = task.to_beat
        fit(
            fabric,
            task,
            stage.schedule,
            listener,
            progress=progress,
            tensors=tensors,
            save=recorder.save,
        )
        state = None
