"""Lyrics of an ABC tune (`w:`) as syllables at the times at which they are sung, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from arvae_music.formats.abc_edit import AbcSource
from arvae_music.formats.abc_events import Line, Sound
from arvae_music.formats.abc_lyrics import WORDLESS, placed
from arvae_music.formats.sheet import Syllable
from arvae_music.formats.tune import Notice


def syllables_of(source: AbcSource) -> Iterator[Syllable]:
    """Every syllable of every verse, verse by verse within a line of music."""
    for number, text, notes in _sung(source):
        yield from _verse(text, number, notes)


def left_over(source: AbcSource) -> Iterator[Notice]:
    """What is said of words for which a verse's line of music has no notes."""
    for number, text, notes in _sung(source):
        words = [token for token, at in _tokens(text, notes) if at >= len(notes) and token not in WORDLESS]
        if words:
            bar = source.voice.melody.bars[notes[-1][0]].number if notes else None
            said = f"'{' '.join(words)}' of verse {number} has no note to be sung on"
            yield Notice("reader", said, bar)


_Notes = Sequence[tuple[int, Fraction]]
"""Index of the bar, and time, of each written note of a line."""


def _sung(source: AbcSource) -> Iterator[tuple[int, str, _Notes]]:
    """Number and text of each verse, with the notes of its line of music."""
    bars, places = source.voice.melody.bars, source.voice.places
    notes = [
        (item.event.start, index, bar.start + item.time)
        for index, (bar, place) in enumerate(zip(bars, places, strict=True))
        for item in place.items
        if isinstance(item.event, Sound) and item.event.notes
    ]
    for line in source.lyrics:
        sung = [(bar, time) for place, bar, time in notes if line.music.start <= place < line.end]
        for number, text in enumerate(_verses(line.verses), 1):
            yield number, text, sung


def _verses(lines: Sequence[Line]) -> list[str]:
    """The text of every verse; `+:` goes on with the line before it."""
    verses: list[str] = []
    for line in lines:
        letter, _, text = line.text.lstrip().partition(":")
        if letter == "w":
            verses.append(text)
        elif letter == "+" and verses:
            verses[-1] += " " + text
    return verses


def _tokens(text: str, notes: _Notes) -> Iterator[tuple[str, int]]:
    return ((match[0], at) for match, at in placed(text, [bar for bar, _ in notes]))


def _verse(text: str, number: int, notes: _Notes) -> Iterator[Syllable]:
    last: Syllable | None = None
    for token, at in _tokens(text, notes):
        if at >= len(notes):
            break
        if token in ("_", "-") and last is not None:
            last = replace(last, hyphen=last.hyphen or token == "-", held=last.held or token == "_")
        elif token not in WORDLESS:
            if last is not None:
                yield last
            hyphen = re.search(r"(?<!\\)(?:\\\\)*-$", token) is not None
            said = re.sub(r"\\(.)", r"\1", token[:-1] if hyphen else token).replace("~", " ")
            last = Syllable(notes[at][1], said, number, hyphen)
    if last is not None:
        yield last


def verses_text(sung: Mapping[int, Mapping[Fraction, Syllable]], onsets: Sequence[Fraction]) -> list[str]:
    """The `w:` lines under a line of music.

    Args:
        sung: the syllables by verse and by time.
        onsets: of the written notes of the line, in order.
    """
    lines = []
    for verse in range(1, max(sung, default=0) + 1):
        text = _line(sung.get(verse, {}), onsets)
        lines.append(f"w: {text or '*'}")
    while lines and lines[-1] == "w: *":
        lines.pop()
    return lines


def _line(syllables: Mapping[Fraction, Syllable], onsets: Sequence[Fraction]) -> str:
    if not any(onset in syllables for onset in onsets):
        return ""
    text = ""
    last: Syllable | None = None
    end = max(index for index, onset in enumerate(onsets) if onset in syllables)
    held = syllables[onsets[end]].held
    for onset in onsets if held else onsets[: end + 1]:
        syllable = syllables.get(onset)
        if syllable is not None:
            word = _escaped(syllable.text) + ("-" if syllable.hyphen else "")
            last = syllable
        else:
            word = "*" if last is None else "_" if last.held else "-" if last.hyphen else "*"
        glued = not text or text.endswith("-") or word in "_-"
        text += word if glued else f" {word}"
    return text


def _escaped(text: str) -> str:
    plain = re.sub(r"([-_*|\\])", r"\\\1", text.strip())
    return re.sub(r"\s+", "~", plain).replace("%", r"\%") or "*"
