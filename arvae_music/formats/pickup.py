"""The length of a pickup, which MIDI does not mark: every bar line is shifted by it.

Each length from none to a whole measure is a candidate. A log-linear model of a few features of the
bars that it makes gives each a probability: repeated bars fall together, long notes start on
strong beats, phrases of four and eight bars end on them. Its weights were fitted by
`tests/formats/pickup_fit.py` to the tunes of Ryan's and Aird's collections and to half of the Essen
collection's songs.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from arvae_music.formats.midi_bars import MeterMap
from arvae_music.formats.midi_timing import Span, Time
from arvae_music.meter import Beat, Grid

UNIT = 24
"""Times are whole numbers of this part of a quarter, which rounds away what is within tolerance."""

FEWEST_NOTES = 12
"""A tune of fewer says too little."""

_LEAST_PROBABILITY = 0.6
"""In doubt there is no pickup."""

_LONG = 1.4
"""A long note has so many times the mean length."""

WEIGHTS: tuple[float, ...] = (6.83, 3.79, -0.19, 1.34, 3.61, 2.13, 1.23, 0.52, 4.26)
"""For each of `features`."""

PRIOR: dict[str, dict[float | None, float]] = {
    "2/4": {0.0: 1.07, 0.5: 2.32, 1.0: -0.77, 1.5: -1.96, None: -0.66},
    "3/4": {0.0: 0.32, 0.5: 1.5, 1.0: 1.11, 1.5: -0.85, None: -2.07},
    "4/4": {0.0: 0.41, 0.5: 2.04, 1.0: 1.12, 1.5: -1.29, None: -2.29},
    "6/8": {0.0: 1.11, 0.5: 2.69, 1.0: -0.22, 1.5: -1.56, None: -2.03},
    "9/8": {0.0: 1.81, 0.5: 2.6, 1.0: -0.7, 1.5: -0.92, None: -2.79},
}
"""By meter and length in quarter notes; None: any other length."""


@dataclass(frozen=True)
class Line:
    """Notes of a single voice, in `UNIT`s: when each starts, until the next, and its pitch."""

    starts: tuple[int, ...]
    lengths: tuple[int, ...]
    pitches: tuple[int, ...]

    @property
    def end(self) -> int:
        """Where the last note ends."""
        return self.starts[-1] + self.lengths[-1]

    @property
    def is_even(self) -> bool:
        """Whether every note is as long as the others: then no rhythm marks a bar line."""
        return len(set(self.lengths[:-1])) < 2

    @property
    def mean(self) -> float:
        """Mean time from a note to the next."""
        return (self.end - self.starts[0]) / len(self.starts)


def find_pickup(spans: Sequence[Span[Time]], meters: MeterMap, unit: int = 1) -> Fraction:
    """Length of the pickup at the start in quarter notes, 0 where none is found.

    Notes in the first meter are looked at; where it changes, the bars before it are whole ones, or
    else the last of them was cut and there is no pickup.

    Args:
        spans: the notes, sorted by start, in parts of a quarter note.
        meters: where each meter begins, in quarter notes.
        unit: how many of those parts make a quarter note.
    """
    grid = meters[0][1].grid
    stop = meters[1][0] if len(meters) > 1 else None
    before = [span for span in spans if stop is None or span.start < stop * unit]
    if grid is None or len(before) < FEWEST_NOTES:
        return Fraction(0)
    line = line_of(before, unit)
    if line.is_even:
        return Fraction(0)
    possible = [p for p in candidates(grid) if stop is None or p in (0, stop % grid.length)]
    scores = {length: score(line, grid, length) for length in possible}
    best = max(scores, key=scores.__getitem__)
    probability = 1 / sum(math.exp(other - scores[best]) for other in scores.values())
    return best if probability >= _LEAST_PROBABILITY else Fraction(0)


def candidates(grid: Grid) -> list[Fraction]:
    """Lengths in quarter notes that a pickup may have: eighths, in 2/4 sixteenths; first none."""
    step = Fraction(1, 4) if grid.beat is Beat.EIGHTH else Fraction(1, 2)
    return [step * count for count in range(int(grid.length / step))]


def line_of(spans: Sequence[Span[Time]], unit: int = 1) -> Line:
    """The highest notes by start, up to the end of the last; see `find_pickup`."""
    highest: dict[int, int] = {}
    for span in spans:
        start = _rounded(span.start, unit)
        highest[start] = max(span.pitch, highest.get(start, 0))
    starts: list[int] = sorted(highest)
    end = max(_rounded(max(span.end for span in spans), unit), starts[-1] + 1)
    lengths = (after - before for before, after in pairwise([*starts, end]))
    return Line(tuple(starts), tuple(lengths), tuple(highest[start] for start in starts))


def _rounded(time: int | Fraction, unit: int) -> int:
    """A time in `UNIT`s; a half goes to the even one, as `round` has it."""
    whole, rest = divmod(time * UNIT, unit)
    return whole + (2 * rest > unit or (2 * rest == unit and whole % 2 == 1))


def score(line: Line, grid: Grid, pickup: Fraction) -> float:
    """Log-probability of a pickup's length, up to a constant."""
    values = features(line, grid, pickup)
    weighted = sum(weight * value for weight, value in zip(WEIGHTS, values, strict=True))
    return weighted + prior(grid, pickup)


