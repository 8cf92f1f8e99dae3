"""Training settings: what is out of range is named by its flag, and they survive JSON."""

import json
import math
from dataclasses import fields

import pytest

from arvae_music.errors import UsageError
from arvae_music.model import ModelSettings
from arvae_music.training.settings import TrainingSettings


@pytest.mark.parametrize(
    ("wrong", "flag"),
    [
        ({"epochs": 0}, "--epochs is 0"),
        ({"event_epochs": -1}, "--event-epochs is -1"),
        ({"listening_epochs": -1}, "--listening-epochs is -1"),
        ({"copies": 0}, "--copies is 0"),
        ({"clean": 1.5}, "--clean is 1.5"),
        ({"following": -0.1}, "--following is -0.1"),
        ({"prior_epochs": -1}, "--prior-epochs is -1"),
        ({"batch_size": 1}, "--batch-size is 1"),  # the attribute term compares pairs
        ({"learning_rate": 0.0}, "--learning-rate is 0.0"),
        ({"learning_rate": math.nan}, "--learning-rate is nan"),
        ({"weight_decay": -0.1}, "--weight-decay is -0.1"),
        ({"beta": -1.0}, "--beta is -1.0"),
        ({"final_beta": -0.1}, "--final-beta is -0.1"),
        ({"gamma": math.inf}, "--gamma is inf"),
        ({"delta": -0.5}, "--delta is -0.5"),
        ({"linearity": -1.0}, "--linearity is -1.0"),
        ({"normality": -1.0}, "--normality is -1.0"),
        ({"teacher_forcing": 1.1}, "--teacher-forcing is 1.1"),
        ({"schedule": "cosine"}, "--schedule is 'cosine': take one of one-cycle, constant"),
        ({"preset": "papers"}, "--preset is 'papers': take one of default, paper, paper-flat, beta-vae"),
        ({"meters": ("4/4", "5/4")}, "--meter is '5/4': take one of 4/4, 3/4, 2/4, 6/8, 9/8, 12/8"),
        ({"transpose": 25}, "--transpose is 25"),
        ({"seed": -1}, "--seed is -1"),
        ({"threads": -2}, "--threads is -2"),
        ({"devices": 0}, "--devices is 0"),
        ({"device": "tpu"}, "--device is 'tpu': take one of auto, cpu, cuda"),
        ({"precision": "16"}, "--precision is '16': take one of auto, 32-true, bf16-mixed"),
    ],
)
def test_what_is_out_of_range_is_named_by_its_flag(wrong: dict[str, float], flag: str) -> None:
    with pytest.raises(UsageError) as caught:
        TrainingSettings(**wrong)  # type: ignore[arg-type]
    assert str(caught.value).startswith(flag)
    assert "\n" not in str(caught.value)


def test_every_setting_can_be_wrong() -> None:
    tested = {name for mark in test_what_is_out_of_range_is_named_by_its_flag.pytestmark  # type: ignore[attr-defined]
              for wrong, _ in mark.args[1] for name in wrong}  # fmt: skip
    assert tested == {field.name for field in fields(TrainingSettings)} - {"model", "start"}


def test_json_there_and_back() -> None:
    settings = TrainingSettings(
        preset="paper-flat",
        meters=("4/4", "6/8"),
        epochs=3,
        event_epochs=4,
        batch_size=17,
        schedule="constant",
        listening_epochs=0,
        normality=0.5,
        teacher_forcing=0.25,
        learning_rate=0.1 + 0.2,  # 0.30000000000000004
        weight_decay=0.0,
        beta=1e-5,
        gamma=0.5,
        delta=7.0,
        transpose=0,
        seed=2**31 - 1,
        threads=3,
        device="cpu",
        devices=2,
        precision="32-true",
        model=ModelSettings(
            lowest=50,
            highest=90,
            attributes=("contour", "note_density"),
            latent=3,
            reading=0,
            encoder="ticks",
            decoder="flat",
            layers=3,
        ),
    )
    assert TrainingSettings.from_json(json.loads(json.dumps(settings.as_json()))) == settings


def test_settings_of_an_older_run_are_read() -> None:
    saved = TrainingSettings(epochs=7).as_json()
    new = ("preset", "meters", "schedule", "normality", "teacher_forcing")
    old = {name: value for name, value in saved.items() if name not in new}
    old["model"] = {n: v for n, v in old["model"].items() if n not in ("encoder", "decoder", "layers")}
    assert TrainingSettings.from_json(old) == TrainingSettings(epochs=7)


def test_a_decoder_with_feedback_does_not_learn_to_listen() -> None:
    model = ModelSettings(reading=0, decoder="feedback")
    with pytest.raises(UsageError, match=r"^--listening-epochs is 20: .* take 0$"):
        TrainingSettings(model=model)
