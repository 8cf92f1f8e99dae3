"""What a MusicXML score is made of: parts, measures, and what stands in them and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

from arvae_music.formats.abc_voice import numbered
from arvae_music.formats.musicxml_tree import Element, number_in
from arvae_music.melody import Bar, Melody, Note
from arvae_music.meter import Meter


class Kind(Enum):
    """What an item does."""

    NOTE = "note"
    REST = "rest"
    GRACE = "grace"
    FORWARD = "forward"
    BACKUP = "backup"
    OTHER = "other"


@dataclass(slots=True)
class Item:
    """A child of a `<measure>`.

    Attributes:
        element: where it stands.
        kind: what it does.
        time: quarter notes from the bar's start.
        length: quarter notes that it takes.
        staff, voice: as written, empty where they are not.
        pitch: MIDI, or None.
        divisions: of a quarter, in its numbers.
        tied, ties: the note goes on the one before, goes on in the next one.
    """

    element: Element
    kind: Kind
    time: Fraction
    length: Fraction = Fraction(0)
    staff: str = ""
    voice: str = ""
    pitch: int | None = None
    divisions: Fraction = Fraction(1)
    tied: bool = False
    ties: bool = False

    @property
    def end(self) -> Fraction:
        """Where it ends, in quarter notes from the bar's start."""
        return self.time + self.length

    @property
    def name(self) -> tuple[str, int, int]:
        """Step, octave and alteration in semitones of a note."""
        pitch = self.element.first("pitch")
        assert pitch is not None  # noqa: S101 - only asked of notes
        octave, alter = (int(number_in(pitch.word(tag) or "0")) for tag in ("octave", "alter"))
        return pitch.word("step"), octave, alter


@dataclass(slots=True)
class XmlBar:
    """A `<measure>`; `steps` are its key's alterations by letter."""

    element: Element
    steps: dict[str, int]
    items: list[Item] = field(default_factory=list)
    length: Fraction = Fraction(0)
    meter: Meter | None = None
    problem: str | None = None


@dataclass(slots=True)
class XmlPart:
    """A `<part>`; `staves` is how many staves it has, `key` its first key as ABC writes it."""

    name: str
    bars: list[XmlBar]
    staves: int = 1
    key: str | None = None


def in_staff(item: Item, staff: str | None) -> bool:
    """Whether an item is on a staff; what names none is on the first."""
    return staff is None or (item.staff or "1") == staff


def melody_of(part: XmlPart, staff: str | None, title: str) -> Melody:
    """The notes and bars of a staff; says in its items which notes are tied."""
    notes: list[Note] = []
    bars: list[Bar] = []
    open_ties: dict[int, tuple[int, Item]] = {}
    now = Fraction(0)
    for bar in part.bars:
        sounding = [item for item in bar.items if item.kind is Kind.NOTE and in_staff(item, staff)]
        for item in sorted(sounding, key=lambda item: item.time):
            _add(notes, open_ties, now, item)
        length = bar.length or (bar.meter or Meter(4, 4)).length
        problem = bar.problem if bar.meter is not None else "no meter is given"
        bars.append(Bar(0, now, length, bar.meter or Meter(4, 4), problem))
        now += length
    return Melody(tuple(sorted(notes)), tuple(numbered(bars)), title, part.key)


def _add(notes: list[Note], open_ties: dict[int, tuple[int, Item]], now: Fraction, item: Item) -> None:
    if item.pitch is None or not item.length:
        return
    onset = now + item.time
    kinds = {tie.attributes.get("type") for tie in item.element.all("tie")}
    index, before = open_ties.pop(item.pitch, (-1, None))
    if "stop" in kinds and before is not None and notes[index].end == onset:
        notes[index] = Note(notes[index].onset, notes[index].duration + item.length, item.pitch)
        item.tied = before.ties = True
    else:
        index = len(notes)
        notes.append(Note(onset, item.length, item.pitch))
    if "start" in kinds:
        open_ties[item.pitch] = (index, item)
