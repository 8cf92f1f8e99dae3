"""Archives in the published layout: the same images and factors, and what is wrong with others."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arvae_music.errors import ArvaeError
from arvae_music.images import Sprites, SpritesArchive
from arvae_music.images import sprites as drawn

ROWS = np.arange(0, drawn.COUNT, 7919)  # 94 images, with all shapes and scales


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "arvae_music" / "arrays"


class Bomb:
    """What must never be unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("the archive's pickle was opened",)


def arrays() -> dict[str, Any]:
    return {
        "metadata": np.array({"title": "dSprites", "bomb": Bomb()}, dtype=object),
        "imgs": drawn.render(ROWS),
        "latents_classes": drawn.classes(ROWS),
        "latents_values": drawn.factors(ROWS),
    }


def write(path: Path, **changed: Any) -> Path:
    content = {name: array for name, array in (arrays() | changed).items() if array is not None}
    np.savez_compressed(path, **content)
    return path


def test_an_archive_is_like_what_is_drawn(tmp_path: Path) -> None:
    archive, sprites = SpritesArchive(write(tmp_path / "dsprites.npz")), Sprites()
    assert len(archive) == len(ROWS)
    assert archive.attributes == sprites.attributes
    assert archive.size == sprites.size
    some = np.array([93, 0, 17])
    assert (archive.images(some) == sprites.images(ROWS[some])).all()
    assert archive.images(some).dtype == sprites.images(ROWS[some]).dtype
    assert (archive.values(some) == sprites.values(ROWS[some])).all()
    assert (archive.render(some) == drawn.render(ROWS[some])).all()
    assert (archive.classes(some) == drawn.classes(ROWS[some])).all()
    assert (archive.factors(some) == drawn.factors(ROWS[some])).all()
    assert np.sort(np.concatenate(archive.splits)).tolist() == list(range(len(ROWS)))


def test_siblings_stand_where_the_archive_has_them(tmp_path: Path) -> None:
    rows = np.arange(2_000, 2_100)[::-1]  # in an order of its own; all but y is the same of 32 in a row
    archive = SpritesArchive(
        write(
            tmp_path / "dsprites.npz",
            imgs=drawn.render(rows),
            latents_classes=drawn.classes(rows),
            latents_values=drawn.factors(rows),
        )
    )
    some = archive.splits.train
    found = archive.siblings(some, ["position_y"], np.random.default_rng(0))
    assert np.isin(found, some).all()
    assert (archive.classes(found)[:, :5] == archive.classes(some)[:, :5]).all()
    assert (archive.classes(found)[:, 5] != archive.classes(some)[:, 5]).any()


def test_images_are_unpacked_once(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path / "dsprites.npz")
    SpritesArchive(path)
    (packed,) = cache.glob("*.npy")
    assert packed.stat().st_size < 94 * 512 + 200  # a bit a pixel, and a header
    before = packed.stat().st_mtime_ns
    assert (SpritesArchive(path).render(np.arange(94)) == drawn.render(ROWS)).all()
    assert packed.stat().st_mtime_ns == before
    packed.write_bytes(b"broken")
    assert (SpritesArchive(path).render(np.arange(94)) == drawn.render(ROWS)).all()


def test_without_a_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    archive = SpritesArchive(write(tmp_path / "dsprites.npz"))
    assert (archive.render(np.arange(94)) == drawn.render(ROWS)).all()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"imgs": None}, "no array 'imgs'"),
        ({"latents_values": None}, "no array 'latents_values'"),
        ({"imgs": drawn.render(ROWS).astype(float)}, "'imgs' is float64"),
        ({"imgs": drawn.render(ROWS)[:, :32]}, r"\[94, 32, 64\] instead of uint8 of \[images, 64, 64\]"),
        ({"imgs": drawn.render(ROWS)[:90]}, "90 images, but values of 94"),
        ({"imgs": drawn.render(ROWS) * np.uint8(255)}, "not of 0 and 1"),
        ({"imgs": np.array([Bomb()], dtype=object)}, "'imgs' is object"),
        ({"imgs": np.asfortranarray(drawn.render(ROWS))}, "by columns"),
        ({"latents_classes": drawn.classes(ROWS) + 1}, "not all below 1, 3, 6, 40, 32, 32"),
        ({"latents_values": drawn.factors(ROWS) * np.nan}, "not all of its latents_values are numbers"),
    ],
)
def test_another_archive(tmp_path: Path, cache: Path, changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ArvaeError, match=says) as error:
        SpritesArchive(write(tmp_path / "other.npz", **changed))
    assert "other.npz" in str(error.value)
    assert "\n" not in str(error.value)
    assert not list(cache.glob("*.npy"))


def test_no_archive(tmp_path: Path) -> None:
    with pytest.raises(ArvaeError, match="there is no file"):
        SpritesArchive(tmp_path / "none.npz")
    with pytest.raises(ArvaeError, match="cannot be read"):
        SpritesArchive(tmp_path)
    for content in (b"", b"words", pickle.dumps(Bomb())):
        (tmp_path / "other.npz").write_bytes(content)
        with pytest.raises(ArvaeError, match=r"cannot be read as an \.npz"):
            SpritesArchive(tmp_path / "other.npz")


def test_a_damaged_archive(tmp_path: Path) -> None:
    path = write(tmp_path / "dsprites.npz")
    content = bytearray(path.read_bytes())
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ArvaeError, match=r"cannot be read as an \.npz"):
        SpritesArchive(path)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        start = archive.getinfo("imgs.npy").header_offset
    content[start + 300 : start + 400] = bytes(100)
    path.write_bytes(content)
    with pytest.raises(ArvaeError, match=r"cannot be read as an \.npz"):
        SpritesArchive(path)


def test_an_array_shorter_than_it_says(tmp_path: Path) -> None:
    path = write(tmp_path / "dsprites.npz")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["imgs.npy"] = members["imgs.npy"][:-1]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ArvaeError, match="shorter or longer than it says"):
        SpritesArchive(path)
