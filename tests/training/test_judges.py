"""The two judges: each learns from half of the families, and they are kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from arvae_music.data import Corpus

from arvae_music.errors import ArvaeError
from arvae_music.training import judges
from arvae_music.training.settings import TrainingSettings
from arvae_music.training.tasks import EventTask, Measures
from tests.fakes import Entry, corpus_of
from tests.training.small import SMALL, Silent

SHORT = replace(SMALL, event_epochs=1)


def some_corpus() -> Corpus:
    """Eight training tunes of two measures; each tune has a pitch of its own. Two tunes are held out."""
    entries = [Entry("4/4", {0: 60 + i, 6: 60 + i}, tune=i, bar=bar) for i in range(8) for bar in (1, 2)]
    entries += [Entry("4/4", {0: 80}, tune=i, split=split) for i, split in ((8, "validation"), (9, "test"))]
    # Tunes 0 and 5 are variants of each other, and so are 1 and 2.
    return replace(corpus_of(entries), families=(0, 1, 1, 3, 4, 0, 6, 7, 8, 9))


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[set[int]]:
    """The tunes that each judge learns from, by their pitches; kept in a cache of the test's own."""
    monkeypatch.setattr(judges, "user_cache_path", lambda name: tmp_path / "cache")
    seen: list[set[int]] = []

    class Noted(EventTask):
        def __init__(self, train: Measures, validation: Measures, settings: TrainingSettings) -> None:
            super().__init__(train, validation, settings)
            seen.append({int(pitch) - 60 for pitch in np.unique(train.tokens[train.tokens >= 0])})

    monkeypatch.setattr(judges, "EventTask", Noted)
    return seen


def test_no_family_is_heard_by_both(learned: list[set[int]]) -> None:
    one, other = judges.train_judges(some_corpus(), SHORT, Silent())
    # Families 0, 4, 6 and 1, 3, 7 with their variants; nothing of what is held out.
    assert learned == [{0, 5, 4, 6}, {1, 2, 3, 7}]
    assert not torch.equal(one.to_place.weight, other.to_place.weight)
    assert not one.training


def test_they_are_trained_once(learned: list[set[int]], tmp_path: Path) -> None:
    first = judges.cached_judges(some_corpus(), SHORT, Silent())
    again = judges.cached_judges(some_corpus(), SHORT, Silent())
    assert len(learned) == 2
    for mine, theirs in zip(first, again, strict=True):
        assert all(torch.equal(w, theirs.state_dict()[n]) for n, w in mine.state_dict().items())
    # Not for another corpus or other settings, nor where a kept one is damaged.
    judges.cached_judges(replace(some_corpus(), hash="beef"), SHORT, Silent())
    judges.cached_judges(some_corpus(), replace(SHORT, seed=5), Silent())
    assert len(learned) == 6
    for path in (tmp_path / "cache" / "judges").iterdir():
        path.write_bytes(b"damaged")
    judges.cached_judges(some_corpus(), SHORT, Silent())
    assert len(learned) == 8


def test_a_single_family_cannot_be_halved(learned: list[set[int]]) -> None:
    with pytest.raises(ArvaeError, match="too few tunes"):
        judges.train_judges(replace(some_corpus(), families=(4,) * 10), SHORT, Silent())
    assert learned == []
