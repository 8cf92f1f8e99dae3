"""How fast everything is, in one table: `python -m tests.benchmarks.table`, a quarter of an hour on one core.

Runs the benchmarks of this folder (`bench_*.py`, with pytest-benchmark) and the trial of growth, and prints
each figure beside its baseline, which was measured in the same run, with the ratio and the goal. Times are
processor seconds of one thread, so that what else the machine does counts for little; of several rounds
the shortest stands, and of steps of training, which are taken in turn with the baseline's, the median.

    python -m tests.benchmarks.table --json speed.json       # the table, and its rows for programs
    python -m tests.benchmarks.table --only editing          # one group
    python -m tests.benchmarks.table --plot growth.png       # and a picture of the growth
    python -m tests.benchmarks.table --only editing --against e50a8bd   # and the same at another commit
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.table import Table

from arvae_music.training.place import machine
from tests.benchmarks import bench_training, growth, presets

TREE = Path(__file__).parents[2]
GROUPS = ("starting", "training", "editing", "images", "growth")

BIGGEST, GAINED = "encode, decode and search", ">= 3"
"""The biggest part of an edit, and how many times as fast it is to be made."""

Found = dict[str, dict[str, Any]]
"""What pytest-benchmark measured, by the figure's name: `seconds`, and whatever the benchmark noted."""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        figure: what was measured.
        value: and how much it is.
        baseline: what it is held against, and how much that is.
        ratio: of both.
        goal: at most (`<=`) or at least (`>=`) so much, or nothing.
        reached: whether it is the figure that the goal is about; where it is not, the goal is missed.
    """

    figure: str
    value: str
    baseline: str = ""
    ratio: float | None = None
    goal: str = ""
    reached: bool = True

    @property
    def holds(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if not self.goal or self.ratio is None:
            return None
        sign, number = self.goal.split()
        kept = self.ratio <= float(number) if sign == "<=" else self.ratio >= float(number)
        return kept and self.reached


def measured(group: str, tree: Path = TREE) -> Found:
    """Run one file of benchmarks, of the clone at `tree`.

    Raises:
        SystemExit: one of them failed.
    """
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "benchmark.json"
        words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
        words += [f"tests/benchmarks/bench_{group}.py", f"--benchmark-json={out}", "--benchmark-disable-gc"]
        alone = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(tree)}
        done = subprocess.run(words, check=False, capture_output=True, text=True, cwd=tree, env=alone)
        if done.returncode:
            raise SystemExit(done.stdout[-4000:] + done.stderr[-2000:])
        known = json.loads(out.read_text())["benchmarks"]
    return {b["extra_info"]["figure"]: {"seconds": b["stats"]["min"], **b["extra_info"]} for b in known}


@contextmanager
def tree_at(commit: str) -> Iterator[Path]:
    """The clone as it was at a commit, in a folder of its own."""
    with tempfile.TemporaryDirectory() as place:
        tree = Path(place) / "tree"
        git = ["git", "-C", str(TREE), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), commit], check=True)
        try:
            for here in sorted((TREE / "tests/benchmarks").glob("*.py")):
                there = tree / "tests/benchmarks" / here.name
                if not there.exists():  # it had not thought of measuring this
                    there.write_bytes(here.read_bytes())
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def shorter(one: Found, other: Found) -> Found:
    """Of two measurements of the same the shorter times."""
    return {name: min(one[name], other[name], key=lambda row: float(row["seconds"])) for name in one}


def compared(found: Found, before: Found, commit: str) -> Iterator[Row]:
    """What is measured by the same name at a commit, and how many times as fast it is now."""
    for name in found:
        if name in before:
            now, then = found[name]["seconds"], before[name]["seconds"]
            goal = GAINED if name.startswith(BIGGEST) else ""
            yield Row(f"{name}, beside {commit}", f"{now:.3g} s", f"{then:.3g} s", then / now, goal)


def starting(found: Found) -> Iterator[Row]:
    """Commands from nothing, against the import of torch."""
    goals = {
        "arvae-music --help": "<= 0.2",
        "attributes of a MIDI file": "<= 0.5",
        "interpolate, cold": "<= 1.5",
    }
    for figure, goal in goals.items():
        took, base = found[figure]["seconds"], found[figure]["torch"]
        yield Row(figure, f"{took:.2f} s", f"import torch {base:.2f} s", took / base, goal)


def training(found: Found) -> Iterator[Row]:
    """Measures a second, the share of the matrix-product rate, and the time to the paper's accuracy."""
    ours = found["training, default"]
    same, paper = (ours["beside"][name] for name in (bench_training.AS_LARGE, bench_training.PAPER))
    alike = found[bench_training.SAME_BATCH]
    for mine, other, goal in (
        (ours, same, ">= 2.5"),
        (alike, alike["beside"][bench_training.AS_LARGE], ">= 2.5"),
        (ours, paper, ""),
    ):
        yield Row(
            f"training, {mine['parameters'] / 1e6:.2f} M parameters, batches of {mine['count']}",
            f"{rate(mine):,.0f} measures/s",
            f"--preset paper, {other['parameters'] / 1e6:.2f} M, {other['count']}: {rate(other):,.0f}/s",
            rate(mine) / rate(other),
            goal,
        )
    for row, name in ((ours, "training"), (same, "--preset paper as large")):
        yield Row(
            f"{name}, operations",
            f"{row['flops'] / 1e6:.0f} MFLOP a measure, {row['flops'] * rate(row) / 1e9:.0f} GFLOP/s",
            f"matrix product {row['product_rate'] / 1e9:.0f} GFLOP/s",
            row["flops"] * rate(row) / row["product_rate"],
        )
        yield Row(
            f"{name}, in matrix products",
            f"{row['product_share']:.0%} of the time",
            f"were there nothing else, {rate(row) / row['product_share']:,.0f} measures/s",
            row["product_share"],
        )
    quick = found["one epoch"]["ticks"]
    of_one = found["training, one epoch"]
    paper = of_one["beside"][bench_training.PAPER]
    whole, took = (row["measures_of_an_epoch"] / rate(row) for row in (paper, of_one))
    for known in presets.read(presets.RESULTS):
        if (known.preset, known.seed) == ("paper", 0):
            reached, epochs = max(known.validation), paper["epochs"]
            yield Row(
                f"training, one epoch in batches of {of_one['count']}: {quick:.1%} of the ticks",
                f"{took:.0f} s",
                f"--preset paper, {epochs} epochs: {reached:.1%} in {epochs * whole:.0f} s",
                took / (epochs * whole),
                "<= 0.05",
                quick >= reached,
            )


