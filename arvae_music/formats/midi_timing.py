"""From the times a MIDI file has to the times that are meant.

Programs write notes a tick late, shorten them so that they speak apart, or let them overlap so that
they sound bound. What lies within the tolerance of the grid is on it, and small gaps and overlaps
are articulation; whatever goes further keeps its own time, so that a reader can see it.

Times are whole numbers of a part of a quarter note that holds every MIDI tick and every grid tick
(`Lattice.unit`): exact as fractions are, and many times faster.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from statistics import median
from typing import Generic, TypeVar

from arvae_music.melody import Bar, Note
from arvae_music.meter import DUPLE_TICKS, TRIPLE_TICKS, Beat, Meter

_DEFAULT_SPACING = Fraction(1, 4)
"""A sixteenth, in meters that have no grid."""

_FINEST = 48
"""Parts of a quarter note that hold every grid tick and half of its spacing."""

_TRIPLETS = 0.1
"""Share of beats with triplets in a recording of which nothing is known yet."""

_ROUNDS = 6

Time = TypeVar("Time", int, Fraction)


def half_spacing(meter: Meter) -> Fraction:
    """Half a grid tick of the meter, in quarter notes: what is shorter is articulation."""
    grid = meter.grid
    return (grid.spacing if grid else _DEFAULT_SPACING) / 2


@dataclass(frozen=True, slots=True)
class Span(Generic[Time]):
    """A note at the times the file has, in quarter notes or parts of them."""

    start: Time
    end: Time
    pitch: int


@dataclass(frozen=True)
class _BeatPlace:
    """A beat, or what a short bar has of it: the times on which events may lie."""

    families: tuple[tuple[int, ...], ...]

    @cached_property
    def all(self) -> tuple[int, ...]:
        return tuple(sorted({time for family in self.families for time in family}))


@dataclass(frozen=True, slots=True)
class _BarPlace:
    """A bar, and what is asked of it for every note."""

    start: int
    end: int
    beat: Beat
    beat_length: int
    phase: int
    half_spacing: int


class Lattice:
    """The grid ticks of contiguous bars.

    Attributes:
        unit: parts of a quarter note in which times are counted.
        tolerance: how far from a grid tick still is on it: the larger of 2 MIDI ticks and 1/48.
    """

    def __init__(self, bars: Sequence[Bar], ticks_per_quarter: int) -> None:
        times = {time for bar in bars for time in (bar.start, bar.length, bar.meter.length)}
        self.unit = math.lcm(_FINEST, ticks_per_quarter, *{time.denominator for time in times})
        self.tolerance = max(2 * self.unit // ticks_per_quarter, self.unit // _FINEST)
        self._bars = [self._place(bar, first=not index) for index, bar in enumerate(bars)]
        self._starts = [bar.start for bar in self._bars]
        self._beats: dict[int, _BeatPlace] = {}

    def _place(self, bar: Bar, *, first: bool) -> _BarPlace:
        grid = bar.meter.grid
        beat = grid.beat if grid else Beat.QUARTER
        # A pickup is the end of its measure: the beats are counted back from its end.
        phase = bar.meter.length - bar.length if first else Fraction(0)
        times = (bar.start, bar.end, beat.length, phase, half_spacing(bar.meter))
        start, end, length, before, half = (self._units(time) for time in times)
        return _BarPlace(start, end, beat, length, before, half)

    def _units(self, time: Fraction) -> int:
        return time.numerator * (self.unit // time.denominator)

    @property
    def end(self) -> int:
        """Where the last bar ends."""
        return self._bars[-1].end

    def quarters(self, time: int) -> Fraction:
        """A time in quarter notes."""
        return Fraction(time, self.unit)

    def bar_index_at(self, time: int) -> int:
        """Index of the bar in which `time` lies, the last one for what lies past the end."""
        return max(bisect_right(self._starts, time) - 1, 0)

    def half_spacing_at(self, time: int) -> int:
        """Half a grid tick there."""
        return self._bars[self.bar_index_at(time)].half_spacing

    def beat_at(self, time: int) -> tuple[int, _BeatPlace]:
        """The beat in which `time` lies, and where it begins."""
        bar = self._bars[self.bar_index_at(time)]
        first = bar.start - bar.phase
        start = first + (time - first) // bar.beat_length * bar.beat_length
        if start not in self._beats:
            self._beats[start] = _BeatPlace(_families(start, bar))
        return start, self._beats[start]


def _families(start: int, bar: _BarPlace) -> tuple[tuple[int, ...], ...]:
    """Times of a beat's sixteenths and of its triplets, each with the beat's end."""
    ticks = (tuple(range(6)),) if bar.beat is Beat.DOTTED else (DUPLE_TICKS, TRIPLE_TICKS)
    places = [start + bar.beat_length * f.numerator // f.denominator for f in bar.beat.fractions]
    end = min(start + bar.beat_length, bar.end)
    return tuple(
        tuple(sorted({t for tick in family if bar.start <= (t := places[tick]) < end} | {end}))
        for family in ticks
    )


def nearest(times: Sequence[int], time: int) -> int:
    """The one of sorted `times` nearest to `time`, the earlier of equals."""
    after = bisect_right(times, time)
    if after == 0:
        return times[0]
    before = times[after - 1]
    return before if after == len(times) or time - before <= times[after] - time else times[after]


def intended_onsets(
    spans: Sequence[Span[int]], lattice: Lattice, *, quantize: bool = False
) -> tuple[list[int], dict[int, tuple[int, ...]]]:
    """Where each note is meant to start, and for each beat the times that its events lie on.

    Args:
        spans: sorted by start, in the lattice's unit.
        lattice: the bars' grid.
        quantize: however far, every note is on the nearest tick.
    """
    by_beat: dict[int, list[int]] = defaultdict(list)
    ends_by_beat: dict[int, list[int]] = defaultdict(list)
    beats = []
    for span in spans:
        start, place = lattice.beat_at(span.start)
        beats.append((start, place))
        by_beat[start].append(span.start)
        start, place = lattice.beat_at(span.end)
        if abs(nearest(place.all, span.end) - span.end) <= lattice.tolerance:
            ends_by_beat[start].append(span.end)
    chosen: dict[int, tuple[int, ...]] = {}
    favours = _triplets_of(dict(beats), by_beat) if quantize else {}
    onsets = []
    for span, (start, place) in zip(spans, beats, strict=True):
        if start not in chosen and favours.get(start):
            chosen[start] = place.families[favours[start] > 0]
        elif start not in chosen:
            limit = None if quantize else lattice.tolerance
            chosen[start] = _family(place, by_beat[start], ends_by_beat[start], limit)
        onset = nearest(chosen[start], span.start)
        onsets.append(onset if quantize or abs(onset - span.start) <= lattice.tolerance else span.start)
    return onsets, chosen


def _family(
    place: _BeatPlace, starts: Sequence[int], ends: Sequence[int], limit: int | None
) -> tuple[int, ...]:
    """The beat's sixteenths or triplets, whichever its notes lie on; all of them where neither does."""
    fitting = []
    for family in place.families:
        found = _errors(family, starts)
        if limit is None or all(error <= limit for error in found):
            fitting.append((sum(found), sum(_errors(family, ends)), family))
    return min(fitting, key=lambda entry: entry[:2])[2] if fitting else place.all


