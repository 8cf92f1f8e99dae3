"""What an edit did, measured on its result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from arvae_music.control.request import Request, Step
from arvae_music.control.weights import USUAL_STRENGTH
from arvae_music.formats.tune import Notice

Status = Literal["exact", "nearest", "unchanged", "skipped"]


@dataclass(frozen=True)
class MeasureReport:
    """One measure of an edit.

    Attributes:
        index: its number; of the strain's end where a pickup is joined to it.
        joined: the pickup's number, or None.
        meter: as notated.
        status: what became of it.
        reason: why it is not exact, or what was left out, or None.
        before, after: every attribute's value; empty where the measure was skipped.
        requested: the value asked for, by attribute.
        ticks_changed: ticks whose token is another one now.
        ticks: ticks of the measure.
    """

    index: int
    joined: int | None
    meter: str
    status: Status
    reason: str | None
    before: Mapping[str, float]
    requested: Mapping[str, float]
    after: Mapping[str, float]
    ticks_changed: int
    ticks: int

    def as_json(self) -> dict[str, Any]:
        """As in the command's `--json`."""
        return {
            "index": self.index,
            "joined": self.joined,
            "meter": self.meter,
            "status": self.status,
            "reason": self.reason,
            "before": plain(self.before),
            "requested": plain(self.requested),
            "after": plain(self.after),
            "ticks_changed": self.ticks_changed,
            "ticks": self.ticks,
        }


@dataclass(frozen=True)
class Report:
    """A whole edit.

    Attributes:
        source, output: files, the output's where it is written.
        model: its name.
        seed: as given.
        requests: what was asked for.
        measures: what became of each.
        notices: what else there is to say.
        holds: names of the attributes that were held.
        lock: what was locked besides, or None.
        step: which step of how many, or None where there is one alone.
        strength: from 0, as near to the source as possible, to 1, free.
    """

    source: str
    output: str | None
    model: str
    seed: int
    requests: tuple[Request, ...]
    measures: tuple[MeasureReport, ...]
    notices: tuple[Notice, ...]
    holds: tuple[str, ...] = ()
    lock: str | None = None
    step: Step | None = None
    strength: float = USUAL_STRENGTH

    @property
    def summary(self) -> dict[str, int]:
        """How many measures there are, and of each status."""
        return by_status(row.status for row in self.measures)

    def as_json(self) -> dict[str, Any]:
        """As in the command's `--json`."""
        return {
            "source": self.source,
            "output": self.output,
            "model": self.model,
            "seed": self.seed,
            "requests": [request.as_json() for request in self.requests],
            "holds": list(self.holds),
            "lock": self.lock,
            "strength": self.strength,
            "step": None if self.step is None else {"number": self.step.number, "of": self.step.of},
            "measures": [row.as_json() for row in self.measures],
            "notices": [notice.as_json() for notice in self.notices],
            "summary": self.summary,
        }


def by_status(found: Iterable[Status]) -> dict[str, int]:
    """How many measures there are, and of each status."""
    counts = Counter(found)
    statuses: tuple[Status, ...] = get_args(Status)
    return {"measures": counts.total(), **{status: counts[status] for status in statuses}}


def plain(values: Mapping[str, float]) -> dict[str, float]:
    """Whole numbers as such, others to four places."""
    return {name: int(v) if float(v).is_integer() else round(float(v), 4) for name, v in values.items()}
