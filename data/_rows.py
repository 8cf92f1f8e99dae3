"""From a tune to rows of a corpus."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from arvae_music.measures import Measure, measures
from arvae_music.melody import Melody, fewest_octaves
from arvae_music.tokens import Tokens

LOWEST, HIGHEST = 48, 95
"""The MIDI pitches of every corpus and checkpoint."""


class Row(NamedTuple):
    """One measure."""

    tokens: Tokens
    meter: int
    bar: int
    tie_in: bool
    tie_out: bool
    previous: int


class TuneRows(NamedTuple):
    """The measures of one tune, and those that have no row, by reason."""

    rows: list[Row]
    skipped: Counter[str]


def in_range(melody: Melody) -> Melody:
    """The tune moved by the fewest octaves that bring its notes into the pitches of a corpus."""
    shift = fewest_octaves((note.pitch for note in melody.notes), LOWEST, HIGHEST)
    return melody.transposed(shift) if shift else melody


def rows_of(melody: Melody, meters: Sequence[str]) -> TuneRows:
    """The measures of a tune that are in one of the meters and whose pitches fit."""
    melody = in_range(melody)
    onsets = [note.onset for note in melody.notes]
    found = TuneRows([], Counter())
    for measure in measures(melody):
        reason = _reason(measure, meters)
        if reason is not None or measure.tokens is None or measure.grid is None:
            found.skipped[reason or "unknown"] += 1
            continue
        before = bisect_left(onsets, melody.bars[measure.bars[0]].start)
        found.rows.append(
            Row(
                tokens=measure.tokens,
                meter=measure.grid.code,
                bar=measure.index,
                tie_in=measure.tie_in is not None,
                tie_out=measure.tie_out is not None,
                previous=melody.notes[before - 1].pitch if before else -1,
            )
        )
    return found


def _reason(measure: Measure, meters: Sequence[str]) -> str | None:
    """Why a measure has no row, without the details that tell one measure from another."""
    if measure.reason is not None:
        return measure.reason.split(" at ")[0].split(":")[0]
    if measure.grid is None or measure.grid.name not in meters:
        return f"meter {measure.meter} is not in this corpus"
    if measure.tokens is None:
        return "unknown"
    pitches = [int(token) for token in measure.tokens if token >= 0]
    pitches += [pitch for pitch in (measure.tie_in, measure.tie_out) if pitch is not None]
    if any(not LOWEST <= pitch <= HIGHEST for pitch in pitches):
        return f"pitch outside {LOWEST} to {HIGHEST}"
    return None
