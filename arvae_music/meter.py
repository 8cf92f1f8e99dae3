"""Meters and the grid of ticks on which their measures are written.

A measure is at most 24 ticks, six to the beat. In quarter and eighth beats the ticks are
unevenly spaced, so that sixteenths and triplets share one grid (Pati & Lerch 2020, section 5.1);
in dotted beats they are the six sixteenths.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from arvae_music.errors import ArvaeError

TICKS_PER_BEAT = 6
MAX_BEATS = 4
TICKS = TICKS_PER_BEAT * MAX_BEATS

DUPLE_TICKS = (0, 1, 3, 5)
"""Ticks of a quarter or eighth beat at 0, 1/4, 1/2 and 3/4 of it."""

TRIPLE_TICKS = (0, 2, 4)
"""Ticks of a quarter or eighth beat at 0, 1/3 and 2/3 of it."""

_MIXED_FRACTIONS = tuple(Fraction(n, 12) for n in (0, 3, 4, 6, 8, 9))
_EVEN_FRACTIONS = tuple(Fraction(n, 6) for n in range(TICKS_PER_BEAT))


class Beat(IntEnum):
    """The kind of beat; the value is the code that the model is given."""

    QUARTER = 0
    EIGHTH = 1
    DOTTED = 2

    @property
    def length(self) -> Fraction:
        """Length in quarter notes."""
        return (Fraction(1), Fraction(1, 2), Fraction(3, 2))[self]

    @property
    def fractions(self) -> tuple[Fraction, ...]:
        """Place of each of the six ticks as a fraction of the beat."""
        return _EVEN_FRACTIONS if self is Beat.DOTTED else _MIXED_FRACTIONS


@dataclass(frozen=True)
class Grid:
    """The ticks of one supported meter.

    `code` numbers the meters in arrays; it is the index in `GRIDS`.
    """

    name: str
    code: int
    beat: Beat
    beats: int

    @property
    def ticks(self) -> int:
        """Number of ticks that are the meter's own; the rest of the 24 are PAD."""
        return self.beats * TICKS_PER_BEAT

    @property
    def length(self) -> Fraction:
        """Length of a whole measure in quarter notes."""
        return self.beat.length * self.beats

    @property
    def spacing(self) -> Fraction:
        """The meter's grid tick for tolerances, in quarter notes: a sixteenth, or half of one in 2/4."""
        return Fraction(1, 8) if self.beat is Beat.EIGHTH else Fraction(1, 4)

    @cached_property
    def positions(self) -> tuple[Fraction, ...]:
        """Place of every tick in quarter notes from the measure's start."""
        length = self.beat.length
        return tuple(
            length * (beat + fraction) for beat in range(self.beats) for fraction in self.beat.fractions
        )

    @cached_property
    def tick_at(self) -> dict[Fraction, int]:
        """Tick by its place in quarter notes from the measure's start."""
        return {position: tick for tick, position in enumerate(self.positions)}


GRIDS: tuple[Grid, ...] = (
    Grid("4/4", 0, Beat.QUARTER, 4),
    Grid("3/4", 1, Beat.QUARTER, 3),
    Grid("2/4", 2, Beat.EIGHTH, 4),
    Grid("6/8", 3, Beat.DOTTED, 2),
    Grid("9/8", 4, Beat.DOTTED, 3),
    Grid("12/8", 5, Beat.DOTTED, 4),
)
"""The supported meters, in the order of their codes."""

GRID_BY_NAME: dict[str, Grid] = {grid.name: grid for grid in GRIDS}

TICKS_OF: npt.NDArray[np.int64] = np.array([grid.ticks for grid in GRIDS])
"""Own ticks per meter code, `[6]`."""

BEATS_OF: npt.NDArray[np.int64] = np.array([grid.beats for grid in GRIDS])
"""Beats per meter code, `[6]`."""

BEAT_KIND_OF: npt.NDArray[np.int64] = np.array([int(grid.beat) for grid in GRIDS])
"""Kind of beat per meter code, `[6]`."""


@dataclass(frozen=True)
class Meter:
    """A time signature as notated."""

    numerator: int
    denominator: int

    @classmethod
    def parse(cls, text: str) -> Meter:
        """Read `6/8`, `C` (4/4) or `C|` (2/2).

        Raises:
            ArvaeError: the text is not a time signature.
        """
        word = text.strip()
        if word == "C":
            return cls(4, 4)
        if word == "C|":
            return cls(2, 2)
        match = re.fullmatch(r"(\d{1,3})\s*/\s*(\d{1,3})", word)
        if match is None or not int(match[1]) or not int(match[2]):
            raise ArvaeError(f"'{text}' is not a meter: write it as 4/4, 6/8, C or C|")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"

    @property
    def length(self) -> Fraction:
        """Length of a whole measure in quarter notes."""
        return Fraction(4 * self.numerator, self.denominator)

    @cached_property
    def grid(self) -> Grid | None:
        """The grid this meter is read on (2/2 as 4/4), or None where it is not supported."""
        name = "4/4" if (self.numerator, self.denominator) == (2, 2) else str(self)
        return GRID_BY_NAME.get(name)
