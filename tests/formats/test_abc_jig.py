"""A jig with everything in it loses a note or two in each measure: judged by its text and by music21."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from arvae_music.cli.errors import run

from arvae_music import load_model, read

JIG = """X:1
T:The Tested Kettle
R:jig
M:6/8
L:1/8
K:Edor
B|:"Em"E2B {c}BAG|"D"FED "A7"A2d|"Em"{d}e2B (3Bcd e|[1 "D"dA{G}F "Em"E2B:|[2 "D"dAF "Em"E2||
f|:"Em"e2f {a}gfe|"D"(3def d {e}dAF|"Em"EGB "Bm"{c}Bcd|[1 "D"AFD "Em"{F}E2f:|[2 "D"AF{E}D "Em"E2|]
"""
_BAR_LINE = re.compile(r"\|\]|\|\||\|:|:\||\|")
_GRACED = re.compile(r"\{([^}]*)\}\(?\d?([_=^]*[A-Ga-g][,']*)")


class Bar(NamedTuple):
    """What music21 says of a bar.

    `notes` are those that begin in it, `graced` those of them with grace notes, as onset, MIDI
    pitch and names of the grace notes.
    """

    notes: frozenset[tuple[Fraction, int]]
    graced: frozenset[tuple[Fraction, int, str]]
    chords: tuple[tuple[Fraction, str], ...]
    lines: tuple[str, str]


@cache
def score(text: str) -> Any:
    from music21 import converter

    return converter.parse(text, format="abc")


def bars(text: str) -> list[Bar]:
    from music21 import stream

    return [bar(measure) for measure in score(text).parts[0].getElementsByClass(stream.Measure)]


def bar(measure: Any) -> Bar:
    from music21 import harmony, note

    notes, graced, chords, waiting = set(), set(), [], ""
    for element in measure.notes:
        onset = Fraction(element.offset)
        if isinstance(element, harmony.ChordSymbol):
            chords.append((onset, element.figure))
        elif isinstance(element, note.Note) and element.duration.isGrace:
            waiting += element.nameWithOctave
        elif element.tie is None or element.tie.type == "start":
            notes.add((onset, element.pitch.midi))
            if waiting:
                graced.add((onset, element.pitch.midi, waiting))
            waiting = ""
    lines = tuple(repr(line) for line in (measure.leftBarline, measure.rightBarline))
    return Bar(frozenset(notes), frozenset(graced), tuple(chords), (lines[0], lines[1]))


def endings(text: str) -> list[tuple[str, list[int]]]:
    from music21 import spanner

    brackets = score(text).recurse().getElementsByClass(spanner.RepeatBracket)
    return [(b.number, [measure.number for measure in b.getSpannedElements()]) for b in brackets]


def music(text: str) -> str:
    return text.split("K:Edor\n")[1]


def texts(text: str) -> list[str]:
    """The texts between the bar lines, the last one being the end of the file."""
    return [each for each in _BAR_LINE.split(music(text)) if each.strip()]


def edit(out: Path, change: str) -> dict[str, Any]:
    """The report of an edit by the model, with its tune written."""
    source = out.with_name("source.abc")
    source.write_text(JIG)
    result = load_model("folk").edit(read(source), density=change)
    result.tune.write(out)
    report = result.report.as_json()
    assert isinstance(report, dict)
    return report


def command(out: Path, change: str) -> dict[str, Any]:
    """The same by the command line."""
    source, report = out.with_name("source.abc"), out.with_name("report.json")
    source.write_text(JIG)
    args = ["interpolate", str(source), "--attr", "density", change, "-o", str(out), "--json", str(report)]
    assert run(args) == 0
    found = json.loads(report.read_text())
    assert isinstance(found, dict)
    return found


WAYS = {"edit -1": (edit, "-1"), "command -1": (command, "-1"), "edit -2": (edit, "-2")}


@pytest.fixture(scope="module", params=WAYS)
def edited(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, dict[str, Any], int]:
    """The new text, the report, and the notes that were asked for."""
    by, change = WAYS[request.param]
    out = tmp_path_factory.mktemp("jig") / "out.abc"
    report = by(out, change)
    return out.read_text(), report, int(change)


def test_the_jig_has_what_is_tested() -> None:
    found = bars(JIG)
    assert [len(each.notes) for each in found] == [1, 5, 5, 6, 5, 4, 1, 5, 7, 6, 5, 4]
    assert sum(len(each.graced) for each in found) == 8
    assert sum(len(each.chords) for each in found) == 16
    assert endings(JIG) == [("1", [4]), ("2", [5]), ("1", [10]), ("2", [11])]
    assert JIG.count("(3") == 2


def test_text_around_the_notes_stays(edited: tuple[str, dict[str, Any], int]) -> None:
    text, _, _ = edited
    assert text.removesuffix(music(text)) == JIG.removesuffix(music(JIG))
    assert _BAR_LINE.findall(music(text)) == _BAR_LINE.findall(music(JIG))
    assert music(text).count("\n") == music(JIG).count("\n")
    for new, old in zip(texts(text), texts(JIG), strict=True):
        assert re.findall(r'"[^"]*"|\[\d', new) == re.findall(r'"[^"]*"|\[\d', old)
        assert new.count("(3") == old.count("(3")
        assert set(_GRACED.findall(new)) <= set(_GRACED.findall(old))


def test_repeats_endings_and_chords_are_where_they_were(edited: tuple[str, dict[str, Any], int]) -> None:
    text, _, _ = edited
    old, new = bars(JIG), bars(text)
    assert endings(text) == endings(JIG)
    assert [each.lines for each in new] == [each.lines for each in old]
    assert [each.chords for each in new] == [each.chords for each in old]


def test_grace_notes_stay_on_notes_that_stay_and_the_others_are_told(
    edited: tuple[str, dict[str, Any], int],
) -> None:
    text, report, _ = edited
    told = {notice["measure"]: notice["text"] for notice in report["notices"] if notice["code"] == "ornament"}
    for number, (before, after) in enumerate(zip(bars(JIG), bars(text), strict=True)):
        kept = {each for each in before.graced if each[:2] in after.notes}
        assert after.graced == kept
        gone = before.graced - kept
        assert (number in told) == bool(gone)
        if gone:
            assert told[number].count("{") == len(gone)


def test_measures_have_so_many_notes_fewer(edited: tuple[str, dict[str, Any], int]) -> None:
    text, report, change = edited
    counts = [[len(each.notes) for each in bars(each_text)] for each_text in (JIG, text)]
    rows = report["measures"]
    assert [row["status"] for row in rows] == ["skipped" if "(3" in t else "exact" for t in row_texts(rows)]
    for row in rows:
        numbers = [row["index"], *([] if row["joined"] is None else [row["joined"]])]
        old, new = (sum(each[number] for number in numbers) for each in counts)
        assert new - old == (0 if row["status"] == "skipped" else change)
        if row["status"] == "skipped":
            assert "off the grid" in row["reason"]
            assert texts(text)[row["index"]] == texts(JIG)[row["index"]]


def row_texts(rows: list[dict[str, Any]]) -> list[str]:
    return [texts(JIG)[row["index"]] for row in rows]
