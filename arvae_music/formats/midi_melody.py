"""From the notes of a part to its melody: bars, and what each note is meant to be.

Nothing here knows which library took the file apart.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from arvae_music.errors import ArvaeError, UsageError
from arvae_music.formats.limits import MOST_MEASURES, refuse_endless
from arvae_music.formats.midi_bars import (
    MeterMap,
    bar_count,
    bars_of,
    has_whole_first_bar,
    meter_map,
    with_short_end,
)
from arvae_music.formats.midi_gate import gate_of, lengthened
from arvae_music.formats.midi_parts import RawNote
from arvae_music.formats.midi_timing import Lattice, Span, half_spacing, intended_notes, intended_onsets
from arvae_music.formats.pickup import find_pickup
from arvae_music.formats.tune import Notice, ReadOptions
from arvae_music.melody import Bar, Note
from arvae_music.meter import Meter

_FINE = 48
"""Parts of a quarter note that hold sixteenths of every meter."""


@dataclass(frozen=True)
class PlainPart:
    """A part as its file has it, in MIDI ticks.

    `notes` are sorted by start and at least one; `meters` are sorted, with at most one at a tick;
    `end` is where the part's track ends; `tempo_at` gives microseconds per quarter note at a tick.
    """

    ticks_per_quarter: int
    notes: Sequence[RawNote]
    meters: Sequence[tuple[int, Meter]]
    end: int
    tempo_at: Callable[[int], int] = lambda _: 500_000


@dataclass(frozen=True)
class Understood:
    """What is made of a part: `notes[i]` is meant by the part's note `kept[i]`."""

    bars: tuple[Bar, ...]
    notes: list[Note]
    kept: list[int]
    notices: list[Notice]

    @property
    def overlaps_everywhere(self) -> bool:
        """Whether notes overlap in every bar that has any."""
        ordered = sorted(self.notes)
        late = [after for before, after in pairwise(ordered) if before.end > after.onset]
        if not late:
            return False
        starts = [bar.start for bar in self.bars]
        used = {bisect_right(starts, note.onset) for note in ordered}
        overlapping = {bisect_right(starts, note.onset) for note in late}
        return used <= overlapping


def understand(part: PlainPart, options: ReadOptions, path: Path) -> Understood:
    """The bars of a part, and its notes as they are meant; see `arvae_music.formats.read`.

    Raises:
        UsageError: the pickup that is given cannot be.
        ArvaeError: the part is longer than any music.
    """
    spans = [Span(note.start, note.end, note.pitch) for note in part.notes]
    bars, notices = _bars(part, spans, options, path)
    lattice = Lattice(bars, part.ticks_per_quarter)
    scale = lattice.unit // part.ticks_per_quarter
    spans = [Span(span.start * scale, span.end * scale, span.pitch) for span in spans]
    onsets, times = intended_onsets(spans, lattice, quantize=options.quantize)
    kept = list(range(len(spans)))
    shift = _largest_shift(part, spans, onsets, lattice) if options.quantize else None
    if options.skyline:
        kept, spans = _highest_line(spans, onsets, lattice)
        onsets = [onsets[index] for index in kept]
        below = len(part.notes) - len(kept)
        if below:
            notices.append(Notice("skyline", f"{below} notes below the highest line stay as they are"))
    if shift is not None:
        gate = gate_of(spans)
        spans = spans if gate is None else lengthened(spans, gate)
        notices.append(_quantized(shift, gate, bars[lattice.bar_index_at(shift.onset)]))
    notes = intended_notes(spans, onsets, times, lattice, quantize=options.quantize)
    refuse_endless(path, bars, notes)
    return Understood(bars, notes, kept, notices)


def pickup_is_marked(part: PlainPart) -> bool:
    """Whether the file's meters cut the first bar short, so that no pickup is looked for."""
    meters = meter_map(_meters_of(part))
    first = bars_of(meters, Fraction(0), Fraction(0))[0]
    return first.length < first.meter.length


def _meters_of(part: PlainPart) -> list[tuple[Fraction, Meter]]:
    return [(Fraction(tick, part.ticks_per_quarter), meter) for tick, meter in part.meters]


