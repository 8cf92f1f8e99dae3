"""`bach`: the soprano of the four-part chorales."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from arvae_music.data._card import Card, Source
from arvae_music.data._music21 import corpus_folder, files_in

from arvae_music.formats.score import melody_from_stream, parse_musicxml
from arvae_music.melody import Melody

CARD = Card(
    name="bach",
    title="Sopranos of J. S. Bach's four-part chorales",
    source="music21 corpus: bach",
    licence=(
        "The music is in the public domain. music21 distributes the encodings with their encoders' "
        "permission; some may not be used commercially: see its corpus/license.txt"
    ),
    citation="M. S. Cuthbert and C. Ariza, music21: a toolkit for computer-aided musicology, ISMIR 2010",
    tunes=328,
    measures=4307,
    meters=("4/4",),
)

_VOICES = ("soprano", "alto", "tenor", "bass")


def source() -> Source:
    """The chorales in the installed music21.

    Raises:
        ArvaeError: music21 or its corpus is missing.
    """
    return Source(CARD, files_in(("bach",), (".mxl", ".xml")), _read, corpus_folder())


def _read(path: Path) -> list[Melody]:
    """The soprano, where the score has four voices and nothing else."""
    score = parse_musicxml(path)
    parts = list(score.parts)
    if [str(part.partName).lower() for part in parts] != list(_VOICES):
        return []
    melody = melody_from_stream(parts[0])
    return [replace(melody, title=_title(path))]


def _title(path: Path) -> str:
    """The chorale's first line; its file's name where music21's lists do not have it."""
    number = path.stem.removeprefix("bwv")
    return _titles().get(number, path.stem)


@cache
def _titles() -> dict[str, str]:
    from music21.corpus import chorales

    lists = (chorales.ChoraleList().byBWV, chorales.ChoraleListRKBWV().byBWV)
    return {str(number): str(entry["title"]) for known in lists for number, entry in known.items()}
