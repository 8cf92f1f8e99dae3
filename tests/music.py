"""Random tunes for property tests, built from tokens by plain arithmetic of their own.

Nothing here uses the package's own way from tokens to notes or back: the places of the ticks are
written out, and notes are made by walking over the tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from arvae_music.melody import Bar, Melody, Note
from arvae_music.meter import GRIDS, Grid, Meter
from arvae_music.tokens import Tokens

PAD, HOLD, REST = -1, -2, -3

MIXED = (Fraction(0), Fraction(1, 4), Fraction(1, 3), Fraction(1, 2), Fraction(2, 3), Fraction(3, 4))
EVEN = (Fraction(0), Fraction(1, 6), Fraction(1, 3), Fraction(1, 2), Fraction(2, 3), Fraction(5, 6))
SIXTEENTHS, TRIPLETS, ALL = (0, 1, 3, 5), (0, 2, 4), (0, 1, 2, 3, 4, 5)

BEATS: dict[str, tuple[Fraction, int, tuple[Fraction, ...]]] = {
    "4/4": (Fraction(1), 4, MIXED),
    "3/4": (Fraction(1), 3, MIXED),
    "2/4": (Fraction(1, 2), 4, MIXED),
    "6/8": (Fraction(3, 2), 2, EVEN),
    "9/8": (Fraction(3, 2), 3, EVEN),
    "12/8": (Fraction(3, 2), 4, EVEN),
}
"""Length of the beat in quarter notes, number of beats, places of the ticks in the beat."""

_MIXED = [1, 2, 0.5, 2, 1]
_EVEN = [1, 0.5, 1, 0.5, 1]
TABLE: dict[str, list[float]] = {
    "4/4": [0.2, *_MIXED, 0.67, *_MIXED, 0.25, *_MIXED, 0.67, *_MIXED],
    "3/4": [0.2, *_MIXED, 0.67, *_MIXED, 0.67, *_MIXED],
    "2/4": [0.2, *_MIXED, 0.67, *_MIXED, 0.25, *_MIXED, 0.67, *_MIXED],
    "6/8": [0.2, *_EVEN, 0.67, *_EVEN],
    "9/8": [0.2, *_EVEN, 0.67, *_EVEN, 0.67, *_EVEN],
    "12/8": [0.2, *_EVEN, 0.67, *_EVEN, 0.25, *_EVEN, 0.67, *_EVEN],
}
"""The design's weights by tick."""

# The sum of a beat: 6.5 + its start in quarter and eighth beats, 4 + its start in dotted ones.
TOTAL: dict[str, float] = {
    "4/4": 27.79,  # 4 * 6.5 + 0.2 + 0.67 + 0.25 + 0.67
    "3/4": 21.04,  # 3 * 6.5 + 0.2 + 0.67 + 0.67
    "2/4": 27.79,
    "6/8": 8.87,  # 2 * 4 + 0.2 + 0.67
    "9/8": 13.54,  # 3 * 4 + 0.2 + 0.67 + 0.67
    "12/8": 17.79,  # 4 * 4 + 0.2 + 0.67 + 0.25 + 0.67
}
"""Their sums."""


def places(meter: str) -> list[Fraction]:
    """Place of each tick of a meter in quarter notes, and the measure's end."""
    length, beats, fractions = BEATS[meter]
    return [length * (beat + f) for beat in range(beats) for f in fractions] + [length * beats]


def is_dotted(meter: str) -> bool:
    return BEATS[meter][2] is EVEN


def row(meter: str, events: dict[int, int]) -> Tokens:
    """Tokens of a measure from its events by tick; the other ticks of the meter are HOLD."""
    tokens = np.full(24, PAD, np.int16)
    tokens[: 6 * BEATS[meter][1]] = HOLD
    for tick, token in events.items():
        tokens[tick] = token
    return tokens


@dataclass(frozen=True)
class Part:
    """What stands in one notated bar: some ticks of a measure, `first` to before `stop`."""

    meter: str
    first: int
    stop: int
    events: dict[int, int]
    tie_in: int | None = None

    @property
    def sounding(self) -> int | None:
        """The pitch that sounds at its end, or None."""
        pitch = self.tie_in
        for _, token in sorted(self.events.items()):
            pitch = None if token == REST else token
        return pitch


@dataclass(frozen=True)
class Row:
    """What `measures` must say of one measure."""

    bars: tuple[int, ...]
    meter: str
    tokens: Tokens
    tie_in: int | None
    tie_out: int | None
    join: int | None


def melody_of(parts: Sequence[Part], first_number: int = 1) -> Melody:
    """The tune of bars; a part with `tie_in` goes on with the note before it."""
    notes: list[Note] = []
    bars: list[Bar] = []
    start = Fraction(0)
    for i, part in enumerate(parts):
        place = places(part.meter)
        zero, length = place[part.first], place[part.stop] - place[part.first]
        numerator, denominator = map(int, part.meter.split("/"))
        bars.append(Bar(first_number + i, start, length, Meter(numerator, denominator)))
        marks = sorted(part.events.items())
        *ends, before = [place[part.stop], *(place[tick] for tick, _ in reversed(marks))]
        if part.tie_in is not None:
            notes[-1] = replace(notes[-1], duration=start + before - zero - notes[-1].onset)
        for (tick, token), end in zip(marks, reversed(ends), strict=True):
            if token != REST:
                notes.append(Note(start + place[tick] - zero, end - place[tick], token))
        start += length
    return Melody(tuple(notes), tuple(bars))


