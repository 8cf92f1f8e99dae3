"""How long commands take from the keystroke to the prompt, in processor seconds of the child."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

EXAMPLE = Path(__file__).parents[2] / "data" / "examples" / "reel.mid"


def children() -> float:
    """Processor seconds of all children so far: what else the machine does counts for little."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


TORCH = ("-c", "import torch")
"""What everything is held against."""

WAYS: dict[str, Callable[[Path], Sequence[str]]] = {
    "arvae-music --help": lambda _: ["-m", "arvae_music", "--help"],
    "attributes of a MIDI file": lambda _: ["-m", "arvae_music", "attributes", str(EXAMPLE)],
    "interpolate, cold": lambda place: [
        *("-m", "arvae_music", "interpolate", str(EXAMPLE), "--attr", "density", "+2"),
        *("-o", str(place / "out.mid"), "--force"),
    ],
}


def start(words: Sequence[str]) -> None:
    """Run Python with these words, to its end."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # modules are compiled once, as they are for users
    subprocess.run([sys.executable, *words], check=True, capture_output=True, env=environment)


@pytest.mark.benchmark(group="starting", timer=children)
@pytest.mark.parametrize("way", WAYS)
def test_starting(benchmark: BenchmarkFixture, tmp_path: Path, way: str) -> None:
    took = []

    def baseline() -> None:  # in turn with the other, as a machine's speed changes by the minute
        before = children()
        start(TORCH)
        took.append(children() - before)

    benchmark.pedantic(start, args=(WAYS[way](tmp_path),), setup=baseline, rounds=7, warmup_rounds=1)
    benchmark.extra_info.update(figure=way, torch=min(took))
