"""`arvae-music evaluate`: what a model gives back, and its edits under a judge."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from arvae_music.cli.errors import run
from arvae_music.cli.evaluate import edits_table, meter_names, style_table
from rich.console import Console
from rich.table import Table

from arvae_music.control.benchmark import Trial
from arvae_music.control.ladder import LADDER, LadderRow
from arvae_music.errors import UsageError

pytestmark = pytest.mark.usefixtures("cache")


def test_json_has_shares_by_meter(model: Path, tunes: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert run(["evaluate", str(model), "--corpus", str(tunes), "--json", str(out)]) == 0
    result = json.loads(out.read_text())
    assert (result["model"], result["split"]) == (str(model), "test")
    assert set(result["mean"]) == {"all", "4/4"}  # the tunes are all in 4/4
    assert result["mean"]["all"] == result["mean"]["4/4"]
    assert 0 <= result["mean"]["all"]["measures"] <= result["mean"]["all"]["ticks"] <= 1


def test_control_measures_edits(
    model: Path, tunes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from arvae_music.control import ladder

    monkeypatch.setattr(ladder, "LADDER", ((("density", "+1"),), (("density", "-1"), ("range", "+2"))))
    out = tmp_path / "out.json"
    args = ["--corpus", str(tunes), "--control", "--measures", "3", "--meters", "4/4", "--split", "train"]
    # Of the training split no measure is unknown to it, so there is nothing to edit: no fault, no rows.
    assert run(["evaluate", str(model), *args, "--json", str(out)]) == 0
    assert json.loads(out.read_text())["control"] == []
    args[-1] = "test"
    assert run(["evaluate", str(model), *args, "--json", str(out), "--force"]) == 0
    for row in json.loads(out.read_text())["control"]:
        assert row["meter"] == "4/4"
        assert row["ours"]["exact"] in (1.0, None)
        assert row["ours"]["legal"] == 1.0


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--split", "tset"], "--split is 'tset': take one of train, validation, test"),
        (["--meters", "4/4,5/4"], "'5/4' is not one of 4/4, 3/4"),
        (["--meters", ""], "--meters"),
        (["--measures", "0"], "--measures"),
        ([], "was trained on files"),
    ],
)
def test_a_wrong_call(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], args: list[str], line: str
) -> None:
    out = tmp_path / "out.json"
    assert run(["evaluate", str(model), *args, "--json", str(out)]) == 2
    said, err = capsys.readouterr()
    assert (said, err.count("\n")) == ("", 1)
    assert line in err
    assert not out.exists()


def test_meters() -> None:
    assert meter_names("6/8, 4/4,6/8") == ["6/8", "4/4"]
    with pytest.raises(UsageError, match="'C'"):
        meter_names("C")


@pytest.mark.parametrize("table", [edits_table, style_table])
def test_the_tables_of_edits_fit_a_terminal(table: Callable[[list[LadderRow]], Table]) -> None:
    trial = Trial(500, 1.0, 1.0, 1.0, 1.0, 1.0, 12.345, {"note_density": 1.234})
    rows = [
        LadderRow("12/8", " ".join(f"{name} {change}" for name, change in pairs), 500, trial, trial, 10.0)
        for pairs in LADDER
    ]
    console = Console(width=100)
    with console.capture() as shown:
        out = table(rows)
        out.title = None  # stands above, as wide as the terminal
        console.print(out)
    lines = shown.get().splitlines()
    # Nothing is cut, and every request has a line of its own, below the headings and their rule.
    assert "…" not in shown.get()
    assert sum("density +1" in line for line in lines) == 2
    assert len([line for line in lines if line.strip()]) <= len(LADDER) + 2
