"""TensorBoard's event files, for those who installed the extra."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from arvae_music.errors import ArvaeError
from arvae_music.training.loop import Listener


class EventFiles:
    """A listener that writes each epoch's figures for TensorBoard into a run's folder."""

    def __init__(self, folder: Path) -> None:
        """Begin to write.

        Raises:
            ArvaeError: TensorBoard is not installed.
        """
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise ArvaeError(
                "--tensorboard: TensorBoard is not installed; pip install 'arvae-music[tensorboard]' has it"
            ) from None
        self._writer: Any = SummaryWriter(str(folder))

    def begin(self, task: str, epochs: int, steps: int, epoch: int) -> None:
        """Nothing to write yet."""

    def step(self, epoch: int, step: int, losses: dict[str, float], speed: float) -> None:
        """Epochs are fine enough."""

    def epoch(self, task: str, figures: dict[str, float]) -> None:
        """Every figure under its task's name."""
        for name, value in figures.items():
            if name != "epoch":
                self._writer.add_scalar(f"{task}/{name}", value, int(figures["epoch"]))
        self._writer.flush()


class Several:
    """Listeners as one."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = tuple(listeners)

    def begin(self, task: str, epochs: int, steps: int, epoch: int) -> None:
        """Tell all."""
        for listener in self._listeners:
            listener.begin(task, epochs, steps, epoch)

    def step(self, epoch: int, step: int, losses: dict[str, float], speed: float) -> None:
        """Tell all."""
        for listener in self._listeners:
            listener.step(epoch, step, losses, speed)

    def epoch(self, task: str, figures: dict[str, float]) -> None:
        """Tell all."""
        for listener in self._listeners:
            listener.epoch(task, figures)
