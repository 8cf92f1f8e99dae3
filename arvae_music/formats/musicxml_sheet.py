"""What a part of a MusicXML score says beside its melody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from arvae_music.formats.abc_key import Key, name_of_fifths, signature
from arvae_music.formats.abc_signs import ending_numbers
from arvae_music.formats.chords import Chord, Degree
from arvae_music.formats.musicxml_edit import MusicXmlSource
from arvae_music.formats.musicxml_items import Item, Kind, XmlPart, in_staff
from arvae_music.formats.musicxml_marks import decorations_of, direction_signs, fermata_name, number_or_none
from arvae_music.formats.musicxml_read import parts_of
from arvae_music.formats.musicxml_signs import MISCELLANEOUS, played, read_harmony
from arvae_music.formats.musicxml_tree import Element, parse
from arvae_music.formats.sheet import (
    BarSigns,
    ChordSymbol,
    Credit,
    Decoration,
    Grace,
    GracePitch,
    KeyChange,
    Line,
    Sheet,
    Slur,
    Syllable,
    Tempo,
    Text,
)

_LINES = {"light-light": Line.DOUBLE, "heavy-heavy": Line.DOUBLE, "heavy-light": Line.DOUBLE,
          "light-heavy": Line.FINAL}  # fmt: skip
_CREATORS = {"composer": "C", "lyricist": "A", "poet": "A"}
_LETTERS = {name: letter for letter, name in MISCELLANEOUS.items()}


def sheet_of(source: MusicXmlSource) -> Sheet:
    """Everything that the formats share, of one staff; see `musicxml_contents` for the rest."""
    root = parse(source.file.data)
    reader = _Reader(
        source.part, source.staff, source.plain.bars[-1].end if source.plain.bars else Fraction(0)
    )
    starts = [bar.start for bar in source.plain.bars]
    sheet = reader.sheet(starts)
    if not sheet.tempos:
        sheet = replace(sheet, tempos=_tempos_elsewhere(root, source, starts))
    return replace(sheet, credits=tuple(_credits(root)))


def _tempos_elsewhere(root: Element, source: MusicXmlSource, starts: Sequence[Fraction]) -> tuple[Tempo, ...]:
    """The score's tempo, which often stands in its first part only."""
    for part in parts_of(root):
        if len(part.bars) == len(starts):
            found = _Reader(part, None, source.plain.bars[-1].end).sheet(starts).tempos
            if found:
                return found
    return ()


def _credits(root: Element) -> Iterator[Credit]:
    work, movement = root.word("work", "work-title"), root.word("movement-title")
    if work and movement and work != movement:
        yield Credit("T", movement)
    found = root.first("identification")
    for child in found.children if found is not None else ():
        text = " ".join(child.text.split())
        letter = {"creator": _CREATORS.get(child.attributes.get("type", "composer")), "rights": "©",
                  "source": "S"}.get(child.tag)  # fmt: skip
        if letter and text:
            yield Credit(letter, text)
    encoding = root.first("identification", "encoding")
    for encoder in encoding.all("encoder") if encoding is not None else ():
        if encoder.text.strip():
            yield Credit("Z", " ".join(encoder.text.split()))
    miscellaneous = root.first("identification", "miscellaneous")
    for child in miscellaneous.children if miscellaneous is not None else ():
        letter = _LETTERS.get(child.attributes.get("name", ""))
        if letter and child.text.strip():
            yield Credit(letter, " ".join(child.text.split()))


