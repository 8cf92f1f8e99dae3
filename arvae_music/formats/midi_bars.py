"""The bar lines of a MIDI file, from its meters and the length of its pickup."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from arvae_music.melody import Bar
from arvae_music.meter import Meter

MeterMap = list[tuple[Fraction, Meter]]
"""Where each meter begins, in quarter notes; the first at 0. Each begins a bar."""


def meter_map(found: Sequence[tuple[Fraction, Meter]]) -> MeterMap:
    """The meters from 0 on: 4/4 before the first, as MIDI has it; odd bars read as short ones.

    Some programs write a short bar (a pickup, the end of a strain) as a bar in a meter of its own.
    """
    meters = list(found)
    if not meters or meters[0][0] > 0:
        meters.insert(0, (Fraction(0), Meter(4, 4)))
    return _without_repeated(_without_odd_bars(meters))


def has_whole_first_bar(found: Sequence[tuple[Fraction, Meter]]) -> bool:
    """Whether the first meter is written again after one bar: no pickup comes back so soon."""
    if len(found) < 2:
        return False
    (start, meter), (again, same) = found[:2]
    return start == 0 and meter == same and again == meter.length


def _without_repeated(meters: MeterMap) -> MeterMap:
    """A meter written again after whole bars of it says nothing, not even where a bar line is.

    Programs that play out repeats write it wherever the first bar returns, also a pickup's.
    """
    plain = meters[:1]
    for start, meter in meters[1:]:
        before, current = plain[-1]
        if meter != current or (start - before) % meter.length:
            plain.append((start, meter))
    return plain


def _without_odd_bars(meters: MeterMap) -> MeterMap:
    plain = list(meters)
    pickup = Fraction(0)
    for index, ((start, meter), (end, after)) in enumerate(pairwise(meters)):
        if end - start != meter.length:
            continue
        usual = plain[index - 1][1] if index else after
        if usual.grid is None:
            usual = after
        if (index == 0 or _is_odd(meter, usual, pickup)) and _is_shorter(meter, usual):
            plain[index] = (start, usual)
            pickup = pickup if index else meter.length
    return plain


def _is_odd(meter: Meter, usual: Meter, pickup: Fraction) -> bool:
    """Whether a bar's meter stands for its length: none that is played in, or what the pickup leaves."""
    return meter.grid is None or (pickup > 0 and meter.length + pickup == usual.length)


def _is_shorter(meter: Meter, usual: Meter) -> bool:
    return usual.grid is not None and meter.length < usual.length and meter.length in usual.grid.tick_at


def bar_count(meters: MeterMap, end: Fraction) -> int:
    """How many bars there are up to `end`, without making them."""
    stops = [*(start for start, _ in meters[1:]), end]
    spans = ((min(stop, end) - start, meter) for (start, meter), stop in zip(meters, stops, strict=True))
    return sum(math.ceil(span / meter.length) for span, meter in spans if span > 0)


def bars_of(meters: MeterMap, pickup: Fraction, end: Fraction) -> tuple[Bar, ...]:
    """Contiguous bars from 0 to the one in which `end` lies, at least one.

    Args:
        meters: see `meter_map`.
        pickup: length of the first bar in quarter notes, or 0 where it is a whole one.
        end: where the music ends, in quarter notes.
    """
    bars: list[Bar] = []
    ends: list[Fraction | None] = [*(start for start, _ in meters[1:]), None]
    for (start, meter), stop in zip(meters, ends, strict=True):
        at = start
        while stop is None or at < stop:
            if bars and at >= end:
                return _numbered(bars)
            length = pickup if pickup and not bars else meter.length
            if stop is not None:
                length = min(length, stop - at)
            bars.append(Bar(0, at, length, meter))
            at += length
    return _numbered(bars)


def with_short_end(bars: tuple[Bar, ...], end: Fraction, track_end: Fraction) -> tuple[Bar, ...]:
    """The bars with the last one cut where the pickup completes it, if the music ends by then.

    A track that ends with the whole bar says that the bar is whole. A last bar in a meter of its own
    that only stands for its length is a short one.
    """
    if len(bars) == 1:
        return bars
    first, before, last = bars[0], bars[-2], bars[-1]
    rest = first.meter.length - first.length
    if last.meter != before.meter:
        odd = _is_odd(last.meter, before.meter, first.length if rest else Fraction(0))
        short = odd and _is_shorter(last.meter, before.meter)
        return (*bars[:-1], replace(last, meter=before.meter)) if short else bars
    fits = first.meter == last.meter and last.length == last.meter.length and rest > 0
    if not fits or end > last.start + rest or track_end == last.end:
        return bars
    return (*bars[:-1], replace(last, length=rest))


def _numbered(bars: Sequence[Bar]) -> tuple[Bar, ...]:
    """Bars counted from 1, or from 0 where the first is a pickup."""
    from_number = 0 if bars[0].length < bars[0].meter.length else 1
    return tuple(replace(bar, number=number) for number, bar in enumerate(bars, from_number))
