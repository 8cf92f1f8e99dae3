"""What people see: tables and notices, as wide as the terminal or as the text where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


_WORDS = 16
"""Columns of words are no narrower than this, if they have as much to say."""


@dataclass(frozen=True)
class Place:
    """A measure's number, and that of the pickup that completes it."""

    index: int
    joined: int | None = None


class Notice(Protocol):
    """Something the reader of a file or an edit has to say."""

    @property
    def code(self) -> str:
        """In a word, for programs."""

    @property
    def text(self) -> str:
        """In a sentence."""

    @property
    def measure(self) -> int | None:
        """The measure that it is about."""


def console() -> Console:
    """Standard output. In a pipe lines are as long as they need to be, so that no cell is cut."""
    from rich.console import Console

    out = Console(highlight=False)
    if not out.is_terminal:
        out.width = 1000
    return out


def new_table(title: str, numbers: Sequence[str], words: Sequence[str] = ()) -> Table:
    """An empty table: columns of `numbers` to the right, then columns of `words` to the left."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE_HEAD, show_footer=False)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    for name in words:
        table.add_column(name)
    return table


def show(table: Table) -> None:
    """Print a table below its title, which may be wider than the table.

    Numbers are never cut: in a narrow terminal the columns stand closer, and where that is not enough its
    own wrapping takes over.
    """
    out = console()
    if table.title:
        out.print(str(table.title), markup=False, soft_wrap=True)
        table.title = None
    for column in table.columns:
        widest = max(len(line) for cell in (column.header, *column.cells) for line in str(cell).split("\n"))
        column.min_width = widest if column.no_wrap else min(widest, _WORDS)
    if _least_width(table, out) > out.width:
        table.padding = (0, 0)
    out.width = max(out.width, _least_width(table, out))
    out.print(table)


def _least_width(table: Table, out: Console) -> int:
    from rich.measure import Measurement

    return Measurement.get(out, out.options.update_width(1000), table).minimum


def line(text: str) -> None:
    """Print a line as it is, however long."""
    console().print(text, markup=False, soft_wrap=True)


def notices(items: Iterable[Notice]) -> None:
    """Print notices below the table, a line for all measures of which the same is said."""
    remarks((None if item.measure is None else Place(item.measure), item.text) for item in items)


def remarks(items: Iterable[tuple[Place | None, str]]) -> None:
    """Print what is said of measures, a line for all of which the same is said."""
    found: dict[str, list[Place]] = {}
    for place, text in items:
        found.setdefault(text, []).extend([place] if place else [])
    for text, places in found.items():
        line(f"- {measure_list(places)}: {text}" if places else f"- {text}")


def measure_list(places: Iterable[Place]) -> str:
    """`measure 3`, or `measures 1-4, 7, 16+0`."""
    runs: list[list[Place]] = []
    for place in (known := list(dict.fromkeys(places))):
        if runs and place == Place(runs[-1][-1].index + 1) and runs[-1][-1].joined is None:
            runs[-1].append(place)
        else:
            runs.append([place])
    named = [
        f"{run[0].index}-{run[-1].index}" if len(run) > 1 else measure_number(run[0].index, run[0].joined)
        for run in runs
    ]
    return f"measure{'s' if len(known) > 1 else ''} {', '.join(named)}"


def measure_number(index: int, joined: int | None) -> str:
    """A measure's number, with that of the pickup that completes it."""
    return str(index) if joined is None else f"{index}+{joined}"


def amount(value: float | None) -> str:
    """A value as people read it: whole numbers whole, others with three digits, `-` for none."""
    if value is None:
        return "-"
    return f"{value:.0f}" if isinstance(value, int) else f"{value:.3f}"


@contextmanager
def reading(what: str, *, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A bar for a corpus that is read for the first time; none where it comes from the cache."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=console, transient=True) as bar:
        row = bar.add_task(f"reading {what}", visible=False)
        yield lambda done, total: bar.update(row, completed=done, total=total, visible=True)
