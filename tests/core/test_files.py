"""Files are written whole or not at all, and never over another by accident."""

import os
import stat
from pathlib import Path

import pytest

from arvae_music.errors import ArvaeError, UsageError
from arvae_music.files import atomic_write, check_free


def test_writes_text_and_bytes(tmp_path: Path) -> None:
    assert atomic_write(tmp_path / "a.json", "é\n").read_bytes() == b"\xc3\xa9\n"
    assert atomic_write(tmp_path / "a.mid", b"MThd").read_bytes() == b"MThd"
    assert sorted(os.listdir(tmp_path)) == ["a.json", "a.mid"]  # and no draft


@pytest.mark.parametrize("write", [atomic_write, lambda path, _, force=False: check_free(path, force=force)])
def test_an_existing_file_stays_without_force(tmp_path: Path, write: object) -> None:
    path = tmp_path / "a.mid"
    path.write_bytes(b"old")
    with pytest.raises(UsageError, match="--force"):
        write(path, b"new")  # type: ignore[operator]
    assert path.read_bytes() == b"old"
    atomic_write(path, b"new", force=True)
    assert path.read_bytes() == b"new"


def test_a_file_that_appears_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.mid"

    def late(draft: int) -> None:
        path.write_bytes(b"other")

    monkeypatch.setattr(os, "fsync", late)
    with pytest.raises(UsageError, match="--force"):
        atomic_write(path, b"new")
    assert os.listdir(tmp_path) == ["a.mid"]
    assert path.read_bytes() == b"other"


def test_a_failure_leaves_the_old_file_and_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.mid"
    path.write_bytes(b"old")

    def full(draft: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArvaeError, match=r"a\.mid: No space left on device"):
        atomic_write(path, b"new", force=True)
    assert os.listdir(tmp_path) == ["a.mid"]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("force", [False, True])
def test_where_no_file_can_be(tmp_path: Path, force: bool) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        atomic_write(tmp_path, b"", force=force)
    with pytest.raises(UsageError, match="does not exist"):
        atomic_write(tmp_path / "no" / "a.mid", b"", force=force)


@pytest.mark.skipif(os.name == "nt", reason="rights of POSIX")
def test_rights_are_those_of_any_new_file_or_of_the_old_one(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    new = atomic_write(tmp_path / "new", b"")
    assert stat.S_IMODE(new.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    new.chmod(0o640)
    atomic_write(new, b"x", force=True)
    assert stat.S_IMODE(new.stat().st_mode) == 0o640


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to(real)
    atomic_write(link, b"new", force=True)
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
