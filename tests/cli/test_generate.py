"""`arvae-music generate`: a file, a report, and one line where it cannot be."""

import json
from pathlib import Path

import pytest
from arvae_music.cli.errors import run

from arvae_music import attributes, read

pytestmark = pytest.mark.usefixtures("cache")


def test_a_tune_and_its_report(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, report = tmp_path / "tune.abc", tmp_path / "report.json"
    args = ["--measures", "8", "--key", "G", "--attr", "density", "6", "--attr", "contour", "=-2"]
    call = ["generate", "--model", str(model), *args, "-o", str(out), "--json", str(report)]
    assert run(call) == 0
    said = capsys.readouterr().out
    assert "4/4 in G, seed 0" in said
    assert "8 measures: 8 exact" in said
    tune = read(out)
    assert (tune.melody.key, len(tune.melody.bars)) == ("G", 8)
    assert {(row.values["note_density"], row.values["contour"]) for row in attributes(tune)} == {(6, -2)}
    found = json.loads(report.read_text())
    assert (found["output"], found["model"], found["seed"]) == (str(out), str(model), 0)
    assert (found["meter"], found["key"]) == ("4/4", "G")
    assert [request["attribute"] for request in found["requests"]] == ["note_density", "contour"]
    assert [row["index"] for row in found["measures"]] == list(range(1, 9))
    assert {row["status"] for row in found["measures"]} == {"exact"}
    assert all(row["after"]["note_density"] == 6 for row in found["measures"])
    assert found["summary"]["measures"] == 8
    before = out.read_bytes()
    assert run(call) == 2  # both files are there
    assert run([*call, "--force"]) == 0
    assert out.read_bytes() == before


def test_midi_says_what_it_cannot_hold(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tune.mid"
    assert run(["generate", "--model", str(model), "--measures", "8", "-o", str(out)]) == 0
    assert "tune.mid goes without" in capsys.readouterr().out  # the repeat signs
    assert len(read(out, pickup=0).melody.bars) == 8


@pytest.mark.parametrize(
    ("args", "code", "line"),
    [
        (["--meter", "5/4"], 2, "meter 5/4 is not supported: take one of 4/4"),
        (["--key", "X"], 2, "'X' is not a key: write it as D, Em"),
        (["--measures", "1000000"], 2, "1000000 measures: ask for 1 to 256"),
        (["--attr", "density", "+1"], 2, "density +1: a new tune has nothing to change"),
        (["--meter", "6/8"], 1, "was not trained on 6/8: it knows 4/4"),
        (["--model", "nobody"], 1, "there is no model 'nobody'"),
    ],
)
def test_what_cannot_be_is_one_line(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], args: list[str], code: int, line: str
) -> None:
    out = tmp_path / "tune.mid"
    assert run(["generate", "--model", str(model), "-o", str(out), *args]) == code
    said, err = capsys.readouterr()
    assert (said, err.count("\n")) == ("", 1)
    assert line in err
    assert not out.exists()
