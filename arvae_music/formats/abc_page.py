"""The signs of a sheet at the notes of ABC bars that are written from nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from arvae_music.formats.abc_elements import Element, Kind
from arvae_music.formats.abc_events import Field, Grace, Sound
from arvae_music.formats.abc_key import Key, parse_key
from arvae_music.formats.abc_places import Placed
from arvae_music.formats.abc_signs import decoration_sign, tempo_text
from arvae_music.formats.abc_spelling import named
from arvae_music.formats.abc_write import Slot
from arvae_music.formats.sheet import (
    ChordSymbol,
    Decoration,
    KeyChange,
    Sheet,
    Slur,
    Spelling,
    Tempo,
    Text,
)
from arvae_music.formats.sheet import Grace as GraceNotes
from arvae_music.formats.sheet_fit import OF_A_PLACE, by_bar
from arvae_music.melody import Bar, Melody

Sign = KeyChange | Tempo | ChordSymbol | Text | Decoration | GraceNotes
_ORDER = (KeyChange, Tempo, ChordSymbol, Text, Decoration, GraceNotes)


@dataclass(frozen=True)
class BarPage:
    """The signs of one bar, those of the tune's head left out.

    Attributes:
        bar: whose they are.
        signs: in order of time.
        slurs: that start or end in it.
        spelling: of the tune's notes.
    """

    bar: Bar
    signs: tuple[Sign, ...]
    slurs: tuple[Slur, ...]
    spelling: Spelling

    @property
    def cuts(self) -> set[Fraction]:
        """Times from the bar's start at which a sign needs a note or rest to stand before."""
        times = {
            sign.time - self.bar.start
            for sign in self.signs
            if isinstance(sign, KeyChange | Tempo | ChordSymbol | Text)
        }
        return {time for time in times if 0 < time < self.bar.length and _is_binary(time)}

    def opening(self) -> str:
        """Fields that hold from the bar's start."""
        first = (sign for sign in self.signs if sign.time <= self.bar.start and not _at_end(sign))
        return "".join(f"[{_field(sign)}]" for sign in first if _is_field(sign))

    def place(self, slots: Sequence[Slot]) -> str:
        """Put the signs to the slots; what stands behind the last note comes back as text."""
        tail = ""
        for sign in sorted(self.signs, key=_rank):
            time = sign.time - self.bar.start
            if _at_end(sign) or time >= self.bar.length:
                tail += "".join(element.text for element in self._elements(sign, time)) + "y"
            elif time > 0 or not _is_field(sign):
                slot = _slot_at(slots, time, later=isinstance(sign, ChordSymbol | Text | Tempo | KeyChange))
                slot.before += self._elements(sign, time)
        self._place_slurs(slots)
        self._spell(slots)
        return tail

    def _elements(self, sign: Sign, time: Fraction) -> Iterator[Element]:
        if isinstance(sign, GraceNotes):
            names = [named(one.step, one.alteration, one.pitch).text for one in sign.pitches]
            text = "{" + ("/" if sign.slash else "") + "".join(names) + "}"
            pitches = tuple(one.pitch for one in sign.pitches)
            placed = Placed(Grace(names), time, pitches=pitches)
            yield Element(Kind.LEAD, text, time, bound=True, placed=placed)
        elif isinstance(sign, ChordSymbol):
            yield Element(Kind.LEAD, f'"{sign.text}"', time)
        elif isinstance(sign, Text) and sign.place != "part":
            words = " ".join(sign.words.replace('"', "'").split())
            yield Element(Kind.LEAD, f'"{"_" if sign.place == "below" else "^"}{words}"', time)
        elif isinstance(sign, Decoration):
            bound = sign.name not in OF_A_PLACE
            yield Element(Kind.LEAD, decoration_sign(sign.name), time, bound=bound)
        else:
            letter, value = _field(sign).split(":", 1)
            placed = Placed(Field(letter, value), time)
            yield Element(Kind.FIXED, f"[{letter}:{value}]", time, space=" ", placed=placed)

    def _place_slurs(self, slots: Sequence[Slot]) -> None:
        ends = self.bar.start, self.bar.end
        for slur in self.slurs:
            if ends[0] <= slur.start < ends[1]:
                slot = _slot_at(slots, slur.start - self.bar.start)
                at = len(slot.before)
                while at and slot.before[at - 1].bound and slot.before[at - 1].placed is None:
                    at -= 1
                slot.before.insert(at, Element(Kind.LEAD, "(", slot.piece.start))
            if ends[0] <= slur.end < ends[1]:
                slot = _slot_at(slots, slur.end - self.bar.start)
                slot.after.append(Element(Kind.TRAIL, ")", slot.piece.start))

    def _spell(self, slots: Sequence[Slot]) -> None:
        """Names of single notes as the source has them."""
        for slot in slots:
            if len(slot.piece.pitches) != 1 or slot.source is not None:
                continue
            pitch, start = slot.piece.pitches[0], slot.piece.start
            spelled = self.spelling.get((self.bar.start + start, pitch))
            if spelled is not None and abs(spelled[1]) <= 2:
                text = named(*spelled, pitch).text
                placed = Placed(Sound([text], slot.piece.length), start, slot.piece.length, (pitch,))
                slot.source = Element(Kind.SOUND, text, start, placed=placed)


