"""The judges of edits and of generated tunes, trained before an evaluation where the cache has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arvae_music.data import Corpus

    from arvae_music.control.model import Model
    from arvae_music.model import EventModel


def judges_of(model: Model, corpus: Corpus, *, quiet: bool) -> tuple[EventModel, EventModel]:
    """Event language models to edit with and to judge by, each trained on half of the tunes."""
    from arvae_music.cli.live import Live

    from arvae_music.training.judges import cached_judges
    from arvae_music.training.settings import TrainingSettings

    settings = TrainingSettings(model=model.checkpoint.settings, event_epochs=12)
    with Live(quiet=quiet) as live:
        return cached_judges(corpus, settings, live)
