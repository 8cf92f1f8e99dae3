"""Parts of the training step and of validation, by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from arvae_music.attributes import resolve
from arvae_music.errors import ArvaeError
from arvae_music.model import EventModel, Vocabulary
from arvae_music.model.calibration import Calibration, Line
from arvae_music.model.encoder import Posterior
from arvae_music.training import tasks
from arvae_music.training.checkpoint import Checkpoint
from arvae_music.training.evaluate import reconstruction_by_meter
from arvae_music.training.loop import one_cycle
from arvae_music.training.run import calibrate
from arvae_music.training.tasks import (
    EventTask,
    Measures,
    Scales,
    VaeTask,
    attribute_values,
    compact_ids,
    encode_means,
    falling,
    most_probable,
    nats_per_note,
    transposed,
)
from tests.fakes import TINY, Entry, corpus_of, tiny_events, tiny_vae
from tests.music import HOLD, REST, row
from tests.training.small import SMALL, some_measures


def test_one_cycle_by_hand() -> None:
    # 10 steps with a peak of 1: from 1/25 up to 1 over 3 steps, then down to 1/250,000.
    rates = [one_cycle(step, 10, 1.0, warm_up=0.3) for step in range(11)]
    assert rates[0] == pytest.approx(0.04)
    assert rates[3] == pytest.approx(1.0)
    assert rates[10] == pytest.approx(4e-6)
    # Half of the way the cosine is 0, so the rate is half of the sum of the ends.
    assert one_cycle(3, 20, 0.5, warm_up=0.3) == pytest.approx((0.02 + 0.5) / 2)
    assert one_cycle(13, 20, 0.5, warm_up=0.3) == pytest.approx((0.5 + 2e-6) / 2)
    # A third of the way: the cosine of 60 degrees is 1/2, so three quarters of the start are left.
    assert rates[1] == pytest.approx(0.75 * 0.04 + 0.25 * 1.0)
    assert rates == sorted(rates[:4]) + sorted(rates[4:], reverse=True)
    # Usually a tenth of the steps leads up.
    assert one_cycle(2, 20, 0.5) == pytest.approx(0.5)
    assert one_cycle(1, 20, 0.5) == pytest.approx((0.02 + 0.5) / 2)
    assert one_cycle(0, 1, 1.0) == pytest.approx(0.04)  # a run of a single step


token = st.sampled_from((1, 2)) | st.integers(3, 50)
"""HOLD, REST and the 48 pitches."""


@given(st.lists(st.lists(token, min_size=24, max_size=24), min_size=1, max_size=6), st.integers(1, 24))
def test_a_transposed_measure_keeps_its_intervals(rows: list[list[int]], most: int) -> None:
    ids = torch.tensor(rows)
    ids[:, 20:] = 0  # PAD
    moved = transposed(ids, most, 51, torch.Generator().manual_seed(0))
    assert torch.equal(moved, transposed(ids, most, 51, torch.Generator().manual_seed(0)))
    pitched = ids >= 3
    assert torch.equal(moved[~pitched], ids[~pitched])
    for before, after in zip(ids.tolist(), moved.tolist(), strict=True):
        shifts = {b - a for a, b in zip(before, after, strict=True) if a >= 3}
        assert len(shifts) <= 1
        assert all(abs(shift) <= most for shift in shifts)
        assert all(3 <= b <= 50 for a, b in zip(before, after, strict=True) if a >= 3)


def test_every_shift_is_drawn_and_none_beyond() -> None:
    ids = torch.full((2000, 24), 1)
    ids[:, 0] = 20
    moved = transposed(ids, 3, 51, torch.Generator().manual_seed(0))[:, 0]
    assert set(moved.tolist()) == {17, 18, 19, 20, 21, 22, 23}
    # A measure over the whole range has no room, one at its top goes down only.
    ids[:, 6] = 50
    assert set(transposed(ids, 3, 51, torch.Generator().manual_seed(0))[:, 0].tolist()) == {17, 18, 19, 20}
    ids[:, 12] = 3
    assert torch.equal(transposed(ids, 3, 51, torch.Generator().manual_seed(0)), ids)
    assert transposed(ids, 0, 51, torch.Generator()) is ids


def test_attribute_values_stand_in_the_order_of_their_dimensions() -> None:
    rows = Measures(row("4/4", {0: 60, 6: 67, 12: 62})[None], np.array([0]), np.array([-1]))
    values = attribute_values(rows, ("contour", "note_density", "pitch_range"))
    assert values.tolist() == [[2.0, 3.0, 7.0]]
    assert values.dtype == np.float32
    assert attribute_values(rows, ()).shape == (1, 0)


class Parrot(nn.Module):
    """Stands in for the auto-encoder: z is the token ids, and they come back but for some faults."""

    def __init__(self, faults: dict[tuple[int, int], int]) -> None:
        super().__init__()
        self.faults, self.seen = faults, 0
        self.weight = nn.Parameter(torch.zeros(1))

    def encoder(self, ids: Tensor, meters: Tensor) -> Posterior:
        return Posterior(ids.float(), torch.full_like(ids, -torch.inf, dtype=torch.float32))

    def decode(self, z: Tensor, meters: Tensor) -> Tensor:
        ids = z.long()
        for (measure, tick), number in self.faults.items():
            if 0 <= measure - self.seen < len(ids):
                ids[measure - self.seen, tick] = number
        self.seen += len(ids)
        return nn.functional.one_hot(ids, 51).float().log()


ENTRIES = [
    Entry("4/4", {0: 60, 6: 62}, tune=0, split="test"),
    Entry("4/4", {0: 64}, tune=0, bar=2, split="test"),
    Entry("6/8", {0: 60, 3: 64, 6: 67}, tune=1, split="test"),
    Entry("6/8", {0: 60, 3: 100}, tune=1, bar=2, split="test"),  # too high for the model
    Entry("9/8", {0: 60}, tune=2, split="test"),  # a meter that it was not trained on
    Entry("4/4", {0: 60}, tune=3, split="train"),
]
LINE = Line((0.0, 1.0), (0.0, 1.0), 0.5, 0.5)
KNOWN = Calibration({name: {"contour": LINE} for name in ("4/4", "6/8", "3/4")})


@pytest.mark.parametrize("batch_size", [1, 2, 1024])
def test_the_most_probable_tokens_are_those_of_the_decoder(batch_size: int) -> None:
    rows = Measures(np.stack([e.tokens for e in ENTRIES[:3]]), np.array([0, 0, 3]), np.array([-1] * 3))
    parrot = Parrot({(0, 6): 3 + 63 - 48, (2, 3): 1})
    decoded = most_probable(parrot, rows, Vocabulary(), batch_size)  # type: ignore[arg-type]
    expected = rows.tokens.copy()
    expected[0, 6], expected[2, 3] = 63, HOLD
    assert decoded.tolist() == expected.tolist()
    assert decoded.dtype == np.int16


def test_reconstruction_counts_what_the_model_can_read() -> None:
    # Of five measures in the test split two in 4/4 and one in 6/8 are left. In the second of 4/4 one tick
    # of 24 is wrong (a note that is none), and in 6/8 two of 12 (a rest for a note, and one more note).
    parrot = Parrot({(1, 12): 3 + 60 - 48, (2, 3): 2, (2, 9): 3 + 67 - 48})
    checkpoint = Checkpoint(parrot, tiny_events(), TINY, KNOWN)  # type: ignore[arg-type]
    scores = reconstruction_by_meter(checkpoint, corpus_of(ENTRIES), "test")
    assert list(scores) == ["all", "4/4", "6/8"]
    assert {name: count for name, (count, _) in scores.items()} == {"all": 3, "4/4": 2, "6/8": 1}
    assert scores["4/4"][1] == pytest.approx((47 / 48, 1 / 2, 2 * 3 / (3 + 4)))
    assert scores["6/8"][1] == pytest.approx((10 / 12, 0, 2 * 2 / (3 + 3)))
    # Over all: two thirds of the one, a third of the other.
    assert scores["all"][1] == pytest.approx(((2 * 47 / 48 + 10 / 12) / 3, 1 / 3, (2 * 6 / 7 + 4 / 6) / 3))


def test_reconstruction_of_an_untrained_model_has_its_counts() -> None:
    checkpoint = Checkpoint(tiny_vae(), tiny_events(), TINY, KNOWN)
    scores = reconstruction_by_meter(checkpoint, corpus_of(ENTRIES), "test")
    assert {name: count for name, (count, _) in scores.items()} == {"all": 3, "4/4": 2, "6/8": 1}
    assert all(0 <= share <= 1 for _, shares in scores.values() for share in shares)


@pytest.mark.parametrize("split", ["validation", "train"])
def test_a_split_without_readable_measures_is_an_error(split: str) -> None:
    checkpoint = Checkpoint(tiny_vae(), tiny_events(), TINY, Calibration({"3/4": {"contour": LINE}}))
    with pytest.raises(ArvaeError, match=f"the {split} split of made-up"):
        reconstruction_by_meter(checkpoint, corpus_of(ENTRIES), split)


def test_calibration_by_hand() -> None:
    # The parrot's z is the token ids, so dimension 0 of a measure is 3 + pitch - 48 of its first note.
    rows = Measures(
        np.stack(
            [
                row("4/4", {0: 60}),  # density 1 at 15
                row("4/4", {0: 62}),  # density 1 at 17
                row("4/4", {0: 65, 6: 60}),  # density 2 at 20
                row("4/4", {0: 70, 6: 60, 12: 61}),  # density 3 at 25
                row("6/8", {0: 60}),  # another meter does not count
            ]
        ),
        np.array([0, 0, 0, 0, 3]),
        np.array([-1] * 5),
    )
    lines = calibrate(Parrot({}), rows, ("note_density",), Vocabulary()).lines  # type: ignore[arg-type]
    line = lines["4/4"]["note_density"]
    assert line.values == (1.0, 2.0, 3.0)
    assert line.places == (16.0, 20.0, 25.0)
    assert line.mean == pytest.approx(7 / 4)
    assert line.std == pytest.approx((15 / 4 - 49 / 16) ** 0.5)


def test_means_do_not_depend_on_the_batch() -> None:
    rows, vae = some_measures(9, 4), tiny_vae()
    whole = encode_means(vae, rows, Vocabulary())
    assert whole.shape == (9, 6)
    assert np.allclose(encode_means(vae, rows, Vocabulary(), batch_size=2), whole, atol=1e-5)


def test_nats_per_note_is_a_mean_over_notes() -> None:
    rows, model = some_measures(9, 4), tiny_events()
    notes = (rows.tokens >= 0).sum()
    singly = sum(
        nats_per_note(model, rows.part(i, i + 1)) * (rows.tokens[i] >= 0).sum()
        for i in range(len(rows.tokens))
    )
    assert nats_per_note(model, rows) == pytest.approx(singly / notes, rel=1e-5)
    assert nats_per_note(model, rows, batch_size=4) == pytest.approx(singly / notes, rel=1e-5)
    assert np.isnan(nats_per_note(model, rows.part(0, 0)))


def test_the_event_loss_is_nats_per_note() -> None:
    silence = row("4/4", {0: REST})
    rows = some_measures(3, 2, ("4/4",))
    rows = Measures(np.concatenate([rows.tokens, silence[None]]), np.zeros(4, np.uint8), np.full(4, 60))
    task = EventTask(rows, rows, SMALL)
    task.module.eval()
    loss = task.losses(task.module, torch.arange(4), torch.Generator())["loss"]
    assert isinstance(task.module, EventModel)
    assert float(loss.detach()) == pytest.approx(nats_per_note(task.module, rows), rel=1e-5)
    quiet = task.losses(task.module, torch.tensor([3]), torch.Generator())["loss"]
    assert torch.isfinite(quiet)  # no note to divide by


def test_a_weight_falls_in_the_second_half() -> None:
    assert [falling(0.01, 0.0001, done) for done in (0.0, 0.3, 0.5)] == pytest.approx([0.01] * 3)
    # Half of the way between the powers -2 and -4 of ten is -3.
    assert falling(0.01, 0.0001, 0.75) == pytest.approx(0.001)
    assert falling(0.01, 0.0001, 1.0) == pytest.approx(0.0001)
    assert falling(0.5, 0.5, 0.8) == pytest.approx(0.5)
    assert [falling(1.0, 0.0, done) for done in (0.4, 0.75, 1.0)] == pytest.approx([1.0, 0.5, 0.0])
    assert falling(0.0, 0.0, 0.9) == 0.0


def test_values_are_standardized_within_their_meter() -> None:
    values = np.array([[1.0, 5.0], [3.0, 5.0], [10.0, 0.0], [10.0, 4.0]], np.float32)
    # 1 and 3 have mean 2 and deviation 1; what does not vary is 0; the second meter stands alone.
    wanted = [[-1, 0], [1, 0], [0, -1], [0, 1]]
    meters = np.array([0, 0, 1, 1])
    scales = Scales.of(values, meters)
    assert scales.standardized(values, meters).tolist() == wanted
    # Others are held against the same scales; nothing is known of meter 2.
    others = scales.standardized(np.array([[5.0, 6.0], [5.0, 6.0]], np.float32), np.array([0, 2]))
    assert others.tolist() == [[3, 1], [5, 6]]


@pytest.mark.parametrize(("away", "linear"), [(0.0, 1.0), (0.5, 0.75), (2.0, -3.0)])
def test_the_score_counts_dimensions_that_are_the_attributes(
    monkeypatch: pytest.MonkeyPatch, away: float, linear: float
) -> None:
    train, held_out = some_measures(40, 2, ("4/4", "6/8")), some_measures(12, 3, ("4/4", "6/8"))
    task = VaeTask(train, held_out, SMALL)
    names = SMALL.model.attributes
    known, wanted = attribute_values(train, names), attribute_values(held_out, names)
    z = np.zeros((12, SMALL.model.latent), np.float32)
    for meter in np.unique(held_out.meters):
        here, there = held_out.meters == meter, known[train.meters == meter]
        z[here, : len(names)] = away + (wanted[here] - there.mean(axis=0)) / there.std(axis=0)
    monkeypatch.setattr(tasks, "encode", lambda *_: (z, np.zeros_like(z)))
    figures = task.validate()
    assert figures["linear"] == pytest.approx(linear, abs=1e-5)
    given_back = figures["ticks"] + figures["measures"]
    assert figures["score"] == pytest.approx(given_back + linear, abs=1e-5)
    # Where nothing makes dimensions linear, nothing is asked of them.
    figures = VaeTask(train, held_out, replace(SMALL, linearity=0.0)).validate()
    assert "linear" not in figures
    assert figures["score"] == figures["sampled_ticks"] + figures["sampled_measures"]


def test_the_score_is_what_comes_back_from_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    # A decoder that gives every measure back if dimension 5 is below 0.5, and rests for what is above.
    rows = some_measures(4_000, 3, ("4/4",))
    task = VaeTask(rows, rows, replace(SMALL, linearity=0.0))
    z = np.zeros((4_000, SMALL.model.latent), np.float32)
    spread = np.zeros_like(z)
    monkeypatch.setattr(tasks, "encode", lambda *_: (z, spread))
    lost = np.full_like(rows.tokens, REST)
    monkeypatch.setattr(
        tasks, "decode_means", lambda _, some, *__: np.where(some[:, 5:6] < 0.5, rows.tokens, lost)
    )
    figures = task.validate()
    assert (figures["measures"], figures["sampled_measures"], figures["score"]) == (1, 1, 2)
    spread[:, 5] = 0.5  # one standard deviation of a normal distribution: 15.87% are above
    figures = task.validate()
    assert (figures["ticks"], figures["measures"]) == (1, 1)
    assert figures["sampled_measures"] == pytest.approx(1 - 0.1587, abs=0.02)
    assert figures["score"] == figures["sampled_ticks"] + figures["sampled_measures"]
    assert task.validate() == figures  # the noise is always the same


def test_events_that_are_kept_are_those_of_each_batch() -> None:
    rows = some_measures(40, 5, ("4/4", "6/8"))
    task = EventTask(rows, rows, SMALL)
    task.to(torch.device("cpu"))
    task.module.eval()
    some = torch.tensor([3, 39, 0, 11])
    made = task.losses(task.module, some, torch.Generator())["loss"]
    task._keep(torch.device("cpu"))
    assert task.events is not None
    assert {t.dtype for t in task.events.values()} == {torch.int8, torch.bool}
    assert task.losses(task.module, some, torch.Generator())["loss"] == made


def test_rows_in_parts_have_the_ids_and_values_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = some_measures(50, 6, ("4/4", "3/4"))
    monkeypatch.setattr(tasks, "_PART", 7)
    names = SMALL.model.attributes
    each = [resolve(name)(rows.tokens, rows.meters) for name in names]
    assert np.allclose(attribute_values(rows, names), np.stack(each, axis=1))
    assert (compact_ids(rows.tokens, Vocabulary()).numpy() == Vocabulary().ids(rows.tokens)).all()
