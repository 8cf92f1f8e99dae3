"""Tunes and a cache of the tests' own."""

from pathlib import Path

import mido
import pytest

UP = [60, 62, 64, 65, 67, 69, 71, 72]
SCALES = ("CDEF GABc", "cBAG FEDC", "CEGE CEGE", "c2G2 E2C2", "CDEC DEFD", "C4 G4", "GFED C2G2", "A2B2 c4")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder for this test, also for the processes that it starts."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def tunes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of thirty tunes of eight measures, all different, with a file that is no tune."""
    folder = tmp_path_factory.mktemp("tunes")
    for number in range(30):
        key = "CDEFGABcde"[number % 10]
        bars = [SCALES[(number + i * (1 + number // 8)) % 8].replace("E", key) for i in range(8)]
        text = f"X:1\nT:Tune {number}\nM:4/4\nL:1/8\nK:C\n{'|'.join(bars)}|]\n"
        (folder / f"{number:02}.abc").write_text(text)
    (folder / "broken.mid").write_bytes(b"no MIDI")
    return folder


@pytest.fixture(scope="session")
def model(tunes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a short training run on those tunes: a model that knows 4/4 a little."""
    from arvae_music.cli.errors import run

    folder = tmp_path_factory.mktemp("run") / "model"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder.parent / "cache"))
        short = ["--epochs", "1", "--event-epochs", "1", "--prior-epochs", "2", "--threads", "1"]
        assert run(["train", str(tunes), "-o", str(folder), *short]) == 0
    return folder


@pytest.fixture
def scale(tmp_path: Path) -> Path:
    """A MIDI file: two measures of 4/4 in eighths, up and down an octave, and one of 5/4 in quarters."""
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("time_signature", numerator=4, denominator=4))
    _play(track, UP + UP[::-1], 240)
    track.append(mido.MetaMessage("time_signature", numerator=5, denominator=4))
    _play(track, UP[:5], 480)
    path = tmp_path / "scale.mid"
    file.save(path)
    return path


def _play(track: mido.MidiTrack, pitches: list[int], length: int) -> None:
    for pitch in pitches:
        track.append(mido.Message("note_on", note=pitch, velocity=80))
        track.append(mido.Message("note_off", note=pitch, time=length))
