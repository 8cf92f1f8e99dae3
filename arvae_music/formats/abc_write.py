"""ABC text from notes: one bar, as a folk musician would write it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from arvae_music.formats.abc_elements import Element, Kind
from arvae_music.formats.abc_events import Field, Grace, parse_unit
from arvae_music.formats.abc_key import Key, parse_key
from arvae_music.formats.abc_rhythm import Piece, Rhythm, Triplet, beam_of, beat_of
from arvae_music.formats.abc_spelling import PITCH, Accidentals, Name, natural, spelled
from arvae_music.meter import Meter


@dataclass(frozen=True)
class Style:
    """A tune's habits.

    Attributes:
        half: how half a unit note is written, `/` or `/2`.
        broken: whether dotted pairs are written as `A>B`.
        spaced: whether there are blanks between beams.
        by_beat: whether notes are beamed by the beat, in 4/4 too, and not by half bars.
        usual: letter and alteration by pitch class, as the tune has it.
    """

    half: str = "/"
    broken: bool = True
    spaced: bool = True
    by_beat: bool = False
    usual: Mapping[int, tuple[str, int]] = field(default_factory=dict)


@dataclass
class Slot:
    """One written note or rest, and what stands around it.

    Attributes:
        piece: what sounds.
        before: signs that belong to it, and what stands for itself before it, in order.
        after: ends of slurs.
        source: the note or rest that it is in the source, or whose spelling it takes.
        stays: it is the source's note or rest.
        blank: what stands between it and the one before; None leaves that to the beams.
        broken: the source has a broken rhythm between it and the next.
    """

    piece: Piece
    before: list[Element] = field(default_factory=list)
    after: list[Element] = field(default_factory=list)
    source: Element | None = None
    stays: bool = False
    blank: str | None = None
    broken: bool = False


class _Broken(NamedTuple):
    """A dotted pair: the value that both notes are written with, and the sign between them."""

    value: Fraction
    sign: str
    first: int


def bar_text(
    slots: Sequence[Slot], rhythm: Rhythm, *, meter: Meter, unit: Fraction, key: Key, style: Style
) -> str:
    """The text of a bar.

    Args:
        slots: what it holds, in order.
        rhythm: that of which the slots' pieces are.
        meter: the bar's.
        unit: the unit note length at its start, in quarter notes.
        key: the key at its start.
        style: the tune's habits.
    """
    return _BarWriter(slots, rhythm, meter, unit, key, style).text()


def _is_plain(first: Slot, second: Slot) -> bool:
    """Whether a new dotted pair has no tie, slur or grace note, next to which some readers lose it."""
    pieces = (first.piece, second.piece)
    signs = (*first.before, *first.after, *second.before, *second.after)
    tied = any(piece.tied or piece.ties for piece in pieces)
    return not tied and not any(_may_hide(sign) for sign in signs) and not second.before


def _may_hide(sign: Element) -> bool:
    return _is_grace(sign) or sign.kind is not Kind.LEAD or sign.text == "("


def _is_grace(sign: Element) -> bool:
    return sign.placed is not None and isinstance(sign.placed.event, Grace)


def _is_ornament(sign: Element) -> bool:
    return sign.kind is Kind.LEAD and sign.bound and not _is_grace(sign)


class _BarWriter:
    """Keeps what is in force within a bar."""

    def __init__(
        self, slots: Sequence[Slot], rhythm: Rhythm, meter: Meter, unit: Fraction, key: Key, style: Style
    ) -> None:
        self._slots = slots
        self._rhythm = rhythm
        self._meter = meter
        self._unit = unit
        self._style = style
        self._accidentals = Accidentals(dict(key.steps))
        self._pairs: dict[int, _Broken] = {}  # by the index of the first and of the second
        self._names: dict[int, Name] = {}  # as written last, by pitch

    def text(self) -> str:
        out = ""
        for index, slot in enumerate(self._slots):
            before = self._before(slot)
            fixed = bool(slot.before) and slot.before[0].kind is Kind.FIXED
            if index and not fixed:
                out += self._blank(index)
            self._look_for_pair(index)
            out += before + self._sound(slot, index) + "".join(e.text for e in slot.after)
            if index in self._pairs and index == self._pairs[index].first:
                out += self._pairs[index].sign
        return out

    def _blank(self, index: int) -> str:
        """Within a triplet or a dotted pair nothing is spaced; else as the source has it, or by beams."""
        slot = self._slots[index]
        triplet = self._rhythm.triplet_at(slot.piece)
        if index in self._pairs and index > self._pairs[index].first:
            return ""
        if triplet is not None and triplet.start < slot.piece.start:
            return ""
        if slot.blank is not None:
            return slot.blank
        beam = beat_of(self._meter) if self._style.by_beat else beam_of(self._meter)
        before = self._slots[index - 1].piece
        new_beam = before.start // beam != slot.piece.start // beam
        after_triplet = triplet is None and self._rhythm.triplet_at(before) is not None
        return " " if self._style.spaced and (new_beam or after_triplet) else ""

    def _before(self, slot: Slot) -> str:
        """Signs before a note, and the triplet that it opens.

        The triplet stands behind chord symbols and grace notes, which some readers (music21) count
        among its notes, and before other ornaments.
        """
        triplet = self._rhythm.triplet_at(slot.piece)
        opens = triplet is not None and triplet.start == slot.piece.start
        place = len(slot.before)
        while place and _is_ornament(slot.before[place - 1]):
            place -= 1
        out = ""
        after_fixed = False
        for index, element in enumerate(slot.before):
            if opens and index == place and triplet is not None:
                out += self._triplet(triplet)
            is_fixed = element.kind is Kind.FIXED
            out += (element.space if is_fixed or after_fixed else "") + self._lead(element)
            after_fixed = is_fixed
        if after_fixed and slot.source is not None:
            out += slot.source.space
        if opens and place == len(slot.before) and triplet is not None:
            out += self._triplet(triplet)
        return out

    def _triplet(self, triplet: Triplet) -> str:
        count = sum(triplet.start <= slot.piece.start < triplet.end for slot in self._slots)
        return "(3" if count == 3 else f"(3:2:{count}"

    def _lead(self, element: Element) -> str:
        event = element.placed.event if element.placed is not None else None
        if isinstance(event, Field):
            self._set(event)
        elif isinstance(event, Grace) and element.placed is not None:
            pitches = iter(element.placed.pitches)
            return PITCH.sub(lambda match: self._grace(match, next(pitches)), element.text)
        return element.text

    def _set(self, event: Field) -> None:
        if event.letter == "L":
            self._unit = parse_unit(event.value) or self._unit
        elif event.letter == "K":
            before = Key(None, self._accidentals.signature)
            self._accidentals.signature = dict(parse_key(event.value, before).steps)

    def _grace(self, match: re.Match[str], pitch: int) -> str:
        """A grace note that sounds as it did, whatever stands before it in the bar now."""
        text = match["letter"] + match["octave"]
        return self._accidentals.write_grace(Name(text, pitch - natural(text)), always=bool(match["sign"]))

    def _sound(self, slot: Slot, index: int) -> str:
        piece = slot.piece
        length = self._length(slot, index)
        if not piece.pitches:
            invisible = slot.source is not None and slot.source.text.startswith(("x", "X"))
            return ("x" if invisible else "z") + length
        notes = [self._note(slot, pitch) for pitch in piece.pitches]
        text = notes[0] if len(notes) == 1 else f"[{''.join(notes)}]"
        return text + length + ("-" if piece.ties else "")

    def _note(self, slot: Slot, pitch: int) -> str:
        source = slot.source
        tied_in = slot.piece.tied and not slot.piece.start
        name = None
        if slot.piece.tied and not tied_in:
            name = self._names.get(pitch)
        elif source is not None and source.name is not None and source.pitch == pitch:
            name = Name(source.name.text, pitch - natural(source.name.text))
        if name is None:
            name = spelled(pitch, self._accidentals.signature, self._style.usual)
        self._names[pitch] = name
        signed = source is not None and source.name is not None and source.name.sign is not None
        if tied_in and not signed:
            return self._accidentals.keep_tied(name)
        if slot.stays and source is not None:
            return self._accidentals.write(name, always=tied_in or source.courtesy)
        # Some readers (music21) carry no accidental to the bar's next note.
        outside = name.alteration != self._accidentals.signature.get(name.step, 0)
        return self._accidentals.write(name, always=tied_in or outside)

    def _length(self, slot: Slot, index: int) -> str:
        pair = self._pairs.get(index)
        value = pair.value if pair is not None else slot.piece.length
        if self._rhythm.triplet_at(slot.piece) is not None:
            value = value * Fraction(3, 2)
        value /= self._unit
        if value == Fraction(1, 2):
            return self._style.half
        over = str(value.numerator) if value.numerator != 1 else ""
        return over if value.denominator == 1 else f"{over}/{value.denominator}"

    def _look_for_pair(self, index: int) -> None:
        """Make a dotted pair of this slot and the next where it is natural."""
        if index in self._pairs or index + 1 >= len(self._slots):
            return
        first, second = self._slots[index], self._slots[index + 1]
        pair = self._pair(first.piece, second.piece, index)
        if pair is None:
            return
        if not (first.broken or (self._style.broken and _is_plain(first, second))):
            return
        if first.piece.ties or any(element.kind is Kind.FIXED for element in second.before):
            return
        self._pairs[index] = self._pairs[index + 1] = pair

    def _pair(self, first: Piece, second: Piece, index: int) -> _Broken | None:
        if not first.pitches or not second.pitches:
            return None
        if self._rhythm.triplet_at(first) is not None or self._rhythm.triplet_at(second) is not None:
            return None
        value = (first.length + second.length) / 2
        units = value / self._unit
        beat = beat_of(self._meter)
        one_beat = (
            first.start // beat == second.start // beat and second.end <= (first.start // beat + 1) * beat
        )
        if not one_beat or units.numerator != 1 or units.denominator & (units.denominator - 1):
            return None
        if first.length == 3 * second.length:
            return _Broken(value, ">", index)
        return _Broken(value, "<", index) if second.length == 3 * first.length else None
