"""How ABC writes a pitch: letters, octave marks, and accidentals by what is in force."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from arvae_music.formats.abc_key import ALTERATION

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
"""Semitones above C of the letters."""

PITCH = re.compile(r"(?P<sign>[\^_=]*)(?P<letter>[A-Ga-g])(?P<octave>[,']*)")
_SIGNS = {alteration: sign for sign, alteration in ALTERATION.items()}
_FIFTHS = "FCGDAEB"
_FIFTHS_BELOW, _FIFTHS_ABOVE = -3, 8  # of the signature: in C major Eb, Bb and F#, C#, G#


class Name(NamedTuple):
    """A letter with octave marks, as `f'`, and its alteration in semitones."""

    text: str
    alteration: int

    @property
    def step(self) -> str:
        """The letter alone, in upper case."""
        return self.text[0].upper()


class Written(NamedTuple):
    """A note's letter with octave marks, and the alteration that its sign gives, if it has one."""

    text: str
    sign: int | None

    @property
    def step(self) -> str:
        """The letter alone, in upper case."""
        return self.text[0].upper()


def written(text: str) -> Written:
    """Take a written note such as `^f'` apart."""
    match = PITCH.fullmatch(text)
    if match is None:  # the scanner gives nothing else
        raise ValueError(text)
    return Written(match["letter"] + match["octave"], ALTERATION[match["sign"]] if match["sign"] else None)


def natural(text: str) -> int:
    """MIDI pitch of a letter with octave marks, without any accidental."""
    octaves = text[0].islower() + text.count("'") - text.count(",")
    return 60 + STEPS[text[0].upper()] + 12 * octaves


def named(step: str, alteration: int, pitch: int) -> Name:
    """The name of a pitch on a letter that it is on."""
    octave = (pitch - alteration - 60) // 12
    if octave >= 1:
        return Name(step.lower() + "'" * (octave - 1), alteration)
    return Name(step + "," * -octave, alteration)


def spelled(pitch: int, signature: Mapping[str, int], usual: Mapping[int, tuple[str, int]]) -> Name:
    """The name of a new note.

    As the key has it; else as the tune writes it elsewhere; else as near the key as can be on the
    line of fifths.

    Args:
        pitch: MIDI.
        signature: alterations by letter.
        usual: letter and alteration by pitch class, as the tune has it.
    """
    for step, base in STEPS.items():
        alteration = signature.get(step, 0)
        if (base + alteration - pitch) % 12 == 0:
            return named(step, alteration, pitch)
    if pitch % 12 in usual:
        return named(*usual[pitch % 12], pitch)
    fifths = sum(signature.values())
    for place in range(fifths + _FIFTHS_BELOW, fifths + _FIFTHS_ABOVE + 1):
        step, alteration = _FIFTHS[(place + 1) % 7], (place + 1) // 7
        if (STEPS[step] + alteration - pitch) % 12 == 0 and abs(alteration) <= 2:
            return named(step, alteration, pitch)
    return _plain(pitch)


def _plain(pitch: int) -> Name:
    for step, base in STEPS.items():
        for alteration in (0, 1):
            if (base + alteration - pitch) % 12 == 0:
                return named(step, alteration, pitch)
    raise AssertionError(pitch)


def usual_names(notes: list[tuple[str, int]]) -> dict[int, tuple[str, int]]:
    """Letter and alteration that a tune uses most for each pitch class.

    Args:
        notes: letters with octave marks, and MIDI pitches.
    """
    counts = Counter((pitch % 12, text[0].upper(), pitch - natural(text)) for text, pitch in notes)
    found: dict[int, tuple[str, int]] = {}
    for (pitch_class, step, alteration), _ in counts.most_common():
        found.setdefault(pitch_class, (step, alteration))
    return found


@dataclass
class Accidentals:
    """What is in force in a bar, as two schools of readers have it.

    An accidental holds to the bar's end in every octave, or in its own only: a sign is written
    wherever one of them needs it. After a grace note's accidental and after a tied note that keeps
    one from the bar before, readers differ, too.
    """

    signature: dict[str, int]
    wide: dict[str, int] = field(default_factory=dict)
    narrow: dict[str, int] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)

    def write(self, name: Name, *, always: bool = False) -> str:
        """The note with the sign that it needs, or `always` with one."""
        usual = self.signature.get(name.step, 0)
        wide = self.wide.get(name.step, usual)
        narrow = self.narrow.get(name.text, usual)
        held = wide == narrow == name.alteration and name.step not in self.unsure
        if held and not always:
            return name.text
        self.wide[name.step] = self.narrow[name.text] = name.alteration
        self.unsure.discard(name.step)
        return _SIGNS[name.alteration] + name.text

    def keep_tied(self, name: Name) -> str:
        """A note that is tied into the bar, as it is written without a sign."""
        if name.alteration != self.signature.get(name.step, 0):
            self.unsure.add(name.step)
        return name.text

    def write_grace(self, name: Name, *, always: bool) -> str:
        """A grace note with the sign that it needs."""
        text = self.write(name, always=always)
        if text != name.text:
            self.unsure.add(name.step)
        return text
