"""What a tune's file says beside its melody, whatever its format is."""

from __future__ import annotations

from arvae_music.formats.sheet import EMPTY, Sheet
from arvae_music.formats.tune import Tune


def sheet_of(tune: Tune) -> Sheet:
    """The sheet of the tune's source; of a tune without one, an empty one."""
    from arvae_music.formats import abc_sheet, midi_sheet, musicxml_sheet
    from arvae_music.formats.abc_edit import AbcSource
    from arvae_music.formats.midi_read import MidiSource
    from arvae_music.formats.musicxml_edit import MusicXmlSource

    source = tune.source
    if isinstance(source, Sheet):  # a tune that was made, and read from no file
        return source
    if isinstance(source, AbcSource):
        return abc_sheet.sheet_of(source)
    if isinstance(source, MusicXmlSource):
        return musicxml_sheet.sheet_of(source)
    return midi_sheet.sheet_of(source, tune.melody) if isinstance(source, MidiSource) else EMPTY
