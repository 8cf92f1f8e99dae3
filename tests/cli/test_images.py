"""`arvae-music images`: train, evaluate and traverse, and what goes wrong."""

import json
from pathlib import Path

import pytest
from arvae_music.cli.errors import run

TRAIN = ["images", "train", "sprites", "--images", "256", "--batch-size", "64", "--threads", "1"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sprites")
    words = [*TRAIN, "--epochs", "2", "-o", str(folder / "run"), "--json", str(folder / "report.json")]
    assert run(words) == 0
    return folder


def test_a_run_and_its_result(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = json.loads((trained / "report.json").read_text())
    assert result["data"] == "sprites"
    assert result["checkpoint"] == str(trained / "run" / "best.safetensors")
    assert result["figures"]["images"]["epoch"] == 2
    assert run([*TRAIN, "--epochs", "2", "-o", str(trained / "run")]) == 2
    assert "--resume" in capsys.readouterr().err
    assert run([*TRAIN, "--gamma", "1", "--resume", "-o", str(trained / "run")]) == 2
    assert "the run began with --gamma 10" in capsys.readouterr().err
    assert run([*TRAIN, "--resume", "-o", str(trained / "run")]) == 0


def test_what_is_regularized_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = [*TRAIN, "--epochs", "1", "-o", str(tmp_path / "run")]
    assert run([*one, "--attribute", "scale", "--attribute", "orientation"]) == 0
    told = capsys.readouterr().out
    assert "regularized: scale, orientation\n" in told
    assert "left free, as their values have no order: shape\n" in told


def test_the_report_stands_beside_the_paper(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    report = trained / "metrics.json"
    assert run(["images", "evaluate", str(trained / "run"), "--json", str(report)]) == 0
    table = capsys.readouterr().out
    paper = next(line for line in table.splitlines() if "paper" in line)
    assert paper.split()[-6:] == ["0.846", "0.688", "0.961", "-", "0.846", "0.886"]
    found = json.loads(report.read_text())
    assert found["mean"]["attributes"].keys() == {"scale", "position_x", "position_y"}
    assert found["paper"]["spearman"] == 0.886
    assert found["paper"]["data"] == "sprites"
    assert "left free, as their values have no order: shape, orientation" in table
    assert 0 <= found["sampled"]["spearman"] <= 1


def test_digits_stand_beside_those_of_the_paper(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    folder, short = str(tmp_path / "run"), ["--epochs", "1", "--images", "64", "--threads", "1"]
    assert run(["images", "train", "digits", *short, "-o", folder]) == 0
    assert run(["images", "evaluate", folder]) == 0
    table = capsys.readouterr().out
    paper = next(line for line in table.splitlines() if "paper, morpho-mnist" in line)
    assert paper.split()[-6:] == ["0.850", "0.135", "0.842", "-", "0.544", "0.956"]
    assert "left free" not in table


@pytest.mark.parametrize(("name", "begin"), [("walk.png", b"\x89PNG"), ("walk.gif", b"GIF89a")])
def test_pictures(trained: Path, tmp_path: Path, name: str, begin: bytes) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / name
    words = ["images", "traverse", str(trained / "run"), "-o", str(path), "--rows", "2"]
    assert run(words) == 0
    assert path.read_bytes().startswith(begin)
    assert run(words) == 2  # the file is there


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (["train", "cats"], 2, "there is no data set 'cats': take one of sprites, digits, morpho-mnist"),
        (["train", "morpho-mnist"], 2, "name their folder with --idx"),
        (["train", "digits", "--npz", "x.npz"], 2, "--npz is an archive of sprites"),
        (["train", "sprites", "--idx", "x"], 2, "--idx is a folder of digits"),
        (["train", "sprites", "--attribute", "weight"], 2, "sprites has no attribute 'weight'"),
        (["train", "sprites", "--latent", "2"], 1, "one for each of 3 attributes"),
        (["train", "sprites", "--preset", "best"], 2, "--preset is 'best'"),
        (["train", "sprites", "--beta", "-1"], 2, "--beta is -1.0: it must be from 0.0 to 10000.0"),
        (["evaluate", "none"], 1, "none: no such checkpoint"),
        (["traverse", "none", "-o", "x.txt"], 2, ".png"),
        (["traverse", "none", "-o", "x.gif"], 1, "none: no such checkpoint"),
    ],
)
def test_a_wrong_call(
    words: list[str], code: int, line: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert run(["images", *words]) == code
    said = capsys.readouterr().err
    assert line in said
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())
