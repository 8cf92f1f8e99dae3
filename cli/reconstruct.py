"""`arvae-music reconstruct FILE -o OUT`: what of a tune comes back from the model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from arvae_music.cli import options, show
from arvae_music.cli.reading import NOTHING_SAID, Reading, reads


@reads
def reconstruct(
    file: options.TuneFile,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="OUT", help="The tune that came back.", show_default=False),
    ],
    model: options.Model = "folk",
    reading: Reading = NOTHING_SAID,
    json: options.Json = None,
    force: options.Force = False,
) -> None:
    """Encode a tune and decode it again, and say how much of it came back.

    Example: arvae-music reconstruct data/examples/reel.mid -o back.mid
    """
    from arvae_music.formats.losses import losses

    out = options.check_output(output, json, force=force)
    source = reading.read(file)
    from arvae_music.control import load_model  # what can be refused without torch has been

    result = load_model(model).reconstruct(source)
    result.tune.write(out, force=force)
    found = (*source.notices, *losses(source, out))
    options.write_json(
        json,
        {
            "source": str(file),
            "output": str(out),
            "model": model,
            "ticks": result.ticks,
            "measures": result.measures,
            "count": result.count,
            "skipped": result.skipped,
            "notices": [notice.as_json() for notice in found],
        },
        force=force,
    )
    if not options.is_stdout(json):
        show.notices(found)
        skipped = f", {result.skipped} passed over" if result.skipped else ""
        show.line(
            f"{result.ticks:.2%} of the ticks and {result.measures:.2%} of the measures came back "
            f"({result.count} measures{skipped}); wrote {out}"
        )
