"""What a tune's file says beside its notes, written in every other format and read back."""

from __future__ import annotations

import dataclasses
from fractions import Fraction as Q
from pathlib import Path
from typing import Any

import mido
import pytest

from arvae_music.formats import Tune, read
from arvae_music.formats.contents import Content, contents_of
from arvae_music.formats.losses import losses, lost
from arvae_music.formats.sheet import Sheet, Syllable
from arvae_music.formats.sheets import sheet_of
from tests.formats.conftest import MakeMidi
from tests.formats.musicxml_schema import problems

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"

RICH = """X:1
T:Rich
T:The other name
C:nobody & sons
O:Ireland
R:jig
M:6/8
L:1/8
Q:"Lively" 3/8=100
%%scale 0.7
K:Edor
B|:"Em"{d}(EFG) TA2B|"^slow"(3efe d "D7/F#"~B2A|[1 GFE D2B:|[2 GFE [K:G]D3||
w:one two three four five * six-_ ty sev-en
P:B
|:G3 "Am7".A2"^Fine"y|[Q:3/8=60]^A3 c2_B::"_hey"(G3 ^A3)|[1-3 "C"G3 Hc3:|[4 !nonsense!G6|]
w:one two_ three four
w:un deux trois~quatre cinq
W:More words
"""

PLAIN = """X:1
T:Rich
T:The other name
C:nobody & sons
O:Ireland
R:jig
M:6/8
L:1/8
Q:"Lively" 3/8=100
K:Edor
B|:"Em"{d}(EFG) TA2B|"^slow"(3efe d "D7/F#"~B2A|1 GFE D2B:|2 GFE [K:G]D3||
w: one two three four five * six-_ ty sev-en
|:[P:B]G3 "Am7".A2"^Fine"y|[Q:3/8=60]^A3 c2_B:|
w: one two_ three four
w: un deux trois~quatre cinq
|:"_hey"(G3 ^A3)|1,2,3 "C"G3 !fermata!c3:|4 G6|]
W:More words
"""
"""The same as it is written from a score; what a score cannot hold is gone."""


def tune_of(folder: Path, text: str, name: str = "tune.abc") -> Tune:
    path = folder / name
    path.write_text(text)
    return read(path)


def converted(tune: Tune, name: str) -> Tune:
    return read(tune.write(tune.path.with_name(name), force=True))


def test_abc_to_a_score_and_back(tmp_path: Path) -> None:
    tune = tune_of(tmp_path, RICH)
    score = converted(tune, "out.musicxml")
    assert score.write(tmp_path / "back.abc").read_text() == PLAIN
    assert not problems((tmp_path / "out.musicxml").read_text())
    assert [one.text for one in losses(tune, "out.musicxml")] == [
        "out.musicxml goes without 1 decoration and layout and comments"
    ]
    assert not losses(score, "back.abc")


def test_a_score_of_it_as_music21_reads_it(tmp_path: Path) -> None:
    from music21 import bar, converter, expressions, harmony, spanner, stream, tempo

    tune_of(tmp_path, RICH).write(tmp_path / "out.musicxml")
    parsed = converter.parse(tmp_path / "out.musicxml")
    assert isinstance(parsed, stream.Score)
    (part,) = parsed.parts
    measures = list(part.getElementsByClass(stream.Measure))
    # 0 is the pickup; 1 to 4 the first strain with two endings, 5 and 6 the second, 7 to 9 the third
    opens = [m.number for m in measures if isinstance(m.leftBarline, bar.Repeat)]
    closes = [(m.number, m.rightBarline.times) for m in measures if isinstance(m.rightBarline, bar.Repeat)]
    assert (opens, closes) == ([1, 5, 7], [(3, None), (6, None), (8, 4)])
    brackets = part.recurse().getElementsByClass(spanner.RepeatBracket)
    found = sorted((one.getFirst().number, one.getLast().number, one.numberRange) for one in brackets)
    assert found == [(3, 3, [1]), (4, 4, [2]), (8, 8, [1, 2, 3]), (9, 9, [4])]
    assert [m.rightBarline.type for m in measures if m.number in (4, 9)] == ["double", "final"]
    symbols = part.recurse().getElementsByClass(harmony.ChordSymbol)
    assert [(float(one.getOffsetInHierarchy(part)), one.figure) for one in symbols] == [
        (0.5, "Em"),
        (5.0, "D7/F#"),
        (14.0, "Am7"),
        (21.0, "C"),
    ]
    marks = [one for one in parsed.recurse().getElementsByClass(tempo.MetronomeMark) if one.number]
    assert [one.getQuarterBPM() for one in marks] == [150, 90]  # 100 and 60 dotted quarters
    notes = [one for one in part.recurse().notes if not isinstance(one, harmony.Harmony)]
    assert [one.pitch.nameWithOctave for one in notes if one.duration.isGrace] == ["D5"]
    assert [one.name for note in notes for one in note.expressions if isinstance(one, expressions.Ornament)][
        :1
    ] == ["trill"]
    sung = [one.text for note in notes for one in note.lyrics if one.number == 1]
    assert sung == [
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "ty",
        "sev",
        "en",
        "one",
        "two",
        "three",
        "four",
    ]
    assert parsed.metadata.composer == "nobody & sons"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        # Counted by hand in RICH. Repeats: three that start, three that end, four endings.
        ("out.musicxml", {Content.SIGNS: 1, Content.LAYOUT: 1}),
        (
            "out.mid",
            {
                Content.REPEATS: 10,
                Content.CHORD_SYMBOLS: 4,
                Content.MODE: 1,
                Content.SPELLING: 3,  # A sharp, B flat (in G major), A sharp
                Content.LYRICS: 4,  # the second verse
                Content.GRACE_NOTES: 1,
                Content.SIGNS: 5,  # T ~ . H and one that nobody knows
                Content.SLURS: 2,
                Content.LAYOUT: 1,
            },
        ),
    ],
)
def test_every_kind_is_written_or_named_as_lost(
    tmp_path: Path, target: str, expected: dict[Content, int]
) -> None:
    total = {
        Content.REPEATS: 10,
        Content.CHORD_SYMBOLS: 4,
        Content.TEXTS: 4,  # slow, B, Fine, hey
        Content.TEMPO: 2,
        Content.KEY_CHANGES: 1,
        Content.MODE: 1,
        Content.LYRICS: 17,
        Content.GRACE_NOTES: 1,
        Content.SIGNS: 5,
        Content.SLURS: 2,
        Content.CREDITS: 5,  # the other name, C, O, R, W
    }
    tune = tune_of(tmp_path, RICH)
    assert contents_of(sheet_of(tune)) == total
    family = "MIDI" if target == "out.mid" else "MusicXML"
    assert +lost(tune, family) == expected
    kept = contents_of(sheet_of(converted(tune, target)))
    for kind, count in total.items():
        extra = kind in (Content.TEXTS,) and target == "out.mid"  # the words of the tempo
        assert kept[kind] + expected.get(kind, 0) == count + extra, kind


