"""Both models can learn a batch by heart, and what was learned survives its checkpoint."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric

from arvae_music.model import MeasureVAE, Vocabulary
from arvae_music.model.calibration import Calibration, Line
from arvae_music.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from arvae_music.training.loop import Schedule, fit
from arvae_music.training.settings import TrainingSettings
from arvae_music.training.state import Progress
from arvae_music.training.tasks import EventTask, Task, VaeTask, most_probable
from tests.fakes import TINY, tiny_events
from tests.training.small import SMALL, Silent, some_measures

BIGGER = replace(
    TINY, latent=16, encoder_width=48, decoder_width=64, event_width=48, embedding=24, reading=16
)
LINE = Line((0.0, 1.0), (0.0, 1.0), 0.5, 0.5)
KNOWN = Calibration({"4/4": {"contour": LINE}})


def learn(task: Task, epochs: int, rate: float) -> None:
    """One step an epoch on all rows, and nothing kept."""
    fabric = Fabric(accelerator="cpu", devices=1, precision="32-true")
    schedule = Schedule(epochs, task.rows, rate, 0.0, seed=0)
    fit(fabric, task, schedule, Silent(), progress=Progress(task.name), tensors=None, save=lambda s, f: None)


def by_heart(**changes: float) -> TrainingSettings:
    return replace(SMALL, transpose=0, model=BIGGER, **changes)  # type: ignore[arg-type]


def test_the_auto_encoder_learns_a_batch_by_heart_and_survives_its_checkpoint(tmp_path: Path) -> None:
    rows = some_measures(12, 7, ("4/4", "6/8", "3/4"))
    torch.manual_seed(0)
    task = VaeTask(rows, rows, by_heart())
    everything = torch.arange(12)
    before = task.losses(task.module, everything, torch.Generator().manual_seed(0))
    learn(task, 200, 0.01)
    after = task.losses(task.module, everything, torch.Generator().manual_seed(0))
    assert before["reconstruction"] > 3  # of ln 50 = 3.9 nats at random
    assert after["reconstruction"] < 0.1
    assert after["attribute_order"] < 0.5 * before["attribute_order"]
    assert task.validate()["measures"] >= 11 / 12
    # Saved in half precision: 11 bits of each weight, and the same tokens.
    vae = task.module.eval()
    assert isinstance(vae, MeasureVAE)
    path = tmp_path / "model.safetensors"
    save_checkpoint(path, Checkpoint(vae, tiny_events(settings=BIGGER), task.sizes, KNOWN, {"a": "ä"}))
    loaded = load_checkpoint(path)
    assert (loaded.settings, loaded.calibration, loaded.card) == (task.sizes, KNOWN, {"a": "ä"})
    for name, weight in vae.state_dict().items():
        kept = loaded.vae.state_dict()[name]
        assert torch.allclose(kept, weight, rtol=2**-11, atol=1e-7), name
    ids = torch.from_numpy(Vocabulary().ids(rows.tokens))
    meters = torch.from_numpy(rows.meters).long()
    with torch.inference_mode():
        mine, theirs = (v.encoder(ids, meters).mean for v in (vae, loaded.vae))
        assert torch.allclose(mine, theirs, atol=0.02)
        decoded = [v.decoder(mine, meters) for v in (vae, loaded.vae)]
    assert (decoded[0].exp() - decoded[1].exp()).abs().max() < 0.02
    assert (most_probable(loaded.vae, rows, Vocabulary()) == most_probable(vae, rows, Vocabulary())).all()


def papers(decoder: str, **changes: float) -> TrainingSettings:
    model = replace(BIGGER, reading=0, encoder="ticks", decoder=decoder, layers=2)
    return replace(SMALL, transpose=0, linearity=0.0, model=model, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("decoder", ["feedback", "flat"])
def test_the_papers_model_learns_and_survives_its_checkpoint(tmp_path: Path, decoder: str) -> None:
    rows = some_measures(8, 7, ("4/4",))
    torch.manual_seed(0)
    task = VaeTask(rows, rows, papers(decoder))
    learn(task, 25, 0.01)
    everything = torch.arange(8)
    after = task.losses(task.module, everything, torch.Generator().manual_seed(0))
    assert after["reconstruction"] < 2  # of ln 50 = 3.9 nats at random
    vae = task.module.eval()
    assert isinstance(vae, MeasureVAE)
    path = tmp_path / "model.safetensors"
    save_checkpoint(path, Checkpoint(vae, tiny_events(settings=task.sizes), task.sizes, KNOWN))
    loaded = load_checkpoint(path)
    assert loaded.settings == task.sizes
    ids = torch.from_numpy(Vocabulary().ids(rows.tokens))
    meters = torch.from_numpy(rows.meters).long()
    with torch.inference_mode():
        mine, theirs = (v.encoder(ids, meters).mean for v in (vae, loaded.vae))
        assert torch.allclose(mine, theirs, atol=0.02)
        first, second = (v.decoder(mine, meters).exp() for v in (vae, loaded.vae))
    assert (first - second).abs().max() < 0.02


@pytest.mark.slow
@pytest.mark.parametrize(("decoder", "steps", "rate"), [("feedback", 300, 0.01), ("flat", 900, 0.003)])
def test_the_papers_model_learns_a_batch_by_heart(decoder: str, steps: int, rate: float) -> None:
    rows = some_measures(8, 7, ("4/4",))
    torch.manual_seed(0)
    task = VaeTask(rows, rows, papers(decoder))
    learn(task, steps, rate)
    # Given back from its own tokens alone, though the true ones were fed in half of the steps.
    assert task.validate()["measures"] >= 7 / 8


def test_the_event_model_learns_a_batch_by_heart() -> None:
    rows = some_measures(12, 7, ("4/4", "6/8", "3/4"))
    torch.manual_seed(0)
    task = EventTask(rows, rows, by_heart())
    before = task.validate()
    learn(task, 200, 0.01)
    after = task.validate()
    assert before["nats_per_note"] > 5  # about ln 25 + ln 50 = 7 at random
    assert after["nats_per_note"] < 1  # what is left is where the first notes stand apart
    assert after["log_likelihood"] == -after["nats_per_note"]
