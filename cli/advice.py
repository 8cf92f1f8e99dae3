"""What to say where a tune has no measure that can be edited, and what to do about it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from arvae_music.errors import ArvaeError

if TYPE_CHECKING:
    from arvae_music.control import Report

_PLACE = re.compile(r" at beat [\d.]+")

# What a reason begins with, the option of the file that helps, if it is one, and the advice.
_ADVICE = (
    ("off the grid", "quantize", "--quantize moves its notes onto the grid"),
    ("overlapping", "skyline", "--skyline takes the highest notes as the melody"),
    ("incomplete", "pickup", "--pickup says where its first bar line is"),
    ("meter ", None, "take a tune in {meters}"),
    ("the model ", None, "take another --model: folk knows {meters}"),
    ("pitches outside", None, "transpose it nearer the middle of the staff"),
)


def refuse_if_all_skipped(file: Path, report: Report, selection: Collection[int] | None) -> None:
    """Raise ArvaeError where every measure that was to be edited is skipped."""
    rows = [
        row
        for row in report.measures
        if selection is None or row.index in selection or row.joined in selection
    ]
    if not all(row.status == "skipped" for row in rows):
        return
    reasons = Counter(_PLACE.sub("", row.reason or "unreadable") for row in rows)
    if not reasons:
        raise ArvaeError(f"{file} has no measures: there is nothing to edit")
    (reason, count), *others = reasons.most_common()
    which = "selected measures" if selection is not None else "measures"
    skipped = f"all {len(rows)} {which} are skipped" if len(rows) > 1 else "its measure is skipped"
    often = f" ({count} of them)" if others else ""
    raise ArvaeError(f"{file}: nothing to edit, {skipped}: {reason}{often}; {advice(file, reason)}")


def advice(file: Path, reason: str) -> str:
    """What to do about measures that are skipped for a reason, in words."""
    from arvae_music.formats import format_of
    from arvae_music.meter import GRIDS

    options = format_of(file).options
    for begins, option, says in _ADVICE:
        if reason.startswith(begins) and (option is None or option in options):
            return says.format(meters=", ".join(grid.name for grid in GRIDS))
    return f"`arvae-music attributes {file}` shows every measure with its reason"
