"""`folk`: three printed collections of Irish, Scottish and American dance music."""

from __future__ import annotations

from arvae_music.data._books import read_book
from arvae_music.data._card import Card, Source
from arvae_music.data._music21 import corpus_folder, files_in

CARD = Card(
    name="folk",
    title="Irish, Scottish and American dance tunes",
    source=(
        "music21 corpus: O'Neill's Music of Ireland (1903), Ryan's Mammoth Collection (1883), "
        "Aird's Airs (1782-1801)"
    ),
    licence=(
        "The printed collections are in the public domain. music21 distributes the transcriptions with "
        "their encoders' permission; some may not be used commercially: see its corpus/license.txt"
    ),
    citation=(
        "F. O'Neill, O'Neill's Music of Ireland, Chicago 1903; Ryan's Mammoth Collection, Boston 1883; "
        "J. Aird, A Selection of Scotch, English, Irish and Foreign Airs, Glasgow 1782-1801; "
        "M. S. Cuthbert and C. Ariza, music21, ISMIR 2010"
    ),
    tunes=4221,
    measures=70531,
)

_FOLDERS = ("oneills1850", "ryansMammoth", "airdsAirs")


def source() -> Source:
    """The books in the installed music21.

    Raises:
        ArvaeError: music21 or its corpus is missing.
    """
    return Source(CARD, files_in(_FOLDERS, (".abc",)), read_book, corpus_folder())
