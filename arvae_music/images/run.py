"""A whole training run on images in a folder, with the loop and the files of every run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from lightning_fabric import Fabric

from arvae_music.images.checkpoint import ALL_IMAGES, ImageCheckpoint, save_image_checkpoint
from arvae_music.images.coding import encoded
from arvae_music.images.data import ImageData, columns_of
from arvae_music.images.networks import ImageVAE
from arvae_music.images.settings import ImageSettings
from arvae_music.images.task import ImageTask
from arvae_music.model.calibration import Calibration, fit_line
from arvae_music.training.folder import (
    BEST,
    LAST,
    alone_in,
    begin_anew,
    check_folder,
    checked_state,
    make_folder,
)
from arvae_music.training.loop import Listener, Nobody, Schedule
from arvae_music.training.place import check_place, make_fabric
from arvae_music.training.stages import Figures, Recorder, Stage, how_made, train_stages
from arvae_music.training.state import RunState
from arvae_music.training.tasks import Task

_CALIBRATION_IMAGES = 5_000


def train_images(
    data: ImageData,
    settings: ImageSettings,
    folder: str | Path,
    listener: Listener | None = None,
    *,
    resume: bool = False,
    command: str = "",
) -> Path:
    """Train an auto-encoder of images; the path of the best checkpoint.

    Args:
        data: what to learn from.
        settings: how.
        folder: where everything is written; it is made if it does not exist.
        listener: is told how it goes; None where nobody wants to know.
        resume: go on with the run in the folder.
        command: what to note in the checkpoint as the way to make it again.

    Raises:
        UsageError: the folder holds a run already, or the settings are not those it began with.
        ArvaeError: there is nothing to resume, or the system refuses.
    """
    columns_of(data, settings.model.attributes)
    folder = Path(folder)
    check_place(settings)
    if not resume:
        check_folder(folder)
        make_folder(folder)
    with alone_in(folder):
        state = None
        if resume:
            state = checked_state(folder, data.name, _signature(data), settings, ImageSettings.from_json)
        else:
            check_folder(folder)  # somebody else may have had it meanwhile
        _train(data, settings, folder, listener or Nobody(), state, command)
    return folder / BEST


def _train(
    data: ImageData,
    settings: ImageSettings,
    folder: Path,
    listener: Listener,
    state: RunState | None,
    command: str,
) -> None:
    """The run in its folder, which this process holds; from a state, or from the beginning."""
    command = command if state is None else state.command or command
    fabric = make_fabric(settings)
    if state is None and fabric.is_global_zero:
        begin_anew(folder)
    writer = _Writer(data, settings, folder, command, fabric)
    recorder = Recorder(fabric, folder, settings.as_json(), _signature(data), command, writer.write)
    schedule = Schedule(
        settings.epochs,
        settings.batch_size,
        settings.learning_rate,
        settings.weight_decay,
        settings.seed,
        constant=settings.schedule == "constant",
    )
    stages = [Stage(ImageTask.name, schedule, lambda: ImageTask(data, settings))]
    train_stages(stages, recorder, listener, seed=settings.seed, state=state)


def _signature(data: ImageData) -> str:
    """What a run that goes on must find again: the data set and the number of its images."""
    return f"{data.name} {len(data)} {data.source}"


class _Writer:
    """Writes the checkpoints of a run."""

    def __init__(
        self, data: ImageData, settings: ImageSettings, folder: Path, command: str, fabric: Fabric
    ) -> None:
        self.data, self.settings, self.folder = data, settings, folder
        self.command, self.fabric = command, fabric

    def write(self, task: Task, figures: Figures, better: bool) -> None:
        """Checkpoints after an epoch."""
        assert isinstance(task, ImageTask) and isinstance(task.module, ImageVAE)  # noqa: S101, PT018 - made above
        card: dict[str, Any] = {
            "data": {"name": self.data.name, "source": self.data.source, "images": len(self.data)},
            **how_made(self.fabric, self.folder, self.settings.as_json(), self.command, figures),
        }
        settings = self.settings.model
        lines = _calibrated(task.module, self.data, settings.attributes)
        checkpoint = ImageCheckpoint(task.module, settings, lines, card)
        save_image_checkpoint(self.folder / LAST, checkpoint)
        if better:
            save_image_checkpoint(self.folder / BEST, checkpoint)


def _calibrated(vae: ImageVAE, data: ImageData, names: tuple[str, ...]) -> Calibration:
    """The line of every attribute, from images spread evenly over the training split."""
    train = data.splits.train
    rows = train[:: max(1, len(train) // _CALIBRATION_IMAGES)]
    values = data.values(rows)[:, columns_of(data, names)].astype(np.float64)
    means = encoded(vae, data, rows).mean
    lines = {name: fit_line(values[:, k], means[:, k]) for k, name in enumerate(names)}
    return Calibration({ALL_IMAGES: lines})
