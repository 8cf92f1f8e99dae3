r"""Lyrics (`w:`) under bars whose number of notes changes: every other syllable stays under its note.

A note that is new holds the syllable before it (`_`, or `-` within a word), or has none (`*`). The
syllables of notes that are gone are sung on the note before them (`two~words`, `syl\-la\-bles`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from arvae_music.formats.abc_events import Line, Sound, is_field
from arvae_music.formats.abc_places import BarPlace

_TOKEN = re.compile(r"\||\*|_|-|(?:\\.|[^\s\-_*|\\])+-?")
_HOLDS = frozenset("_-")
WORDLESS = frozenset("_-*")
"""What may stand for a note in a verse, and is no word."""

_SungBar = Sequence[tuple[Fraction, "re.Match[str] | None"]]
"""Onset of each note of a bar, and what is sung on it."""


@dataclass(frozen=True, slots=True)
class Change:
    """A part of the file's text, and what stands there instead."""

    start: int
    end: int
    text: str


@dataclass
class SungLine:
    """A line of music, and the lines of lyrics that belong to it."""

    music: Line
    verses: list[Line] = field(default_factory=list)
    odd: bool = False  # it has lines that are not understood here: symbols, continued lyrics

    @property
    def end(self) -> int:
        """Where the line of music ends."""
        return self.music.start + len(self.music.text)


def sung_lines(lines: Sequence[Line]) -> list[SungLine]:
    """The lines of a tune that have lyrics."""
    found: list[SungLine] = []
    for line in lines:
        letter = line.text.lstrip()[:2]
        if letter in ("w:", "s:", "+:"):
            if found:
                found[-1].odd = found[-1].odd or letter != "w:" or line.text.rstrip().endswith("\\")
                found[-1].verses.append(line)
        elif not is_field(line.text) and not line.text.lstrip().startswith("%"):
            found.append(SungLine(line))
    return [line for line in found if line.verses]


def lyrics_problem(place: BarPlace, lines: Sequence[SungLine]) -> str | None:
    """Why the lyrics under a bar cannot be kept, or None."""
    sounds = [item.event for item in place.items if isinstance(item.event, Sound) and item.event.notes]
    touched = {_line_at(sound.start, lines) for sound in sounds}
    sung = [lines[index] for index in touched if index is not None]
    if sung and (len(touched) > 1 or any(line.odd for line in sung)):
        return "its lyrics are more than one plain line"
    return None


def _line_at(at: int, lines: Sequence[SungLine]) -> int | None:
    index = bisect_right([line.music.start for line in lines], at) - 1
    return index if index >= 0 and at < lines[index].end else None


@dataclass
class _Sung:
    """A written note of a line: its bar and its onset there."""

    bar: int
    time: Fraction


def lyric_changes(
    lines: Sequence[SungLine], places: Sequence[BarPlace], new: Mapping[int, Sequence[Fraction]]
) -> Iterator[Change]:
    """What changes in the lines of lyrics.

    Args:
        lines: the tune's lines with lyrics.
        places: the bars of the voice.
        new: onsets of the written notes of the bars that change, from the bar's start.
    """
    for verse, bar, old in _sung_bars(lines, places, new):
        yield from _changed(verse, old, new[bar])


def lost_words(
    lines: Sequence[SungLine], places: Sequence[BarPlace], new: Mapping[int, Sequence[Fraction]]
) -> Iterator[tuple[int, list[str]]]:
    """The words that go with all notes of a bar, each with the bar; see `lyric_changes`."""
    for _, bar, old in _sung_bars(lines, places, new):
        words = [match[0] for _, match in old if match is not None and match[0] not in WORDLESS]
        if words and not new[bar]:
            yield bar, words


