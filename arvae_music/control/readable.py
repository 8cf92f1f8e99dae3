"""Edits that come back when the edited file is read again; the others are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from arvae_music.formats.tune import Tune
from arvae_music.measures import Measure, replace_measures
from arvae_music.tokens import Tokens


class Readable(NamedTuple):
    """What may be done to a tune.

    `edits` has new tokens by row, and `refused` the reasons of those that were taken out.
    """

    tune: Tune
    edits: dict[int, Tokens]
    refused: dict[int, str]


def readable(tune: Tune, rows: Sequence[Measure], edits: Mapping[int, Tokens]) -> Readable:
    """The tune with the measures replaced that its file can show in place.

    Args:
        tune: the tune that `rows` were read from.
        rows: `measures(tune.melody)`.
        edits: new tokens by position in `rows`, in the tune's own range.
    """
    left = dict(edits)
    refused: dict[int, str] = {}
    while True:
        new, misread = tune.replaced(replace_measures(tune.melody, rows, left))
        bad = {i: misread[bar] for i in left for bar in rows[i].bars if bar in misread}
        if not bad:
            return Readable(new, left, refused)
        refused |= bad
        left = {i: tokens for i, tokens in left.items() if i not in bad}
