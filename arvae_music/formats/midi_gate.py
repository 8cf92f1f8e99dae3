"""Notes that sound for a constant share of their length, as players and programs shorten them.

A half note at 80% leaves a gap of 0.4 quarter notes, which looks like a rest; that every note does the
same tells it from one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from arvae_music.formats.midi_timing import Span

_SHARES = (0.77, 0.98)
"""Less may be rests that are meant (three quarters: a dotted note), more needs no mending."""

_SPREAD = 0.04
_FEWEST = 6
_MOST_ALIKE = 0.6
"""Share of the notes that must be shortened alike; the others stand before rests."""


def gate_of(spans: Sequence[Span[int]]) -> float | None:
    """The share of its length that a note sounds, from 0 to 1, where it is the same for most notes."""
    low, high = _SHARES
    shares = [share for share in _shares(spans) if share is not None]
    shortened = [share for share in shares if low <= share <= high]
    if len(shortened) < _FEWEST:
        return None
    gate = median(shortened)
    alike = sum(abs(share - gate) <= _SPREAD for share in shares)
    return gate if alike >= _MOST_ALIKE * len(shares) else None


def lengthened(spans: Sequence[Span[int]], gate: float) -> list[Span[int]]:
    """The notes at their whole length, none of them over the next one that it did not overlap."""
    following = _next_starts(spans)
    new = []
    for span, after in zip(spans, following, strict=True):
        end = span.start + round((span.end - span.start) / gate)
        if after is not None and span.end <= after:
            end = min(end, after)
        new.append(replace(span, end=end))
    return new


def _shares(spans: Sequence[Span[int]]) -> list[float | None]:
    """How much of the time to the next start each note sounds."""
    return [
        None if after is None else (span.end - span.start) / (after - span.start)
        for span, after in zip(spans, _next_starts(spans), strict=True)
    ]


def _next_starts(spans: Sequence[Span[int]]) -> list[int | None]:
    """Where the next note starts that does not start with it; `spans` are sorted by start."""
    starts = sorted({span.start for span in spans})
    after = dict(pairwise(starts))
    return [after.get(span.start) for span in spans]
