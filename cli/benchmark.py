"""The tables of the control benchmark; a column for each way of editing, or for each meter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isnan
from typing import TYPE_CHECKING

from arvae_music.cli import show

from arvae_music.attributes import ATTRIBUTES

if TYPE_CHECKING:
    from rich.table import Table

    from arvae_music.control.benchmark import Trial
    from arvae_music.control.frontier import FrontierPoint
    from arvae_music.control.ladder import LadderRow
    from arvae_music.control.swap import SwapScores
    from arvae_music.control.ways import Way

_SHORT = {attribute.name: attribute.short for attribute in ATTRIBUTES}


def ladder_tables(rows: Sequence[LadderRow]) -> list[Table]:
    """What came of every request over all meters, each figure for all ways side by side; then by meter."""
    from arvae_music.control.ladder import ALL
    from arvae_music.control.ways import WAYS

    over_all = [row for row in rows if row.meter == ALL] or list(rows)
    meters = list(dict.fromkeys(row.meter for row in rows if row.meter != ALL))
    tables = [table(over_all) for table in _TABLES]
    if len(meters) > 1:
        tables += [meter_table(rows, meters, way) for way in WAYS]
    return tables


def came_table(rows: Sequence[LadderRow]) -> Table:
    """Whether it came as asked, and whether it is legal."""
    return _by_way(
        f"Edits of held-out measures ({_meters(rows)}): how many; share that can have what is asked (reach). "
        f"Then share of those that have it (exact), and share of legal measures, {_ways_said()}",
        rows,
        {"count": lambda row: f"{row.ours.asked:,}", "reach": lambda row: _share(row.ours.reachable)},
        {"exact": lambda _row, trial: _share(trial.exact), "legal": lambda _row, trial: _share(trial.legal)},
    )


def correlation_table(rows: Sequence[LadderRow]) -> Table:
    """Requested beside measured values."""
    return _by_way(
        "Correlation (Pearson) of the requested with the measured values, over the measures that can have "
        "them; of measures that are left as they are it is high, too",
        rows,
        {},
        {"corr.": lambda _row, trial: " ".join(_number(r, ".2f") for r in trial.correlation.values())},
    )


def change_table(rows: Sequence[LadderRow]) -> Table:
    """The change that came, to be read beside the one that was asked for."""
    return _by_way(
        "Mean measured change of what was asked for, over the measures that can have it",
        rows,
        {},
        {"change": lambda _row, trial: " ".join(_change(*item) for item in trial.change.items())},
    )


def close_table(rows: Sequence[LadderRow]) -> Table:
    """What stays of the source."""
    return _by_way(
        "Closeness: shares of the source's ticks and onsets that stay",
        rows,
        {},
        {
            "ticks": lambda _row, trial: _share(trial.ticks_kept),
            "onsets": lambda _row, trial: _share(trial.onsets_kept),
        },
    )


def style_table(rows: Sequence[LadderRow]) -> Table:
    """Style under the judge."""
    return _by_way(
        "Style: nats per note under an event language model that the edit did not see; over those of the "
        "measures as they were (real), and of real measures that have the values asked for (alike)",
        rows,
        {
            "real": lambda row: _number(row.real.nats, ".2f"),
            "alike": lambda row: _number(row.real.alike, ".2f"),
        },
        {
            "over": lambda row, trial: _number(trial.nats / row.real.nats - 1, "+.1%"),
            "alike": lambda row, trial: _number(trial.nats / row.real.alike - 1, "+.0%"),
        },
    )


def side_table(rows: Sequence[LadderRow]) -> Table:
    """Notes in key, and what else moved."""
    return _by_way(
        "Share of notes with a pitch class of the tune's other measures (key), beside the source's own; mean "
        "shift of the other attributes in standard deviations",
        rows,
        {"source\nkey": lambda row: _share(row.real.in_key)},
        {
            "key": lambda _row, trial: _share(trial.in_key),
            "shift": lambda _row, trial: _number(_mean_shift(trial), ".2f"),
        },
    )


def meter_table(rows: Sequence[LadderRow], meters: Sequence[str], way: Way) -> Table:
    """One way in every meter: exact, ticks kept, and style, in percent."""
    table = show.new_table(
        f"By meter, {way.said}: percent exact, percent of ticks that stay, and nats per note over real in "
        "percent",
        [],
        ["request"],
    )
    for meter in meters:
        table.add_column(meter, justify="right", no_wrap=True)
    at = {(row.meter, row.request): row for row in rows}
    for request in dict.fromkeys(row.request for row in rows):
        cells = [_cell(at.get((meter, request)), way) for meter in meters]
        table.add_row(request, *cells)
    return table


def _cell(row: LadderRow | None, way: Way) -> str:
    if row is None or not row.ways[way.name].asked:
        return "-"
    trial = row.ways[way.name]
    exact = "-" if isnan(trial.exact) else f"{100 * trial.exact:.0f}"
    return f"{exact} {100 * trial.ticks_kept:2.0f} {100 * row.over_real(way.name):+4.0f}"


def swap_table(title: str, scores: dict[str, SwapScores]) -> Table:
    """The swap of regularized dimensions, by meter and over all."""
    table = show.new_table(
        f"{title}: correlation of another measure's value with the decoded one, where all regularized "
        "dimensions of z are taken from it (joint), or one (alone); ticks that come back from the unmoved z",
        ["meter", "measures", "ticks"],
    )
    names = list(next(iter(scores.values())).joint)
    for kind in ("joint", "alone"):
        for name in names:
            table.add_column(f"{kind}\n{_SHORT.get(name, name)}", justify="right", no_wrap=True)
    for meter, score in scores.items():
        figures = [*score.joint.values(), *score.alone.values()]
        table.add_row(
            meter, f"{score.count:,}", f"{score.ticks:.2%}", *(_number(figure, ".3f") for figure in figures)
        )
    return table


def frontier_table(points: Sequence[FrontierPoint]) -> Table:
    """Closeness against style, a row for each strength."""
    table = show.new_table(
        "Closeness against style, by strength (0.5 is the usual one): mean over the smaller requests of the "
        "ticks that stay, and of nats per note over real; then both of each request, in percent",
        ["strength", "ticks", "style"],
    )
    requests = list(points[0].requests) if points else []
    for request in requests:
        table.add_column(request.replace(" ", "\n"), justify="right", no_wrap=True)
    for point in points:
        each = [point.requests[request] for request in requests]
        table.add_row(
            f"{point.strength:g}",
            f"{point.ticks_kept:.1%}",
            f"{point.over_real:+.1%}",
            *(f"{100 * ticks:.0f} {100 * over:+.0f}" for ticks, over in each),
        )
    return table


_TABLES = (came_table, correlation_table, change_table, close_table, style_table, side_table)


def _by_way(
    title: str,
    rows: Sequence[LadderRow],
    once: dict[str, Callable[[LadderRow], str]],
    each: dict[str, Callable[[LadderRow, Trial], str]],
) -> Table:
    """A row per request; columns of what is said once, then a column for each figure and way.

    A request may wrap, numbers may not.
    """
    from arvae_music.control.ways import WAYS

    table = show.new_table(title, [], ["request"])
    for name in (*once, *(f"{name}\n{way.title}" for name in each for way in WAYS)):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            row.request,
            *(say(row) for say in once.values()),
            *(say(row, row.ways[way.name]) for say in each.values() for way in WAYS),
        )
    return table


def _ways_said() -> str:
    from arvae_music.control.ways import WAYS

    return "; ".join(f"{way.title}: {way.said}" for way in WAYS)


def _meters(rows: Sequence[LadderRow]) -> str:
    from arvae_music.control.ladder import ALL

    meter = rows[0].meter if rows else ALL
    return "all meters" if meter == ALL else meter


def _share(value: float) -> str:
    """A share as people read it: 100% only where it is all."""
    if isnan(value):
        return "-"
    return "100%" if value == 1 else f"{min(value, 0.9999):.2%}" if value > 0.9994 else f"{value:.1%}"


def _number(value: float, pattern: str) -> str:
    return "-" if isnan(value) else format(value, pattern)


def _change(name: str, value: float) -> str:
    return _number(value, "+.3f" if _SHORT.get(name) == "complexity" else "+.1f")


def _mean_shift(trial: Trial) -> float:
    return sum(trial.shift.values()) / len(trial.shift) if trial.shift else float("nan")