def _sung_bars(
    lines: Sequence[SungLine], places: Sequence[BarPlace], new: Mapping[int, Sequence[Fraction]]
) -> Iterator[tuple[Line, int, _SungBar]]:
    """The bars that change, verse by verse, with what was sung in them."""
    for index, line in enumerate(lines):
        notes = [
            _Sung(bar, item.time)
            for bar, place in enumerate(places)
            for item in place.items
            if isinstance(item.event, Sound)
            and item.event.notes
            and _line_at(item.event.start, lines) == index
        ]
        for verse in line.verses:
            tokens = _aligned(verse, notes)
            for bar in sorted({note.bar for note in notes} & set(new)):
                sung = zip(notes, tokens, strict=True)
                yield verse, bar, [(note.time, token) for note, token in sung if note.bar == bar]


def _aligned(verse: Line, notes: Sequence[_Sung]) -> list[re.Match[str] | None]:
    """The syllable, hold or skip of each note, or None where the verse has no more."""
    found: list[re.Match[str] | None] = [None] * len(notes)
    for match, at in placed(verse.text, [note.bar for note in notes], verse.text.index(":") + 1):
        if at < len(notes):
            found[at] = match
    return found


def placed(text: str, bars: Sequence[int], start: int = 0) -> Iterator[tuple[re.Match[str], int]]:
    """Syllables, holds and skips of a verse, each with its note's number; from `len(bars)` on there is none.

    Args:
        text: that holds the verse.
        bars: the bar of each note of its line of music.
        start: where the verse begins in the text.
    """
    at = 0
    for match in _TOKEN.finditer(text, start):
        if match[0] == "|":
            while 0 < at < len(bars) and bars[at] == bars[at - 1]:
                at += 1
        else:
            yield match, at
            at += 1


def _changed(verse: Line, old: _SungBar, new: Sequence[Fraction]) -> Iterator[Change]:
    matches = [match for _, match in old if match is not None]
    if not matches or [time for time, _ in old] == list(new):
        return
    if not new:  # nothing is left to sing: see lost_words
        yield Change(verse.start + matches[0].start(), verse.start + matches[-1].end(), "")
        return
    groups: list[list[str | None]] = [[] for _ in new]
    targets = _targets([time for time, _ in old], new)
    for (_, match), target in zip(old, targets, strict=True):
        groups[target].append(match[0] if match is not None else None)
    text = _joined(groups)
    if matches[0][0] == "_" and text[:1] not in _HOLDS:  # it stood at the word before, which this is not
        text = " " + text
    yield Change(verse.start + matches[0].start(), verse.start + matches[-1].end(), text)


def _targets(old: Sequence[Fraction], new: Sequence[Fraction]) -> list[int]:
    """Index of the new note that each old note's syllable goes to.

    That of the same onset; between two such, one after the other; those left over, the one before.
    """
    targets: list[int] = []
    free: list[int] = []
    last = -1
    for time in old:
        if time in new:
            last = new.index(time)
            free = []
        else:
            if not free:
                free = _free_after(last, old, new)
            last = free.pop(0) if free else max(last, 0)
        targets.append(last)
    return targets


def _free_after(index: int, old: Sequence[Fraction], new: Sequence[Fraction]) -> list[int]:
    """Indices of the new notes behind one and before the next that has an old onset."""
    found = []
    for following in range(index + 1, len(new)):
        if new[following] in old:
            break
        found.append(following)
    return found


def _joined(groups: Sequence[Sequence[str | None]]) -> str:
    """The text of a bar's syllables; what follows the last of a verse stays without any."""
    last = max(index for index, group in enumerate(groups) if any(group))
    if all(token is not None for group in groups for token in group):
        last = len(groups) - 1
    text = ""
    for group in groups[: last + 1]:
        token = _together([each for each in group if each is not None]) or _hold(text)
        glued = token in _HOLDS or text.endswith("-") or not text
        text += token if glued else " " + token
    return text


def _hold(before: str) -> str:
    """What stands for a note without a syllable of its own."""
    if not before or before.endswith("*"):
        return "*"
    return "-" if before.endswith("-") else "_"


def _together(tokens: Sequence[str]) -> str:
    """Syllables that are sung on one note; of holds and skips alone, the first."""
    text = ""
    for token in tokens:
        if token in WORDLESS:
            continue
        if text.endswith("-"):
            text = text[:-1] + "\\-" + token
        else:
            text += "~" + token if text else token
    return text or (tokens[0] if tokens else "")
