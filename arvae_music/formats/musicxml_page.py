"""The signs of a sheet by the bars and notes of a MusicXML part that is written from nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar
from xml.sax.saxutils import escape

from arvae_music.formats.abc_key import Key
from arvae_music.formats.musicxml_note import Tag
from arvae_music.formats.musicxml_signs import (
    FERMATAS,
    MISCELLANEOUS,
    direction_of_sign,
    direction_of_tempo,
    direction_of_text,
    harmony,
    is_direction,
    left_line,
    notations,
    right_line,
)
from arvae_music.formats.musicxml_slots import Slot
from arvae_music.formats.sheet import (
    BarSigns,
    ChordSymbol,
    Credit,
    Decoration,
    Grace,
    KeyChange,
    Sheet,
    Slur,
    Syllable,
    Tempo,
    Text,
)
from arvae_music.formats.sheet_fit import bar_signs, by_bar
from arvae_music.melody import Melody

Placed = KeyChange | Tempo | Text | Decoration | ChordSymbol
_ORDER = (KeyChange, Tempo, Text, Decoration, ChordSymbol)
_MODES = {"": "major", "m": "minor", "dor": "dorian", "phr": "phrygian", "lyd": "lydian", "mix": "mixolydian",
          "loc": "locrian"}  # fmt: skip


@dataclass
class Page:
    """A tune's signs, ready to be written; what is at a note is given out once.

    Attributes:
        placed: by bar, what stands between the notes, in order.
        graces, decorations, syllables: what stands at notes, by time.
        slurs: `<slur>` elements by time.
        lines: by bar, the lines at its two ends.
    """

    placed: list[list[Placed]]
    graces: dict[Fraction, list[Grace]]
    decorations: dict[Fraction, list[Decoration]]
    syllables: dict[Fraction, list[Tag]]
    slurs: dict[Fraction, list[Tag]]
    lines: list[tuple[Tag | None, Tag | None]]

    @classmethod
    def of(cls, sheet: Sheet, melody: Melody) -> Page:
        """Lay out a sheet that fits the melody."""
        at_notes = [one for one in sheet.decorations if not is_direction(one) and not one.at_end]
        on_lines = by_bar([one for one in sheet.decorations if one.at_end and one.name in FERMATAS], melody)
        between = [one for one in sheet.decorations if is_direction(one)]
        keys = [change for change in sheet.keys if change.time > 0]
        every: list[Placed] = [*keys, *sheet.tempos, *sheet.texts, *between, *sheet.chords]
        return cls(
            [sorted(row, key=_rank) for row in by_bar(every, melody)],
            _by_time(sheet.graces),
            _by_time(at_notes),
            _lyrics(sheet.syllables),
            _slurs(sheet.slurs),
            list(_lines(bar_signs(sheet, melody), on_lines)),
        )

    def key_at_start(self, index: int, start: Fraction) -> Key | None:
        """The key that a bar begins with, where it is another one than before."""
        keys = [one for one in self.placed[index] if isinstance(one, KeyChange) and one.time <= start]
        return keys[-1].key if keys else None

    def inside(self, index: int, start: Fraction) -> list[Placed]:
        """What stands between the notes of a bar, without the key that it begins with."""
        return [s for s in self.placed[index] if not isinstance(s, KeyChange) or s.time > start]

    def graces_of(self, slot: Slot, time: Fraction) -> Iterator[Grace]:
        """The grace notes before a note."""
        waiting = self.graces.get(time, [])
        for grace in list(waiting):
            if grace.owner in slot.piece.pitches or grace.owner is None:
                waiting.remove(grace)
                yield grace

    def notations_of(self, slot: Slot, bar_start: Fraction) -> list[Tag]:
        """Slurs and decorations of a note or rest."""
        start, end = bar_start + slot.piece.start, bar_start + slot.piece.end
        own: list[Decoration] = []
        for time in [time for time in self.decorations if start <= time < end]:
            for one in list(self.decorations[time]):
                if one.owner is None or one.owner in slot.piece.pitches:
                    self.decorations[time].remove(one)
                    own.append(one)
        slurs = self.slurs.pop(start, []) if slot.piece.pitches else []
        return [*slurs, *notations(own)]

    def lyrics_of(self, slot: Slot, time: Fraction) -> list[Tag]:
        """The syllables of a note, one a verse."""
        return self.syllables.pop(time, []) if slot.piece.pitches else []


def tags_of(sign: Placed, offset: Fraction) -> Iterator[Tag]:
    """What stands between two notes; `offset` in divisions, from where it stands."""
    if isinstance(sign, Tempo):
        yield direction_of_tempo(sign, offset)
    elif isinstance(sign, Text):
        yield direction_of_text(sign, offset)
    elif isinstance(sign, Decoration):
        yield direction_of_sign(sign, offset)
    elif isinstance(sign, ChordSymbol):
        found = harmony(sign, offset)
        if found is not None:
            yield found
    else:
        yield Tag("attributes", (key_tag(sign.key),))


def key_tag(key: Key) -> Tag:
    """A `<key>`; one that is no circle of fifths names its steps."""
    steps = {step: alter for step, alter in key.steps.items() if alter}
    fifths = sum(steps.values())
    usual = set("FCGDAEB"[:fifths] if fifths >= 0 else "BEADGCF"[:-fifths])
    if set(steps) != usual or any(abs(alter) > 1 for alter in steps.values()):
        named = ((Tag("key-step", step), Tag("key-alter", str(alter))) for step, alter in steps.items())
        return Tag("key", tuple(tag for pair in named for tag in pair))
    name = (key.name or "").lstrip("ABCDEFG").lstrip("#b")
    mode = (Tag("mode", _MODES[name]),) if key.name is not None and name in _MODES else ()
    return Tag("key", (Tag("fifths", str(fifths)), *mode))


def identification(credits_: Sequence[Credit]) -> Tag | None:
    """Who made the tune, and what is told of it."""
    by_letter: dict[str, list[str]] = defaultdict(list)
    for credit in credits_:
        by_letter[credit.letter].append(escape(" ".join(credit.text.split())))
    tags = [Tag('creator type="composer"', text) for text in by_letter["C"]]
    tags += [Tag('creator type="lyricist"', text) for text in by_letter["A"]]
    tags += [Tag("rights", text) for text in by_letter["©"]]
    if by_letter["Z"]:
        tags.append(Tag("encoding", tuple(Tag("encoder", text) for text in by_letter["Z"])))
    tags += [Tag("source", "; ".join(by_letter["S"]))] if by_letter["S"] else []
    fields = [
        Tag(f'miscellaneous-field name="{name}"', text)
        for letter, name in MISCELLANEOUS.items()
        for text in by_letter[letter]
    ]
    tags += [Tag("miscellaneous", tuple(fields))] if fields else []
    return Tag("identification", tuple(tags)) if tags else None


def _rank(sign: Placed) -> tuple[Fraction, int]:
    return sign.time, next(index for index, one in enumerate(_ORDER) if isinstance(sign, one))


_S = TypeVar("_S", Grace, Decoration)


def _by_time(signs: Sequence[_S]) -> dict[Fraction, list[_S]]:
    found: dict[Fraction, list[_S]] = defaultdict(list)
    for sign in signs:
        found[sign.time].append(sign)
    return found


def _lines(
    bars: Sequence[BarSigns], fermatas: Sequence[Sequence[Decoration]]
) -> Iterator[tuple[Tag | None, Tag | None]]:
    endings: tuple[int, ...] = ()
    for bar, above in zip(bars, fermatas, strict=True):
        endings = bar.endings or endings
        yield left_line(bar), right_line(bar, endings, above[0].name if above else None)
        endings = () if bar.stops else endings


def _lyrics(syllables: Sequence[Syllable]) -> dict[Fraction, list[Tag]]:
    found: dict[Fraction, list[Tag]] = defaultdict(list)
    open_words: set[int] = set()
    for one in sorted(syllables, key=lambda one: (one.time, one.verse)):
        begun = one.verse in open_words
        kind = {(False, False): "single", (False, True): "begin", (True, True): "middle"}.get(
            (begun, one.hyphen), "end"
        )
        extend = (Tag("extend"),) if one.held else ()
        text = Tag("text", escape(one.text))
        found[one.time].append(Tag(f'lyric number="{one.verse}"', (Tag("syllabic", kind), text, *extend)))
        (open_words.add if one.hyphen else open_words.discard)(one.verse)
    return found


@dataclass
class _Numbers:
    """Numbers of slurs: two that overlap have different ones."""

    ends: dict[int, Fraction] = field(default_factory=dict)

    def next(self, slur: Slur) -> int:
        number = next(n for n in range(1, 99) if self.ends.get(n, slur.start) <= slur.start)
        self.ends[number] = slur.end
        return number


def _slurs(slurs: Sequence[Slur]) -> dict[Fraction, list[Tag]]:
    found: dict[Fraction, list[Tag]] = defaultdict(list)
    starts: dict[Fraction, list[Tag]] = defaultdict(list)
    numbers = _Numbers()
    for slur in sorted(slurs, key=lambda slur: (slur.start, -slur.end)):
        number = numbers.next(slur)
        found[slur.end].append(Tag(f'slur type="stop" number="{number}"'))
        starts[slur.start].append(Tag(f'slur type="start" number="{number}"'))
    for time, tags in starts.items():
        found[time] += tags  # a slur that ends at a note frees its number for one that starts there
    return found