def _errors(family: tuple[int, ...], times: Sequence[int]) -> list[int]:
    return [abs(nearest(family, time) - time) for time in times]


def _triplets_of(places: dict[int, _BeatPlace], by_beat: dict[int, list[int]]) -> dict[int, float]:
    """How much more probable triplets are than sixteenths in each beat, a logarithm; 0 where all lie on both.

    A played sixteenth may come as near to a triplet's tick as to its own: so the part's spread and its
    share of triplets, found together with the beats' (expectation maximization), have a say.
    """
    squares = {
        start: [sum(error**2 for error in _errors(family, by_beat[start])) for family in place.families]
        for start, place in places.items()
        if len(place.families) > 1
    }
    apart = {start: two for start, two in squares.items() if two[0] != two[1]}
    count = sum(len(by_beat[start]) for start in squares)
    share, odds = _TRIPLETS, dict.fromkeys(apart, 0.0)
    for _ in range(_ROUNDS):
        spread = sum(two[odds.get(start, 0.0) > 0] for start, two in squares.items()) / max(count, 1) or 1.0
        prior = math.log(share / (1 - share))
        odds = {start: (two[0] - two[1]) / (2 * spread) + prior for start, two in apart.items()}
        shares = [1 / (1 + math.exp(-max(min(odd, 50.0), -50.0))) for odd in odds.values()]
        share = min(max(sum(shares) / max(len(shares), 1), 0.01), 0.9)
    return odds


