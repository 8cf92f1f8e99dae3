"""What of a tune's file another format does not hold, or its writer does not write."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from arvae_music.errors import ArvaeError
from arvae_music.formats import abc_contents, midi_contents, musicxml_contents
from arvae_music.formats.abc_edit import AbcSource
from arvae_music.formats.contents import Content
from arvae_music.formats.midi_read import MidiSource
from arvae_music.formats.musicxml_edit import MusicXmlSource
from arvae_music.formats.tune import Notice, Tune

_FAMILIES = {
    ".mid": "MIDI",
    ".midi": "MIDI",
    ".abc": "ABC",
    ".musicxml": "MusicXML",
    ".xml": "MusicXML",
    ".mxl": "MusicXML",
}

HELD: Mapping[str, frozenset[Content]] = {
    "MIDI": frozenset(),
    "ABC": frozenset({Content.MODE, Content.SPELLING}),
    "MusicXML": frozenset({Content.MODE, Content.SPELLING}),
}
"""Beside notes, bars, title and key: what is written where a tune comes from another format.

Notation names notes, though by the key and not as the source did.
"""


def same_format(a: str | os.PathLike[str], b: str | os.PathLike[str]) -> bool:
    """Whether two files are of one format, by their extensions, compressed or not."""
    return _family(a) == _family(b)


def losses(tune: Tune, target: str | os.PathLike[str]) -> tuple[Notice, ...]:
    """A notice for each kind of thing that the tune's file holds and `target` will not.

    An edit in place, and so a file of the same format, loses nothing.
    """
    held = HELD[_family(target)]
    found = {} if _family(target) == _source_family(tune) else _contents(tune.source)
    name = Path(target).name
    return tuple(
        Notice("format", f"{name} goes without {words}") for kind, words in found.items() if kind not in held
    )


def _family(path: str | os.PathLike[str]) -> str:
    suffix = Path(path).suffix.lower()
    if suffix not in _FAMILIES:
        raise ArvaeError(f"{path}: no format has the extension '{suffix}'")
    return _FAMILIES[suffix]


def _source_family(tune: Tune) -> str | None:
    kinds = {MidiSource: "MIDI", AbcSource: "ABC", MusicXmlSource: "MusicXML"}
    return kinds.get(type(tune.source))


def _contents(source: object) -> dict[Content, str]:
    if isinstance(source, MidiSource):
        return midi_contents.contents(source)
    if isinstance(source, AbcSource):
        return abc_contents.contents(source)
    return musicxml_contents.contents(source) if isinstance(source, MusicXmlSource) else {}
