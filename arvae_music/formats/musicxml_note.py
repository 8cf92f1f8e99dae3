"""The text of one `<note>`: written anew, or an old one with some of its children replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from arvae_music.formats.abc_spelling import STEPS, spelled
from arvae_music.formats.musicxml_tree import Element

_ORDER = (
    "grace", "cue", "chord", "pitch", "unpitched", "rest", "duration", "tie", "instrument", "footnote",
    "level", "voice", "type", "dot", "accidental", "time-modification", "stem", "notehead",
    "notehead-text", "staff", "beam", "notations", "lyric", "play", "listen",
)  # fmt: skip
"""The order of a note's children in the MusicXML schema."""

_TYPES = {
    Fraction(8): "breve", Fraction(4): "whole", Fraction(2): "half", Fraction(1): "quarter",
    Fraction(1, 2): "eighth", Fraction(1, 4): "16th", Fraction(1, 8): "32nd", Fraction(1, 16): "64th",
}  # fmt: skip
_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}


class Pitch(NamedTuple):
    """A spelled pitch."""

    step: str
    octave: int
    alter: int


@dataclass
class Signs:
    """Accidentals in force; a sign is shown where it is needed in its own octave or in another."""

    steps: Mapping[str, int]
    narrow: dict[tuple[str, int], int] = field(default_factory=dict)
    wide: dict[str, int] = field(default_factory=dict)

    def needs(self, pitch: Pitch) -> bool:
        """Whether the note needs a sign; it is in force from now on."""
        usual = self.steps.get(pitch.step, 0)
        place = pitch.step, pitch.octave
        in_force = {self.narrow.get(place, usual), self.wide.get(pitch.step, usual)}
        self.narrow[place] = self.wide[pitch.step] = pitch.alter
        return in_force != {pitch.alter}


def spelled_pitch(midi: int, steps: Mapping[str, int], usual: Mapping[int, tuple[str, int]]) -> Pitch:
    """A new pitch as the key has it, or as the part writes it elsewhere; see `abc_spelling.spelled`."""
    name = spelled(midi, steps, usual)
    octave = (midi - name.alteration - STEPS[name.step]) // 12 - 1
    return Pitch(name.step, octave, name.alteration)


class Tag(NamedTuple):
    """An element to write: `head` is its name and attributes, `body` its text or its children."""

    head: str
    body: str | tuple[Tag, ...] = ""


@dataclass(frozen=True)
class Layout:
    """How the file breaks its lines: what stands before a child of a note, and one more level."""

    line: str = ""
    step: str = ""

    def deeper(self) -> Layout:
        """One level further in."""
        return Layout(self.line + self.step, self.step) if self.line else self

    @property
    def closing(self) -> str:
        """What stands before the end of the element that holds these lines."""
        return self.line[: -len(self.step)] if self.step and self.line.endswith(self.step) else self.line

    def text(self, tag: Tag) -> str:
        """The element on lines of its own, without the break before it."""
        name = tag.head.split()[0]
        if not tag.body:
            return f"<{tag.head}/>"
        if isinstance(tag.body, str):
            return f"<{tag.head}>{tag.body}</{name}>"
        inside = self.deeper()
        children = "".join(inside.line + inside.text(child) for child in tag.body)
        return f"<{tag.head}>{children}{self.line}</{name}>"


def layout_of(data: bytes, element: Element | None) -> Layout:
    """The layout of a note in the source."""
    if element is None or not element.children:
        return Layout()
    line = _blank(data[element.inner : element.children[0].start])
    closing = _blank(data[element.children[-1].end : element.inner_end])
    step = line[len(closing) :] if line.startswith(closing) else ""
    return Layout(line, step) if line else Layout()


def _blank(between: bytes) -> str:
    text = between.decode()
    return text if not text.strip() else ""


class NoteType(NamedTuple):
    """What is drawn: the `<type>` and the number of dots."""

    name: str
    dots: int

    @property
    def flags(self) -> int:
        """Beams that the note can have."""
        return {"eighth": 1, "16th": 2, "32nd": 3, "64th": 4}.get(self.name, 0)


