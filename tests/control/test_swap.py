"""The swap of regularized dimensions, with a decoder whose answers are known."""

from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from arvae_music.control import swap as module
from arvae_music.control.swap import SwapScores, partners, swap, swap_by_meter
from arvae_music.model import MeasureVAE, ModelSettings
from arvae_music.model.calibration import Calibration, Line
from arvae_music.model.encoder import Posterior
from arvae_music.model.vocabulary import HOLD_ID, PITCH_ID
from arvae_music.training.checkpoint import Checkpoint
from arvae_music.training.tasks import Measures
from tests.control.oracle import DENSITY, RANGE
from tests.fakes import Entry, corpus_of, tiny_events, tiny_vae

SETTINGS = ModelSettings(latent=3, attributes=(RANGE, DENSITY))


class Obedient(nn.Module):
    """Dimensions are range and number of notes; notes stand on the first ticks, the second is high.

    `deaf`: the number of notes is read from the third dimension, which is the same when it is encoded.
    """

    def __init__(self, *, deaf: bool) -> None:
        super().__init__()
        self.deaf = deaf
        self.anchor = nn.Parameter(torch.zeros(1))

    def encoder(self, ids: Tensor, _meters: Tensor) -> Posterior:
        pitched = ids >= PITCH_ID
        notes = pitched.sum(dim=1)
        highest = torch.where(pitched, ids, 0).amax(dim=1)
        lowest = torch.where(pitched, ids, 999).amin(dim=1)
        mean = torch.stack([highest - lowest, notes, notes], dim=1).float()
        return Posterior(mean, torch.zeros_like(mean))

    def decode(self, z: Tensor, _meters: Tensor) -> Tensor:
        notes = z[:, 2 if self.deaf else 1].long()
        ticks = torch.arange(24)
        pitch = PITCH_ID + 12 + torch.where(ticks == 1, z[:, :1].long(), 0)
        ids = torch.where(ticks < notes[:, None], pitch, HOLD_ID)
        return nn.functional.one_hot(ids, 51).float().log()


def checkpoint_of(*, deaf: bool) -> Checkpoint:
    lines = {name: Line((0.0, 1.0), (0.0, 1.0), 0.0, 1.0) for name in (RANGE, DENSITY)}
    vae = cast(MeasureVAE, Obedient(deaf=deaf))
    return Checkpoint(vae, tiny_events(), SETTINGS, Calibration({"4/4": lines, "2/4": lines}))


def measures(tune: int = 0) -> list[Entry]:
    """Of 2 to 6 notes, in two ranges: as the decoder writes them."""
    return [
        Entry("4/4", {tick: 60 + (3 * span if tick == 1 else 0) for tick in range(count)}, tune, split="test")
        for count in range(2, 7)
        for span in (1, 2)
    ]


def rows() -> Measures:
    corpus = corpus_of(measures())
    return Measures(corpus.tokens, corpus.meters, corpus.previous)


def test_a_decoder_that_listens_follows_the_other_measure() -> None:
    others = partners(10, np.random.default_rng(0))
    scores = swap(checkpoint_of(deaf=False), rows(), others)
    assert scores.joint == pytest.approx({RANGE: 1, DENSITY: 1})
    assert scores.alone == pytest.approx({RANGE: 1, DENSITY: 1})
    assert (scores.count, scores.ticks) == (10, 1.0)


def test_a_decoder_that_does_not_listen_gives_the_measures_own() -> None:
    others = partners(10, np.random.default_rng(0))
    scores = swap(checkpoint_of(deaf=True), rows(), others)
    notes = np.repeat([2, 3, 4, 5, 6], 2)
    own = np.corrcoef(notes[others], notes)[0, 1]
    assert scores.joint == pytest.approx({RANGE: 1, DENSITY: own})
    assert scores.alone == pytest.approx({RANGE: 1, DENSITY: own})
    assert scores.ticks == 1.0


@pytest.mark.parametrize("count", [2, 3, 100])
def test_partners_are_others_and_each_is_taken_once(count: int) -> None:
    others = partners(count, np.random.default_rng(count))
    assert sorted(others) == list(range(count))
    assert (others != np.arange(count)).all()


def test_only_measures_of_one_meter_are_paired(monkeypatch: pytest.MonkeyPatch) -> None:
    four = SwapScores(3, {RANGE: 0.2, DENSITY: 1.0}, {RANGE: 0.1, DENSITY: np.nan}, 0.9)
    two = SwapScores(1, {RANGE: 0.6, DENSITY: 0.0}, {RANGE: 0.5, DENSITY: 0.3}, 0.5)
    seen = []

    def fake(_checkpoint: Checkpoint, part: Measures, others: np.ndarray) -> SwapScores:
        seen.append((len(part.tokens), sorted(others), set(part.meters.tolist())))
        return four if len(seen) == 1 else two

    monkeypatch.setattr(module, "swap", fake)
    entries = [
        Entry(meter, {0: 60 + k}, 0, split="test") for k, meter in enumerate(("4/4", "2/4") * 2 + ("4/4",))
    ]
    entries += [
        Entry("4/4", {0: 60}, 1),  # of another split
        Entry("4/4", {0: 99}, 0, split="test"),  # too high for the model
        Entry("6/8", {0: 60}, 0, split="test"),  # a meter that it does not know
    ]
    found = swap_by_meter(checkpoint_of(deaf=False), corpus_of(entries), "test", seed=0)
    assert [(size, others) for size, others, _ in seen] == [(3, [0, 1, 2]), (2, [0, 1])]
    assert all(len(meters) == 1 for _, _, meters in seen)
    assert list(found) == ["all", "4/4", "2/4"]
    # Three measures and one: three quarters and one quarter; what is nan does not count.
    assert found["all"].count == 4
    assert found["all"].joint == pytest.approx({RANGE: 0.3, DENSITY: 0.75})
    assert found["all"].alone == pytest.approx({RANGE: 0.2, DENSITY: 0.3})
    assert found["all"].ticks == pytest.approx(0.8)


def test_a_split_without_measures_has_no_scores() -> None:
    assert swap_by_meter(checkpoint_of(deaf=False), corpus_of(measures()), "validation", seed=0) == {}


def test_a_network_is_swapped_the_same_each_time() -> None:
    lines = {name: Line((0.0, 1.0), (0.0, 1.0), 0.0, 1.0) for name in (RANGE, DENSITY)}
    from tests.fakes import TINY

    checkpoint = Checkpoint(tiny_vae(), tiny_events(), TINY, Calibration({"4/4": lines}))
    corpus = corpus_of(measures())
    once, again = (swap_by_meter(checkpoint, corpus, "test", seed=4) for _ in range(2))
    assert repr(once) == repr(again)
    assert set(once["4/4"].joint) == set(TINY.attributes)
