"""What stands between the notes of a measure: chord symbols, directions, bar lines, comments.

It stays at its time. Where a longer note now sounds over that time, it says so by its `<offset>`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from arvae_music.formats.musicxml_items import Item, Kind, XmlBar
from arvae_music.formats.musicxml_note import decimal, layout_of
from arvae_music.formats.musicxml_tree import number_or_none

_BEHIND_OFFSET = {
    "harmony": {"footnote", "level", "staff", "listening"},
    "direction": {"footnote", "level", "voice", "staff", "sound", "listening"},
    "sound": set[str](),
}
"""What follows `<offset>` in the elements that have one."""

_COMMENTED = re.compile(r"(\s*)(\S.*\S)(\s*)", re.DOTALL)


class Fixed(NamedTuple):
    """Something at a time of the bar, in quarter notes.

    `lead` is what is before it, `item` the element that it is (a comment is none), and `owner` the note
    that a grace note leads to.
    """

    time: Fraction
    lead: str
    text: str
    item: Item | None = None
    owner: Item | None = None

    @property
    def can_shift(self) -> bool:
        """Whether it may stand before the time that it is meant for."""
        return self.item is not None and self.item.element.tag in _BEHIND_OFFSET


def between(data: bytes, bar: XmlBar, run: Sequence[Item]) -> tuple[dict[int, str], list[Fixed]]:
    """The blanks before each item of a run, by its id, and what stands between the notes."""
    leads: dict[int, str] = {}
    fixed: list[Fixed] = []
    start = run[0].element.start
    at = max([bar.element.inner, *(c.end for c in bar.element.children if c.end <= start)])
    for index, item in enumerate(run):
        lead = data[at : item.element.start].decode()
        comment = _COMMENTED.fullmatch(lead)
        if comment is not None:
            if index:
                fixed.append(Fixed(item.time, comment[1], comment[2]))
            lead = comment[3]
        leads[id(item)] = lead
        at = item.element.end
        if item.kind in (Kind.OTHER, Kind.GRACE):
            later = (one for one in run[index:] if one.kind in (Kind.NOTE, Kind.REST))
            owner = next(later, None) if item.kind is Kind.GRACE else None
            text = data[item.element.start : item.element.end].decode()
            fixed.append(Fixed(item.time, lead, text, item, owner))
    return leads, fixed


def shifted(data: bytes, item: Item, shift: Fraction, divisions: Fraction) -> str:
    """The element's text where it sounds so much later than it stands, in new divisions of a quarter."""
    element = item.element
    text = data[element.start : element.end].decode()
    if element.tag not in _BEHIND_OFFSET:
        return scaled(text, divisions / item.divisions)
    old = (number_or_none(element.word("offset")) or Fraction(0)) / item.divisions
    value = decimal((old + shift) * divisions)
    if element.first("offset") is not None:
        return re.sub(r"(<offset[^>]*>)[^<]*", rf"\g<1>{value}", text, count=1)
    if not old + shift:
        return text
    offset = f"<offset>{value}</offset>"
    if element.inner == element.end:
        return f"{text[: text.rindex('/')].rstrip()}>{offset}</{element.tag}>"
    line = layout_of(data, element).line
    following = next((c for c in element.children if c.tag in _BEHIND_OFFSET[element.tag]), None)
    if following is not None:
        at, new = following.start, offset + line
    else:
        at, new = (element.children[-1].end if element.children else element.inner), line + offset
    return data[element.start : at].decode() + new + data[at : element.end].decode()


def scaled(text: str, factor: Fraction) -> str:
    """A figured bass or a `<forward>` in other divisions."""
    pattern = r"(<duration>)\s*(\d{1,9}(?:\.\d{1,9})?)\s*(?=<)"
    return re.sub(pattern, lambda match: match[1] + decimal(Fraction(match[2]) * factor), text)
