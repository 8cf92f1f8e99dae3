"""Damaged files: an error in one line or a result, never anything else."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from arvae_music.errors import ArvaeError
from arvae_music.formats import read

EXAMPLES = Path(__file__).resolve().parents[2] / "data" / "examples"


def try_to_read(path: Path) -> None:
    try:
        tune = read(path, part=1)
    except ArvaeError as error:
        assert "\n" not in str(error)  # noqa: PT017
        assert str(path) in str(error)  # noqa: PT017
    else:
        assert tune.melody.bars


@pytest.mark.parametrize("name", ["reel_late", "reel_accompanied", "waltz"])
def test_cut_off_anywhere(tmp_path: Path, name: str) -> None:
    data = (EXAMPLES / f"{name}.mid").read_bytes()
    path = tmp_path / "damaged.mid"
    for length in [*range(0, 120), *range(120, len(data), 37)]:
        path.write_bytes(data[:length])
        try_to_read(path)


@pytest.mark.parametrize("name", ["reel_late", "reel_accompanied", "waltz"])
def test_bytes_changed_anywhere(tmp_path: Path, name: str) -> None:
    data = (EXAMPLES / f"{name}.mid").read_bytes()
    path = tmp_path / "damaged.mid"
    generator = random.Random(1)
    for _ in range(150):
        changed = bytearray(data)
        for _ in range(generator.randint(1, 4)):
            changed[generator.randrange(len(data) if generator.random() < 0.5 else 120)] = (
                generator.randrange(256)
            )
        path.write_bytes(changed)
        try_to_read(path)


def test_every_byte_of_the_head(tmp_path: Path) -> None:
    data = (EXAMPLES / "waltz.mid").read_bytes()
    path = tmp_path / "damaged.mid"
    for place in range(90):
        for value in (0, 0x7F, 0xFF):
            path.write_bytes(data[:place] + bytes([value]) + data[place + 1 :])
            try_to_read(path)
