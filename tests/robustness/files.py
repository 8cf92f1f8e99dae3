"""Trials of damaged files in processes of their own, each bounded in time and memory."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import IO, NamedTuple

from tests.robustness.sources import ROOT
from tests.robustness.tally import Outcome, Tally
from tests.robustness.worker import KINDS

SECONDS = 30.0
"""Processor time that a file may take, and as much again for every megabyte of it: it is read, edited,
written, read again, converted, and read once more."""

_MOST = 600.0
"""Processor time after which a process that does not answer is stopped."""

_WALL = 7_200.0
"""Seconds after which it is stopped in any case: a machine that others use may give it little time."""

SHARES = {"MIDI": 7, "ABC": 6, "MusicXML": 5, "MXL": 2}
"""Of twenty files."""


class Case(NamedTuple):
    """What names a file."""

    kind: str
    seed: int
    number: int


class _Worker:
    """A process that tries files; a new one takes the place of one that was stopped."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(
            [sys.executable, "-m", "tests.robustness.worker", str(self.folder)],
            cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def ask(self, case: Case) -> Outcome:
        """Try a file."""
        to, answers = self._process.stdin, self._process.stdout
        assert to is not None
        assert answers is not None
        try:
            print(*case, file=to, flush=True)
            answer = _line_of(answers, self._process.pid)
        except BrokenPipeError:
            answer = ""
        if not answer:
            self.stop()
            ended = self._process.returncode
            self._process = self._started()
            hang = Outcome("hang", f"no answer in {_MOST:.0f} s of processor time")
            return hang if answer is None else Outcome("crash", f"the process ended with {ended}")
        said = json.loads(answer)
        limit = SECONDS * (1 + said["bytes"] / 1e6)
        if said["seconds"] > limit:
            return Outcome("hang", f"{said['seconds']:.0f} s for {said['bytes']:,} bytes; {said['word']}")
        return Outcome(said["word"], said["said"])

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()


def _line_of(stream: IO[str], pid: int) -> str | None:
    """A line of a process; None where none comes in time, and an empty text where it has ended."""
    began, spent = time.monotonic(), processor_time(pid)
    while time.monotonic() - began < _WALL and processor_time(pid) - spent < _MOST:
        if select.select([stream], [], [], 2.0)[0]:
            return stream.readline()
    return None


def processor_time(pid: int) -> float:
    """Seconds of processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _workers(count: int) -> Iterator[list[_Worker]]:
    with tempfile.TemporaryDirectory(prefix="robustness") as folder, ExitStack() as stack:
        workers = [_Worker(Path(folder) / str(number)) for number in range(count)]
        for worker in workers:
            stack.callback(worker.stop)
        yield workers


def cases(count: int, seed: int) -> list[Case]:
    """So many files, of the kinds in turn by their shares."""
    turn = [kind for kind, share in SHARES.items() for _ in range(share)]
    numbers = dict.fromkeys(SHARES, 0)
    found = []
    for place in range(count):
        kind = turn[
            (place * 7) % len(turn)
        ]  # 7 and 20 have no factor in common: every kind soon has its turn
        found.append(Case(kind, seed, numbers[kind]))
        numbers[kind] += 1
    return found


def try_files(wanted: Sequence[Case], tally: Tally, jobs: int, keep: Path | None = None) -> None:
    """Try files and count what comes of them.

    Args:
        wanted: the files.
        tally: where outcomes are counted.
        jobs: processes.
        keep: a folder for files that show a fault, or None.
    """
    with _workers(jobs) as workers, ThreadPoolExecutor(jobs) as pool:
        free: SimpleQueue[_Worker] = SimpleQueue()
        for worker in workers:
            free.put(worker)

        def one(case: Case) -> Outcome:
            worker = free.get()
            try:
                outcome = worker.ask(case)
                if keep is not None and outcome.word not in ("done", "refused"):
                    _kept(worker.folder / f"in{KINDS[case.kind][0]}", case, keep)
                return outcome
            finally:
                free.put(worker)

        for case, outcome in zip(wanted, pool.map(one, wanted), strict=True):
            tally.add(case.kind, outcome, f"{case.seed} {case.number}")


def _kept(path: Path, case: Case, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if path.exists():
        shutil.copy(path, folder / f"{case.kind}-{case.seed}-{case.number}{path.suffix}")
