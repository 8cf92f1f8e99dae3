"""The control benchmark as `evaluate --control` runs it: judges, a bar, and the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Any

from arvae_music.cli import benchmark, show
from arvae_music.cli.judges import judges_of

if TYPE_CHECKING:
    from arvae_music.data import Corpus

    from arvae_music.control.benchmark import Bench
    from arvae_music.control.frontier import FrontierPoint
    from arvae_music.control.ladder import LadderRow
    from arvae_music.control.model import Model
    from arvae_music.control.swap import SwapScores

WIDTH = 120
"""Columns that tables and their titles take at most."""


@dataclass(frozen=True)
class Draw:
    """Which measures are edited: of a split, in meters, so many of each, drawn with a seed."""

    split: str
    meters: list[str]
    size: int
    seed: int


@dataclass(frozen=True)
class Control:
    """The control benchmark: rows by meter and over all, swap scores, and the frontier if asked for."""

    requests: list[LadderRow]
    swap: dict[str, SwapScores]
    frontier: list[FrontierPoint]


def measure(model: Model, corpus: Corpus, draw: Draw, *, frontier: bool, quiet: bool) -> Control:
    """Run the benchmark, with the frontier if it is asked for; `quiet`: say nothing on the way."""
    from arvae_music.control.frontier import STRENGTHS, run_frontier
    from arvae_music.control.ladder import LADDER, SMALLER, pooled, run_ladder
    from arvae_music.control.swap import swap_by_meter

    bench = _bench(model, corpus, quiet=quiet)
    drawn: dict[str, Any] = asdict(draw)
    with _counting("requests", len(draw.meters) * len(LADDER), quiet=quiet) as tell:
        rows = run_ladder(bench, corpus, tell=tell, **drawn)
    points = []
    if frontier:
        steps = len(draw.meters) * len(SMALLER)
        with _counting(f"{len(STRENGTHS)} strengths", steps, quiet=quiet) as tell:
            points = run_frontier(bench, corpus, tell=tell, **drawn)
    several = len({row.meter for row in rows}) > 1
    return Control(
        requests=[*rows, *pooled(rows)] if several else rows,
        swap=swap_by_meter(model.checkpoint, corpus, draw.split, seed=draw.seed),
        frontier=points,
    )


def _bench(model: Model, corpus: Corpus, *, quiet: bool) -> Bench:
    """The model with an event language model to edit with and another one to judge."""
    from arvae_music.control.benchmark import Bench

    editor, judge = judges_of(model, corpus, quiet=quiet)
    return Bench(model.checkpoint, judge, model.weights, model.beam).with_editor(editor)


@contextmanager
def _counting(what: str, total: int, *, quiet: bool) -> Iterator[Callable[[LadderRow], None]]:
    """A bar that moves on with every row, where there is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)

        def tell(row: LadderRow) -> None:
            bar.update(task, advance=1, description=f"{what}: {row.meter} {row.request}")

        yield tell


def show_control(title: str, found: Control) -> None:
    """Print its tables; `title` says which model on which measures."""
    tables = benchmark.ladder_tables(found.requests) if found.requests else []
    if found.frontier:
        tables.append(benchmark.frontier_table(found.frontier))
    if found.swap:
        tables.append(benchmark.swap_table(title, found.swap))
    for table in tables:
        table.title = fill(str(table.title), WIDTH)
        show.show(table)
