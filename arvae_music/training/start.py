"""Beginning with a trained model's weights instead of random ones: what a small corpus needs."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from torch import nn

from arvae_music.errors import UsageError
from arvae_music.model.settings import ModelSettings
from arvae_music.training.checkpoint import Checkpoint
from arvae_music.training.listening import ListeningTask
from arvae_music.training.prior import PriorTask
from arvae_music.training.tasks import EventTask, Task, VaeTask

_MAY_DIFFER: dict[str, Any] = {"reading": 0, "draft": False, "blur": 0.0}
"""Model settings that leave the encoder's and the plain decoder's weights what they are."""


def check_start(start: Checkpoint, model: ModelSettings) -> None:
    """Refuse a model whose networks are others than those that shall be trained.

    Raises:
        UsageError: sizes, attributes or pitches differ.
    """
    mine, theirs = (asdict(replace(each, **_MAY_DIFFER)) for each in (model, start.settings))
    differing = [name for name, value in mine.items() if theirs[name] != value]
    if differing:
        said = ", ".join(f"{name} {theirs[name]} and not {mine[name]}" for name in differing)
        raise UsageError(
            f"--start: the model has {said}: leave it out, or train with the preset that the model has"
        )


def begin_with(task: Task, start: Checkpoint) -> None:
    """Give a task's network the weights of the model's of the same name and shape.

    The listening stage takes the decoder alone, as its encoder and draft are the run's own; a plain decoder
    takes the model's draft where it has one. A plain decoder has no waves, so that a listening one fits it
    but for the layers that read z.
    """
    parts: dict[str, nn.Module | None] = {
        EventTask.name: start.events,
        VaeTask.name: start.vae,
        ListeningTask.name: start.vae,
        PriorTask.name: start.prior,
    }
    source = parts[task.name]
    if source is None:
        return
    weights = source.state_dict()
    if task.name == VaeTask.name:
        weights |= {
            name.replace("draft.", "decoder.", 1): tensor
            for name, tensor in weights.items()
            if name.startswith("draft.")
        }
    # Learned weights alone: what a prior knows of its corpus by count (`MeasurePrior.mean`) is its own.
    own = dict(task.module.named_parameters())
    skipped = ("encoder.", "draft.") if task.name == ListeningTask.name else ()
    taken = {
        name: tensor
        for name, tensor in weights.items()
        if name in own and own[name].shape == tensor.shape and not name.startswith(skipped)
    }
    task.module.load_state_dict(taken, strict=False)
