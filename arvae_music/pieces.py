"""Notes cut at the bar lines, and put together again."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from arvae_music.melody import Bar, Melody, Note


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of a note that lies in one bar; times in quarter notes from the bar's start."""

    start: Fraction
    end: Fraction
    pitch: int
    tied: bool  # goes on a note of the bar before
    ties: bool = False  # goes on in the bar after


def with_rest(melody: Melody) -> list[Bar]:
    """The bars, and as one more what lies behind the last one: a note may outlast it."""
    if not melody.bars:
        return []
    last = melody.bars[-1]
    end = max([last.end, *(note.end for note in melody.notes)])
    return [*melody.bars, Bar(last.number + 1, last.end, end - last.end, last.meter)]


def bars_under(melody: Melody, note: Note) -> Iterator[int]:
    """Indices of the bars in which a note sounds, the rest behind the last one included."""
    index = max(melody.bar_index_at(note.onset), 0)
    while index < len(melody.bars) and melody.bars[index].start < note.end:
        if note.onset < melody.bars[index].end:
            yield index
        index += 1
    if melody.bars and note.end > melody.bars[-1].end:
        yield index


def pieces_by_bar(melody: Melody, notes: Iterable[Note]) -> list[list[Piece]]:
    """Notes cut at the bar lines, by bar, the rest behind the last one included."""
    bars = with_rest(melody)
    pieces: list[list[Piece]] = [[] for _ in bars]
    cutter = _Cutter(bars)
    for note in notes:
        cutter.cut(note, pieces)
    return pieces


class _Cutter:
    """Cuts notes at bar lines.

    It counts in whole numbers of a part of a quarter note, which is many times faster than fractions
    are, and makes each fraction once: most notes lie at the same few places of their bars.
    """

    def __init__(self, bars: Sequence[Bar]) -> None:
        self._unit = math.lcm(*(time.denominator for bar in bars for time in (bar.start, bar.length)))
        self._starts = [self._units(bar.start) for bar in bars]
        self._ends = [self._units(bar.end) for bar in bars]
        self._quarters: dict[tuple[int, int], Fraction] = {}

    def cut(self, note: Note, pieces: Sequence[list[Piece]]) -> None:
        """Put the pieces of a note where they belong; one that starts before the first bar is cut, too."""
        unit = math.lcm(self._unit, note.onset.denominator, note.duration.denominator)
        scale = unit // self._unit
        onset = note.onset.numerator * (unit // note.onset.denominator)
        end = onset + note.duration.numerator * (unit // note.duration.denominator)
        index = max(bisect_right(self._starts, onset // scale) - 1, 0)
        while index < len(pieces) and (start := self._starts[index] * scale) < end:
            stop = self._ends[index] * scale
            if onset < stop:
                pieces[index].append(
                    Piece(
                        start=self._fraction(max(onset, start) - start, unit),
                        end=self._fraction(min(end, stop) - start, unit),
                        pitch=note.pitch,
                        tied=onset < start,
                        ties=end > stop,
                    )
                )
            index += 1

    def _units(self, time: Fraction) -> int:
        return time.numerator * (self._unit // time.denominator)

    def _fraction(self, time: int, unit: int) -> Fraction:
        found = self._quarters.get((time, unit))
        if found is None:
            found = self._quarters[time, unit] = Fraction(time, unit)
        return found


def merged(bars: Sequence[Bar], pieces: Sequence[Sequence[Piece]]) -> Iterable[Note]:
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
