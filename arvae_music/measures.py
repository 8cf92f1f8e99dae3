"""Between a melody and the tokens of its measures, lossless both ways.

A measure is one whole bar, or a short bar that ends a strain together with the short bar (the
pickup of a strain) that completes it: the strain's end gives the first ticks, the pickup the last.
Whatever cannot be written as tokens is kept as it is, with the reason.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import compress, pairwise

import numpy as np

from arvae_music.melody import Bar, Melody
from arvae_music.meter import DUPLE_TICKS, TICKS, TICKS_PER_BEAT, TRIPLE_TICKS, Beat, Grid, Meter
from arvae_music.pieces import Piece, bars_under, merged, pieces_by_bar, with_rest
from arvae_music.tokens import HOLD, PAD, REST, Tokens


@dataclass(frozen=True)
class Measure:
    """One row of a report.

    Attributes:
        bars: indices into the melody's bars; two where a strain's end and a pickup are joined.
        index: number of the bar, of the strain's end where two are joined.
        joined: number of the pickup that was joined, or None.
        meter: the meter as notated.
        grid: the grid of the tokens, or None where the meter is not supported.
        tokens: `[24]`, or None where the measure is passed over.
        reason: why it is passed over, or None.
        tie_in: pitch of the note that is tied into the measure, or None.
        tie_out: pitch of the note that is tied over its end, or None.
        join_tick: the tick at which the pickup begins, or None; no note sounds across it.
    """

    bars: tuple[int, ...]
    index: int
    joined: int | None
    meter: str
    grid: Grid | None
    tokens: Tokens | None = None
    reason: str | None = None
    tie_in: int | None = None
    tie_out: int | None = None
    join_tick: int | None = None


class _UnwritableError(Exception):
    """The reason why a measure has no tokens."""


def measures(melody: Melody) -> list[Measure]:
    """Every measure of a tune in the order of its bars, with tokens or with a reason.

    A joined measure stands where its strain's end stands; its pickup has no row of its own.
    """
    pieces = pieces_by_bar(melody, melody.notes)
    partners = _join_short_bars(melody.bars, pieces)
    pickups = set(partners.values())
    return [
        _measure(melody, pieces, (index, partners[index]) if index in partners else (index,))
        for index in range(len(melody.bars))
        if index not in pickups
    ]


def replace_measures(melody: Melody, rows: Sequence[Measure], edits: Mapping[int, Tokens]) -> Melody:
    """The melody with the notes of some measures replaced; every other note is kept as it is.

    Args:
        melody: the tune that `rows` were read from.
        rows: `measures(melody)`.
        edits: new tokens by position in `rows`, each a measure that has tokens.

    Raises:
        ValueError: new tokens break a tie of the measure, or sound across its join.
    """
    edited = {bar for position in edits for bar in rows[position].bars}
    concerned = [bool(edited.intersection(bars_under(melody, note))) for note in melody.notes]
    kept = [note for note, cut in zip(melody.notes, concerned, strict=True) if not cut]
    pieces = pieces_by_bar(melody, compress(melody.notes, concerned))
    for position, tokens in edits.items():
        row = rows[position]
        for bar, new in zip(row.bars, _pieces_of_tokens(row, tokens, melody.bars), strict=True):
            pieces[bar] = new
    return melody.with_notes([*kept, *merged(with_rest(melody), pieces)])


def _join_short_bars(bars: Sequence[Bar], pieces: Sequence[Sequence[Piece]]) -> dict[int, int]:
    """Strain's end -> pickup, for every pair of short bars of one meter that make a whole one.

    Each short bar joins once, with the first that completes it. Of two bars side by side the
    earlier one is the strain's end; of two apart the earlier one is the pickup to whose start the
    later one leads back.
    """
    short = [i for i, bar in enumerate(bars) if _may_join(bar)]
    alike: dict[tuple[Meter, Fraction], list[int]] = defaultdict(list)
    for index in short:
        alike[bars[index].meter, bars[index].length].append(index)
    partners: dict[int, int] = {}
    free = set(short)
    for first in short:
        if first not in free:
            continue
        bar = bars[first]
        # Those before it have joined, or join none; those behind it are still free.
        completing = alike[bar.meter, bar.meter.length - bar.length]
        for place in range(bisect_right(completing, first), len(completing)):
            second = completing[place]
            end, pickup = (first, second) if second == first + 1 else (second, first)
            if any(p.ties for p in pieces[end]) or any(p.tied for p in pieces[pickup]):
                continue
            partners[end] = pickup
            free.remove(second)
            del completing[place]
            break
    return partners


def _may_join(bar: Bar) -> bool:
    grid = bar.meter.grid
    return grid is not None and bar.problem is None and bar.length in grid.tick_at and bar.length > 0


def _measure(melody: Melody, pieces: Sequence[Sequence[Piece]], indices: tuple[int, ...]) -> Measure:
    bars = [melody.bars[i] for i in indices]
    row = Measure(
        bars=indices,
        index=bars[0].number,
        joined=bars[1].number if len(bars) == 2 else None,
        meter=str(bars[0].meter),
        grid=bars[0].meter.grid,
    )
    try:
        return _with_tokens(row, bars, [pieces[i] for i in indices])
    except _UnwritableError as error:
        return replace(row, reason=str(error))


def _with_tokens(row: Measure, bars: Sequence[Bar], pieces: Sequence[Sequence[Piece]]) -> Measure:
    grid = row.grid
    if grid is None:
        raise _UnwritableError(f"meter {row.meter} is not supported")
    for bar in bars:
        if bar.problem is not None:
            raise _UnwritableError(bar.problem)
    length = sum((bar.length for bar in bars), Fraction(0))
    if length != grid.length:
        kind = "incomplete" if length < grid.length else "too long"
        raise _UnwritableError(f"{kind}: {length} of {grid.length} quarter notes")
    all_pieces = list(pieces[0])
    if len(bars) == 2:
        shift = bars[0].length
        all_pieces += [replace(p, start=p.start + shift, end=p.end + shift) for p in pieces[1]]
    all_pieces.sort(key=lambda piece: piece.start)
    _refuse_overlaps(all_pieces, grid)
    first, last = (all_pieces[0], all_pieces[-1]) if all_pieces else (None, None)
    return replace(
        row,
        tokens=_tokens(all_pieces, grid),
        tie_in=first.pitch if first is not None and first.tied else None,
        tie_out=last.pitch if last is not None and last.ties else None,
        join_tick=grid.tick_at[bars[0].length] if len(bars) == 2 else None,
    )


def _refuse_overlaps(pieces: Sequence[Piece], grid: Grid) -> None:
    for before, after in pairwise(pieces):
        if before.end > after.start:
            raise _UnwritableError(f"overlapping notes at {_beat(after.start, grid)}")


def _beat(time: Fraction, grid: Grid) -> str:
    """A place for people: beats are counted from 1."""
    return f"beat {float(time / grid.beat.length) + 1:.4g}"


def _tokens(pieces: Sequence[Piece], grid: Grid) -> Tokens:
    tokens = np.full(TICKS, PAD, np.int16)
    tokens[: grid.ticks] = HOLD
    for piece in pieces:
        for time in (piece.start, piece.end):
            if time not in grid.tick_at and time != grid.length:
                raise _UnwritableError(f"off the grid at {_beat(time, grid)}")
    for piece in pieces:
        if piece.end != grid.length:
            tokens[grid.tick_at[piece.end]] = REST
    for piece in pieces:
        if not piece.tied:
            tokens[grid.tick_at[piece.start]] = piece.pitch
    if not pieces or pieces[0].start > 0:
        tokens[0] = REST
    return _refuse_mixed(tokens, grid)


def _refuse_mixed(tokens: Tokens, grid: Grid) -> Tokens:
    """What else `is_legal` asks for is so by the way the tokens are made."""
    if grid.beat is Beat.DOTTED:
        return tokens
    events = [token >= 0 or token == REST for token in tokens.tolist()]
    for beat in range(0, grid.ticks, TICKS_PER_BEAT):
        duple = any(events[beat + tick] for tick in DUPLE_TICKS if tick)
        if duple and any(events[beat + tick] for tick in TRIPLE_TICKS if tick):
            raise _UnwritableError("off the grid: sixteenths and triplets in one beat")
    return tokens


def _pieces_of_tokens(row: Measure, tokens: Tokens, bars: Sequence[Bar]) -> list[list[Piece]]:
    """The pieces of each of the measure's bars, in times of the bar."""
    grid = row.grid
    if grid is None or row.tokens is None:
        raise ValueError(f"measure {row.index} has no tokens to replace: {row.reason}")
    whole = _pieces_of_measure(row, grid, tokens)
    if len(row.bars) == 1:
        return [whole]
    cut = bars[row.bars[0]].length
    if any(piece.start < cut < piece.end for piece in whole):
        raise ValueError(f"measure {row.index}: a note sounds into its pickup")
    pickup = [replace(p, start=p.start - cut, end=p.end - cut) for p in whole if p.start >= cut]
    return [[p for p in whole if p.start < cut], pickup]


def _pieces_of_measure(row: Measure, grid: Grid, tokens: Tokens) -> list[Piece]:
    events = [tick for tick in range(grid.ticks) if tokens[tick] != HOLD]
    if tokens[0] == HOLD:
        if row.tie_in is None:
            raise ValueError(f"measure {row.index}: no note is tied into it")
        events.insert(0, 0)
    times = [*(grid.positions[tick] for tick in events), grid.length]
    pieces = []
    for tick, start, end in zip(events, times, times[1:], strict=False):
        if tokens[tick] == REST:
            continue
        tied = tokens[tick] == HOLD
        pitch = row.tie_in if tied and row.tie_in is not None else int(tokens[tick])
        pieces.append(Piece(start, end, pitch, tied))
    if (row.tie_in is not None) != bool(pieces and pieces[0].tied):
        raise ValueError(f"measure {row.index}: the note tied into it is gone")
    if row.tie_out is not None:
        if not pieces or pieces[-1].end != grid.length or pieces[-1].pitch != row.tie_out:
            raise ValueError(f"measure {row.index}: the note tied out of it is gone")
        pieces[-1] = replace(pieces[-1], ties=True)
    return pieces
