"""XML as a tree of elements that know their places in the text, read without any entity or network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from xml.parsers import expat

from arvae_music.errors import ArvaeError

_DEEPEST = 100
_MOST = 2_500_000
"""Elements of the largest text that is read: about a gigabyte of them."""

_NUMBER = re.compile(r"[+-]?\d{1,9}(\.\d{1,9})?")
_START_TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")


class Element:
    """An element; `start`, `inner`, `inner_end` and `end` are byte offsets of its text and content."""

    __slots__ = ("attributes", "children", "end", "inner", "inner_end", "start", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str], start: int) -> None:
        self.tag = tag
        self.attributes = attributes
        self.start = self.inner = self.inner_end = self.end = start
        self.children: list[Element] = []
        self.text = ""

    def all(self, tag: str) -> Iterator[Element]:
        """Children of that name."""
        return (child for child in self.children if child.tag == tag)

    def first(self, *tags: str) -> Element | None:
        """What a path of names leads to first."""
        found: Element | None = self
        for tag in tags:
            found = next((child for child in found.children if child.tag == tag), None) if found else None
        return found

    def word(self, *tags: str) -> str:
        """The text at a path of names, without blanks around it; empty where there is none."""
        found = self.first(*tags)
        return found.text.strip() if found is not None else ""


class _Builder:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._stack: list[Element] = []
        self._count = 0
        self.root: Element | None = None
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.EntityDeclHandler = self._entity

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._stack) >= _DEEPEST:
            raise ArvaeError(f"elements are nested more than {_DEEPEST} deep")
        self._count += 1
        if self._count > _MOST:
            raise ArvaeError(f"more than {_MOST:,} elements: a score of that size is not read")
        element = Element(tag, attributes, self.parser.CurrentByteIndex)
        if self._stack:
            self._stack[-1].children.append(element)
            self._stack[-1].text = ""
        else:
            self.root = element
        self._stack.append(element)

    def _end(self, _tag: str) -> None:
        element = self._stack.pop()
        opening = _START_TAG.match(self._data, element.start)
        assert opening is not None  # noqa: S101 - the parser has read it
        element.inner = opening.end()
        if not element.children and opening[0].endswith(b"/>"):
            element.inner_end = element.end = element.inner
        else:
            element.inner_end = self.parser.CurrentByteIndex
            element.end = self._data.index(b">", element.inner_end) + 1

    def _characters(self, text: str) -> None:
        if self._stack and not self._stack[-1].children:
            self._stack[-1].text += text

    def _entity(self, name: str, *_rest: object) -> None:
        raise ArvaeError(f"it declares an entity '{name[:40]}': entities are not read")


def parse(data: bytes) -> Element:
    """The root of an XML text in UTF-8, whatever encoding its declaration names.

    Raises:
        ArvaeError: it is not well-formed, or declares entities.
    """
    builder = _Builder(data)
    try:
        builder.parser.Parse(data, True)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        raise ArvaeError(f"not well-formed XML: {what} in line {error.lineno}") from None
    if builder.root is None:
        raise ArvaeError("not well-formed XML: no element found")
    return builder.root


def number_in(text: str) -> Fraction:
    """A decimal number.

    Raises:
        ValueError: it is none, or has more digits than music needs.
    """
    if _NUMBER.fullmatch(text.strip()) is None:
        raise ValueError(text)
    return Fraction(text.strip())


def number_or_none(text: str) -> Fraction | None:
    """A decimal number, or None where the text is none."""
    try:
        return number_in(text)
    except ValueError:
        return None
