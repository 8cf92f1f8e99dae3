"""From tunes to the rows of a corpus."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from arvae_music.data._card import Card
from arvae_music.data._corpus import Corpus, Unread, digest
from arvae_music.data._families import assign_splits, families

from arvae_music.measures import Measure, measures
from arvae_music.melody import Melody, fewest_octaves
from arvae_music.meter import TICKS
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


def build(card: Card, melodies: Sequence[Melody], unread: Sequence[Unread] = ()) -> Corpus:
    """A corpus of tunes, split by family. Tunes without a row keep their place in the titles."""
    per_tune = [rows_of(melody, card.meters) for melody in melodies]
    family_of = families(melodies, [_stacked(tune.rows) for tune in per_tune])
    split = assign_splits(melodies, family_of, [len(tune.rows) for tune in per_tune])
    rows = [row for tune in per_tune for row in tune.rows]
    tune = np.repeat(np.arange(len(per_tune)), [len(tune.rows) for tune in per_tune])
    skipped: Counter[str] = Counter()
    for found in per_tune:
        skipped.update(found.skipped)
    corpus = Corpus(
        name=card.name,
        card=card,
        tokens=_stacked(rows),
        meters=np.array([row.meter for row in rows], np.uint8),
        tune=tune.astype(np.int32),
        bar=np.array([row.bar for row in rows], np.int16),
        tie_in=np.array([row.tie_in for row in rows], bool),
        tie_out=np.array([row.tie_out for row in rows], bool),
        previous=np.array([row.previous for row in rows], np.int16),
        split=split[tune] if len(tune) else np.zeros(0, np.uint8),
        titles=tuple(melody.title for melody in melodies),
        keys=tuple(melody.key for melody in melodies),
        families=tuple(family_of),
        skipped=dict(skipped.most_common()),
        unread=tuple(unread),
    )
    return replace(corpus, hash=digest(corpus))


def _stacked(rows: Sequence[Row]) -> Tokens:
    return np.array([row.tokens for row in rows], np.int16).reshape(-1, TICKS)