def test_whatever_a_sheet_has_is_counted(tmp_path: Path) -> None:
    """A new field of a sheet must be counted, or it could be lost in silence."""
    sheet = sheet_of(tune_of(tmp_path, RICH))
    for one in dataclasses.fields(sheet):
        alone = dataclasses.replace(Sheet(), **{one.name: getattr(sheet, one.name)})
        # Spelling is counted by the notes outside the key, which have no other way to say their names.
        assert any(contents_of(alone).values()) == (one.name != "spelling"), one.name


def test_midi_of_it(tmp_path: Path) -> None:
    tune_of(tmp_path, RICH).write(tmp_path / "out.mid")
    found: list[tuple[int, Any]] = []
    for track in mido.MidiFile(tmp_path / "out.mid").tracks:
        now = 0
        for message in track:
            now += message.time
            found.append((now, message))
    tempos = [(at, round(60e6 / m.tempo)) for at, m in found if m.type == "set_tempo"]
    assert tempos == [(0, 150), (15 * 480, 90)]
    assert [(at, m.key) for at, m in found if m.type == "key_signature"] == [(0, "D"), (11 * 480, "G")]
    assert [m.text for _, m in found if m.type == "text" and ":" in m.text] == [
        "subtitle: The other name",
        "composer: nobody & sons",
        "origin: Ireland",
        "rhythm: jig",
        "words: More words",
    ]
    sung = "".join(m.text for _, m in found if m.type == "lyrics")
    assert sung == "one two three four five six-ty sev-en one two three four "


def test_midi_as_others_write_it_becomes_a_sheet(make_midi: MakeMidi, tmp_path: Path) -> None:
    meta = mido.MetaMessage
    events: list[tuple[int, Any]] = [
        (0, meta("set_tempo", tempo=500_000)),
        (0, meta("time_signature", numerator=6, denominator=8)),
        (0, meta("key_signature", key="D")),
        (0, meta("copyright", text="me")),
        (0, meta("text", text="composer: nobody")),
        (720, meta("marker", text="B")),
        (1440, meta("set_tempo", tempo=600_000)),
        (1450, meta("set_tempo", tempo=610_000)),  # a player's shade
        (1440, meta("key_signature", key="G")),
    ]
    for index, word in enumerate(["hey", "ho", "dia", "mond"]):
        # Karaoke files write blanks between words and none between syllables.
        events.append((720 * index, meta("lyrics", text=word + ("" if word == "dia" else " "))))
        # abc2midi writes notes a tick late.
        events.append((720 * index + 1, mido.Message("note_on", note=74, velocity=80)))
        events.append((720 * index + 700, mido.Message("note_off", note=74)))
    tune = read(make_midi(events, end=2880), pickup=0)
    text = tune.write(tmp_path / "out.abc").read_text()
    assert text.splitlines()[2:] == [
        "%%abc-copyright me",
        "C:nobody",
        "M:6/8",
        "L:1/8",
        "Q:3/8=80",
        "K:D",
        "d3 [P:B]d3|[K:G][Q:1/4=100]d3 d3|]",
        "w: hey ho dia-mond",
    ]
    assert lost(tune, "ABC")[Content.TEMPO] == 1


