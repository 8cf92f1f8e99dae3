"""The folder of a training run: what its files are called, and what they say of the run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from filelock import FileLock, Timeout

from arvae_music.errors import ArvaeError, UsageError
from arvae_music.files import atomic_write
from arvae_music.training.listening import ListeningTask
from arvae_music.training.peers import follows
from arvae_music.training.prior import PriorTask
from arvae_music.training.settings import TrainingSettings
from arvae_music.training.state import Progress, RunState, load_state
from arvae_music.training.tasks import VaeTask

BEST, LAST, STATE, METRICS = "best.safetensors", "last.safetensors", "state.safetensors", "metrics.jsonl"
EVENTS = "events.safetensors"
"""Weights of the finished event language model, kept until the first checkpoint holds them."""

COPIES = "copies.safetensors"
"""Edited copies of the training measures, made when the auto-encoder is trained."""

LOCK = "run.lock"
"""Held by the process that trains."""

MAY_CHANGE = ("threads", "device", "devices", "precision")
"""Settings that say where a run computes: they may change on the way."""


def check_folder(folder: Path) -> None:
    """Refuse a folder that a new run cannot have.

    Raises:
        UsageError: it holds a run already.
        ArvaeError: there is a file of that name.
    """
    if (folder / STATE).exists() or (folder / BEST).exists():
        raise UsageError(f"{folder} holds a training run: add --resume to go on, or name another folder")
    if folder.exists() and not folder.is_dir():
        raise ArvaeError(f"{folder} is a file: name a folder for the run")


def make_folder(folder: Path) -> None:
    """Make the folder of a run, if it is not there.

    Raises:
        ArvaeError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArvaeError(f"cannot make the folder {folder}: {error.strerror}") from error


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a run's folder for this process: two runs in one would write over each other's files.

    The system lets go of it when the process ends, however it does. Where it knows no locks, nobody holds it.

    Raises:
        ArvaeError: another process holds it.
    """
    if follows() or not folder.is_dir():  # the first process of a run holds it for all
        yield
        return
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise ArvaeError(
            f"{folder}: another process trains into this folder: let it finish, or name another folder"
        ) from None
    except (OSError, NotImplementedError):
        yield
        return
    try:
        yield
    finally:
        lock.release()


def begin_anew(folder: Path) -> None:
    """Take away what a run that was killed before its first state has left.

    Raises:
        ArvaeError: the system refuses.
    """
    try:
        for name in (METRICS, COPIES):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise ArvaeError(f"cannot begin a run in {folder}: {error.strerror}") from error


class Settings(Protocol):
    """Settings of a kind of run: a dataclass that JSON can hold."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """A dictionary that JSON can hold."""


Kind = TypeVar("Kind", bound=Settings)


def resumed_settings(folder: Path, given: Mapping[str, Any], read: Callable[[dict[str, Any]], Kind]) -> Kind:
    """The settings to go on with: those that the run began with, except for where it computes.

    Args:
        folder: of the run.
        given: settings that the user named, by field.
        read: makes settings of what JSON holds.

    Raises:
        UsageError: one that was named is not what the run began with, or is out of range.
        ArvaeError: there is nothing to resume.
    """
    began = _settings_of(load_state(folder / STATE), folder, read)
    asked = replace(began, **given)
    differing = [n for n in given if n not in MAY_CHANGE and getattr(asked, n) != getattr(began, n)]
    if differing:
        said = ", ".join(_said(n, getattr(began, n)) for n in differing)
        raise UsageError(f"{folder}: the run began with {said}: leave it out to go on, or begin another run")
    return asked


def _settings_of(state: RunState, folder: Path, read: Callable[[dict[str, Any]], Kind]) -> Kind:
    """The settings in a state.

    Raises:
        ArvaeError: they are none.
    """
    try:
        return read(state.settings)
    except (ArvaeError, AttributeError, KeyError, TypeError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise ArvaeError(f"{folder / STATE}: not a state of a training run (its settings: {said})") from None


def _said(name: str, value: object) -> str:
    """A setting as it is given on the command line."""
    if isinstance(value, tuple):
        return (
            " ".join(f"--{name.removesuffix('s')} {each}" for each in value)
            or f"no --{name.removesuffix('s')}"
        )
    return f"--{name.replace('_', '-')} {value}"


def checked_state(
    folder: Path, name: str, corpus: str, settings: Kind, read: Callable[[dict[str, Any]], Kind]
) -> RunState:
    """The state to go on from, if it is of the same run.

    Args:
        folder: of the run.
        name: of the corpus.
        corpus: its hash.
        settings: to go on with.
        read: makes settings of what JSON holds.

    Raises:
        UsageError: the run began with another corpus or other settings.
        ArvaeError: there is nothing to resume.
    """
    state = load_state(folder / STATE)
    if state.corpus != corpus:
        raise UsageError(f"{folder}: the run began with another corpus than {name} as it is now")
    asked = settings.as_json()
    resumed_settings(folder, {n: getattr(settings, n) for n in asked if n != "model"}, read)
    if asked.get("model") != _settings_of(state, folder, read).as_json().get("model"):
        raise UsageError(f"{folder}: the run began with a network of other sizes")
    return state


def is_finished(folder: Path) -> bool:
    """Whether all epochs of the run in the folder are done.

    Raises:
        ArvaeError: there is no run.
    """
    state = load_state(folder / STATE)
    settings = _settings_of(state, folder, TrainingSettings.from_json)
    last, epochs = (VaeTask.name, settings.epochs)
    if settings.listening_epochs:
        last, epochs = ListeningTask.name, settings.listening_epochs
    if settings.prior_epochs:
        last, epochs = PriorTask.name, settings.prior_epochs
    return state.progress.task == last and state.progress.epoch >= epochs


def note_figures(folder: Path, task: str, figures: Mapping[str, float | None]) -> None:
    """Add the figures of an epoch of a task to those of the run.

    Raises:
        ArvaeError: the system refuses.
    """
    _note(folder, [*_noted(folder), {"task": task, **figures}])


def forget_figures(folder: Path, tasks: Sequence[str], progress: Progress) -> None:
    """Forget the figures of epochs that a run will go through again: it was killed before it saved its state.

    Args:
        folder: of the run.
        tasks: that it trains, in order.
        progress: how far it is.

    Raises:
        ArvaeError: the system refuses.
    """
    rows = _noted(folder)
    here = tasks.index(progress.task)
    left = [
        row
        for row in rows
        if row["task"] not in tasks
        or tasks.index(row["task"]) < here
        or (row["task"] == progress.task and row["epoch"] <= progress.epoch)
    ]
    if len(left) < len(rows):
        _note(folder, left)


def _note(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    atomic_write(folder / METRICS, "".join(f"{json.dumps(row)}\n" for row in rows), force=True)


def seconds_by_task(folder: Path) -> dict[str, float]:
    """How long each task of a run has taken so far, by its name."""
    seconds: dict[str, float] = {}
    for row in _noted(folder):
        seconds[row["task"]] = seconds.get(row["task"], 0.0) + row["seconds"]
    return {task: round(spent, 1) for task, spent in seconds.items()}


def last_figures(folder: Path) -> dict[str, dict[str, float | None]]:
    """Figures of the last epoch of each task, by the task's name; None is a figure that is not a number."""
    return {row.pop("task"): row for row in _noted(folder)}


def _noted(folder: Path) -> list[dict[str, Any]]:
    """The lines of `note_figures`."""
    path = folder / METRICS
    try:
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    except (OSError, ValueError) as error:
        raise ArvaeError(f"{path} cannot be read ({error}): remove it, and its figures are lost") from None
