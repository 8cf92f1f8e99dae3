"""MIDI: read, edited in place, and written from nothing."""

from __future__ import annotations

from pathlib import Path

from arvae_music.formats.midi_edit import edited
from arvae_music.formats.midi_read import MidiSource, read_midi
from arvae_music.formats.midi_write import midi_bytes
from arvae_music.formats.sheets import sheet_of
from arvae_music.formats.tune import ReadOptions, Tune


class MidiFormat:
    """Standard MIDI files of types 0, 1 and 2."""

    suffixes = (".mid", ".midi")
    options = frozenset({"part", "pickup", "quantize", "skyline"})

    def read(self, path: Path, options: ReadOptions) -> Tune:
        """The melody of one part."""
        return read_midi(path, options)

    def write(self, tune: Tune) -> bytes:
        """The source with the changed notes, where it is MIDI; else a new file."""
        if isinstance(tune.source, MidiSource):
            return edited(tune.source, tune.melody)
        return midi_bytes(tune.melody, sheet_of(tune))
