"""From tunes to a corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from arvae_music.data._card import Card, Unread
from arvae_music.data._corpus import Corpus, FormatCount, digest
from arvae_music.data._families import assign_splits, families
from arvae_music.data._tune import PackedTune, packed

from arvae_music.melody import Melody
from arvae_music.meter import TICKS

_COLUMNS = {
    "tokens": np.zeros((0, TICKS), np.int16),
    "meters": np.zeros(0, np.uint8),
    "bar": np.zeros(0, np.int16),
    "tie_in": np.zeros(0, np.bool_),
    "tie_out": np.zeros(0, np.bool_),
    "previous": np.zeros(0, np.int16),
}
"""Arrays that a corpus takes from its tunes one after the other, without a row."""


def build(card: Card, melodies: Sequence[Melody]) -> Corpus:
    """A corpus of tunes, split by family. Tunes without a row keep their place in the titles."""
    return build_packed(card, [packed(melody, card.meters) for melody in melodies])


def build_packed(
    card: Card,
    tunes: Sequence[PackedTune],
    unread: Sequence[Unread] = (),
    formats: Sequence[FormatCount] = (),
) -> Corpus:
    """A corpus of tunes that may have been read elsewhere; see `build`."""
    family_of = families(tunes)
    split = assign_splits(tunes, family_of)
    number = np.repeat(np.arange(len(tunes)), [len(tune.tokens) for tune in tunes])
    skipped: Counter[str] = Counter()
    for tune in tunes:
        skipped.update(tune.skipped)
    arrays: dict[str, Any] = {
        name: np.concatenate([none, *(getattr(tune, name) for tune in tunes)])
        for name, none in _COLUMNS.items()
    }
    corpus = Corpus(
        name=card.name,
        card=card,
        **arrays,
        tune=number.astype(np.int32),
        split=split[number] if len(number) else np.zeros(0, np.uint8),
        titles=tuple(tune.title for tune in tunes),
        keys=tuple(tune.key for tune in tunes),
        families=tuple(family_of),
        skipped=dict(skipped.most_common()),
        unread=tuple(unread),
        formats=tuple(formats),
    )
    return replace(corpus, hash=digest(corpus))
