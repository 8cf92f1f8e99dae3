"""The presets: their values as published, what sets them apart, and that a run of the paper's resumes."""

from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest
import torch

from arvae_music.errors import UsageError
from arvae_music.model.settings import ModelSettings
from arvae_music.training.checkpoint import load_checkpoint
from arvae_music.training.loop import Schedule
from arvae_music.training.presets import preset, preset_settings
from arvae_music.training.run import TrainingData, run_training
from arvae_music.training.settings import PRESETS, TrainingSettings
from arvae_music.training.tasks import VaeTask
from tests.fakes import TINY
from tests.training.small import SMALL, Silent, some_measures
from tests.training.test_run import STEPS, Moment, Stopped, same_runs, stopped_at

PAPER_TINY = replace(TINY, reading=0, encoder="ticks", decoder="feedback", layers=2)


def differing(name: str) -> dict[str, object]:
    """What a preset makes other than the default."""
    usual, mine = TrainingSettings(), preset_settings(name)
    pairs = ((f.name, getattr(usual, f.name), getattr(mine, f.name)) for f in fields(usual))
    return {name: value for name, before, value in pairs if value != before}


@pytest.mark.parametrize(("name", "decoder"), [("paper", "feedback"), ("paper-flat", "flat")])
def test_the_paper_as_published(name: str, decoder: str) -> None:
    settings = preset_settings(name)
    # Pati & Lerch 2020, section 5 and the appendix: the training of the music models.
    assert (settings.epochs, settings.batch_size, settings.learning_rate) == (30, 256, 1e-4)
    assert (settings.beta, settings.gamma, settings.delta) == (0.001, 1.0, 10.0)
    assert (settings.schedule, settings.weight_decay) == ("constant", 0.0)
    assert (settings.model.latent, settings.model.layers) == (32, 2)
    assert (settings.model.encoder_width, settings.model.decoder_width) == (128, 128)
    assert (settings.model.encoder, settings.model.decoder) == ("ticks", decoder)
    assert settings.model.embedding == 10
    assert settings.teacher_forcing == 0.5
    # Nothing of this project's own.
    assert (settings.linearity, settings.normality) == (0.0, 0.0)
    assert (settings.listening_epochs, settings.prior_epochs, settings.model.reading) == (0, 0, 0)
    assert settings.model.blur == 0.0
    assert settings.preset == name


def test_the_others_differ_from_the_default_in_their_terms_alone() -> None:
    sharp = replace(ModelSettings(), blur=0.0)
    assert differing("default") == {}
    assert differing("beta-vae") == {
        "preset": "beta-vae",
        "gamma": 0.0,
        "linearity": 0.0,
        "listening_epochs": 0,
        "model": sharp,
    }
    assert differing("ar-vae") == {
        "preset": "ar-vae",
        "gamma": 1.0,
        "linearity": 0.0,
        "listening_epochs": 0,
        "model": sharp,
    }
    assert differing("normal") == {
        "preset": "normal",
        "gamma": 0.0,
        "linearity": 0.0,
        "normality": 1.0,
        "listening_epochs": 0,
        "model": sharp,
    }


def test_what_is_given_goes_on_top() -> None:
    settings = preset_settings("paper", beta=0.5, meters=("4/4",))
    assert settings == replace(preset_settings("paper"), beta=0.5, meters=("4/4",))
    assert preset_settings("default") == TrainingSettings()


def test_every_name_is_a_preset_and_no_other() -> None:
    for name in PRESETS:
        assert preset(name).said
        assert TrainingSettings.from_json(asdict(preset_settings(name))) == preset_settings(name)
    with pytest.raises(UsageError, match=r"^--preset is 'mine': take one of default, paper"):
        preset_settings("mine")


