"""Training as it goes: a bar where there is a terminal, and a line for every epoch."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from arvae_music.cli.errors import Stopped

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


TITLES = {
    "events": "event language model",
    "measures": "auto-encoder",
    "copies": "edited copies",
    "listening": "listening decoder",
    "tunes": "prior over measures",
    "images": "auto-encoder of images",
}
_SHARES = {"ticks", "measures"}
_BAR, _CLOCK = 20, len("--:--")
"""Columns of the line that the bar and the time that is left take."""
_NOT_SHOWN = {"epoch", "seconds", "measures_per_second", "log_likelihood"}  # in another place, or twice


class Live:
    """A listener of the training loop (`arvae_music.training.loop.Listener`), used in a `with`.

    `rows` is what a step takes many of.

    Attributes:
        figures: of the last epoch of each task, by the task's name.
    """

    def __init__(self, *, quiet: bool = False, rows: str = "measures") -> None:
        self.quiet, self.rows = quiet, rows
        self.figures: dict[str, dict[str, float]] = {}
        self._task, self._epochs, self._steps = "", 0, 1
        self._bar: Progress | None = None
        self._row: TaskID | None = None

    def __enter__(self) -> Live:
        logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it announces the precision
        if not self.quiet:
            self._bar = _bar()
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, task: str, epochs: int, steps: int, epoch: int) -> None:
        """A task begins, or goes on."""
        self._task, self._epochs, self._steps = task, epochs, steps
        if self._bar is None:
            return
        if self._row is not None:
            self._bar.remove_task(self._row)
        self._row = self._bar.add_task(TITLES.get(task, task), total=steps * epochs, figures="")
        self._bar.update(self._row, completed=steps * epoch)

    def step(self, epoch: int, step: int, losses: dict[str, float], speed: float) -> None:
        """Some steps of an epoch are done."""
        if self._bar is None or self._row is None:
            return
        named = [_figure(name, value) for name, value in losses.items()]
        figures = [f"epoch {epoch + 1}/{self._epochs}", f"{speed:,.0f} {self.rows}/s", *named]
        taken = len(TITLES.get(self._task, self._task)) + _BAR + _CLOCK + 3  # and the blanks between
        shown = fitting(figures, self._bar.console.width - taken)
        self._bar.update(self._row, completed=epoch * self._steps + step, figures=shown)

    def epoch(self, task: str, figures: dict[str, float]) -> None:
        """An epoch is done and validated."""
        self.figures[task] = figures
        if self._bar is None:
            return
        shown = "  ".join(_figure(name, value) for name, value in figures.items() if name not in _NOT_SHOWN)
        self._bar.console.print(
            f"{TITLES.get(task, task)}, epoch {figures['epoch']:.0f}/{self._epochs}: {shown}  "
            f"{figures['measures_per_second']:,.0f} {self.rows}/s",
            soft_wrap=True,
        )


@contextmanager
def stopping(folder: Path) -> Iterator[None]:
    """What Ctrl-C says while a run in a folder is trained.

    Raises:
        Stopped: there is something to go on with.
    """
    from arvae_music.training.folder import STATE
    from arvae_music.training.peers import follows

    try:
        yield
    except KeyboardInterrupt:
        if follows():
            raise SystemExit(130) from None  # the first process says what there is to say
        if not (folder / STATE).exists():
            raise
        raise Stopped(
            f"stopped; the work is saved in {folder}, and the same command with --resume goes on"
        ) from None


def fitting(figures: Sequence[str], width: int) -> str:
    """As many of the figures, from the first, as a line has room for; none is cut."""
    shown = ""
    for figure in figures:
        longer = f"{shown}  {figure}" if shown else figure
        if len(longer) > width:
            break
        shown = longer
    return shown


def _figure(name: str, value: float) -> str:
    return f"{name} {value:.2%}" if name in _SHARES else f"{name.replace('_', ' ')} {value:.4f}"


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(highlight=False)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=_BAR),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[figures]}", markup=False),
    )
    # Without a terminal there is nothing to redraw: the lines of the epochs tell how it goes.
    return Progress(*columns, console=console, disable=not console.is_terminal)
