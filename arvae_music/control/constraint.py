"""What a batch of edited measures must satisfy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from arvae_music.control.pitches import NEVER, PitchGoal, at_least, pitch_tables
from arvae_music.control.rhythms import ANYTHING, MAY_HOLD, MAY_NOTE, MAY_REST, RhythmGoal, whole_rhythms
from arvae_music.control.sequences import sequence_tables
from arvae_music.meter import BEAT_KIND_OF, DUPLE_TICKS, TICKS, TICKS_PER_BEAT, TRIPLE_TICKS, Beat
from arvae_music.model.vocabulary import HOLD_ID, PITCH_ID, REST_ID

ANY_TOKEN, ANY_NOTE = -1, -2
"""In `Constraint.locked`: a tick that is not locked, and one whose note keeps its place alone."""


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
        locked: token ids that stay, 24 of them, ANY_TOKEN where anything may stand and ANY_NOTE for a note of
            any pitch; or None. A pitch that stays is one of `pitches`.
        sequence: pitches of the source, if they or those of the result must be a subsequence of the
            other, or None. Not beside pitches that stay.
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
    locked: tuple[int, ...] | None = None
    sequence: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.join_tick is not None:
            object.__setattr__(self, "events", _events_around(self.code, self.join_tick, self.events))

    @cached_property
    def goal(self) -> PitchGoal:
        """The part of it that concerns pitches."""
        return PitchGoal(self.pitches, self.span, self.contour, self.tie_out)

    @cached_property
    def rhythm(self) -> RhythmGoal:
        """The part of it that concerns rhythm, but for counts and weights."""
        locked = self.locked or (ANY_TOKEN,) * TICKS
        kinds = [ANYTHING if event else MAY_HOLD for event in self.events]
        for tick, token in enumerate(locked):
            if token == HOLD_ID:
                kinds[tick] = MAY_HOLD
            elif token == REST_ID:
                kinds[tick] = MAY_REST
            elif token == ANY_NOTE or token >= PITCH_ID:
                kinds[tick] = MAY_NOTE
        pinned = tuple(tick for tick, token in enumerate(locked) if token >= PITCH_ID)
        tied, sounds = self.tie_in is not None, self.tie_out is not None
        return RhythmGoal(self.code, bytes(kinds), pinned, tied, sounds, self.join_tick)

    @property
    def pinned(self) -> tuple[int, ...]:
        """Pitches that are locked at their ticks, in order."""
        return tuple(token - PITCH_ID for token in self.locked or () if token >= PITCH_ID)

    @property
    def may_be_empty(self) -> bool:
        """Whether its pitches allow a measure without any note, apart from counts and locks."""
        plain = self.span in (None, 0) and self.contour in (None, 0)
        return plain and self.tie_out in (None, self.tie_in)

    def from_none(self) -> tuple[int, int, int, int]:
        """The fewest free notes of the whole measure, as in `PitchTables.from_none`."""
        none, *some = pitch_tables(self.goal).from_none(self.pitches, self.pinned)
        if not self.pinned and not self.may_be_empty:
            none = NEVER
        return (none, some[0], some[1], some[2])

    def note_counts(self) -> int:
        """The numbers of free notes that its pitches allow, as bits. Only where no pitch is pinned."""
        if self.sequence is None:
            none, _, _, some = self.from_none()
            return int(at_least(some)) | (none == 0)
        tables = sequence_tables(self.goal, self.sequence)
        return int(at_least(tables.more_from_none)) | tables.fewer_from_none | self.may_be_empty

    def is_feasible(self) -> bool:
        """Whether any legal measure satisfies it."""
        exact = whole_rhythms(self.rhythm, weighted=self.weights is not None)
        low, high = self.weights or (0, 0)
        sets = np.bitwise_or.reduce(exact[max(low, 0) : max(high + 1, 0)], axis=0, initial=0)
        counts = [count - len(self.pinned) for count in self.counts]
        sets = sets & between(*counts)
        if self.pinned:
            return bool((sets & at_least(self.from_none())).any())
        return bool(np.bitwise_or.reduce(sets) & self.note_counts())

    def chromatic(self) -> Constraint:
        """The same with every pitch allowed."""
        return replace(self, pitches=bytes([1] * len(self.pitches)))


def between(fewest: int, most: int) -> int:
    """Numbers of notes as bits, from the fewest to the most."""
    return ((1 << min(max(most + 1, 0), 31)) - 1) & ~((1 << min(max(fewest, 0), 31)) - 1)


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
