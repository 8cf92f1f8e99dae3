"""A whole ABC tune from a melody alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from arvae_music.errors import ArvaeError
from arvae_music.formats.abc_edit import bars_of
from arvae_music.formats.abc_key import parse_key
from arvae_music.formats.abc_rhythm import written_rhythm
from arvae_music.formats.abc_write import Slot, Style, bar_text
from arvae_music.melody import Bar, Melody

_BARS_A_LINE = 4


def write_abc(melody: Melody) -> str:
    """A tune of its own, four bars a line. Repeats are not made up.

    Raises:
        ArvaeError: notes overlap that do not start and end together.
    """
    rows = bars_of(melody)
    unit = _unit(melody)
    key = parse_key(melody.key or "C")
    meter = melody.bars[0].meter if melody.bars else None
    free = bool(melody.bars) and melody.bars[0].problem is not None and _is_free(melody.bars[0])
    head = [
        "X:1",
        f"T:{_one_line(melody.title)}",
        f"M:{'none' if free or meter is None else meter}",
        f"L:1/{4 / unit}",
        f"K:{melody.key or 'C'}",
    ]
    texts = []
    for index, (bar, pieces) in enumerate(zip(melody.bars, rows, strict=True)):
        if any(before.end > after.start for before, after in pairwise(pieces)):
            raise ArvaeError(
                f"measure {bar.number}: its notes overlap, and one voice of ABC cannot hold that"
            )
        rhythm = written_rhythm(pieces, bar.meter)
        slots = [Slot(piece) for piece in rhythm.pieces]
        text = bar_text(slots, rhythm, meter=bar.meter, unit=unit, key=key, style=Style())
        changed = index and bar.meter != melody.bars[index - 1].meter
        texts.append(f"[M:{bar.meter}]{text}" if changed else text)
    return "\n".join([*head, *_lines(melody.bars, texts)]) + "\n"


def _is_free(bar: Bar) -> bool:
    return bar.problem == "no meter is given"


def _one_line(title: str) -> str:
    return re.sub(r"\s+", " ", title.replace("%", r"\%")).strip() or "Untitled"


def _unit(melody: Melody) -> Fraction:
    """A sixteenth where most notes of a tune in 2/4 are shorter than an eighth, else an eighth."""
    short = sum(note.duration < Fraction(1, 2) for note in melody.notes)
    two_four = bool(melody.bars) and str(melody.bars[0].meter) == "2/4"
    return Fraction(1, 4) if two_four and 2 * short > len(melody.notes) else Fraction(1, 2)


def _lines(bars: Sequence[Bar], texts: Sequence[str]) -> list[str]:
    """Bars with their lines; a line of text ends behind four whole bars and behind a strain."""
    lines, line, whole = [], "", 0
    for index, (bar, text) in enumerate(zip(bars, texts, strict=True)):
        following = bars[index + 1] if index + 1 < len(bars) else None
        short = bar.length < bar.meter.length
        strain = short and following is not None and bar.length + following.length == bar.meter.length
        line += text + ("|]" if following is None else "||" if strain else "|")
        whole += not short or whole > 0  # a pickup does not count
        if whole >= _BARS_A_LINE or strain or following is None:
            lines.append(line)
            line, whole = "", 0
    return lines
