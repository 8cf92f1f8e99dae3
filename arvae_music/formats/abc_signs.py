"""ABC's bar lines, tempos and decorations as text (ABC 2.1, sections 3.1.8, 4.8 and 4.14)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from arvae_music.formats.abc_lexing import whole
from arvae_music.formats.sheet import BarSigns, Line, Tempo

_ENDING = re.compile(r"\[?\s*(\d[\d,.\-]*)$")
_RATE = re.compile(r"((?:\d{1,6}/0*[1-9]\d{0,5}\s*)+)=\s*(\d{1,6}(?:\.\d{1,6})?)(?!\d)")
_PLAIN_RATE = re.compile(r"(?:C(?P<units>\d{0,6})\s*=\s*)?(?P<rate>\d{1,6}(?:\.\d{1,6})?)$")
_WORDS = re.compile(r'"([^"]*)"')

_SHORT = {
    ".": "staccato", "~": "roll", "H": "fermata", "L": "accent", "M": "lowermordent", "O": "coda",
    "P": "uppermordent", "S": "segno", "T": "trill", "u": "upbow", "v": "downbow",
}  # fmt: skip
_OTHER_NAMES = {
    ">": "accent", "emphasis": "accent", "mordent": "lowermordent", "pralltriller": "uppermordent",
    "plus": "+", "D.C": "D.C.", "D.S": "D.S.", "dacapo": "D.C.", "dacoda": "D.C.",
}  # fmt: skip
_IN_ANY_CASE = frozenset(("segno", "coda", "fine", "fermata", "trill"))
_LETTERS = {name: letter for letter, name in _SHORT.items()}


@dataclass(frozen=True, slots=True)
class BarLineSigns:
    """What a bar line, or several in a row, say of the bar before and of the bar behind."""

    closes: int = 0
    line: Line = Line.SINGLE
    opens: bool = False
    endings: tuple[int, ...] = ()


def parse_bar_line(text: str) -> BarLineSigns:
    """Read a bar line with the number of the ending behind it: `:|2`, `|[1,3`, `::`, `|]`."""
    ending = _ENDING.search(text)
    numbers = ending_numbers(ending[1]) if ending is not None else ()
    line = (text[: ending.start()] if ending is not None else text).strip()
    if set(line) == {":"}:
        return BarLineSigns(2, Line.SINGLE, opens=True, endings=numbers)
    first, last = line.find("|"), line.rfind("|")
    before, behind = line[:first].count(":"), line[last:].count(":")
    drawn = line.replace(":", "")
    style = Line.FINAL if "|]" in drawn else Line.DOUBLE if drawn in ("||", "[|") else Line.SINGLE
    if before or drawn == "[|]":  # a repeat's end has a line of its own; the other one is not drawn
        style = Line.SINGLE
    return BarLineSigns(before + 1 if before else 0, style, opens=behind > 0, endings=numbers)


def ending_numbers(text: str) -> tuple[int, ...]:
    """The numbers of `1,3` or `1-3`."""
    found: list[int] = []
    for word in re.split(r"[,.]", text):
        first, _, last = word.partition("-")
        if first.isdecimal():
            start = whole(first)
            until = whole(last) if last.isdecimal() else start
            found += range(start, min(until, start + 20) + 1)
    return tuple(dict.fromkeys(found))


def bar_line_text(before: BarSigns, behind: BarSigns | None, *, breaks: bool, stops: bool) -> tuple[str, str]:
    """A bar line at the end of its line of text, and what the next bar's text begins with.

    Args:
        before: the bar's that ends.
        behind: the next one's, or None at the tune's end.
        breaks: whether a line of text ends there.
        stops: whether an ending ends there that only a thicker line can end.
    """
    line = max(before.line, Line.DOUBLE if stops else Line.SINGLE)
    if before.closes:
        text = ":" * (before.closes - 1) + "|"
    else:
        text = {Line.SINGLE: "|", Line.DOUBLE: "||", Line.FINAL: "|]"}[line]
    if behind is None:
        return text, ""
    opening = ""
    if behind.opens:
        if breaks:
            opening = "|:"
        elif before.closes:
            text = "::" if before.closes == 2 else text + ":"
        else:
            text = "|]|:" if text == "|]" else text + ":"
    if behind.endings:
        numbers = ",".join(map(str, behind.endings))
        glued = not breaks and not behind.opens
        return (f"{text}{numbers} ", "") if glued else (text, f"{opening}[{numbers} ")
    return text, opening


def parse_tempo(text: str, time: Fraction, unit: Fraction) -> Tempo | None:
    """Read what follows `Q:`; `unit` is the unit note in quarter notes, which old files count."""
    words = " ".join(_WORDS.findall(text)).strip()
    rest = _WORDS.sub(" ", text).strip()
    if match := _RATE.search(rest):
        beat = sum((4 * Fraction(word) for word in match[1].split()), Fraction(0))
        rate = Fraction(match[2])
        return Tempo(time, beat, rate, words) if beat and rate else None
    if match := _PLAIN_RATE.match(rest):
        rate = Fraction(match["rate"])
        return Tempo(time, unit * int(match["units"] or 1), rate, words) if rate else None
    return Tempo(time, Fraction(1), None, words) if words else None


def tempo_text(tempo: Tempo) -> str:
    """What follows `Q:`."""
    words = '"' + tempo.words.replace('"', "'") + '"' if tempo.words else ""
    if tempo.rate is None:
        return words
    beat = tempo.beat / 4
    rate = tempo.rate if tempo.rate.denominator == 1 else f"{float(tempo.rate):.2f}".rstrip("0").rstrip(".")
    return f"{words} {beat.numerator}/{beat.denominator}={rate}".strip()


def decoration_name(sign: str) -> str:
    """The name of `T`, `!trill!` or `+trill+`; of a letter that has no meaning, the letter."""
    if len(sign) == 1:
        return _SHORT.get(sign, sign)
    name = sign[1:-1]
    name = name.lower() if name.lower() in _IN_ANY_CASE else name
    return _OTHER_NAMES.get(name, name)


def decoration_sign(name: str) -> str:
    """How ABC writes a decoration; `H` for a fermata makes some readers (music21) lose its note."""
    if name == "fermata":
        return "!fermata!"
    return _LETTERS.get(name, f"!{name}!")
