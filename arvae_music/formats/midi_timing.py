"""From the times a MIDI file has to the times that are meant.

Programs write notes a tick late, shorten them so that they speak apart, or let them overlap so that
they sound bound. What lies within the tolerance of the grid is on it, and small gaps and overlaps
are articulation; whatever goes further keeps its own time, so that a reader can see it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from arvae_music.melody import Bar, Note
from arvae_music.meter import DUPLE_TICKS, TRIPLE_TICKS, Beat

_DEFAULT_SPACING = Fraction(1, 4)
"""A sixteenth, in meters that have no grid."""


def tolerance_of(ticks_per_quarter: int) -> Fraction:
    """How far from a grid tick still is on it, in quarter notes: the larger of 2 MIDI ticks and 1/48."""
    return max(Fraction(2, ticks_per_quarter), Fraction(1, 48))


def half_spacing(bar: Bar) -> Fraction:
    """Half a grid tick of the bar's meter, in quarter notes: what is shorter is articulation."""
    grid = bar.meter.grid
    return (grid.spacing if grid else _DEFAULT_SPACING) / 2


@dataclass(frozen=True, slots=True)
class Span:
    """A note at the times the file has, in quarter notes."""

    start: Fraction
    end: Fraction
    pitch: int


@dataclass(frozen=True)
class _BeatPlace:
    """A beat, or what a short bar has of it: the times on which events may lie."""

    families: tuple[tuple[Fraction, ...], ...]

    @cached_property
    def all(self) -> tuple[Fraction, ...]:
        return tuple(sorted({time for family in self.families for time in family}))


class Lattice:
    """The grid ticks of contiguous bars."""

    def __init__(self, bars: Sequence[Bar]) -> None:
        self.bars = bars
        self._starts = [bar.start for bar in bars]
        self._beats: dict[Fraction, _BeatPlace] = {}

    @property
    def end(self) -> Fraction:
        """Where the last bar ends."""
        return self.bars[-1].end

    def bar_at(self, time: Fraction) -> Bar:
        """The bar in which `time` lies, the last one for what lies past the end."""
        return self.bars[max(bisect_right(self._starts, time) - 1, 0)]

    def beat_at(self, time: Fraction) -> tuple[Fraction, _BeatPlace]:
        """The beat in which `time` lies, and where it begins."""
        bar = self.bar_at(time)
        grid = bar.meter.grid
        beat = grid.beat if grid else Beat.QUARTER
        # A pickup is the end of its measure: the beats are counted back from its end.
        phase = bar.meter.length - bar.length if bar is self.bars[0] else Fraction(0)
        start = bar.start - phase + (time - bar.start + phase) // beat.length * beat.length
        if start not in self._beats:
            self._beats[start] = _BeatPlace(_families(start, beat, bar))
        return start, self._beats[start]


def _families(start: Fraction, beat: Beat, bar: Bar) -> tuple[tuple[Fraction, ...], ...]:
    """Times of a beat's sixteenths and of its triplets, each with the beat's end."""
    ticks = (tuple(range(6)),) if beat is Beat.DOTTED else (DUPLE_TICKS, TRIPLE_TICKS)
    fractions = [[beat.fractions[tick] for tick in family] for family in ticks]
    end = min(start + beat.length, bar.end)
    return tuple(
        tuple(sorted({t for f in family if bar.start <= (t := start + beat.length * f) < end} | {end}))
        for family in fractions
    )


def nearest(times: Sequence[Fraction], time: Fraction) -> Fraction:
    """The one of `times` nearest to `time`, the earlier of equals."""
    return min(times, key=lambda known: (abs(known - time), known))


