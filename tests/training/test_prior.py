"""The prior over the measures of tunes: what it learns from, and its place in a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from arvae_music.model.calibration import Calibration
from arvae_music.model.prior import LAGS, MeasurePrior, Place
from arvae_music.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from arvae_music.training.folder import is_finished
from arvae_music.training.prior import PriorTask, sequences, terms
from arvae_music.training.run import TrainingData, TunePair, run_training
from arvae_music.training.start import begin_with
from arvae_music.training.tunes import Tunes
from tests.fakes import TINY, tiny_events, tiny_vae
from tests.training.small import SMALL, Silent, some_measures

SETTINGS = replace(SMALL, prior_epochs=2)


def some_tunes(count: int, seed: int, length: int = 6) -> Tunes:
    """Tunes of random measures, each of which ends as it began."""
    rows = some_measures(count * length, seed, ("6/8",))
    tokens = rows.tokens.copy()
    tokens[length - 1 :: length] = tokens[::length]
    tune = np.repeat(np.arange(count), length)
    return Tunes(tokens, rows.meters, tune, np.zeros(len(tune), np.int64), 66.0)


@pytest.fixture
def data() -> TrainingData:
    rows, held_out = some_measures(20, 0), some_measures(8, 1)
    tunes = TunePair(some_tunes(4, 2), some_tunes(2, 3))
    return TrainingData(rows, held_out, "made-up", "f00d", {"name": "made-up"}, tunes)


class Stopped(Exception):
    """What ends a run before its time."""


def test_places_and_repeats_of_a_tune() -> None:
    # Two tunes, of 6 measures and of 2; in the first the last measure is the first one again.
    first, second = some_tunes(1, 0), some_tunes(1, 1, length=2)
    both = Tunes(
        np.concatenate([first.tokens, second.tokens]),
        np.concatenate([first.meters, second.meters]),
        np.array([0] * 6 + [1] * 2),
        np.zeros(8, np.int64),
        66.0,
    )
    known = sequences(both, torch.zeros(8, 3))
    assert known.played.tolist() == [0, 1, 2, 3, 4, 5, 0, 1]
    assert known.left.tolist() == [5, 4, 3, 2, 1, 0, 1, 0]
    assert LAGS[:6] == (1, 2, 3, 4, 5, 6)
    assert known.lags[5].tolist() == [4, 3, 2, 1, 0, -1, -1, -1, -1, -1]
    assert known.lags[6].tolist() == [-1] * 10  # the tune before is not its past
    assert known.lags[7].tolist() == [6] + [-1] * 9
    assert known.same.nonzero().tolist() == [[5, LAGS.index(5)], [7, LAGS.index(1)]]


def test_a_repeat_is_right_by_any_of_the_measures_that_are_the_same() -> None:
    tokens = np.repeat(some_tunes(1, 0).tokens[:1], 3, axis=0)
    tunes = Tunes(tokens, np.full(3, 3), np.zeros(3, np.int64), np.zeros(3, np.int64), 66.0)
    prior = MeasurePrior(TINY).eval()
    with torch.no_grad():
        for parameter in prior.to_copy.parameters():
            parameter.zero_()
        nats, _, new = terms(
            prior, sequences(tunes, torch.zeros(3, TINY.latent)), torch.arange(3), torch.Generator()
        )
    # The first can only be new. The second: new or lag 1. The third: new, lag 1 or lag 2; two are right.
    assert nats.tolist() == pytest.approx([0.0, np.log(2), np.log(3 / 2)], abs=1e-6)
    assert new.tolist() == [1, 0, 0]


def test_what_has_not_been_played_cannot_come_again() -> None:
    prior = MeasurePrior(TINY).eval()
    zeros = torch.zeros(2, dtype=torch.long)
    place = Place(zeros, zeros, torch.tensor([0, 3]), zeros)
    with torch.no_grad():
        states = prior.state(torch.full((2, len(LAGS), TINY.latent), torch.nan), place)
        chances = prior.copy_scores(states, place.played).exp()
    assert chances.sum(dim=1).tolist() == pytest.approx([1, 1])
    assert (chances[0] > 0).tolist() == [True] + [False] * 10
    assert (chances[1] > 0).tolist() == [True] * 4 + [False] * 7  # new, or 1, 2 or 3 back


def test_the_flow_learns_where_latents_lie() -> None:
    # Two places in the plane of the first two dimensions: noise must be carried to one of them.
    settings = replace(TINY, prior_width=32)
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        prior = MeasurePrior(settings)
        prior.train()
        optimizer = torch.optim.AdamW(prior.parameters(), lr=3e-3)
        zeros = torch.zeros(128, dtype=torch.long)
        history = torch.full((128, len(LAGS), settings.latent), torch.nan)
        place = Place(zeros, zeros, zeros, zeros)
        for _ in range(400):
            side = torch.randint(0, 2, (128, 1), generator=generator) * 2.0 - 1
            z = side.expand(-1, settings.latent).contiguous()
            noise = torch.randn(z.shape, generator=generator)
            _, error = prior(history, place, z, noise, torch.rand(128, generator=generator))
            optimizer.zero_grad()
            error.mean().backward()
            optimizer.step()
        prior.eval()
        with torch.no_grad():
            states = prior.state(history, place)
            made = prior.carried(states, torch.randn(128, settings.latent, generator=generator))
    signs = made.sign()
    together = (signs == signs[:, :1]).all(dim=1)
    assert together.float().mean() > 0.9  # all dimensions on one side: independent ones would be in 1 of 32
    assert 0.3 < float((signs[:, 0] > 0).float().mean()) < 0.7
    assert float((made.abs() - 1).abs().median()) < 0.3


def test_a_checkpoint_keeps_the_prior_and_may_be_without(tmp_path: Path) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        prior = MeasurePrior(TINY)
    prior.mean.copy_(torch.arange(TINY.latent))
    path = tmp_path / "model.safetensors"
    whole = Checkpoint(tiny_vae(), tiny_events(), TINY, Calibration({}), prior=prior)
    save_checkpoint(path, whole)
    back = load_checkpoint(path).prior
    assert back is not None
    assert not back.training
    assert back.mean.tolist() == list(range(TINY.latent))
    assert all(
        torch.equal(mine.half().float(), back.state_dict()[name]) for name, mine in prior.state_dict().items()
    )
    save_checkpoint(path, replace(whole, prior=None))
    assert load_checkpoint(path).prior is None


def test_a_run_trains_the_prior_last(data: TrainingData, tmp_path: Path) -> None:
    told: list[str] = []
    listener = Silent()
    listener.on_epoch = lambda task, figures: told.append(task)
    best = run_training(data, SETTINGS, tmp_path / "run", listener)
    assert told == ["events"] * 2 + ["measures"] * 2 + ["tunes"] * 2
    assert is_finished(tmp_path / "run")
    found = load_checkpoint(best)
    assert found.prior is not None
    assert float(found.prior.register) == 66.0
    assert {"held_out_repeats", "held_out_flow"} <= found.card["prior"].keys()


@pytest.mark.parametrize("epochs", [0, 2])
def test_without_tunes_or_epochs_there_is_none(data: TrainingData, tmp_path: Path, epochs: int) -> None:
    mine = replace(data, tunes=None) if epochs else data
    best = run_training(mine, replace(SETTINGS, prior_epochs=epochs), tmp_path / "run", Silent())
    assert load_checkpoint(best).prior is None
    assert is_finished(tmp_path / "run")


@pytest.mark.parametrize("moment", [("measures", 2, 0), ("tunes", 1, 0), ("tunes", 1, 6)], ids=str)
def test_a_prior_goes_on_to_the_bit(data: TrainingData, tmp_path: Path, moment: tuple[str, int, int]) -> None:
    # An epoch has 6 steps: 24 measures in batches of 4. A step of 0 is the end of the epoch.
    def on_step(task: str, epoch: int, step: int) -> None:
        if (task, epoch, step) == moment:
            raise Stopped

    def on_epoch(task: str, figures: dict[str, float]) -> None:
        if (task, int(figures["epoch"]), 0) == moment:
            raise Stopped

    whole, cut = tmp_path / "whole", tmp_path / "cut"
    run_training(data, SETTINGS, whole, Silent())
    listener = Silent()
    listener.on_step, listener.on_epoch = on_step, on_epoch
    with pytest.raises(Stopped):
        run_training(data, SETTINGS, cut, listener)
    assert not is_finished(cut)
    torch.manual_seed(77)
    run_training(data, SETTINGS, cut, Silent(), resume=True)
    for name in ("best", "state"):
        mine, theirs = load_file(whole / f"{name}.safetensors"), load_file(cut / f"{name}.safetensors")
        assert mine.keys() == theirs.keys()
        assert all(torch.equal(mine[key], theirs[key]) for key in mine)


def test_without_held_out_tunes_the_last_epoch_is_the_best(data: TrainingData, tmp_path: Path) -> None:
    assert data.tunes is not None
    some = data.tunes.validation
    none = Tunes(some.tokens[:0], some.meters[:0], some.tune[:0], some.modes[:0], 66.0)
    mine = replace(data, tunes=TunePair(data.tunes.train, none))
    best = run_training(mine, SETTINGS, tmp_path / "run", Silent())
    assert load_checkpoint(best).prior is not None


def test_latents_are_standardized_inside(data: TrainingData) -> None:
    assert data.tunes is not None
    task = PriorTask(tiny_vae(), data.tunes.train, data.tunes.validation, SETTINGS)
    z = task.sequences.z
    assert z.mean(dim=0).tolist() == pytest.approx([0] * TINY.latent, abs=1e-4)
    assert z.std(dim=0, correction=0).tolist() == pytest.approx([1] * TINY.latent, abs=1e-3)


def test_a_prior_that_begins_with_another_keeps_what_it_counted(data: TrainingData) -> None:
    assert data.tunes is not None
    prior = MeasurePrior(TINY)
    prior.mean.fill_(99.0)
    task = PriorTask(tiny_vae(), data.tunes.train, data.tunes.validation, SMALL)
    counted = {name: task.module.state_dict()[name].clone() for name in ("mean", "std", "register")}
    begin_with(task, Checkpoint(tiny_vae(), tiny_events(), TINY, Calibration({}), prior=prior))
    for name, buffer in counted.items():
        assert torch.equal(task.module.state_dict()[name], buffer), name
    assert torch.equal(task.module.state_dict()["leave.weight"], prior.leave.weight)
