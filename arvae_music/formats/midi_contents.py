"""What a MIDI file holds beside its melody."""

from __future__ import annotations

from arvae_music.formats.contents import Content, counted
from arvae_music.formats.midi_read import MidiSource

_TEXTS = frozenset(("text", "copyright", "marker", "cue_marker"))
_SOUND = frozenset(("program_change", "control_change", "pitchwheel", "aftertouch", "polytouch", "sysex"))


def contents(source: MidiSource) -> dict[Content, str]:
    """Everything else of the file; of a type 2 file, of the melody's track."""
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
    keys = [message.key for message in messages if message.type == "key_signature"]
    found = counted(
        {
            Content.PARTS: (len(sounding) - 1, "other part"),
            Content.LOWER_NOTES: (len(part.notes) + part.unsounding - len(source.notes), "lower note"),
            Content.LYRICS: (kinds.count("lyrics"), "syllable of lyrics"),
            Content.KEY_CHANGES: (len(set(keys)) - 1 if keys else 0, "change of key"),
            Content.TEXTS: (sum(kind in _TEXTS for kind in kinds), "text"),
            Content.TEMPO: (kinds.count("set_tempo"), "mark of tempo"),
        }
    )
    if played := _played(source):
        found[Content.TIMING] = f"the played timing of {played} notes"
    if len(loud) > 1:
        found[Content.VELOCITIES] = "the notes' velocities"
    if _SOUND.intersection(kinds):
        found[Content.SOUND] = "programs, controllers and the like"
    return found


def _played(source: MidiSource) -> int:
    """Notes whose times in the file are not those that they are meant to have."""
    resolution = source.midi.ticks_per_beat
    return sum(
        known.raw.start != known.note.onset * resolution or known.raw.end != known.note.end * resolution
        for known in source.notes
    )
