"""Whole tunes for the prior: the measures of each in order, all moved to one tonic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from arvae_music.data import HIGHEST, LOWEST, Corpus, joined_pairs
from arvae_music.errors import UsageError
from arvae_music.meter import TICKS
from arvae_music.model.prior import PRIOR_MODES
from arvae_music.tokens import HOLD, PAD, Tokens
from arvae_music.tonality import MODES, Tonality, parse_tonality, tonality_of

HOME = 2
"""Pitch class of the tonic to which tunes are moved: D, the commonest of folk tunes."""

_NEIGHBOURS = {"minor": "phrygian", "major": "lydian"}


class Tunes(NamedTuple):
    """Measures of tunes on the tonic HOME, ordered by tune and by place.

    Attributes:
        tokens: `[rows, 24]`.
        meters: meter codes, `[rows]`.
        tune: number of the tune, `[rows]`.
        modes: index in PRIOR_MODES, `[rows]`.
        register: mean pitch (MIDI) of all notes before the tunes were moved.
    """

    tokens: Tokens
    meters: npt.NDArray[np.integer]
    tune: npt.NDArray[np.integer]
    modes: npt.NDArray[np.integer]
    register: float


def tunes_of(corpus: Corpus) -> Tunes:
    """The tunes of a corpus, and those of 6/8 once more as tunes of 12/8."""
    parts = [_moved(corpus)]
    pairs = joined_pairs(corpus)
    if len(pairs):
        parts.append(_moved(pairs.take(_apart(pairs))))
    later = len(corpus.titles)
    numbers = [part.tune + number * later for number, part in enumerate(parts)]
    return Tunes(
        np.concatenate([part.tokens for part in parts]),
        np.concatenate([part.meters for part in parts]),
        np.concatenate(numbers),
        np.concatenate([part.modes for part in parts]),
        parts[0].register,
    )


def _apart(pairs: Corpus) -> npt.NDArray[np.bool_]:
    """Pairs of bars 1 and 2, 3 and 4 and so on, none of which shares a bar with the next."""
    kept = np.zeros(len(pairs), np.bool_)
    free, tune = -1, -1
    for row, (number, bar) in enumerate(zip(pairs.tune.tolist(), pairs.bar.tolist(), strict=True)):
        if number != tune or bar >= free:
            kept[row], free, tune = True, bar + 2, number
    return kept


def spans(tune: npt.NDArray[np.integer]) -> Iterator[tuple[int, int]]:
    """First row of each tune and the row after its last."""
    edges = np.flatnonzero(np.diff(tune)) + 1
    yield from zip([0, *edges.tolist()], [*edges.tolist(), len(tune)], strict=True)


def _moved(corpus: Corpus) -> Tunes:
    tokens = corpus.tokens.copy()
    modes = np.zeros(len(corpus), np.uint8)
    pitched = corpus.tokens >= 0
    register = float(corpus.tokens[pitched].mean()) if pitched.any() else 71.0
    kept = np.ones(len(corpus), np.bool_)
    for start, stop in spans(corpus.tune) if len(corpus) else ():
        part = corpus.tokens[start:stop]
        key = tonality_of_tune(part, corpus.keys[corpus.tune[start]])
        modes[start:stop] = prior_mode(key.mode)
        notes = part[part >= 0]
        shift = octave_near(HOME - key.tonic, notes, register)
        tokens[start:stop] = np.where(part >= 0, part + shift, part)
        tokens[stop - 1] = at_rest(tokens[stop - 1])
        kept[start:stop] = all(LOWEST <= pitch <= HIGHEST for pitch in (notes + shift).tolist())
    return Tunes(tokens[kept], corpus.meters[kept], corpus.tune[kept], modes[kept], register)


def at_rest(tokens: Tokens) -> Tokens:
    """A tune's last measure `[24]` held from its last tonic HOME on: what follows leads back to the start.

    A tune's pickup is counted with its end; one that is played no more needs none. Without a tonic the
    measure is as it was.
    """
    tonics = np.flatnonzero((tokens >= 0) & (tokens % 12 == HOME))
    out = tokens.copy()
    if len(tonics):
        later = out[tonics[-1] + 1 :]
        later[later != PAD] = HOLD
    return out


def octave_near(shift: int, notes: npt.NDArray[np.integer], register: float) -> int:
    """The shift, with the octaves that bring the mean of the notes nearest to a pitch."""
    mean = float(notes.mean()) if len(notes) else register
    return shift + 12 * round((register - mean - shift) / 12)


def prior_mode(mode: str) -> int:
    """Index in PRIOR_MODES of a mode, or of the one that is nearest to it."""
    near = {other: known for known, other in _NEIGHBOURS.items()}
    named = near.get(mode, "minor" if mode == "locrian" else mode)
    return PRIOR_MODES.index(named)


def tonality_of_tune(tokens: Tokens, key: str | None) -> Tonality:
    """The key of a tune, from what its file says and from the note on which it rests at last.

    Books of folk tunes write the signature of a major key over many a tune in another mode, and files of
    MIDI often write none.

    Args:
        tokens: its measures in order, `[rows, 24]`.
        key: as ABC writes it, or None.
    """
    try:
        named = parse_tonality(key) if key else None
    except UsageError:
        named = None
    if named is not None and named.mode != "major":
        return named
    durations = sounding(tokens)
    total = durations.sum(axis=0)
    signature = 7 * named.fifths % 12 if named is not None else _best_signature(total)
    final = next((row for row in durations[::-1] if row.any()), total)
    # What rests longest at the end is the tonic, if it can be one in this signature.
    tonics = {(signature - 7 * MODES[mode]) % 12: mode for mode in PRIOR_MODES}
    weight = {tonic: (final[tonic], tonic == signature, total[tonic]) for tonic in tonics}
    tonic = max(tonics, key=lambda pitch: weight[pitch])
    return tonality_of(tonic, tonics[tonic])


def sounding(tokens: Tokens) -> npt.NDArray[np.int64]:
    """Ticks for which each pitch class sounds in each measure, `[rows, 12]`."""
    at = np.maximum.accumulate(np.where(tokens != HOLD, np.arange(TICKS), 0), axis=1)
    held = np.take_along_axis(tokens, at, axis=1)
    return np.stack([((held >= 0) & (held % 12 == pitch)).sum(axis=1) for pitch in range(12)], axis=1)


def _best_signature(durations: npt.NDArray[np.integer]) -> int:
    """Tonic of the major key whose scale holds most of what sounds, `[12]`."""
    scales = [tonality_of(tonic, "major") for tonic in range(12)]
    return max(
        range(12), key=lambda tonic: (durations[list(scales[tonic].scale)].sum(), durations[tonic], -tonic)
    )
