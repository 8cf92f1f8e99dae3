"""`--audio` and `--soundfont`, for the commands that make a tune."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from arvae_music.cli import options

from arvae_music.errors import UsageError

Audio = Annotated[
    Path | None,
    typer.Option(
        "--audio",
        metavar="OUT.wav",
        help="Render the tune as sound, with all parts of a MIDI file (extra: audio).",
        show_default=False,
    ),
]
Soundfont = Annotated[
    Path | None,
    typer.Option(
        "--soundfont",
        metavar="FILE.sf2",
        help="The instruments of --audio, played by FluidSynth; plain tones if not given (extra: soundfont).",
        show_default=False,
    ),
]


def check(audio: Path | None, soundfont: Path | None, json: Path | None, *, force: bool) -> None:
    """Refuse a sound that cannot be made before the work rather than after it.

    Raises:
        UsageError: `--soundfont` without `--audio` or of no sound font, an extension other than `.wav`,
            an existing file without `--force`, or `--json` names it too.
        ArvaeError: pretty_midi is not installed, or FluidSynth where it is needed.
    """
    from arvae_music.control.audio import check_audio

    if audio is None:
        if soundfont is not None:
            raise UsageError("--soundfont says how --audio sounds: give --audio OUT.wav, too")
        return
    check_audio(audio, soundfont=soundfont, force=force)
    options.check_apart(audio, "--audio", json)
