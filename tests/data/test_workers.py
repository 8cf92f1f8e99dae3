"""Reading with many processes, and on a Dask cluster: the same corpus, whatever happens to some files."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from arvae_music.data import Corpus, _cache, _load, _read, _workers
from arvae_music.data._card import Source
from arvae_music.data._workers import Workers
from arvae_music.data._workers import workers as chosen
from hypothesis import given
from hypothesis import strategies as st

from arvae_music import data
from arvae_music.errors import ArvaeError, UsageError
from arvae_music.formats import read
from arvae_music.melody import Melody

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
NOTES = "CDEFGABcdefgab"


@pytest.fixture
def mixed(folder: Path) -> Path:
    """Files of two formats in folders, some of which cannot be read, in several batches."""
    inner = folder / "inner"
    inner.mkdir()
    for number in range(70):
        bars = ["".join(NOTES[(number * 5 + bar * 3 + i * i) % 14] for i in range(8)) for bar in range(4)]
        (inner / f"{number}.abc").write_text(f"X:1\nT:N{number}\nM:4/4\nL:1/8\nK:C\n{'|'.join(bars)}|]\n")
    for path in EXAMPLES.glob("*.mid"):
        (inner / path.name).write_bytes(path.read_bytes())
    (inner / "bad.mid").write_bytes(b"MThd and nothing else")
    (folder / "bad.abc").write_text("Dear diary")
    return folder


def prepared(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, **how: object) -> Corpus:
    """The corpus read afresh, into a cache of its own."""
    own = cache / str(len(list(cache.iterdir())) if cache.exists() else 0)
    own.mkdir(parents=True)
    monkeypatch.setattr(_cache, "user_cache_path", lambda name: own / name)
    return data.load_corpus(folder, **how)  # type: ignore[arg-type]


def assert_same(one: Corpus, other: Corpus) -> None:
    assert one.hash == other.hash
    for name in ("tokens", "tune", "split", "previous"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    for name in ("titles", "keys", "families", "skipped", "unread", "formats"):
        assert getattr(one, name) == getattr(other, name)


def test_as_many_processes_as_one_likes(mixed: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = prepared(mixed, cache, monkeypatch, jobs=1)
    assert_same(alone, prepared(mixed, cache, monkeypatch, jobs=3))
    assert_same(alone, prepared(mixed, cache, monkeypatch))
    # Ten tunes of one measure and seventy of four in ABC; of the six examples one has three parts.
    abc, midi = alone.formats
    assert abc == ("ABC", 80, 80, 10 + 70 * 4)
    assert midi[:3] == ("MIDI", 5, 5)
    assert [entry.path for entry in alone.unread] == [
        "bad.abc",
        "inner/bad.mid",
        "inner/reel_accompanied.mid",
    ]
    assert list(data.unread_reasons(alone.unread)) == [
        "has no tune with notes", "is not a sound MIDI file", "has several parts",
    ]  # fmt: skip


@pytest.mark.usefixtures("cache")
def test_midi_is_read_as_by_itself(tmp_path: Path) -> None:
    (tmp_path / "reel.mid").write_bytes((EXAMPLES / "reel_late.mid").read_bytes())
    corpus = data.load_corpus(tmp_path)
    assert corpus.titles == (read(EXAMPLES / "reel_late.mid").melody.title,)
    assert len(corpus) == 16


@pytest.mark.usefixtures("cache")
def test_a_bad_tune_costs_nothing_but_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from arvae_music.formats.abc import AbcTune

    real = AbcTune.voices

    def stumbling(self: AbcTune) -> dict[str, Melody]:
        if self.number == 2:
            raise IndexError("list index out of range")
        return real(self)

    monkeypatch.setattr(AbcTune, "voices", stumbling)
    tune = "X:{0}\nT:{0}\nM:4/4\nL:1/8\nK:C\nC8|]\n\n"
    (tmp_path / "book.abc").write_text("".join(map(tune.format, range(1, 4))))
    corpus = data.load_corpus(tmp_path)
    assert corpus.titles == ("1", "3")
    assert corpus.unread == (("book.abc X:2", "IndexError: list index out of range"),)


@pytest.mark.usefixtures("cache")
def test_a_crash_costs_nothing_but_its_file(mixed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = _load._source([mixed])

    def read(path: Path) -> Sequence[Melody | data.Unread]:
        if path.name == "40.abc":
            import os

            os._exit(11)
        return real.read(path)

    monkeypatch.setattr(_load, "_source", lambda _: Source(real.card, real.files, read, real.root))
    corpus = data.load_corpus(mixed, jobs=2)
    assert len(corpus.titles) == 84
    assert "N40" not in corpus.titles
    (lost,) = [entry for entry in corpus.unread if entry.path == "inner/40.abc"]
    assert "the process that read it ended" in lost.reason


def test_all_have_gone_after_an_interrupt(mixed: Path, tmp_path: Path) -> None:
    # The signal goes to all processes of the group, as from a terminal.
    code = (
        "import os, signal\n"
        "from arvae_music.data import load_corpus\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "hit = lambda done, total: os.killpg(0, signal.SIGINT) if done else None\n"
        "try:\n"
        f"    load_corpus({str(mixed)!r}, jobs=2, progress=hit)\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped')\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
    )
    assert child.communicate(timeout=60) == ("stopped\n", "")
    assert child.returncode == 0
    assert not list((tmp_path / "cache").rglob("*.npz"))
    deadline = time.monotonic() + 10
    while is_there(child.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_there(child.pid)


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="this system has no signal masks")
def test_no_process_hears_an_interrupt() -> None:
    # In a process of its own, which has started none before.
    code = (
        "import signal, time\n"
        "from arvae_music.data._workers import Task, Workers\n"
        "def masked(batch):\n"
        "    time.sleep(0.5)\n"
        "    return [signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])]\n"
        "task = Task(masked, lambda item: 'lost')\n"
        "print(list(Workers(jobs=2).results(task, [(1,), (2,), (3,), (4,)], 2)))\n"
        "print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("[[True], [True], [True], [True]]\nFalse\n", "")


def is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@given(st.lists(st.integers(0, 100_000)))
def test_batches_are_all_files_in_their_order(sizes: list[int]) -> None:
    files = [Path(str(number)) for number in range(len(sizes))]
    batches = list(_read._batches(files, sizes))
    assert [file for batch in batches for file in batch] == files
    for batch in batches:
        assert 1 <= len(batch) <= 32
        assert len(batch) == 1 or sum(sizes[int(file.name)] for file in batch) <= 64_000


@pytest.mark.usefixtures("cache")
def test_little_work_is_done_by_oneself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = Workers.results

    def results(self: Workers, task: object, batches: object, worth: int) -> object:
        asked.append(worth)
        return real(self, task, batches, worth)  # type: ignore[arg-type]

    monkeypatch.setattr(Workers, "results", results)
    data.load_corpus(folder)
    assert asked == [0]


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a local cluster of two workers."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as started:
        yield started.scheduler_address


def test_a_cluster_makes_the_same_corpus(
    mixed: Path, cache: Path, cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = prepared(mixed, cache, monkeypatch, jobs=1)
    assert_same(alone, prepared(mixed, cache, monkeypatch, dask=cluster))


@pytest.mark.usefixtures("cache")
def test_what_a_cluster_cannot_do_is_said(
    folder: Path, cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(path: Path) -> Sequence[Melody | data.Unread]:
        import time

        time.sleep(0.2)
        return []

    real = _load._source([folder])
    sleepy = Source(real.card, real.files, slow, real.root)
    with monkeypatch.context() as patch:
        patch.setattr(_load, "_source", lambda _: sleepy)
        patch.setattr(_workers, "_LONGEST", 1)
        with pytest.raises(ArvaeError, match=f"{cluster} brought nothing for 1 seconds"):
            data.load_corpus(folder, dask=cluster)
    monkeypatch.setattr(_workers, "_version", Version("2.0"))
    with pytest.raises(ArvaeError, match=r"have arvae-music 1\.0: install 2\.0 there"):
        data.load_corpus(folder, dask=cluster)
    monkeypatch.setattr(_workers, "_version", NotThere())
    with pytest.raises(ArvaeError, match=r"no_such_module.*: install arvae-music 3\.0 there"):
        data.load_corpus(folder, dask=cluster)


class Version:
    """One that is another where it is sent."""

    def __init__(self, here: str) -> None:
        self.here = here

    def __call__(self) -> str:
        return self.here

    def __reduce__(self) -> tuple[object, ...]:
        return partial, (str, "1.0")


class NotThere(Version):
    """Of a module that the workers do not have."""

    def __init__(self) -> None:
        super().__init__("3.0")

    def __reduce__(self) -> tuple[object, ...]:
        return __import__, ("no_such_module",)


def test_a_cluster_without_workers() -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=0, processes=False, dashboard_address=None, protocol="tcp"
        ) as empty,
        pytest.raises(ArvaeError, match="has no workers: start some with `dask worker tcp://"),
        chosen(dask=empty.scheduler_address),
    ):
        pass


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(
    ("how", "kind", "line"),
    [
        ({"dask": "tcp://127.0.0.1:1"}, ArvaeError, "no Dask scheduler answers at tcp://127.0.0.1:1"),
        ({"dask": "nonsense"}, UsageError, "missing port .* write it as tcp://HOST:8786"),
        ({"dask": "foo://x:1"}, UsageError, "foo.* write it as tcp://HOST:8786"),
        ({"dask": "tcp://127.0.0.1:1", "jobs": 2}, UsageError, "give one of them"),
        ({"jobs": 0}, UsageError, "--jobs is 0"),
    ],
)
def test_a_wrong_call(
    how: dict[str, object], kind: type[ArvaeError], line: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_workers, "_PATIENCE", 0.5)
    with pytest.raises(kind, match=line) as raised:
        data.load_corpus(folder, **how)  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)


def test_something_else_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_workers, "_PATIENCE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=greet, args=(server,), daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ArvaeError, match="no Dask scheduler answers"), chosen(dask=address):
            pass


def greet(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("distributed", "distributed.core", "distributed.security"):
        monkeypatch.setitem(sys.modules, name, None)
    with (
        pytest.raises(ArvaeError, match=r"pip install 'arvae-music\[dask\]'"),
        chosen(dask="tcp://x:1"),
    ):
        pass
