"""A whole MusicXML score of one part from a melody and what its sheet says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from xml.sax.saxutils import escape

from arvae_music.formats.abc_edit import bars_of
from arvae_music.formats.abc_key import Key
from arvae_music.formats.abc_rhythm import Piece, written_rhythm
from arvae_music.formats.musicxml_note import (
    Layout,
    NoteText,
    Pitch,
    Signs,
    Tag,
    accidental_tag,
    pitch_tag,
    rhythm_tags,
    spelled_pitch,
    tie_tags,
)
from arvae_music.formats.musicxml_page import Page, Placed, identification, key_tag, tags_of
from arvae_music.formats.musicxml_slots import Slot, beat_cuts, set_beams, set_tuplets
from arvae_music.formats.sheet import EMPTY, Grace, KeyChange, Sheet, Spelling
from arvae_music.formats.sheet_fit import fitted, key_at
from arvae_music.melody import Bar, Melody, Note

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC '
    '"-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_LOW = 55
"""A tune whose middle pitch is below G3 is written in the bass clef."""


_NO_XML = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML can hold."""


def write_musicxml(melody: Melody, sheet: Sheet = EMPTY) -> str:
    """A score of one part with the signs of the sheet. Notes that sound together have voices of their own."""
    sheet = fitted(sheet, melody)
    root = Layout("\n  ", "  ")
    key = key_at(sheet, melody, Fraction(0))
    page = Page.of(sheet, melody)
    writer = _Writer(root.deeper().deeper(), key, _divisions(melody, sheet), page, sheet.spelling)
    measures = writer.measures(melody)
    title = escape(" ".join(melody.title.split()))
    names = [Tag("work", (Tag("work-title", title),))] if title else []
    told = identification(sheet.credits)
    names += [told] if told is not None else []
    listed = Tag("part-list", (Tag('score-part id="P1"', (Tag("part-name", "Melody"),)),))
    head = "".join(root.line + root.text(tag) for tag in [*names, listed])
    body = "".join(measures)
    part = f'{root.line}<part id="P1">{body}{root.line}</part>'
    return _NO_XML.sub("", f'{_HEAD}<score-partwise version="4.0">{head}{part}\n</score-partwise>\n')


def _divisions(melody: Melody, sheet: Sheet) -> Fraction:
    """Divisions of a quarter that hold every time of the tune."""
    times = [time for note in melody.notes for time in (note.onset, note.end)]
    times += [bar.start for bar in melody.bars] + [bar.end for bar in melody.bars]
    times += [one.time for signs in (sheet.chords, sheet.texts, sheet.tempos, sheet.keys) for one in signs]
    return Fraction(lcm(1, *(time.denominator for time in times)))


def _voices(notes: Sequence[Note]) -> list[list[Note]]:
    """Notes in lines in which none starts while another sounds, unless they also end together."""
    voices: list[list[Note]] = []
    for note in sorted(notes, key=lambda note: (note.onset, -note.pitch)):
        span = note.onset, note.end
        fits = (v for v in voices if v[-1].end <= note.onset or (v[-1].onset, v[-1].end) == span)
        voice = next(fits, None)
        if voice is None:
            voices.append([note])
        else:
            voice.append(note)
    return voices or [[]]