def prior(grid: Grid, pickup: Fraction) -> float:
    """How usual a length is in a meter."""
    table = PRIOR["6/8" if grid.name == "12/8" else grid.name]
    return table.get(float(pickup), table[None])


def features(line: Line, grid: Grid, pickup: Fraction) -> tuple[float, ...]:
    """What the bars look like that begin after `pickup` quarter notes, in numbers near 1."""
    shift, bar, beat = (int(time * UNIT) for time in (pickup, grid.length, grid.beat.length))
    half = bar // 2 if grid.beats % 2 == 0 else None
    places = [(start - shift) % bar for start in line.starts]
    on_beat = [place % beat == 0 for place in places]
    on_half = [place == half for place in places]
    before = [length for start, length in zip(line.starts, line.lengths, strict=True) if start < shift]
    beats = sum(1 for time in range(shift % beat, line.end, beat) if time) or 1
    beat_lengths = sum(
        length for start, length, on in zip(line.starts, line.lengths, on_beat, strict=True) if on and start
    )
    return (
        _repeated_bars(line, places, shift, bar),
        float(shift in line.starts),
        sum(before) / len(before) / line.mean if before else 0.0,
        min(beat_lengths / beats / line.mean, 4.0),
        _long_notes(line, [place == 0 for place in places]),
        _long_notes(line, on_half),
        _phrase_ends(line, on_beat, 4 * bar),
        _phrase_ends(line, on_half, 8 * bar),
        _bar_lines(line, shift, bar),
    )


def _repeated_bars(line: Line, places: Sequence[int], shift: int, bar: int) -> float:
    """Share of bars that sound like another one."""
    bars: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for start, place, pitch in zip(line.starts, places, line.pitches, strict=True):
        bars[(start - shift) // bar].append((place, pitch))
    counts = Counter(map(tuple, bars.values()))
    return sum(count for count in counts.values() if count > 1) / len(bars)


def _long_notes(line: Line, marked: Sequence[bool]) -> float:
    """Share of the time of long notes that belongs to those marked."""
    long = [length > _LONG * line.mean for length in line.lengths]
    total = sum(length for length, is_long in zip(line.lengths, long, strict=True) if is_long)
    of_marked = sum(
        length for length, is_long, on in zip(line.lengths, long, marked, strict=True) if is_long and on
    )
    return of_marked / total if total else 0.0


def _phrase_ends(line: Line, marked: Sequence[bool], phrase: int) -> float:
    """Share of phrases, counted from the very start, whose last note is marked."""
    ends = [bisect_left(line.starts, time) - 1 for time in range(phrase, line.end + 1, phrase)]
    ends = ends or [len(line.starts) - 1]
    return sum(marked[end] for end in ends) / len(ends)


def _bar_lines(line: Line, shift: int, bar: int) -> float:
    """Share of bar lines at which a note starts."""
    starts = set(line.starts)
    times = range(shift, line.end, bar)
    return sum(time in starts for time in times) / len(times) if times else 0.0
