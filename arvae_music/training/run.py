"""A whole training run in a folder: three models, their checkpoints, and the state to resume from."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from lightning_fabric import Fabric

from arvae_music.meter import GRIDS
from arvae_music.model import EventModel, MeasureVAE, Vocabulary
from arvae_music.model.calibration import Calibration, fit_line
from arvae_music.model.prior import MeasurePrior
from arvae_music.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from arvae_music.training.folder import (
    BEST,
    COPIES,
    EVENTS,
    LAST,
    alone_in,
    begin_anew,
    check_folder,
    checked_state,
    make_folder,
    note_figures,
    seconds_by_task,
)
from arvae_music.training.listening import Copier, ListeningTask, load_copies, make_copies
from arvae_music.training.loop import Listener, Schedule
from arvae_music.training.place import check_place, make_fabric
from arvae_music.training.prior import PriorTask
from arvae_music.training.settings import TrainingSettings
from arvae_music.training.stages import Figures, Recorder, Stage, how_made, train_stages
from arvae_music.training.start import begin_with, check_start
from arvae_music.training.state import Progress, RunState
from arvae_music.training.tasks import (
    EventTask,
    Measures,
    Task,
    VaeTask,
    attribute_values,
    encode_means,
)
from arvae_music.training.tunes import Tunes

_CALIBRATION_ROWS = 5_000


@dataclass(frozen=True)
class TrainingData:
    """What a run learns from.

    Attributes:
        train, validation: the rows.
        name: of the corpus.
        hash: of the corpus; a run resumes only on the same one.
        card: source, licence, sizes, as the checkpoint shall say.
        tunes: the tunes of both, for the prior over the measures of a tune; without them none is trained.
    """

    train: Measures
    validation: Measures
    name: str
    hash: str
    card: dict[str, Any]
    tunes: TunePair | None = None


class TunePair(NamedTuple):
    """Tunes to learn from, and tunes that are held out."""

    train: Tunes
    validation: Tunes


def run_training(
    data: TrainingData,
    settings: TrainingSettings,
    folder: Path,
    listener: Listener,
    *,
    copier: Copier | None = None,
    start: Checkpoint | None = None,
    resume: bool = False,
    command: str = "",
) -> Path:
    """Train the event language model, the auto-encoder, and the prior; the path of the best checkpoint.

    With a copier the auto-encoder's decoder is trained anew on edited copies of the measures, so that it
    listens to the regularized dimensions.

    Args:
        data: what to learn from.
        settings: how.
        folder: where everything is written; it is made if it does not exist.
        listener: is told how it goes.
        copier: makes edited copies of measures; None leaves out what is trained on them.
        start: a model whose weights to begin with, or None for random ones.
        resume: go on with the run in the folder.
        command: what to note in the checkpoint as the way to make it again; a run that goes on keeps
            the one that it began with.

    Raises:
        UsageError: the folder holds a run already, the settings are not those it began with, or the
            model to start from has other sizes.
        ArvaeError: there is nothing to resume, or the system refuses.
    """
    if data.tunes is None or not len(data.tunes.train.tokens):
        settings = replace(settings, prior_epochs=0)
    if copier is None or not settings.model.attributes:
        settings = replace(settings, listening_epochs=0)
    if start is not None:
        check_start(start, settings.model)
    check_place(settings)
    if not resume:
        check_folder(folder)
        make_folder(folder)
    with alone_in(folder):
        state = None
        if resume:
            state = checked_state(folder, data.name, data.hash, settings, TrainingSettings.from_json)
        else:
            check_folder(folder)  # somebody else may have had it meanwhile
        _train(data, settings, folder, listener, copier, start, state, command)
    return folder / BEST


def _train(
    data: TrainingData,
    settings: TrainingSettings,
    folder: Path,
    listener: Listener,
    copier: Copier | None,
    start: Checkpoint | None,
    state: RunState | None,
    command: str,
) -> None:
    """The run in its folder, which this process holds; from a state, or from the beginning."""
    command = command if state is None else state.command or command
    fabric = make_fabric(settings)
    if state is None and fabric.is_global_zero:
        begin_anew(folder)
    run = _FolderRun(data, settings, folder, command, fabric, listener, copier)
    recorder = Recorder(fabric, folder, settings.as_json(), data.hash, command, run.write)

    def ready(task: Task) -> None:
        if start is not None:
            begin_with(task, start)

    train_stages(
        run.stages(), recorder, listener, seed=settings.seed, state=state, begin=run.begin, ready=ready
    )
    run.finish()


class _FolderRun:
    """Writes what a run leaves in its folder."""

    def __init__(
        self,
        data: TrainingData,
        settings: TrainingSettings,
        folder: Path,
        command: str,
        fabric: Fabric,
        listener: Listener,
        copier: Copier | None,
    ) -> None:
        self.data, self.settings, self.folder = data, settings, folder
        self.command, self.fabric = command, fabric
        self.listener, self.copier = listener, copier
        self.events: EventModel | None = None

    def stages(self) -> Sequence[Stage]:
        """What the run trains, in order."""
        settings = self.settings
        seed = settings.seed
        events = Schedule.beside(settings, settings.event_epochs, seed)
        measures = Schedule.of(settings, settings.epochs, seed)
        stages = [
            Stage(EventTask.name, events, lambda: self._task(EventTask)),
            Stage(VaeTask.name, measures, lambda: self._task(VaeTask)),
        ]
        if settings.listening_epochs:
            listening = Schedule.of(settings, settings.listening_epochs, seed)
            stages.append(Stage(ListeningTask.name, listening, self._listening_task))
        if settings.prior_epochs:
            prior = Schedule.beside(settings, settings.prior_epochs, seed)
            stages.append(Stage(PriorTask.name, prior, self._prior_task))
        return stages

    def _task(self, kind: type[EventTask] | type[VaeTask]) -> Task:
        """A task on the measures."""
        return kind(self.data.train, self.data.validation, self.settings)

    def _listening_task(self) -> ListeningTask:
        """A new decoder on the best encoder, with the copies that the folder holds or that are made now."""
        path, data = self.folder / COPIES, self.data
        if self.fabric.is_global_zero and not path.exists():
            assert self.copier is not None and self.events is not None  # noqa: S101, PT018 - see run_training
            took = make_copies(path, self.copier, data.train, self.events, self.settings, self.listener)
            note_figures(self.folder, "copies", took)
        self.fabric.barrier()
        copies = load_copies(path, data.train, self.settings)
        vae = load_checkpoint(self.folder / BEST).vae
        return ListeningTask(data.train, data.validation, self.settings, copies, vae)

    def _prior_task(self) -> PriorTask:
        """The prior over the latents of the best auto-encoder, as its checkpoint holds it."""
        tunes = self.data.tunes
        assert tunes is not None  # noqa: S101 - see run_training
        vae = load_checkpoint(self.folder / BEST).vae
        return PriorTask(vae, tunes.train, tunes.validation, self.settings)

    def begin(self, progress: Progress) -> None:
        """A task begins or goes on."""
        if progress.task in (VaeTask.name, ListeningTask.name) and self.events is None:
            self.events = load_checkpoint(self.folder / EVENTS).events

    def write(self, task: Task, figures: Figures, better: bool) -> None:
        """The model of a task after an epoch."""
        if isinstance(task, VaeTask):
            self._write_checkpoints(task, figures, better=better)
        elif better and isinstance(task, PriorTask):
            self._write_prior(task, figures)
        elif better:
            self._write_events(task)

    def finish(self) -> None:
        """When all is trained: the whole time, into the best checkpoint."""
        if self.fabric.is_global_zero:
            best, seconds = load_checkpoint(self.folder / BEST), seconds_by_task(self.folder)
            if best.card["seconds"] != seconds:
                card = {**best.card, "seconds": seconds}
                save_checkpoint(self.folder / BEST, replace(best, card=card))

    def _write_events(self, task: Task) -> None:
        """The event language model, to where the auto-encoder's checkpoints take it from."""
        events = copy.deepcopy(task.module).cpu().eval()
        assert isinstance(events, EventModel)  # noqa: S101 - no other task is written there
        settings = self.settings.model
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.settings.seed)  # a stand-in, but always the same one
            vae = MeasureVAE(settings)
        save_checkpoint(self.folder / EVENTS, Checkpoint(vae, events, settings, Calibration({})))

    def _write_prior(self, task: PriorTask, figures: Figures) -> None:
        """The prior, into the best checkpoint."""
        prior = task.module
        assert isinstance(prior, MeasurePrior)  # noqa: S101 - the task made it
        best = load_checkpoint(self.folder / BEST)
        card = {**best.card, "prior": figures}
        save_checkpoint(self.folder / BEST, replace(best, prior=prior, card=card))

    def _write_checkpoints(self, task: VaeTask, figures: Figures, *, better: bool) -> None:
        module = task.module
        events = self.events
        assert isinstance(module, MeasureVAE) and events is not None  # noqa: S101, PT018 - see begin
        card = {
            "corpus": self.data.card,
            "corpus_hash": self.data.hash,
            **how_made(self.fabric, self.folder, self.settings.as_json(), self.command, figures),
        }
        calibration = calibrate(module, self.data.train, self.settings.model.attributes, task.vocabulary)
        checkpoint = Checkpoint(module, events, task.sizes, calibration, card)
        save_checkpoint(self.folder / LAST, checkpoint)
        if better:
            save_checkpoint(self.folder / BEST, checkpoint)


def calibrate(vae: MeasureVAE, rows: Measures, names: tuple[str, ...], vocabulary: Vocabulary) -> Calibration:
    """Lines of every meter and attribute, from measures spread evenly over each meter's."""
    values = attribute_values(rows, names)
    lines = {}
    for grid in GRIDS:
        here = np.flatnonzero(rows.meters == grid.code)
        if not len(here):
            continue
        some = here[:: max(1, len(here) // _CALIBRATION_ROWS)]
        means = encode_means(vae, rows.taken(some), vocabulary)
        lines[grid.name] = {
            name: replace(
                fit_line(values[some, i].astype(np.float64), means[:, i]),
                mean=float(values[here, i].mean()),
                std=float(values[here, i].std()),
            )
            for i, name in enumerate(names)
        }
    return Calibration(lines)
