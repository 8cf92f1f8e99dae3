"""`interpolate` with `--lock`, `--hold` and `--steps`, judged by pretty_midi alone."""

import json
from pathlib import Path

import pretty_midi
import pytest
from arvae_music.cli.errors import run


def played(path: Path, measure: int) -> list[tuple[float, float, int]]:
    """Start, end and pitch of the notes of the first or second measure of `scale`, 2 seconds each."""
    notes = pretty_midi.PrettyMIDI(str(path)).instruments[0].notes
    found = [(round(note.start, 3), round(note.end, 3), note.pitch) for note in notes]
    return sorted(note for note in found if 2 * measure - 2 <= note[0] < 2 * measure)


def span(notes: list[tuple[float, float, int]]) -> int:
    return max(pitch for *_, pitch in notes) - min(pitch for *_, pitch in notes)


def interpolate(file: Path, model: Path, *args: str) -> int:
    return run(["interpolate", str(file), "--model", str(model), *args])


def test_a_locked_rhythm_and_a_held_range(scale: Path, model: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "out.mid", tmp_path / "report.json"
    args = ["--attr", "contour", "-5", "--lock", "rhythm", "--hold", "range", "-o", str(out)]
    assert interpolate(scale, model, *args, "--json", str(report)) == 0
    for measure, contour in (
        (1, 7),
        (2, -12),
    ):  # from 12 and -12; -17 is more than the range
        before, after = played(scale, measure), played(out, measure)
        assert [note[:2] for note in after] == [note[:2] for note in before]
        assert span(after) == span(before) == 12
        assert after[-1][2] - after[0][2] == contour
    result = json.loads(report.read_text())
    assert (result["holds"], result["lock"], result["step"]) == (["pitch_range"], "rhythm", None)
    assert result["measures"][0]["requested"] == {"contour": 7}
    assert [row["status"] for row in result["measures"]] == ["exact", "nearest", "skipped"]
    assert "held range 12" in result["measures"][1]["reason"]


def test_locked_pitches(scale: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mid"
    args = ["--attr", "density", "+2", "--lock", "pitch", "--measures", "1", "-o", str(out)]
    assert interpolate(scale, model, *args) == 0
    after = iter(pitch for *_, pitch in played(out, 1))
    assert len(played(out, 1)) == 10
    assert all(pitch in after for *_, pitch in played(scale, 1))  # one after the other


def test_strength_is_closeness_given_up(scale: Path, model: Path, tmp_path: Path) -> None:
    changed = {}
    for strength in ("0", "0.5", "1"):
        report = tmp_path / f"{strength}.json"
        args = ["--attr", "contour", "-5", "--strength", strength, "-o", str(tmp_path / f"{strength}.mid")]
        assert interpolate(scale, model, *args, "--json", str(report)) == 0
        result = json.loads(report.read_text())
        assert result["strength"] == float(strength)
        assert [row["status"] for row in result["measures"]] == ["exact", "exact", "skipped"]
        changed[strength] = sum(row["ticks_changed"] for row in result["measures"][:2])
    assert changed["0"] <= changed["0.5"] < changed["1"]


def test_steps(
    scale: Path,
    model: Path,
    work: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    args = ["--attr", "density", "+3", "--steps", "3"]
    assert interpolate(scale, model, *args, "--json", "report.json", "--plot", "way.png") == 0
    for k in (1, 2, 3):
        assert len(played(work / f"scale.density+3.{k}.mid", 1)) == 8 + k
        assert (work / f"way.{k}.png").read_bytes().startswith(b"\x89PNG")
    reports = json.loads(Path("report.json").read_text())
    assert [one["step"] for one in reports] == [{"number": k, "of": 3} for k in (1, 2, 3)]
    assert [one["output"] for one in reports] == [f"scale.density+3.{k}.mid" for k in (1, 2, 3)]
    assert [one["measures"][0]["requested"]["note_density"] for one in reports] == [9, 10, 11]
    assert "step 3: 3 measures: 2 exact" in capsys.readouterr().out
    for name in ("report.json", "scale.density+3.1.mid", "scale.density+3.3.mid"):
        Path(name).unlink()
    assert interpolate(scale, model, *args) == 2
    assert "scale.density+3.2.mid exists" in capsys.readouterr().err
    assert not Path("scale.density+3.1.mid").exists()


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--hold", "tempo"], "tempo"),
        (["--hold", "density"], "density is held and is to change"),
        (["--lock", "tempo"], "no lock 'tempo'"),
        (["--steps", "0"], "--steps"),
        (["--strength", "1.5"], "strength 1.5: give a number from 0"),
        (["--steps", "2", "-o", "x.doc"], ".doc"),
    ],
)
def test_a_wrong_call_writes_nothing(
    scale: Path,
    model: Path,
    work: Path,
    capsys: pytest.CaptureFixture[str],
    args: list[str],
    line: str,
) -> None:
    assert interpolate(scale, model, "--attr", "density", "+2", *args) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert line in err
    assert not list(work.iterdir())
