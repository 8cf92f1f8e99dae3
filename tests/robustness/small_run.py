"""A small corpus of files, and a run on it through all stages, small enough to be killed many times."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from arvae_music.data import load_corpus
from safetensors import safe_open

from arvae_music.control.copies import edited_copies
from arvae_music.training.corpus import training_data
from arvae_music.training.run import TrainingData, run_training
from tests.training.small import SMALL, Silent

SETTINGS = replace(
    SMALL, epochs=3, event_epochs=2, listening_epochs=2, prior_epochs=2, copies=1, batch_size=16,
    model=replace(SMALL.model, draft=True),
)  # fmt: skip
"""Seven epochs of four stages, in one thread."""

FILES = {
    "best.safetensors", "last.safetensors", "state.safetensors", "events.safetensors",
    "copies.safetensors",
    "metrics.jsonl", "run.lock",
}  # fmt: skip
"""What a run may leave in its folder."""

_NOTES = ("C", "D", "E", "F", "G", "A", "B", "c", "d", "e", "c2", "G2", "A2", "z")


def write_tunes(folder: Path, count: int, seed: int, bars: int = 8) -> None:
    """A folder of tunes in eighths and quarters."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    for number in range(count):
        text = (
            f"X:1\nT:Tune {number}\nM:4/4\nL:1/8\nK:C\n" + "|".join(_bar(rng) for _ in range(bars)) + "|]\n"
        )
        (folder / f"{number:03}.abc").write_text(text)


def _bar(rng: random.Random) -> str:
    notes, left = "", 8
    while left:
        note = rng.choice(_NOTES)
        length = 2 if note[-1] == "2" else 1
        if length <= left:
            notes, left = notes + note, left - length
    return notes


def data_of(folder: Path) -> TrainingData:
    """What a run learns from."""
    return training_data(load_corpus(folder, jobs=1))


def train(data: TrainingData, folder: Path) -> None:
    """Begin the run, or go on with it."""
    torch.set_num_threads(1)
    resume = (folder / "state.safetensors").exists()
    run_training(data, SETTINGS, folder, Silent(), copier=edited_copies, resume=resume)


def figures(folder: Path) -> list[dict[str, Any]]:
    """Of every epoch, but for how long it took."""
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    clock = ("seconds", "measures_per_second")
    return [{n: v for n, v in row.items() if n not in clock} for row in rows if row["task"] != "copies"]


def difference(one: Path, other: Path) -> str:
    """How two runs differ, to the bit; empty where they do not."""
    if figures(one) != figures(other):
        return f"other losses: {figures(one)} and {figures(other)}"[:400]
    for name in ("state", "best", "last", "events"):
        first, second = (_tensors(folder / f"{name}.safetensors") for folder in (one, other))
        unequal = [n for n in first.keys() | second.keys() if not _same(first.get(n), second.get(n))]
        if unequal:
            return f"{name} differs in {unequal[0]} and {len(unequal) - 1} more"
    litter = {path.name for path in one.iterdir()} - FILES
    return f"litter: {sorted(litter)[0]}" if litter else ""


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def _same(one: torch.Tensor | None, other: torch.Tensor | None) -> bool:
    return one is not None and other is not None and torch.equal(one, other)
