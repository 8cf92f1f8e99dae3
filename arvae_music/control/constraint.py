"""What a batch of edited measures must satisfy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from arvae_music.control.pitches import NEVER, PitchGoal, PitchTables, pitch_tables
from arvae_music.control.rhythms import COUNTS, FREE, completions
from arvae_music.meter import BEAT_KIND_OF, DUPLE_TICKS, TICKS, TICKS_PER_BEAT, TRIPLE_TICKS, Beat


@dataclass(frozen=True)
class Constraint:
    """What one measure must satisfy. Pitches are numbered from the vocabulary's lowest.

    Attributes:
        code: meter code.
        counts: fewest and most notes that start.
        weights: least and greatest weight sum in hundredths, or None where it does not matter.
        span: pitch range, or None.
        contour: last minus first pitch, or None.
        tie_in, tie_out: the pitch that is tied into the measure, and over its end, or None.
        join_tick: where a pickup begins, across which no note sounds, or None.
        pitches: which pitches may be used, a byte of 0 or 1 for each.
        events: where events may stand, 24 bytes of 0 or 1.
    """

    code: int
    pitches: bytes
    counts: tuple[int, int] = (0, TICKS)
    weights: tuple[int, int] | None = None
    span: int | None = None
    contour: int | None = None
    tie_in: int | None = None
    tie_out: int | None = None
    join_tick: int | None = None
    events: bytes = bytes([1] * TICKS)

    def __post_init__(self) -> None:
        if self.join_tick is not None:
            object.__setattr__(self, "events", _events_around(self.code, self.join_tick, self.events))

    @property
    def goal(self) -> PitchGoal:
        """The part of it that concerns pitches."""
        return PitchGoal(self.pitches, self.span, self.contour, self.tie_out)

    @property
    def last_from(self) -> int | None:
        """Where the last note must start or later: one tied out of a pickup starts in it."""
        return self.join_tick if self.tie_out is not None else None

    def tables(self) -> PitchTables:
        """Which pitches can still be completed."""
        return pitch_tables(self.goal)

    def is_feasible(self) -> bool:
        """Whether any legal measure satisfies it."""
        weighted = self.weights is not None
        table = completions(self.code, self.events, weighted=weighted, last_from=self.last_from)
        rest = table[1 if self.tie_in is not None else 0, FREE]
        low, high = self.weights or (0, 0)
        notes = np.arange(COUNTS)
        width = rest.shape[-1] - 1
        possible = rest[:, min(max(high + 1, 0), width)] > rest[:, min(max(low, 0), width)]
        possible &= (notes >= self.counts[0]) & (notes <= self.counts[1])
        tables = self.tables()
        empty = tables.met_by_none and (self.tie_out is None or self.tie_out == self.tie_in)
        least = min(tables.more_from_none, NEVER)
        return bool(possible[0] and empty) or bool(possible[least:].any())

    def chromatic(self) -> Constraint:
        """The same with every pitch allowed."""
        return replace(self, pitches=bytes([1] * len(self.pitches)))


def _events_around(code: int, join: int, events: bytes) -> bytes:
    """Without the ticks that would clash with an event where the pickup begins."""
    beat, place = divmod(join, TICKS_PER_BEAT)
    if place == 0 or BEAT_KIND_OF[code] == Beat.DOTTED:
        return events
    kept = DUPLE_TICKS if place in DUPLE_TICKS else TRIPLE_TICKS
    allowed: npt.NDArray[np.uint8] = np.frombuffer(events, np.uint8).copy()
    for tick in range(TICKS_PER_BEAT):
        if tick not in kept:
            allowed[beat * TICKS_PER_BEAT + tick] = 0
    return allowed.tobytes()
