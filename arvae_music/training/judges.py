"""Two event language models, each trained on half of the training tunes: one edits, one judges."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from platformdirs import user_cache_path
from safetensors import SafetensorError
from safetensors.torch import load, save

from arvae_music._version import __version__
from arvae_music.data import Corpus
from arvae_music.errors import ArvaeError
from arvae_music.files import atomic_write
from arvae_music.model import EventModel
from arvae_music.training.loop import Fit, Listener, Schedule, fit
from arvae_music.training.place import make_fabric
from arvae_music.training.settings import TrainingSettings
from arvae_music.training.state import Progress
from arvae_music.training.tasks import EventTask, Measures

_WHAT_COUNTS = ("event_epochs", "batch_size", "learning_rate", "weight_decay", "seed", "device", "precision")
"""The settings on which the judges depend, besides the shape of their networks."""


def train_judges(
    corpus: Corpus, settings: TrainingSettings, listener: Listener
) -> tuple[EventModel, EventModel]:
    """Train the two models; tunes of one family fall in the same half.

    Args:
        corpus: the corpus with all its splits.
        settings: as for `train`; `event_epochs`, `seed` and the like count.
        listener: is told how it goes.

    Raises:
        ArvaeError: all training tunes are of one family, and cannot be halved.
    """
    train, validation = corpus.select("train"), corpus.select("validation")
    family = np.array(train.families)[train.tune]
    if len(np.unique(family % 2)) < 2:
        raise ArvaeError(f"{corpus.name} has too few tunes to train two judges on: name more files")
    held_out = Measures(validation.tokens, validation.meters, validation.previous)
    fabric = make_fabric(settings)
    models = []
    for half in (0, 1):
        rows = family % 2 == half
        part = Measures(train.tokens[rows], train.meters[rows], train.previous[rows])
        torch.manual_seed(settings.seed + half)
        task = EventTask(part, held_out, settings)
        schedule = Schedule.beside(settings, settings.event_epochs, settings.seed + half)
        fit(fabric, task, schedule, listener, progress=Progress(task.name), tensors=None, save=_nowhere)
        model = task.module
        assert isinstance(model, EventModel)  # noqa: S101 - the task made it
        models.append(model.cpu().eval())
    return models[0], models[1]


def cached_judges(
    corpus: Corpus, settings: TrainingSettings, listener: Listener
) -> tuple[EventModel, EventModel]:
    """The two models, from the user's cache folder or else trained and kept there."""
    counts = {name: getattr(settings, name) for name in _WHAT_COUNTS}
    shapes = {name: list(part.shape) for name, part in EventModel(settings.model).state_dict().items()}
    said = json.dumps([corpus.hash, counts, shapes, __version__], sort_keys=True)
    key = hashlib.sha256(said.encode()).hexdigest()[:24]
    folder = user_cache_path("arvae_music") / "judges"
    paths = [folder / f"{key}.{half}.safetensors" for half in (0, 1)]
    kept = [_read(path, settings) for path in paths]
    if kept[0] is not None and kept[1] is not None:
        return kept[0], kept[1]
    models = train_judges(corpus, settings, listener)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, model in zip(paths, models, strict=True):
            atomic_write(path, save(model.state_dict()), force=True)
    except (OSError, ArvaeError):
        pass  # they serve without being kept
    return models


def _read(path: Path, settings: TrainingSettings) -> EventModel | None:
    model = EventModel(settings.model)
    try:
        model.load_state_dict(load(path.read_bytes()))
    except (OSError, SafetensorError, RuntimeError):
        return None
    return model.eval()


def _nowhere(_state: Fit, _figures: dict[str, float] | None) -> None:
    """Nothing is kept of a run that takes two minutes."""
