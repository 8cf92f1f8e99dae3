"""The signs of a sheet as text: chord symbols, bar lines, tempos, endings."""

from __future__ import annotations

from fractions import Fraction as Q

import pytest

from arvae_music.formats.abc_key import Key, parse_key
from arvae_music.formats.abc_page import key_text
from arvae_music.formats.abc_signs import (
    BarLineSigns,
    bar_line_text,
    ending_numbers,
    parse_bar_line,
    parse_tempo,
    tempo_text,
)
from arvae_music.formats.chords import Chord, Degree, chord_text, parse_chord
from arvae_music.formats.sheet import BarSigns, Line, Tempo


@pytest.mark.parametrize(
    ("text", "chord"),
    [
        ("C", Chord(("C", 0), "major")),
        ("Am7", Chord(("A", 0), "minor-seventh")),
        ("F#m/C#", Chord(("F", 1), "minor", (), ("C", 1))),
        ("Bb7", Chord(("B", -1), "dominant")),
        ("Gmaj7", Chord(("G", 0), "major-seventh")),
        ("Dsus4", Chord(("D", 0), "suspended-fourth")),
        ("A7sus4", Chord(("A", 0), "suspended-fourth", (Degree(7, -1),))),
        ("Edim", Chord(("E", 0), "diminished")),
        ("C7b9", Chord(("C", 0), "dominant", (Degree(9, -1),))),
        ("C7#5", Chord(("C", 0), "dominant", (Degree(5, 1, "alter"),))),
        ("Cadd9", Chord(("C", 0), "major", (Degree(9, 0),))),
        ("Bm7b5", Chord(("B", 0), "half-diminished")),
        ("D5", Chord(("D", 0), "power")),
        ("E6", Chord(("E", 0), "major-sixth")),
    ],
)
def test_chord_symbols(text: str, chord: Chord) -> None:
    assert parse_chord(text) == chord
    assert chord_text(chord) == text


@pytest.mark.parametrize("text", ["Fine", "slow", "1", "D.C.", "", "A Tune", "am", "C7/H"])
def test_what_is_no_chord_symbol(text: str) -> None:
    assert parse_chord(text) is None


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("|", BarLineSigns()),
        ("||", BarLineSigns(line=Line.DOUBLE)),
        ("|]", BarLineSigns(line=Line.FINAL)),
        ("|:", BarLineSigns(opens=True)),
        (":|", BarLineSigns(closes=2)),
        ("::|", BarLineSigns(closes=3)),
        ("::", BarLineSigns(closes=2, opens=True)),
        (":|:", BarLineSigns(closes=2, opens=True)),
        (":||:", BarLineSigns(closes=2, opens=True)),
        ("|1", BarLineSigns(endings=(1,))),
        (":|2", BarLineSigns(closes=2, endings=(2,))),
        ("| [1,3", BarLineSigns(endings=(1, 3))),
        (":|[2-4", BarLineSigns(closes=2, endings=(2, 3, 4))),
        ("|1.", BarLineSigns(endings=(1,))),
    ],
)
def test_bar_lines(text: str, signs: BarLineSigns) -> None:
    assert parse_bar_line(text) == signs


def test_a_range_of_endings_that_no_tune_has_is_cut() -> None:
    assert len(ending_numbers("1-999999999")) < 100


@pytest.mark.parametrize("breaks", [False, True])
@pytest.mark.parametrize("opens", [False, True])
@pytest.mark.parametrize("endings", [(), (1,), (2, 3)])
@pytest.mark.parametrize("closes", [0, 2, 3])
@pytest.mark.parametrize("line", list(Line))
def test_a_bar_line_says_what_it_is_written_for(
    line: Line, closes: int, endings: tuple[int, ...], opens: bool, breaks: bool
) -> None:
    drawn = Line.SINGLE if closes else line
    before, behind = BarSigns(closes=closes, line=drawn), BarSigns(opens=opens, endings=endings)
    end, begin = bar_line_text(before, behind, breaks=breaks, stops=False)
    found = parse_bar_line(end.strip())
    assert (found.closes, found.line) == (closes, drawn)
    # What the next line of text begins with is a bar line or an ending of its own.
    number = begin.partition("[")[2].strip() if "[" in begin else ""
    opened = found.opens or begin.startswith("|:")
    assert (opened, found.endings or ending_numbers(number)) == (opens, endings)


@pytest.mark.parametrize(
    ("text", "tempo"),
    [
        ("1/4=120", Tempo(Q(0), Q(1), Q(120))),
        ("3/8=96.5", Tempo(Q(0), Q(3, 2), Q(193, 2))),
        ('"Allegro" 1/4=120', Tempo(Q(0), Q(1), Q(120), "Allegro")),
        ('"Slow"', Tempo(Q(0), Q(1), None, "Slow")),
    ],
)
def test_tempos(text: str, tempo: Tempo) -> None:
    assert parse_tempo(text, Q(0), Q(1, 2)) == tempo
    assert tempo_text(tempo) == text


def test_old_tempos_count_unit_notes() -> None:
    assert parse_tempo("180", Q(0), Q(1, 2)) == Tempo(Q(0), Q(1, 2), Q(180))
    assert parse_tempo("C3=40", Q(0), Q(1, 2)) == Tempo(Q(0), Q(3, 2), Q(40))
    assert parse_tempo("1/8 1/4=40", Q(0), Q(1, 2)) == Tempo(Q(0), Q(3, 2), Q(40))
    assert parse_tempo("1/4=0", Q(0), Q(1, 2)) is None
    assert parse_tempo("nonsense", Q(0), Q(1, 2)) is None


@pytest.mark.parametrize(
    "key",
    [
        Key("D", {"F": 1, "C": 1}),
        Key("Edor", {"F": 1, "C": 1}),
        Key(None, {"F": 1, "C": 1}),  # bagpipes
        Key("D", {"F": 1, "C": 1, "B": -1}),
        Key("D", {"F": 1}),
        Key(None, {"B": -1, "F": 1}),
        Key(None, {}),
    ],
)
def test_keys(key: Key) -> None:
    assert parse_key(key_text(key)) == key
