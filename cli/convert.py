"""`arvae-music convert A B`: the same tune in another format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from arvae_music.cli import options, show

from arvae_music.errors import UsageError


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
    part: options.Part = None,
    pickup: options.Pickup = None,
    tune: options.TuneNumber = None,
    quantize: options.Quantize = False,
    skyline: options.Skyline = False,
    json: options.Json = None,
    force: options.Force = False,
) -> None:
    """Write a tune in another format, and say what that format does not hold.

    Example: arvae-music convert data/examples/jig.abc jig.mid
    """
    from arvae_music.formats import format_of, read
    from arvae_music.formats.losses import losses
    from arvae_music.measures import measures

    out = options.check_output(output, json, force=force)
    if format_of(file) is format_of(out):
        raise UsageError(f"{file} and {out} are of the same format: name an output of another one")
    source = read(file, part=part, pickup=pickup, tune=tune, quantize=quantize, skyline=skyline)
    source.write(out, force=force)
    found = (*source.notices, *losses(source, out))
    count = len(measures(source.melody))
    options.write_json(
        json,
        {
            "source": str(file),
            "output": str(out),
            "measures": count,
            "notes": len(source.melody.notes),
            "notices": show.notices_json(found),
        },
        force=force,
    )
    if not options.is_stdout(json):
        show.notices(found)
        show.line(f"{count} measures with {len(source.melody.notes)} notes; wrote {out}")
