"""From a MIDI file to a melody."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from arvae_music.errors import ArvaeError
from arvae_music.formats.limits import content_of
from arvae_music.formats.midi_melody import PlainPart, understand
from arvae_music.formats.midi_parts import (
    Part,
    RawNote,
    choose_part,
    key_of,
    load,
    meters_of,
    parts_of,
    tempo_at,
    timed,
)
from arvae_music.formats.tune import Again, Notice, ReadOptions, Tune
from arvae_music.measures import measures
from arvae_music.melody import Melody, Note


@dataclass(frozen=True, slots=True)
class SourceNote:
    """A note of the melody as it was read, and as the file has it."""

    note: Note
    raw: RawNote


class EditedTrack(NamedTuple):
    """The melody's track after an edit, and how many of its MIDI ticks one of the source's is."""

    track: Any
    scale: int


class Made(NamedTuple):
    """The track that was made for a melody, None where nothing changed in it."""

    melody: Melody
    track: EditedTrack | None


@dataclass(frozen=True)
class MidiSource:
    """What an edit in place needs: the file, the melody's part, its notes, and how they were read.

    `made` is the track of the last edit, so that it need not be made again when it is written.
    """

    data: bytes
    midi: Any
    part: Part
    notes: tuple[SourceNote, ...]
    plain: PlainPart
    options: ReadOptions
    path: Path
    made: Made | None = field(default=None, compare=False, repr=False)

    def read_again(self, melody: Melody) -> Again:
        """See `midi_again.read_again`."""
        from arvae_music.formats import midi_again

        return midi_again.read_again(self, melody)


def read_midi(path: Path, options: ReadOptions) -> Tune:
    """The melody of a MIDI file; see `arvae_music.formats.read`."""
    data = content_of(path)
    midi = load(data, path)
    part = choose_part(parts_of(midi), options.part, path)
    plain = PlainPart(
        ticks_per_quarter=midi.ticks_per_beat,
        notes=part.notes,
        meters=meters_of(midi, part.track),
        end=max(tick for tick, _ in timed(midi.tracks[part.track])),
        tempo_at=lambda tick: tempo_at(midi, part.track, tick),
    )
    found = understand(plain, options, path)
    if not options.skyline and found.overlaps_everywhere:
        raise ArvaeError(
            f"{path}: notes overlap in every measure of part {part}: read its highest line with"
            " --skyline, or choose another part with --part"
        )
    melody = Melody(
        notes=tuple(sorted(found.notes)),
        bars=found.bars,
        title=part.track_name or path.stem,
        key=key_of(midi, part.track),
    )
    pairs = zip(found.notes, (part.notes[index] for index in found.kept), strict=True)
    notes = tuple(SourceNote(note, raw) for note, raw in pairs)
    source = MidiSource(data, midi, part, notes, plain, options, path)
    notices = [*_part_notices(part), *found.notices, *([] if options.quantize else _off_grid(melody))]
    return Tune(path, melody, source, tuple(notices))


def _off_grid(melody: Melody) -> list[Notice]:
    """How to read the measures that are passed over for what is off the grid."""
    rows = [
        row for row in measures(melody) if row.reason is not None and row.reason.startswith("off the grid")
    ]
    if not rows:
        return []
    are = "measures are" if len(rows) > 1 else "measure is"
    text = f"{len(rows)} {are} off the grid: give --quantize to move starts and ends to it"
    return [Notice("grid", text)]


def _part_notices(part: Part) -> list[Notice]:
    if not part.unsounding:
        return []
    plural = "notes" if part.unsounding > 1 else "note"
    text = f"{part.unsounding} {plural} without a length or an end stay in the file and are not read"
    return [Notice("unsounding", text)]
