"""What an edit is asked for: an attribute and a change, in the attribute's unit."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from arvae_music.attributes import Attribute, resolve
from arvae_music.errors import UsageError

_CHANGE = re.compile(r"(?P<sign>[+-]|=[+-]?)?(?P<number>\d+(?:\.\d*)?|\.\d+)(?P<sd>sd)?")
_HOW = "write +2 or -2 for a change, 8 or =-3 for a value, +1.5sd for standard deviations"


@dataclass(frozen=True)
class Change:
    """A change of an attribute: to a value, or by an amount, in its unit or in standard deviations."""

    kind: Literal["relative", "absolute"]
    value: float
    in_std: bool = False

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise UsageError(f"a change of {self.value}: give a finite number")

    def __str__(self) -> str:
        number = f"{self.value:g}"
        if self.kind == "absolute":
            return f"={number}" if self.value < 0 else number
        return f"{self.value:+g}{'sd' if self.in_std else ''}"


def by(amount: float, *, sd: bool = False) -> Change:
    """A change relative to each measure: `by(2)` is `"+2"`, `by(1.5, sd=True)` is `"+1.5sd"`."""
    return Change("relative", float(amount), sd)


def to(value: float) -> Change:
    """The same value for every measure: `to(8)` is `"8"`."""
    return Change("absolute", float(value))


def parse_change(text: str) -> Change:
    """Read `+2`, `-3`, `8`, `=-3` or `+1.5sd`.

    Raises:
        UsageError: the text is none of these.
    """
    match = _CHANGE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"'{text}' is not a change: {_HOW}")
    sign = match["sign"] or ""
    number = float(match["number"])
    if sign in ("+", "-"):
        return Change("relative", -number if sign == "-" else number, match["sd"] is not None)
    if match["sd"]:
        raise UsageError(f"'{text}': standard deviations need a sign, as +{match['number']}sd")
    return Change("absolute", -number if sign == "=-" else number)


@dataclass(frozen=True)
class Step:
    """One of several steps from the source to the whole change; the last is the whole change."""

    number: int = 1
    of: int = 1

    @property
    def is_last(self) -> bool:
        """Whether it asks for the whole change."""
        return self.number == self.of

    def part(self, amount: float, *, whole: bool) -> float:
        """How much of an amount it asks for, rounded where the attribute is a whole number."""
        if self.is_last:
            return amount
        part = amount * self.number / self.of
        return float(round(part)) if whole else part


WHOLE = Step()
"""The whole change at once."""


@dataclass(frozen=True)
class Request:
    """One attribute with its change."""

    attribute: Attribute
    change: Change

    def __post_init__(self) -> None:
        whole = self.change.value == int(self.change.value)
        if self.attribute.whole and not whole and not self.change.in_std:
            raise UsageError(
                f"{self.attribute.short} {self.change}: {self.attribute.short} is a whole number of "
                f"{self.attribute.unit}; give a whole number, or a fraction in sd"
            )
        lowest = self.attribute.lowest
        if lowest is not None and self.change.kind == "absolute" and self.change.value < lowest:
            raise UsageError(
                f"{self.attribute.short} {self.change}: {self.attribute.short} is never below {lowest:g}; "
                f"write {self.change.value:g} for a change"
            )
        highest = self.attribute.highest
        if highest is not None and self.change.kind == "absolute" and self.change.value > highest:
            raise UsageError(
                f"{self.attribute.short} {self.change}: {self.attribute.short} is never above {highest:g}"
            )

    def __str__(self) -> str:
        return f"{self.attribute.short}{self.change}"

    def as_json(self) -> dict[str, object]:
        """As in a report."""
        value = self.change.value
        return {
            "attribute": self.attribute.name,
            "kind": self.change.kind,
            "value": int(value) if value == int(value) else value,
            "unit": "standard deviations" if self.change.in_std else self.attribute.unit,
        }

    def target(self, value: float, std: float, step: Step = WHOLE) -> float:
        """The value to reach from a measure's value.

        Args:
            value: the measure's.
            std: the attribute's standard deviation in the meter.
            step: which part of the change is asked for; all of it, if not given.
        """
        change = self.change
        amount = change.value - value if change.kind == "absolute" else change.value
        if change.in_std:
            amount *= std
            if self.attribute.whole and change.value:
                amount = round(amount) or math.copysign(1, change.value)
        if change.kind == "absolute" and step.is_last:
            return change.value
        return value + step.part(amount, whole=self.attribute.whole)


def read_requests(
    pairs: Iterable[tuple[str, Change | str]], given: Iterable[Request] = ()
) -> tuple[Request, ...]:
    """Requests of names and changes, in the order given, after those that are `given` as such.

    Raises:
        UsageError: an unknown attribute, a bad change, an attribute asked for twice, or nothing.
    """
    requests = list(given)
    for name, change in pairs:
        attribute = resolve(name)
        if not isinstance(change, (str, Change)):
            raise UsageError(
                f"{name}={change!r} may mean a change or a value: "
                f"write by({change}) or '+{change}', to({change}) or '{change}'"
            )
        requests.append(Request(attribute, parse_change(change) if isinstance(change, str) else change))
    if not requests:
        raise UsageError("nothing is asked for: name an attribute and a change, as in density +2")
    counts = Counter(request.attribute.short for request in requests)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise UsageError(f"{twice[0]} is asked for twice: give one change for each attribute")
    return tuple(requests)