class _Reader:
    """Goes over the measures of one part."""

    def __init__(self, part: XmlPart, staff: str | None, end: Fraction) -> None:
        self._part = part
        self._staff = staff
        self._end = end
        self._starts: Sequence[Fraction] = ()
        self._bars = [BarSigns() for _ in part.bars]
        self._keys: list[KeyChange] = []
        self._tempos: list[Tempo] = []
        self._chords: list[ChordSymbol] = []
        self._texts: list[Text] = []
        self._syllables: list[tuple[str, Syllable]] = []
        self._graces: list[Grace] = []
        self._decorations: list[Decoration] = []
        self._slurs: list[Slur] = []
        self._open_slurs: dict[str, Fraction] = {}
        self._spelling: dict[tuple[Fraction, int], tuple[str, int]] = {}

    def sheet(self, starts: Sequence[Fraction]) -> Sheet:
        """Everything but the credits."""
        self._starts = starts
        graces: list[Item] = []  # those behind the last note of a bar lead to the next one
        for index, (bar, start) in enumerate(zip(self._part.bars, starts, strict=True)):
            own = [item for item in bar.items if in_staff(item, self._staff)]
            for item in own:
                if item.kind is Kind.GRACE:
                    graces.append(item)
                elif item.kind in (Kind.NOTE, Kind.REST):
                    self._note(item, start + item.time, graces)
                    graces = []
                elif item.kind is Kind.OTHER:
                    self._other(item, index, start, bar.length)
        self._count_repeats()
        numbers = sorted({verse for verse, _ in self._syllables}, key=lambda one: (len(one), one))
        return Sheet(
            tuple(self._bars),
            tuple(self._keys),
            tuple(self._tempos),
            tuple(self._chords),
            tuple(self._texts),
            tuple(replace(one, verse=numbers.index(verse) + 1) for verse, one in self._syllables),
            tuple(self._graces),
            tuple(self._decorations),
            tuple(self._slurs),
            (),
            self._spelling,
        )

    def _note(self, item: Item, time: Fraction, graces: Sequence[Item]) -> None:
        element = item.element
        if item.pitch is not None and item.kind is Kind.NOTE:
            step, _, alter = item.name
            self._spelling.setdefault((time, item.pitch), (step, alter))
        for name in decorations_of(element):
            self._decorations.append(Decoration(time, name, item.pitch))
        for lyric in element.all("lyric"):
            self._lyric(lyric, time)
        for notations in element.all("notations"):
            slurs = list(notations.all("slur"))
            for slur in sorted(slurs, key=lambda slur: slur.attributes.get("type") != "stop"):
                self._slur(slur, time)
        pitches = tuple(_grace_pitch(grace) for grace in graces)
        found = tuple(pitch for pitch in pitches if pitch is not None)
        if found:
            grace = graces[0].element.first("grace")
            slash = grace is not None and grace.attributes.get("slash") == "yes"
            self._graces.append(Grace(time, found, item.pitch, slash))

    def _lyric(self, lyric: Element, time: Fraction) -> None:
        text = "".join(_elided(lyric)).strip()
        if text:
            kinds = [child.text.strip() for child in lyric.all("syllabic")]
            hyphen = bool(kinds) and kinds[-1] in ("begin", "middle")
            held = lyric.first("extend") is not None
            verse = lyric.attributes.get("number", "1")
            self._syllables.append((verse, Syllable(time, text, 1, hyphen, held)))

    def _slur(self, slur: Element, time: Fraction) -> None:
        number, kind = slur.attributes.get("number", "1"), slur.attributes.get("type")
        if kind == "start":
            self._open_slurs[number] = time
        elif kind == "stop" and (start := self._open_slurs.pop(number, None)) is not None and start < time:
            self._slurs.append(Slur(start, time))

    def _other(self, item: Item, index: int, start: Fraction, length: Fraction) -> None:
        element = item.element
        offset = number_or_none(element.word("offset")) or Fraction(0)
        time = start + max(item.time + offset / item.divisions, Fraction(0))
        at_end = item.time >= length > 0
        if element.tag == "barline":
            self._bar_line(element, index)
        elif element.tag == "attributes":
            self._key(element, start + item.time)
        elif element.tag == "harmony":
            self._harmony(element, time)
        elif element.tag in ("direction", "sound"):
            for sign in direction_signs(element, time, at_end=at_end):
                if isinstance(sign, Tempo):
                    self._tempos.append(sign)
                elif isinstance(sign, Text):
                    self._texts.append(sign)
                else:
                    self._decorations.append(sign)

    def _bar_line(self, element: Element, index: int) -> None:
        bar = self._bars[index]
        left = element.attributes.get("location") == "left"
        line = _LINES.get(element.word("bar-style"), Line.SINGLE)
        repeat, ending = element.first("repeat"), element.first("ending")
        if repeat is not None and repeat.attributes.get("direction") == "forward":
            bar = replace(bar, opens=True)
        elif repeat is not None:
            times = repeat.attributes.get("times", "2")
            bar = replace(bar, closes=int(times) if times.isdigit() and 2 <= int(times) < 99 else 2)
        elif line and not left:
            bar = replace(bar, line=line)
        elif line and index:
            self._bars[index - 1] = replace(self._bars[index - 1], line=max(line, self._bars[index - 1].line))
        end = self._end if index + 1 == len(self._bars) else self._starts[index + 1]
        for fermata in element.all("fermata") if not left else ():
            self._decorations.append(Decoration(end, fermata_name(fermata), None, at_end=True))
        if ending is not None and ending.attributes.get("type") == "start":
            bar = replace(bar, endings=ending_numbers(ending.attributes.get("number", "").replace(" ", "")))
        elif ending is not None:
            bar = replace(bar, stops=True)
        self._bars[index] = bar

    def _count_repeats(self) -> None:
        """Where endings have several numbers, they say themselves how often a section is played."""
        endings: tuple[int, ...] = ()
        for index, bar in enumerate(self._bars):
            endings = bar.endings or endings
            if bar.closes > 2 and bar.closes == played(2, endings):
                self._bars[index] = replace(bar, closes=2)
            endings = () if bar.stops or bar.closes else endings

    def _key(self, element: Element, time: Fraction) -> None:
        for key in element.all("key"):
            if key.attributes.get("number", "1") != (self._staff or "1"):
                continue
            found = _key_of(key)
            if not self._keys or self._keys[-1].key != found:
                self._keys.append(KeyChange(time, found))

    def _harmony(self, element: Element, time: Fraction) -> None:
        text = harmony_text(element)
        if text is not None and time < self._end:
            self._chords.append(ChordSymbol(time, text))


