"""Measures drawn from priors: how many, by meter, from which noise, and against what they are held."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from arvae_music.model.prior import MeasurePrior
from arvae_music.training.checkpoint import Checkpoint
from arvae_music.training.prior_samples import prior_samples, tune_prior_samples
from tests.fakes import TINY
from tests.training.test_evaluate import CORPUS, tiny_checkpoint


def with_prior(kind: type[MeasurePrior] = MeasurePrior) -> Checkpoint:
    torch.manual_seed(0)
    return replace(tiny_checkpoint(), prior=kind(TINY).eval().requires_grad_(False))


def test_without_a_prior_over_tunes_nothing_is_said_of_it() -> None:
    assert tune_prior_samples(tiny_checkpoint(), CORPUS, "test", 0) == {}


def test_a_measure_is_drawn_for_every_place_of_the_meters_that_the_model_knows() -> None:
    found = tune_prior_samples(with_prior(), CORPUS, "test", 0)
    # Neighbours in 6/8 are measures of 12/8, too, but the model does not know 12/8.
    assert {meter: entry["count"] for meter, entry in found.items()} == {"4/4": 60, "6/8": 20}
    for entry in found.values():
        assert 0 <= entry["legal"] <= 1
        assert tuple(entry["attributes"]) == TINY.attributes
    again, other = (tune_prior_samples(with_prior(), CORPUS, "test", seed) for seed in (0, 1))
    assert again["4/4"] == found["4/4"]
    assert other["4/4"] != found["4/4"]


class Constant(MeasurePrior):
    """Draws always the same."""

    def carried(self, states: Tensor, noise: Tensor, steps: int = 24) -> Tensor:
        assert states.shape[0] == noise.shape[0]
        return torch.ones_like(noise)


def test_draws_that_are_all_the_same_are_far_from_real_measures() -> None:
    found = tune_prior_samples(with_prior(Constant), CORPUS, "test", 0)["4/4"]["attributes"]
    for name in TINY.attributes:
        # One value has all of its weight on one side of the median of the others, at least.
        assert found[name]["ks"] >= 0.4
        assert found[name]["wasserstein"] > found[name]["train_wasserstein"]
        assert found[name]["train_ks"] < 0.4


@pytest.mark.parametrize("draw", [prior_samples, tune_prior_samples])
def test_the_training_split_has_no_other_to_be_held_against(draw: object) -> None:
    assert callable(draw)
    found = draw(with_prior(), CORPUS, "train", 0)["4/4"]["attributes"]["contour"]
    assert math.isnan(found["train_ks"])
    assert np.isfinite(found["ks"])
