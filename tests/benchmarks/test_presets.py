"""The table of presets: what is lacking is run, what is known is not, and means by hand."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from arvae_music.training.presets import preset_settings
from arvae_music.training.settings import PRESETS, TrainingSettings
from tests.benchmarks.presets import (
    RESULTS,
    Row,
    curve,
    lacking,
    numbers,
    read,
    said,
    shown,
    wanted,
    without,
    write,
)


def row(settings: TrainingSettings, corpus: str = "f00d", **figures: float | None) -> Row:
    return Row(settings.preset, settings.seed, said(settings), corpus, 90.0, {"mean": dict(figures)})


def test_what_is_wanted_and_what_of_it_is_lacking() -> None:
    asked = wanted(("paper", "ar-vae"), 2, threads=1)
    assert [(s.preset, s.seed) for s in asked] == [("paper", 0), ("ar-vae", 0), ("paper", 1), ("ar-vae", 1)]
    assert {(s.meters, s.prior_epochs) for s in asked} == {(("4/4",), 0)}
    rows = [row(asked[0]), row(asked[3])]
    assert lacking(rows, asked, "f00d") == asked[1:3]
    assert lacking(rows, asked, "beef") == asked
    assert lacking(rows, wanted(("paper",), 1, epochs=7), "f00d") == wanted(("paper",), 1, epochs=7)
    # Where it is computed does not matter.
    assert lacking(rows, wanted(("paper",), 1, threads=8), "f00d") == []
    assert without(rows, asked[0]) == rows[1:]


def test_rows_of_older_and_of_other_versions() -> None:
    asked = wanted(("paper",), 1)
    known = row(asked[0])
    older: dict[str, Any] = {n: v for n, v in known.settings.items() if n != "normality"}  # 0.0 by default
    for settings, left in ((older, []), ({**known.settings, "warp": 9}, asked), ({}, asked)):
        again = Row(known.preset, known.seed, settings, known.corpus, 1.0, {})
        assert lacking([again], asked, "f00d") == left


def test_there_and_back(tmp_path: Path) -> None:
    rows = [row(s, ticks=0.5, sap=None) for s in wanted(("paper", "default"), 2)]
    path = tmp_path / "results.json"
    assert read(path) == []
    write(path, rows)
    names = [f"{found.preset} {found.seed}" for found in read(path)]
    assert names == ["default 0", "default 1", "paper 0", "paper 1"]
    assert sorted(map(repr, read(path))) == sorted(map(repr, rows))


def test_numbers_of_a_report_by_hand() -> None:
    report = {
        "mean": {"all": {"ticks": 0.1}, "4/4": {"count": 9, "ticks": 0.9, "sap": None, "each": {"a": 1}}},
        "sampled": {"4/4": {"mig": 0.25}},
        "control": {"4/4": {"x": 1}},
    }
    assert dict(numbers(report)) == {
        "mean": {"count": 9, "ticks": 0.9, "sap": None},
        "sampled": {"mig": 0.25},
    }


def test_the_curve_is_of_the_auto_encoder_alone(tmp_path: Path) -> None:
    lines = [
        {"task": "events", "epoch": 1, "ticks": 0.1},
        {"task": "measures", "epoch": 1, "ticks": 0.512345678},
        {"task": "measures", "epoch": 2, "ticks": 0.75},
        {"task": "listening", "epoch": 1, "ticks": 0.9},
    ]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert curve(tmp_path) == [0.51235, 0.75]


def test_the_table_by_hand() -> None:
    first, second = (preset_settings("ar-vae", seed=seed) for seed in (0, 1))
    rows = [row(first, ticks=0.5, mig=0.25, count=9), row(second, ticks=0.7, count=9)]
    console = Console(width=120, file=StringIO())
    with console.capture() as captured:
        console.print(shown(rows))
    text = captured.get()
    assert "ar-vae" in text
    assert "0.6000 ± 0.1414" in text  # 0.1 * sqrt(2)
    assert "0.2500" in text
    assert "1.5" in text  # minutes
    assert "paper" not in text
    assert "count" not in text


def test_the_results_that_are_kept_can_be_read() -> None:
    for found in read(RESULTS):
        assert found.preset in PRESETS
        assert json.dumps(found.figures)
