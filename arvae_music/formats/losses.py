"""What of a tune's file another format does not hold, or its writer does not write."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from arvae_music.errors import ArvaeError
from arvae_music.formats.contents import Content, contents_of, in_words, outside_key
from arvae_music.formats.sheet import Sheet
from arvae_music.formats.sheets import sheet_of
from arvae_music.formats.tune import Notice, Tune

_FAMILIES = {
    ".mid": "MIDI",
    ".midi": "MIDI",
    ".abc": "ABC",
    ".musicxml": "MusicXML",
    ".xml": "MusicXML",
    ".mxl": "MusicXML",
}

_MIDI_HOLDS = frozenset({Content.TEXTS, Content.TEMPO, Content.KEY_CHANGES, Content.LYRICS, Content.CREDITS})


def unwritten(sheet: Sheet, family: str) -> dict[Content, int]:
    """What of a sheet a format's writer does not write.

    MIDI has no chord symbols: programs do not agree on which texts would be some.
    """
    if family == "MIDI":
        found = {kind: count for kind, count in contents_of(sheet).items() if kind not in _MIDI_HOLDS}
        found[Content.LYRICS] = sum(syllable.verse > 1 for syllable in sheet.syllables)
        return found
    if family == "MusicXML":
        from arvae_music.formats.musicxml_signs import WRITABLE

        return {Content.SIGNS: sum(one.name not in WRITABLE for one in sheet.decorations)}
    return {}


def same_format(a: str | os.PathLike[str], b: str | os.PathLike[str]) -> bool:
    """Whether two files are of one format, by their extensions, compressed or not."""
    return _family(a) == _family(b)


def losses(tune: Tune, target: str | os.PathLike[str]) -> tuple[Notice, ...]:
    """A notice that names everything that the tune's file holds and `target` will not.

    An edit in place, and so a file of the same format, loses nothing.
    """
    family = _family(target)
    if _is_of(tune.source, family):
        return ()
    words = list(in_words(lost(tune, family)))
    said = ", ".join(words[:-1]) + " and " * (len(words) > 1) + "".join(words[-1:])
    return (Notice("format", f"{Path(target).name} goes without {said}"),) if words else ()


def lost(tune: Tune, family: str) -> Counter[Content]:
    """How much of each kind a tune's file holds and one of another format will not."""
    sheet = sheet_of(tune)
    found = Counter(unwritten(sheet, family))
    for kind, count in _rest(tune.source, sheet).items():
        found[kind] += max(count, 0)
    if family == "MIDI":
        found[Content.SPELLING] = outside_key(tune.melody, sheet)
    return found


def _family(path: str | os.PathLike[str]) -> str:
    suffix = Path(path).suffix.lower()
    if suffix not in _FAMILIES:
        raise ArvaeError(f"{path}: no format has the extension '{suffix}'")
    return _FAMILIES[suffix]


def _is_of(source: object, family: str) -> bool:
    """Whether what a tune was read from is a file of this family; an edit in place loads no other one."""
    if family == "MIDI":
        from arvae_music.formats.midi_read import MidiSource

        return isinstance(source, MidiSource)
    if family == "ABC":
        from arvae_music.formats.abc_edit import AbcSource

        return isinstance(source, AbcSource)
    from arvae_music.formats.musicxml_edit import MusicXmlSource

    return isinstance(source, MusicXmlSource)


def _rest(source: object, sheet: Sheet) -> dict[Content, int]:
    """What is in no sheet."""
    from arvae_music.formats import abc_contents, midi_contents, musicxml_contents
    from arvae_music.formats.abc_edit import AbcSource
    from arvae_music.formats.midi_read import MidiSource
    from arvae_music.formats.musicxml_edit import MusicXmlSource

    if isinstance(source, MidiSource):
        return midi_contents.contents(source, sheet)
    if isinstance(source, AbcSource):
        return abc_contents.contents(source)
    return musicxml_contents.contents(source) if isinstance(source, MusicXmlSource) else {}