def test_an_edit_takes_the_signs_along(tmp_path: Path) -> None:
    tune = tune_of(
        tmp_path,
        'X:1\nT:T\nM:4/4\nL:1/4\nK:C\n|:"C"{d}c (.d e "G"g)|!fermata!c2 Td2:|\n'
        "w:one two three four five six\n",
    )
    kept = [note for note in tune.melody.notes if note.onset not in (Q(1), Q(4))]  # .d and the first of bar 2
    text = tune.replace(tune.melody.with_notes(kept)).write(tmp_path / "out.musicxml").read_text()
    sheet = sheet_of(read(tmp_path / "out.musicxml"))
    # The staccato goes with its note; the fermata stays at its time; the slur starts at the next note.
    assert [(one.time, one.name) for one in sheet.decorations] == [(Q(4), "fermata"), (Q(6), "trill")]
    assert [(one.start, one.end) for one in sheet.slurs] == [(Q(2), Q(3))]
    assert [(one.time, one.text) for one in sheet.chords] == [(Q(0), "C"), (Q(3), "G")]
    assert [(one.time, one.text) for one in sheet.syllables] == [
        (Q(0), "one two"),
        (Q(2), "three"),
        (Q(3), "four five"),
        (Q(6), "six"),
    ]
    assert text.count("<grace/>") == 1
    assert (sheet.bars[0].opens, sheet.bars[1].closes) == (True, 2)


def test_a_chord_symbol_in_a_long_note_has_its_time(tmp_path: Path) -> None:
    tune = tune_of(tmp_path, 'X:1\nT:T\nM:4/4\nL:1/4\nK:C\n"C"c2-"G"c2|]\n')
    score = converted(tune, "out.musicxml")
    assert [(one.time, one.text) for one in sheet_of(score).chords] == [(Q(0), "C"), (Q(2), "G")]
    assert score.write(tmp_path / "out.abc").read_text().endswith('"C"c4- "G"c4|]\n')


def test_names_of_notes_go_along(tmp_path: Path) -> None:
    tune = tune_of(tmp_path, "X:1\nT:T\nM:4/4\nL:1/4\nK:C\n^D _E ^E _F|]\n")
    score = converted(tune, "out.musicxml")
    assert score.write(tmp_path / "out.abc").read_text().endswith("^D2_E2 ^E2_F2|]\n")


def test_verses_and_words_of_several_syllables(tmp_path: Path) -> None:
    tune = tune_of(tmp_path, "X:1\nT:T\nM:4/4\nL:1/4\nK:C\ncdef|g4|]\nw:a-b--c|d\nw:x~y * z__\n")
    expected = (
        Syllable(Q(0), "a", 1, hyphen=True),
        Syllable(Q(1), "b", 1, hyphen=True),
        Syllable(Q(3), "c", 1),
        Syllable(Q(4), "d", 1),
        Syllable(Q(0), "x y", 2),
        Syllable(Q(2), "z", 2, held=True),
    )
    assert set(sheet_of(tune).syllables) == set(expected)
    assert set(sheet_of(converted(tune, "out.musicxml")).syllables) == set(expected)
    text = converted(tune, "out.musicxml").write(tmp_path / "out.abc").read_text()
    assert text.endswith("w: a-b--c d\nw: x~y * z__\n")


@pytest.mark.parametrize("name", ["reel", "jig", "polka", "waltz"])
def test_the_examples_keep_everything(tmp_path: Path, name: str) -> None:
    tune = read(EXAMPLES / f"{name}.abc")
    score = read(tune.write(tmp_path / "out.musicxml"))
    back = read(score.write(tmp_path / "out.abc"))
    assert not problems((tmp_path / "out.musicxml").read_text())
    for one in (score, back):
        assert (one.melody.notes, one.melody.bars) == (tune.melody.notes, tune.melody.bars)
        assert (one.melody.title, one.melody.key) == (tune.melody.title, tune.melody.key)
        found, expected = sheet_of(one), sheet_of(tune)
        assert found.bars == expected.bars
        assert found.tempos == expected.tempos
        assert set(found.credits) == set(expected.credits)


def test_the_repeats_of_the_jig(tmp_path: Path) -> None:
    """The jig's file has two strains of eight bars, each with an end repeat."""
    text = read(EXAMPLES / "jig.abc").write(tmp_path / "jig.musicxml").read_text()
    assert text.count('<repeat direction="backward"/>') == 2
    back = read(tmp_path / "jig.musicxml").write(tmp_path / "back.abc").read_text()
    assert back.count(":|") == 2
    assert "C:trad." in back
    assert "R:jig" in back
    assert "Q:3/8=120" in back
