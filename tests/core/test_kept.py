"""Arrays that go to a file where they are large."""

import os
from pathlib import Path

import numpy as np
import pytest

from arvae_music import kept
from arvae_music.errors import ArvaeError
from arvae_music.kept import LARGE, spacious

ROWS = LARGE // 24 + 1


def test_a_large_array_is_in_a_nameless_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first, rest = ROWS // 2, ROWS - ROWS // 2
    parts: list[kept.Array] = [
        np.full((first, 24), 7, np.uint8),
        np.arange(rest)[:, None].repeat(24, 1) % 251,
    ]
    found = spacious((ROWS, 24), np.uint8, lambda: parts)
    assert isinstance(found, np.memmap)
    assert found.dtype == np.uint8
    assert (found == np.concatenate(parts)).all()
    assert [entry for _, _, files in os.walk(tmp_path) for entry in files] == []
    found[0] = 9  # torch wants an array that it could write to
    assert found[:2, 0].tolist() == [9, 7]


def test_a_small_one_is_in_memory() -> None:
    found = spacious((3, 2), np.float32, lambda: [np.ones((2, 2)), np.zeros((1, 2), np.float32)])
    assert not isinstance(found, np.memmap)
    assert found.dtype == np.float32
    assert found.tolist() == [[1, 1], [1, 1], [0, 0]]
    assert spacious((0, 2), np.int16, lambda: []).shape == (0, 2)


def test_a_full_disk_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept, "_write", full)
    with pytest.raises(ArvaeError, match=r"no room for 4 MB in .* \(No space left on device\)"):
        spacious((ROWS, 24), np.uint8, lambda: [])
