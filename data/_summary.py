"""What is in a corpus, counted and averaged."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from arvae_music.data._card import Unread
from arvae_music.data._corpus import SPLITS, Corpus

from arvae_music.attributes import ATTRIBUTES, values_of
from arvae_music.meter import GRIDS

_DETAILS = re.compile(r": | \(|; ")
_NUMBER = re.compile(r"\d+")


class Statistic(NamedTuple):
    """Mean and standard deviation."""

    mean: float
    sd: float


class MeterSummary(NamedTuple):
    """The measures of one meter: how many in each split, and their attributes by name."""

    meter: str
    measures: dict[str, int]
    attributes: dict[str, Statistic]


class Summary(NamedTuple):
    """A corpus in numbers.

    Attributes:
        tunes: tunes that have measures.
        families: families of variants among them.
        tunes_by_split: tunes in each split.
        meters: one entry for every meter that occurs.
        skipped: measures that have no row, by reason.
        unread: files that could not be read.
    """

    tunes: int
    families: int
    tunes_by_split: dict[str, int]
    meters: tuple[MeterSummary, ...]
    skipped: dict[str, int]
    unread: tuple[Unread, ...]


def unread_reasons(unread: Sequence[Unread]) -> dict[str, int]:
    """How many files and tunes could not be read, by reason without its details, the commonest first."""
    return dict(Counter(_plain(entry.reason) for entry in unread).most_common())


def _plain(reason: str) -> str:
    """A reason up to its details, and without their numbers."""
    return _NUMBER.sub("N", _DETAILS.split(reason, maxsplit=1)[0]).strip()


def summarize(corpus: Corpus) -> Summary:
    """Sizes, splits and attributes of a corpus."""
    tunes = np.unique(corpus.tune)
    return Summary(
        tunes=len(tunes),
        families=len({corpus.families[tune] for tune in tunes}),
        tunes_by_split={
            name: len(np.unique(corpus.tune[corpus.split == code])) for code, name in enumerate(SPLITS)
        },
        meters=tuple(_of_meter(corpus, grid.code) for grid in GRIDS if (corpus.meters == grid.code).any()),
        skipped=corpus.skipped,
        unread=corpus.unread,
    )


def _of_meter(corpus: Corpus, code: int) -> MeterSummary:
    rows = corpus.take(corpus.meters == code)
    values = values_of(rows.tokens, rows.meters)
    return MeterSummary(
        meter=GRIDS[code].name,
        measures={name: int((rows.split == number).sum()) for number, name in enumerate(SPLITS)},
        attributes={
            attribute.name: Statistic(float(column.mean()), float(column.std()))
            for attribute, column in zip(ATTRIBUTES, values.T, strict=True)
        },
    )
