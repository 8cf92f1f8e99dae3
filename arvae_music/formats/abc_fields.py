"""What an ABC tune's fields say of the whole tune or of a voice, beside its meter, unit and key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Literal

from arvae_music.formats.abc_events import Line, field_of, is_field, parse_meter, parse_unit
from arvae_music.formats.abc_key import is_key
from arvae_music.formats.abc_lexing import Macro, parse_macro
from arvae_music.meter import Meter

_BLOCK = re.compile(r"%%\s*(begin|end)(\w+)")
_DIRECTIVE = re.compile(r"\s*(?:I:|%%)\s*(?P<name>[\w-]+)\s+(?P<value>\S+)")
_SHIFT = re.compile(r"\b(?P<kind>octave|transpose)=(?P<number>-?\d{1,3})(?!\d)")
_CLEF_OCTAVE = re.compile(
    r"\b(?:treble|bass|tenor|alto|baritone|mezzosoprano|soprano|[GCF])[1-5]?(?P<sign>[+-])8\b"
)

Reach = Literal["pitch", "octave", "not"]
"""How far an accidental holds in its bar: on its letter in all octaves, in its own, or on its note."""


def music_of(lines: Iterable[Line]) -> Iterator[Line]:
    """Lines without blocks such as `%%begintext` to `%%endtext`; one that is never closed is none."""
    waiting: list[Line] = []
    block: str | None = None
    for line in lines:
        mark = _BLOCK.match(line.text)
        if block is None and mark is not None and mark[1] == "begin":
            block = mark[2]
        if block is None:
            yield line
            continue
        waiting.append(line)
        if mark is not None and mark[1] == "end" and mark[2] == block:
            waiting, block = [], None
    yield from waiting


def macros_of(lines: Iterable[Line]) -> list[Macro]:
    """The macros that these lines define."""
    fields = [field_of(line.text) for line in lines if line.text.startswith("m:")]
    return [macro for field in fields if (macro := parse_macro(field.value)) is not None]


def bang_breaks(lines: Iterable[Line]) -> bool:
    """Whether `!` is a line break and no decoration (`I:linebreak`, ABC 2.1, section 6.1.1)."""
    return any("!" in value for value in _directives(lines, "linebreak"))


def reach_of(lines: Iterable[Line]) -> Reach:
    """How far accidentals hold (`%%propagate-accidentals`, ABC 2.1, section 11.3)."""
    reach: Reach = "pitch"
    for value in _directives(lines, "propagate-accidentals"):
        reach = "octave" if value == "octave" else "not" if value == "not" else "pitch"
    return reach


def _directives(lines: Iterable[Line], name: str) -> Iterator[str]:
    for line in lines:
        if line.text.lstrip()[:2] in ("I:", "%%"):
            match = _DIRECTIVE.match(line.text)
            if match is not None and match["name"] == name:
                yield match["value"]


def shift_of(value: str) -> int | None:
    """Semitones that a `K:` or `V:` sounds above what is written; None where it does not say.

    `octave=-1`, `transpose=2` and clefs such as `treble-8` (ABC 2.1, section 4.6).
    """
    parts = [
        int(match["number"]) * (12 if match["kind"] == "octave" else 1) for match in _SHIFT.finditer(value)
    ]
    parts += [12 if match["sign"] == "+" else -12 for match in _CLEF_OCTAVE.finditer(value)]
    return sum(parts) if parts else None


def misunderstood(lines: Iterable[Line]) -> Iterator[str]:
    """What is said of fields for meter, unit and key that cannot be read."""
    for line in lines:
        if not is_field(line.text) or line.text.lstrip()[0] not in "KLM":
            continue
        field = field_of(line.text)
        letter, value = field.letter, field.value
        if letter == "K" and not is_key(value):
            yield f"'K:{value}' is no key: it is read without sharps and flats"
        elif letter == "L" and parse_unit(value) is None:
            yield f"'L:{value}' is no note length: it is passed over"
        elif letter == "M" and value.lower() not in ("none", "") and parse_meter(value) is None:
            yield f"'M:{value}' is no meter: its measures are passed over"


def name_and_rest(value: str) -> tuple[str, str]:
    """A voice's name, and what else stands in its `V:` field."""
    name, *rest = value.split(maxsplit=1) or [""]
    return name, "".join(rest)


def voice_shifts(lines: Iterable[Line]) -> dict[str, int]:
    """Semitones by voice, as the header's `V:` fields have it."""
    found = {}
    for line in lines:
        if is_field(line.text) and line.text.lstrip()[0] == "V":
            name, rest = name_and_rest(field_of(line.text).value)
            shift = shift_of(rest)
            if shift is not None:
                found[name] = shift
    return found


def usual_unit(meter: Meter | None) -> Fraction:
    """The unit note where no `L:` gives it: a sixteenth below 3/4, else an eighth (section 3.1.7)."""
    return Fraction(1, 4) if meter is not None and meter.length < 3 else Fraction(1, 2)
