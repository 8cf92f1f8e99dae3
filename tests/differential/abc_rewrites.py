"""A tune's text as a plain list of signs, and ways to write it otherwise with the same meaning.

Nothing here is shared with the package's reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

LENGTH = r"\d*/*\d*"
PITCH = r"(?:\^\^|\^|__|_|=)?[A-Ga-g][,']*"
_SIGN = re.compile(
    rf"""
      (?P<field>(?<![^\n])[ ]*[A-Za-z]:(?![|:\]])[^\n]*)
    | (?P<comment>%[^\n]*)
    | (?P<quoted>"[^"\n]*")
    | (?P<inline>\[[A-Za-z]:[^\]\n]*\])
    | (?P<grace>\{{[^}}\n]*\}})
    | (?P<chord>\[(?:{PITCH}{LENGTH}-?|[^\w\s|:\]])+\]{LENGTH})
    | (?P<plus>\+(?:{PITCH}{LENGTH})+\+{LENGTH})
    | (?P<word>![^!\s|]*!)
    | (?P<ending>\[\d[\d,.-]*)
    | (?P<bar>[:|\[\]]*[:|][:|\]]*(?:\d[\d,.-]*)?)
    | (?P<tuplet>\(\d(?::\d*)*)
    | (?P<note>{PITCH}{LENGTH})
    | (?P<rest>[zxZ]{LENGTH})
    | (?P<broken><+|>+)
    | (?P<letter>[H-Yh-w~.])
    | (?P<other>.|\n)
    """,
    re.VERBOSE,
)
_SOUNDS = ("note", "rest", "chord", "plus")
_WITHLENGTH = re.compile(rf"(.*?)({LENGTH})\Z", re.DOTALL)


class Sign(NamedTuple):
    """A piece of a tune's text; `kind` is a group of the expression above, or `head`."""

    kind: str
    text: str


Change = Callable[[list[Sign]], list[Sign]]


def signs_of(text: str) -> list[Sign]:
    """A tune's text cut into signs; up to the first `K:` it is one."""
    head = re.search(r"(?m)^K:.*\n?", text)
    start = head.end() if head else len(text)
    found = (Sign(match.lastgroup or "", match[0]) for match in _SIGN.finditer(text, start))
    return [Sign("head", text[:start]), *found]


def without(*kinds: str, matching: str = "") -> Change:
    """Take away signs of these kinds whose text has something of an expression."""
    return lambda signs: [s for s in signs if s.kind not in kinds or not re.search(matching, s.text)]


def instead(kind: str, pattern: str, by: str) -> Change:
    """Write something else within signs of a kind."""
    return lambda signs: [Sign(s.kind, re.sub(pattern, by, s.text)) if s.kind == kind else s for s in signs]


def _times(sound: str, by: Fraction) -> str:
    """A sound's text with its length multiplied, as a whole number or a plain fraction."""
    match = _WITHLENGTH.match(sound)
    assert match is not None
    over, _, under = match[2].partition("/")
    slashes = match[2].count("/")
    below = int(under.strip("/") or 2**slashes) if slashes else 1
    value = Fraction(int(over or 1), below) * by
    if value == 1:
        return match[1]
    return match[1] + (str(value.numerator) if value.denominator == 1 else f"{value}")


def broken_as_lengths(signs: list[Sign]) -> list[Sign]:
    """`a>b` as `a3/2b/2` wherever something stands between a note and the sign.

    The factors of a note between two signs multiply.
    """
    texts = [sign.text for sign in signs]
    sounds = [index for index, sign in enumerate(signs) if sign.kind in _SOUNDS]
    for index, sign in enumerate(signs):
        if sign.kind != "broken":
            continue
        before = max((i for i in sounds if i < index), default=None)
        after = min((i for i in sounds if i > index), default=None)
        if before is None or after is None:
            continue
        between = "".join(texts[before + 1 : index] + texts[index + 1 : after])
        if not between.strip(" \t") and not _is_chained(signs, before, after):
            continue
        small = Fraction(1, 2 ** len(sign.text))
        left, right = (2 - small, small) if sign.text[0] == ">" else (small, 2 - small)
        texts[before], texts[after] = _times(texts[before], left), _times(texts[after], right)
        texts[index] = ""
    return [Sign(sign.kind, text) for sign, text in zip(signs, texts, strict=True)]


def _is_chained(signs: list[Sign], before: int, after: int) -> bool:
    """Whether a sign of broken rhythm stands on the other side of one of its notes, too."""
    outside = [*signs[:before][::-1][:1], *signs[after + 1 : after + 2]]
    return any(sign.kind == "broken" for sign in outside)


def one_voice(signs: list[Sign]) -> list[Sign]:
    """The music of the first voice that has some; the fields `V:` go."""
    voice, first = "", None
    kept = []
    for sign in signs:
        if sign.kind in ("field", "inline") and sign.text.strip(" [")[:2] == "V:":
            voice = sign.text.strip(" []")[2:].split()[0]
            continue
        if sign.kind in _SOUNDS and first is None:
            first = voice
        if first in (None, voice) or sign.text == "\n":
            kept.append(sign)
    return _without_empty_lines(kept)


def _without_empty_lines(signs: list[Sign]) -> list[Sign]:
    body = "".join(sign.text for sign in signs[1:])
    return [signs[0], Sign("body", re.sub(r"\n\s*\n", "\n", "\n" + body)[1:])]


def inline_on_lines(signs: list[Sign]) -> list[Sign]:
    """Fields in brackets on lines of their own; no empty line comes of it."""
    kept: list[Sign] = []
    for sign in signs:
        if sign.kind == "inline":
            start = "" if kept[-1].text.endswith("\n") else "\n"
            kept.append(Sign("field", f"{start}{sign.text[1:-1]}\n"))
        elif sign.text != "\n" or not (kept[-1].kind == "field" and kept[-1].text.endswith("\n")):
            kept.append(sign)
    return kept


def dots_behind_fields(signs: list[Sign]) -> list[Sign]:
    """A staccato dot on a note that stands right behind a field's line."""
    kept: list[Sign] = []
    after_field = False
    for sign in signs:
        if after_field and sign.kind in (*_SOUNDS, "quoted") and sign.text != "x":
            kept.append(Sign("letter", "."))
        after_field = sign.kind == "field" or (after_field and not sign.text.strip())
        kept.append(sign)
    return kept


def fields_alone(signs: list[Sign]) -> list[Sign]:
    """A header without lines that are no fields."""
    lines = signs[0].text.splitlines(keepends=True)
    kept = [line for line in lines if re.match(r"[A-Za-z]:|%", line)]
    return [Sign("head", "".join(kept)), *signs[1:]]


def without_places(signs: list[Sign]) -> list[Sign]:
    """Take away an `x` right behind a sign or a text: it is a place for it."""
    before = [Sign("head", ""), *signs]
    return [
        sign
        for last, sign in zip(before, signs, strict=False)
        if sign.text != "x" or last.kind not in ("quoted", "letter", "word")
    ]


def without_lone_accidentals(signs: list[Sign]) -> list[Sign]:
    """Take away `=` and its like where no note follows, with digits behind them."""
    kept: list[Sign] = []
    lone = False
    for sign in signs:
        lone = sign.kind == "other" and (sign.text in "^_=" or (lone and sign.text.isdigit()))
        if not lone:
            kept.append(sign)
    return kept


def without_lone_broken(signs: list[Sign]) -> list[Sign]:
    """Take away `>` and `<` behind which no note follows in the tune."""
    last = max((index for index, sign in enumerate(signs) if sign.kind in _SOUNDS), default=0)
    return [sign for index, sign in enumerate(signs) if sign.kind != "broken" or index < last]


def decoded(signs: list[Sign]) -> list[Sign]:
    """Quoted-printable text of electronic mail as what it stands for."""
    text = "".join(sign.text for sign in signs[1:])
    text = re.sub(r"=([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), re.sub(r"=\n", "", text))
    return [signs[0], Sign("body", text)]


def chords_untied(signs: list[Sign]) -> list[Sign]:
    """Take away the ties in and behind chords."""
    kept: list[Sign] = []
    for sign in signs:
        if sign.kind == "chord":
            kept.append(Sign("chord", sign.text.replace("-", "")))
        elif sign.text != "-" or not kept or kept[-1].kind != "chord":
            kept.append(sign)
    return kept


def endings_behind_lines(signs: list[Sign]) -> list[Sign]:
    """Take away the numbers of endings that begin within a bar."""
    kept: list[Sign] = []
    for sign in signs:
        before = (s for s in reversed(kept) if s.text.strip() and s.kind not in ("field", "comment"))
        last = next(before, sign)
        if sign.kind != "ending" or last.kind == "bar":
            kept.append(sign)
    return kept


def signs_written_out(signs: list[Sign]) -> list[Sign]:
    """Write the accidental before every note on which it still holds."""
    held: dict[str, str] = {}

    def write(match: re.Match[str]) -> str:
        mark, rest = match[1], match[2]
        if mark:
            held[rest[0].upper()] = mark
        return held.get(rest[0].upper(), "") + rest

    written = []
    for sign in signs:
        if sign.kind == "bar":
            held.clear()
        text = sign.text
        if sign.kind in ("note", "chord", "plus", "grace"):
            text = re.sub(r"(\^\^|\^|__|_|=|)([A-Ga-g])", write, text)
        written.append(Sign(sign.kind, text))
    return written


def graces_before_tuplets(signs: list[Sign]) -> Iterator[Sign]:
    """Grace notes within a tuplet put before it."""
    waiting: list[Sign] = []
    left = 0
    for sign in signs:
        if sign.kind == "tuplet":
            left = int(sign.text[1])
        if left:
            waiting.append(sign)
        if sign.kind in _SOUNDS and left:
            left -= 1
        if not left:
            yield from (s for s in waiting if s.kind == "grace")
            yield from (s for s in waiting if s.kind != "grace")
            if not waiting:
                yield sign
            waiting = []
    yield from waiting


def with_fractions(signs: list[Sign]) -> list[Sign]:
    """Lengths such as `3//` written as `3/4`."""
    halved = re.compile(r"\d//")
    return [
        Sign(s.kind, _times(s.text, Fraction(1))) if s.kind in _SOUNDS and halved.search(s.text) else s
        for s in signs
    ]
