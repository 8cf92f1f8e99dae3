"""`arvae-music interpolate` and `reconstruct`, judged by pretty_midi alone."""

import json
import re
from pathlib import Path

import pretty_midi
import pytest
from arvae_music.cli.errors import run
from arvae_music.cli.interpolate import numbers

from arvae_music.errors import UsageError
from arvae_music.formats import read


def onsets(path: Path) -> list[int]:
    """Notes that start in each measure of `scale`: two of 2 seconds, then one of 2.5."""
    notes = pretty_midi.PrettyMIDI(str(path)).instruments[0].notes
    starts = [round(note.start, 3) for note in notes]
    return [sum(a <= start < b for start in starts) for a, b in ((0, 2), (2, 4), (4, 9))]


def interpolate(file: Path, model: Path, *args: str) -> int:
    return run(["interpolate", str(file), "--model", str(model), *args])


def test_the_scale_itself(scale: Path) -> None:
    assert onsets(scale) == [8, 8, 5]


def test_two_more_notes_in_every_measure(scale: Path, model: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "out.mid", tmp_path / "report.json"
    args = ["--attr", "density", "+2", "-o", str(out), "--json", str(report)]
    assert interpolate(scale, model, *args) == 0
    assert onsets(out) == [10, 10, 5]
    result = json.loads(report.read_text())
    assert (result["source"], result["output"], result["model"]) == (str(scale), str(out), str(model))
    assert result["requests"] == [
        {"attribute": "note_density", "kind": "relative", "value": 2, "unit": "notes per measure"}
    ]
    assert [row["status"] for row in result["measures"]] == ["exact", "exact", "skipped"]
    assert result["measures"][0]["before"]["note_density"] == 8
    assert result["measures"][0]["requested"] == {"note_density": 10}
    assert result["measures"][0]["after"]["note_density"] == 10
    assert result["summary"] == {"measures": 3, "exact": 2, "nearest": 0, "unchanged": 0, "skipped": 1}


def test_two_requests_on_one_measure(scale: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mid"
    args = ["--attr", "density", "-2", "--attr", "contour", "=-5", "--measures", "2", "-o", str(out)]
    assert interpolate(scale, model, *args) == 0
    assert onsets(out) == [8, 6, 5]
    notes = sorted(pretty_midi.PrettyMIDI(str(out)).instruments[0].notes, key=lambda note: note.start)
    second = [note.pitch for note in notes if 2 <= round(note.start, 3) < 4]
    assert second[-1] - second[0] == -5


def test_abc_comes_back_as_abc(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = 'X:1\nT:Slow\nM:4/4\nL:1/8\nK:C\n|:"C"c2G2 E2C2 | %s :|  %% end\nG8|]\n'
    Path("slow.abc").write_text(text % 'G2{c}B2 "F"A4')
    assert interpolate(Path("slow.abc"), model, "--attr", "density", "-1", "--measures", "2") == 0
    before, after = (text % "#").split("#")
    new = Path("slow.density-1.abc").read_text()
    assert new.startswith(before)
    assert new.endswith(after)
    bar = new[len(before) : -len(after)]
    assert '"F"' in bar
    heads = re.findall("[A-Ga-g]", re.sub(r'"F"|\{c\}', "", bar))
    assert len(heads) - bar.count("-") == 2  # one may be tied, to stand under the chord symbol


def test_the_name_of_the_output_says_what_was_asked(
    scale: Path,
    model: Path,
    work: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    args = ["--attr", "density", "-2", "--attr", "contour", "=-3"]
    assert interpolate(scale, model, *args) == 0
    assert [path.name for path in work.iterdir()] == ["scale.density-2.contour=-3.mid"]
    shown = capsys.readouterr().out
    assert "8 → 6" in shown
    assert "wrote scale.density-2.contour=-3.mid" in shown
    before = (work / "scale.density-2.contour=-3.mid").read_bytes()
    assert interpolate(scale, model, *args) == 2
    assert "--force" in capsys.readouterr().err
    assert interpolate(scale, model, *args, "--force") == 0
    assert (work / "scale.density-2.contour=-3.mid").read_bytes() == before  # the same request, the same file


def test_a_picture_of_the_edit(
    scale: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, picture = tmp_path / "out.mid", tmp_path / "out.png"
    args = ["--attr", "density", "+2", "-o", str(out), "--plot", str(picture)]
    assert interpolate(scale, model, *args) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert f"and {picture}" in capsys.readouterr().out.replace("\n", "")
    out.unlink()
    assert interpolate(scale, model, *args) == 2
    assert "out.png exists" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("args", "code", "line"),
    [
        ([], 2, "nothing is asked for"),
        (["--attr", "densty", "+2"], 2, "density"),
        (["--attr", "density", "more"], 2, "more"),
        (["--attr", "density", "+0.5"], 2, "whole number"),
        (["--attr", "density"], 2, "see `arvae-music interpolate --help`"),
        (["--attr", "density", "+2", "--measures", "9"], 2, "9"),
        (["--attr", "density", "+2", "--measures", "4-1"], 2, "4-1"),
        (["--attr", "density", "+2", "--attr", "note_density", "+1"], 2, "twice"),
        (["--attr", "density", "+2", "-o", "nowhere/x.mid"], 2, "nowhere"),
        (["--attr", "density", "+2", "-o", "/proc/x.mid"], 1, "cannot write /proc/x.mid"),
        (["--attr", "density", "+2", "--part", "Harp"], 1, "no part 'Harp'"),
        (["--attr", "density", "+2", "-o", "out.doc"], 2, ".doc"),
        (["--attr", "density", "+2", "-o", "x.mid", "--json", "x.mid"], 2, "--json"),
        (["--attr", "density", "+2", "--plot", "x.jpg"], 2, ".png"),
        (["--attr", "density", "+2", "--plot", "x.png", "--json", "x.png"], 2, "--plot"),
        (["--attr", "density", "+2", "--model", "flok"], 1, "flok"),
        (["--attr", "density", "1000", "--strict"], 1, "exact"),
    ],
)
def test_a_wrong_call_writes_nothing(
    scale: Path,
    model: Path,
    work: Path,
    capsys: pytest.CaptureFixture[str],
    args: list[str],
    code: int,
    line: str,
) -> None:
    assert interpolate(scale, model, *args) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert line in err
    assert not list(work.iterdir())


@pytest.mark.parametrize("content", [None, b"", b"no checkpoint", b"\0" * 4096])
def test_a_model_that_is_none(
    scale: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    path = tmp_path / "model.safetensors"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    assert interpolate(scale, path, "--attr", "density", "+2", "-o", str(tmp_path / "out.mid")) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert str(path) in err
    assert not (tmp_path / "out.mid").exists()


def test_a_part_of_chords_alone(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], work: Path
) -> None:
    chords = pretty_midi.PrettyMIDI()
    piano = pretty_midi.Instrument(0)
    piano.notes = [
        pretty_midi.Note(80, pitch, beat / 2, beat / 2 + 0.5) for beat in range(8) for pitch in (60, 64, 67)
    ]
    chords.instruments.append(piano)
    chords.write(str(tmp_path / "chords.mid"))
    assert interpolate(tmp_path / "chords.mid", model, "--attr", "density", "+2") == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "--skyline" in err
    assert not list(work.iterdir())


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--measures", "3"], "its measure is skipped: meter 5/4 is not supported; take a tune in 4/4, "),
        ([], "all 2 measures are skipped: the model MODEL was not trained on 3/4; take another --model"),
    ],
)
@pytest.mark.usefixtures("work")
def test_nothing_is_written_where_every_measure_is_skipped(
    scale: Path,
    model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    args: list[str],
    line: str,
) -> None:
    file = scale
    if not args:
        file = tmp_path / "waltz.abc"
        file.write_text("X:1\nM:3/4\nL:1/4\nK:C\nCDE|FGA|\n")
    more = ["--attr", "density", "+1", "--json", "report.json", "--plot", "picture.png"]
    assert interpolate(file, model, *more, *args) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"{file}: nothing to edit, {line.replace('MODEL', str(model))}" in err
    assert not list(Path.cwd().iterdir())


def test_the_commonest_reason_is_named_with_what_helps(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    played = pretty_midi.PrettyMIDI(initial_tempo=120)
    flute = pretty_midi.Instrument(73)
    # Two measures of quarters, each late by 0.06 of a second: 0.12 of a quarter, half a sixteenth.
    flute.notes = [pretty_midi.Note(80, 60 + i, i / 2 + 0.06 * (i > 0), i / 2 + 0.5) for i in range(8)]
    played.instruments.append(flute)
    played.write("late.mid")
    assert interpolate(Path("late.mid"), model, "--attr", "density", "+1") == 1
    err = capsys.readouterr().err
    assert "late.mid: nothing to edit, all 2 measures are skipped: off the grid; --quantize" in err
    assert interpolate(Path("late.mid"), Path("folk"), "--attr", "density", "+1", "--quantize") == 0


def test_an_edit_that_has_nothing_to_change_says_so(
    scale: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.mid"
    assert interpolate(scale, model, "--attr", "density", "8", "-o", str(out)) == 0
    shown = capsys.readouterr().out
    assert shown.endswith(f"3 measures: 2 exact, 1 skipped; nothing to change; wrote {out}\n")
    assert onsets(out) == [8, 8, 5]


def test_what_is_missed_is_shown_once(
    scale: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert interpolate(scale, model, "--attr", "density", "30", "-o", str(tmp_path / "out.mid")) == 0
    shown = capsys.readouterr().out
    assert shown.count("8 → 16, not 30") == 2
    assert "- measures 1-2: nearest, no measure of 4/4 has density 30; the nearest is density 16\n" in shown
    assert "- measure 3: skipped, meter 5/4 is not supported\n" in shown
    assert shown.count("no measure of 4/4") == 1


def test_measure_numbers() -> None:
    assert numbers("1-4, 7") == {1, 2, 3, 4, 7}
    assert numbers("0") == {0}
    for bad in ("", "a", "4-1", "1-", "-1", "1,,2", "1-999999999999"):
        with pytest.raises(UsageError, match="--measures"):
            numbers(bad)


def test_reconstruct_says_how_much_came_back(scale: Path, model: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "out.mid", tmp_path / "report.json"
    args = ["reconstruct", str(scale), "-o", str(out), "--model", str(model), "--json", str(report)]
    assert run(args) == 0
    result = json.loads(report.read_text())
    assert (result["count"], result["skipped"]) == (2, 1)
    assert 0 <= result["ticks"] <= 1
    assert onsets(out)[2] == 5


@pytest.mark.parametrize("suffix", [".musicxml", ".xml", ".mxl"])
def test_musicxml_comes_back_as_it_came(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("up.abc").write_text("X:1\nM:4/4\nL:1/8\nK:C\nCDEF GABc|c4 G4|\n")
    source = read("up.abc").write(f"up{suffix}")
    assert interpolate(source, model, "--attr", "density", "-1", "--measures", "1") == 0
    out = Path(f"up.density-1{suffix}")
    assert out.read_bytes()[:2] == (b"PK" if suffix == ".mxl" else b"<?")
    starts = [float(note.onset) for note in read(out).melody.notes]
    assert (sum(start < 4 for start in starts), starts[-2:]) == (7, [4, 6])
