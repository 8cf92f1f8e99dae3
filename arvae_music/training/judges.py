"""Two event language models, each trained on half of the training tunes: one edits, one judges."""

from __future__ import annotations

import numpy as np
import torch

from arvae_music.data import Corpus
from arvae_music.model import EventModel
from arvae_music.training.loop import Fit, Listener, Schedule, fit
from arvae_music.training.run import make_fabric
from arvae_music.training.settings import TrainingSettings
from arvae_music.training.state import Progress
from arvae_music.training.tasks import EventTask, Measures


def train_judges(
    corpus: Corpus, settings: TrainingSettings, listener: Listener
) -> tuple[EventModel, EventModel]:
    """Train the two models; tunes of one family fall in the same half.

    Args:
        corpus: the corpus with all its splits.
        settings: as for `train`; `event_epochs`, `seed` and the like count.
        listener: is told how it goes.
    """
    train, validation = corpus.select("train"), corpus.select("validation")
    family = np.array(train.families)[train.tune]
    held_out = Measures(validation.tokens, validation.meters, validation.previous)
    fabric = make_fabric(settings)
    models = []
    for half in (0, 1):
        rows = family % 2 == half
        part = Measures(train.tokens[rows], train.meters[rows], train.previous[rows])
        torch.manual_seed(settings.seed + half)
        task = EventTask(part, held_out, settings)
        schedule = Schedule(
            settings.event_epochs,
            settings.batch_size,
            settings.learning_rate,
            settings.weight_decay,
            settings.seed + half,
        )
        fit(fabric, task, schedule, listener, progress=Progress(task.name), tensors=None, save=_nowhere)
        model = task.module
        assert isinstance(model, EventModel)  # noqa: S101 - the task made it
        models.append(model.cpu().eval())
    return models[0], models[1]


def _nowhere(_state: Fit, _figures: dict[str, float] | None) -> None:
    """Nothing is kept of a run that takes two minutes."""
