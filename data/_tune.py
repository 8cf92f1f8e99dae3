"""A tune as a corpus keeps it: small, and quick to send from one process to another."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from arvae_music.data._rows import rows_of

from arvae_music.melody import Melody
from arvae_music.meter import TICKS
from arvae_music.tokens import Tokens


class PackedTune(NamedTuple):
    """A tune's rows, and what its variants are known by.

    Attributes:
        title: as the file has it.
        key: as ABC writes it, or None.
        fingerprint: digest of the title and the notes, wherever the file lies.
        intervals: semitones from note to note, repeated notes passed over, an int8 each.
        tokens: `[rows, 24]` int16.
        meters: meter codes, `[rows]` uint8.
        bar: numbers of the notated bars, `[rows]` int16.
        tie_in: `[rows]`.
        tie_out: `[rows]`.
        previous: the pitch before each measure, -1 for none, `[rows]` int16.
        skipped: measures that have no row, by reason.
    """

    title: str
    key: str | None
    fingerprint: str
    intervals: bytes
    tokens: Tokens
    meters: npt.NDArray[np.uint8]
    bar: npt.NDArray[np.int16]
    tie_in: npt.NDArray[np.bool_]
    tie_out: npt.NDArray[np.bool_]
    previous: npt.NDArray[np.int16]
    skipped: dict[str, int]


def packed(melody: Melody, meters: Sequence[str]) -> PackedTune:
    """A tune's measures in the meters of a corpus, and what it is known by."""
    rows, skipped = rows_of(melody, meters)
    steps = np.diff(np.array([note.pitch for note in melody.notes], np.int16))
    return PackedTune(
        title=melody.title,
        key=melody.key,
        fingerprint=_fingerprint(melody),
        intervals=steps[steps != 0].astype(np.int8).tobytes(),
        tokens=np.array([row.tokens for row in rows], np.int16).reshape(-1, TICKS),
        meters=np.array([row.meter for row in rows], np.uint8),
        bar=np.array([row.bar for row in rows], np.int16),
        tie_in=np.array([row.tie_in for row in rows], bool),
        tie_out=np.array([row.tie_out for row in rows], bool),
        previous=np.array([row.previous for row in rows], np.int16),
        skipped=dict(skipped),
    )


def _fingerprint(melody: Melody) -> str:
    notes = " ".join(f"{note.onset} {note.duration} {note.pitch}" for note in melody.notes)
    return hashlib.sha256(f"{melody.title}|{notes}".encode()).hexdigest()
