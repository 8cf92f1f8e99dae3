"""How time and memory grow with the corpus: corpora of generated tunes, each in a process of its own.

python -m tests.benchmarks.growth 10000 100000 1000000 --plot growth.png
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from arvae_music.data import load_corpus

from arvae_music import load_model, read
from arvae_music.control.request import read_requests
from arvae_music.training.corpus import training_data
from arvae_music.training.presets import preset_settings
from arvae_music.training.tasks import EventTask, VaeTask
from tests.benchmarks.steps import stepper

SIZES = [10_000, 100_000, 1_000_000]
MEASURES = 32
"""Of a generated tune."""

EDITS = (32, 320, 1_280)
"""Measures of the tunes that are edited."""

_STEPS = np.array([-4, -3, -2, -2, -1, -1, -1, 0, 1, 1, 1, 2, 2, 3, 4])
_RHYTHMS = ("2222", "224", "422", "2114", "1122 2", "31 22", "44", "112 4", "6 2", "2 6", "8", "11112 2")
_NAMES = "CDEFGABcdefgab"


@dataclass(frozen=True)
class Size:
    """What a corpus of one size took.

    Attributes:
        measures: of the corpus.
        prepare_rate: measures read from ABC and prepared in a second of one core.
        event_rate, step_rate: measures trained on in a second, event model and auto-encoder.
        memory: anonymous resident memory at the end of training, bytes: what the system cannot drop.
        mapped: resident pages of files.
        edits: seconds of an edit by the tune's measures; only for the smallest corpus.
    """

    measures: int
    prepare_rate: float
    event_rate: float
    step_rate: float
    memory: int
    mapped: int
    edits: dict[int, float]


def tune(number: int, generator: np.random.Generator, measures: int = MEASURES) -> str:
    """A melody in 4/4 as ABC: a walk on the scale in common rhythms."""
    bars, place = [], 7
    for rhythm in generator.integers(len(_RHYTHMS), size=measures):
        notes = []
        for eighths in _RHYTHMS[rhythm].replace(" ", ""):
            place = int(np.clip(place + generator.choice(_STEPS), 0, len(_NAMES) - 1))
            notes.append(f"{_NAMES[place]}{eighths}")
        bars.append("".join(notes))
    lines = ["|".join(bars[k : k + 8]) + "|" for k in range(0, measures, 8)]
    return "\n".join([f"X:{number}", f"T:Walk {number}", "M:4/4", "L:1/8", "K:C", *lines, ""])


def books(folder: Path, measures: int, seed: int = 0) -> None:
    """Write as many tunes as have so many measures, in books of 500."""
    generator = np.random.default_rng(seed)
    count = -(-measures // MEASURES)
    for start in range(0, count, 500):
        some = range(start, min(start + 500, count))
        text = "\n".join(tune(number + 1, generator) for number in some)
        (folder / f"book{start:07}.abc").write_text(text)


def resident() -> tuple[int, int]:
    """Anonymous and file-backed resident memory, bytes (Linux)."""
    found = {}
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("RssAnon", "RssFile"):
            found[name] = int(value.split()[0]) * 1024
    return found["RssAnon"], found["RssFile"]


def of_one_size(measures: int, *, edits: bool) -> Size:
    """Prepare, train and edit; in this process, on one thread."""
    torch.set_num_threads(1)
    settings = preset_settings("default")
    with tempfile.TemporaryDirectory() as place:
        os.environ["XDG_CACHE_HOME"] = str(Path(place) / "cache")
        folder = Path(place) / "books"
        folder.mkdir()
        books(folder, measures)
        words = [sys.executable, "-c", _PREPARE, str(folder)]
        prepared = float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
        corpus = load_corpus(folder, jobs=1)
        count = len(corpus)
        data = training_data(corpus, ())
        del corpus
        rates = []
        for kind, steps in ((EventTask, 60), (VaeTask, 30)):
            step, took = stepper(kind, data.train, settings), []
            for _ in range(steps):
                began = time.process_time()
                step()
                took.append(time.process_time() - began)
            rates.append(settings.batch_size / min(took))
        memory, mapped = resident()
        edited = edit_seconds(Path(place)) if edits else {}
    return Size(count, count / prepared, rates[0], rates[1], memory, mapped, edited)


_PREPARE = """
import sys, time
from arvae_music.data import load_corpus
load_corpus(sys.argv[1], jobs=1)
print(time.process_time())
"""


def edit_seconds(place: Path) -> dict[int, float]:
    """Seconds of an edit by the tune's measures."""
    model, found = load_model("folk"), {}
    for measures in EDITS:
        path = place / f"tune{measures}.abc"
        path.write_text(tune(1, np.random.default_rng(1), measures))
        request = read_requests((("density", "+1"),))
        model.edit(read(path), *request)  # tables that are made once
        began = time.process_time()
        model.edit(read(path), *request)
        found[measures] = time.process_time() - began
    return found


def trial(sizes: list[int]) -> list[Size]:
    """What corpora of these sizes take, smallest first."""
    found = []
    for size in sorted(sizes):
        words = [sys.executable, "-m", "tests.benchmarks.growth", "--one", str(size)]
        words += ["--edits"] if size == min(sizes) else []
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(words, check=False, capture_output=True, text=True, env=environment)
        if done.returncode:
            raise SystemExit(done.stderr[-4000:])
        plain = json.loads(done.stdout.splitlines()[-1])
        found.append(Size(**{**plain, "edits": {int(k): v for k, v in plain["edits"].items()}}))
    return found


def draw(sizes: list[Size], path: Path) -> None:
    """Seconds and memory by measures, on logarithmic axes with straight lines for linear growth."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    measures = [size.measures for size in sizes]
    left.loglog(measures, [size.measures / size.prepare_rate for size in sizes], "o-", label="prepare")
    left.loglog(
        measures, [size.measures / size.event_rate for size in sizes], "o-", label="an epoch, event model"
    )
    left.loglog(
        measures, [size.measures / size.step_rate for size in sizes], "o-", label="an epoch, auto-encoder"
    )
    left.set(xlabel="measures of the corpus", ylabel="seconds of one core")
    left.legend()
    middle.semilogx(measures, [size.memory / 2**20 for size in sizes], "o-", label="not in files")
    middle.semilogx(measures, [size.mapped / 2**20 for size in sizes], "o-", label="pages of files")
    middle.set(xlabel="measures of the corpus", ylabel="resident memory in training, MiB", ylim=(0, None))
    middle.legend()
    edits = sizes[0].edits
    right.loglog(list(edits), list(edits.values()), "o-")
    right.set(xlabel="measures of a tune", ylabel="seconds of an edit")
    figure.savefig(path, dpi=120)


def main(
    sizes: Annotated[list[int] | None, typer.Argument()] = None,
    one: Annotated[
        bool, typer.Option(help="Measure one size in this process, and print it as JSON.")
    ] = False,
    edits: Annotated[bool, typer.Option(help="With edits.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw a picture into this file.")] = None,
) -> None:
    """Measure, and print what was found as JSON."""
    sizes = sizes or SIZES
    found = [of_one_size(sizes[0], edits=edits)] if one else trial(sizes)
    for size in found:
        sys.stdout.write(json.dumps(asdict(size)) + "\n")
    if plot is not None:
        draw(found, plot)


if __name__ == "__main__":
    typer.run(main)
