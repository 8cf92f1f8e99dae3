"""What a file holds beside a melody, in words that the formats share."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from arvae_music.formats.abc_key import parse_key
from arvae_music.melody import Melody


class Content(Enum):
    """A kind of thing that some formats hold and others do not."""

    PARTS = auto()
    LOWER_NOTES = auto()
    CHORD_SYMBOLS = auto()
    LYRICS = auto()
    REPEATS = auto()
    KEY_CHANGES = auto()
    MODE = auto()
    SPELLING = auto()
    GRACE_NOTES = auto()
    SIGNS = auto()
    SLURS = auto()
    TEXTS = auto()
    FIELDS = auto()
    TEMPO = auto()
    VELOCITIES = auto()
    TIMING = auto()
    SOUND = auto()
    LAYOUT = auto()


Contents = Mapping[Content, str]
"""What of each kind a file holds, in words: `12 chord symbols`. What it does not hold is not there."""


def counted(counts: Mapping[Content, tuple[int, str]]) -> dict[Content, str]:
    """Contents from how many there are of each and the word for one; none is left out."""
    return {
        kind: f"{count} {one if count == 1 else _plural(one)}"
        for kind, (count, one) in counts.items()
        if count
    }


def _plural(one: str) -> str:
    """`change of key` becomes `changes of key`, `chord symbol` becomes `chord symbols`."""
    head, of, tail = one.partition(" of ")
    return f"{head}s{of}{tail}"


def notated(melody: Melody) -> dict[Content, str]:
    """What written notes say beyond their pitches: the mode of their key, and their names."""
    found = {}
    key = parse_key(melody.key or "C")
    if melody.key is not None and (key.name or "").lstrip("ABCDEFG").lstrip("#b") not in ("", "m"):
        found[Content.MODE] = f"the mode of {melody.key}"
    scale = {(natural + key.steps.get(step, 0)) % 12 for step, natural in _NATURALS.items()}
    outside = sum(note.pitch % 12 not in scale for note in melody.notes)
    return found | counted({Content.SPELLING: (outside, "spelling of notes outside the key")})


_NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
