"""Real tunes in another format and back, by this package's readers and by music21's."""

from __future__ import annotations

import importlib.util
import random
import re
from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from arvae_music.formats import Tune, read
from arvae_music.formats.abc import split_tunes
from arvae_music.formats.abc_text import read_text
from arvae_music.formats.contents import Content
from arvae_music.formats.losses import lost
from arvae_music.formats.sheet import Sheet, Syllable
from arvae_music.formats.sheets import sheet_of
from tests.formats.musicxml_schema import problems


def corpus() -> Path:
    spec = importlib.util.find_spec("music21")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "corpus"


def tunes(folder: str, count: int, seed: int = 1) -> list[str]:
    """So many tunes of a folder of books, by chance."""
    found = []
    for path in sorted((corpus() / folder).glob("*.abc")):
        for tune in split_tunes(read_text(path)):
            lines = [line.text for line in tune.lines if not line.text.startswith("X:")]
            found.append("\n".join(["X:1", *lines, ""]))
    return random.Random(seed).sample(found, count)


def said(tune: Tune) -> list[Any]:
    """What must come back, in an order of its own; a sign twice at a note that is tied to itself is one."""
    sheet = sheet_of(tune)
    onsets = [note.onset for note in tune.melody.notes]
    decorations = {
        (onsets[max(bisect_right(onsets, one.time) - 1, 0)] if one.owner else one.time, one.name)
        for one in sheet.decorations
        if one.name not in UNKNOWN
    }
    return [
        sheet.bars,
        [(change.time, change.key.name or change.key.steps) for change in sheet.keys],
        sorted(sheet.tempos, key=repr),
        sorted(sheet.chords, key=repr),
        sorted(sheet.texts, key=repr),
        sorted(sheet.syllables, key=repr),
        sorted(sheet.slurs, key=repr),
        [(pitch.pitch, pitch.step) for grace in sheet.graces for pitch in grace.pitches],
        sorted(decorations, key=repr),
        set(sheet.credits),
    ]


UNKNOWN = frozenset("HIJKNQRUVWXYhijklmnopqrstwxyz")
"""Letters that books use for signs of their own."""


def held(folder: Path, tune: Tune) -> tuple[Tune, Tune]:
    """The tune as a score, and as ABC made of that."""
    score = read(tune.write(folder / "out.musicxml", force=True))
    return score, read(score.write(folder / "out.abc", force=True))


def check_round_trip(folder: Path, text: str) -> Tune:
    (folder / "in.abc").write_text(text)
    tune = read(folder / "in.abc")
    expected = said(tune)
    for one in held(folder, tune):
        assert one.melody.notes == tune.melody.notes
        assert [(bar.number, bar.start, bar.length, bar.meter) for bar in one.melody.bars] == [
            (bar.number, bar.start, bar.length, bar.meter) for bar in tune.melody.bars
        ]
        assert one.melody.title == " ".join(tune.melody.title.split())
        assert one.melody.key == tune.melody.key
        assert said(one) == expected, text
    assert not problems((folder / "out.musicxml").read_text())
    return tune


def by_music21(source: Any) -> dict[str, Any]:
    """Repeats, endings, tempo and chord symbols as music21 has them, by time."""
    from music21 import bar, harmony, spanner, stream, tempo

    score = source.scores[0] if isinstance(source, stream.Opus) else source
    part = score.parts[0]
    repeats = []
    for measure in part.getElementsByClass(stream.Measure):
        for line in (measure.leftBarline, measure.rightBarline):
            if isinstance(line, bar.Repeat):
                length = measure.duration.quarterLength if line.direction == "end" else 0
                repeats.append((float(measure.offset + length), line.direction))
    brackets = part.recurse().getElementsByClass(spanner.RepeatBracket)
    symbols = part.recurse().getElementsByClass(harmony.ChordSymbol)
    marks = score.recurse().getElementsByClass(tempo.MetronomeMark)
    notes = [note for note in part.recurse().notes if not isinstance(note, harmony.Harmony)]
    return {
        "notes": [
            (float(note.getOffsetInHierarchy(part)), sorted(pitch.midi for pitch in note.pitches))
            for note in notes
            if not note.duration.isGrace
        ],
        "repeats": sorted(repeats),
        "endings": sorted((float(one.getFirst().offset), str(one.number)) for one in brackets),
        "tempo": [round(one.getQuarterBPM(), 2) for one in marks if one.number][:1],
        "chords": [(float(one.getOffsetInHierarchy(part)), one.figure) for one in symbols],
    }


