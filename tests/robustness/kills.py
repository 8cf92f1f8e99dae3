"""Processes that are killed at random moments of training, preparing and writing: nothing is lost."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from arvae_music.data import load_corpus

from arvae_music import read
from arvae_music.errors import ArvaeError
from arvae_music.training.checkpoint import load_checkpoint
from arvae_music.training.run import TrainingData
from arvae_music.training.state import load_state
from tests.robustness.children import Child
from tests.robustness.small_run import data_of, difference, train, write_tunes
from tests.robustness.sources import EXAMPLES
from tests.robustness.tally import Outcome, Tally


def try_kills(count: int, seed: int, tally: Tally) -> None:
    """Kill so many processes: half of them training, a quarter each preparing and writing."""
    with tempfile.TemporaryDirectory(prefix="kills") as name:
        folder, rng = Path(name), random.Random(f"{seed} kills")
        write_tunes(folder / "tunes", 30, seed, bars=4)
        data = data_of(folder / "tunes")
        _kill_training(data, folder, count - 2 * (count // 4), rng, tally)
        _kill_preparing(folder, count // 4, rng, tally)
        _kill_writing(folder, count // 4, rng, tally)


def _kill_training(data: TrainingData, folder: Path, count: int, rng: random.Random, tally: Tally) -> None:
    """Kill runs, each until it is through; it must leave what a run leaves that is never killed."""
    whole = folder / "whole"
    began = time.monotonic()
    reference = Child(lambda: train(data, whole)).outcome()
    spent = time.monotonic() - began
    tally.add("runs never killed", reference)
    if reference.word != "done":
        return
    killed = number = 0
    while killed < count:
        run, number = folder / f"run{number}", number + 1
        while killed < count and Child(lambda run=run: train(data, run)).kill_after(rng.uniform(0, spent)):  # type: ignore[misc]
            killed += 1
            tally.add("kills, training", outcome_here(lambda run=run: _loads(run)), f"kill {killed}")  # type: ignore[misc]
        last = Child(lambda run=run: train(data, run)).outcome()  # type: ignore[misc]
        unequal = difference(run, whole) if last.word == "done" else last.said
        tally.add("runs that went on", Outcome("lost", unequal) if unequal else last, run.name)


def _loads(run: Path) -> str:
    """The last whole checkpoints and the state, of those that are there, can be read."""
    for name in ("best", "last", "events"):
        if (run / f"{name}.safetensors").exists():
            load_checkpoint(run / f"{name}.safetensors")
    if (run / "state.safetensors").exists():
        load_state(run / "state.safetensors")
    return _litter(run)


def _litter(folder: Path) -> str:
    left = [path.name for path in folder.glob(".*")] if folder.is_dir() else []
    if left:
        raise ArvaeError(f"{folder}: litter: {left[0]}")
    return ""


def outcome_here(check: Callable[[], object]) -> Outcome:
    """A check of what a dead process has left."""
    try:
        check()
    except ArvaeError as error:
        said = str(error)
        return Outcome("partial" if "litter" in said else "lost", said)
    return Outcome("done")


def _kill_preparing(folder: Path, count: int, rng: random.Random, tally: Tally) -> None:
    """Kill processes that read a corpus into the cache; the next one must do it, and is not kept out."""
    tunes, cache = folder / "many", folder / "cache"
    write_tunes(tunes, 150, 1)
    began = time.monotonic()
    whole = Child(lambda: load_corpus(tunes, jobs=1).hash, folder / "other cache").outcome()
    spent = time.monotonic() - began
    for number in range(count):
        Child(lambda: load_corpus(tunes, jobs=1).hash, cache).kill_after(rng.uniform(0, 1.1 * spent))
        kept = cache / "arvae_music" / "corpora"
        outcome = outcome_here(lambda kept=kept: _litter(kept))  # type: ignore[misc]
        again = Child(lambda: load_corpus(tunes, jobs=1).hash, cache).outcome()
        if again != whole:
            outcome = Outcome("lost", f"{again.word}: {again.said} where it was {whole.said}")
        tally.add("kills, preparing", outcome, f"kill {number}")
        for path in kept.glob("*.npz"):
            path.unlink()


def _kill_writing(folder: Path, count: int, rng: random.Random, tally: Tally) -> None:
    """Kill processes that write a tune over another, again and again: there is always one of the two."""
    place = folder / "writing"
    place.mkdir()
    for number in range(count):
        suffix = (".mid", ".abc", ".musicxml", ".mxl")[number % 4]
        out = place / f"tune{suffix}"
        tunes = [read(EXAMPLES / name) for name in ("jig.abc", "polka.abc")]
        contents = []
        for tune in tunes:
            tune.write(out, force=True)
            contents.append(out.read_bytes())

        def writing(out: Path = out, tunes: list[object] = list(tunes)) -> None:  # noqa: B006
            while True:
                for tune in tunes:
                    tune.write(out, force=True)  # type: ignore[attr-defined]

        Child(writing).kill_after(rng.uniform(0, 0.1))
        outcome = outcome_here(lambda: _litter(place))
        if not out.exists() or out.read_bytes() not in contents:
            outcome = Outcome("lost", f"{out.name} is neither of the two")
        tally.add("kills, writing", outcome, f"kill {number}")
