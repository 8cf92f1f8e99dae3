"""The table of speeds: ratios and goals by hand, and the tunes of the trial of growth."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arvae_music import read
from arvae_music.measures import measures
from tests.benchmarks.bench_training import AS_LARGE, PAPER, SAME_BATCH
from tests.benchmarks.growth import Size, books, draw, tune
from tests.benchmarks.table import Row, compared, editing, grown, images, shorter, starting, training, tree_at


@pytest.mark.parametrize(
    ("ratio", "goal", "holds"),
    [
        (0.2, "<= 0.2", True),
        (0.21, "<= 0.2", False),
        (2.5, ">= 2.5", True),
        (2.4, ">= 2.5", False),
        (2.4, "", None),
        (None, ">= 1", None),
    ],
)
def test_goals(ratio: float | None, goal: str, holds: bool | None) -> None:
    assert Row("it", "1 s", "that 2 s", ratio, goal).holds is holds


def test_a_goal_of_something_else_is_missed() -> None:
    assert Row("it", "1 s", "that 2 s", 0.01, "<= 0.05").holds is True
    assert Row("it", "1 s", "that 2 s", 0.01, "<= 0.05", reached=False).holds is False


def test_starting_by_hand() -> None:
    seconds = {"arvae-music --help": 0.3, "attributes of a MIDI file": 1.2, "interpolate, cold": 3.0}
    rows = list(starting({name: {"seconds": value, "torch": 2.0} for name, value in seconds.items()}))
    assert [(row.value, row.holds) for row in rows] == [("0.30 s", True), ("1.20 s", False), ("3.00 s", True)]
    assert [row.ratio for row in rows] == pytest.approx([0.15, 0.6, 1.5])


def test_training_by_hand() -> None:
    def found(count: int, seconds: float, flops: float, **beside: dict[str, Any]) -> dict[str, Any]:
        shared = {"product_rate": 1e11, "measures_of_an_epoch": 1_000, "epochs": 30, "parameters": 2e6}
        measured = {"count": count, "seconds": seconds, "flops": flops, "product_share": 0.5}
        return {**measured, **shared, "beside": beside}

    large, paper = found(200, 0.5, 5e7), found(200, 0.4, 1e7)
    slower = found(200, 0.8, 5e7)
    rows = list(
        training(
            {
                "training, default": found(100, 0.1, 2e7, **{AS_LARGE: large, PAPER: paper}),
                SAME_BATCH: found(200, 0.4, 2e7, **{AS_LARGE: slower}),
                "training, one epoch": found(50, 0.1, 2e7, **{PAPER: paper}),
                "one epoch": {"ticks": 0.0},
            }
        )
    )
    # 1,000 measures a second of the default, and 400 and 500 of the others; 500 beside 250 in large batches.
    assert [row.ratio for row in rows[:3]] == pytest.approx([2.5, 2.0, 2.0])
    assert [row.holds for row in rows[:3]] == [True, False, None]
    # 20 and 20 GFLOP/s of 100; half of the time is for matrix products.
    assert [row.ratio for row in rows[3:7]] == pytest.approx([0.2, 0.5, 0.2, 0.5])
    assert rows[4].baseline == "were there nothing else, 2,000 measures/s"
    # An epoch in 2 seconds, and 30 in 60; but it reached less.
    assert rows[-1].ratio == pytest.approx(1 / 30)
    assert rows[-1].holds is False


def test_beside_a_commit_by_hand() -> None:
    now = {"read": {"seconds": 0.5}, "new": {"seconds": 1.0}}
    [row] = compared(now, {"read": {"seconds": 2.0}, "gone": {"seconds": 1.0}}, "abc1234")
    assert (row.figure, row.ratio, row.holds) == ("read, beside abc1234", 4.0, None)
    name = "encode, decode and search, a pair"
    [row] = compared({name: {"seconds": 1.0}}, {name: {"seconds": 2.9}}, "abc1234")
    assert (row.ratio, row.holds) == (2.9, False)


def test_the_shorter_of_two_measurements() -> None:
    one = {"read": {"seconds": 0.5, "count": 1}, "write": {"seconds": 0.1, "count": 2}}
    other = {"read": {"seconds": 0.4, "count": 3}, "write": {"seconds": 0.2, "count": 4}}
    assert shorter(one, other) == {"read": other["read"], "write": one["write"]}


def test_editing_by_hand() -> None:
    part = {"count": 30, "seconds": 0.1, "unit": "measures", "product_share": 0.25}
    read, whole, products = editing({"read": part, "encode, decode and search, a pair": part})
    assert (read.value, whole.value) == ("300 measures/s", "300 measures/s")
    assert (products.value, products.ratio, products.holds) == ("25% of the time", 0.25, None)
    assert products.baseline == "were there nothing else, 1,200 measures/s"


def test_a_tree_at_a_commit_is_there_and_goes_again() -> None:
    with tree_at("HEAD") as tree:
        assert (tree / "pyproject.toml").exists()
    assert not tree.exists()


def test_growth_by_hand(tmp_path: Path) -> None:
    sizes = [
        Size(100, 50.0, 30.0, 20.0, 2**30, 2**20, {10: 0.1, 100: 1.5}),
        Size(1_000, 45.0, 30.0, 10.0, int(1.05 * 2**30), 2**20, {}),
    ]
    rows = list(grown(sizes))
    assert [row.ratio for row in rows] == pytest.approx([0.9, 1.0, 0.5, 1.05, 1.5])
    assert [row.holds for row in rows] == [True, True, False, True, False]
    draw(sizes, tmp_path / "growth.png")
    assert (tmp_path / "growth.png").stat().st_size > 1_000


def test_generated_tunes_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "tune.abc"
    path.write_text(tune(1, np.random.default_rng(0)))
    found = measures(read(path).melody)
    assert [row.index for row in found] == list(range(1, 33))
    assert all(row.tokens is not None and row.meter == "4/4" for row in found)
    books(tmp_path, 33)
    text = (tmp_path / "book0000000.abc").read_text()
    assert text.count("X:") == 2
    assert text.count("|") == 64


def test_images_by_hand() -> None:
    found = {
        "drawn": {"count": 100, "seconds": 0.5, "unit": "images"},
        "trained": {
            "count": 10,
            "seconds": 0.1,
            "unit": "images",
            "memory": [400 * 2**20, 440 * 2**20],
            "seen": [20, 3000],
        },
    }
    drawn, trained, memory = images(found)
    assert (drawn.value, trained.value) == ("200 images/s", "100 images/s")
    assert (memory.figure, memory.value) == ("memory, trained, after 3,000", "440 MiB")
    assert memory.baseline == "after 20: 400 MiB"
    assert memory.ratio == pytest.approx(1.1)
    assert memory.holds is False
