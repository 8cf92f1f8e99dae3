"""Eight processes at once that want the same: one does the work, and the others wait or are refused."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from arvae_music.data import load_corpus

from tests.robustness.children import Child
from tests.robustness.kills import outcome_here
from tests.robustness.small_run import data_of, difference, train, write_tunes
from tests.robustness.tally import Outcome, Tally

TOGETHER = 8


def try_together(seed: int, tally: Tally) -> None:
    """Prepare the same corpus at once, and train into the same folder at once."""
    with tempfile.TemporaryDirectory(prefix="together") as name:
        prepare_together(Path(name), seed, tally)
        train_together(Path(name), seed, tally)


def _at(moment: float) -> None:
    """Wait, so that all begin together."""
    time.sleep(max(moment - time.monotonic(), 0))


def prepare_together(folder: Path, seed: int, tally: Tally) -> None:
    """The same corpus."""
    tunes, cache, marks = folder / "many", folder / "cache", folder / "marks"
    write_tunes(tunes, 150, seed)
    marks.mkdir()
    start = time.monotonic() + 0.5

    def prepare() -> str:
        _at(start)
        # Progress is only told where files are read.
        return load_corpus(tunes, jobs=1, progress=lambda *_: (marks / str(os.getpid())).touch()).hash

    outcomes = [child.outcome() for child in [Child(prepare, cache) for _ in range(TOGETHER)]]
    for number, outcome in enumerate(outcomes):
        same = outcome == outcomes[0] or outcome.word != "done"
        tally.add("preparing together", outcome if same else Outcome("lost", "another corpus"), str(number))
    kept = [path.name for path in (cache / "arvae_music" / "corpora").iterdir() if path.suffix != ".lock"]
    readers = len(list(marks.iterdir()))
    good = readers == 1 and len(kept) == 1
    said = f"{readers} processes read the files, and the cache holds {kept}"
    tally.add("one cache, made once", Outcome("done") if good else Outcome("lost", said))


def train_together(folder: Path, seed: int, tally: Tally) -> None:
    """Into the same folder."""
    write_tunes(folder / "tunes", 30, seed, bars=4)
    data = data_of(folder / "tunes")
    whole, run = folder / "whole", folder / "run"
    tally.add("training alone", Child(lambda: train(data, whole)).outcome())
    start = time.monotonic() + 0.5

    def together() -> None:
        _at(start)
        train(data, run)

    outcomes = [child.outcome() for child in [Child(together) for _ in range(TOGETHER)]]
    for number, outcome in enumerate(outcomes):
        tally.add("training together", outcome, str(number))
    done = sum(outcome.word == "done" for outcome in outcomes)
    unequal = difference(run, whole) if done == 1 else f"{done} processes trained"
    tally.add("one run", Outcome("lost", unequal) if unequal else outcome_here(lambda: None))