def harmony_text(element: Element) -> str | None:
    """A `<harmony>` as ABC writes it, or None."""
    root, kind = element.first("root"), element.first("kind")
    if root is None or kind is None:
        return None
    degrees = tuple(
        Degree(int(value), int(number_or_none(one.word("degree-alter")) or 0), one.word("degree-type"))
        for one in element.all("degree")
        if (value := one.word("degree-value")).isdigit()
    )
    bass = element.first("bass")
    found = Chord(_step(root), kind.text.strip(), degrees, _step(bass) if bass is not None else None)
    return read_harmony(found, kind.attributes.get("text", ""))


def _step(element: Element) -> tuple[str, int]:
    return (
        element.word(f"{element.tag}-step"),
        int(number_or_none(element.word(f"{element.tag}-alter")) or 0),
    )


def _key_of(key: Element) -> Key:
    fifths = number_or_none(key.word("fifths"))
    if fifths is not None:
        count = max(-11, min(int(fifths), 11))
        return Key(name_of_fifths(count, key.word("mode") or None), signature(count))
    letters = [step.text.strip() for step in key.all("key-step")]
    alters = [round(number_or_none(alter.text) or 0) for alter in key.all("key-alter")]
    return Key(None, {step: alter for step, alter in zip(letters, alters, strict=False) if alter})


def _grace_pitch(item: Item) -> GracePitch | None:
    pitch = item.element.first("pitch")
    alter = number_or_none(pitch.word("alter") or "0") if pitch is not None else None
    if pitch is None or alter is None or not re.fullmatch(r"\d", pitch.word("octave")):
        return None
    step = pitch.word("step")
    naturals = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
    midi = 12 * (int(pitch.word("octave")) + 1) + naturals.get(step, 0) + round(alter)
    return GracePitch(midi, step, round(alter)) if step in naturals else None


def _elided(lyric: Element) -> Iterator[str]:
    """The syllables of a note, joined by what stands between them."""
    for child in lyric.children:
        if child.tag == "text":
            yield child.text
        elif child.tag == "elision":
            yield " "
