"""Which sign of an ABC bar goes with which note when the bar's notes are others."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from arvae_music.formats.abc_elements import BarText, Element, Kind
from arvae_music.formats.abc_events import Sound
from arvae_music.formats.abc_rhythm import Piece, beam_of, beat_of
from arvae_music.formats.abc_write import Slot
from arvae_music.meter import Meter


def chord_cuts(bar: BarText, pieces: Sequence[Piece]) -> set[Fraction]:
    """Times of chord symbols within a piece: it is written in two, so that they stay at their time."""
    starts = {piece.start for piece in pieces}
    times = {element.time for element in bar.elements if element.is_chord_symbol}
    return {time for time in times - starts if pieces and time < pieces[-1].end}


def tie_cuts(bar: BarText, pieces: Sequence[Piece]) -> set[Fraction]:
    """Times at which the source ties a note that stays to itself: it is written in two again."""
    cuts = set()
    for begin, tied in _tied_on(bar.sounds):
        for piece in pieces:
            if piece.start == begin.time and piece.pitches == (tied.pitch,) and tied.time < piece.end:
                cuts.add(tied.time)
    return cuts


def _tied_on(sounds: Sequence[Element]) -> Iterator[tuple[Element, Element]]:
    """Each sound that goes on the one before, with the sound at which that note begins."""
    begin: Element | None = None
    for before, sound in pairwise(sounds):
        event = before.placed.event if before.placed is not None else None
        tied = isinstance(event, Sound) and event.tied and before.pitch == sound.pitch is not None
        begin = (begin or before) if tied else None
        if begin is not None:
            yield begin, sound


class Filled(NamedTuple):
    """A bar's signs in their new places.

    `tail` stands behind the last slot; `gone` are the signs that went with their notes.
    """

    slots: list[Slot]
    tail: list[Element]
    gone: list[Element]


def fill(bar: BarText, pieces: Sequence[Piece]) -> Filled:
    """Slots for the pieces with all the bar's signs.

    Ornaments and grace notes go with their note: they stay where it stays (same onset and pitch).
    Annotations and signs of a place go to the next slot where their note is gone, or to the last one;
    and so would chord symbols, but for `chord_cuts`. A slur goes with its ends, and is left out where
    one note or none remains of it.
    """
    filled = Filled([_slot(bar, piece) for piece in pieces], [], [])
    slots = filled.slots
    _keep_ties(bar, slots)
    tied = {sound.time for _, sound in _tied_on(bar.sounds)}
    last_sound = max((i for i, e in enumerate(bar.elements) if e.kind is Kind.SOUND), default=-1)
    for index, element in enumerate(bar.elements):
        if element.kind is Kind.LEAD:
            owner = next(e for e in bar.elements[index:] if e.kind is Kind.SOUND)
            slot = _slot_of_lead(slots, element, owner, tied)
            (slot.before if slot is not None else filled.gone).append(element)
        elif element.kind is Kind.FIXED:
            later = [slot for slot in slots if slot.piece.start >= element.time]
            (filled.tail if index > last_sound or not later else later[0].before).append(element)
        elif element.kind is Kind.TRAIL:
            [slot for slot in slots if slot.piece.start <= element.time][-1].after.append(element)
    filled.gone.extend(_drop_slurs(bar, slots))
    _space(bar, slots)
    return filled


def _slot(bar: BarText, piece: Piece) -> Slot:
    for sound in bar.sounds:
        same = (sound.pitch,) == piece.pitches or (not piece.pitches and not _pitches(sound))
        if sound.time == piece.start and same:
            return Slot(piece, source=sound, stays=True, broken=sound.time in bar.broken)
    return Slot(piece)


def _pitches(sound: Element) -> tuple[int, ...]:
    return sound.placed.pitches if sound.placed is not None else ()


def _keep_ties(bar: BarText, slots: Sequence[Slot]) -> None:
    """A note tied out of the bar is spelled as the source spells the one that is tied out."""
    last = slots[-1]
    if last.source is None and last.piece.ties:
        last.source = bar.sounds[-1]


def _slot_of_lead(
    slots: Sequence[Slot], element: Element, owner: Element, tied: Collection[Fraction]
) -> Slot | None:
    """The slot that a sign before the sound `owner` goes to; None where it goes with its note.

    `tied`: times at which the source ties a note on. A note that only sounds on in such a place now
    does not begin there.
    """
    for slot in slots:
        begins = not slot.piece.tied or not slot.piece.start or slot.piece.start in tied
        if slot.stays and slot.source is owner and (begins or not element.bound):
            return slot
    if element.bound:
        return None
    return next((slot for slot in slots if slot.piece.start >= owner.time), slots[-1])


def _drop_slurs(bar: BarText, slots: Sequence[Slot]) -> Iterator[Element]:
    """Take away slurs of which one note or none is left: they begin where they end now, or behind it."""
    begun: list[Element] = []
    for element in bar.elements:
        if element.kind is Kind.LEAD and element.text == "(":
            begun.append(element)
        earlier = [open_ for open_ in begun if open_.time < element.time]
        if element.kind is not Kind.TRAIL or element.text != ")" or not earlier:
            continue
        begun.remove(earlier[-1])
        start = next((i for i, slot in enumerate(slots) if earlier[-1] in slot.before), -1)
        end = next((i for i, slot in enumerate(slots) if element in slot.after), len(slots))
        if start >= end:
            slots[start].before.remove(earlier[-1])
            slots[end].after.remove(element)
            yield earlier[-1]


def _space(bar: BarText, slots: Sequence[Slot]) -> None:
    """Blanks as the source has them between two notes' places that it has too."""
    spaced = dict(spaces(bar))
    for before, slot in pairwise(slots):
        slot.blank = spaced.get((before.piece.start, slot.piece.start))


def spaces(bar: BarText) -> Iterator[tuple[tuple[Fraction, Fraction], str]]:
    """Onsets of each two sounds in a row, and the blanks that stand between them."""
    last: Element | None = None
    blank = ""
    for element in bar.elements:
        line_end = element.kind is Kind.FIXED and element.text[-1:].isspace()
        blank = blank or element.space or (" " if line_end else "")
        if element.kind is Kind.SOUND:
            if last is not None:
                yield (last.time, element.time), blank
            last, blank = element, ""


class Beams(NamedTuple):
    """Where a tune has blanks: at all, and by the beat in 4/4 and not by half bars."""

    spaced: bool
    by_beat: bool


def beams_of(bars: Sequence[tuple[BarText, Meter]]) -> Beams:
    """What most of a tune's bars have."""
    spaced = by_beat = 0
    for bar, meter in bars:
        lengths = {sound.time: sound.end - sound.time for sound in bar.sounds}
        beat, beam = beat_of(meter), beam_of(meter)
        for (before, time), blank in spaces(bar):
            vote = 1 if blank else -1
            if before // beam != time // beam:
                spaced += vote
            elif time % beat == 0 and max(lengths[before], lengths[time]) < beat:
                by_beat += vote
    return Beams(spaced >= 0, by_beat > 0)
