"""A whole run in a folder: it keeps the best, and goes on after any interruption as if there were none."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.optim import AdamW

from arvae_music.errors import ArvaeError, UsageError
from arvae_music.training.checkpoint import load_checkpoint
from arvae_music.training.run import TrainingData, run_training
from arvae_music.training.settings import TrainingSettings
from arvae_music.training.tasks import EventTask, Task, VaeTask
from tests.training.small import SMALL, Silent

STEPS = 13
"""Steps of an epoch: 50 measures in batches of 4. Every tenth and the last are told."""


class Stopped(Exception):
    """What ends a run before its time."""


@dataclass
class Moment:
    """Where a run is stopped; a step of 0 is the end of the epoch."""

    task: str
    epoch: int
    step: int


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """A run sets the number of threads for the whole process."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def stopped_at(moment: Moment) -> Silent:
    def on_step(task: str, epoch: int, step: int) -> None:
        if Moment(task, epoch, step) == moment:
            raise Stopped

    def on_epoch(task: str, figures: dict[str, float]) -> None:
        if Moment(task, int(figures["epoch"]), 0) == moment:
            raise Stopped

    listener = Silent()
    listener.on_step, listener.on_epoch = on_step, on_epoch
    return listener


def figures_of(folder: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    clock = ("seconds", "measures_per_second")
    return [{name: value for name, value in line.items() if name not in clock} for line in lines]


def equal_files(one: Path, other: Path) -> bool:
    mine, theirs = load_file(one), load_file(other)
    return mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)


