"""The ways to train that have a name: this project's own, and those that it is compared with.

All are trained and measured in the same harness: the same measures and splits, the attribute term within
a meter, the event language model beside, gradients clipped, and the best epoch kept. But for the paper's
every measure is moved to another key at random each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from arvae_music.errors import UsageError
from arvae_music.model.settings import ModelSettings
from arvae_music.training.settings import PRESETS, TrainingSettings


class Preset(NamedTuple):
    """What it is in a few words, and which settings it makes others than usual."""

    said: str
    changes: Mapping[str, Any]


def _paper(decoder: str) -> dict[str, Any]:
    """The music experiments of Pati & Lerch 2020 (arXiv 2004.05485, section 5).

    Networks: MeasureVAE (Pati, Lerch & Hadjeres 2019, arXiv 1907.01164) with GRUs of two layers of width
    128 and 32 latent dimensions. What is chosen here: tokens are embedded in 10 dimensions, the true
    tokens are fed in half of the steps, no dropout, and measures stay in their keys: an epoch is then a
    twelfth of the paper's, which holds every tune in every key, and in 30 of them more is learned without
    moves than with them (validation split: interpretability .79 against .67).
    """
    return {
        "epochs": 30,
        "batch_size": 256,
        "schedule": "constant",
        "learning_rate": 1e-4,
        "weight_decay": 0.0,
        "beta": 0.001,
        "final_beta": 0.001,
        "gamma": 1.0,
        "delta": 10.0,
        "linearity": 0.0,
        "teacher_forcing": 0.5,
        "transpose": 0,
        "listening_epochs": 0,
        "prior_epochs": 0,
        "model": ModelSettings(
            latent=32,
            embedding=10,
            encoder_width=128,
            decoder_width=128,
            reading=0,
            blur=0.0,
            encoder="ticks",
            decoder=decoder,
            layers=2,
        ),
    }


_SHARP = ModelSettings(blur=0.0)
"""Usual sizes, and an encoder that may be as sure of regularized dimensions as it likes."""

_KINDS: dict[str, Preset] = {
    "default": Preset("this project's way", {}),
    "paper": Preset(
        "Pati & Lerch 2020: a hierarchical decoder that sees its own tokens, the order term",
        _paper("feedback"),
    ),
    "paper-flat": Preset("the same without the decoder's beat layer", _paper("flat")),
    "beta-vae": Preset(
        "this project's networks without attributes",
        {"gamma": 0.0, "linearity": 0.0, "listening_epochs": 0, "model": _SHARP},
    ),
    "ar-vae": Preset(
        "this project's networks with the order term alone",
        {"gamma": 1.0, "linearity": 0.0, "listening_epochs": 0, "model": _SHARP},
    ),
    "normal": Preset(
        "this project's networks with attributes made normal (Pettenò et al. 2025)",
        {"gamma": 0.0, "linearity": 0.0, "normality": 1.0, "listening_epochs": 0, "model": _SHARP},
    ),
}


def preset(name: str) -> Preset:
    """A preset by name.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in _KINDS:
        raise UsageError(f"--preset is '{name}': take one of {', '.join(PRESETS)}")
    return _KINDS[name]


def preset_settings(name: str, **given: Any) -> TrainingSettings:
    """The settings of a preset, with what was given on top.

    Raises:
        UsageError: there is no such preset, or a setting is out of range.
    """
    return TrainingSettings(**{**preset(name).changes, **given, "preset": name})
