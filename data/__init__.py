"""Corpora: where they come from, how they are read, split by tune family and cached.

One module a corpus; the rest is shared. Everything public is named here.
"""

from __future__ import annotations

from arvae_music.data._cache import cache_folder
from arvae_music.data._card import Card, Unread
from arvae_music.data._corpus import SPLITS, Corpus, FormatCount
from arvae_music.data._load import corpora, load_corpus
from arvae_music.data._pairs import joined_pairs
from arvae_music.data._read import Progress
from arvae_music.data._rows import HIGHEST, LOWEST
from arvae_music.data._summary import MeterSummary, Statistic, Summary, summarize, unread_reasons

__all__ = [
    "HIGHEST",
    "LOWEST",
    "SPLITS",
    "Card",
    "Corpus",
    "FormatCount",
    "MeterSummary",
    "Progress",
    "Statistic",
    "Summary",
    "Unread",
    "cache_folder",
    "corpora",
    "joined_pairs",
    "load_corpus",
    "summarize",
    "unread_reasons",
]