def rate(found: dict[str, Any]) -> float:
    """Of what is counted, so much a second."""
    return float(found["count"] / found["seconds"])


def editing(found: Found) -> Iterator[Row]:
    """Every part of an edit, and whole edits; of the biggest part, what products of matrices take of it."""
    for name, part in found.items():
        yield Row(name, f"{rate(part):,.0f} {part['unit']}/s")
        if name.startswith(BIGGEST):
            share = part["product_share"]
            alone = f"were there nothing else, {rate(part) / share:,.0f} measures/s"
            yield Row(f"{name}, in matrix products", f"{share:.0%} of the time", alone, share)


def images(found: Found) -> Iterator[Row]:
    """What is drawn and trained on, and whether memory grows with it."""
    for name, part in found.items():
        yield Row(name, f"{rate(part):,.0f} {part['unit']}/s")
        if "memory" in part:
            (before, after), (few, many) = part["memory"], part["seen"]
            yield Row(
                f"memory, {name}, after {many:,}",
                f"{after / 2**20:,.0f} MiB",
                f"after {few:,}: {before / 2**20:,.0f} MiB",
                after / before,
                "<= 1.05",
            )


def grown(sizes: list[growth.Size]) -> Iterator[Row]:
    """What a hundred times as much takes, for each unit of it."""
    least = sizes[0]
    for size in sizes[1:]:
        times = f"{size.measures:,} measures, of {least.measures:,}"
        for name, what, goal in (
            ("prepare_rate", "prepared", ">= 0.8"),
            ("event_rate", "event model trained", ">= 0.9"),
            ("step_rate", "auto-encoder trained", ">= 0.9"),
        ):
            mine, base = getattr(size, name), getattr(least, name)
            yield Row(f"{what}, {times}", f"{mine:,.0f} measures/s", f"{base:,.0f}/s", mine / base, goal)
        mine, base = size.memory, least.memory
        yield Row(
            f"memory in training, {times}",
            f"{mine / 2**20:,.0f} MiB",
            f"{base / 2**20:,.0f} MiB",
            mine / base,
            "<= 1.1",
        )
    short, long = min(least.edits), max(least.edits)
    per = {count: least.edits[count] / count for count in (short, long)}
    yield Row(
        f"edited, a tune of {long:,} measures",
        f"{1 / per[long]:,.0f} measures/s",
        f"of {short:,}: {1 / per[short]:,.0f}/s",
        per[long] / per[short],
        "<= 1.2",
    )


def shown(rows: dict[str, list[Row]]) -> Table:
    """The table."""
    table = Table(title=f"{machine(torch.device('cpu'))}; processor seconds of one thread", box=None)
    for name in ("figure", "value", "baseline in the same run"):
        table.add_column(name)
    for name in ("ratio", "goal", ""):
        table.add_column(name, justify="right")
    words = {None: "", True: "holds", False: "falls short"}
    for group in rows.values():
        for row in group:
            ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
            table.add_row(row.figure, row.value, row.baseline, ratio, row.goal, words[row.holds])
        table.add_section()
    return table


def main(
    only: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(GROUPS)}; may be repeated.")
    ] = None,
    sizes: Annotated[
        list[int] | None, typer.Option(help="Measures of the corpora of the trial of growth.")
    ] = None,
    json_: Annotated[Path | None, typer.Option("--json", help="Write the rows to this file.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the growth into this file.")] = None,
    against: Annotated[
        str | None, typer.Option(metavar="COMMIT", help="Measure that commit in the same run, too.")
    ] = None,
) -> None:
    """Measure, and print the table."""
    torch.set_num_threads(1)
    rows: dict[str, list[Row]] = {}
    tables = {"starting": starting, "training": training, "editing": editing, "images": images}
    for group in only or GROUPS:
        if group == "growth":
            found = growth.trial(sizes or growth.SIZES)
            rows[group] = list(grown(found))
            if plot is not None:
                growth.draw(found, plot)
        else:
            known = measured(group)
            rows[group] = list(tables[group](known))
            if against is not None:
                with tree_at(against) as tree:
                    before = measured(group, tree)
                    # Once more in turn, as a machine's speed changes by the minute.
                    shortest, before = shorter(known, measured(group)), shorter(before, measured(group, tree))
                rows[group] += compared(shortest, before, against)
        Console(stderr=True).print(f"{group}: done")
    Console(width=150).print(shown(rows))
    if json_ is not None:
        plain = {group: [{**asdict(row), "holds": row.holds} for row in some] for group, some in rows.items()}
        json_.write_text(json.dumps({"machine": machine(torch.device("cpu")), **plain}, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
