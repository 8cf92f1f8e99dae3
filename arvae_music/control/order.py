"""What an edit is asked for as a whole: changes, what stays, and where."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from arvae_music.attributes import Attribute, resolve
from arvae_music.control.request import Request, Step
from arvae_music.control.weights import USUAL_STRENGTH, ScoreWeights
from arvae_music.errors import UsageError
from arvae_music.measures import Measure
from arvae_music.meter import TICKS

Lock = Literal["rhythm", "pitch"]
"""`rhythm`: only pitches change. `pitch`: the pitches of one, source or result, are a subsequence of the
other's."""

LOCKS: tuple[Lock, ...] = ("rhythm", "pitch")

LockedTicks = Mapping[int, Iterable[int]] | npt.NDArray[np.bool_]
"""Ticks by measure number, or `[measures, 24]` booleans, a row for each of `measures(tune.melody)`."""


@dataclass(frozen=True)
class Order:
    """An edit's requests and all that goes with them; see `Model.edit` for each."""

    requests: tuple[Request, ...]
    holds: tuple[Attribute, ...] = ()
    lock: Lock | None = None
    locked: LockedTicks | None = None
    selection: Collection[int] | None = None
    chromatic: bool = False
    strict: bool = False
    seed: int = 0
    strength: float = USUAL_STRENGTH

    def __post_init__(self) -> None:
        ScoreWeights.at(self.strength)
        if self.lock == "pitch" and self.locked is not None:
            raise UsageError("locked ticks go with lock='rhythm' or alone, not with lock='pitch'")


def read_holds(names: str | Iterable[str], requests: Iterable[Request]) -> tuple[Attribute, ...]:
    """Attributes that are held, in the order given, each once.

    Raises:
        UsageError: an unknown attribute, or one that is to change.
    """
    words = [names] if isinstance(names, str) else list(names)
    holds = tuple(dict.fromkeys(resolve(name) for name in words))
    changed = {request.attribute.name: str(request) for request in requests}
    for attribute in holds:
        if attribute.name in changed:
            raise UsageError(
                f"{attribute.short} is held and is to change ({changed[attribute.name]}): choose one"
            )
    return holds


def read_lock(lock: str | None) -> Lock | None:
    """The lock of a name.

    Raises:
        UsageError: there is none of that name.
    """
    if lock is None:
        return None
    for known in LOCKS:
        if lock == known:
            return known
    raise UsageError(f"there is no lock '{lock}': take rhythm (only pitches change) or pitch (they stay)")


def read_ticks(locked: LockedTicks | None, rows: Sequence[Measure]) -> dict[int, frozenset[int]]:
    """Locked ticks by row; rows without any are left out.

    Raises:
        UsageError: no such measure or tick, or an array of another shape.
    """
    if locked is None:
        return {}
    if not isinstance(locked, Mapping):
        return _ticks_of_array(np.asarray(locked), len(rows))
    found: dict[int, frozenset[int]] = {}
    number = {n: i for i, row in enumerate(rows) for n in (row.index, row.joined) if n is not None}
    for measure, ticks in locked.items():
        if measure not in number:
            raise UsageError(f"locked: there is no measure {measure}")
        row = number[measure]
        grid = rows[row].grid
        most = TICKS if grid is None else grid.ticks
        some = frozenset(int(tick) for tick in ticks)
        wrong = sorted(tick for tick in some if not 0 <= tick < most)
        if wrong:
            raise UsageError(f"locked: measure {measure} has ticks 0 to {most - 1}, no {wrong[0]}")
        if some:
            found[row] = found.get(row, frozenset()) | some
    return found


def _ticks_of_array(locked: npt.NDArray[np.generic], rows: int) -> dict[int, frozenset[int]]:
    if locked.dtype != np.bool_ or locked.shape != (rows, TICKS):
        raise UsageError(
            f"locked: an array of {locked.dtype} {list(locked.shape)}; give booleans [{rows}, {TICKS}], or "
            "a mapping from measure numbers to ticks"
        )
    return {i: frozenset(np.flatnonzero(row).tolist()) for i, row in enumerate(locked) if row.any()}


def bounds(
    step: Step, source: float, before: float, now: float, whole: float, slack: float
) -> tuple[float, float]:
    """Least and greatest value that a step may take, so that values go one way.

    Args:
        step: the step.
        source: the value of the measure.
        before: the value after the step before.
        now: the value that the step asks for.
        whole: the value that the last step asks for.
        slack: how far beyond what it asks for a step may go.
    """
    if step.is_last and whole == source:
        return (-math.inf, math.inf)
    if whole >= source:
        return (before, math.inf if step.is_last else max(now + slack, before))
    return (-math.inf if step.is_last else min(now - slack, before), before)