def type_of(length: Fraction, *, triplet: bool) -> NoteType | None:
    """The note that lasts so many quarters; None where no one note does."""
    value = length * Fraction(3, 2) if triplet else length
    for dots, factor in ((0, Fraction(1)), (1, Fraction(2, 3)), (2, Fraction(4, 7))):
        if value * factor in _TYPES:
            return NoteType(_TYPES[value * factor], dots)
    return None


def pitch_tag(step: str, octave: int, alter: int) -> Tag:
    """A `<pitch>`."""
    middle = (Tag("alter", str(alter)),) if alter else ()
    return Tag("pitch", (Tag("step", step), *middle, Tag("octave", str(octave))))


def accidental_tag(alter: int) -> Tag:
    """The sign of an alteration."""
    return Tag("accidental", _ACCIDENTALS[alter])


def rhythm_tags(
    length: Fraction, divisions: Fraction, *, triplet: bool, whole_rest: bool = False
) -> dict[str, list[Tag]]:
    """The children that say how long a note is; the rest of a whole bar has no type."""
    drawn = None if whole_rest else type_of(length, triplet=triplet)
    ratio = Tag("time-modification", (Tag("actual-notes", "3"), Tag("normal-notes", "2")))
    return {
        "duration": [Tag("duration", decimal(length * divisions))],
        "type": [Tag("type", drawn.name)] if drawn else [],
        "dot": [Tag("dot")] * drawn.dots if drawn else [],
        "time-modification": [ratio] if triplet and drawn else [],
    }


def tie_tags(*, tied: bool, ties: bool) -> tuple[list[Tag], list[Tag]]:
    """The `<tie>` children of a note, and the `<tied>` ones of its notations."""
    kinds = [kind for kind, is_there in (("stop", tied), ("start", ties)) if is_there]
    return [Tag(f'tie type="{kind}"') for kind in kinds], [Tag(f'tied type="{kind}"') for kind in kinds]


def decimal(value: Fraction) -> str:
    """A number as XML has it."""
    return str(value.numerator) if value.denominator == 1 else format(float(value), ".6f").rstrip("0")


@dataclass
class NoteText:
    """A note whose children are replaced by name; the others stay as they are written.

    `notations` holds the children of `<notations>` that are added, by name those that are replaced.
    """

    layout: Layout
    head: str = "<note>"
    parts: list[tuple[str, str, str]] = field(default_factory=list)  # name, what is before it, text
    tail: str | None = None

    @classmethod
    def of(cls, data: bytes, element: Element, layout: Layout) -> NoteText:
        """An old note, to be changed."""
        at = element.inner
        parts = []
        for child in element.children:
            parts.append((child.tag, data[at : child.start].decode(), data[child.start : child.end].decode()))
            at = child.end
        tail = data[at : element.end].decode()
        return cls(layout, data[element.start : element.inner].decode(), parts, tail)

    def put(self, name: str, tags: list[Tag]) -> None:
        """Replace the children of that name."""
        self.put_texts(name, [self.layout.text(tag) for tag in tags])

    def put_texts(self, name: str, texts: list[str]) -> None:
        """Replace the children of that name by texts."""
        comments = (("", before, "") if before.strip() else None for _, before, _ in self.parts)
        old = zip(self.parts, comments, strict=True)
        self.parts = [kept for part, note in old if (kept := note if part[0] == name else part) is not None]
        rank = _ORDER.index(name)
        place = next(
            (i for i, part in enumerate(self.parts) if part[0] in _ORDER and _ORDER.index(part[0]) > rank),
            len(self.parts),
        )
        self.parts[place:place] = [(name, self.layout.line, text) for text in texts]

    def __str__(self) -> str:
        tail = self.tail if self.tail is not None else self.layout.closing + "</note>"
        return self.head + "".join(before + text for _, before, text in self.parts) + tail
