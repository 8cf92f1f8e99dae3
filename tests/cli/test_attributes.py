"""`arvae-music attributes`: a row per measure for people, the same as JSON for programs."""

import json
from pathlib import Path

import pytest
from arvae_music.cli.errors import run


def test_json_has_a_row_per_measure(scale: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert run(["attributes", str(scale), "--json", str(out)]) == 0
    result = json.loads(out.read_text())
    assert result["source"] == str(scale)
    first, second, third = result["measures"]
    # The beats weigh 0.2 + 0.67 + 0.25 + 0.67 = 1.79, the half beats 4 * 0.5; all ticks weigh
    # 1.79 + 4 * (1 + 2 + 0.5 + 2 + 1) = 27.79.
    assert first.pop("rhythmic_complexity") == pytest.approx(3.79 / 27.79)
    assert first == {
        "index": 1,
        "joined": None,
        "meter": "4/4",
        "status": "ok",
        "reason": None,
        "pitch_range": 12,
        "note_density": 8,
        "contour": 12,
    }
    assert (second["pitch_range"], second["contour"]) == (12, -12)
    assert (third["index"], third["meter"], third["status"]) == (3, "5/4", "skipped")
    assert "5/4" in third["reason"]
    assert third["note_density"] is None


def test_json_on_standard_output_is_alone_there(scale: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["attributes", str(scale), "--json", "-"]) == 0
    assert len(json.loads(capsys.readouterr().out)["measures"]) == 3


def test_the_table_shows_every_measure_and_a_summary(scale: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["attributes", str(scale)]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["1", "4/4", "0.136", "12", "8", "12"] in lines
    assert ["2", "4/4", "0.136", "12", "8", "-12"] in lines
    assert any(line[:6] == ["3", "5/4", "-", "-", "-", "-"] for line in lines)
    assert any(line[:5] == ["mean", "0.136", "12.000", "8.000", "0.000"] for line in lines)


def test_an_existing_json_file_stays(scale: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.json"
    out.write_text("mine")
    assert run(["attributes", str(scale), "--json", str(out)]) == 2
    assert "--force" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert run(["attributes", str(scale), "--json", str(out), "--force"]) == 0
    assert json.loads(out.read_text())


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("missing.mid", None, 1), ("corrupt.mid", b"no MIDI", 1), ("in.txt", b"text", 2), ("empty.mid", b"", 1)],
)
def test_a_bad_file_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes | None, code: int
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert run(["attributes", str(path), "--json", str(tmp_path / "out.json")]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert name in err
    assert not (tmp_path / "out.json").exists()
