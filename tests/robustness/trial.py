"""One file, and all that a user may do with it: read, edit and write in place, convert, read again."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from arvae_music import attributes, read
from arvae_music.control.readable import readable
from arvae_music.errors import ArvaeError
from arvae_music.formats.tune import Tune
from arvae_music.measures import Measure, measures
from arvae_music.tokens import HOLD, PAD, Tokens
from tests.robustness.tally import Outcome

_EDITED = 12
"""Measures of a tune that are edited."""

_CONVERTED = (".mid", ".abc", ".musicxml", ".mxl")


class _WrongLineError(Exception):
    """A refusal that is not one line with the file's name and a cause."""


def other_tokens(row: Measure, old: Tokens) -> Tokens:
    """A note on every beat, and one where a pickup is joined; what is tied over its end stays."""
    pitches = [int(token) for token in old if token >= 0] or [row.tie_in or row.tie_out or 60]
    new = old.copy()
    new[old != PAD] = HOLD
    own = int((old != PAD).sum())
    places = sorted({*range(0, own, 6), *([] if row.join_tick is None else [row.join_tick])})
    for count, tick in enumerate(places):
        new[tick] = min(max(pitches[0] + (0, 2, 4, 2)[count % 4], 0), 127)
    if row.tie_in is not None:
        new[0] = HOLD
    if row.tie_out is not None:
        last = places[-1] if places[-1] or row.tie_in is None else 6
        new[last:own] = HOLD
        new[last] = row.tie_out
    return new


def edited(tune: Tune) -> Tune:
    """The tune with some measures written anew, by the way that an edit by a model takes."""
    rows = measures(tune.melody)
    usable = [i for i, row in enumerate(rows) if row.tokens is not None]
    chosen = usable[:: max(1, len(usable) // _EDITED)][:_EDITED]
    edits = {i: other_tokens(rows[i], np.asarray(rows[i].tokens)) for i in chosen}
    return readable(tune, rows, edits).tune


def attempt(path: Path, out: Path, number: int) -> Outcome:
    """Do all of it with one file; outputs go to the empty folder `out`, which is left empty.

    A success is one where everything that was written can be read again.
    """
    try:
        outcome = _attempted(path, out, number)
    except _WrongLineError as error:
        outcome = Outcome("leak", str(error))
    except MemoryError:
        outcome = Outcome("memory", _place())
    except Exception as error:
        outcome = Outcome("crash", f"{type(error).__name__}: {str(error)[:200]} at {_place()}")
    left = sorted(out.iterdir())
    for file in left:
        file.unlink()
    return Outcome("partial", f"left {left[0].name}") if left else outcome


def _place() -> str:
    """Where the last exception comes from, within the package and at its end."""
    frames = traceback.extract_tb(__import__("sys").exc_info()[2])
    own = [
        f for f in frames if "arvae_music" in f.filename or "/cli/" in f.filename or "/data/" in f.filename
    ]
    return " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in (frames[-1], *own[::-1][:4]))


def _attempted(path: Path, out: Path, number: int) -> Outcome:
    options: dict[str, int | str | bool] = {}
    try:
        tune = read(path)
    except ArvaeError as error:
        said = _line(error, path)
        if "--part" in said:
            options["part"] = 1
        elif "--tune" in said and "X:" in said:
            options["tune"] = said.split("X:")[1].split(",")[0].split(" ")[0].rstrip(")")
        elif "--skyline" not in said:
            return Outcome("refused", said)
    if path.suffix == ".mid":
        options |= (dict[str, bool](), {"quantize": True}, {"skyline": True}, {})[number % 4]
    try:
        tune = read(path, **options)  # type: ignore[arg-type]
    except ArvaeError as error:
        return Outcome("refused", _line(error, path))
    list(attributes(tune))
    refused = []
    if number % 2 == 0 or number % 8 == 1:
        refused.append(_written(edited(tune), out / f"edited{path.suffix}", path, options))
    if number % 2 == 0:
        return next((one for one in refused if one is not None), Outcome("done"))
    others = [suffix for suffix in _CONVERTED if suffix != path.suffix]
    other = others[number % 3]
    same = options if {path.suffix, other} == {".musicxml", ".mxl"} else {}
    refused.append(_written(tune, out / f"new{other}", path, same))
    return next((one for one in refused if one is not None), Outcome("done"))


def _written(tune: Tune, new: Path, path: Path, options: dict[str, int | str | bool]) -> Outcome | None:
    """Write a tune, and read what was written; None where all is well."""
    try:
        tune.write(new)
    except ArvaeError as error:
        if new.exists():
            return Outcome("partial", f"{new.name} is there after: {error}")
        return Outcome("refused", _line(error, path, new))
    try:
        again = read(new, **options)  # type: ignore[arg-type]
        list(attributes(again))
    except ArvaeError as error:
        chords = "--skyline" in str(error) or not tune.melody.notes
        return None if chords else Outcome("lost", f"{new.name} from {path.name}: {error}")
    finally:
        new.unlink(missing_ok=True)
    return None


def _line(error: ArvaeError, *paths: Path) -> str:
    """What a refusal says, which is one line with a file's name and a cause."""
    said = str(error)
    if len(said.splitlines()) != 1 or not any(str(path) in said for path in paths) or not _cause(said, paths):
        raise _WrongLineError(f"'{said[:300]}' at {_place()}") from error
    return said


def _cause(said: str, paths: Sequence[Path]) -> bool:
    for path in paths:
        said = said.replace(str(path), "")
    return len(said.split()) >= 2 and len(said) < 2_000


def strict_warnings() -> None:
    """A warning from the package is a fault."""
    warnings.filterwarnings("error", module=r"arvae_music")
