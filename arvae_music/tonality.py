"""Keys: a tonic, a mode, and the pitch classes of their scale."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from arvae_music.errors import UsageError

MODES: dict[str, int] = {
    "major": 0, "minor": -3, "dorian": -2, "mixolydian": -1, "lydian": 1, "phrygian": -4, "locrian": -5,
}  # fmt: skip
"""Modes, the commonest first, with the sharps that each has more than the major key of its tonic."""

_FIFTHS = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
_WRITTEN = {"major": "", "minor": "m"}
_BY_WORD = {"": "major", "m": "minor", "ion": "major", "aeo": "minor", **{mode[:3]: mode for mode in MODES}}
_KEY = re.compile(r"(?P<letter>[A-Ga-g])(?P<sign>[#b]?)\s*(?P<mode>[A-Za-z]*)")
_MOST_SIGNS = 7


@dataclass(frozen=True)
class Tonality:
    """A key.

    Attributes:
        letter: the tonic's letter.
        sign: `#`, `b` or nothing.
        mode: one of `MODES`.
    """

    letter: str
    sign: str
    mode: str

    def __str__(self) -> str:
        """The key as ABC writes it: `D`, `Em`, `Edor`."""
        return f"{self.letter}{self.sign}{_WRITTEN.get(self.mode, self.mode[:3])}"

    @property
    def fifths(self) -> int:
        """Sharps of the signature; negative for flats."""
        return _FIFTHS[self.letter] + {"#": 7, "b": -7, "": 0}[self.sign] + MODES[self.mode]

    @property
    def tonic(self) -> int:
        """Pitch class of the tonic, 0 for C."""
        return 7 * (self.fifths - MODES[self.mode]) % 12

    @cached_property
    def scale(self) -> tuple[int, ...]:
        """The seven pitch classes from the tonic up."""
        classes = {7 * (self.fifths + place) % 12 for place in range(-1, 6)}
        return tuple(sorted(classes, key=lambda pitch: (pitch - self.tonic) % 12))

    @property
    def triad(self) -> tuple[int, int, int]:
        """Pitch classes of the tonic, the third and the fifth."""
        return self.scale[0], self.scale[2], self.scale[4]


def parse_tonality(text: str) -> Tonality:
    """Read `D`, `Em`, `Edor`, `A mixolydian` or `Bb`.

    Raises:
        UsageError: it is no key.
    """
    match = _KEY.fullmatch(text.strip())
    word = match["mode"] if match else "none"
    mode = _BY_WORD.get(word if word == "m" else word.lower()[:3])
    if match is None or mode is None or word == "M":
        raise UsageError(f"'{text}' is not a key: write it as D, Em, Edor, Amix or Bb")
    found = Tonality(match["letter"].upper(), match["sign"], mode)
    if abs(found.fifths) > _MOST_SIGNS:
        signs = f"{abs(found.fifths)} {'sharps' if found.fifths > 0 else 'flats'}"
        raise UsageError(f"{found} has {signs}: write the same key with seven or fewer")
    return found


def tonality_of(tonic: int, mode: str) -> Tonality:
    """The key on a pitch class, spelled with the fewest accidentals; of equals, with sharps."""
    names = [Tonality(letter, sign, mode) for letter in _FIFTHS for sign in ("", "#", "b")]
    fitting = [name for name in names if name.tonic == tonic % 12]
    return min(fitting, key=lambda name: (abs(name.fifths), -name.fifths))