def pages(sheet: Sheet, melody: Melody) -> list[BarPage]:
    """The signs of every bar."""
    first: tuple[KeyChange | Tempo, ...] = (*sheet.keys[:1], *sheet.tempos[:1])
    head = {id(one) for one in first if one.time <= 0}
    every: Iterable[Sign] = (
        *sheet.keys, *sheet.tempos, *sheet.chords, *sheet.texts, *sheet.decorations, *sheet.graces
    )  # fmt: skip
    rows = by_bar((sign for sign in every if id(sign) not in head), melody)
    slurs: list[list[Slur]] = [[] for _ in melody.bars]
    for slur in sheet.slurs:
        for index in {melody.bar_index_at(slur.start), melody.bar_index_at(slur.end)}:
            slurs[index].append(slur)
    return [
        BarPage(bar, tuple(sorted(row, key=lambda sign: sign.time)), tuple(own), sheet.spelling)
        for bar, row, own in zip(melody.bars, rows, slurs, strict=True)
    ]


def key_text(key: Key) -> str:
    """What follows `K:`."""
    if key.name is None and key.steps == {"F": 1, "C": 1}:
        return "Hp"
    usual = parse_key(key.name).steps if key.name is not None else {}
    signs = {2: "^^", 1: "^", 0: "=", -1: "_", -2: "__"}
    extra = [
        f" {signs[key.steps.get(step, 0)]}{step.lower()}"
        for step in "CDEFGAB"
        if key.steps.get(step, 0) != usual.get(step, 0)
    ]
    return (key.name or "none") + "".join(extra)


def _is_binary(time: Fraction) -> bool:
    return not time.denominator & (time.denominator - 1) and time.denominator <= 16


def _is_field(sign: Sign) -> bool:
    return isinstance(sign, KeyChange | Tempo) or (isinstance(sign, Text) and sign.place == "part")


def _field(sign: Sign) -> str:
    if isinstance(sign, KeyChange):
        return f"K:{key_text(sign.key)}"
    if isinstance(sign, Tempo):
        return f"Q:{tempo_text(sign)}"
    return f"P:{sign.words}" if isinstance(sign, Text) else ""


def _at_end(sign: Sign) -> bool:
    return isinstance(sign, Text | Decoration) and sign.at_end


def _rank(sign: Sign) -> tuple[Fraction, int, bool]:
    """By time; then as ABC orders them, signs of the place before ornaments of the note."""
    kind = next(index for index, one in enumerate(_ORDER) if isinstance(sign, one))
    ornament = isinstance(sign, Decoration) and sign.name not in OF_A_PLACE
    return sign.time, kind + (2 if ornament else 0), False


def _slot_at(slots: Sequence[Slot], time: Fraction, *, later: bool = False) -> Slot:
    """The slot that sounds at a time; `later`: the next one where it has begun before."""
    index = max(bisect_right(slots, time, key=lambda slot: slot.piece.start) - 1, 0)
    if later and slots[index].piece.start < time and index + 1 < len(slots):
        index += 1
    return slots[index]


def sounded(slots: Sequence[Slot], bar: Bar) -> list[Fraction]:
    """Times of the written notes, from the tune's start."""
    return [bar.start + slot.piece.start for slot in slots if slot.piece.pitches]
