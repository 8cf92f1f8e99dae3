"""Tunes from ABC, and a cache of the tests' own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from arvae_music.data import _cache

from arvae_music.formats.abc import split_tunes
from arvae_music.melody import Melody

MakeTune = Callable[..., Melody]

BODIES = (
    "CDEFGABc", "c2B2A2G2", "CCDDEEFF", "E4G4", "A8", "cGEC4z", "G,3A,B,4", "d6f2", "eg3b4", "z4D4",
)  # fmt: skip


@pytest.fixture
def tune() -> MakeTune:
    """`tune(body, title=..., meter=..., key=...)`: a melody in eighths."""

    def make(body: str, title: str = "", meter: str = "4/4", key: str = "C") -> Melody:
        text = f"X:1\nT:{title}\nM:{meter}\nL:1/8\nK:{key}\n{body}\n"
        return next(iter(split_tunes(text)[0].voices().values()))

    return make


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(_cache, "user_cache_path", lambda name: folder / name)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten different tunes of one measure of 4/4, each in its own file."""
    place = tmp_path / "tunes"
    place.mkdir()
    for number, body in enumerate(BODIES):
        (place / f"{number}.abc").write_text(f"X:1\nT:Tune {number}\nM:4/4\nL:1/8\nK:C\n{body}|]\n")
    return place
