"""Between a melody and the tokens of its measures, lossless both ways.

A measure is one whole bar, or a short bar that ends a strain together with the short bar (the
pickup of a strain) that completes it: the strain's end gives the first ticks, the pickup the last.
Whatever cannot be written as tokens is kept as it is, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import compress, pairwise

import numpy as np

from arvae_music.melody import Bar, Melody, Note
from arvae_music.meter import TICKS, Grid
from arvae_music.tokens import HOLD, PAD, REST, Tokens, is_legal


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


@dataclass(frozen=True, slots=True)
class _Piece:
    """The part of a note that lies in one bar; times in quarter notes from the bar's start."""

    start: Fraction
    end: Fraction
    pitch: int
    tied: bool  # goes on a note of the bar before
    ties: bool = False  # goes on in the bar after


class _UnwritableError(Exception):
    """The reason why a measure has no tokens."""


def measures(melody: Melody) -> list[Measure]:
    """Every measure of a tune in the order of its bars, with tokens or with a reason.

    A joined measure stands where its strain's end stands; its pickup has no row of its own.
    """
    pieces = _pieces_by_bar(melody, melody.notes)
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
    concerned = [bool(edited.intersection(_bars_under(melody, note))) for note in melody.notes]
    kept = [note for note, cut in zip(melody.notes, concerned, strict=True) if not cut]
    pieces = _pieces_by_bar(melody, compress(melody.notes, concerned))
    for position, tokens in edits.items():
        row = rows[position]
        for bar, new in zip(row.bars, _pieces_of_tokens(row, tokens, melody.bars), strict=True):
            pieces[bar] = new
    return melody.with_notes([*kept, *_merged(_with_rest(melody), pieces)])


def _with_rest(melody: Melody) -> list[Bar]:
    """The bars, and as one more what lies behind the last one: a note may outlast it."""
    if not melody.bars:
        return []
    last = melody.bars[-1]
    end = max([last.end, *(note.end for note in melody.notes)])
    return [*melody.bars, Bar(last.number + 1, last.end, end - last.end, last.meter)]


def _bars_under(melody: Melody, note: Note) -> Iterator[int]:
    """Indices of the bars in which a note sounds, the rest behind the last one included."""
    index = max(melody.bar_index_at(note.onset), 0)
    while index < len(melody.bars) and melody.bars[index].start < note.end:
        if note.onset < melody.bars[index].end:
            yield index
        index += 1
    if melody.bars and note.end > melody.bars[-1].end:
        yield index


def _pieces_by_bar(melody: Melody, notes: Iterable[Note]) -> list[list[_Piece]]:
    """Notes cut at the bar lines, by bar, the rest behind the last one included."""
    bars = _with_rest(melody)
    pieces: list[list[_Piece]] = [[] for _ in bars]
    for note in notes:
        for index in _bars_under(melody, note):
            bar = bars[index]
            pieces[index].append(
                _Piece(
                    start=max(note.onset, bar.start) - bar.start,
                    end=min(note.end, bar.end) - bar.start,
                    pitch=note.pitch,
                    tied=note.onset < bar.start,
                    ties=note.end > bar.end,
                )
            )
    return pieces


def _merged(bars: Sequence[Bar], pieces: Sequence[Sequence[_Piece]]) -> Iterable[Note]:
    """Notes from pieces: a tied piece lengthens the note of its pitch that ends where it starts."""
    notes: list[Note] = []
    open_ends: dict[tuple[Fraction, int], int] = {}
    for bar, row in zip(bars, pieces, strict=True):
        for piece in row:
            start, end = bar.start + piece.start, bar.start + piece.end
            at = open_ends.pop((start, piece.pitch), None) if piece.tied else None
            if at is None and piece.tied:
                raise ValueError(f"measure {bar.number}: the note tied into it is gone")
            if at is None:
                at = len(notes)
                notes.append(Note(start, end - start, piece.pitch))
            else:
                notes[at] = replace(notes[at], duration=end - notes[at].onset)
            if piece.ties:
                open_ends[end, piece.pitch] = at
    return notes


def _join_short_bars(bars: Sequence[Bar], pieces: Sequence[Sequence[_Piece]]) -> dict[int, int]:
    """Strain's end -> pickup, for every pair of short bars of one meter that make a whole one.

    Each short bar joins once, with the first that completes it. Of two bars side by side the
    earlier one is the strain's end; of two apart the earlier one is the pickup to whose start the
    later one leads back.
    """
    short = [i for i, bar in enumerate(bars) if _may_join(bar)]
    partners: dict[int, int] = {}
    free = set(short)
    for first in short:
        for second in short:
            if first not in free or second not in free or second <= first:
                continue
            whole = bars[first].meter == bars[second].meter
            if not whole or bars[first].length + bars[second].length != bars[first].meter.length:
                continue
            end, pickup = (first, second) if second == first + 1 else (second, first)
            if any(p.ties for p in pieces[end]) or any(p.tied for p in pieces[pickup]):
                continue
            partners[end] = pickup
            free -= {first, second}
    return partners


def _may_join(bar: Bar) -> bool:
    grid = bar.meter.grid
    return grid is not None and bar.problem is None and bar.length in grid.tick_at and bar.length > 0


def _measure(melody: Melody, pieces: Sequence[Sequence[_Piece]], indices: tuple[int, ...]) -> Measure:
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


def _with_tokens(row: Measure, bars: Sequence[Bar], pieces: Sequence[Sequence[_Piece]]) -> Measure:
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
    shifts = (Fraction(0), bars[0].length)
    all_pieces = sorted(
        (
            replace(piece, start=piece.start + shift, end=piece.end + shift)
            for shift, part in zip(shifts, pieces, strict=False)
            for piece in part
        ),
        key=lambda piece: piece.start,
    )
    _refuse_overlaps(all_pieces, grid)
    first, last = (all_pieces[0], all_pieces[-1]) if all_pieces else (None, None)
    return replace(
        row,
        tokens=_tokens(all_pieces, grid),
        tie_in=first.pitch if first is not None and first.tied else None,
        tie_out=last.pitch if last is not None and last.ties else None,
        join_tick=grid.tick_at[bars[0].length] if len(bars) == 2 else None,
    )


def _refuse_overlaps(pieces: Sequence[_Piece], grid: Grid) -> None:
    for before, after in pairwise(pieces):
        if before.end > after.start:
            raise _UnwritableError(f"overlapping notes at {_beat(after.start, grid)}")


def _beat(time: Fraction, grid: Grid) -> str:
    """A place for people: beats are counted from 1."""
    return f"beat {float(time / grid.beat.length) + 1:.4g}"


def _tokens(pieces: Sequence[_Piece], grid: Grid) -> Tokens:
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
    if not is_legal(tokens[None], np.array([grid.code]))[0]:
        raise _UnwritableError("off the grid: sixteenths and triplets in one beat")
    return tokens


def _pieces_of_tokens(row: Measure, tokens: Tokens, bars: Sequence[Bar]) -> list[list[_Piece]]:
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


def _pieces_of_measure(row: Measure, grid: Grid, tokens: Tokens) -> list[_Piece]:
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
        pieces.append(_Piece(start, end, pitch, tied))
    if (row.tie_in is not None) != bool(pieces and pieces[0].tied):
        raise ValueError(f"measure {row.index}: the note tied into it is gone")
    if row.tie_out is not None:
        if not pieces or pieces[-1].end != grid.length or pieces[-1].pitch != row.tie_out:
            raise ValueError(f"measure {row.index}: the note tied out of it is gone")
        pieces[-1] = replace(pieces[-1], ties=True)
    return pieces
