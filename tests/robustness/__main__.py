"""Tries to break the program, and prints what came of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tests.robustness.files import cases, try_files
from tests.robustness.tally import Tally


def main(
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    files: Annotated[int, typer.Option(help="Damaged files.")] = 20_000,
    jobs: Annotated[int, typer.Option(help="Processes that try them.")] = 2,
    keep: Annotated[Path | None, typer.Option(help="A folder for the files that show a fault.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only these trials.")] = None,
) -> None:
    """Try to break the program; exit code 1 where it broke."""
    tally = Tally()
    try_files(cases(files, seed), tally, jobs, keep)
    print("\n".join([*tally.lines(), *tally.faults]))
    sys.exit(bool(tally.faults))


if __name__ == "__main__":
    typer.run(main)
