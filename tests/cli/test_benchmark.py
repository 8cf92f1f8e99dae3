"""The tables of the control benchmark: what they say, and that they fit."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from arvae_music.cli.benchmark import (
    came_table,
    change_table,
    close_table,
    correlation_table,
    frontier_table,
    ladder_tables,
    meter_table,
    side_table,
    style_table,
    swap_table,
)
from arvae_music.cli.control import WIDTH, Control, show_control
from rich.console import Console
from rich.table import Table

from arvae_music.attributes import ATTRIBUTES, resolve
from arvae_music.control.benchmark import Real, Trial
from arvae_music.control.frontier import STRENGTHS, FrontierPoint
from arvae_music.control.ladder import LADDER, SMALLER, LadderRow, written
from arvae_music.control.swap import SwapScores
from arvae_music.control.ways import OURS, WAYS

METERS = ("4/4", "3/4", "2/4", "6/8", "9/8", "12/8")


def trial(names: Sequence[str], **fields: float) -> Trial:
    """As wide as figures become."""
    full = [resolve(name).name for name in names]
    shift = {a.name: 1.25 for a in ATTRIBUTES if a.name not in full}
    known = Trial(
        29_588, 0.98765, 0.99999, 0.88888, 0.77777, 0.66666, 12.345, 0.98765,
        dict.fromkeys(full, -0.123), dict.fromkeys(full, -10.04), shift,
    )  # fmt: skip
    return replace(known, **fields)  # type: ignore[arg-type]


def rows(meters: Sequence[str] = (*METERS, "all")) -> list[LadderRow]:
    return [
        LadderRow(
            meter,
            written(pairs),
            500,
            Real(5.0, 0.95, 4.5),
            {way.name: trial([name for name, _ in pairs]) for way in WAYS},
        )
        for meter in meters
        for pairs in LADDER
    ]


def points() -> list[FrontierPoint]:
    requests = {written(pairs): (0.98765, -0.123) for pairs in SMALLER}
    return [FrontierPoint(strength, 0.9, 0.8, 1.25, 1.0, requests) for strength in STRENGTHS]


def swaps() -> dict[str, SwapScores]:
    figures = {a.name: -0.5 for a in ATTRIBUTES}
    return {meter: SwapScores(29_588, figures, figures, 0.99666) for meter in ("all", *METERS)}


def text_of(table: Table, width: int = 1000) -> list[str]:
    table.title = None  # stands above, as wide as the terminal
    console = Console(width=width)
    with console.capture() as shown:
        console.print(table)
    return [line.rstrip() for line in shown.get().splitlines() if line.strip()]


def cells(table: Table, request: str) -> list[str]:
    (line,) = [line for line in text_of(table) if line.strip().startswith(f"{request} ")]
    return line.split()[len(request.split()) :]


@pytest.mark.parametrize("number", range(6 + len(WAYS)))
def test_no_table_of_requests_is_wider_than_120_columns(number: int) -> None:
    tables = ladder_tables(rows())
    assert len(tables) == 6 + len(WAYS)
    lines = text_of(tables[number])
    assert max(map(len, lines)) <= WIDTH
    # Every request has a line of its own, below the heading (of one line or two) and its rule.
    assert len(LADDER) < len(lines) <= len(LADDER) + 3
    assert not any("…" in line for line in lines)


@pytest.mark.parametrize("table", [frontier_table(points()), swap_table("folk", swaps())])
def test_the_other_tables_are_no_wider(table: Table) -> None:
    assert max(map(len, text_of(table))) <= WIDTH


def test_one_meter_has_no_tables_by_meter() -> None:
    assert len(ladder_tables(rows(["4/4"]))) == 6


def test_what_the_tables_say() -> None:
    ways = {
        "moved": trial(["density"], exact=0.0, legal=0.5, nats=6.0),
        "constrained": trial(["density"], exact=1.0, legal=1.0, nats=10.0, ticks_kept=0.5),
        "without_decoder": trial(["density"], exact=math.nan, legal=1.0, nats=5.0, in_key=0.75),
        "ours": trial(["density"], nats=4.5),
    }
    row = LadderRow("all", "density +1", 500, Real(5.0, 0.95, alike=4.0), ways)
    # Not all are exact: never 100%.
    exact, legal = ["0.0%", "100%", "-", "99.99%"], ["50.0%", "100%", "100%", "88.9%"]
    assert cells(came_table([row]), "density +1") == ["29,588", "98.8%", *exact, *legal]
    assert cells(correlation_table([row]), "density +1") == ["-0.12"] * 4
    assert cells(change_table([row]), "density +1") == ["-10.0"] * 4
    assert cells(close_table([row]), "density +1") == ["77.8%", "50.0%", "77.8%", "77.8%"] + ["66.7%"] * 4
    over, alike = ["+20.0%", "+100.0%", "+0.0%", "-10.0%"], ["+50%", "+150%", "+25%", "+12%"]
    assert cells(style_table([row]), "density +1") == ["5.00", "4.00", *over, *alike]
    assert cells(side_table([row]), "density +1") == [
        "95.0%",
        "98.8%",
        "98.8%",
        "75.0%",
        "98.8%",
        *["1.25"] * 4,
    ]
    assert cells(meter_table([replace(row, meter="4/4")], ["4/4", "6/8"], OURS), "density +1") == [
        "100", "78", "-10", "-",
    ]  # fmt: skip


def test_a_request_that_concerns_nothing() -> None:
    nothing = trial(
        ["range"], asked=0, exact=math.nan, reachable=math.nan, ticks_kept=math.nan, nats=math.nan
    )
    row = LadderRow("4/4", "range +2", 5, Real(math.nan, math.nan), {way.name: nothing for way in WAYS})
    assert cells(came_table([row]), "range +2")[:6] == ["0", "-", "-", "-", "-", "-"]
    assert cells(style_table([row]), "range +2") == ["-"] * 10
    assert cells(meter_table([row], ["4/4"], OURS), "range +2") == ["-"]


def test_swaps_and_the_frontier() -> None:
    assert cells(swap_table("folk", swaps()), "9/8") == ["29,588", "99.67%", *["-0.500"] * 8]
    assert cells(frontier_table(points()), "0.35") == [
        "90.0%", "+125.0%", *["99", "-12"] * len(SMALLER),
    ]  # fmt: skip


def test_titles_are_no_wider_either(capsys: pytest.CaptureFixture[str]) -> None:
    show_control("folk on the validation split of folk", Control(rows(), swaps(), points()))
    said = capsys.readouterr().out.splitlines()
    assert max(map(len, said)) <= WIDTH == 120
    assert len(said) > 200
