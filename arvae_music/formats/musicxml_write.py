"""A whole MusicXML score from a melody alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from xml.sax.saxutils import escape

from arvae_music.formats.abc_edit import bars_of
from arvae_music.formats.abc_key import Key, parse_key
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
from arvae_music.formats.musicxml_slots import Slot, beat_cuts, set_beams, set_tuplets
from arvae_music.melody import Bar, Melody, Note

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC '
    '"-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_MODES = {"": "major", "m": "minor", "dor": "dorian", "phr": "phrygian", "lyd": "lydian", "mix": "mixolydian",
          "loc": "locrian"}  # fmt: skip
_LOW = 55
"""A tune whose middle pitch is below G3 is written in the bass clef."""


def write_musicxml(melody: Melody) -> str:
    """A score of one part. Notes that sound together have voices of their own; repeats are not made up."""
    root = Layout("\n  ", "  ")
    key = parse_key(melody.key) if melody.key is not None else None
    writer = _Writer(root.deeper().deeper(), key, _divisions(melody))
    measures = writer.measures(melody)
    title = escape(" ".join(melody.title.split()))
    names = [Tag("work", (Tag("work-title", title),))] if title else []
    listed = Tag("part-list", (Tag('score-part id="P1"', (Tag("part-name", "Melody"),)),))
    head = "".join(root.line + root.text(tag) for tag in [*names, listed])
    body = "".join(measures)
    part = f'{root.line}<part id="P1">{body}{root.line}</part>'
    return f'{_HEAD}<score-partwise version="4.0">{head}{part}\n</score-partwise>\n'


def _divisions(melody: Melody) -> Fraction:
    """Divisions of a quarter that hold every time of the tune."""
    times = [time for note in melody.notes for time in (note.onset, note.end)]
    times += [bar.start for bar in melody.bars] + [bar.end for bar in melody.bars]
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
            for text in self._notes(bar, row, str(number), signs, last=last):
                yield line + text
        if style := _bar_style(melody.bars, index):
            yield line + self.layout.text(Tag('barline location="right"', (Tag("bar-style", style),)))
        yield self.layout.closing + "</measure>"

    def _attributes(self, melody: Melody, index: int) -> list[Tag]:
        bar = melody.bars[index]
        tags = []
        if not index:
            tags.append(Tag("divisions", str(self.divisions)))
            tags += [_key_tag(self.key)] if self.key is not None else []
        if not index or bar.meter != melody.bars[index - 1].meter:
            tags.append(_time_tag(bar))
        if not index:
            tags.append(_clef_tag(melody.notes))
        return tags

    def _notes(
        self, bar: Bar, pieces: Sequence[Piece], voice: str, signs: Signs, *, last: bool
    ) -> Iterator[str]:
        rhythm = written_rhythm(pieces, bar.meter, beat_cuts(pieces, bar.meter))
        slots = [Slot(part, triplet=rhythm.triplet_at(part) is not None) for part in rhythm.pieces]
        set_beams([], slots, bar.meter)
        set_tuplets(slots)
        for slot in slots:
            ties = slot.piece.ties and not (last and slot.piece.end == bar.length)
            for place, midi in enumerate(slot.piece.pitches or (None,)):
                note = NoteText(self.layout.deeper())
                self._pitch(note, midi, slot.piece, signs, whole=slot.piece.length == bar.length)
                for name, tags in rhythm_tags(
                    slot.piece.length, self.divisions, triplet=slot.triplet, whole_rest=_is_whole(slot, bar)
                ).items():
                    note.put(name, tags)
                note.put("voice", [Tag("voice", voice)])
                tie, tied = tie_tags(tied=slot.piece.tied, ties=ties)
                note.put("tie", tie)
                if place:
                    note.put("chord", [Tag("chord")])
                else:
                    note.put("beam", slot.beams or [])
                    tied += [Tag(f'tuplet type="{kind}"') for kind in slot.tuplet or ()]
                note.put("notations", [Tag("notations", tuple(tied))] if tied else [])
                yield str(note)

    def _pitch(self, note: NoteText, midi: int | None, piece: Piece, signs: Signs, *, whole: bool) -> None:
        if midi is None:
            note.put("rest", [Tag('rest measure="yes"' if whole else "rest")])
            return
        pitch = self.names.get(midi) if piece.tied else None
        if pitch is None:
            pitch = self.names[midi] = spelled_pitch(midi, signs.steps, _NOTHING)
        if not piece.tied and signs.needs(pitch):
            note.put("accidental", [accidental_tag(pitch.alter)])
        note.put("pitch", [pitch_tag(*pitch)])


_NOTHING: Mapping[int, tuple[str, int]] = {}


def _sounds(row: Sequence[Piece]) -> bool:
    return any(piece.pitches for piece in row)


def _is_whole(slot: Slot, bar: Bar) -> bool:
    return not slot.piece.pitches and slot.piece.length == bar.length


def _key_tag(key: Key) -> Tag:
    name = (key.name or "").lstrip("ABCDEFG").lstrip("#b")
    mode = (Tag("mode", _MODES[name]),) if key.name is not None and name in _MODES else ()
    return Tag("key", (Tag("fifths", str(sum(key.steps.values()))), *mode))


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


def _bar_style(bars: Sequence[Bar], index: int) -> str | None:
    """The end of the tune, and of a strain whose last bar the pickup of the next one completes."""
    if index + 1 == len(bars):
        return "light-heavy"
    bar, following = bars[index], bars[index + 1]
    strain = bar.length < bar.meter.length and bar.length + following.length == bar.meter.length
    return "light-light" if strain else None
