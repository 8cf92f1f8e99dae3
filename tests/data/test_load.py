"""Loading corpora: by name and from the user's files, with the cache between."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from arvae_music.data import _load
from arvae_music.data._card import Source

from arvae_music import data
from arvae_music.errors import ArvaeError, UsageError
from arvae_music.melody import Melody
from arvae_music.tokens import is_legal


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read from now on, in order."""
    names: list[str] = []
    real = _load._source

    def counting(which: list[str]) -> Source:
        source = real(which)

        def read(path: Path) -> Sequence[Melody | data.Unread]:
            names.append(path.name)
            return source.read(path)

        return Source(source.card, source.files, read, source.root)

    monkeypatch.setattr(_load, "_source", counting)
    return names


@pytest.mark.usefixtures("cache")
def test_a_folder_of_ones_own(folder: Path) -> None:
    corpus = data.load_corpus([folder])
    assert corpus.titles == tuple(f"Tune {number}" for number in range(10))
    assert len(corpus) == 10
    assert corpus.tokens[0].tolist() == [
        60, -2, -2, 62, -2, -2, 64, -2, -2, 65, -2, -2, 67, -2, -2, 69, -2, -2, 71, -2, -2, 72, -2, -2,
    ]  # fmt: skip
    assert corpus.unread == ()


@pytest.mark.usefixtures("cache")
def test_the_second_load_reads_nothing(folder: Path, reads: list[str]) -> None:
    first = data.load_corpus([folder])
    assert len(reads) == 10
    second = data.load_corpus([folder])
    assert len(reads) == 10
    for name in ("tokens", "meters", "tune", "bar", "tie_in", "tie_out", "previous", "split"):
        one, other = getattr(first, name), getattr(second, name)
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)
    for name in ("name", "card", "titles", "keys", "families", "skipped", "unread", "hash"):
        assert getattr(first, name) == getattr(second, name)


@pytest.mark.usefixtures("cache")
def test_a_changed_file_is_read_again(folder: Path, reads: list[str]) -> None:
    data.load_corpus([folder])
    (folder / "0.abc").write_text("X:1\nM:4/4\nL:1/8\nK:C\nc8|]\n")
    assert data.load_corpus([folder]).tokens[0, 0] == 72
    assert len(reads) == 20


@pytest.mark.usefixtures("cache")
def test_the_cache_goes_with_the_folder(folder: Path, reads: list[str]) -> None:
    data.load_corpus([folder])
    moved = folder.rename(folder.with_name("elsewhere"))
    assert data.load_corpus([moved]).card.title == "elsewhere"
    assert len(reads) == 10


@pytest.mark.parametrize("damage", [b"", b"nonsense", None, "pickle"])
def test_a_damaged_cache_is_made_anew(
    folder: Path, cache: Path, reads: list[str], damage: bytes | str | None
) -> None:
    whole = data.load_corpus([folder])
    (stored,) = cache.rglob("*.npz")
    if damage == "pickle":
        np.savez(stored, tokens=np.array([{"a": 1}], dtype=object))
    elif isinstance(damage, bytes):
        stored.write_bytes(damage)
    else:
        stored.write_bytes(stored.read_bytes()[:-200])
    again = data.load_corpus([folder])
    assert len(reads) == 20
    assert again.hash == whole.hash
    data.load_corpus([folder])
    assert len(reads) == 20


@pytest.mark.parametrize("damage", ["type", "shape", "rows", "tunes", "titles", "bytes"])
def test_a_cache_that_is_not_what_was_kept_is_made_anew(
    folder: Path, cache: Path, reads: list[str], damage: str
) -> None:
    whole = data.load_corpus([folder])
    (stored,) = cache.rglob("*.npz")
    with np.load(stored, allow_pickle=False) as kept:
        arrays = dict(kept)
    about = json.loads(arrays["about"].tobytes())
    if damage == "type":
        arrays["tokens"] = arrays["tokens"].astype(np.float64)
    elif damage == "shape":
        arrays["tokens"] = arrays["tokens"][:, :12]
    elif damage == "rows":
        arrays["tokens"][0, 0] += 1
    elif damage == "tunes":
        arrays["tune"][0] = 1_000
    else:
        about["titles"] = about["titles"][:-1] if damage == "titles" else list(range(len(about["titles"])))
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    np.savez_compressed(stored, **arrays)
    if damage == "bytes":  # in the compressed stream
        content = bytearray(stored.read_bytes())
        content[60:200:7] = b"\xff" * 20
        stored.write_bytes(content)
    again = data.load_corpus([folder])
    assert len(reads) == 20
    assert again.hash == whole.hash