def _bars(
    part: PlainPart, spans: Sequence[Span[int]], options: ReadOptions, path: Path
) -> tuple[tuple[Bar, ...], list[Notice]]:
    given = options.pickup
    unit = part.ticks_per_quarter
    found = _meters_of(part)
    meters = meter_map(found)
    notices = [] if part.meters else [Notice("meter", "the file gives no meter: read as 4/4")]
    # A note that ends a little late does not reach into the bar after.
    end = Fraction(max(span.end for span in spans), unit) - half_spacing(meters[-1][1])
    end = max(end, Fraction(spans[-1].start + 1, unit))  # but one that starts there has its bar
    if bar_count(meters, end) > MOST_MEASURES:
        raise ArvaeError(f"{path} is longer than {MOST_MEASURES:,} measures: the file seems damaged")
    bars = bars_of(meters, Fraction(0), end)
    if given is not None:
        bars = bars_of(meters, _given_pickup(given, meters), end)
    elif bars[0].length < bars[0].meter.length:
        notices.append(Notice("pickup", f"{pickup_name(bars[0])}, as the file's meters say", bars[0].number))
    elif spans[0].start < half_spacing(bars[0].meter) * unit and not has_whole_first_bar(found):
        pickup = _found_pickup(spans, meters, unit, quantize=options.quantize)
        if pickup:
            bars = bars_of(meters, pickup, end)
            text = f"{pickup_name(bars[0])}, found from the notes: --pickup 0 if there is none"
            notices.append(Notice("pickup", text, bars[0].number))
    return with_short_end(bars, end, Fraction(part.end, unit)), notices


def _found_pickup(spans: Sequence[Span[int]], meters: MeterMap, unit: int, *, quantize: bool) -> Fraction:
    """The pickup that the notes make probable; what is played freely is first moved to sixteenths."""
    grid = meters[0][1].grid
    if not quantize or grid is None:
        return find_pickup(spans, meters, unit)
    step = grid.spacing * unit
    size = int(grid.spacing * _FINE)
    moved = []
    for span in spans:
        start, end = (round(time / step) * size for time in (span.start, span.end))
        moved.append(Span(start, max(end, start + size), span.pitch))
    return find_pickup(sorted(moved, key=lambda span: span.start), meters, _FINE)


def _given_pickup(given: float | Fraction, meters: MeterMap) -> Fraction:
    """The pickup in quarter notes, given in units of the meter's denominator."""
    meter = meters[0][1]
    count = Fraction(given).limit_denominator(96) if math.isfinite(given) else Fraction(-1)
    length = count * Fraction(4, meter.denominator)
    on_grid = meter.grid is None or meter.length - length in meter.grid.tick_at or not length
    if not 0 <= length < meter.length or not on_grid:
        raise UsageError(
            f"--pickup {given}: give the pickup's length in units of 1/{meter.denominator},"
            f" from 0 to less than {meter.numerator}, on the grid of {meter}"
        )
    return length


def pickup_name(bar: Bar) -> str:
    """A short first bar as people say it: `a pickup of 1/8`."""
    unit = bar.meter.denominator
    count = bar.length * unit / 4
    whole = f"{count.numerator}/{unit}" if count.denominator == 1 else str(bar.length / 4)
    return f"a pickup of {whole}"


class _Shift(NamedTuple):
    """How far an onset was moved, and where to, in the lattice's unit."""

    onset: int
    quarters: float
    milliseconds: float


def _largest_shift(
    part: PlainPart, spans: Sequence[Span[int]], onsets: Sequence[int], lattice: Lattice
) -> _Shift:
    shifts = [abs(onset - span.start) for span, onset in zip(spans, onsets, strict=True)]
    largest = max(range(len(shifts)), key=shifts.__getitem__)
    quarters = float(lattice.quarters(shifts[largest]))
    tempo = part.tempo_at(part.notes[largest].start)
    return _Shift(onsets[largest], quarters, quarters * tempo / 1000)


def _quantized(shift: _Shift, gate: float | None, bar: Bar) -> Notice:
    """What `--quantize` did: the largest shift of an onset and where it is, and the notes' ends."""
    if not shift.quarters:
        text = "all onsets are on the grid as they are"
    else:
        said = f"{shift.milliseconds:.0f} ms" if shift.milliseconds >= 1 else "less than 1 ms"
        text = f"onsets were moved to the grid by at most {shift.quarters:.3g} quarter notes ({said})"
    if gate is not None:
        text += f"; notes sound for {gate:.0%} of their length and were read at their whole length"
    return Notice("quantize", text, bar.number if shift.quarters else None)


def _highest_line(
    spans: Sequence[Span[int]], onsets: Sequence[int], lattice: Lattice
) -> tuple[list[int], list[Span[int]]]:
    """The highest line: of notes that sound together the highest; a lower one ends where it starts."""
    highest: dict[int, int] = {}
    for index, onset in enumerate(onsets):
        if onset not in highest or spans[index].pitch > spans[highest[onset]].pitch:
            highest[onset] = index
    kept: list[int] = []
    line: list[Span[int]] = []
    for onset in sorted(highest):
        span = spans[highest[onset]]
        overlaps = bool(line) and line[-1].end - span.start >= lattice.half_spacing_at(onset)
        if overlaps and line[-1].pitch > span.pitch:
            continue
        if overlaps:
            line[-1] = replace(line[-1], end=span.start)
        kept.append(highest[onset])
        line.append(span)
    return kept, line
