"""What a MusicXML score holds that no sheet does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from arvae_music.formats.contents import Content
from arvae_music.formats.musicxml_edit import MusicXmlSource
from arvae_music.formats.musicxml_marks import decoration_name, direction_signs
from arvae_music.formats.musicxml_read import parts_of, voices_of
from arvae_music.formats.musicxml_sheet import harmony_text
from arvae_music.formats.musicxml_tree import Element, parse

_GROUPS = frozenset(("articulations", "ornaments", "technical"))
_LAYOUT = frozenset(("print", "defaults", "credit"))
_CREATORS = frozenset(("composer", "lyricist", "poet"))


def contents(source: MusicXmlSource) -> dict[Content, int]:
    """Other parts, layout, and signs that are not understood."""
    root = parse(source.file.data)
    parts = parts_of(root)
    voices = list(voices_of(parts))
    own = next(
        element
        for element, part in zip(root.all("part"), parts, strict=True)
        if part is voices[source.index][1]
    )
    tags = Counter(element.tag for element in _below(own))
    heads = {child.tag for child in root.children}
    creators = [one for one in _below(root) if one.tag == "creator"]
    return {
        Content.PARTS: len(voices) - 1,
        Content.CHORD_SYMBOLS: sum(one.tag == "harmony" and harmony_text(one) is None for one in _below(own))
        + tags["figured-bass"],
        Content.TEXTS: sum(one.tag == "direction" and not _is_read(one) for one in _below(own)),
        Content.SIGNS: sum(
            decoration_name(group.tag, one) is None
            for group in _below(own)
            if group.tag in _GROUPS
            for one in group.children
        ),
        Content.CREDITS: sum(one.attributes.get("type", "composer") not in _CREATORS for one in creators),
        Content.LAYOUT: len(_LAYOUT & (heads | set(tags))),
    }


def _is_read(direction: Element) -> bool:
    return any(True for _ in direction_signs(direction, Fraction(0), at_end=False))


def _below(element: Element) -> Iterator[Element]:
    for child in element.children:
        yield child
        yield from _below(child)
