"""Damaged files by the real command line: one line, the right exit code, no part of an output."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.robustness.files import Case, cases
from tests.robustness.sources import ROOT
from tests.robustness.tally import Outcome, Tally
from tests.robustness.worker import make

_SECONDS = 1_800
_OTHER = {".mid": ".abc", ".abc": ".musicxml", ".musicxml": ".mid", ".mxl": ".mid"}


def try_commands(count: int, seed: int, tally: Tally) -> None:
    """Try so many files, by the commands in turn."""
    with tempfile.TemporaryDirectory(prefix="commands") as name:
        for number, case in enumerate(cases(count, seed + 1)):
            tally.add("commands", _tried(case, Path(name), number), f"{case.kind} {case.seed} {case.number}")


def _tried(case: Case, folder: Path, number: int) -> Outcome:
    suffix, content = make(*case)
    file, out = folder / f"in{suffix}", folder / f"out{_OTHER[suffix]}"
    edited, said = folder / f"edited{suffix}", folder / "said.json"
    file.write_bytes(content)
    first = ["--part", "1"] if number % 2 else []
    ways = (
        ["attributes", str(file), *first, "--json", str(said)],
        ["convert", str(file), str(out), *first],
        ["interpolate", str(file), "--attr", "density", "+1", *first, "-o", str(edited), "--json", str(said)],
        ["data", "prepare", str(file)],
    )
    outcome = _run(ways[number % len(ways)], file, folder)
    left = {path for path in folder.iterdir() if path.name != "cache"} - {file}
    for path in (*left, file):
        path.unlink()
    if outcome.word == "refused" and left:
        return Outcome("partial", f"{min(left).name} is there after: {outcome.said}")
    return outcome if left <= {out, edited, said} else Outcome("partial", f"litter: {min(left).name}")


def _run(arguments: list[str], file: Path, folder: Path) -> Outcome:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-m", "arvae_music", *arguments]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return Outcome("hang", f"{arguments[0]}: no answer in {_SECONDS} s")
    errors = done.stderr.decode(errors="replace")
    if done.returncode == 0:
        return Outcome("leak", errors[:300]) if "Traceback" in errors else Outcome("done")
    good = done.returncode in (1, 2) and errors.startswith("arvae-music: ") and errors.count("\n") == 1
    if good and "internal error" not in errors and file.name in errors:
        return Outcome("refused", errors.strip())
    return Outcome("leak", f"{arguments[0]} ended with {done.returncode}: {errors[:300]}")
