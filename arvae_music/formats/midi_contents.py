"""What a MIDI file holds that no sheet does."""

from __future__ import annotations

from arvae_music.formats.contents import Content
from arvae_music.formats.midi_read import MidiSource
from arvae_music.formats.sheet import Sheet

_SOUND = frozenset(("program_change", "control_change", "pitchwheel", "aftertouch", "polytouch", "sysex"))


def contents(source: MidiSource, sheet: Sheet) -> dict[Content, int]:
    """How it is played; of a type 2 file, of the melody's track.

    Args:
        source: the file.
        sheet: what was read of it.
    """
    midi, part = source.midi, source.part
    tracks = [midi.tracks[part.track]] if midi.type == 2 else midi.tracks
    messages = [message for track in tracks for message in track]
    kinds = [message.type for message in messages]
    sounding = {
        (index, message.channel)
        for index, track in enumerate(tracks)
        for message in track
        if message.type == "note_on" and message.velocity
    }
    loud = {midi.tracks[part.track][known.raw.on].velocity for known in source.notes}
    sung = sum(message.type == "lyrics" and bool(message.text.strip(" -/\\\r\n")) for message in messages)
    return {
        Content.PARTS: len(sounding) - 1,
        Content.LOWER_NOTES: len(part.notes) + part.unsounding - len(source.notes),
        Content.TEMPO: kinds.count("set_tempo") - len(sheet.tempos),
        Content.LYRICS: sung - len(sheet.syllables),
        Content.TIMING: _played(source),
        Content.VELOCITIES: len(loud) if len(loud) > 1 else 0,
        Content.SOUND: len(_SOUND.intersection(kinds)),
    }


def _played(source: MidiSource) -> int:
    """Notes whose times in the file are not those that they are meant to have."""
    resolution = source.midi.ticks_per_beat
    return sum(
        known.raw.start != known.note.onset * resolution or known.raw.end != known.note.end * resolution
        for known in source.notes
    )