def intended_notes(
    spans: Sequence[Span[int]],
    onsets: Sequence[int],
    chosen: dict[int, tuple[int, ...]],
    lattice: Lattice,
    *,
    quantize: bool = False,
) -> list[Note]:
    """The notes as they are meant, in the order of `spans`; see `intended_onsets`."""
    order = sorted(set(onsets))
    first_at: dict[int, int] = {}
    for span, onset in zip(spans, onsets, strict=True):
        first_at.setdefault(onset, span.start)
    legato = _legato(spans, onsets, order, first_at, lattice)
    notes = []
    for span, onset in zip(spans, onsets, strict=True):
        after = bisect_right(order, onset)
        following = order[after] if after < len(order) else None
        # A player is less exact about ends: up to three quarters of a grid tick.
        bound = lattice.half_spacing_at(span.end) * (3 if quantize else 2)
        if following is not None and 2 * abs(first_at[following] - span.end) < bound:
            end = following
        else:
            end = _end_before_rest(span, chosen, lattice, legato, quantize=quantize)
        if end <= onset:
            end = span.end if span.end > onset and not quantize else _after(onset, lattice)
        notes.append(Note(lattice.quarters(onset), lattice.quarters(end - onset), span.pitch))
    return notes


def _legato(
    spans: Sequence[Span[int]],
    onsets: Sequence[int],
    order: Sequence[int],
    first_at: dict[int, int],
    lattice: Lattice,
) -> int:
    """How far a part's notes are held over what follows: twice the usual overlap, 0 where they are not."""
    overlaps = []
    for span, onset in zip(spans, onsets, strict=True):
        after = bisect_right(order, onset)
        overlap = span.end - first_at[order[after]] if after < len(order) else 0
        if after < len(order) and abs(overlap) < lattice.half_spacing_at(span.end):
            overlaps.append(overlap)
    return max(2 * int(median(overlaps)), 0) if overlaps else 0


def _end_before_rest(
    span: Span[int],
    chosen: dict[int, tuple[int, ...]],
    lattice: Lattice,
    legato: int,
    *,
    quantize: bool,
) -> int:
    """Where a note ends that no other follows at once."""
    articulation = lattice.half_spacing_at(span.end)
    if span.end >= lattice.end:
        return lattice.end if quantize or span.end - lattice.end < articulation else span.end
    start, place = lattice.beat_at(span.end)
    times = chosen.get(start, place.all)
    close = nearest(times, span.end)
    if quantize or abs(close - span.end) <= lattice.tolerance:
        return close
    held = [time for time in times if 0 < span.end - time <= min(legato, articulation)]
    if held:
        return max(held)
    later = [time for time in times if 0 <= time - span.end < articulation]
    return min(later, default=span.end)


def _after(onset: int, lattice: Lattice) -> int:
    """The next sixteenth of the beat, or the beat's end; a sixteenth further behind the last bar."""
    _, place = lattice.beat_at(onset)
    return min((time for time in place.families[0] if time > onset), default=onset + lattice.unit // 4)
