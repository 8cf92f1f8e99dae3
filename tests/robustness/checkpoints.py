"""Trials of strangers' checkpoints, states and caches: an error of one line, or something that works.

Everything that is opened, started or imported meanwhile is watched.
"""

from __future__ import annotations

import io
import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from arvae_music import by, read
from arvae_music.control.model import Model, load_model
from arvae_music.errors import ArvaeError
from arvae_music.formats.tune import Tune
from arvae_music.images.checkpoint import ImageCheckpoint, load_image_checkpoint, save_image_checkpoint
from arvae_music.images.networks import ImageVAE
from arvae_music.images.settings import ImageModelSettings
from arvae_music.model.calibration import Calibration, Line
from arvae_music.training.checkpoint import Checkpoint, save_checkpoint
from arvae_music.training.folder import STATE, is_finished
from arvae_music.training.run import TrainingData, run_training
from tests.fakes import TINY, tiny_events, tiny_vae
from tests.robustness.checkpoint_files import CANARY, damaged
from tests.robustness.sources import EXAMPLES
from tests.robustness.tally import Outcome, Tally
from tests.training.small import SMALL, Silent, some_measures

_WATCHED = (
    "open",
    "os.listdir",
    "os.scandir",
    "subprocess.Popen",
    "os.system",
    "pickle.find_class",
    "socket.connect",
)

Load = Callable[[Path], object]


class _Watch:
    """What the interpreter does while it is on; a process has one, as hooks cannot be taken away."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self._heard)

    def _heard(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on or event not in _WATCHED:
            return
        what = str(args[0]) if args else ""
        if CANARY in what or event not in ("open", "os.listdir", "os.scandir"):
            self.seen.append(f"{event} {what[:100]}")


_watches: list[_Watch] = []


def _watch() -> _Watch:
    if not _watches:
        _watches.append(_Watch())
    return _watches[0]


def a_checkpoint(path: Path) -> bytes:
    """A small one, whole."""
    line = Line((0.0, 1.0, 4.0), (-1.0, 0.0, 1.0), 3.0, 1.5)
    lines = {meter: dict.fromkeys(TINY.attributes, line) for meter in ("4/4", "6/8")}
    card = {"corpus": {"name": "own", "title": CANARY}, "training": {"start": CANARY}, "command": CANARY}
    save_checkpoint(path, Checkpoint(tiny_vae(), tiny_events(), TINY, Calibration(lines), card))
    return path.read_bytes()


def an_image_checkpoint(path: Path) -> bytes:
    """A small one of images."""
    settings = replace(ImageModelSettings(), latent=4, attributes=())
    save_image_checkpoint(
        path, ImageCheckpoint(ImageVAE(settings), settings, Calibration({}), {"data": {"name": CANARY}})
    )
    return path.read_bytes()


def a_run(folder: Path) -> TrainingData:
    """A short run in a folder, and what it learned from."""
    data = TrainingData(some_measures(24, 0), some_measures(8, 1), "made-up", "f00d", {"name": "made-up"})
    run_training(data, replace(SMALL, epochs=1, event_epochs=1), folder, Silent())
    return data


def _edits(tune: Tune) -> Load:
    """Load a model and edit with it: every measure must have what was asked for, or a reason."""

    def load(path: Path) -> object:
        model = load_model(path)
        assert isinstance(model, Model)
        edit = model.edit(tune, density=by(1))
        summary = edit.report.summary
        assert (
            summary["exact"] + summary["nearest"] + summary["skipped"] + summary["unchanged"]
            == summary["measures"]
        )
        latents = model.encode(tune)
        assert np.isfinite(np.asarray(latents.z)).all()
        return model.decode(latents)

    return load


def _tried(load: Load, path: Path, folder: Path) -> Outcome:
    watch = _watch()
    watch.seen.clear()
    watch.on = True
    before = sorted(folder.rglob("*"))
    try:
        load(path)
        outcome = Outcome("done")
    except ArvaeError as error:
        said = str(error)
        named = str(path) in said or str(path.parent) in said
        outcome = (
            Outcome("refused", said) if named and len(said.splitlines()) == 1 else Outcome("leak", said[:200])
        )
    except MemoryError:
        outcome = Outcome("memory")
    except Exception as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
        outcome = Outcome("crash", f"{type(error).__name__}: {str(error)[:150]} at {place}")
    finally:
        watch.on = False
    if watch.seen:
        return Outcome("leak", "; ".join(watch.seen[:3]))
    return outcome if sorted(folder.rglob("*")) == before else Outcome("partial", "files came or went")


def try_checkpoints(count: int, seed: int, tally: Tally) -> None:
    """Try so many checkpoints, and a quarter as many of each other kind of file."""
    with tempfile.TemporaryDirectory(prefix="strangers") as name:
        folder = Path(name)
        path = folder / "model.safetensors"
        jig = read(EXAMPLES / "jig.abc")
        kinds: list[tuple[str, bytes, Load, int]] = [
            ("checkpoints", a_checkpoint(path), _edits(jig), count),
            ("image checkpoints", an_image_checkpoint(path), load_image_checkpoint, count // 4),
        ]
        for kind, content, load, number in kinds:
            for i in range(number):
                path.write_bytes(damaged(random.Random(f"{seed} {kind} {i}"), content))
                tally.add(kind, _tried(load, path, folder), f"{seed} {i}")
        path.unlink()
        _try_states(count // 4, seed, tally, folder)


def _try_states(count: int, seed: int, tally: Tally, folder: Path) -> None:
    run = folder / "run"
    data = a_run(run)
    settings = replace(SMALL, epochs=1, event_epochs=1)
    content = (run / STATE).read_bytes()

    def resumed(path: Path) -> object:
        is_finished(run)
        return run_training(data, settings, path.parent, Silent(), resume=True)

    for i in range(count):
        (run / STATE).write_bytes(damaged(random.Random(f"{seed} states {i}"), content))
        tally.add("states", _tried(resumed, run / STATE, run), f"{seed} {i}")


def changed_array_file(rng: random.Random, content: bytes) -> bytes:
    """An archive of arrays, or an array's file, with bytes changed or cut off."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 3, 40))):
        changed[rng.randrange(min(len(changed), rng.choice((200, 10**9))))] = rng.randrange(256)
    return bytes(changed[: rng.choice((None, None, rng.randrange(len(changed))))])


def plain_array(array: Any) -> bytes:
    """The content of an array's file."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()
