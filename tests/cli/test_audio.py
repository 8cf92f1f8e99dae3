"""`--audio` and `--soundfont` of `interpolate` and `generate`."""

import sys
import wave
from pathlib import Path

import numpy as np
import pretty_midi
import pytest
from arvae_music.cli.errors import run

FONT = Path(pretty_midi.__file__).parent / "TimGM6mb.sf2"


def seconds(path: Path) -> float:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 44_100)
        return int(file.getnframes()) / 44_100


def frequencies(path: Path, starts: list[float], length: float) -> list[float]:
    """The strongest frequency in Hz of each stretch of time, `length` seconds from each start."""
    with wave.open(str(path)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    found = []
    for start in starts:
        part = sound[round(44_100 * start) :][: round(44_100 * length)]
        power = np.abs(np.fft.rfft(part * np.hanning(len(part)), 44_100))  # one bin to the Hz
        found.append(float(power.argmax()))
    return found


def interpolate(file: Path, model: Path, *args: str) -> int:
    return run(["interpolate", str(file), "--model", str(model), "--attr", "contour", "-5", *args])


def test_what_was_edited_is_heard(
    scale: Path, model: Path, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ["--lock", "rhythm", "-o", "out.mid", "--plot", "out.png", "--audio", "out.wav"]
    assert interpolate(scale, model, *args) == 0
    assert "wrote out.mid, out.png and out.wav" in capsys.readouterr().out
    # two measures of 2 seconds, five quarter notes of half a second, and a second behind
    assert seconds(work / "out.wav") == pytest.approx(7.5, abs=0.01)
    notes = pretty_midi.PrettyMIDI("out.mid").instruments[0].notes
    assert len(notes) == 21
    found = frequencies(work / "out.wav", [note.start + 0.01 for note in notes], 0.2)
    wanted = [440 * 2 ** ((note.pitch - 69) / 12) for note in notes]  # equal temperament
    assert found == pytest.approx(wanted, abs=3)
    before = (work / "out.wav").read_bytes()
    (work / "out.mid").unlink()
    (work / "out.png").unlink()
    assert interpolate(scale, model, *args) == 2
    assert "out.wav exists" in capsys.readouterr().err
    assert not (work / "out.mid").exists()
    assert interpolate(scale, model, *args, "--force") == 0
    assert (work / "out.wav").read_bytes() == before


def test_every_step_is_heard(
    scale: Path, model: Path, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert interpolate(scale, model, "--steps", "2", "-o", "out.mid", "--audio", "way.wav") == 0
    assert sorted(path.name for path in work.iterdir()) == [
        "out.1.mid",
        "out.2.mid",
        "way.1.wav",
        "way.2.wav",
    ]
    assert all(seconds(work / f"way.{k}.wav") == pytest.approx(7.5, abs=0.01) for k in (1, 2))
    assert "wrote out.2.mid and way.2.wav" in capsys.readouterr().out


def test_a_new_tune_is_heard(model: Path, work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["generate", "--model", str(model), "--measures", "4", "--attr", "density", "4"]
    assert run([*call, "-o", "new.abc", "--audio", "new.wav"]) == 0
    assert "wrote new.abc and new.wav" in capsys.readouterr().out
    # At most 16 quarter notes of the 112 in a minute, and a second; the last may be shorter or a rest.
    assert 12 * 60 / 112 + 1 <= seconds(work / "new.wav") <= 16 * 60 / 112 + 1.01
    (work / "new.abc").unlink()
    assert run([*call, "-o", "new.abc", "--audio", "new.wav"]) == 2
    assert "new.wav exists" in capsys.readouterr().err
    assert not (work / "new.abc").exists()


WRONG = [
    (["--audio", "out.mp3"], "sound is written as .wav"),
    (["--audio", "nowhere/out.wav"], "its folder nowhere does not exist"),
    (["--audio", "out.wav", "--json", "out.wav"], "named for --audio and for --json"),
    (["--soundfont", "font.sf2"], "give --audio OUT.wav, too"),
    (["--audio", "out.wav", "--soundfont", "font.sf2"], "there is no sound font font.sf2"),
]


@pytest.mark.parametrize("command", ["interpolate", "generate"])
@pytest.mark.parametrize(("args", "line"), WRONG)
def test_a_wrong_call_writes_nothing(
    scale: Path, work: Path, capsys: pytest.CaptureFixture[str], command: str, args: list[str], line: str
) -> None:
    # The model is not there: it is not asked for where the call is wrong.
    words = [str(scale), "--attr", "density", "+2"] if command == "interpolate" else []
    assert run([command, *words, "-o", "out.mid", "--model", "none", *args]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert line in err
    assert not list(work.iterdir())


@pytest.mark.parametrize("command", ["interpolate", "generate"])
@pytest.mark.parametrize(
    ("package", "line"), [("pretty_midi", "'arvae-music[audio]'"), ("fluidsynth", "'arvae-music[soundfont]'")]
)
def test_what_is_not_installed_is_named(
    scale: Path,
    work: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    package: str,
    line: str,
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    words = [str(scale), "--attr", "density", "+2"] if command == "interpolate" else []
    font = ["--soundfont", str(FONT)] if package == "fluidsynth" else []
    assert run([command, *words, "-o", "out.mid", "--model", "none", "--audio", "out.wav", *font]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert line in err
    assert not list(work.iterdir())
