"""`arvae-music evaluate`: what a model gives back, and its edits under a judge."""

import json
from pathlib import Path

import pytest
from arvae_music.cli.errors import run
from arvae_music.cli.evaluate import meter_names

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
    model: Path,
    tunes: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from arvae_music.control import frontier, ladder

    short = ((("density", "+1"),), (("density", "-1"), ("range", "+2")))
    monkeypatch.setattr(
        ladder.run_ladder, "__kwdefaults__", {**(ladder.run_ladder.__kwdefaults__ or {}), "ladder": short}
    )
    monkeypatch.setattr(frontier, "SMALLER", short[:1])
    out, picture = tmp_path / "out.json", tmp_path / "out.png"
    args = ["--corpus", str(tunes), "--control", "--measures", "3", "--meters", "4/4", "--split", "train"]
    # Of the training split no measure is unknown to it, so there is nothing to edit: no fault, no rows.
    assert run(["evaluate", str(model), *args, "--json", str(out)]) == 0
    assert json.loads(out.read_text())["control"]["requests"] == []
    args[-1] = "test"
    more = ["--frontier", "--plot", str(picture), "--json", str(out), "--force"]
    assert run(["evaluate", str(model), *args, *more]) == 0
    result = json.loads(out.read_text())["control"]
    assert [row["request"] for row in result["requests"]] == ["density +1", "density -1 range +2"]
    for row in result["requests"]:
        assert row["meter"] == "4/4"
        assert list(row["ways"]) == ["moved", "constrained", "without_decoder", "ours"]
        assert row["ways"]["ours"]["exact"] in (1.0, None)
        assert row["ways"]["ours"]["legal"] == 1.0
    assert set(result["swap"]) == {"all", "4/4"}
    assert [point["strength"] for point in result["frontier"]] == [0, 0.2, 0.35, 0.5, 0.65, 0.8, 1]
    assert picture.read_bytes().startswith(b"\x89PNG")
    said = capsys.readouterr().out
    assert "exact" in said
    assert "strength" in said


def test_generated_tunes_stand_beside_real_ones(
    model: Path, tunes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    args = ["--corpus", str(tunes), "--generation", "--tunes", "2", "--json", str(out)]
    assert run(["evaluate", str(model), *args]) == 0
    (row,) = json.loads(out.read_text())["generation"]
    assert row["meter"] == "4/4"
    assert row["generated"]["tunes"] == 2
    assert row["generated"]["measures"] == 32
    assert row["generated"]["in_key"] == 1.0
    assert row["generated"]["ends_on_tonic"] == 1.0
    assert row["real"]["measures"] == 8 * row["real"]["tunes"]
    assert "generated" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--split", "tset"], "--split is 'tset': take one of train, validation, test"),
        (["--meters", "4/4,5/4"], "'5/4' is not one of 4/4, which the model knows"),
        (["--meters", "6/8"], "'6/8' is not one of 4/4"),
        (["--frontier"], "--frontier is about edits: give --control, too"),
        (["--plot", "a.png"], "--plot is about edits: give --control, too"),
        (["--control", "--plot", "a.txt"], "a.txt: a picture is written as .png"),
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
    known = ["4/4", "3/4", "6/8"]
    assert meter_names("6/8, 4/4,6/8", known) == ["6/8", "4/4"]
    assert meter_names(None, known) == known
    with pytest.raises(UsageError, match="'C'"):
        meter_names("C", known)
