"""MusicXML held to its schema, as music21 brings it along: the order of children, and attributes.

Content models become regular expressions over the names of children; types of texts are not looked at,
but for enumerations and patterns of attributes.
"""

from __future__ import annotations

import importlib.util
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_SINCE = {"rest": {"measure": "yes-no"}}
"""Attributes that came into MusicXML after the version of the schema that music21 has, 2.0."""

_XS = "{http://www.w3.org/2001/XMLSchema}"


@cache
def _schema() -> dict[tuple[str, str], ET.Element]:
    """Named types, groups and elements of the schema, by kind and name."""
    spec = importlib.util.find_spec("music21")
    assert spec is not None
    assert spec.origin is not None
    root = ET.parse(Path(spec.origin).parent / "musicxml" / "musicxml.xsd").getroot()
    return {
        (child.tag.removeprefix(_XS), child.attrib["name"]): child for child in root if "name" in child.attrib
    }


def _children(node: ET.Element) -> Iterator[ET.Element]:
    return (child for child in node if child.tag.startswith(_XS))


def _occurs(node: ET.Element, inside: str) -> str:
    least, most = node.get("minOccurs", "1"), node.get("maxOccurs", "1")
    return f"(?:{inside}){{{least},{'' if most == 'unbounded' else most}}}"


def _model(node: ET.Element) -> str:
    """A particle as a regular expression."""
    kind = node.tag.removeprefix(_XS)
    if kind == "element":
        return _occurs(node, f"<{node.get('name') or node.get('ref')}>")
    if kind == "group" and "ref" in node.attrib:
        inside = "".join(_model(child) for child in _children(_schema()["group", node.attrib["ref"]]))
        return _occurs(node, inside)
    if kind == "choice":
        return _occurs(node, "|".join(_model(child) for child in _children(node)))
    if kind in ("sequence", "group", "complexContent"):
        return _occurs(node, "".join(_model(child) for child in _children(node)))
    if kind == "extension":
        base = _schema().get(("complexType", node.attrib["base"]))
        inside = "".join(_model(child) for child in _children(node))
        return (_content(base) if base is not None else "") + inside
    return ""


def _content(complex_type: ET.Element) -> str:
    return "".join(_model(child) for child in _children(complex_type))


@cache
def _pattern(type_name: str) -> re.Pattern[str]:
    found = _schema().get(("complexType", type_name))
    return re.compile(_content(found) if found is not None else "")


def _declared(node: ET.Element) -> Iterator[ET.Element]:
    """Elements declared in a content model."""
    for child in _children(node):
        if child.tag == f"{_XS}element":
            yield child
        elif child.tag == f"{_XS}group" and "ref" in child.attrib:
            yield from _declared(_schema()["group", child.attrib["ref"]])
        elif child.tag == f"{_XS}extension" and ("complexType", child.attrib["base"]) in _schema():
            yield from _declared(_schema()["complexType", child.attrib["base"]])
            yield from _declared(child)
        else:
            yield from _declared(child)


@cache
def _types(type_name: str) -> dict[str, ET.Element]:
    found = _schema().get(("complexType", type_name))
    return (
        {} if found is None else {one.attrib["name"]: one for one in _declared(found) if "name" in one.attrib}
    )


@cache
def _attributes(type_name: str) -> dict[str, str]:
    """Types of the attributes of an element, by name; those of other name spaces are left out."""
    found = _schema().get(("complexType", type_name))
    return dict(_attributes_in(found)) if found is not None else {}


def _attributes_in(node: ET.Element) -> Iterator[tuple[str, str]]:
    for child in _children(node):
        if child.tag == f"{_XS}attribute" and "name" in child.attrib:
            yield child.attrib["name"], child.get("type", "")
        elif child.tag == f"{_XS}attributeGroup":
            yield from _attributes_in(_schema()["attributeGroup", child.attrib["ref"]])
        else:
            if child.tag == f"{_XS}extension" and ("complexType", child.attrib["base"]) in _schema():
                yield from _attributes_in(_schema()["complexType", child.attrib["base"]])
            yield from _attributes_in(child)


def _is_value(type_name: str, value: str) -> bool:
    """Whether a text is among the enumerated ones, or of the pattern, of a simple type."""
    found = _schema().get(("simpleType", type_name))
    if found is None:
        return True
    allowed = [one.attrib["value"] for one in found.iter(f"{_XS}enumeration")]
    patterns = [one.attrib["value"] for one in found.iter(f"{_XS}pattern")]
    if patterns and "\\c" not in patterns[0]:
        return any(re.fullmatch(pattern, value) for pattern in patterns)
    return not allowed or value in allowed


def problems(text: str) -> list[str]:
    """What is not as the schema has it; none is best."""
    root = ET.fromstring(text.split("?>", 1)[1])
    declared = _schema()["element", root.tag]
    return list(_problems(root, _inner(declared), root.tag))


def _inner(declared: ET.Element) -> str:
    """The name of an element's type; one without a name is put among the named ones."""
    named = declared.get("type")
    if named is not None:
        return named
    inline = declared.find(f"{_XS}complexType")
    assert inline is not None
    name = f"type of {declared.attrib['name']}"
    _schema()[("complexType", name)] = inline
    return name


def _problems(element: ET.Element, type_name: str, path: str) -> Iterator[str]:
    inside = "".join(f"<{child.tag}>" for child in element)
    if ("complexType", type_name) in _schema():
        if not _pattern(type_name).fullmatch(inside):
            yield f"{path}: {inside}"
        known = _attributes(type_name) | _SINCE.get(element.tag, {})
        for name, value in element.attrib.items():
            if name not in known or not _is_value(known[name], value):
                yield f"{path}: {name}='{value}'"
    elif inside or element.attrib or not _is_value(type_name, element.text or ""):
        yield f"{path}: '{element.text}' {inside}"
    types = _types(type_name)
    for child in element:
        if child.tag in types:
            yield from _problems(child, _inner(types[child.tag]), f"{path}/{child.tag}")
