"""A whole ABC tune from a melody and what its sheet says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from arvae_music.errors import ArvaeError
from arvae_music.formats.abc_edit import bars_of
from arvae_music.formats.abc_key import Key, parse_key
from arvae_music.formats.abc_page import BarPage, key_text, pages, sounded
from arvae_music.formats.abc_rhythm import Piece, written_rhythm
from arvae_music.formats.abc_signs import bar_line_text, tempo_text
from arvae_music.formats.abc_spelling import named, usual_names
from arvae_music.formats.abc_sung import verses_text
from arvae_music.formats.abc_write import Slot, Style, bar_text
from arvae_music.formats.sheet import EMPTY, BarSigns, Line, Sheet, Syllable
from arvae_music.formats.sheet_fit import bar_signs, fitted, key_at
from arvae_music.melody import Bar, Melody

_BARS_A_LINE = 4


def write_abc(melody: Melody, sheet: Sheet = EMPTY) -> str:
    """A tune of its own, four bars a line, with the signs of the sheet.

    Raises:
        ArvaeError: notes overlap that do not start and end together.
    """
    sheet = fitted(sheet, melody)
    unit = _unit(melody)
    bars = list(_bars(melody, sheet, unit))
    body = _lines(melody.bars, bars, bar_signs(sheet, melody), _verses(sheet.syllables))
    words = [f"W:{_one_line(credit.text)}" for credit in sheet.credits if credit.letter == "W"]
    return "\n".join([*_head(melody, sheet, unit), *body, *words]) + "\n"


def _head(melody: Melody, sheet: Sheet, unit: Fraction) -> list[str]:
    meter = melody.bars[0].meter if melody.bars else None
    free = bool(melody.bars) and melody.bars[0].problem is not None and _is_free(melody.bars[0])
    first = next((change.key for change in sheet.keys[:1] if change.time <= 0), None)
    key = key_text(first) if first is not None else melody.key or "C"
    tempo = [tempo for tempo in sheet.tempos[:1] if tempo.time <= 0]
    credits_ = [
        f"%%abc-copyright {_one_line(credit.text)}" if credit.letter == "©"
        else f"{credit.letter}:{_one_line(credit.text)}"
        for credit in sorted(sheet.credits, key=lambda credit: credit.letter != "T")
        if credit.letter != "W"
    ]  # fmt: skip
    return [
        "X:1",
        f"T:{_one_line(melody.title) or 'Untitled'}",
        *credits_,
        f"M:{'none' if free or meter is None else meter}",
        f"L:1/{4 / unit}",
        *(f"Q:{tempo_text(one)}" for one in tempo),
        f"K:{key}",
    ]


@dataclass(frozen=True)
class _BarText:
    """A bar's text without its lines, and when its written notes sound."""

    text: str
    onsets: list[Fraction]


def _bars(melody: Melody, sheet: Sheet, unit: Fraction) -> Iterator[_BarText]:
    names = [
        (named(*name, pitch).text, pitch) for (_, pitch), name in sheet.spelling.items() if abs(name[1]) < 3
    ]
    style = Style(usual=usual_names(names))
    rows = zip(melody.bars, bars_of(melody), pages(sheet, melody), strict=True)
    for index, (bar, pieces, page) in enumerate(rows):
        if any(before.end > after.start for before, after in pairwise(pieces)):
            raise ArvaeError(
                f"measure {bar.number}: its notes overlap, and one voice of ABC cannot hold that"
            )
        key = key_at(sheet, melody, bar.start) or parse_key("C")
        changed = index and bar.meter != melody.bars[index - 1].meter
        yield _bar(page, pieces, unit, key, style, f"[M:{bar.meter}]" if changed else "")


def _bar(
    page: BarPage, pieces: Sequence[Piece], unit: Fraction, key: Key, style: Style, opening: str
) -> _BarText:
    bar = page.bar
    rhythm = written_rhythm(pieces, bar.meter, page.cuts)
    slots = [Slot(piece) for piece in rhythm.pieces]
    tail = page.place(slots)
    text = bar_text(slots, rhythm, meter=bar.meter, unit=unit, key=key, style=style)
    return _BarText(opening + page.opening() + text + tail, sounded(slots, bar))


def _is_free(bar: Bar) -> bool:
    return bar.problem == "no meter is given"


def _one_line(title: str) -> str:
    return re.sub(r"\s+", " ", title.replace("%", r"\%")).strip()


def _unit(melody: Melody) -> Fraction:
    """A sixteenth where most notes of a tune in 2/4 are shorter than an eighth, else an eighth."""
    short = sum(note.duration < Fraction(1, 2) for note in melody.notes)
    two_four = bool(melody.bars) and str(melody.bars[0].meter) == "2/4"
    return Fraction(1, 4) if two_four and 2 * short > len(melody.notes) else Fraction(1, 2)


Verses = Mapping[int, Mapping[Fraction, Syllable]]


def _verses(syllables: Sequence[Syllable]) -> Verses:
    found: dict[int, dict[Fraction, Syllable]] = {}
    for syllable in syllables:
        found.setdefault(syllable.verse, {})[syllable.time] = syllable
    return found


def _lines(
    bars: Sequence[Bar], texts: Sequence[_BarText], signs: Sequence[BarSigns], verses: Verses
) -> list[str]:
    """Bars with their lines; a line of text ends behind four whole bars and behind a strain."""
    lines: list[str] = []
    line, onsets, whole = "", list[Fraction](), 0
    for index, (bar, text) in enumerate(zip(bars, texts, strict=True)):
        following = signs[index + 1] if index + 1 < len(bars) else None
        opening = "|:" if not index and signs[0].opens else ""
        opening += f"[{','.join(map(str, signs[0].endings))} " if not index and signs[0].endings else ""
        whole += bar.length >= bar.meter.length or whole > 0  # a pickup does not count
        breaks = (
            following is None
            or (whole and _is_strain(signs[index], following))
            or (whole >= _BARS_A_LINE and not following.endings)
        )
        stops = (
            signs[index].stops
            and not signs[index].closes
            and not (following is None or following.endings or following.opens)
        )
        end, begin = bar_line_text(signs[index], following, breaks=breaks, stops=stops)
        line += opening + text.text + end
        onsets += text.onsets
        if breaks:
            lines += [line.rstrip(), *verses_text(verses, onsets)]
            line, onsets, whole = "", [], 0
        line += begin
    return lines


def _is_strain(bar: BarSigns, following: BarSigns) -> bool:
    """Whether a strain ends; before a second ending none does."""
    if following.endings:
        return False
    return bool(bar.closes) or bar.line > Line.SINGLE or following.opens