def test_a_constant_rate_is_the_auto_encoders_alone() -> None:
    settings = preset_settings("paper")
    mine, beside = Schedule.of(settings, 30, 0), Schedule.beside(settings, 12, 0)
    assert [mine.rate(step, 100) for step in (0, 50, 99)] == [1e-4] * 3
    assert mine.weight_decay == 0
    assert (beside.epochs, beside.learning_rate, beside.weight_decay) == (12, 3e-3, 0.01)
    assert beside.rate(0, 100) == pytest.approx(3e-3 / 25)
    assert beside.rate(10, 100) == pytest.approx(3e-3)
    for settings in (TrainingSettings(), TrainingSettings(learning_rate=0.1, weight_decay=0.5)):
        assert Schedule.beside(settings, 5, 0) == Schedule.of(settings, 5, 0)


def small(name: str, **changes: object) -> TrainingSettings:
    """A preset at the size of a test."""
    settings = preset_settings(name)
    model = PAPER_TINY if settings.model.feeds_back else TINY
    model = replace(model, decoder=settings.model.decoder)
    shared = ("epochs", "event_epochs", "batch_size", "threads", "device", "precision")
    return replace(
        settings,
        **{field: getattr(SMALL, field) for field in shared},
        **{"model": model, "listening_epochs": 0, "prior_epochs": 0, **changes},  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("name", PRESETS)
def test_each_trains_saves_and_loads(data: TrainingData, tmp_path: Path, name: str) -> None:
    settings = small(name)
    loaded = load_checkpoint(run_training(data, settings, tmp_path / "run", Silent()))
    assert TrainingSettings.from_json(loaded.card["training"]) == settings
    assert loaded.card["training"]["preset"] == name
    assert (loaded.settings.encoder, loaded.settings.decoder) == (
        settings.model.encoder,
        settings.model.decoder,
    )
    assert set(loaded.card["validation"]) >= {"ticks", "measures", "onset_f1", "loss"}


@pytest.mark.parametrize("name", ["paper", "paper-flat", "normal"])
def test_a_run_of_a_preset_goes_on_to_the_bit(data: TrainingData, tmp_path: Path, name: str) -> None:
    settings = small(name)
    run_training(data, settings, tmp_path / "whole", Silent())
    for number, moment in enumerate([Moment("measures", 0, 10), Moment("measures", 1, STEPS)]):
        torch.manual_seed(number)
        with pytest.raises(Stopped):
            run_training(data, settings, tmp_path / "run", stopped_at(moment), resume=number > 0)
    torch.manual_seed(77)
    run_training(data, settings, tmp_path / "run", Silent(), resume=True)
    same_runs(tmp_path / "run", tmp_path / "whole")


def test_the_true_tokens_are_fed_in_the_share_of_the_steps_that_is_asked_for() -> None:
    rows = some_measures(8, 0)
    forced = {}
    for share in (0.0, 0.5, 1.0):
        task = VaeTask(rows, rows, small("paper", teacher_forcing=share))
        fed: list[bool] = []

        def spy(*args: object, forced: bool = False, fed: list[bool] = fed, task: VaeTask = task) -> object:
            fed.append(forced)
            return task.module(*args, forced=forced)

        for seed in range(60):
            task.losses(spy, torch.arange(8), torch.Generator().manual_seed(seed))  # type: ignore[arg-type]
        forced[share] = sum(fed)
    # 60 draws of one half: the standard error is 3.9.
    assert (forced[0.0], forced[1.0]) == (0, 60)
    assert forced[0.5] == pytest.approx(30, abs=4 * 3.9)


def test_the_normal_term_is_added() -> None:
    rows = some_measures(30, 0)
    terms = {}
    for weight in (1.0, 2.0):
        torch.manual_seed(0)
        task = VaeTask(rows, rows, small("normal", normality=weight))
        terms[weight] = task.losses(task.module, torch.arange(30), torch.Generator().manual_seed(0))
    (once, weighed), (again, doubled) = (
        (float(t["normality"].detach()), float(t["loss"].detach())) for t in terms.values()
    )
    assert once == again > 0
    assert doubled - weighed == pytest.approx(once, rel=1e-5)
    assert "linearity" not in terms[1.0]
