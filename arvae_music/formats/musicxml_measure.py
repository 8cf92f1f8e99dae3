"""The text of one voice's measure, with the elements that stay and new ones between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import lcm

from arvae_music.formats.abc_rhythm import Piece
from arvae_music.formats.musicxml_between import Fixed, between, scaled, shifted
from arvae_music.formats.musicxml_items import Item, Kind, XmlBar
from arvae_music.formats.musicxml_note import (
    NoteText,
    Pitch,
    Signs,
    Tag,
    accidental_tag,
    decimal,
    layout_of,
    pitch_tag,
    rhythm_tags,
    spelled_pitch,
    tie_tags,
)
from arvae_music.formats.musicxml_slots import Slot, carry_slurs, set_beams, set_tuplets, slots_of
from arvae_music.formats.musicxml_tree import parse
from arvae_music.meter import Meter


class MeasureWriter:
    """Writes one measure of a score anew."""

    def __init__(
        self,
        data: bytes,
        bar: XmlBar,
        run: Sequence[Item],
        usual: Mapping[int, tuple[str, int]],
        *,
        beamed: bool,
    ) -> None:
        self._data = data
        self._bar = bar
        self._run = run
        self._usual = usual
        self._beamed = beamed
        self._meter = bar.meter or Meter(4, 4)
        notes = [item for item in run if item.element.tag == "note"]
        self._layout = layout_of(data, notes[0].element if notes else None)
        self._leads, self._fixed = between(data, bar, run)
        self._lead = next((lead for lead in self._leads.values() if lead), "")
        self._old_divisions = self._divisions = run[0].divisions
        self._signs = Signs(bar.steps)
        self._old_signs = self._signs_of_old()
        self._names: dict[int, Pitch] = {}

    def text(self, pieces: Sequence[Piece]) -> str:
        """The measure's text from the first element of the voice to the last."""
        slots = slots_of(self._run, pieces, self._meter)
        if self._beamed:
            set_beams(self._run, slots, self._meter)
        set_tuplets(slots)
        carry_slurs(self._data, self._run, slots)
        self._divisions = self._fine_enough(slots)
        texts = list(self._texts(slots))
        if self._divisions != self._old_divisions:
            texts.insert(0, (self._lead, _divisions(self._divisions)))
            texts.append((self._lead, _divisions(self._old_divisions)))
        return "".join(lead + text for lead, text in texts)[len(texts[0][0]) :]

    def _fine_enough(self, slots: Sequence[Slot]) -> Fraction:
        """Divisions of a quarter that hold every new length and place."""
        divisions = self._old_divisions
        times = [slot.piece.length for slot in slots if not slot.kept]
        shifted = [fixed.time for fixed in self._fixed if fixed.can_shift]
        for slot in slots:
            times += [time - slot.piece.start for time in shifted if slot.piece.start < time < slot.piece.end]
        return divisions * lcm(*((time * divisions).denominator for time in times))

    def _texts(self, slots: Sequence[Slot]) -> Iterator[tuple[str, str]]:
        waiting = list(self._fixed)
        sources = {id(slot.source) for slot in slots}
        waiting = [fixed for fixed in waiting if fixed.owner is None or id(fixed.owner) in sources]
        for slot in slots:
            rest = []
            for fixed in waiting:
                if fixed.time <= slot.piece.start:
                    yield fixed.lead, self._fixed_text(fixed, Fraction(0))
                elif fixed.time < slot.piece.end and fixed.can_shift:
                    yield fixed.lead, self._fixed_text(fixed, fixed.time - slot.piece.start)
                else:
                    rest.append(fixed)
            waiting = rest
            lead = self._leads[id(slot.source)] if slot.source is not None else self._lead
            yield lead, self._slot_text(slot)
        for fixed in waiting:
            yield fixed.lead, self._fixed_text(fixed, Fraction(0))

    def _fixed_text(self, fixed: Fixed, shift: Fraction) -> str:
        item = fixed.item
        if item is not None and item.kind is Kind.GRACE:
            return self._grace_text(item, fixed.text)
        if item is None or (not shift and self._divisions == self._old_divisions):
            return fixed.text
        return shifted(self._data, item, shift, self._divisions)

    def _signs_of_old(self) -> dict[int, bool]:
        """Whether each old note needed a sign where it stood."""
        signs = Signs(self._bar.steps)
        needed = {}
        for item in self._run:
            if item.element.first("pitch") is not None and not item.tied:
                needed[id(item)] = signs.needs(Pitch(*item.name))
        return needed

    def _missing_sign(self, item: Item) -> list[Tag]:
        """The sign that an old note needs now and has not."""
        if item.tied or item.element.first("pitch") is None:
            return []
        pitch = Pitch(*item.name)
        needs = self._signs.needs(pitch)
        has = self._old_signs[id(item)] or item.element.first("accidental") is not None
        return [accidental_tag(pitch.alter)] if needs and not has and abs(pitch.alter) <= 2 else []

    def _grace_text(self, item: Item, text: str) -> str:
        sign = self._missing_sign(item)
        if not sign:
            return text
        note = NoteText.of(self._data, item.element, self._layout)
        note.put("accidental", sign)
        return str(note)

    def _slot_text(self, slot: Slot) -> str:
        source = slot.source
        if source is None:
            note = self._new_note(slot)
        elif source.kind is Kind.FORWARD:
            text = self._data[source.element.start : source.element.end].decode()
            factor = self._divisions / self._old_divisions
            return text if factor == 1 else scaled(text, factor)
        else:
            if source.kind is Kind.NOTE:
                self._names[slot.piece.pitches[0]] = Pitch(*source.name)
            note = NoteText.of(self._data, source.element, layout_of(self._data, source.element))
            if sign := self._missing_sign(source):
                note.put("accidental", sign)
        if not slot.kept:
            self._set_rhythm(note, slot)
        elif self._divisions != self._old_divisions:
            note.put("duration", [Tag("duration", decimal(slot.piece.length * self._divisions))])
        if slot.beams is not None and (slot.beams or source is not None):
            note.put("beam", slot.beams)
        self._set_notations(note, slot)
        return str(note)

    def _new_note(self, slot: Slot) -> NoteText:
        note = NoteText(self._layout)
        if slot.piece.pitches:
            note.put("pitch", [self._new_pitch(note, slot.piece)])
        else:
            whole = slot.piece.length == self._bar.length
            note.put("rest", [Tag('rest measure="yes"' if whole else "rest")])
        model = self._model(slot)
        for tag in ("instrument", "voice", "staff"):
            children = model.element.all(tag) if model is not None else ()
            if tag == "instrument" and not slot.piece.pitches:
                continue
            note.put_texts(tag, [self._data[child.start : child.end].decode() for child in children])
        if slot.sung is not None:
            syllables = slot.sung.element.all("lyric")
            note.put_texts("lyric", [self._data[one.start : one.end].decode() for one in syllables])
        return note

    def _new_pitch(self, note: NoteText, piece: Piece) -> Tag:
        """A pitch as the key has it, or as the note that it is tied to; with a sign where it needs one."""
        midi = piece.pitches[0]
        pitch = self._names.get(midi) if piece.tied else None
        if pitch is None:
            pitch = self._names[midi] = spelled_pitch(midi, self._bar.steps, self._usual)
        if not piece.tied and self._signs.needs(pitch):
            note.put("accidental", [accidental_tag(pitch.alter)])
        return pitch_tag(*pitch)

    def _model(self, slot: Slot) -> Item | None:
        """The note of the source whose voice, staff and instrument a new one takes."""
        notes = [item for item in self._run if item.kind in (Kind.NOTE, Kind.REST)]
        sounding = [item for item in notes if item.kind is Kind.NOTE] or notes
        before = [item for item in sounding if item.time <= slot.piece.start]
        found = before[-1:] or sounding[:1]
        return found[0] if found else None

    def _set_rhythm(self, note: NoteText, slot: Slot) -> None:
        piece = slot.piece
        whole = not piece.pitches and piece.length == self._bar.length
        tags = rhythm_tags(piece.length, self._divisions, triplet=slot.triplet, whole_rest=whole)
        for name, children in tags.items():
            note.put(name, children)
        note.put("tie", tie_tags(tied=piece.tied, ties=piece.ties)[0])

    def _set_notations(self, note: NoteText, slot: Slot) -> None:
        gone: set[str] = set()
        new: list[str] = []
        if not slot.kept:
            gone.add("tied")
            tied = tie_tags(tied=slot.piece.tied, ties=slot.piece.ties)[1]
            new += [self._layout.text(tag) for tag in tied]
        if slot.tuplet is not None or not slot.kept:
            gone.add("tuplet")
            new += [f'<tuplet type="{kind}"/>' for kind in slot.tuplet or ()]
        new += slot.spans
        if not new and not gone and not slot.dropped:
            return
        old = [text for name, _, text in note.parts if name == "notations"]
        texts = [_without(text, gone, slot.dropped) for text in old]
        texts = [text for text in texts if text]
        if new and texts:
            at = texts[0].index(">") + 1
            line = self._layout.deeper().line
            texts[0] = texts[0][:at] + "".join(line + one for one in new) + texts[0][at:]
        elif new:
            inside = self._layout.deeper().line
            body = "".join(inside + one for one in new)
            texts = [f"<notations>{body}{self._layout.line}</notations>"]
        if texts != old:
            note.put_texts("notations", texts)


def _divisions(value: Fraction) -> str:
    return f"<attributes><divisions>{decimal(value)}</divisions></attributes>"


def _without(text: str, tags: set[str], texts: set[str]) -> str:
    """A `<notations>` without some children; empty where nothing is left of it."""
    data = text.encode()
    root = parse(data)
    out = data[: root.inner]
    at, kept = root.inner, 0
    for child in root.children:
        plain = data[child.start : child.end].decode()
        # A tie that rings on (`let-ring`) is no tie to a note.
        ends = child.attributes.get("type") in ("start", "stop", "continue")
        if (child.tag in tags and ends) or plain in texts:
            at = child.end
            continue
        out += data[at : child.end]
        at, kept = child.end, kept + 1
    return (out + data[at:]).decode() if kept else ""
