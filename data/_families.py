"""Which tunes are variants of one another, and which split a family goes to.

Two tunes are variants where

- their titles are the same once articles, accents, settings and punctuation are gone, or
- they share a run of `SHARED_INTERVALS` melodic intervals, repeated notes passed over, or
- at least `SHARED_MEASURES` of the measures of the shorter one occur in the other, in any key.

The last two find the same notes in another book or key, under whatever name.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
from arvae_music.data._tune import PackedTune

from arvae_music.tokens import Tokens

SHARED_INTERVALS = 20
"""Length of the run of intervals that two variants share: some three bars."""

SHARED_MEASURES = 0.4
"""Share of its different measures that a tune has in common with a variant; at least three of them."""

_FEWEST_SHARED = 3
_FEWEST_ONSETS = 3  # measures with fewer notes are everybody's
_COMMON = 60  # a measure of more tunes than this is a commonplace and says nothing

SHARES = (0.8, 0.1, 0.1)
"""Shares of the measures in train, validation and test."""

_ASIDE = re.compile(r"\(.*?\)|\[.*?\]|\s--?\s.*$|\bno\.?\s*\d+|\b(1st|2nd|3rd|[4-9]th)\s+(setting|version)\b")
_ARTICLES = {"the", "a", "an"}
_PLAIN_NAMES = {
    "", "air", "clog", "country dance", "dance", "gavotte", "giga", "highland fling", "hornpipe", "jig",
    "march", "minuet", "polka", "quick step", "quickstep", "reel", "scotch", "slow", "song dance",
    "strathspey", "untitled", "waltz",
}  # fmt: skip


def families(tunes: Sequence[PackedTune]) -> list[int]:
    """Number of the family of each tune; families are numbered by their first tune."""
    parents = list(range(len(tunes)))

    def root(tune: int) -> int:
        while parents[tune] != tune:
            parents[tune] = parents[parents[tune]]
            tune = parents[tune]
        return tune

    first_with: dict[Hashable, int] = {}
    alike = [
        (first_with.setdefault(mark, tune), tune)
        for tune, known in enumerate(tunes)
        for mark in _marks(known)
    ]
    for pair in (*alike, *_sharing_measures([tune.tokens for tune in tunes])):
        one, other = sorted(map(root, pair))
        parents[other] = one
    numbers: dict[int, int] = {}
    return [numbers.setdefault(root(tune), len(numbers)) for tune in range(len(tunes))]


def plain_title(title: str) -> str:
    """A title without what differs between books; empty where only the kind of tune is left."""
    text = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", _ASIDE.sub(" ", text).replace("'", ""))
    plain = " ".join(word for word in words if word not in _ARTICLES)
    return "" if plain in _PLAIN_NAMES else plain


def assign_splits(tunes: Sequence[PackedTune], family_of: Sequence[int]) -> npt.NDArray[np.uint8]:
    """The split of every tune, 0 to 2: families in the order of a stable hash go where most is missing.

    Args:
        tunes: the tunes.
        family_of: their families.
    """
    members: dict[int, list[int]] = {}
    for tune, family in enumerate(family_of):
        members.setdefault(family, []).append(tune)
    weights = {family: sum(len(tunes[t].tokens) for t in own) for family, own in members.items()}
    order = sorted(members, key=lambda family: min(tunes[tune].fingerprint for tune in members[family]))
    order = [family for family in order if weights[family]]
    chosen = _fill(order, weights)
    return np.array([chosen.get(family, 0) for family in family_of], np.uint8)


def _fill(order: Sequence[int], weights: dict[int, int]) -> dict[int, int]:
    missing = np.array(SHARES) * sum(weights.values())
    chosen = {}
    for family in order:
        split = int(missing.argmax())
        chosen[family] = split
        missing[split] -= weights[family]
    for split in (1, 2):  # a handful of tunes: let none of the splits be empty
        train = [family for family in order if chosen[family] == 0]
        if split not in chosen.values() and len(train) > 1:
            chosen[train[-1]] = split
    return chosen


def _marks(tune: PackedTune) -> set[Hashable]:
    """What a tune shares with its variants and with no other tune."""
    marks: set[Hashable] = set()
    title = plain_title(tune.title)
    if title:
        marks.add(title)
    steps = tune.intervals
    if 0 < len(steps) < SHARED_INTERVALS:
        marks.add(steps)
    marks.update(steps[i : i + SHARED_INTERVALS] for i in range(len(steps) - SHARED_INTERVALS + 1))
    return marks


def _sharing_measures(tokens: Sequence[Tokens]) -> list[tuple[int, int]]:
    """Pairs of tunes of which one has enough of the other's measures."""
    sets = [_untransposed(measures) for measures in tokens]
    tunes_with: dict[bytes, list[int]] = defaultdict(list)
    for tune, measures in enumerate(sets):
        for measure in measures:
            tunes_with[measure].append(tune)
    shared: Counter[tuple[int, int]] = Counter()
    for tunes in tunes_with.values():
        if len(tunes) <= _COMMON:
            shared.update(combinations(tunes, 2))
    return [
        (one, other)
        for (one, other), count in shared.items()
        if count >= max(_FEWEST_SHARED, SHARED_MEASURES * min(len(sets[one]), len(sets[other])))
    ]


def _untransposed(measures: Tokens) -> set[bytes]:
    """The different measures of a tune as if all began on the same pitch."""
    onsets = measures >= 0
    first = np.take_along_axis(measures, onsets.argmax(axis=-1)[:, None], axis=-1)
    relative = np.where(onsets, measures - first + 128, measures)
    return {row.tobytes() for row in relative[onsets.sum(axis=-1) >= _FEWEST_ONSETS]}
