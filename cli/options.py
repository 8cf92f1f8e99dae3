"""Arguments and options that commands share, and what goes with them."""

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from arvae_music.errors import UsageError

TuneFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="A MIDI, ABC or MusicXML file.", show_default=False)
]
Corpus = Annotated[
    list[str],
    typer.Argument(
        metavar="CORPUS",
        help="folk, bach, or files and folders of MIDI, ABC and MusicXML.",
        show_default=False,
    ),
]
Model = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="A bundled model, a checkpoint file, or the folder of a training run.",
    ),
]
Attr = Annotated[
    list[str] | None,
    typer.Option(
        "--attr",
        metavar="NAME CHANGE",
        help="An attribute (density, range, contour, complexity) and its change: +2 or -2 (relative), "
        "8 or =-3 (absolute), +1.5sd (in standard deviations). May be given again.",
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Write over existing files.")]
Json = Annotated[
    Path | None,
    typer.Option(
        "--json",
        metavar="FILE",
        help="Write the result as JSON to this file; - is standard output, and nothing else goes there.",
        show_default=False,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        metavar="N",
        help="Processes that read files; by default as many as there are cores, and fewer for few files.",
        show_default=False,
    ),
]
Dask = Annotated[
    str | None,
    typer.Option(
        "--dask",
        metavar="ADDRESS",
        help="Read on a Dask cluster, whose workers find the files under the same paths (extra: dask).",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Makes the command repeatable.")]
Part = Annotated[
    str | None,
    typer.Option(
        "--part", metavar="PART", help="The part with the melody, by number or name.", show_default=False
    ),
]
Pickup = Annotated[
    float | None,
    typer.Option(
        "--pickup",
        metavar="BEATS",
        min=0,
        help="Length of a MIDI file's pickup, in notes of the meter's lower number: 1 is an eighth in 6/8, "
        "0 is no pickup; found if not given.",
        show_default=False,
    ),
]
TuneNumber = Annotated[
    int | None,
    typer.Option(
        "--tune", metavar="N", min=1, help="The tune of a tune book, by its number.", show_default=False
    ),
]
Quantize = Annotated[bool, typer.Option("--quantize", help="Move notes that lie off the grid onto it.")]
Skyline = Annotated[
    bool, typer.Option("--skyline", help="Where notes sound together, take the highest as the melody.")
]


def is_stdout(path: Path | None) -> bool:
    """Whether `--json -` was given: then standard output is the program's and all else is silent."""
    return path is not None and str(path) == "-"


def check_json(path: Path | None, *, force: bool) -> None:
    """Refuse an existing file before the work rather than after it.

    Raises:
        UsageError: the file exists and `--force` is not given, or cannot be made.
    """
    from arvae_music.files import check_free

    if path is not None and not is_stdout(path):
        check_free(path, force=force)


def check_apart(
    path: Path, named_for: str, json: Path | None, advice: str = "give one of them another name"
) -> None:
    """Refuse a file that is named for something else and for `--json`.

    Raises:
        UsageError: the two are one.
    """
    if json is not None and not is_stdout(json) and json.resolve() == path.resolve():
        raise UsageError(f"{path} is named for {named_for} and for --json: {advice}")


def check_output(output: Path, json: Path | None, *, force: bool) -> Path:
    """The tune to write, refused before the work rather than after it, and `--json` with it.

    Raises:
        UsageError: the extension is no format's, a file exists and `--force` is not given, or the two
            are one.
    """
    from arvae_music.files import check_free
    from arvae_music.formats import format_of

    if not output.is_dir():  # which check_free says better
        format_of(output)
    check_json(json, force=force)
    check_apart(output, "the tune", json, "give the report another name")
    return check_free(output, force=force)


def write_json(path: Path | None, result: Any, *, force: bool) -> None:
    """Write `result` where `--json` says, whole or not at all. Without `--json` nothing.

    What is not a number (the mean of nothing) is null: JSON has no other word for it.
    """
    import json

    from arvae_music.files import atomic_write

    if path is None:
        return
    text = json.dumps(_plain(result), ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    if is_stdout(path):
        typer.echo(text, nl=False)
    else:
        atomic_write(path, text, force=force)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