def intended_onsets(
    spans: Sequence[Span], lattice: Lattice, tolerance: Fraction, *, quantize: bool = False
) -> tuple[list[Fraction], dict[Fraction, tuple[Fraction, ...]]]:
    """Where each note is meant to start, and for each beat the times that its events lie on.

    Args:
        spans: sorted by start.
        lattice: the bars' grid.
        tolerance: how far from a grid tick still is on it, in quarter notes.
        quantize: however far, every note is on the nearest tick.
    """
    by_beat: dict[Fraction, list[Fraction]] = defaultdict(list)
    ends_by_beat: dict[Fraction, list[Fraction]] = defaultdict(list)
    for span in spans:
        by_beat[lattice.beat_at(span.start)[0]].append(span.start)
        start, place = lattice.beat_at(span.end)
        if abs(nearest(place.all, span.end) - span.end) <= tolerance:
            ends_by_beat[start].append(span.end)
    chosen: dict[Fraction, tuple[Fraction, ...]] = {}
    onsets = []
    for span in spans:
        start, place = lattice.beat_at(span.start)
        if start not in chosen:
            limit = None if quantize else tolerance
            chosen[start] = _family(place, by_beat[start], ends_by_beat[start], limit)
        onset = nearest(chosen[start], span.start)
        onsets.append(onset if quantize or abs(onset - span.start) <= tolerance else span.start)
    return onsets, chosen


def _family(
    place: _BeatPlace, starts: Sequence[Fraction], ends: Sequence[Fraction], limit: Fraction | None
) -> tuple[Fraction, ...]:
    """The beat's sixteenths or triplets, whichever its notes lie on; all of them where neither does."""

    def errors(family: tuple[Fraction, ...], times: Sequence[Fraction]) -> list[Fraction]:
        return [abs(nearest(family, time) - time) for time in times]

    fitting = [f for f in place.families if limit is None or all(e <= limit for e in errors(f, starts))]
    if not fitting:
        return place.all
    return min(fitting, key=lambda f: (sum(errors(f, starts)), sum(errors(f, ends))))


def intended_notes(
    spans: Sequence[Span],
    onsets: Sequence[Fraction],
    chosen: dict[Fraction, tuple[Fraction, ...]],
    lattice: Lattice,
    tolerance: Fraction,
    *,
    quantize: bool = False,
) -> list[Note]:
    """The notes as they are meant, in the order of `spans`; see `intended_onsets`."""
    order = sorted(set(onsets))
    first_at: dict[Fraction, Fraction] = {}
    for span, onset in zip(spans, onsets, strict=True):
        first_at.setdefault(onset, span.start)
    notes = []
    for span, onset in zip(spans, onsets, strict=True):
        after = bisect_right(order, onset)
        following = order[after] if after < len(order) else None
        end = None
        if following is not None and abs(first_at[following] - span.end) < half_spacing(
            lattice.bar_at(span.end)
        ):
            end = following
        if end is None:
            end = _end_before_rest(span, chosen, lattice, tolerance, quantize)
        if end <= onset:
            end = span.end if span.end > onset and not quantize else _after(onset, lattice)
        notes.append(Note(onset, end - onset, span.pitch))
    return notes


def _end_before_rest(
    span: Span,
    chosen: dict[Fraction, tuple[Fraction, ...]],
    lattice: Lattice,
    tolerance: Fraction,
    quantize: bool,
) -> Fraction:
    """Where a note ends that no other follows at once."""
    articulation = half_spacing(lattice.bar_at(span.end))
    if span.end >= lattice.end:
        return lattice.end if quantize or span.end - lattice.end < articulation else span.end
    start, place = lattice.beat_at(span.end)
    times = chosen.get(start, place.all)
    close = nearest(times, span.end)
    if quantize or abs(close - span.end) <= tolerance:
        return close
    later = [time for time in times if 0 <= time - span.end < articulation]
    return min(later, default=span.end)


def _after(onset: Fraction, lattice: Lattice) -> Fraction:
    """The next sixteenth of the beat, or the beat's end."""
    _, place = lattice.beat_at(onset)
    return min(time for time in place.families[0] if time > onset)