def test_nothing_is_left_half_written(folder: Path, cache: Path) -> None:
    data.load_corpus([folder])
    assert {path.suffix for path in cache.rglob("*") if path.is_file()} == {".npz", ".lock"}
    (stored,) = cache.rglob("*.npz")
    with np.load(stored, allow_pickle=False) as arrays:
        assert json.loads(arrays["about"].tobytes())["titles"][0] == "Tune 0"


def test_a_cache_that_cannot_be_written_is_done_without(folder: Path, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    assert len(data.load_corpus([folder])) == 10


def test_an_interrupt_leaves_no_cache(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        data.load_corpus([folder], progress=interrupt)
    assert not list(cache.rglob("*.npz"))
    assert len(data.load_corpus([folder])) == 10


@pytest.mark.usefixtures("cache")
def test_progress_counts_bytes(folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    data.load_corpus([folder], progress=lambda done, total: seen.append((done, total)))
    total = sum(path.stat().st_size for path in folder.iterdir())
    assert seen[0] == (0, total)
    assert seen[-1] == (total, total)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


@pytest.mark.usefixtures("cache")
def test_a_bad_file_is_named_and_stops_nothing(folder: Path) -> None:
    (folder / "bad.mid").write_bytes(b"not MIDI at all")
    (folder / "bad.abc").write_text("Dear diary")
    (folder / "worse.musicxml").write_text("<score")
    (folder / "notes.txt").write_text("no music")
    corpus = data.load_corpus(folder)
    assert len(corpus) == 10
    assert sorted(entry.path for entry in corpus.unread) == ["bad.abc", "bad.mid", "worse.musicxml"]
    assert all(entry.reason for entry in corpus.unread)


@pytest.mark.usefixtures("cache")
def test_books_folders_and_files_go_together(folder: Path, tmp_path: Path) -> None:
    book = tmp_path / "book.abc"
    tune = "X:{0}\nT:Book {0}\nM:3/4\nL:1/8\nK:C\n{1}|]\n\n"
    book.write_text(tune.format(1, "c2d2e2") + tune.format(2, "f6"))
    corpus = data.load_corpus([folder, book, folder / "3.abc"])
    assert corpus.titles[-2:] == ("Book 1", "Book 2")
    assert len(corpus.titles) == 12


@pytest.mark.usefixtures("cache")
def test_what_is_no_corpus_is_said_in_one_line(tmp_path: Path, folder: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ArvaeError, match=r"empty has no tunes.*\.mid.*\.abc.*\.mxl"):
        data.load_corpus([empty])
    with pytest.raises(UsageError, match="no corpus 'flok': name folk, bach, or files"):
        data.load_corpus("flok")
    with pytest.raises(UsageError, match="no corpus is named"):
        data.load_corpus([])
    with pytest.raises(ArvaeError, match="away does not exist"):
        data.load_corpus([tmp_path / "away"])
    picture = tmp_path / "cover.png"
    picture.write_bytes(b"")
    with pytest.raises(ArvaeError, match=r"cover\.png cannot be read"):
        data.load_corpus([folder, picture])


@pytest.mark.usefixtures("cache")
def test_nothing_readable_and_nothing_usable(tmp_path: Path) -> None:
    (tmp_path / "bad.mid").write_bytes(b"not MIDI")
    with pytest.raises(ArvaeError, match="none of 1 files could be read"):
        data.load_corpus([tmp_path / "bad.mid"])
    (tmp_path / "odd.abc").write_text("X:1\nM:5/4\nL:1/4\nK:C\nCDEFG|ABcde|]")
    with pytest.raises(ArvaeError, match=r"odd.abc can be used: meter 5/4 is not supported \(2\)"):
        data.load_corpus([tmp_path / "odd.abc"])


@pytest.mark.usefixtures("cache")
def test_a_summary_counts_and_averages(folder: Path) -> None:
    summary = data.summarize(data.load_corpus([folder]))
    assert summary.tunes == 10
    assert sum(summary.tunes_by_split.values()) == 10
    (meter,) = summary.meters
    assert meter.meter == "4/4"
    assert sum(meter.measures.values()) == 10
    # Notes: 8 4 8 2 1 4 3 2 3 1, which is 36.
    assert meter.attributes["note_density"].mean == pytest.approx(3.6)
    assert meter.attributes["note_density"].sd == pytest.approx(np.std([8, 4, 8, 2, 1, 4, 3, 2, 3, 1]))


def test_cards_say_where_corpora_come_from() -> None:
    assert [card.name for card in data.corpora()] == ["folk", "bach"]
    for card in data.corpora():
        assert card.source
        assert card.licence
        assert card.citation


def keep_files(monkeypatch: pytest.MonkeyPatch, name: str, files: set[str]) -> None:
    """Let a bundled corpus have these files alone."""
    card, real = _load._BUNDLED[name]

    def source() -> Source:
        whole = real()
        return Source(
            whole.card, [file for file in whole.files if file.name in files], whole.read, whole.root
        )

    monkeypatch.setitem(_load._BUNDLED, name, (card, source))


@pytest.mark.usefixtures("cache")
def test_a_chorale_from_music21(monkeypatch: pytest.MonkeyPatch) -> None:
    # BWV 1.6 has two horns beside its four voices and is left out; BWV 253 is in music21's lists.
    keep_files(monkeypatch, "bach", {"bwv66.6.mxl", "bwv253.mxl", "bwv1.6.mxl"})
    corpus = data.load_corpus("bach")
    assert corpus.titles == ("Ach bleib bei uns, Herr Jesu Christ", "bwv66.6")
    # The printed soprano of BWV 66.6, in F sharp minor: c#5 b4 | a4 b4 c#5 e5 | c#5 b4 a4 c#5 | ... with
    # nine bars, the last of three quarters, which the two eighths of the pickup complete;
    # an F sharp is tied into it.
    rows = corpus.take(corpus.tune == 1)
    assert corpus.keys[1] == "F#m"
    assert rows.bar.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert rows.tokens[0][[0, 6, 12, 18]].tolist() == [69, 71, 73, 76]
    assert rows.previous[:2].tolist() == [71, 76]
    assert rows.tokens[8].tolist() == [
        -2, -2, -2, -2, -2, -2, 66, -2, -2, 65, -2, -2, 66, -2, -2, -2, -2, -2, 73, -2, -2, 71, -2, -2,
    ]  # fmt: skip


@pytest.mark.usefixtures("cache")
def test_folk_tunes_from_music21(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_files(monkeypatch, "folk", {"LanigansBallJig.abc", "0487-0500.abc"})
    corpus = data.load_corpus("folk")
    assert len(corpus.titles) == 1 + 14  # O'Neill's 487 to 500
    assert corpus.titles[-1].startswith("LANIGAN'S BALL")
    assert is_legal(corpus.tokens, corpus.meters).all()


@pytest.mark.slow
@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("name", ["folk", "bach"])
def test_the_whole_corpora_are_as_their_cards_say(name: str) -> None:
    corpus = data.load_corpus(name)
    assert len(corpus) == corpus.card.measures
    assert len(np.unique(corpus.tune)) == corpus.card.tunes
    assert corpus.unread == ()
    assert is_legal(corpus.tokens, corpus.meters).all()
    assert set(np.unique(corpus.tokens[corpus.tokens >= 0])) <= set(range(48, 96))
    shares = np.bincount(corpus.split, minlength=3) / len(corpus)
    assert np.abs(shares - [0.8, 0.1, 0.1]).max() < 0.01
    splits: dict[int, set[int]] = {}
    for tune, split in zip(corpus.tune.tolist(), corpus.split.tolist(), strict=True):
        splits.setdefault(corpus.families[tune], set()).add(split)
    assert all(len(found) == 1 for found in splits.values())
