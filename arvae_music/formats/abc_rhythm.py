"""How ABC writes a bar's rhythm: notes cut where one sign cannot hold them, and triplets.

Times and lengths are in quarter notes from the bar's start.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from arvae_music.meter import Meter

_HALF_NOTE_GROUPS = frozenset({(4, 4), (2, 2)})

_LONGEST = 32
"""Quarter notes of the longest note that is written as one: a maxima."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What sounds in a bar for a while.

    `pitches` are none for a rest and several for a chord; `tied` goes on a note of the bar before,
    and `ties` goes on in the bar after.
    """

    start: Fraction
    end: Fraction
    pitches: tuple[int, ...]
    tied: bool = False
    ties: bool = False

    @property
    def length(self) -> Fraction:
        """How long it lasts."""
        return self.end - self.start


@dataclass(frozen=True)
class Triplet:
    """A group of notes, three in the time of two: where it starts, where it ends."""

    start: Fraction
    end: Fraction


@dataclass(frozen=True)
class Rhythm:
    """Pieces of which each is written as one note or rest, and the triplets among them."""

    pieces: tuple[Piece, ...]
    triplets: tuple[Triplet, ...]

    def triplet_at(self, piece: Piece) -> Triplet | None:
        """The triplet in which a piece stands."""
        index = bisect_right(self.triplets, piece.start, key=lambda triplet: triplet.start) - 1
        return self.triplets[index] if index >= 0 and piece.start < self.triplets[index].end else None


def beat_of(meter: Meter) -> Fraction:
    """The beat that a bar is counted in: a quarter, or a dotted quarter."""
    compound = meter.denominator == 8 and meter.numerator % 3 == 0
    return Fraction(3, 2) if compound else Fraction(1)


def beam_of(meter: Meter) -> Fraction:
    """How much is beamed together: half a bar in 4/4, else a beat."""
    return Fraction(2) if (meter.numerator, meter.denominator) in _HALF_NOTE_GROUPS else beat_of(meter)


def written_rhythm(pieces: Sequence[Piece], meter: Meter, cuts: Collection[Fraction] = ()) -> Rhythm:
    """Cut pieces into what can be written.

    Args:
        pieces: without gaps, in order.
        meter: the bar's.
        cuts: times at which a piece that sounds across is cut.
    """
    times = [piece.start for piece in pieces] + [piece.end for piece in pieces[-1:]]
    spans = list(_triple_spans(times))
    edges = {*cuts, *_edges(spans)}
    parts = [part for piece in pieces for part in _cut(piece, _crossed(piece, edges, spans))]
    triplets = tuple(_triplets(parts, spans))
    grouped = Rhythm(tuple(parts), triplets)
    whole = times[-1] - times[0] if times else Fraction(0)
    notatable = []
    for part in parts:
        is_bar_rest = not part.pitches and part.length == whole
        if is_bar_rest or grouped.triplet_at(part) is not None:
            notatable.append(part)
            continue
        for short in _cut(part, _long_cuts(part)):
            notatable += _notatable(short, meter)
    return replace(grouped, pieces=tuple(notatable))


def _triple_spans(times: Sequence[Fraction]) -> Iterator[tuple[Fraction, Fraction]]:
    """Start and end of quarters that are divided in three, or else of their halves and quarters."""
    odd = [time for time in times if _is_triple(time)]
    quarters = sorted({Fraction(time // 1) for time in odd})
    for quarter in quarters:
        yield from _divided([t for t in times if quarter < t < quarter + 1], quarter, Fraction(1))


def _divided(
    inside: Sequence[Fraction], start: Fraction, size: Fraction
) -> Iterator[tuple[Fraction, Fraction]]:
    if not any(_is_triple(time) for time in inside):
        return
    if all(((time - start) / size * 3).denominator == 1 for time in inside) or size < Fraction(1, 4):
        yield start, start + size
        return
    half = size / 2
    for begin in (start, start + half):
        yield from _divided([t for t in inside if begin < t < begin + half], begin, half)


def _is_triple(time: Fraction) -> bool:
    return time.denominator % 3 == 0


def _edges(spans: Sequence[tuple[Fraction, Fraction]]) -> set[Fraction]:
    """Where triplets begin and end."""
    return {edge for span in spans for edge in span}


def _crossed(
    piece: Piece, edges: set[Fraction], spans: Sequence[tuple[Fraction, Fraction]]
) -> list[Fraction]:
    """The edges at which a piece is cut: not those between two triplets that one sign binds together."""
    starts, ends = {start for start, _ in spans}, {end for _, end in spans}
    one_sign = _is_one_sign(piece.length * Fraction(3, 2))
    bound = _is_triple(piece.start) and _is_triple(piece.end) and one_sign
    joins = starts & ends if bound else set()
    touches = _is_triple(piece.start) or _is_triple(piece.end)
    triple_edges = starts | ends
    return sorted(
        edge
        for edge in edges
        if piece.start < edge < piece.end and edge not in joins and (touches or edge not in triple_edges)
    )


def _cut(piece: Piece, times: Sequence[Fraction]) -> Iterator[Piece]:
    starts = [piece.start, *times]
    ends = [*times, piece.end]
    for start, end in zip(starts, ends, strict=True):
        yield Piece(
            start,
            end,
            piece.pitches,
            tied=bool(piece.pitches) and (piece.tied or start > piece.start),
            ties=bool(piece.pitches) and (piece.ties or end < piece.end),
        )


def _triplets(parts: Sequence[Piece], spans: Sequence[tuple[Fraction, Fraction]]) -> Iterator[Triplet]:
    """A triplet opens with a piece that ends on a third and closes with the first that does not."""
    opened: Fraction | None = None
    for part in parts:
        if opened is None and _is_triple(part.end):
            opened = part.start
        if opened is not None and not _is_triple(part.end):
            yield Triplet(opened, part.end)
            opened = None


def _long_cuts(part: Piece) -> list[Fraction]:
    """Where a piece is cut that is longer than any note value."""
    if part.length <= _LONGEST:
        return []
    first, last = int(part.start // _LONGEST) + 1, -int(-part.end // _LONGEST)
    return [Fraction(_LONGEST * count) for count in range(first, last)]


def _notatable(part: Piece, meter: Meter) -> Iterator[Piece]:
    """A piece cut into plain and dotted values, at the strongest beats inside."""
    if _is_one_sign(part.length):
        yield part
        return
    cut = next((time for time in _cutting_places(part, meter)), None)
    if cut is None:
        yield part
        return
    first, second = _cut(part, [cut])
    yield from _notatable(first, meter)
    yield from _notatable(second, meter)


def _cutting_places(part: Piece, meter: Meter) -> Iterator[Fraction]:
    """Beats inside, the strongest first; before all others those that need no further cut."""
    grid = [beam_of(meter), beat_of(meter), Fraction(1, 2), Fraction(1, 4)]
    inside = [
        step * count
        for step in grid
        for count in range(int(part.start // step) + 1, -int(-part.end // step))
        if part.start < step * count < part.end
    ]
    good = [t for t in inside if _is_one_sign(t - part.start) and _is_one_sign(part.end - t)]
    return iter(good or inside)


def _is_one_sign(length: Fraction) -> bool:
    """Whether a value is plain or dotted; what is no binary value is left as it is."""
    if length.denominator & (length.denominator - 1):
        return True
    odd = length.numerator
    while odd % 2 == 0:
        odd //= 2
    return odd in (1, 3)
