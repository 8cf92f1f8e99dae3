"""What a MusicXML score holds beside its melody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from arvae_music.formats.contents import Content, counted, notated
from arvae_music.formats.musicxml_edit import MusicXmlSource
from arvae_music.formats.musicxml_read import parts_of, voices_of
from arvae_music.formats.musicxml_tree import Element, parse

_SIGNS = frozenset(("articulations", "ornaments", "technical", "fermata"))
_LAYOUT = frozenset(("print", "defaults", "credit"))
_FIELDS = {"creator": "creators", "rights": "rights", "source": "source"}


def contents(source: MusicXmlSource) -> dict[Content, str]:
    """Everything else of the score."""
    root = parse(source.file.data)
    parts = parts_of(root)
    voices = list(voices_of(parts))
    own = next(
        element
        for element, part in zip(root.all("part"), parts, strict=True)
        if part is voices[source.index][1]
    )
    tags = Counter(element.tag for element in _below(own))
    starts = Counter(element.tag for element in _below(own) if element.attributes.get("type") == "start")
    others = {element.tag for child in root.children if child.tag != "part" for element in _below(child)}
    found = counted(
        {
            Content.PARTS: (len(voices) - 1, "other part"),
            Content.CHORD_SYMBOLS: (tags["harmony"], "chord symbol"),
            Content.LYRICS: (tags["lyric"], "syllable of lyrics"),
            Content.REPEATS: (tags["repeat"] + starts["ending"], "sign of repeats or endings"),
            Content.KEY_CHANGES: (max(tags["key"] - 1, 0), "change of key"),
            Content.GRACE_NOTES: (tags["grace"], "grace note"),
            Content.SIGNS: (sum(tags[tag] for tag in _SIGNS), "decoration"),
            Content.SLURS: (starts["slur"], "slur"),
            Content.TEXTS: (tags["direction"], "direction"),
        }
    )
    if fields := [word for tag, word in _FIELDS.items() if tag in others]:
        found[Content.FIELDS] = ", ".join(fields)
    if (_LAYOUT & set(tags)) | (_LAYOUT & (others | {child.tag for child in root.children})):
        found[Content.LAYOUT] = "page layout"
    return found | notated(source.melody)


def _below(element: Element) -> Iterator[Element]:
    for child in element.children:
        yield child
        yield from _below(child)
