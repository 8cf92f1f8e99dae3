"""Batches that several processes share: what they learn is what one learns from them alone."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from arvae_music.training.checkpoint import load_checkpoint
from arvae_music.training.peers import ALONE, Peers, follows, machines

ROOT = Path(__file__).parents[2]


def run(folder: Path, devices: int) -> list[dict[str, Any]]:
    """The figures of a run of so many processes."""
    words = [sys.executable, "-m", "tests.training.peer_run", str(folder), str(devices)]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_two_processes_have_the_losses_of_one(tmp_path: Path) -> None:
    alone, shared = run(tmp_path / "one", 1), run(tmp_path / "two", 2)
    assert [(line["task"], line["epoch"]) for line in alone] == [
        ("events", 1), ("events", 2), ("measures", 1), ("measures", 2),
        ("copies", 1), ("listening", 1), ("listening", 2),
    ]  # fmt: skip
    assert len(shared) == len(alone)  # one process alone writes
    clock = {"seconds", "measures_per_second"}
    for one, two in zip(alone, shared, strict=True):
        if one["task"] in ("measures", "listening"):  # the event model drops out otherwise
            for name in one.keys() - clock - {"task"}:
                assert two[name] == pytest.approx(one[name], rel=2e-4, abs=2e-5), (one["task"], name)
    first, second = (load_checkpoint(tmp_path / name / "last.safetensors").vae for name in ("one", "two"))
    for name, weight in first.state_dict().items():
        torch.testing.assert_close(second.state_dict()[name], weight, rtol=0.01, atol=1e-3)


@pytest.mark.parametrize(("rows", "count"), [(6, 3), (7, 3), (5, 2), (1, 4), (2, 4), (8, 1)])
def test_shares_make_the_batch_again(rows: int, count: int) -> None:
    batch = torch.arange(2 * rows).view(rows, 2)
    shares = [Peers(rank, count).own(batch) for rank in range(count)]
    assert all(len(share) for share in shares)  # networks want a measure

    def collect(mine: Tensor) -> Tensor:
        longest = max(len(share) for share in shares)
        return torch.stack([torch.cat([share, share.new_zeros(longest - len(share), 2)]) for share in shares])

    for rank, share in enumerate(shares):
        assert torch.equal(Peers(rank, count, collect).all(share, rows), batch)


def test_alone_nothing_is_divided() -> None:
    batch = torch.arange(5)
    assert ALONE.own(batch) is batch
    assert ALONE.all(batch, 5) is batch


def test_who_follows_and_where(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "LOCAL_RANK", "GROUP_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    assert (follows(), machines()) == (False, 1)
    monkeypatch.setenv("LOCAL_RANK", "1")  # as Fabric starts helpers
    assert follows()
    monkeypatch.setenv("RANK", "0")
    assert not follows()
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("RANK", "4")  # the first one of another machine
    monkeypatch.setenv("GROUP_WORLD_SIZE", "2")
    assert (follows(), machines()) == (True, 2)
