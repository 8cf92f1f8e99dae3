"""From an attribute's value to the place on its latent dimension, and the corpus's spread.

A regularized dimension orders measures as its attribute does but has no unit. Per meter and
attribute, the training corpus gives the usual place of each value; between values the line is
straight, and it never falls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_KNOTS = 33
"""Most knots of a line; attributes with more values are cut into as many equal shares."""


@dataclass(frozen=True)
class Line:
    """A monotone, piecewise linear map from an attribute's value to its latent dimension.

    Attributes:
        values: rising values of the attribute, in its unit.
        places: non-falling places on the dimension, as many.
        mean, std: of the attribute in this meter of the training corpus.
    """

    values: tuple[float, ...]
    places: tuple[float, ...]
    mean: float
    std: float

    def place(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Place on the dimension of each value; beyond the corpus, that of its extreme."""
        return np.interp(values, self.values, self.places)


@dataclass(frozen=True)
class Calibration:
    """Lines by meter name and attribute name; meters that were not trained are absent."""

    lines: Mapping[str, Mapping[str, Line]]

    def has(self, meter: str, names: Iterable[str]) -> bool:
        """Whether it has a line for each of these attributes in a meter."""
        return all(name in self.lines.get(meter, {}) for name in names)

    def as_json(self) -> dict[str, Any]:
        """A dictionary that JSON can hold."""
        return {
            meter: {
                name: {
                    "values": [round(v, 6) for v in line.values],
                    "places": [round(p, 6) for p in line.places],
                    "mean": line.mean,
                    "std": line.std,
                }
                for name, line in lines.items()
            }
            for meter, lines in self.lines.items()
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Calibration:
        """Read what `as_json` gave.

        Raises:
            ValueError: a line is none.
        """
        return cls(
            {
                meter: {
                    name: _sound_line(
                        Line(
                            tuple(map(float, line["values"])),
                            tuple(map(float, line["places"])),
                            float(line["mean"]),
                            float(line["std"]),
                        )
                    )
                    for name, line in lines.items()
                }
                for meter, lines in saved.items()
            }
        )


def _sound_line(line: Line) -> Line:
    """The line, if it is what it should be."""
    values, places = np.array(line.values), np.array(line.places)
    finite = np.isfinite([*line.values, *line.places, line.mean, line.std]).all()
    if not len(values) == len(places) >= 1 or not finite or line.std < 0:
        raise ValueError("its calibration has a line without values, or with some that are no finite numbers")
    if (np.diff(values) < 0).any() or (np.diff(places) < 0).any():
        raise ValueError("its calibration has a line that falls")
    return line


def fit_line(values: npt.NDArray[np.floating], places: npt.NDArray[np.floating]) -> Line:
    """The monotone line through the median place of each value (or share of values).

    Args:
        values: of one attribute in one meter, `[measures]`.
        places: mean of the attribute's dimension for the same measures, `[measures]`.
    """
    levels = np.unique(values)
    if len(levels) > _KNOTS:
        edges = np.unique(np.quantile(values, np.linspace(0, 1, _KNOTS + 1)))
        group = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    else:
        group = np.searchsorted(levels, values)
    groups = np.unique(group)
    knots = np.array([values[group == g].mean() for g in groups], np.float64)
    medians = np.array([np.median(places[group == g]) for g in groups], np.float64)
    rising = np.maximum.accumulate(medians)
    falling = np.minimum.accumulate(medians[::-1])[::-1]
    return Line(
        tuple(knots.tolist()),
        tuple(((rising + falling) / 2).tolist()),
        float(values.mean()),
        float(values.std()),
    )
