"""Steps of training as a run takes them, to be timed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch.optim import AdamW

from arvae_music.training.loop import CLIP
from arvae_music.training.place import make_fabric
from arvae_music.training.settings import PaceAndPlace, TrainingSettings
from arvae_music.training.tasks import EventTask, Measures, Task, VaeTask


def stepper(
    kind: type[VaeTask] | type[EventTask], rows: Measures, settings: TrainingSettings
) -> Callable[[], None]:
    """Takes one step of training on these rows at each call, on one thread of the processor."""
    place = replace(settings, threads=1, device="cpu")
    return stepper_of(lambda: kind(rows, rows.part(0, 0), settings), place)


def stepper_of(make: Callable[[], Task], settings: PaceAndPlace) -> Callable[[], None]:
    """Takes one step of training of a task at each call, where the settings say."""
    fabric = make_fabric(settings)
    torch.manual_seed(0)
    task = make()
    optimizer = AdamW(task.module.parameters(), lr=1e-3, fused=True)
    module, wrapped = fabric.setup(task.module, optimizer)
    task.to(fabric.device)
    module.train()
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(task.rows, generator=generator).int()
    start = 0

    def step() -> None:
        nonlocal start
        some = order[torch.arange(start, start + settings.batch_size) % task.rows].long()
        start += settings.batch_size
        loss = task.losses(module, some, generator)["loss"]
        wrapped.zero_grad()
        fabric.backward(loss)
        fabric.clip_gradients(module, wrapped, max_norm=CLIP)
        wrapped.step()

    return step
