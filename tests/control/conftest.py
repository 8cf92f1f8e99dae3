"""A small model that was never trained: what an edit promises must not depend on training."""

from __future__ import annotations

import pytest
import torch

from arvae_music.model import EventModel, MeasureVAE, ModelSettings
from arvae_music.model.calibration import Calibration, Line
from arvae_music.training.checkpoint import Checkpoint
from tests.control.oracle import COMPLEXITY, CONTOUR, DENSITY, RANGE

STD = {COMPLEXITY: 0.11, RANGE: 3.3, DENSITY: 2.1, CONTOUR: 4.7}
METERS = ("4/4", "3/4", "2/4", "6/8", "12/8")
"""9/8 is a meter that the model was not trained on."""


@pytest.fixture(scope="session")
def checkpoint() -> Checkpoint:
    return small_model(48, 95)


@pytest.fixture(scope="session")
def four_pitches() -> Checkpoint:
    """A model of MIDI 60 to 63 alone, so that all that a measure can have may be tried."""
    return small_model(60, 63)


def small_model(lowest: int, highest: int) -> Checkpoint:
    settings = ModelSettings(
        lowest=lowest,
        highest=highest,
        latent=6,
        embedding=8,
        encoder_width=8,
        decoder_width=12,
        event_width=12,
    )
    with torch.random.fork_rng():
        torch.manual_seed(1)
        vae, events = MeasureVAE(settings), EventModel(settings)
    for module in (vae, events):
        module.eval().requires_grad_(False)
        for parameter in module.parameters():
            parameter.mul_(2.5)  # opinions stronger than those of a fresh network
    lines = {
        COMPLEXITY: Line((0.0, 0.3, 1.0), (-1.0, 0.5, 2.0), 0.2, STD[COMPLEXITY]),
        RANGE: Line((0.0, 12.0), (-1.0, 1.0), 7.0, STD[RANGE]),
        DENSITY: Line((0.0, 8.0, 24.0), (-2.0, 0.0, 2.0), 6.0, STD[DENSITY]),
        CONTOUR: Line((-12.0, 12.0), (-1.0, 1.0), 0.0, STD[CONTOUR]),
    }
    return Checkpoint(vae, events, settings, Calibration(dict.fromkeys(METERS, lines)))
