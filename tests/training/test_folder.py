"""The folder of a run after a process was killed in it, and while another one has it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save

from arvae_music.errors import ArvaeError
from arvae_music.training.folder import METRICS, STATE, alone_in, is_finished
from arvae_music.training.run import TrainingData, run_training
from arvae_music.training.state import Progress, load_state, save_state
from tests.training.small import SMALL, Silent, some_measures


@pytest.fixture
def data() -> TrainingData:
    return TrainingData(some_measures(20, 0), some_measures(6, 1), "made-up", "f00d", {"name": "made-up"})


class StoppedError(Exception):
    """What ends a run."""


def stopped_after(epoch: int, task: str) -> Silent:
    listener = Silent()

    def on_epoch(name: str, figures: dict[str, float]) -> None:
        if (name, figures["epoch"]) == (task, epoch):
            raise StoppedError

    listener.on_epoch = on_epoch
    return listener


def rows_of(folder: Path) -> list[tuple[str, int]]:
    rows = [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]
    return [(row["task"], row["epoch"]) for row in rows]


ALL = [("events", 1), ("events", 2), ("measures", 1), ("measures", 2)]


def test_figures_of_an_epoch_whose_state_was_not_saved_are_not_told_twice(
    data: TrainingData, tmp_path: Path
) -> None:
    # Killed between the figures and the state: the epoch is gone through again.
    with pytest.raises(StoppedError):
        run_training(data, SMALL, tmp_path, stopped_after(2, "events"))
    lines = (tmp_path / METRICS).read_text()
    (tmp_path / METRICS).write_text(lines + lines.splitlines()[-1].replace("events", "measures") + "\n")
    assert rows_of(tmp_path) == [("events", 1), ("events", 2), ("measures", 2)]
    run_training(data, SMALL, tmp_path, Silent(), resume=True)
    assert rows_of(tmp_path) == ALL


def test_what_a_run_leaves_that_died_before_its_first_state_is_not_the_next_ones(
    data: TrainingData, tmp_path: Path
) -> None:
    (tmp_path / METRICS).write_text('{"task": "events", "epoch": 1, "seconds": 1.0}\n')
    (tmp_path / "copies.safetensors").write_bytes(b"of another run")
    run_training(data, SMALL, tmp_path, Silent())
    assert rows_of(tmp_path) == ALL
    assert not (tmp_path / "copies.safetensors").exists()


def test_a_folder_that_another_process_has_is_refused(data: TrainingData, tmp_path: Path) -> None:
    with alone_in(tmp_path), pytest.raises(ArvaeError, match="another process trains into this folder"):
        run_training(data, SMALL, tmp_path, Silent())
    assert {path.name for path in tmp_path.iterdir()} <= {"run.lock"}
    run_training(data, SMALL, tmp_path, Silent())  # nobody has it any more


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sums": []}, "its losses are not by name"),
        ({"sums": {"loss": "low"}}, "its progress is none"),
        ({"epoch": -1}, "its progress is none"),
        ({"step": 1.5}, "its progress is none"),
        ({"task": 6}, "its progress is none"),
        ({"task": "oracle"}, "a task that this run does not have"),
    ],
)
def test_progress_that_is_none(
    data: TrainingData, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(StoppedError):
        run_training(data, SMALL, tmp_path, stopped_after(1, "events"))
    state = load_state(tmp_path / STATE)
    save_state(tmp_path / STATE, state)
    changed = {**asdict(state.progress), **changes}
    about = {"progress": json.dumps(changed), "settings": json.dumps(state.settings), "corpus": state.corpus}
    (tmp_path / STATE).write_bytes(save(load_file(tmp_path / STATE), about))
    with pytest.raises(ArvaeError, match=said) as caught:
        run_training(data, SMALL, tmp_path, Silent(), resume=True)
    assert str(tmp_path / STATE) in str(caught.value)


def test_a_state_of_another_network_or_of_no_settings(data: TrainingData, tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        run_training(data, SMALL, tmp_path, stopped_after(1, "events"))
    state = load_state(tmp_path / STATE)
    name = next(name for name in state.tensors if name.startswith("weights."))
    for tensors in (
        {n: t for n, t in state.tensors.items() if n != name},
        {**state.tensors, name: state.tensors[name][:1]},
        {**state.tensors, "moments.999.step": state.tensors[name]},
        {**state.tensors, "moments.0.spell": state.tensors[name]},
    ):
        save_state(tmp_path / STATE, type(state)(Progress("events", 1), state.settings, "f00d", tensors))
        with pytest.raises(ArvaeError, match=r"state\.safetensors: the state of a run with another network"):
            run_training(data, SMALL, tmp_path, Silent(), resume=True)
    save_state(tmp_path / STATE, type(state)(state.progress, {"epochs": "many"}, "f00d", state.tensors))
    with pytest.raises(ArvaeError, match=r"state\.safetensors: not a state of a training run \(its settings"):
        is_finished(tmp_path)
