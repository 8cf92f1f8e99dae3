"""The pitch lock: the pitches of the source and those of its edit, one a subsequence of the other.

With more notes than the source has, its pitches are a subsequence of the edit's: how many of them have been
found so far says how many notes are still owed. With fewer notes, the edit's are a subsequence of the
source's: how many of the source's are used up says which may follow. Both are followed at once, since the
number of notes need not be known beforehand. Both matches are greedy: a subsequence that can be found at
all is found by taking every pitch where it first comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from arvae_music.control.pitches import NEVER, PitchGoal, PitchTables, pitch_tables

Bits = npt.NDArray[np.int32]


@dataclass(frozen=True)
class SequenceTables:
    """For a goal and the pitches of a source, of which there are m.

    Attributes:
        found: by pitches found and next pitch, `[m + 1, P]`: pitches found then.
        used: by pitches used up and next pitch, `[m + 2, P]`: pitches used up then; m + 1 where the edit's
            are no subsequence any more.
        lowest, highest: of the pitches not yet found, `[m + 1]`; above and below all where there are none.
        place: of each pitch among the source's different ones, `[P]`; 0 for others.
        fewer: by places of the first, lowest and highest pitch so far, and pitches used up,
            `[d, d, d, m + 2]`: bits of the further notes with which a subsequence meets the goal.
        fewer_from_none: those bits where no note has started, but for bit 0.
        more_from_none: the fewest notes of an edit that has all of the source's, NEVER for none.
    """

    found: npt.NDArray[np.int64]
    used: npt.NDArray[np.int64]
    lowest: npt.NDArray[np.int64]
    highest: npt.NDArray[np.int64]
    place: npt.NDArray[np.int64]
    fewer: Bits
    fewer_from_none: int
    more_from_none: int


@lru_cache(maxsize=512)
def sequence_tables(goal: PitchGoal, source: tuple[int, ...]) -> SequenceTables:
    """Tables of a goal and the source's pitches."""
    size, m = len(goal.allowed), len(source)
    tables = pitch_tables(goal)
    found = np.repeat(np.arange(m + 1)[:, None], size, axis=1)
    used = np.full((m + 2, size), m + 1)
    lowest, highest = np.full(m + 1, size), np.full(m + 1, -1)
    for i in reversed(range(m)):
        found[i, source[i]] += 1
        used[i] = used[i + 1] if i + 1 < m else m + 1
        used[i, source[i]] = i + 1
        lowest[i] = min(lowest[i + 1], source[i])
        highest[i] = max(highest[i + 1], source[i])
    place = np.zeros(size, np.int64)
    different = sorted(set(source))
    place[different] = np.arange(len(different))
    fewer, start = _fewer(tables, source, different)
    owed = list(tables.from_none(goal.allowed, source))
    if m == 1 and owed[0]:  # nothing goes between a note and itself
        owed[0] = NEVER
    more = m + min(owed) if m else owed[3]
    return SequenceTables(found, used, lowest, highest, place, fewer, start, min(more, NEVER))


def _fewer(tables: PitchTables, source: Sequence[int], different: Sequence[int]) -> tuple[Bits, int]:
    """`SequenceTables.fewer` and `fewer_from_none`."""
    m, d = len(source), max(len(different), 1)
    fewer = np.zeros((d, d, d, m + 2), np.int32)
    pitch = np.array(different, np.int64)
    place = {p: i for i, p in enumerate(different)}
    later = np.zeros((d, d, d), np.int32)  # after a further note from here on
    start = 0
    for used in range(m, 0, -1):
        last = source[used - 1]
        met = (tables.missing[pitch[:, None], pitch] == 0) & tables.ends[pitch, last][:, None, None]
        fewer[..., used] = met | later
        at = place[last]
        low, high = np.minimum(np.arange(d), at), np.maximum(np.arange(d), at)
        later = later | fewer[:, low[:, None], high[None], used] << 1
        start |= int(fewer[at, at, at, used]) << 1
    return fewer, start


def attributes_of_subsequences(source: Sequence[int], last: int | None) -> dict[tuple[int, int], int]:
    """What subsequences of at least one pitch have, as bits of their lengths by (range, contour).

    `last`: the pitch that they must end with, or None.
    """
    found: dict[tuple[int, int], int] = {}
    reached: dict[tuple[int, int, int], int] = {}  # lengths by first, lowest and highest pitch
    for pitch in source:
        grown: dict[tuple[int, int, int], int] = {(pitch, pitch, pitch): 2}
        for (first, low, high), lengths in reached.items():
            key = (first, min(low, pitch), max(high, pitch))
            grown[key] = grown.get(key, 0) | lengths << 1
        for (first, low, high), lengths in grown.items():
            reached[first, low, high] = reached.get((first, low, high), 0) | lengths
            if last in (None, pitch):
                values = (high - low, pitch - first)
                found[values] = found.get(values, 0) | lengths
    return found
