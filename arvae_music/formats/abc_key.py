"""The keys of ABC notation: `K:` fields and the accidentals that they set (ABC 2.1, section 3.1.14)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_FIFTHS = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
_SHARP_ORDER = "FCGDAEB"
_MODES = {
    "": 0, "maj": 0, "ion": 0, "lyd": 1, "mix": -1, "dor": -2, "m": -3, "min": -3, "aeo": -3,
    "phr": -4, "loc": -5,
}  # fmt: skip
_WRITTEN = {"maj": "", "ion": "", "min": "m", "aeo": "m"}
_KEY = re.compile(r"(?P<tonic>[A-Ga-g])(?P<sign>\s*(?:flat|sharp)\b|[#b]?)\s*(?P<mode>[A-Za-z]*)")
_CLEF = re.compile(
    r"(?:(?:clef|middle|octave|transpose|shift|sound|score|stafflines|staffscale|cue|m|t)=|"
    r"(?:treble|bass3?|tenor|alto|baritone|mezzosoprano|mezzo|soprano|perc|auto)[1-5]?(?:[+-]8)?(?:\s|\Z))",
    re.IGNORECASE,
)
_EXTRA = re.compile(r"(?<![\w=])(?P<sign>\^\^|\^|__|_|=)(?P<step>[A-Ga-g])(?![\w=])")
ALTERATION = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
"""Semitones of an accidental sign."""


@dataclass(frozen=True)
class Key:
    """A key signature.

    `name` is the key as ABC writes it (`D`, `Edor`, `Am`), or None where the signature has no
    tonic; `steps` gives the alteration in semitones by letter (`F`: 1), naturals left out.
    """

    name: str | None = None
    steps: dict[str, int] = field(default_factory=dict)


def parse_key(text: str, before: Key | None = None) -> Key:
    """Read what follows `K:`. Clefs and what is not understood are passed over.

    `before` is the key so far, which goes on where the field speaks of a clef alone.
    """
    words = text.strip()
    if _CLEF.match(words):
        return before or Key()
    if words.startswith(("HP", "Hp")):
        return Key(None, {} if words.startswith("HP") else {"F": 1, "C": 1})
    match = _KEY.match(words)
    if match is None:
        return Key(None, _with_extra({}, words))
    mode = match["mode"].lower()[:3]
    if mode not in _MODES:  # a clef or another word, not a mode
        mode = ""
    tonic = match["tonic"].upper() + {"flat": "b", "sharp": "#"}.get(match["sign"].strip(), match["sign"])
    fifths = fifths_of(tonic) + _MODES[mode]
    name = tonic + _WRITTEN.get(mode, mode)
    steps = {} if re.search(r"\bexp\b", words) else signature(fifths)
    return Key(name, _with_extra(steps, words[match.end() :]))


def is_key(text: str) -> bool:
    """Whether what follows `K:` is a key or a clef, or says that there is none."""
    words = text.strip()
    plain = not words or words.lower().startswith(("none", "hp")) or _CLEF.match(words) is not None
    return plain or _KEY.match(words) is not None or _EXTRA.match(words) is not None


def fifths_of(tonic: str) -> int:
    """Sharps of the major key of a tonic such as `F#` or `Bb`; negative for flats."""
    return _FIFTHS[tonic[0]] + {"#": 7, "b": -7, "": 0}[tonic[1:]]


def signature(fifths: int) -> dict[str, int]:
    """Alterations by letter of a signature with so many sharps, or flats where it is negative."""
    steps: dict[str, int] = {}
    order = _SHARP_ORDER if fifths > 0 else _SHARP_ORDER[::-1]
    for count in range(abs(fifths)):
        step = order[count % 7]
        steps[step] = steps.get(step, 0) + (1 if fifths > 0 else -1)
    return steps


def name_of_fifths(fifths: int, mode: str | None) -> str | None:
    """The ABC name of the key with so many sharps in a mode (`major`, `dorian`); None is major."""
    short = (mode or "major").lower()[:3]
    place = fifths - _MODES.get(short, 0)
    if not -8 <= place <= 12:
        return None
    letter = "FCGDAEB"[(place + 1) % 7]
    sign = (place + 1) // 7
    return letter + {-1: "b", 0: "", 1: "#"}[sign] + _WRITTEN.get(short, short)


def _with_extra(steps: dict[str, int], words: str) -> dict[str, int]:
    """The signature with explicit accidentals such as `^f` or `=c` put in."""
    extra = {m["step"].upper(): ALTERATION[m["sign"]] for m in _EXTRA.finditer(words)}
    return {step: by for step, by in {**steps, **extra}.items() if by}
