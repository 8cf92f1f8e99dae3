"""`arvae-music convert A B`: the same tune in another format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from arvae_music.cli import options, show
from arvae_music.cli.reading import NOTHING_SAID, Reading, reads

from arvae_music.errors import UsageError


@reads
def convert(
    file: Annotated[
        Path, typer.Argument(metavar="A", help="A MIDI, ABC or MusicXML file.", show_default=False)
    ],
    output: Annotated[
        Path,
        typer.Argument(
            metavar="B",
            help="The same tune: its extension says the format (.mid, .abc, .musicxml, .mxl).",
            show_default=False,
        ),
    ],
    reading: Reading = NOTHING_SAID,
    json: options.Json = None,
    force: options.Force = False,
) -> None:
    """Write a tune in another format, with all that the format can hold, and say what it cannot.

    Repeats and endings, chord symbols, tempo, keys, words, lyrics, ornaments and slurs go along between
    ABC and MusicXML; MIDI takes tempo, keys, texts and lyrics.

    Example: arvae-music convert data/examples/jig.abc jig.mid
    """
    from arvae_music.formats import format_of
    from arvae_music.formats.losses import losses
    from arvae_music.measures import measures

    out = options.check_output(output, json, force=force)
    if format_of(file) is format_of(out):
        raise UsageError(f"{file} and {out} are of the same format: name an output of another one")
    source = reading.read(file)
    source.write(out, force=force)
    # What becomes of lyrics where notes change is nothing to tell here: none do.
    read_so = (notice for notice in source.notices if notice.code != "lyrics")
    found = (*read_so, *losses(source, out))
    count = len(measures(source.melody))
    options.write_json(
        json,
        {
            "source": str(file),
            "output": str(out),
            "measures": count,
            "notes": len(source.melody.notes),
            "notices": [notice.as_json() for notice in found],
        },
        force=force,
    )
    if not options.is_stdout(json):
        show.notices(found)
        show.line(f"{count} measures with {len(source.melody.notes)} notes; wrote {out}")
