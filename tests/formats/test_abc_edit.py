"""ABC in place: what changes in the text, and what does not."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from dataclasses import replace
from fractions import Fraction as Q
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from arvae_music.errors import ArvaeError
from arvae_music.formats import read
from arvae_music.formats.abc import split_tunes
from arvae_music.formats.abc_edit import AbcSource, changes, edited
from arvae_music.formats.abc_text import AbcText
from arvae_music.measures import Measure, measures, replace_measures
from arvae_music.melody import Melody, Note
from arvae_music.tokens import HOLD, REST, Tokens
from tests.music import part_strategy, row

JIG = """X:3
T:The Other Tune
M:4/4
L:1/8
K:C
c8|

X:7
T:The Tinker's Kettle, 100% trad.
C:trad.
R:jig
M:6/8
L:1/8
Q:3/8=110
K:Edor
% the first strain
B/c/|:"Em"~E2B {c}BAG | "D"(FED) .A2d|"Em"EGB "^slow"e2d|\\
[1 "Bm7"B>cd  (cB)A|HE3- E3:|2 "Bm"Bcd !trill!c2A|"Em"E3-E2||
|:f|"G"(gfe) d{/c}BG|"A"A2c e2c|"D"^d=dd  [f]ed|[1 "Em"e3 e2:|2 "Em"e3- e2|]
W:Words after the tune.

X:9
T:A Third
M:3/4
L:1/8
K:D
(3ABc d2 e2|
"""

BOOKS = ("oneills1850", "ryansMammoth", "airdsAirs")


def source_of(text: str, index: int = 0) -> AbcSource:
    tune = split_tunes(text)[index]
    ((name, voice),) = tune.placed_voices().items()
    return AbcSource(AbcText.decode(text.encode()), tune, index, name, voice)


def with_bar(melody: Melody, number: int, notes: list[tuple[Q, Q, int]]) -> Melody:
    """Other notes in one bar, without ties over its lines; onsets in quarters from its start."""
    bar = next(bar for bar in melody.bars if bar.number == number)
    kept = [note for note in melody.notes if not bar.start <= note.onset < bar.end]
    return melody.with_notes([*kept, *(Note(bar.start + o, d, p) for o, d, p in notes)])


def new_text(text: str, number: int, notes: list[tuple[Q, Q, int]], index: int = 0) -> str:
    source = source_of(text, index)
    return edited(source, with_bar(source.melody, number, notes)).decode()


def new_bar(body: str, notes: list[tuple[Q, Q, int]], *, meter: str = "4/4", key: str = "C") -> str:
    """What becomes of the first bar of a tune in eighths."""
    head = f"X:1\nM:{meter}\nL:1/8\nK:{key}\n"
    text = new_text(head + body + "\n", 1, notes)
    assert text.startswith(head)
    return text[len(head) : -1]


def run(*notes: tuple[float, int]) -> list[tuple[Q, Q, int]]:
    """Notes one after the other: length in eighths and pitch; pitch 0 is a rest."""
    found, now = [], Q(0)
    for eighths, pitch in notes:
        length = Q(eighths).limit_denominator(12) / 2
        if pitch:
            found.append((now, length, pitch))
        now += length
    return found


E, F, Fs, G, A, B, C, Cs, D, Ds = 64, 65, 66, 67, 69, 71, 72, 73, 74, 75


def test_a_bar_of_a_book_changes_and_nothing_else() -> None:
    # bar 2: F E D (tied by a slur), A2 d  ->  F2 D, A d2
    text = new_text(JIG, 2, run((2, Fs), (1, 62), (3, A)), index=1)
    assert text == JIG.replace('"D"(FED) .A2d|', '"D"(F2D) .A3|')


def test_the_tune_unchanged_is_the_file_byte_for_byte() -> None:
    source = source_of(JIG, 1)
    assert edited(source, source.melody) == JIG.encode()


def chords(text: str) -> Counter[str]:
    return Counter(re.findall(r'"[^"]*"', text))


def skeleton(text: str) -> list[str]:
    """Lines with their bar lines and endings alone."""
    return [re.sub(r"[^|:\[\]]", "", re.sub(r'"[^"]*"|\[f\]', "", line)) for line in text.splitlines()]


def test_one_note_less_in_any_measure_leaves_all_else_in_place() -> None:
    source = source_of(JIG, 1)
    melody = source.melody
    rows = measures(melody)
    done = 0
    for position, measure in enumerate(rows):
        if measure.tokens is None:
            continue
        onsets = [tick for tick in range(12) if measure.tokens[tick] >= 0]
        last = onsets[-1] if measure.tie_out else None
        for tick in onsets[1:]:
            if tick in (last, measure.join_tick):
                continue
            tokens = measure.tokens.copy()
            tokens[tick] = HOLD
            text = edited(source, replace_measures(melody, rows, {position: tokens})).decode()
            assert chords(text) == chords(JIG)
            assert skeleton(text) == skeleton(JIG)
            check_around(text, source, measure)
            done += 1
    assert done >= 25


def check_around(text: str, source: AbcSource, measure: Measure) -> None:
    """What stands before, between and behind a measure's bars is the source's, to the character."""
    places = sorted((source.voice.places[bar] for bar in measure.bars), key=lambda place: place.start)
    old = source.file.text
    edges = [0, *(edge for place in places for edge in (place.start, place.end)), len(old)]
    kept = [old[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    pattern = "(.*?)".join(re.escape(part) for part in kept)
    match = re.fullmatch(pattern, text, re.DOTALL)
    assert match is not None
    assert all("|" not in bar for bar in match.groups())


@pytest.mark.parametrize(
    ("body", "notes", "expected"),
    [
        # beams by half bars, or by beats where the tune has it so
        ("E2BE dEBE|", run((1, E), (1, B), (1, B), (1, E), (2, D), (1, B), (1, E)), "EBBE d2BE|"),
        ("AB cd AB c2|", run((1, A), (1, B), (1, C), (1, D), (1, A), (1, B), (1, C), (1, B)), "AB cd AB cB|"),
        # a dotted pair within the beat; plain where it is not within one
        ("A2  B2 c2d2|", run((2, A), (2, B), (4, C)), "A2  B2 c4|"),
        ("A2B2 c2d2|", run((1.5, A), (0.5, B), (2, B), (0.5, C), (1.5, C), (2, D)), "A>BB2 c<cd2|"),
        ("A2B2 c4|", run((1, A), (1.5, B), (0.5, C), (1, D), (4, C)), "AB3/2c/d c4|"),
        # the tune writes its dots out
        ("A3/2B/c2 d4|", run((2, A), (1.5, B), (0.5, C), (4, D)), "A2B3/2c/ d4|"),
        # triplets: whole, of two notes, over two beats, and a note that is tied out of one
        ("A2c2 d4|", run((2 / 3, A), (2 / 3, B), (2 / 3, C), (2, C), (4, D)), "(3ABc c2 d4|"),
        ("A2c2 d4|", run((4 / 3, A), (2 / 3, B), (2, C), (4, D)), "(3:2:2A2B c2 d4|"),
        ("A2c2 d4|", run((4 / 3, A), (4 / 3, B), (4 / 3, C), (4, D)), "(3A2B2c2 d4|"),
        ("A2c2 d4|", run((4 / 3, A), (2 / 3 + 1, B), (1, C), (4, D)), "(3:2:2A2B- Bc d4|"),
        # rests, the source's own invisible one kept
        ("x2c2 d4|", run((2, 0), (1, C), (1, 0), (4, D)), "x2cz d4|"),
        # five eighths are no note: cut at the middle of the bar
        ("A2c2 d4|", run((3, A), (5, C)), "A3c- c4|"),
    ],
)
def test_rhythm_is_written_as_players_write_it(
    body: str, notes: list[tuple[Q, Q, int]], expected: str
) -> None:
    assert new_bar(body, notes) == expected


@pytest.mark.parametrize(
    ("body", "key", "notes", "expected"),
    [
        ("F2A2 d4|", "D", run((2, Fs), (2, F), (4, Fs)), "F2=F2 ^F4|"),
        ("c2A2 d4|", "F", run((2, 70), (2, B), (4, D)), "B2=B2 d4|"),
        # as the tune spells it elsewhere, else by the line of fifths
        ("_A2B2 c4|", "C", run((2, B), (2, 68), (4, C)), "B2_A2 c4|"),
        ("A2B2 c4|", "C", run((2, A), (2, 68), (4, Ds)), "A2^G2 _e4|"),
        # a sign that was needed goes with its cause; one that was not stays
        ("^c=cBA G4|", "C", run((2, C), (1, B), (1, A), (4, G)), "c2BA G4|"),
        ("c=cBA G4|", "C", run((1, C), (1, C), (2, B), (4, G)), "c=cB2 G4|"),
        # a grace note sounds as it did
        ("^c2{c}B2 G4|", "C", run((2, A), (2, B), (4, G)), "A2{^c}B2 G4|"),
        ("C,2c'2 c4|", "C", run((2, 36), (2, 96), (4, C)), "C,,2c''2 c4|"),
    ],
)
def test_pitches_are_spelled_by_key_and_bar(
    body: str, key: str, notes: list[tuple[Q, Q, int]], expected: str
) -> None:
    assert new_bar(body, notes, key=key) == expected


@pytest.mark.parametrize(
    ("body", "notes", "expected"),
    [
        # a chord keeps its time within a longer note or rest; ornaments go with their note
        ('"C"c2"G"~B2 "F"A2{g}G2|', run((4, C), (4, A)), '"C"c2-"G"c2 "F"A4|'),
        ('"C"c2B2 A2"G7"TG2|', run((2, C), (2, B), (4, A)), '"C"c2B2 A2-"G7"A2|'),
        ('"C"c2B2 "F#m7"A2"(G/B)"G2|', run((2, C), (6, 0)), '"C"c2z2 "F#m7"z2"(G/B)"z2|'),
        # other text goes to the next note
        ('c2"D.C."B2 "Fine"A4|', run((4, C), (4, A)), 'c4 "D.C.""Fine"A4|'),
        # what stays is only the sound of a note that began earlier: the ornament is gone
        ("A2{c}B2 A2~G2|", run((1, A), (3, B), (3, A), (1, G)), "AB3 A3G|"),
        ("A2{c}B2 d4|", run((4 / 3, A), (2 / 3 + 2, B), (4, D)), "(3:2:2A2B- B2 d4|"),
        # grace notes stand before the triplet that their note opens
        ("A2{c}B2 d4|", run((2, A), (2 / 3, B), (4 / 3, C), (4, D)), "A2{c}(3:2:2Bc2 d4|"),
        ("A2{c}vB2 d4|", run((2, A), (2 / 3, B), (4 / 3, C), (4, D)), "A2{c}(3:2:2vBc2 d4|"),
        # a note over three beats in triplets is tied, each part one sign
        ("A8|", run((4 / 3, A), (10 / 3, B), (4 / 3, C), (2, D)), "(3:2:2A2B- B2- (3:2:2Bc2 d2|"),
        ("c2B2 A2HG2|", run((2, C), (6, B)), "c2HB6|"),
        # another pitch at the same place
        ('"C"!trill!c2B2 "^up"A4|', run((2, E), (2, B), (4, G)), '"C"E2B2 "^up"G4|'),
        # a slur of which one note is left is none
        ("(cB)A2 G4|", run((2, C), (2, A), (4, G)), "c2A2 G4|"),
        ("(cB A)G G4|", run((1, C), (2, B), (1, G), (4, G)), "(cB2) G G4|"),
        # what stands for itself keeps its place
        ('c4 [K:D]f4 "D.C."x|', run((4, C), (2, Fs), (2, Cs)), 'c4 [K:D]F2c2 "D.C."x|'),
        ("c2B2 [1 A4|", run((2, C), (1, B), (1, C), (4, A)), "c2Bc [1 A4|"),
        ("c2B2 % why\nA4|", run((4, C), (4, A)), "c4 % why\nA4|"),
        ("c4\\\r\n A4|", run((2, C), (2, B), (4, A)), "c2B2\\\r\n A4|"),
    ],
)
def test_signs_stay_with_their_notes(body: str, notes: list[tuple[Q, Q, int]], expected: str) -> None:
    assert new_bar(body, notes) == expected


def test_ties_over_both_bar_lines_hold_with_their_accidentals() -> None:
    text = "X:1\nM:4/4\nL:1/8\nK:C\nz4 ^c4-|c2A2 B2_e2-|e8|\n"
    source = source_of(text)
    rows = measures(source.melody)
    assert rows[1].tokens is not None
    tokens = rows[1].tokens.copy()
    tokens[6] = HOLD  # A goes
    tokens[15] = C  # half of B's becomes a C
    new = edited(source, replace_measures(source.melody, rows, {1: tokens})).decode()
    assert new == text.replace("c2A2 B2_e2-", "c4 B=c_e2-")


def test_a_slur_written_as_a_tie_does_not_become_one() -> None:
    text = "X:1\nM:4/4\nL:1/8\nK:C\nc4 d4-|e8|\n"
    assert new_text(text, 2, run((4, D), (4, E))) == text.replace("d4-|e8|", "d4|d4 E4|")
    source = source_of(text)
    (notice,) = source.read_again(with_bar(source.melody, 2, run((4, D), (4, E)))).notices
    assert (notice.text, notice.measure) == ("gone with the notes that are gone: a slur into it", 2)


@pytest.mark.parametrize(("encoding", "ends"), [("utf-8", "\r\n"), ("latin-1", "\n"), ("utf-8-sig", "\r")])
def test_bytes_outside_stay(encoding: str, ends: str, tmp_path: Path) -> None:
    lines = ["X:1", "T:Très vite", "M:4/4", "L:1/8", "K:C", "c4 c4|  d4 d4  |", "e8|]", "N:é"]
    path = tmp_path / "tune.abc"
    path.write_bytes(ends.join(lines).encode(encoding))
    tune = read(path)
    out = tune.replace(with_bar(tune.melody, 2, run((4, D), (2, D), (2, E)))).write(tmp_path / "out.abc")
    assert out.read_bytes() == ends.join(lines).replace("d4 d4  |", "d4 d2E2  |").encode(encoding)


@pytest.mark.parametrize(
    ("words", "notes", "expected"),
    [
        ("one two three four five", run((2, C), (2, B), (2, A), (2, G)), "one two three four five"),
        ("one two three four five", run((2, E), (2, B), (2, A), (2, G)), "one two three four five"),
        ("one two three four five", run((4, C), (2, A), (2, G)), "one~two three four five"),
        ("Hap-py birth-day now", run((4, C), (4, A)), r"Hap\-py birth\-day now"),
        ("one two three four five", run((2, C), (1, B), (1, C), (2, A), (2, G)), "one two_ three four five"),
        ("Hap-py birth-day now", run((1, C), (1, C), (2, B), (2, A), (2, G)), "Hap--py birth-day now"),
        ("* * one two three", run((1, C), (1, C), (2, B), (2, A), (2, G)), "* * * one two three"),
        ("one two three four five", run((2, C), (1, B), (3, A), (2, G)), "one two three four five"),
        ("one | five", run((1, C), (1, D), (2, B), (2, A), (2, G)), "one | five"),
    ],
)
def test_syllables_stay_under_their_notes(words: str, notes: list[tuple[Q, Q, int]], expected: str) -> None:
    text = f"X:1\nM:4/4\nL:1/8\nK:C\nc2B2 A2G2|E8|\nw: {words}\nc8|\nw: six\n"
    assert new_text(text, 1, notes).splitlines()[5:] == [f"w: {expected}", "c8|", "w: six"]


def test_a_word_is_not_joined_to_one_that_was_held() -> None:
    text = "X:1\nM:4/4\nL:1/8\nK:C\nc8|c2B2 A2G2|E8|\nw: four_ six sev-en eight\n"
    expected = "w: four six sev-en eight"
    assert new_text(text, 2, run((4, C), (2, A), (2, G))).splitlines()[-1] == expected


def test_a_slur_none_of_whose_notes_is_left_goes() -> None:
    text = "X:1\nM:4/4\nL:1/8\nK:C\nc2 d2 (BA) B2|c8|\n"
    assert new_text(text, 1, run((6, C), (2, B))) == text.replace("c2 d2 (BA) B2", "c6 B2")
    source = source_of(text)
    (notice,) = source.read_again(with_bar(source.melody, 1, run((6, C), (2, B)))).notices
    assert notice.text == "gone with the notes that are gone: a slur"


def test_what_becomes_of_lyrics_is_said_of_the_edits_that_concern_them() -> None:
    source = source_of("X:1\nM:4/4\nL:1/8\nK:C\nc4 B4|A4 G4|E8|\nw: one two three_ four\n")

    def said(*bars: tuple[int, list[tuple[Q, Q, int]]]) -> list[tuple[int | None, str]]:
        melody = source.melody
        for number, notes in bars:
            melody = with_bar(melody, number, notes)
        return [(notice.measure, notice.text) for notice in source.read_again(melody).notices]

    kept = (
        "syllables keep their notes: added notes hold the syllable before them, "
        "and those of removed notes are joined to the one before"
    )
    assert said() == []
    assert said((1, run((4, A), (4, B)))) == []  # other pitches at the same times
    assert said((1, run((8, C)))) == [(None, kept)]
    assert said((1, [])) == [(1, "gone with all notes: one two")]
    assert said((1, []), (2, run((8, A)))) == [(1, "gone with all notes: one two"), (None, kept)]


def test_words_without_a_note_are_told(tmp_path: Path) -> None:
    path = tmp_path / "song.abc"
    path.write_text("X:1\nM:4/4\nL:1/4\nK:C\nc4|d2 e2|\nw: one|two three four fi-ve *\nw: a b_\nw: a b c d\n")
    assert [(notice.measure, notice.text) for notice in read(path).notices] == [
        (2, "'four fi- ve' of verse 1 has no note to be sung on"),
        (2, "'d' of verse 3 has no note to be sung on"),
    ]


def test_odd_lyrics_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "song.abc"
    path.write_text("X:1\nM:4/4\nL:1/8\nK:C\nc2B2 A2G2|E4\nw: a b c d e\nE4|c8|\nw: f g\n")
    tune = read(path)
    assert tune.notices == ()
    reasons = [measure.reason for measure in measures(tune.melody)]
    assert reasons == [None, "its lyrics are more than one plain line", None]


@pytest.mark.parametrize(
    ("body", "reasons"),
    [
        ("c4 A>|B A6|c8|", ["a rhythm goes over its bar line"] * 2 + [None]),
        ("c6 (3AB|c d6|c8|", None),
        ("Z2|c8|", ["within a rest of several measures"] * 2 + [None]),
        ("Z|c8|", [None, None]),
        ("c8 & z8|c8|", ["a second voice sounds in it", None]),
        ("(& c8|d8 && C8|D8 &)|e8|", ["a second voice sounds in it and in the next"] * 3 + [None]),
        ("c4 ^/d4|c8|", ["'^/' in it cannot be read", None]),  # a quarter tone
        ("c0 d8|c8|", ["'c0' in it cannot be read", None]),
        ("(3:0:3cde f4|c8|", ["'(3:0:3' in it cannot be read", None]),
        ("c4-2 d2|c8|", ["'2' in it cannot be read", None]),
        ("(10cdefgabc'd'e'|c8|", ["'10' in it cannot be read", None]),
        ('c4 "Am d4|\nc8|', ["a quotation mark in it is not closed"]),
        ("c4 {d d4|\nc8|", ["a brace in it is not closed"]),
        ("(3c(3def c4|c8|", ["a tuplet begins in it before another ends", None]),
        ("c4 y2 d4 y|c8|", [None, None]),  # a space
        ("c8|[K:C octave=1]C8|c8|", [None] + ["it sounds higher or lower than the tune before it"] * 2),
        ("m:xx=c8|d8\nC8|xx|D8|", [None] + ["the macro 'xx' stands in it"] * 2 + [None]),
    ],
)
def test_bars_that_cannot_be_written_in_their_place_say_so(
    body: str, reasons: list[str | None] | None
) -> None:
    melody = source_of(f"X:1\nM:4/4\nL:1/8\nK:C\n{body}\n").melody
    problems = [bar.problem for bar in melody.bars]
    assert problems == (reasons or ["a rhythm goes over its bar line"] * 2 + [None])


@pytest.mark.parametrize("field", ["K:G octave=-1", "K:G treble-8", "V:1 octave=-1\nK:G"])
def test_a_tune_that_sounds_lower_is_written_as_it_was(field: str) -> None:
    text = f"X:1\nM:4/4\nL:1/8\n{field}\nG4 f4|{{^c}}d8|\n"
    source = source_of(text)
    assert [note.pitch for note in source.melody.notes] == [55, 66, 62]
    new = edited(source, with_bar(source.melody, 1, run((2, 55), (2, 56), (4, 67))))
    assert new.decode() == text.replace("G4 f4", "G2^G2 =g4")
    assert edited(source, source.melody).decode() == text


def test_a_last_note_before_a_double_repeat_is_no_field() -> None:
    """music21 takes `C::` for the field `C:`, and reads no note there."""
    text = "X:1\nM:4/4\nL:1/8\nK:C\nc8|c8::d8:|\n"
    notes = [(Q(0), Q(7, 2), 72), (Q(7, 2), Q(1, 2), 60)]
    assert new_text(text, 2, notes).endswith("|c4- c3C ::d8:|\n")
    assert new_text(text.replace("::d8", ":|d8"), 2, notes).endswith("|c4- c3C:|d8:|\n")


def test_a_clef_within_a_bar_changes_no_accidentals() -> None:
    assert new_bar("F4 [K:bass]F4|", run((4, Fs), (2, Fs), (2, F)), key="D") == "F4 [K:bass]F2=F2|"


@pytest.mark.parametrize(
    ("body", "notes", "gone"),
    [
        ("{g}c2~B2 A2.G2|", run((4, C), (4, A)), "~, ."),
        ("{g}c2{cd}!trill!B2 A4|", run((2, D), (2, C), (4, A)), "{g}, {cd}, !trill!"),
        ("(cB)A2 G4|", run((2, C), (2, A), (4, G)), "a slur"),
        ("{g}c2B2 HA4|", run((4, C), (4, B)), None),  # a fermata is a sign of its place
        ('"C"{g}c2"G"B2 A4|', run((4, C), (4, A)), None),
    ],
)
def test_ornaments_that_go_with_their_notes_are_told(
    body: str, notes: list[tuple[Q, Q, int]], gone: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "tune.abc"
    path.write_text(f"X:1\nM:4/4\nL:1/8\nK:C\nc8|{body}\n")
    tune = read(path)
    new = tune.replace(with_bar(tune.melody, 2, notes))
    said = [] if gone is None else [("ornament", f"gone with the notes that are gone: {gone}", 2)]
    assert [(notice.code, notice.text, notice.measure) for notice in new.notices] == said
    assert new.replace(tune.melody).write(tmp_path / "same.abc").read_text() == path.read_text()


def test_bars_that_would_be_read_otherwise_are_known() -> None:
    source = source_of("X:1\nM:4/4\nL:1/8\nK:C\nc8|(10c8|d8|\n")
    first, second = (with_bar(source.melody, number, run((8, D))) for number in (1, 2))
    assert source.read_again(first).misread == {}
    assert source.read_again(second).misread == {1: "'10' in it cannot be read"}
    both = with_bar(source.melody, 3, [(Q(0), Q(4), C), (Q(0), Q(2), D)])
    assert source.read_again(both).misread == {2: "its notes overlap"}


def test_a_rest_of_one_measure_may_be_filled() -> None:
    assert new_bar("Z|c8|", run((4, C), (4, D))) == "c4 d4|c8|"


def test_a_voice_of_several_keeps_to_its_own_bars() -> None:
    text = "X:1\nM:4/4\nL:1/4\nK:C\nV:1\nV:2\n[V:1] c4|d4|\n[V:2] C4|D4|\n[V:1] e4|\n"
    tune = split_tunes(text)[0]
    source = AbcSource(AbcText.decode(text.encode()), tune, 0, "1", tune.placed_voices()["1"])
    new = edited(source, with_bar(source.melody, 3, [(Q(0), Q(2), E), (Q(2), Q(2), G)]))
    assert new.decode() == text.replace("[V:1] e4", "[V:1] E2 G2")


def test_a_melody_with_other_bars_is_refused() -> None:
    source = source_of("X:1\nM:4/4\nL:1/8\nK:C\nc8|d8|\n")
    with pytest.raises(ArvaeError, match="in place"):
        edited(source, replace(source.melody, bars=source.melody.bars[:1]))


@cache
def real_tunes() -> list[AbcSource]:
    """Every tenth tune of some files of the three books."""
    spec = importlib.util.find_spec("music21")
    assert spec is not None
    assert spec.origin is not None
    corpus = Path(spec.origin).parent / "corpus"
    found = []
    for book in BOOKS:
        for path in sorted((corpus / book).glob("*.abc"))[::12]:
            file = AbcText.decode(path.read_bytes())
            for index, tune in list(enumerate(split_tunes(file.text)))[::10]:
                for name, voice in tune.placed_voices().items():
                    found.append(AbcSource(file, tune, index, name, voice))
    return found


@st.composite
def edits(draw: st.DrawFn) -> tuple[AbcSource, list[Measure], int, Tokens]:
    """A real tune, and legal tokens in the place of those of one of its measures."""
    source = draw(st.sampled_from(real_tunes()))
    rows = measures(source.melody)
    whole = [position for position, measure in enumerate(rows) if measure.tokens is not None]
    assume(whole)
    position = draw(st.sampled_from(whole))
    old = rows[position]
    assert old.grid is not None
    name = old.grid.name
    part = draw(part_strategy(name, st.integers(55, 88), tie_in=old.tie_in, tie_out=old.tie_out))
    events = dict(part.events)
    if old.tie_in is None:
        events.setdefault(0, REST)
    return source, rows, position, row(name, events)


@settings(max_examples=300, deadline=None)
@given(edits())
def test_any_legal_bar_reads_back_as_meant(case: tuple[AbcSource, list[Measure], int, Tokens]) -> None:
    source, rows, position, tokens = case
    try:
        melody = replace_measures(source.melody, rows, {position: tokens})
    except ValueError:  # it sounds across the join, or the tie is gone
        assume(False)
    places = [source.voice.places[bar] for bar in rows[position].bars]
    previous = source.voice.places[min(rows[position].bars) - 1] if min(rows[position].bars) else None
    for change in changes(source, melody):
        inside = any(place.start <= change.start and change.end <= place.end for place in places)
        loose = previous is not None and previous.start <= change.start and not change.text
        assert inside or loose
    new = edited(source, melody).decode(source.file.encoding)
    voices = split_tunes(new)[source.index].voices()
    read_again = measures(voices[source.name])
    for index, (before, after) in enumerate(zip(rows, read_again, strict=True)):
        expected = tokens if index == position else before.tokens
        if expected is not None:
            assert after.tokens is not None
            assert np.array_equal(after.tokens, expected)


def by_music21(source: AbcSource, text: str) -> Melody:
    from music21 import converter, stream

    from arvae_music.formats.score import voices_of

    lines = [line.text for line in split_tunes(text)[source.index].lines]
    score = converter.parse("\n".join(["X:1", *lines]), format="abc")
    assert isinstance(score, stream.Score)
    return next(iter(voices_of(score).values()))


@pytest.mark.slow
def test_music21_reads_the_edited_notes() -> None:
    """One note is taken out of a measure and another put in; tunes that music21 misreads are left out."""
    compared = 0
    for source in real_tunes():
        rows = measures(source.melody)
        whole = [position for position, measure in enumerate(rows) if measure.tokens is not None]
        position = whole[len(whole) // 2]
        tokens = rows[position].tokens
        assert tokens is not None
        new = tokens.copy()
        onsets = [tick for tick in range(1, 24) if new[tick] >= 0 and tick % 6 == 0]
        held = [tick for tick in range(1, 24) if new[tick] == HOLD and tick % 6 == 3]
        if not onsets or not held or rows[position].join_tick or rows[position].tie_out:
            continue
        new[onsets[0]] = new[onsets[0]] + 1
        new[held[0]] = new[onsets[0]] + 1
        melody = replace_measures(source.melody, rows, {position: new})
        if by_music21(source, source.file.text).notes == source.melody.notes:
            text = edited(source, melody).decode(source.file.encoding)
            assert by_music21(source, text).notes == melody.notes
            compared += 1
    assert compared > 20


def test_a_pickup_that_loses_its_only_note_loses_its_syllable(tmp_path: Path) -> None:
    path = tmp_path / "words.abc"
    path.write_text(
        "X:1\nT:W\nM:3/4\nL:1/8\nK:D\nA2|d2f2a2|b2a2f2|f4:|\nw: one two three four five six se-ven eight\n"
    )
    tune = read(path)
    rows = measures(tune.melody)
    at = next(i for i, row in enumerate(rows) if row.joined == 0)
    tokens = rows[at].tokens
    assert tokens is not None
    assert rows[at].join_tick == 12
    silent = tokens.copy()
    silent[12] = -3  # the pickup's note goes, and silence starts there
    out = tmp_path / "out.abc"
    tune.replace(replace_measures(tune.melody, rows, {at: silent})).write(out)
    again = measures(read(out).melody)
    assert [row.tokens.tolist() for row in again if row.tokens is not None] == [
        (silent if i == at else row.tokens).tolist() for i, row in enumerate(rows) if row.tokens is not None
    ]
