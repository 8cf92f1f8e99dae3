"""A full disk, a folder that cannot be written, one that goes away: a line, and the old file intact.

Root may write anywhere, so permissions prove nothing there. Where the system allows it, each trial has a
small file system of its own, in a mount namespace that goes with its process. Elsewhere a limit on the size
of files stands for the full disk, and permissions for the folder that cannot be written.
"""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from pathlib import Path

from arvae_music.data import load_corpus

from arvae_music import kept, read
from arvae_music.errors import ArvaeError
from arvae_music.formats.tune import Tune
from arvae_music.model.calibration import Calibration
from arvae_music.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from arvae_music.training.run import TrainingData, run_training
from arvae_music.training.settings import TrainingSettings
from arvae_music.training.state import load_state
from tests.fakes import TINY, tiny_events, tiny_vae
from tests.robustness.children import Child
from tests.robustness.small_run import SETTINGS, data_of, write_tunes
from tests.robustness.sources import EXAMPLES
from tests.robustness.tally import Outcome, Tally
from tests.training.small import Silent

_NEW_NAMESPACE = 0x00020000
_SIZES = (0, 4, 80)
"""Kilobytes that are left on the full disk, before each trial."""

Trial = Callable[[Path], Outcome]


def own_mounts() -> bool:
    """Give this process mounts of its own, that nobody else sees; whether the system allows it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "unshare") or libc.unshare(_NEW_NAMESPACE):
        return False
    return subprocess.run(["mount", "--make-rprivate", "/"], check=False, capture_output=True).returncode == 0


def _mounted(place: Path, options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(place)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def can_mount(folder: Path) -> bool:
    """Whether small file systems can be had here."""

    def tried() -> Outcome:
        return Outcome("done" if own_mounts() and _mounted(folder, "size=1m") else "refused")

    return Child(tried).outcome().word == "done"


def _full(place: Path, left: int, small: bool) -> None:
    """Fill the disk on which a folder is, up to some kilobytes."""
    if not small:
        resource.setrlimit(resource.RLIMIT_FSIZE, (left << 10, left << 10))
        return
    with (place / "filler").open("wb") as filler:
        free = shutil.disk_usage(place).free - (left << 10)
        filler.write(bytes(max(free, 0)))


def _read_only(place: Path, small: bool) -> None:
    if small:  # a second view of the folder, as the first one has open files
        subprocess.run(["mount", "--bind", str(place), str(place)], check=True, capture_output=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", str(place)], check=True, capture_output=True)
    else:
        for path in (place, *place.rglob("*")):
            path.chmod(path.stat().st_mode & 0o555)


def refused(work: Callable[[], object], *named: Path) -> Outcome:
    """Work that must end in an error of one line, which names one of the files."""
    try:
        work()
    except ArvaeError as error:
        said = str(error)
        good = len(said.splitlines()) == 1 and any(str(path) in said for path in named)
        return Outcome("refused" if good else "leak", said)
    except Exception as error:
        return Outcome("crash", f"{type(error).__name__}: {error}")
    return Outcome("done")


def _intact(outcome: Outcome, before: dict[str, bytes], place: Path) -> Outcome:
    """The outcome, unless a file is another than before, or one came."""
    if not place.exists():
        return outcome
    now = {path.name: path.read_bytes() for path in place.iterdir()}
    if outcome.word == "refused" and now != before:
        changed = [name for name in now.keys() | before.keys() if now.get(name) != before.get(name)]
        return Outcome("partial", f"{changed[0]} is another than before")
    return outcome


def _tune() -> Tune:
    return read(EXAMPLES / "reel.abc")


def write_over(place: Path, spoil: Callable[[], None]) -> Outcome:
    """Write a long tune over another."""
    outs = [place / f"old{suffix}" for suffix in (".mid", ".abc", ".musicxml", ".mxl")]
    for out in outs:
        read(EXAMPLES / "jig.abc").write(out)
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    large = _tune().replace(_tune().melody)
    spoil()
    outcomes = []
    for out in outs:
        found = _intact(refused(lambda out=out: large.write(out, force=True), out), before, place)  # type: ignore[misc]
        before |= {out.name: out.read_bytes()} if found.word == "done" and out.exists() else {}
        outcomes.append(found)
    return max(outcomes, key=lambda one: ("done", "refused").count(one.word) == 0)


def write_checkpoint(place: Path, spoil: Callable[[], None]) -> Outcome:
    """Write a checkpoint over another."""
    path = place / "model.safetensors"
    save_checkpoint(path, Checkpoint(tiny_vae(1), tiny_events(), TINY, Calibration({})))
    before = {path.name: path.read_bytes()}
    spoil()
    other = Checkpoint(tiny_vae(3), tiny_events(), TINY, Calibration({}))
    outcome = _intact(refused(lambda: save_checkpoint(path, other), path), before, place)
    if place.exists():
        load_checkpoint(path)
    return outcome


def train_on(data: TrainingData) -> Callable[[Path, Callable[[], None]], Outcome]:
    """Train until the disk is full, or nothing can be written; what was saved before can be read."""

    def trial(place: Path, spoil: Callable[[], None]) -> Outcome:
        listener, run = Silent(), place / "run"
        listener.on_epoch = lambda task, figures: (
            spoil() if (task, figures["epoch"]) == ("measures", 1) else None
        )
        outcome = refused(lambda: run_training(data, _plain(), run, listener), run)
        if not run.exists():
            return outcome
        for name in ("best", "last", "events"):
            load_checkpoint(run / f"{name}.safetensors")
        load_state(run / "state.safetensors")
        litter = [path.name for path in run.glob(".*")]
        return Outcome("partial", f"litter: {litter[0]}") if litter else outcome

    return trial


def _plain() -> TrainingSettings:
    return replace(SETTINGS, listening_epochs=0, prior_epochs=0)


def prepare(tunes: Path) -> Callable[[Path, Callable[[], None]], Outcome]:
    """Read a corpus where the cache cannot hold it: it is read all the same."""

    def trial(place: Path, spoil: Callable[[], None]) -> Outcome:
        spoil()
        os.environ["XDG_CACHE_HOME"] = str(place)
        load_corpus(tunes, jobs=1)
        left = [path for path in place.rglob("*") if path.is_file() and path.suffix == ".part"]
        return Outcome("partial", str(left[0])) if left else Outcome("done")

    return trial


def keep_array(place: Path, spoil: Callable[[], None]) -> Outcome:
    """Keep a large array: without room for it an error that says where room is needed."""
    import numpy as np

    os.environ["XDG_CACHE_HOME"] = os.environ["TMPDIR"] = str(place)
    tempfile.tempdir = str(place)
    spoil()
    part = np.zeros((1 << 20,), np.uint8)
    outcome = refused(lambda: kept.kept("large", (8 << 20,), np.uint8, lambda: [part] * 8), place)
    left = list(place.rglob("*.npy"))
    return Outcome("partial", str(left[0])) if left else outcome


def try_disk(seed: int, tally: Tally, only: Collection[str] = ()) -> None:
    """All trials on a full disk, in a folder that cannot be written, and in one that goes away.

    Args:
        seed: of the tunes.
        tally: where outcomes are counted.
        only: these alone, by name; all, if there are none.
    """
    with tempfile.TemporaryDirectory(prefix="disk") as name:
        folder = Path(name)
        (folder / "place").mkdir()
        small = can_mount(folder / "place")
        write_tunes(folder / "tunes", 30, seed, bars=4)
        data = data_of(folder / "tunes")
        trials = {
            "tunes": write_over,
            "checkpoint": write_checkpoint,
            "training": train_on(data),
            "preparing": prepare(folder / "tunes"),
            "large array": keep_array,
        }
        for what, trial in trials.items():
            if only and what not in only:
                continue
            for left in _SIZES:
                tally.add(
                    f"full disk, {what}",
                    _spoiled(folder, trial, small, partial(_full, left=left, small=small)),
                    f"{left} kB left",
                )
            if what != "large array" and (small or os.geteuid()):
                tally.add(
                    f"read-only, {what}", _spoiled(folder, trial, small, partial(_read_only, small=small))
                )
            if what != "large array":
                tally.add(f"vanished, {what}", _spoiled(folder, trial, small, _vanish))


def _vanish(place: Path) -> None:
    shutil.rmtree(place / "work")


def _spoiled(
    folder: Path,
    trial: Callable[[Path, Callable[[], None]], Outcome],
    small: bool,
    spoil: Callable[[Path], None],
) -> Outcome:
    place = Path(tempfile.mkdtemp(dir=folder))

    def tried() -> Outcome:
        if small:
            own_mounts()
            _mounted(place, "size=8m")
        work = place / "work"
        work.mkdir()
        return trial(work, lambda: spoil(place))

    try:
        return Child(tried).outcome()
    finally:
        place.chmod(0o755)
