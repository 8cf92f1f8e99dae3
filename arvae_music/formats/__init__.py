"""Files: one module per format, each reading a `Tune` and writing one back.

The extension says the format. Times are exact, repeats are not played out, and measures are the
notated ones.
"""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

from arvae_music.errors import ArvaeError, UsageError
from arvae_music.formats.midi import MidiFormat
from arvae_music.formats.musicxml import MusicXmlFormat
from arvae_music.formats.notation import AbcFormat
from arvae_music.formats.tune import Format, Notice, ReadOptions, Tune, refuse_foreign

__all__ = ["FORMATS", "Format", "Notice", "ReadOptions", "Tune", "format_of", "read", "suffixes"]

FORMATS: tuple[Format, ...] = (
    MidiFormat(),
    AbcFormat(),
    MusicXmlFormat((".musicxml", ".xml"), compressed=False),
    MusicXmlFormat((".mxl",), compressed=True),
)
"""Every format that can be read."""


def suffixes() -> tuple[str, ...]:
    """Every extension that can be read, in lower case and with the dot."""
    return tuple(suffix for known in FORMATS for suffix in known.suffixes)


def format_of(path: str | os.PathLike[str]) -> Format:
    """The format that the file's extension says.

    Raises:
        UsageError: it says none that is known.
    """
    suffix = Path(path).suffix.lower()
    for known in FORMATS:
        if suffix in known.suffixes:
            return known
    ending = f"the extension '{suffix}'" if suffix else "no extension"
    raise UsageError(f"{path} has {ending}: name a file that ends in {', '.join(suffixes())}")


def read(
    path: str | os.PathLike[str],
    *,
    part: int | str | None = None,
    pickup: float | Fraction | None = None,
    tune: int | str | None = None,
    quantize: bool = False,
    skyline: bool = False,
) -> Tune:
    """Read the melody of a file.

    Args:
        path: a MIDI, ABC or MusicXML file.
        part: number (from 1) or name of the melody's part, where the file has several.
        pickup: length of the pickup at the start of a MIDI file, in the unit of the meter's
            denominator: one eighth is 1 in 6/8 and 0.5 in 4/4. 0 says that there is none; None
            looks for one.
        tune: number of the tune in a book of tunes.
        quantize: move every note of a MIDI file to the grid.
        skyline: where notes sound together, read the highest line.

    Raises:
        UsageError: an option that makes no sense for this file.
        ArvaeError: the file cannot be read, or it cannot be told which of its parts is meant.
    """
    file = Path(path)
    if file.is_dir():
        raise ArvaeError(f"{file} is a folder: name a file in it")
    if not file.exists():
        raise ArvaeError(f"{file} does not exist: check the name and the folder")
    chosen = format_of(file)
    if not file.is_file():
        raise ArvaeError(f"{file} is a device or a pipe: name a file")
    options = ReadOptions(part, pickup, tune, quantize, skyline)
    refuse_foreign(file, options, chosen.options)
    return chosen.read(file, options)
