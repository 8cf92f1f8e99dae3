"""A sheet's signs at the notes of an edited melody, and which of them stand where in its bars."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Protocol, TypeVar

from arvae_music.formats.abc_key import Key, parse_key
from arvae_music.formats.sheet import BarSigns, Decoration, Grace, Line, Sheet, Slur, Syllable
from arvae_music.melody import Melody

_OF_A_MOMENT = frozenset(
    ["segno", "coda", "D.C.", "D.S.", "fine", "pppp", "ppp", "pp", "p", "mp", "mf", "f", "ff", "fff", "ffff",
     "sfz"]
)  # fmt: skip
OF_A_PLACE = _OF_A_MOMENT | {"fermata", "invertedfermata", "breath"}
"""Decorations that stay in their place where their note goes; the others ornament their note."""


def fitted(sheet: Sheet, melody: Melody) -> Sheet:
    """The sheet with its signs at the notes that the melody has.

    Ornaments and grace notes stay where their note stays (same onset and pitch); slurs go to the nearest
    notes inside; the syllable of a note that is gone is sung with the one before it.
    """
    notes = _Notes(melody)
    return replace(
        sheet,
        graces=tuple(grace for grace in sheet.graces if notes.has(grace)),
        decorations=tuple(notes.decorations(sheet.decorations)),
        slurs=tuple(notes.slurs(sheet.slurs)),
        syllables=tuple(notes.syllables(sheet.syllables)),
    )


class _Notes:
    def __init__(self, melody: Melody) -> None:
        self._melody = melody
        self._onsets = sorted({note.onset for note in melody.notes})
        self._ends = {note.onset: note.end for note in melody.notes}
        self._bar_starts = {bar.start for bar in melody.bars}

    def has(self, sign: Grace | Decoration) -> bool:
        """Whether the note sounds to which the sign belongs; one without a note has its place."""
        if sign.owner is None:
            return True
        at = bisect_right(self._melody.notes, sign.time, key=lambda note: note.onset)
        before = self._melody.notes[max(at - 8, 0) : at]
        return any(note.pitch == sign.owner and note.end > sign.time for note in before)

    def decorations(self, decorations: Sequence[Decoration]) -> Iterator[Decoration]:
        """Ornaments of notes that are there, and what has a place without its note."""
        for one in decorations:
            if self.has(one):
                yield one
            elif one.name in OF_A_PLACE:
                yield replace(one, owner=None)

    def slurs(self, slurs: Sequence[Slur]) -> Iterator[Slur]:
        """Slurs over two notes or more."""
        if not self._onsets:
            return
        for slur in slurs:
            first, last = bisect_left(self._onsets, slur.start), bisect_right(self._onsets, slur.end) - 1
            end = slur.end if self._is_sung(slur.end) else self._onsets[max(last, 0)]
            start = slur.start if self._is_sung(slur.start) else next(iter(self._onsets[first:]), end)
            if start < end:
                yield Slur(start, end)

    def syllables(self, syllables: Sequence[Syllable]) -> Iterator[Syllable]:
        """Syllables at notes that start, or are tied into their bar."""
        last: dict[int, Syllable] = {}
        for syllable in sorted(syllables, key=lambda one: (one.time, one.verse)):
            before = last.get(syllable.verse)
            apart = before is None or before.time < syllable.time
            if before is None or (apart and self._is_sung(syllable.time)):
                if before is not None:
                    yield before
                last[syllable.verse] = self._moved(syllable)
            else:
                space = "" if before.hyphen else " "
                text = before.text + space + syllable.text
                last[syllable.verse] = replace(before, text=text, hyphen=syllable.hyphen)
        yield from last.values()

    def _is_sung(self, time: Fraction) -> bool:
        at = bisect_right(self._onsets, time) - 1
        if at < 0:
            return False
        onset = self._onsets[at]
        return onset == time or (time in self._bar_starts and self._ends[onset] > time)

    def _moved(self, syllable: Syllable) -> Syllable:
        if self._is_sung(syllable.time):
            return syllable
        at = bisect_left(self._onsets, syllable.time)
        return replace(syllable, time=self._onsets[at]) if at < len(self._onsets) else syllable


def is_of_a_moment(name: str) -> bool:
    """Whether a decoration says something of the music from a time on, and nothing of a note."""
    return name in _OF_A_MOMENT


def bar_signs(sheet: Sheet, melody: Melody) -> tuple[BarSigns, ...]:
    """The sheet's, one a bar; where it has none, the ends of the tune and of its strains.

    A strain ends with a short bar that the pickup of the next one completes.
    """
    if len(sheet.bars) == len(melody.bars):
        return sheet.bars
    found = []
    for index, bar in enumerate(melody.bars):
        following = melody.bars[index + 1] if index + 1 < len(melody.bars) else None
        short = bar.length < bar.meter.length
        strain = short and following is not None and bar.length + following.length == bar.meter.length
        line = Line.FINAL if following is None else Line.DOUBLE if strain else Line.SINGLE
        found.append(BarSigns(line=line))
    return tuple(found)


class _Timed(Protocol):
    @property
    def time(self) -> Fraction: ...


S = TypeVar("S", bound=_Timed)


def by_bar(signs: Iterable[S], melody: Melody) -> list[list[S]]:
    """Signs by the bar in which they stand; one at a bar's end stands there and not in the next."""
    rows: list[list[S]] = [[] for _ in melody.bars]
    for sign in signs:
        index = melody.bar_index_at(sign.time)
        if (
            getattr(sign, "at_end", False)
            and index
            and melody.bars[index].start == sign.time < melody.bars[index].end
        ):
            index -= 1
        if rows:
            rows[max(index, 0)].append(sign)
    return rows


def key_at(sheet: Sheet, melody: Melody, time: Fraction) -> Key | None:
    """The key in force at a time."""
    found = parse_key(melody.key) if melody.key is not None else None
    for change in sheet.keys:
        if change.time <= time:
            found = change.key
    return found
