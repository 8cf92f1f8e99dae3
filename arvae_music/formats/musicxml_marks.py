"""Decorations and directions of a MusicXML score, as a sheet has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from arvae_music.formats.musicxml_signs import BEATS, DYNAMICS, FERMATAS, FINGERS, NOTATIONS
from arvae_music.formats.musicxml_tree import Element
from arvae_music.formats.sheet import Decoration, Tempo, Text

_NAMES = {tag: name for name, tag in NOTATIONS.items()}
_FERMATAS = {kind: name for name, kind in FERMATAS.items()}
_NUMBER = re.compile(r"[+-]?\d{1,9}(\.\d{1,9})?")
_JUMPS = (("dacapo", "D.C."), ("dalsegno", "D.S."), ("fine", "fine"))
_JUMP_WORDS = {"D.C.": re.compile(r"d\.?\s?c\.?|da capo", re.IGNORECASE),
               "D.S.": re.compile(r"d\.?\s?s\.?|dal segno", re.IGNORECASE),
               "fine": re.compile(r"fine\.?", re.IGNORECASE)}  # fmt: skip


def number_or_none(text: str) -> Fraction | None:
    """A decimal number of a sane size, if the text is one."""
    return Fraction(text.strip()) if _NUMBER.fullmatch(text.strip()) else None


def decorations_of(note: Element) -> Iterator[str]:
    """Names of the decorations of a `<note>` that are known."""
    for notations in note.all("notations"):
        for child in notations.children:
            if child.tag == "fermata":
                yield fermata_name(child)
            for inner in child.children:
                name = decoration_name(child.tag, inner)
                if name is not None:
                    yield name


def fermata_name(element: Element) -> str:
    """The name of a `<fermata>`."""
    return _FERMATAS.get(element.attributes.get("type", "upright"), "fermata")


def decoration_name(group: str, element: Element) -> str | None:
    """The name of a child of `<ornaments>` and the like, or None."""
    if element.tag == "fingering" and element.text.strip() in FINGERS:
        return element.text.strip()
    if element.tag == "other-ornament" and element.text.strip() == "roll":
        return "roll"
    return _NAMES.get((group, element.tag))


def direction_signs(element: Element, time: Fraction, *, at_end: bool) -> Iterator[Tempo | Text | Decoration]:
    """What a `<direction>` or a `<sound>` says."""
    sound = element if element.tag == "sound" else element.first("sound")
    kinds = [child for one in element.all("direction-type") for child in one.children]
    words = [" ".join(kind.text.split()) for kind in kinds if kind.tag == "words" and kind.text.strip()]
    place = "below" if element.attributes.get("placement") == "below" else "above"
    tempo = _tempo(kinds, sound, " ".join(words), time)
    jump = _jump(sound, words)
    if tempo is not None:
        yield tempo
    elif jump is not None:
        yield Decoration(time, jump, None, at_end)
    else:
        for said in words:
            yield Text(time, said, "below" if place == "below" else "above", at_end)
    for kind in kinds:
        if kind.tag == "rehearsal" and kind.text.strip():
            yield Text(time, " ".join(kind.text.split()), "part")
        elif kind.tag in ("segno", "coda"):
            yield Decoration(time, kind.tag, None, at_end)
        elif kind.tag == "dynamics":
            for child in kind.children:
                if child.tag in DYNAMICS:
                    yield Decoration(time, child.tag, None, at_end)


def _tempo(kinds: list[Element], sound: Element | None, words: str, time: Fraction) -> Tempo | None:
    """A metronome mark; or else the quarters a minute that are played."""
    for kind in kinds:
        rate = re.search(r"\d+(\.\d+)?", kind.word("per-minute")) if kind.tag == "metronome" else None
        beat = BEATS.get(kind.word("beat-unit"))
        if rate is not None and beat is not None and float(rate[0]):
            dots = len(list(kind.all("beat-unit-dot")))
            return Tempo(time, beat * (2 - Fraction(1, 2**dots)), Fraction(rate[0]), words)
    rate_ = number_or_none(sound.attributes.get("tempo", "")) if sound is not None else None
    return Tempo(time, Fraction(1), rate_, words) if rate_ else None


def _jump(sound: Element | None, words: list[str]) -> str | None:
    """A jump that says no more than its name does."""
    for attribute, name in _JUMPS:
        if sound is not None and attribute in sound.attributes and len(words) == 1:
            return name if _JUMP_WORDS[name].fullmatch(words[0]) else None
    return None