def rows_of(parts: Sequence[Part]) -> list[Row]:
    """The measures of bars: whole ones, and a strain's end with the pickup before its strain."""
    rows = []
    pickup: int | None = None
    for i, part in enumerate(parts):
        tied = i + 1 < len(parts) and parts[i + 1].tie_in is not None
        tie_out = part.sounding if tied else None
        if part.first:  # a pickup
            pickup = i
        elif part.stop < 6 * BEATS[part.meter][1]:  # the end of its strain
            assert pickup is not None
            rows.append(_joined(parts, i, pickup))
            pickup = None
        else:
            events = dict(part.events)
            if part.tie_in is None:
                events.setdefault(0, REST)
            rows.append(Row((i,), part.meter, row(part.meter, events), part.tie_in, tie_out, None))
    return rows


def _joined(parts: Sequence[Part], end: int, pickup: int) -> Row:
    last, first = parts[end], parts[pickup]
    events = dict(last.events)
    if last.tie_in is None:
        events.setdefault(0, REST)
    begin = first.events.get(first.first, REST)
    events |= first.events
    events.pop(first.first, None)
    if begin != REST or last.sounding is not None:
        events[first.first] = begin
    tied = pickup + 1 < len(parts) and parts[pickup + 1].tie_in is not None
    tie_out = first.sounding if tied else None
    return Row((end, pickup), last.meter, row(last.meter, events), last.tie_in, tie_out, first.first)


@st.composite
def part_strategy(
    draw: st.DrawFn,
    meter: str,
    pitches: st.SearchStrategy[int],
    first: int = 0,
    stop: int | None = None,
    tie_in: int | None = None,
    tie_out: int | None = None,
) -> Part:
    """Legal events on some ticks of a measure; at its end `tie_out` sounds, if given."""
    stop = 6 * BEATS[meter][1] if stop is None else stop
    edge = {tick // 6: tick % 6 for tick in (first, stop) if tick % 6}  # the beat that is cut in two
    events: dict[int, int] = {}
    sounding = tie_in is not None
    ticks: tuple[int, ...] = ALL
    for tick in range(first, stop):
        beat, place = divmod(tick, 6)
        if tick == first or place == 0:
            if is_dotted(meter):
                ticks = ALL
            elif beat in edge:
                ticks = SIXTEENTHS if edge[beat] in SIXTEENTHS else TRIPLETS
            else:
                ticks = draw(st.sampled_from((SIXTEENTHS, TRIPLETS)))
        if place not in ticks or (tick == first and tie_in is not None):
            continue
        choice = draw(st.integers(0, 9))
        if tick == first:
            events[tick] = REST if choice > 8 else draw(pitches)
        elif choice > 5:
            events[tick] = draw(pitches)
        elif choice == 5 and sounding:
            events[tick] = REST
        if tick in events:
            sounding = events[tick] != REST
    part = Part(meter, first, stop, events, tie_in)
    if tie_out not in (None, part.sounding):
        part.events[max(events, default=6)] = tie_out  # a whole bar has a second beat
    return part


@st.composite
def tune_strategy(
    draw: st.DrawFn,
    pitches: st.SearchStrategy[int] | None = None,
    most_bars: int = 5,
    repeats: bool = False,
) -> list[Part]:
    """Bars of one or two strains in random meters, with ties, and with pickups and short ends.

    `repeats`: some bars are copies of earlier ones.
    """
    pitches = pitches or st.integers(55, 84)
    parts: list[Part] = []

    def tie() -> int | None:
        ended = not parts or parts[-1].stop < 6 * BEATS[parts[-1].meter][1]
        return None if ended or draw(st.integers(0, 2)) else parts[-1].sounding

    for _ in range(draw(st.integers(1, 2))):
        meter = draw(st.sampled_from(sorted(BEATS)))
        ticks = 6 * BEATS[meter][1]
        join = draw(st.integers(1, ticks - 1)) if draw(st.booleans()) else None
        if join is not None:
            parts.append(draw(part_strategy(meter, pitches, join)))
        for _ in range(draw(st.integers(1, most_bars))):
            copied = [p for p in parts if p.meter == meter and p.stop - p.first == ticks and not p.tie_in]
            if repeats and copied and draw(st.booleans()):
                parts.append(draw(st.sampled_from(copied)))
            else:
                parts.append(draw(part_strategy(meter, pitches, tie_in=tie())))
        if join is not None:
            parts.append(draw(part_strategy(meter, pitches, 0, join, tie_in=tie())))
    return parts


def grid_of(meter: str) -> Grid:
    return next(grid for grid in GRIDS if grid.name == meter)
