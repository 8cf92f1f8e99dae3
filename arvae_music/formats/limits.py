"""Bounds on what is read. More than this comes from damaged files, and would take time and memory in vain."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from arvae_music.errors import ArvaeError
from arvae_music.melody import Bar, Note

LARGEST = 64 << 20
"""Bytes of the largest file, and of all members of an archive together."""

MOST_MEASURES = 20_000
"""Of a tune."""

LONGEST = 1_000_000
"""Quarter notes of a tune."""

MOST_IN_MEASURE = 1_000
"""Notes, or other signs, of a measure."""

MOST_CHARACTERS = 10_000
"""Of a measure's text."""

_MOST_CROSSED = 20_000
"""Bar lines that all notes together sound across."""

MOST_LISTED = 20
"""Parts that a message names."""


def content_of(path: Path) -> bytes:
    """A file's bytes.

    Raises:
        ArvaeError: it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise ArvaeError(f"{path}: cannot be read ({error.strerror})") from None
    if len(content) > LARGEST:
        raise ArvaeError(f"{path}: larger than {LARGEST >> 20} MB: a file of that size is not read")
    return content


def refuse_endless(path: Path, bars: Sequence[Bar], notes: Sequence[Note]) -> None:
    """Refuse a tune that is larger than any music.

    Args:
        path: for messages.
        bars: at least one.
        notes: in any order.

    Raises:
        ArvaeError: it is.
    """
    measures = [max(math.ceil(bar.length / bar.meter.length), 1) for bar in bars]
    if sum(measures) > MOST_MEASURES:
        raise ArvaeError(f"{path} is longer than {MOST_MEASURES:,} measures: the file seems damaged")
    if max([bars[-1].end, *(note.end for note in notes)]) > LONGEST:
        raise ArvaeError(f"{path} is longer than {LONGEST:,} quarter notes: the file seems damaged")
    may_cross = len(notes) * sum(measures) > _MOST_CROSSED
    may_cross = may_cross and _most_crossed(bars, measures, notes) > _MOST_CROSSED
    if len(notes) > MOST_IN_MEASURE or may_cross:  # else neither can be
        _refuse_crowded(path, bars, measures, notes)


def _most_crossed(bars: Sequence[Bar], measures: Sequence[int], notes: Sequence[Note]) -> float:
    """No fewer bar lines than all notes together sound across; quickly found."""
    last = (bar.length - (n - 1) * bar.meter.length for bar, n in zip(bars, measures, strict=True))
    nearest = float(min(last))  # of two bar lines, in quarter notes
    if nearest <= 0:
        return math.inf
    return len(notes) + sum(float(note.duration) for note in notes) / nearest


def _refuse_crowded(path: Path, bars: Sequence[Bar], measures: Sequence[int], notes: Sequence[Note]) -> None:
    """Refuse too many notes in a measure, or across bar lines.

    Bars that are longer than their meter have so many `measures` each: other formats have bar lines there.
    """
    starts = [bar.start for bar in bars]
    fullest, count = Counter(bisect_right(starts, note.onset) for note in notes).most_common(1)[0]
    if count > MOST_IN_MEASURE:
        number = bars[max(fullest - 1, 0)].number
        raise ArvaeError(f"{path} has {count:,} notes in measure {number}: the file seems damaged")
    lines = [
        bar.start + k * bar.meter.length for bar, n in zip(bars, measures, strict=True) for k in range(n)
    ]
    crossed = sum(bisect_left(lines, note.end) - bisect_right(lines, note.onset) for note in notes)
    if crossed > _MOST_CROSSED:
        raise ArvaeError(f"{path} has notes that sound across {crossed:,} bar lines: the file seems damaged")
