"""Digits: those of scikit-learn, and folders in the form of MNIST."""

import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

from arvae_music.errors import ArvaeError
from arvae_music.images import digits, folder_of_digits, load_images, morphometry, small_digits
from arvae_music.images.digits import larger

COUNTS = {"train": 40, "t10k": 20}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "arvae_music" / "arrays"


def pixels(part: str) -> np.ndarray:
    """Images whose first pixel is their number."""
    images = np.zeros((COUNTS[part], 28, 28), np.uint8)
    images[:, 10:20, 12:15] = 255
    images[:, 0, 0] = np.arange(COUNTS[part])
    return images


def idx(items: np.ndarray) -> bytes:
    head = struct.pack(f">HBB{items.ndim}I", 0, 8, items.ndim, *items.shape)
    return head + items.astype(np.uint8).tobytes()


def table(count: int, first: float = 0.5) -> str:
    lines = [f"{row},{first + row},2,3,-0.25,5,6" for row in range(count)]
    return "\n".join(["index,area,length,thickness,slant,width,height", *lines]) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four files, two of them gzipped; the digits 0 to 9 in turn."""
    place = tmp_path / "mine"
    place.mkdir()
    for part, count in COUNTS.items():
        (place / f"{part}-images-idx3-ubyte").write_bytes(idx(pixels(part)))
        labels = gzip.compress(idx(np.arange(count) % 10))
        (place / f"{part}-labels-idx1-ubyte.gz").write_bytes(labels)
    return place


def test_the_digits_of_scikit_learn() -> None:
    data = small_digits()
    assert len(data) == 1797
    # How many there are of each, by the description of the data set.
    assert np.bincount(data.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    everything = np.concatenate(data.splits)
    assert np.sort(everything).tolist() == list(range(1797))
    for split, share in zip(data.splits, (0.8, 0.1, 0.1), strict=True):
        counts = np.bincount(data.labels[split])
        assert (abs(counts - share * np.bincount(data.labels)) <= 1).all()
    images = data.images(np.array([5, 0]))
    assert images.shape == (2, 1, 28, 28)
    assert images.dtype == np.float32
    assert images.min() == 0
    assert 0.9 < images.max() <= 1
    assert (small_digits().splits.test == data.splits.test).all()
    assert (small_digits(seed=1).splits.test != data.splits.test).any()


def test_made_larger_they_lie_in_the_middle() -> None:
    full, dot = np.full((8, 8), 16.0), np.zeros((8, 8))
    dot[2, 5] = 16
    flat, spot, nothing = larger(np.stack([full, dot, np.zeros((8, 8))]).astype(np.float32))
    # Two and a half new pixels for an old one, from pixel 4 on: all white within the outermost old centres.
    assert (flat[6:22, 6:22] == 255).all()
    assert flat.max() == 255
    assert (flat[:3] == 0).all()
    rows, columns = np.indices((28, 28)) + 0.5
    assert (spot * rows).sum() / spot.sum() == pytest.approx(4 + 2.5 * 2.5, abs=0.05)
    assert (spot * columns).sum() / spot.sum() == pytest.approx(4 + 2.5 * 5.5, abs=0.05)
    assert not spot[:8].any()  # nothing rings beyond the centres of the old pixels around
    assert not spot[13:].any()
    assert not nothing.any()


def test_values_are_measured_once(folder: Path, cache: Path) -> None:
    data = folder_of_digits(folder)
    rows = np.array([41, 3])
    wanted = morphometry(np.stack([pixels("t10k")[1], pixels("train")[3]]))
    assert data.values(rows) == pytest.approx(wanted, rel=1e-5)
    (kept,) = cache.glob("*.npy")
    before = kept.stat().st_mtime_ns
    assert folder_of_digits(folder).values(rows) == pytest.approx(wanted, rel=1e-5)
    assert kept.stat().st_mtime_ns == before


def test_a_folder(folder: Path) -> None:
    data = folder_of_digits(folder)
    assert data.name == "mine"
    assert (data.pixels == np.concatenate([pixels("train"), pixels("t10k")])).all()
    assert data.labels.tolist() == [row % 10 for row in (*range(40), *range(20))]
    # Of four of each digit in training, a tenth is rounded to none.
    assert [len(split) for split in data.splits] == [40, 0, 20]
    assert data.splits.test.tolist() == list(range(40, 60))


def test_tables_of_measures(folder: Path) -> None:
    (folder / "train-morpho.csv").write_text(table(40))
    (folder / "t10k-morpho.csv").write_text(table(20, first=100.5))
    values = folder_of_digits(folder).values(np.array([0, 39, 40]))
    assert values.tolist() == [
        [0.5, 2, 3, -0.25, 5, 6],
        [39.5, 2, 3, -0.25, 5, 6],
        [100.5, 2, 3, -0.25, 5, 6],
    ]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("train-images-idx3-ubyte", None, "neither train-images-idx3-ubyte nor train-images-idx3-ubyte.gz"),
        ("t10k-images-idx3-ubyte", idx(pixels("t10k"))[:-1], "15679 items where it says 20 x 28 x 28"),
        ("t10k-images-idx3-ubyte", idx(pixels("t10k")) + b"1", "15681 items"),
        ("t10k-images-idx3-ubyte", idx(pixels("t10k"))[:9], "it ends before its sizes"),
        ("t10k-images-idx3-ubyte", b"", "begins with nothing instead of 00000803"),
        ("t10k-images-idx3-ubyte", idx(np.arange(9)), "begins with 00000801 instead of 00000803"),
        ("t10k-images-idx3-ubyte", idx(pixels("t10k")[:, :20]), "20 x 28 pixels instead of 28 x 28"),
        ("t10k-images-idx3-ubyte", idx(pixels("t10k")[:0]), "20 labels for 0 images"),
        ("t10k-labels-idx1-ubyte", idx(np.arange(19) % 10), "19 labels for 20 images in t10k-images"),
        ("t10k-labels-idx1-ubyte", idx(np.arange(20)), "a label is 19 instead of 0 to 9"),
        ("train-labels-idx1-ubyte.gz", gzip.compress(idx(np.arange(40) % 10), mtime=0)[:-9], "cannot read"),
        ("train-labels-idx1-ubyte.gz", idx(np.arange(40) % 10), "cannot read"),
        ("train-morpho.csv", table(40), "no t10k-morpho.csv"),
        ("t10k-morpho.csv", table(19), "measures 19 images, but there are 20"),
        (
            "t10k-morpho.csv",
            table(20).replace("slant", "tilt"),
            "its columns are index,area,length,thickness,tilt",
        ),
        ("t10k-morpho.csv", table(20).replace("\n7,7.5", "\n7,wide"), "line 9: 7,wide,2,3"),
        ("t10k-morpho.csv", table(20).replace("\n7,7.5", "\n7,nan"), "line 9"),
        ("t10k-morpho.csv", table(20).replace("\n7,", "\n8,"), "line 9"),
        ("t10k-morpho.csv", "", "cannot read"),
    ],
    ids=lambda given: given if isinstance(given, str) else "content",
)
def test_what_is_wrong_with_a_folder(folder: Path, name: str, content: bytes | str | None, says: str) -> None:
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ArvaeError, match=says) as error:
        folder_of_digits(folder)
    assert str(folder) in str(error.value)
    assert "\n" not in str(error.value)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ArvaeError, match="is no folder"):
        folder_of_digits(tmp_path / "none")


def test_morpho_mnist_has_the_counts_and_labels_of_mnist(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ArvaeError, match="train-images-idx3-ubyte has 40 images, and Morpho-MNIST 60,000"):
        load_images("morpho-mnist", idx=folder)
    monkeypatch.setattr(digits, "_MNIST_COUNTS", COUNTS)
    with pytest.raises(ArvaeError, match="SHA-256 of train-labels-idx1-ubyte is not that of MNIST"):
        load_images("morpho-mnist", idx=folder)
    hashes = {
        f"{part}-labels-idx1-ubyte": hashlib.sha256(idx(np.arange(count) % 10)).hexdigest()
        for part, count in COUNTS.items()
    }
    monkeypatch.setattr(digits, "_MNIST", digits._MNIST | hashes)
    data = load_images("morpho-mnist", idx=folder)
    assert (data.name, len(data)) == ("morpho-mnist", 60)
    assert "made of those of MNIST, measured here" in data.source
    images = {f"{part}-images-idx3-ubyte": hashlib.sha256(idx(pixels(part))).hexdigest() for part in COUNTS}
    monkeypatch.setattr(digits, "_MNIST", hashes | images)
    assert "images those of MNIST" in load_images("morpho-mnist", idx=folder).source
    assert folder_of_digits(folder).name == "mnist"
    assert "by the SHA-256 of its files" in load_images("digits", idx=folder).source
