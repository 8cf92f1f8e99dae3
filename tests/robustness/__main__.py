"""Tries to break the program, and prints what came of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from tests.robustness.tally import Tally

PARTS = ("files", "commands", "checkpoints", "kills", "together", "disk")


def main(
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    files: Annotated[int, typer.Option(help="Damaged files.")] = 20_000,
    commands: Annotated[int, typer.Option(help="Damaged files that are tried by the command line.")] = 200,
    checkpoints: Annotated[int, typer.Option(help="Damaged checkpoints.")] = 2_000,
    kills: Annotated[int, typer.Option(help="Processes that are killed.")] = 200,
    jobs: Annotated[int, typer.Option(help="Processes that try files.")] = 2,
    keep: Annotated[Path | None, typer.Option(help="A folder for the files that show a fault.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(PARTS)}; may be given again.")
    ] = None,
) -> None:
    """Try to break the program; exit code 1 where it broke."""
    tally = Tally()
    parts: dict[str, Callable[[], None]] = {
        "files": lambda: _files(files, seed, tally, jobs, keep),
        "commands": lambda: _commands(commands, seed, tally),
        "checkpoints": lambda: _checkpoints(checkpoints, seed, tally),
        "kills": lambda: _kills(kills, seed, tally),
        "together": lambda: _together(seed, tally),
        "disk": lambda: _disk(seed, tally),
    }
    unknown = set(only or ()) - set(parts)
    if unknown:
        raise typer.BadParameter(f"--only {min(unknown)}: take one of {', '.join(parts)}")
    began = time.monotonic()
    for name, part in parts.items():
        if not only or name in only:
            part()
    print("\n".join([*tally.lines(), f"seed {seed}, {time.monotonic() - began:.0f} s", *tally.faults]))  # noqa: T201
    sys.exit(bool(tally.faults))


def _files(count: int, seed: int, tally: Tally, jobs: int, keep: Path | None) -> None:
    from tests.robustness.files import cases, try_files

    try_files(cases(count, seed), tally, jobs, keep)


def _commands(count: int, seed: int, tally: Tally) -> None:
    from tests.robustness.commands import try_commands

    try_commands(count, seed, tally)


def _checkpoints(count: int, seed: int, tally: Tally) -> None:
    from tests.robustness.checkpoints import try_checkpoints

    try_checkpoints(count, seed, tally)


def _kills(count: int, seed: int, tally: Tally) -> None:
    from tests.robustness.kills import try_kills

    try_kills(count, seed, tally)


def _together(seed: int, tally: Tally) -> None:
    from tests.robustness.together import try_together

    try_together(seed, tally)


def _disk(seed: int, tally: Tally) -> None:
    from tests.robustness.disk import try_disk

    try_disk(seed, tally)


if __name__ == "__main__":
    typer.run(main)
