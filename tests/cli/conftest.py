"""Tunes and a cache of the tests' own."""

from pathlib import Path

import pytest

SCALES = ("CDEF GABc", "cBAG FEDC", "CEGE CEGE", "c2G2 E2C2", "CDEC DEFD", "C4 G4", "GFED C2G2", "A2B2 c4")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder for this test, also for the processes that it starts."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture
def tunes(tmp_path: Path) -> Path:
    """A folder of thirty tunes of eight measures, all different, with a file that is no tune."""
    folder = tmp_path / "tunes"
    folder.mkdir()
    for number in range(30):
        key = "CDEFGABcde"[number % 10]
        bars = [SCALES[(number + i * (1 + number // 8)) % 8].replace("E", key) for i in range(8)]
        text = f"X:1\nT:Tune {number}\nM:4/4\nL:1/8\nK:C\n{'|'.join(bars)}|]\n"
        (folder / f"{number:02}.abc").write_text(text)
    (folder / "broken.mid").write_bytes(b"no MIDI")
    return folder