def same_runs(one: Path, other: Path) -> None:
    """All figures, and all weights and moments in full precision, are the same to the bit."""
    assert figures_of(one) == figures_of(other)
    for name in ("state", "events", "best", "last"):
        assert equal_files(one / f"{name}.safetensors", other / f"{name}.safetensors"), name


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupts."""
    from tests.training.small import some_measures

    data = TrainingData(some_measures(50, 0), some_measures(12, 1), "made-up", "f00d", {"name": "made-up"})
    folder = tmp_path_factory.mktemp("whole") / "run"
    run_training(data, SMALL, folder, Silent())
    return folder


def test_the_seed_decides(whole: Path, data: TrainingData, tmp_path: Path) -> None:
    torch.manual_seed(99)  # whatever came before
    run_training(data, SMALL, tmp_path / "same", Silent())
    same_runs(tmp_path / "same", whole)
    run_training(data, replace(SMALL, seed=1), tmp_path / "other", Silent())
    assert not equal_files(tmp_path / "other" / "last.safetensors", whole / "last.safetensors")


@pytest.mark.parametrize(
    "moments",
    [
        [Moment("events", 0, 10)],
        [Moment("events", 1, 0)],  # after the first epoch
        [Moment("events", 1, STEPS)],  # all steps done, and not validated
        [Moment("events", 2, 0)],  # between the two models
        [Moment("measures", 0, 10)],  # before the first checkpoint
        [Moment("measures", 1, 0)],
        [Moment("events", 0, 10), Moment("events", 0, STEPS), Moment("measures", 1, 10)],
    ],
    ids=str,
)
def test_a_run_goes_on_to_the_bit(
    whole: Path, data: TrainingData, tmp_path: Path, moments: list[Moment]
) -> None:
    folder = tmp_path / "run"
    for number, moment in enumerate(moments):
        torch.manual_seed(number)
        with pytest.raises(Stopped):
            run_training(data, SMALL, folder, stopped_at(moment), resume=number > 0)
    torch.manual_seed(77)
    run_training(data, SMALL, folder, Silent(), resume=True)
    same_runs(folder, whole)


@pytest.mark.parametrize("number", [1, 17])
def test_gradients_that_are_not_finite_spoil_nothing(
    whole: Path, data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    done = 0
    losses = EventTask.losses

    def at_last_infinite(*args: object, **words: object) -> dict[str, torch.Tensor]:
        nonlocal done
        done += 1
        terms = losses(*args, **words)  # type: ignore[arg-type]
        return terms if done < number else {"loss": terms["loss"] * torch.inf}

    monkeypatch.setattr(EventTask, "losses", at_last_infinite)
    with pytest.raises(ArvaeError, match="not finite: train anew with a lower --learning-rate"):
        run_training(data, SMALL, tmp_path / "run", Silent())
    monkeypatch.undo()
    resumable = number > 1
    run_training(data, SMALL, tmp_path / ("run" if resumable else "anew"), Silent(), resume=resumable)
    same_runs(tmp_path / ("run" if resumable else "anew"), whole)


@pytest.mark.parametrize("number", [20, 21, 2 * STEPS + 7, 3 * STEPS + 5])
def test_an_interruption_within_a_step_does_not_count_it_twice(
    whole: Path, data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    # Ctrl-C comes when it comes: here just as the weights have been moved.
    done = 0
    step = AdamW.step

    def interrupted(self: AdamW, closure: Callable[[], float] | None = None) -> object:
        nonlocal done
        out = step(self, closure)
        done += 1
        if done == number:
            raise KeyboardInterrupt
        return out

    monkeypatch.setattr(AdamW, "step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_training(data, SMALL, tmp_path / "run", Silent())
    monkeypatch.undo()
    run_training(data, SMALL, tmp_path / "run", Silent(), resume=True)
    same_runs(tmp_path / "run", whole)


def test_the_rate_has_one_cycle_over_all_epochs(
    data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[float] = []
    step = AdamW.step

    def noted(self: AdamW, closure: Callable[[], float] | None = None) -> object:
        rates.append(self.param_groups[0]["lr"])
        return step(self, closure)

    monkeypatch.setattr(AdamW, "step", noted)
    run_training(data, replace(SMALL, event_epochs=1, learning_rate=0.01), tmp_path / "run", Silent())
    # One epoch of 13 steps for the event model, then two for the auto-encoder; 0.1 * 26 is 2.6.
    assert len(rates) == 3 * STEPS
    rates = rates[STEPS:]
    assert rates[0] == pytest.approx(0.01 / 25)
    assert rates.index(max(rates)) == 3
    assert max(rates) == pytest.approx(0.01, rel=0.01)
    assert rates == sorted(rates[:4]) + sorted(rates[4:], reverse=True)
    assert rates[-1] < 0.01 / 100


def weights_of(task: Task) -> dict[str, torch.Tensor]:
    return {name: weight.clone() for name, weight in task.module.state_dict().items()}


def scored(
    monkeypatch: pytest.MonkeyPatch, events: list[float], measures: list[float]
) -> tuple[list[dict[str, torch.Tensor]], list[dict[str, torch.Tensor]]]:
    """Validation that gives these scores in turn, and the weights to which it gave them."""
    seen: tuple[list[dict[str, torch.Tensor]], list[dict[str, torch.Tensor]]] = ([], [])

    def of_events(task: EventTask) -> dict[str, float]:
        seen[0].append(weights_of(task))
        return {"nats_per_note": -events[len(seen[0]) - 1], "log_likelihood": events[len(seen[0]) - 1]}

    def of_measures(task: VaeTask) -> dict[str, float]:
        seen[1].append(weights_of(task))
        return {"ticks": 0.5, "score": measures[len(seen[1]) - 1], "onset_f1": 0.5}

    monkeypatch.setattr(EventTask, "validate", of_events)
    monkeypatch.setattr(VaeTask, "validate", of_measures)
    return seen


def holds(path: Path, part: str, weights: dict[str, torch.Tensor]) -> bool:
    """Whether a checkpoint holds these weights, in half precision."""
    kept = load_file(path)
    return all(torch.equal(kept[f"{part}.{name}"], weight.half()) for name, weight in weights.items())


@pytest.mark.parametrize("stop", [None, Moment("events", 2, 0), Moment("measures", 2, 0)])
def test_the_best_of_both_models_is_kept(
    data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: Moment | None
) -> None:
    settings = replace(SMALL, event_epochs=4, epochs=4)
    events, vaes = scored(monkeypatch, [-3.0, -2.0, -2.5, -2.0], [0.1, 0.4, 0.4, 0.2])
    folder = tmp_path / "run"
    if stop is not None:
        with pytest.raises(Stopped):
            run_training(data, settings, folder, stopped_at(stop))
    best = run_training(data, settings, folder, Silent(), resume=stop is not None)
    # The last of those that are equally good is the best: it has learned for longer.
    assert (len(events), len(vaes)) == (4, 4)
    assert best == folder / "best.safetensors"
    for name in ("events", "best", "last"):
        path = folder / f"{name}.safetensors"
        assert [holds(path, "events", w) for w in events] == [False, False, False, True], name
    assert [holds(best, "vae", w) for w in vaes] == [False, False, True, False]
    assert [holds(folder / "last.safetensors", "vae", w) for w in vaes] == [False, False, False, True]


def test_without_a_score_the_last_is_the_best(data: TrainingData, tmp_path: Path) -> None:
    nothing = data.validation.part(0, 0)
    folder = tmp_path / "run"
    run_training(replace(data, validation=nothing), SMALL, folder, Silent())
    assert equal_files(folder / "best.safetensors", folder / "last.safetensors")


def test_a_checkpoint_says_how_it_came_to_be(whole: Path) -> None:
    loaded = load_checkpoint(whole / "best.safetensors")
    assert loaded.card["corpus"] == {"name": "made-up"}
    assert loaded.card["corpus_hash"] == "f00d"
    assert TrainingSettings.from_json(loaded.card["training"]) == SMALL
    assert loaded.card["precision"] == "32-true"
    assert loaded.card["machine"].endswith(", 1 thread")
    assert not loaded.card["machine"].startswith(",")
    epochs = [json.loads(line) for line in (whole / "metrics.jsonl").read_text().splitlines()]
    for task in ("events", "measures"):  # the whole time, and not that until the best epoch alone
        spent = sum(epoch["seconds"] for epoch in epochs if epoch["task"] == task)
        assert loaded.card["seconds"][task] == pytest.approx(spent, abs=0.051)
    assert set(loaded.card["validation"]) >= {"ticks", "measures", "onset_f1", "loss"}
    assert set(loaded.calibration.lines) == {"4/4", "6/8"}
    for lines in loaded.calibration.lines.values():
        assert tuple(lines) == SMALL.model.attributes
        assert all((np.diff(line.places) >= 0).all() for line in lines.values())
    assert not loaded.vae.training
    assert not any(p.requires_grad for p in (*loaded.vae.parameters(), *loaded.events.parameters()))


def test_figures_are_means_over_the_epochs_steps(whole: Path) -> None:
    lines = figures_of(whole)
    numbered = [f"{line['task']} {line['epoch']}" for line in lines]
    assert numbered == ["events 1", "events 2", "measures 1", "measures 2"]
    for line in lines[2:]:
        parts = line["reconstruction"] + 0.2 * line["attribute_order"] + 1.0 * line["linearity"]
        beta = (line["loss"] - parts) / line["divergence"]
        # The first of two epochs has the first weight; in the second it falls to a tenth.
        low, high = {1: (0.00099, 0.00101), 2: (0.0001, 0.00101)}[int(line["epoch"])]
        assert low < beta < high
    for line in lines[:2]:
        assert line["log_likelihood"] == -line["nats_per_note"]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"beta": 0.5}, "--beta 0.001"),
        ({"batch_size": 8}, "--batch-size 4"),
        ({"model": replace(SMALL.model, latent=7)}, "other sizes"),
    ],
)
def test_another_run_is_not_gone_on_with(
    whole: Path, data: TrainingData, changes: dict[str, float], line: str
) -> None:
    with pytest.raises(UsageError, match=line):
        run_training(data, replace(SMALL, **changes), whole, Silent(), resume=True)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="another corpus"):
        run_training(replace(data, hash="beef"), SMALL, whole, Silent(), resume=True)
    with pytest.raises(UsageError, match="--resume"):
        run_training(data, SMALL, whole, Silent())


def test_nothing_to_resume(data: TrainingData, tmp_path: Path) -> None:
    with pytest.raises(ArvaeError, match="nothing to resume"):
        run_training(data, SMALL, tmp_path / "none", Silent(), resume=True)
    assert not (tmp_path / "none").exists()


def test_a_finished_run_stays_as_it_is(whole: Path, data: TrainingData) -> None:
    before = {path.name: path.read_bytes() for path in whole.iterdir()}
    run_training(data, SMALL, whole, Silent(), resume=True)
    assert {path.name: path.read_bytes() for path in whole.iterdir()} == before


def test_a_run_that_starts_from_a_model_begins_with_its_weights(
    whole: Path, data: TrainingData, tmp_path: Path
) -> None:
    start = load_checkpoint(whole / "best.safetensors")
    still = replace(SMALL, epochs=1, event_epochs=1, learning_rate=1e-8, weight_decay=0.0)
    run_training(data, still, tmp_path / "from", Silent(), start=start)
    got = load_file(tmp_path / "from" / "last.safetensors")
    wanted = load_file(whole / "best.safetensors")
    # At such a rate a run ends where it began.
    for name, tensor in wanted.items():
        assert torch.allclose(got[name].float(), tensor.float(), atol=1e-3), name


def test_a_start_of_another_size_is_refused_before_anything_is_written(
    whole: Path, data: TrainingData, tmp_path: Path
) -> None:
    start = load_checkpoint(whole / "best.safetensors")
    other = replace(SMALL, model=replace(SMALL.model, latent=SMALL.model.latent + 1))
    with pytest.raises(UsageError, match=r"--start: the model has latent 6 and not 7: leave it out"):
        run_training(data, other, tmp_path / "run", Silent(), start=start)
    assert not (tmp_path / "run").exists()


def test_a_run_from_a_model_goes_on_to_the_bit(whole: Path, data: TrainingData, tmp_path: Path) -> None:
    start = load_checkpoint(whole / "best.safetensors")
    run_training(data, SMALL, tmp_path / "whole", Silent(), start=start)
    with pytest.raises(Stopped):
        run_training(data, SMALL, tmp_path / "run", stopped_at(Moment("events", 1, 0)), start=start)
    run_training(data, SMALL, tmp_path / "run", Silent(), start=start, resume=True)
    same_runs(tmp_path / "run", tmp_path / "whole")
