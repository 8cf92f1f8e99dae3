"""Real files from which damaged ones are made: the examples, those found in the world, and music21's."""

from __future__ import annotations

import zipfile
from functools import cache
from pathlib import Path

from arvae_music import read
from arvae_music.formats.abc_tune import write_abc
from arvae_music.formats.musicxml_write import write_musicxml
from arvae_music.formats.sheets import sheet_of

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES, FOUND = ROOT / "data" / "examples", ROOT / "tests" / "formats" / "found"
_TUNES = 40
_LARGEST = 40_000
"""Bytes of a score that is damaged: a larger one takes long and shows no more."""


@cache
def corpus() -> Path:
    """music21's corpus; music21 itself is not loaded."""
    from importlib.util import find_spec

    spec = find_spec("music21")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "corpus"


@cache
def midi_sources() -> list[bytes]:
    """MIDI files."""
    return [path.read_bytes() for folder in (EXAMPLES, FOUND) for path in sorted(folder.glob("*.mid"))]


@cache
def abc_sources() -> list[bytes]:
    """ABC tunes: the examples, some of each book, and one that was written here."""
    books = [
        path
        for name in ("oneills1850", "ryansMammoth", "airdsAirs")
        for path in sorted((corpus() / name).glob("*.abc"))
    ]
    tunes = [tune for book in books[:: max(1, len(books) // 12)] for tune in _cut(book.read_bytes())]
    jig = read(EXAMPLES / "jig.mid")
    written = write_abc(jig.melody, sheet_of(jig)).encode()
    return [
        *(path.read_bytes() for path in sorted(EXAMPLES.glob("*.abc"))),
        *tunes[:: max(1, len(tunes) // _TUNES)],
        written,
    ]


def _cut(book: bytes) -> list[bytes]:
    return [b"X:" + tune for tune in book.split(b"\nX:")[1:30]]


@cache
def xml_sources() -> list[bytes]:
    """MusicXML scores: some of music21's, and those that are written here."""
    found = []
    for path in [
        *sorted(corpus().rglob("*.musicxml")),
        *sorted(corpus().rglob("*.xml")),
        *sorted(corpus().rglob("*.mxl")),
    ]:
        content = _score(path)
        if 0 < len(content) < _LARGEST:
            found.append(content)
    tunes = [read(path) for path in sorted(EXAMPLES.glob("*.abc"))]
    written = [write_musicxml(tune.melody, sheet_of(tune)).encode() for tune in tunes]
    return [*found[:: max(1, len(found) // 25)], *written * 3]


def _score(path: Path) -> bytes:
    if path.suffix != ".mxl":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if n.endswith(".xml") and not n.startswith("META-INF")]
        return archive.read(names[0]) if names else b""
