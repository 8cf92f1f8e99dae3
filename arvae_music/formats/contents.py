"""What a file holds beside a melody, in words that the formats share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum

from arvae_music.formats.abc_key import Key
from arvae_music.formats.sheet import Sheet
from arvae_music.formats.sheet_fit import key_at
from arvae_music.melody import Melody


class Content(Enum):
    """A kind of thing that some formats hold and others do not; the value is the word for one of it."""

    PARTS = "other part"
    LOWER_NOTES = "lower note"
    REPEATS = "sign of repeats or endings"
    CHORD_SYMBOLS = "chord symbol"
    TEXTS = "text"
    TEMPO = "mark of tempo"
    KEY_CHANGES = "change of key"
    MODE = "the mode of the key"
    SPELLING = "spelling of notes outside the key"
    LYRICS = "syllable of lyrics"
    GRACE_NOTES = "group of grace notes"
    SIGNS = "decoration"
    SLURS = "slur"
    CREDITS = "line about the tune"
    TIMING = "the notes' played timing"
    VELOCITIES = "the notes' velocities"
    SOUND = "programs, controllers and the like"
    LAYOUT = "layout and comments"


_PLURALS = {
    Content.REPEATS: "signs of repeats or endings",
    Content.TEMPO: "marks of tempo",
    Content.KEY_CHANGES: "changes of key",
    Content.SPELLING: "spellings of notes outside the key",
    Content.LYRICS: "syllables of lyrics",
    Content.GRACE_NOTES: "groups of grace notes",
    Content.CREDITS: "lines about the tune",
}
_UNCOUNTED = frozenset({Content.MODE, Content.TIMING, Content.VELOCITIES, Content.SOUND, Content.LAYOUT})

Contents = Mapping[Content, int]
"""How much of each kind there is. What there is none of may be left out."""


def in_words(contents: Contents) -> Iterator[str]:
    """Each kind that there is something of: `12 chord symbols`."""
    for kind in Content:
        count = contents.get(kind, 0)
        if count and kind in _UNCOUNTED:
            yield kind.value
        elif count:
            yield f"{count} {kind.value if count == 1 else _PLURALS.get(kind, kind.value + 's')}"


def contents_of(sheet: Sheet) -> dict[Content, int]:
    """What a sheet holds."""
    return {
        Content.REPEATS: sum(bar.opens + bool(bar.closes) + bool(bar.endings) for bar in sheet.bars),
        Content.CHORD_SYMBOLS: len(sheet.chords),
        Content.TEXTS: len(sheet.texts),
        Content.TEMPO: len(sheet.tempos),
        Content.KEY_CHANGES: max(len(sheet.keys) - 1, 0),
        Content.MODE: sum(_is_modal(change.key.name) for change in sheet.keys),
        Content.LYRICS: len(sheet.syllables),
        Content.GRACE_NOTES: len(sheet.graces),
        Content.SIGNS: len(sheet.decorations),
        Content.SLURS: len(sheet.slurs),
        Content.CREDITS: len(sheet.credits),
    }


def _is_modal(name: str | None) -> bool:
    return (name or "").lstrip("ABCDEFG").lstrip("#b") not in ("", "m")


def outside_key(melody: Melody, sheet: Sheet) -> int:
    """Notes that are not of the key in force: only written notes say by which name."""
    return sum(
        note.pitch % 12 not in _scale(key_at(sheet, melody, note.onset) or Key()) for note in melody.notes
    )


def _scale(key: Key) -> set[int]:
    return {(natural + key.steps.get(step, 0)) % 12 for step, natural in _NATURALS.items()}


_NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