def agreeing(folder: Path, texts: Sequence[str]) -> int:
    """How many tunes music21 reads alike from ABC and from the score that is made of it.

    Where its notes are others, it has not read the ABC as it is written, and there is nothing to compare.
    """
    from music21 import converter

    alike = 0
    for text in texts:
        (folder / "in.abc").write_text(text)
        read(folder / "in.abc").write(folder / "out.musicxml", force=True)
        score = by_music21(converter.parse(folder / "out.musicxml"))
        try:
            expected = by_music21(converter.parse(text, format="abc"))
        except Exception:
            continue
        if score["notes"] == expected["notes"]:
            if re.search(r"^Q:\s*\d+\s*$", text, re.MULTILINE):
                expected["tempo"] = score["tempo"]  # music21 counts quarters where ABC counts unit notes
            # It takes every quoted text for a chord, as the `"f"` and `"p"` of old books.
            expected["chords"] = [one for one in expected["chords"] if one[1][0].isupper()]
            assert score == expected, text
            alike += 1
    return alike


def test_tunes_of_oneill_come_back(tmp_path: Path) -> None:
    for text in tunes("oneills1850", 12):
        check_round_trip(tmp_path, text)


@pytest.mark.slow
def test_200_tunes_of_oneill_come_back(tmp_path: Path) -> None:
    for text in tunes("oneills1850", 200):
        check_round_trip(tmp_path, text)


def test_music21_sees_the_same_repeats(tmp_path: Path) -> None:
    assert agreeing(tmp_path, tunes("oneills1850", 8, seed=2)) >= 4


@pytest.mark.slow
def test_music21_sees_the_same_repeats_in_200_tunes(tmp_path: Path) -> None:
    assert agreeing(tmp_path, tunes("oneills1850", 200, seed=2)) >= 120


def test_music21_sees_the_same_chord_symbols(tmp_path: Path) -> None:
    head = "X:1\nT:T\nM:4/4\nL:1/4\nQ:1/4=96\nK:G\n"
    body = '|:"G"GABc|"Am7"A2 "D7"d2|[1 "Em"e4:|[2 "C"c2 "G/B"B2|]\n'
    assert agreeing(tmp_path, [head + body]) == 1


def sung(sheet: Sheet) -> list[str]:
    """Every verse's letters; syllables under a note that is tied to itself are on one note in ABC."""
    verses = sorted({one.verse for one in sheet.syllables})
    rows = ([one for one in sheet.syllables if one.verse == verse] for verse in verses)
    return ["".join(one.text for one in sorted(row, key=_time)).replace(" ", "") for row in rows]


def _time(syllable: Syllable) -> Fraction:
    return syllable.time


SCORES = [
    "bach/bwv66.6.mxl",
    "bach/bwv417.mxl",  # three verses
    "leadSheet/fosterBrownHair.mxl",  # chord symbols and lyrics
    "leadSheet/berlinAlexandersRagtime.mxl",
    "demos/multiple-verses.xml",
    "trecento/PMFC_12_3-Gloria Gherardello.xml",
    "monteverdi/madrigal.3.9.mxl",
]


@pytest.mark.parametrize("name", SCORES)
def test_real_scores_become_abc(tmp_path: Path, name: str) -> None:
    from music21 import converter

    tune = read(corpus() / name, part=1)
    path = tune.write(tmp_path / "out.abc")
    back = read(path)
    assert back.melody.notes == tune.melody.notes
    assert [(bar.start, bar.length) for bar in back.melody.bars] == [
        (bar.start, bar.length) for bar in tune.melody.bars
    ]
    found, expected = sheet_of(back), sheet_of(tune)
    assert found.bars == expected.bars
    assert found.chords == expected.chords
    assert found.tempos == expected.tempos
    assert sung(found) == sung(expected)
    assert not lost(tune, "ABC")[Content.CHORD_SYMBOLS]
    parsed = by_music21(converter.parse(path.read_text(), format="abc"))
    plain = by_music21(converter.parse(corpus() / name))
    assert parsed["repeats"] == plain["repeats"]
    if "leadSheet" in name:
        assert expected.chords
        assert [time for time, _ in parsed["chords"]] == [time for time, _ in plain["chords"]]


def test_the_words_of_a_song(tmp_path: Path) -> None:
    """The first words of a song by Stephen Foster, and its two verses."""
    tune = read(corpus() / "leadSheet/fosterBrownHair.mxl", part=1)
    text = tune.write(tmp_path / "out.abc").read_text()
    assert "w: dream of Jean-nie with the light brown * hair\n" in text
    assert "w: long for Jean-nie with the day dawn * smile\n" in text
    assert '|:"F"c6 A2|"Bb"_B2A2 G2F2|"F"A4 "C"C2D2|"F"F8|\n' in text
    assert "C:Stephen Foster\n" in text
