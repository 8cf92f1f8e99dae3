"""What a morph did, measured on its results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from arvae_music.control.report import Status, by_status, plain
from arvae_music.formats.tune import Notice


@dataclass(frozen=True)
class MorphMeasure:
    """One measure of a tune on the way.

    Attributes:
        index: its number; of the strain's end where a pickup is joined to it.
        joined: the pickup's number, or None.
        meter: as notated.
        status: what became of it; `unchanged` and `skipped` ones are as they are in the tune's own file.
        reason: why it is not exact, or None.
        a, b: numbers of the measures of A and of B between which it lies; None where it lies between none.
        requested: the values between theirs; empty where it lies between none.
        after: every attribute's value; empty where the measure was skipped.
        from_a, from_b: ticks whose token is A's, and B's, in this tune's key; many are both.
        ticks: ticks of the measure.
    """

    index: int
    joined: int | None
    meter: str
    status: Status
    reason: str | None
    a: int | None
    b: int | None
    requested: Mapping[str, float]
    after: Mapping[str, float]
    from_a: int
    from_b: int
    ticks: int

    @property
    def is_between(self) -> bool:
        """Whether it lies between a measure of A and one of B."""
        return self.status in ("exact", "nearest")

    def as_json(self) -> dict[str, Any]:
        """As in the command's `--json`."""
        return {
            "index": self.index,
            "joined": self.joined,
            "meter": self.meter,
            "status": self.status,
            "reason": self.reason,
            "a": self.a,
            "b": self.b,
            "requested": plain(self.requested),
            "after": plain(self.after),
            "from_a": self.from_a,
            "from_b": self.from_b,
            "ticks": self.ticks,
        }


@dataclass(frozen=True)
class MorphStep:
    """One tune on the way.

    Attributes:
        number: from 1, which is A, to the last, which is B.
        of: how many there are.
        output: the file where it is written, or None.
        stands_in: the tune whose bars, key and file it has.
        measures: what became of each.
        notices: what else there is to say.
    """

    number: int
    of: int
    output: str | None
    stands_in: Literal["A", "B"]
    measures: tuple[MorphMeasure, ...]
    notices: tuple[Notice, ...]

    @property
    def share(self) -> float:
        """How far it is on the way: 0 is A and 1 is B."""
        return (self.number - 1) / (self.of - 1)

    @property
    def summary(self) -> dict[str, int]:
        """How many measures there are, and of each status."""
        return by_status(row.status for row in self.measures)

    @property
    def attributes(self) -> dict[str, float]:
        """Mean of each attribute over the measures between A's and B's."""
        rows = [row.after for row in self._between]
        return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]} if rows else {}

    @property
    def from_a(self) -> float:
        """Share of the ticks of these measures that are A's."""
        return sum(row.from_a for row in self._between) / max(self._ticks, 1)

    @property
    def from_b(self) -> float:
        """Share of them that are B's."""
        return sum(row.from_b for row in self._between) / max(self._ticks, 1)

    @property
    def _between(self) -> list[MorphMeasure]:
        return [row for row in self.measures if row.is_between]

    @property
    def _ticks(self) -> int:
        return sum(row.ticks for row in self._between)

    def as_json(self) -> dict[str, Any]:
        """As in the command's `--json`."""
        return {
            "number": self.number,
            "of": self.of,
            "share": round(self.share, 4),
            "output": self.output,
            "stands_in": self.stands_in,
            "attributes": plain(self.attributes),
            "from_a": round(self.from_a, 4),
            "from_b": round(self.from_b, 4),
            "measures": [row.as_json() for row in self.measures],
            "notices": [notice.as_json() for notice in self.notices],
            "summary": self.summary,
        }


@dataclass(frozen=True)
class MorphReport:
    """The whole way.

    Attributes:
        a, b: files of the two tunes.
        model: its name.
        seed: as given.
        strength: from 0, as near to the two tunes as possible, to 1, free.
        transposition: semitones by which B is moved where it meets A in a tune in A's key, octaves apart;
            A is moved as far the other way in a tune in B's.
        steps: the tunes, A first and B last.
        notices: how the two files were understood.
    """

    a: str
    b: str
    model: str
    seed: int
    strength: float
    transposition: int
    steps: tuple[MorphStep, ...]
    notices: tuple[Notice, ...]

    def as_json(self) -> dict[str, Any]:
        """As in the command's `--json`."""
        return {
            "a": self.a,
            "b": self.b,
            "model": self.model,
            "seed": self.seed,
            "strength": self.strength,
            "transposition": self.transposition,
            "steps": [step.as_json() for step in self.steps],
            "notices": [notice.as_json() for notice in self.notices],
        }