@dataclass
class _Writer:
    """Writes measure after measure; `layout` is that of a measure's children."""

    layout: Layout
    key: Key | None
    divisions: Fraction
    page: Page
    spelling: Spelling
    names: dict[int, Pitch] = field(default_factory=dict)

    def measures(self, melody: Melody) -> Iterator[str]:
        """The text of every measure."""
        voices = [bars_of(melody.with_notes(notes)) for notes in _voices(melody.notes)]
        for index, bar in enumerate(melody.bars):
            rows = [voice[index] for voice in voices]
            yield from self._measure(melody, index, bar, rows)

    def _measure(
        self, melody: Melody, index: int, bar: Bar, rows: Sequence[Sequence[Piece]]
    ) -> Iterator[str]:
        line = self.layout.line
        implicit = ' implicit="yes"' if bar.number == 0 else ""
        yield f'{self.layout.closing}<measure number="{bar.number}"{implicit}>'
        left, right = self.page.lines[index]
        yield from (line + self.layout.text(tag) for tag in [left] if tag is not None)
        attributes = self._attributes(melody, index)
        if attributes:
            yield line + self.layout.text(Tag("attributes", tuple(attributes)))
        signs = Signs(self.key.steps if self.key is not None else {})
        written = [(number, row) for number, row in enumerate(rows, 1) if number == 1 or _sounds(row)]
        for number, row in written:
            if number > 1:
                back = Tag("backup", (Tag("duration", str(bar.length * self.divisions)),))
                yield line + self.layout.text(back)
            last = index + 1 == len(melody.bars)
            for text in self._voice(index, bar, row, number, signs, last=last):
                yield line + text
        yield from (line + self.layout.text(tag) for tag in [right] if tag is not None)
        yield self.layout.closing + "</measure>"

    def _attributes(self, melody: Melody, index: int) -> list[Tag]:
        bar = melody.bars[index]
        changed = self.page.key_at_start(index, bar.start)
        self.key = changed or self.key
        tags = [] if index else [Tag("divisions", str(self.divisions))]
        if self.key is not None and (changed is not None or not index):
            tags.append(key_tag(self.key))
        if not index or bar.meter != melody.bars[index - 1].meter:
            tags.append(_time_tag(bar))
        return tags if index else [*tags, _clef_tag(melody.notes)]

    def _voice(
        self, index: int, bar: Bar, pieces: Sequence[Piece], voice: int, signs: Signs, *, last: bool
    ) -> Iterator[str]:
        waiting = self.page.inside(index, bar.start) if voice == 1 else []
        keys = {sign.time - bar.start for sign in waiting if isinstance(sign, KeyChange)}
        rhythm = written_rhythm(pieces, bar.meter, beat_cuts(pieces, bar.meter) | keys)
        slots = [Slot(part, triplet=rhythm.triplet_at(part) is not None) for part in rhythm.pieces]
        set_beams([], slots, bar.meter)
        set_tuplets(slots)
        for slot in slots:
            end = bar.start + slot.piece.end
            while waiting and waiting[0].time < end and not getattr(waiting[0], "at_end", False):
                yield from self._between(waiting.pop(0), bar.start + slot.piece.start, signs)
            ties = slot.piece.ties and not (last and slot.piece.end == bar.length)
            yield from self._notes(bar, slot, str(voice), signs, ties=ties)
        for sign in waiting:
            yield from self._between(sign, max(sign.time, bar.end), signs)

    def _between(self, sign: Placed, now: Fraction, signs: Signs) -> Iterator[str]:
        if isinstance(sign, KeyChange):
            self.key = sign.key
            signs.steps = sign.key.steps
        for tag in tags_of(sign, (sign.time - now) * self.divisions):
            yield self.layout.text(tag)

    def _notes(self, bar: Bar, slot: Slot, voice: str, signs: Signs, *, ties: bool) -> Iterator[str]:
        piece = slot.piece
        start = bar.start + piece.start
        for grace in self.page.graces_of(slot, start):
            yield from self._graces(grace, voice, signs)
        for place, midi in enumerate(piece.pitches or (None,)):
            note = NoteText(self.layout.deeper())
            self._pitch(note, midi, piece, signs, start, whole=piece.length == bar.length)
            rhythm = rhythm_tags(
                piece.length, self.divisions, triplet=slot.triplet, whole_rest=_is_whole(slot, bar)
            )
            for name, tags in rhythm.items():
                note.put(name, tags)
            note.put("voice", [Tag("voice", voice)])
            tie, tied = tie_tags(tied=piece.tied, ties=ties)
            note.put("tie", tie)
            if place:
                note.put("chord", [Tag("chord")])
            else:
                note.put("beam", slot.beams or [])
                tied += [Tag(f'tuplet type="{kind}"') for kind in slot.tuplet or ()]
                tied += self.page.notations_of(slot, bar.start)
                note.put("lyric", self.page.lyrics_of(slot, start))
            note.put("notations", [Tag("notations", tuple(tied))] if tied else [])
            yield str(note)

    def _graces(self, grace: Grace, voice: str, signs: Signs) -> Iterator[str]:
        for one in grace.pitches:
            note = NoteText(self.layout.deeper())
            octave = (one.pitch - one.alteration) // 12 - 1
            pitch = Pitch(one.step, octave, one.alteration)
            note.put("grace", [Tag('grace slash="yes"' if grace.slash else "grace")])
            note.put("pitch", [pitch_tag(*pitch)])
            note.put("voice", [Tag("voice", voice)])
            note.put("type", [Tag("type", "eighth" if len(grace.pitches) == 1 else "16th")])
            if signs.needs(pitch) and abs(pitch.alter) <= 2:
                note.put("accidental", [accidental_tag(pitch.alter)])
            yield str(note)

    def _pitch(
        self, note: NoteText, midi: int | None, piece: Piece, signs: Signs, time: Fraction, *, whole: bool
    ) -> None:
        if midi is None:
            note.put("rest", [Tag('rest measure="yes"' if whole else "rest")])
            return
        pitch = self.names.get(midi) if piece.tied else None
        if pitch is None:
            pitch = self.names[midi] = self._spelled(midi, signs, time)
        if not piece.tied and signs.needs(pitch):
            note.put("accidental", [accidental_tag(pitch.alter)])
        note.put("pitch", [pitch_tag(*pitch)])

    def _spelled(self, midi: int, signs: Signs, time: Fraction) -> Pitch:
        """A note's name: the source's, or else one by the key."""
        name = self.spelling.get((time, midi))
        if name is None or abs(name[1]) > 2:
            return spelled_pitch(midi, signs.steps, _NOTHING)
        return Pitch(name[0], (midi - name[1]) // 12 - 1, name[1])


_NOTHING: Mapping[int, tuple[str, int]] = {}


def _sounds(row: Sequence[Piece]) -> bool:
    return any(piece.pitches for piece in row)


def _is_whole(slot: Slot, bar: Bar) -> bool:
    return not slot.piece.pitches and slot.piece.length == bar.length


def _time_tag(bar: Bar) -> Tag:
    if bar.problem == "no meter is given":
        return Tag("time", (Tag("senza-misura"),))
    beats, unit = str(bar.meter.numerator), str(bar.meter.denominator)
    return Tag("time", (Tag("beats", beats), Tag("beat-type", unit)))


def _clef_tag(notes: Sequence[Note]) -> Tag:
    pitches = sorted(note.pitch for note in notes)
    low = bool(pitches) and pitches[len(pitches) // 2] < _LOW
    sign, line = ("F", "4") if low else ("G", "2")
    return Tag("clef", (Tag("sign", sign), Tag("line", line)))
