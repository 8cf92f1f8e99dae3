"""A small run that several processes share: `python -m tests.training.peer_run FOLDER PROCESSES`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from arvae_music.model import EventModel
from arvae_music.tokens import Tokens
from arvae_music.training.run import TrainingData, run_training
from arvae_music.training.settings import TrainingSettings
from arvae_music.training.tasks import Measures
from tests.training.small import SMALL, Silent, some_measures

ROWS, BATCH = 51, 5
"""Ten batches of five, which two processes share as three and two, and one of a single measure."""


def others(rows: Measures, events: EventModel, settings: TrainingSettings) -> Iterator[Tokens]:
    """Instead of edited copies, which the event model decides: other measures."""
    for copy in range(settings.copies):
        yield some_measures(len(rows.tokens), 10 + copy).tokens


def main(folder: Path, devices: int) -> None:
    """Train all four models with so many processes."""
    data = TrainingData(some_measures(ROWS, 0), some_measures(12, 1), "made-up", "f00d", {"name": "made-up"})
    settings = replace(SMALL, batch_size=BATCH, listening_epochs=2, normality=0.5, devices=devices, seed=3)
    run_training(data, settings, folder, Silent(), copier=others)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
