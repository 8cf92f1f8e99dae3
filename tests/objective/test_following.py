"""Expected attributes of independent ticks, against enumeration and against the attributes themselves."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from arvae_music.attributes import ATTRIBUTES
from arvae_music.model import Vocabulary
from arvae_music.model.vocabulary import PITCH_ID
from arvae_music.objective.following import EXPECTED, Ticks, following
from tests.fakes import random_measure
from tests.music import grid_of

VOCABULARY = Vocabulary(48, 95)
NAMES = ("rhythmic_complexity", "pitch_range", "note_density", "contour")
METERS = ("4/4", "6/8", "3/4", "2/4")


def certain(tokens: np.ndarray) -> torch.Tensor:
    """Log-probabilities that leave no doubt about tokens."""
    ids = torch.from_numpy(VOCABULARY.ids(tokens))
    return (torch.nn.functional.one_hot(ids, len(VOCABULARY)).double() - 1) * 30


@pytest.mark.parametrize("name", NAMES)
def test_a_certain_decoder_has_the_attributes_of_its_tokens(name: str) -> None:
    generator = np.random.default_rng(0)
    meters = [METERS[i % 4] for i in range(200)]
    tokens = np.stack([random_measure(meter, generator) for meter in meters])
    codes = np.array([grid_of(meter).code for meter in meters])
    several = (tokens >= 0).sum(axis=1) >= 2
    attribute = next(a for a in ATTRIBUTES if a.name == name)
    found = EXPECTED[name](Ticks.of(certain(tokens), torch.from_numpy(codes)))
    np.testing.assert_allclose(found[several], attribute(tokens, codes)[several], atol=1e-3)


def test_expectations_are_those_of_all_outcomes() -> None:
    """Two ticks, three pitches and silence: all 16 outcomes, weighed by hand."""
    chances = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.25, 0.4, 0.05, 0.3]], dtype=torch.double)
    logs = torch.full((1, 24, PITCH_ID + 3), -30.0, dtype=torch.double)
    logs[:, :, 1] = 0.0
    logs[0, :2, [1, 3, 4, 5]] = chances.log()
    density = first_to_last = 0.0
    for a, b in itertools.product(range(4), repeat=2):
        weight = float(chances[0, a] * chances[1, b])
        density += weight * ((a > 0) + (b > 0))
        first_to_last += weight * (b - a if a and b else 0)
    ticks = Ticks.of(logs, torch.tensor([grid_of("4/4").code]))
    assert float(EXPECTED["note_density"](ticks)[0]) == pytest.approx(density, abs=1e-9)
    assert float(EXPECTED["contour"](ticks)[0]) == pytest.approx(first_to_last, abs=1e-5)


def test_the_term_is_in_units_of_spread_and_zero_where_it_is_met() -> None:
    tokens = np.full((1, 24), -2, np.int16)
    tokens[0, [0, 6, 12]] = 60, 67, 64
    meters = torch.tensor([grid_of("4/4").code])
    asked = torch.tensor([[0.0, 7.0, 3.0, 4.0]], dtype=torch.double)
    spread = torch.tensor([1.0, 2.0, 0.5, 4.0], dtype=torch.double)
    names = ("note_density", "pitch_range", "contour")
    order = [2, 1, 3]
    met = following(certain(tokens), meters, asked[:, order], names, spread[order])
    assert float(met) == pytest.approx(0.0, abs=1e-3)
    off = following(certain(tokens), meters, asked[:, order] + 1.0, names, spread[order])
    assert float(off) == pytest.approx(1 / 0.5 + 1 / 2.0 + 1 / 4.0, abs=1e-3)


def test_one_note_asked_for_needs_no_range_nor_contour() -> None:
    tokens = np.full((1, 24), -2, np.int16)
    tokens[0, [0, 6]] = 60, 72
    asked = torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.double)
    names = ("note_density", "pitch_range", "contour")
    term = following(
        certain(tokens), torch.tensor([grid_of("4/4").code]), asked, names, torch.ones(3).double()
    )
    assert float(term) == pytest.approx(1.0, abs=1e-3)
