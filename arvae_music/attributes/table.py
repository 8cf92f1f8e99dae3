"""The attributes of every measure of a tune."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from arvae_music.attributes.base import Attribute
from arvae_music.attributes.registry import ATTRIBUTES
from arvae_music.measures import Measure, measures
from arvae_music.melody import Melody
from arvae_music.tokens import Meters, Tokens


class HasMelody(Protocol):
    """A tune as it was read from a file."""

    @property
    def melody(self) -> Melody:
        """Its notes and bars."""


@dataclass(frozen=True)
class Row:
    """The attributes of one measure.

    Attributes:
        index: number of the measure, of the strain's end where a strain's end and a pickup are one.
        joined: number of that pickup, or None.
        meter: the meter as notated.
        reason: why the measure is passed over, or None.
        values: value by attribute name, each in its unit; empty where the measure is passed over.
    """

    index: int
    joined: int | None
    meter: str
    reason: str | None
    values: Mapping[str, float]

    @property
    def status(self) -> str:
        """`ok` or `skipped`."""
        return "ok" if self.reason is None else "skipped"


def attributes(tune: Melody | HasMelody) -> list[Row]:
    """The attributes of every measure, in the order of the tune."""
    rows = measures(tune if isinstance(tune, Melody) else tune.melody)
    editable = [
        (row.tokens, row.grid.code) for row in rows if row.tokens is not None and row.grid is not None
    ]
    if not editable:
        return [_row(row, {}) for row in rows]
    tokens = np.stack([row for row, _ in editable])
    meters = np.array([code for _, code in editable], dtype=np.uint8)
    columns = {attribute.name: _numbers(attribute, tokens, meters) for attribute in ATTRIBUTES}
    values = ({name: column[i] for name, column in columns.items()} for i in range(len(editable)))
    return [_row(row, next(values) if row.tokens is not None else {}) for row in rows]


def _numbers(attribute: Attribute, tokens: Tokens, meters: Meters) -> list[float]:
    """Values of a batch as plain numbers, whole ones as integers."""
    values = attribute(tokens, meters)
    return [int(v) if attribute.whole else float(v) for v in values]


def _row(measure: Measure, values: Mapping[str, float]) -> Row:
    return Row(measure.index, measure.joined, measure.meter, measure.reason, values)
