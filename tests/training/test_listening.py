"""The listening decoder: what is swapped, what learns from it, and a run that goes on after a stop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from arvae_music.control import edited_copies
from arvae_music.errors import ArvaeError
from arvae_music.model import MeasureVAE, Vocabulary
from arvae_music.model.calibration import Calibration
from arvae_music.model.encoder import Posterior
from arvae_music.training import listening
from arvae_music.training.checkpoint import Checkpoint, load_checkpoint
from arvae_music.training.listening import ListeningTask, joint_swap, load_copies, partners
from arvae_music.training.run import TrainingData, run_training
from arvae_music.training.tasks import attribute_values
from tests.fakes import PLAIN, TINY, tiny_events, tiny_vae
from tests.training.small import SMALL, Silent, some_measures
from tests.training.test_run import Moment, Stopped, same_runs, stopped_at

LISTENING = replace(SMALL, epochs=1, event_epochs=1, listening_epochs=2)
NAMES = TINY.attributes


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return TrainingData(some_measures(50, 0), some_measures(12, 1), "made-up", "f00d", {"name": "made-up"})


@pytest.fixture(scope="module")
def whole(data: TrainingData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "run"
    run_training(data, LISTENING, folder, Silent(), copier=edited_copies)
    return folder


@pytest.mark.parametrize(
    "moment",
    [
        Moment("measures", 1, 0),
        Moment("copies", 0, 50),
        Moment("listening", 0, 10),
        Moment("listening", 1, 0),
    ],
    ids=str,
)
def test_a_run_goes_on_to_the_bit(whole: Path, data: TrainingData, tmp_path: Path, moment: Moment) -> None:
    folder = tmp_path / "run"
    with pytest.raises(Stopped):
        run_training(data, LISTENING, folder, stopped_at(moment), copier=edited_copies)
    torch.manual_seed(77)
    run_training(data, LISTENING, folder, Silent(), copier=edited_copies, resume=True)
    same_runs(folder, whole)


def test_the_encoder_stays_as_the_auto_encoder_has_it(whole: Path) -> None:
    """The best and the last checkpoint share it, and the optimizer has moments of the decoder alone."""
    state = load_file(whole / "state.safetensors")
    last, best = (load_checkpoint(whole / f"{name}.safetensors").vae for name in ("last", "best"))
    for name, weight in best.encoder.state_dict().items():
        assert torch.equal(weight, last.encoder.state_dict()[name])
    count = len(list(last.encoder.parameters()))
    assert {int(name.split(".")[1]) for name in state if name.startswith("moments.")} == set(
        range(count, count + len(list(last.decoder.parameters())))
    )


def test_the_encoder_goes_on_and_the_decoder_begins_anew(data: TrainingData, whole: Path) -> None:
    vae = tiny_vae(settings=PLAIN)
    copies = load_copies(whole / "copies.safetensors", data.train, LISTENING)
    torch.manual_seed(3)
    module = ListeningTask(data.train, data.validation, LISTENING, copies, vae).module
    assert isinstance(module, MeasureVAE)
    for name, weight in vae.encoder.state_dict().items():
        assert torch.equal(weight, module.encoder.state_dict()[name])
    assert not torch.equal(vae.decoder.output.weight, module.decoder.output.weight)


def test_a_run_that_goes_on_keeps_the_draft_of_a_listening_model(data: TrainingData, whole: Path) -> None:
    """The best checkpoint so far may have a listening decoder already."""
    vae = tiny_vae()
    copies = load_copies(whole / "copies.safetensors", data.train, LISTENING)
    module = ListeningTask(data.train, data.validation, LISTENING, copies, vae).module
    assert isinstance(module, MeasureVAE)
    assert module.draft is not None
    assert vae.draft is not None
    for name, weight in vae.draft.state_dict().items():
        assert torch.equal(weight, module.draft.state_dict()[name])


def test_the_plain_decoder_stays_as_the_draft(whole: Path) -> None:
    """After the run both checkpoints have the plain decoder of the stage before, and it is asked first."""
    plain, last = (load_checkpoint(whole / f"{name}.safetensors").vae for name in ("best", "last"))
    assert last.draft is not None
    if plain.draft is None:  # the listening decoder was never better
        for name, weight in plain.decoder.state_dict().items():
            assert torch.equal(weight, last.draft.state_dict()[name]), name
    else:
        for name, weight in plain.draft.state_dict().items():
            assert torch.equal(weight, last.draft.state_dict()[name]), name
    assert not torch.equal(last.draft.output.weight, last.decoder.output.weight)


def test_a_run_from_a_listening_model_begins_with_both_its_decoders(
    data: TrainingData, tmp_path: Path
) -> None:
    vae = tiny_vae()
    start = Checkpoint(vae, tiny_events(), TINY, Calibration({}))
    still = replace(LISTENING, listening_epochs=1, learning_rate=1e-8, weight_decay=0.0)
    run_training(data, still, tmp_path / "run", Silent(), copier=edited_copies, start=start)
    last = load_checkpoint(tmp_path / "run" / "last.safetensors").vae
    # At such a rate a run ends where it began: the plain decoder of the stage before was the draft.
    for name, weight in vae.state_dict().items():
        assert torch.allclose(last.state_dict()[name], weight, atol=1e-3), name
    assert not torch.allclose(last.state_dict()["draft.output.weight"], vae.decoder.output.weight, atol=1e-2)


@pytest.mark.parametrize("before", [5.0, -5.0])
def test_the_auto_encoder_stays_the_best_until_it_is_beaten(
    data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: float
) -> None:
    """Swaps are said to be followed by `before` until the decoder is new, and not at all from then on."""
    swaps = [np.full(len(NAMES), before)]
    monkeypatch.setattr(listening, "joint_swap", lambda *_: swaps.pop() if swaps else np.zeros(len(NAMES)))
    run_training(data, LISTENING, tmp_path / "run", Silent(), copier=edited_copies)
    best, last = (load_checkpoint(tmp_path / "run" / f"{name}.safetensors") for name in ("best", "last"))
    assert "listening" in last.card["validation"]
    assert last.settings == LISTENING.model
    assert best.settings == (LISTENING.model if before < 0 else PLAIN)
    assert ("listening" in best.card["validation"]) == (before < 0)


def test_copies_of_other_measures_are_refused(whole: Path, data: TrainingData, tmp_path: Path) -> None:
    with pytest.raises(ArvaeError, match="copies of other measures: remove it"):
        load_copies(whole / "copies.safetensors", data.validation, LISTENING)
    (tmp_path / "copies.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ArvaeError, match="cannot read the copies"):
        load_copies(tmp_path / "copies.safetensors", data.train, LISTENING)


def test_partners_are_of_the_same_meter() -> None:
    meters = torch.tensor([0, 2, 0, 2, 0, 0, 5])
    others = partners(meters, torch.Generator().manual_seed(0))
    assert torch.equal(meters[others], meters)
    assert others[6] == 6  # there is no other of its meter
    taken = others[meters == 0]
    assert (taken != torch.arange(7)[meters == 0]).sum() >= 3


def test_only_the_decoder_hears_of_swaps() -> None:
    vae = tiny_vae().train().requires_grad_(True)
    vocabulary = Vocabulary(TINY.lowest, TINY.highest)
    rows = some_measures(6, 2, ("4/4",))
    ids = torch.from_numpy(vocabulary.ids(rows.tokens))
    meters = torch.from_numpy(rows.meters.astype(np.int64))
    coded = vae(ids, meters, swap=torch.tensor([1, 2, 0]))
    assert coded.swapped.shape == (3, 24, len(vocabulary))
    coded.swapped[torch.isfinite(coded.swapped)].sum().backward()
    assert all(weight.grad is None for weight in vae.encoder.parameters())
    assert vae.decoder.output.weight.grad is not None
    mixed = torch.cat([coded.z[[1, 2, 0], : len(NAMES)], coded.z[:3, len(NAMES) :]], dim=1)
    torch.testing.assert_close(coded.swapped, vae.decoder(mixed, meters[:3]))


def test_content_comes_from_the_other_measure() -> None:
    vae = tiny_vae()
    vocabulary = Vocabulary(TINY.lowest, TINY.highest)
    rows, others = some_measures(4, 3, ("6/8",)), some_measures(4, 4, ("6/8",))
    ids, content = (torch.from_numpy(vocabulary.ids(some.tokens)) for some in (rows, others))
    content[2] = ids[2]
    meters = torch.from_numpy(rows.meters.astype(np.int64))
    mixed = vae(ids, meters, content=content).posterior
    mine, theirs = vae.encoder(ids, meters), vae.encoder(content, meters)
    for found, own, other in zip(mixed, mine, theirs, strict=True):
        torch.testing.assert_close(found[:, : len(NAMES)], own[:, : len(NAMES)])
        torch.testing.assert_close(found[:, len(NAMES) :], other[:, len(NAMES) :])


def test_a_decoder_that_does_what_z_says_has_correlation_one() -> None:
    """A stand-in whose regularized dimensions are a row's number, and which decodes that very row."""
    rows = some_measures(40, 5, ("4/4",))
    vocabulary = Vocabulary(TINY.lowest, TINY.highest)
    ids = torch.from_numpy(vocabulary.ids(rows.tokens))
    vae = tiny_vae(settings=PLAIN)

    class Encoder(torch.nn.Linear):
        def forward(self, given: torch.Tensor, meters: torch.Tensor) -> Posterior:  # type: ignore[override]
            number = (given[:, None] == ids).all(dim=2).float().argmax(dim=1)
            mean = torch.zeros(len(given), TINY.latent)
            mean[:, 0] = number
            return Posterior(mean, torch.zeros_like(mean))

    class Decoder(torch.nn.Module):
        def forward(self, z: torch.Tensor, meters: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.one_hot(ids[z[:, 0].long()], len(vocabulary)).float()

    vae.encoder, vae.decoder = Encoder(1, 1), Decoder()  # type: ignore[assignment]
    assert attribute_values(rows, NAMES).std(axis=0).min() > 0
    np.testing.assert_allclose(joint_swap(vae, rows, NAMES, vocabulary, 0), 1.0)
    ids[:] = ids[0].clone()  # whatever z says, it is the same measure
    np.testing.assert_allclose(joint_swap(vae, rows, NAMES, vocabulary, 0), 0.0)


def test_content_of_the_very_same_measures() -> None:
    vae = tiny_vae()
    rows = some_measures(4, 3, ("6/8",))
    ids = torch.from_numpy(Vocabulary(TINY.lowest, TINY.highest).ids(rows.tokens))
    meters = torch.from_numpy(rows.meters.astype(np.int64))
    noise = torch.randn(len(ids), TINY.latent, generator=torch.Generator().manual_seed(0))
    plain = vae(ids, meters, noise).z
    same = vae(ids, meters, noise, content=ids.clone()).z
    assert torch.equal(plain, same)


def test_an_attribute_that_never_varies_is_counted_in_its_own_unit(data: TrainingData) -> None:
    one = np.repeat(data.train.tokens[:1], 50, axis=0)
    rows = data.train._replace(tokens=one, meters=np.repeat(data.train.meters[:1], 50))
    task = ListeningTask(rows, data.validation, LISTENING, one[None], tiny_vae(settings=PLAIN))
    assert task.spread.tolist() == [1.0] * len(NAMES)
