"""Load a corpus by name, or one of the user's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from arvae_music.data import _bach, _folk, _own
from arvae_music.data._cache import cached, key_of
from arvae_music.data._card import Card, Source
from arvae_music.data._corpus import Corpus
from arvae_music.data._read import Progress, read_corpus
from arvae_music.data._workers import workers

from arvae_music.errors import ArvaeError, UsageError

_BUNDLED: dict[str, tuple[Card, Callable[[], Source]]] = {
    "folk": (_folk.CARD, _folk.source),
    "bach": (_bach.CARD, _bach.source),
}


def corpora() -> tuple[Card, ...]:
    """The cards of the corpora that can be loaded by name."""
    return tuple(card for card, _ in _BUNDLED.values())


def load_corpus(
    which: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    progress: Progress | None = None,
    jobs: int | None = None,
    dask: str | None = None,
) -> Corpus:
    """A corpus, read once and then kept in the user's cache folder.

    Args:
        which: `folk`, `bach`, or files and folders of one's own.
        progress: called as files are read, with the bytes read so far and their total.
        jobs: how many processes read; as many as there are cores, or fewer for few files, if not given.
        dask: address of a Dask scheduler whose workers read instead. They must find the files under
            the same paths.

    Raises:
        UsageError: there is no corpus of that name, or `jobs` and `dask` make no sense.
        ArvaeError: the files are missing, none of them has a measure that can be used, or the cluster
            does not answer.
    """
    source = _source([which] if isinstance(which, str | os.PathLike) else list(which))
    key = key_of(source.card, source.files, source.root)
    with workers(jobs, dask) as chosen:
        corpus = cached(source.card, key, lambda: read_corpus(source, chosen, progress))
    if not len(corpus):
        raise ArvaeError(_nothing(corpus))
    return corpus


def _source(which: Sequence[str | os.PathLike[str]]) -> Source:
    names = [str(name) for name in which]
    if not names:
        raise UsageError("no corpus is named: name folk, bach, or files and folders")
    if len(names) == 1 and names[0] in _BUNDLED:
        return _BUNDLED[names[0]][1]()
    for name in names:
        if name in _BUNDLED and not Path(name).exists():
            raise UsageError(f"{name} is a corpus of its own: name it alone, or files and folders without it")
        plain = not os.path.dirname(name) and not Path(name).suffix
        if plain and not Path(name).exists():
            raise UsageError(f"there is no corpus '{name}': name {', '.join(_BUNDLED)}, or files and folders")
    return _own.source([Path(name) for name in names])


def _nothing(corpus: Corpus) -> str:
    """Why a corpus has no measures, from the commonest cause."""
    if corpus.unread and not corpus.titles:
        first = corpus.unread[0]
        return f"none of {len(corpus.unread)} files could be read; the first, {first.path}: {first.reason}"
    why = ", ".join(f"{reason} ({count})" for reason, count in list(corpus.skipped.items())[:3])
    return f"no measure in {corpus.card.title} can be used: {why or 'there are none'}"
