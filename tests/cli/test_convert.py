"""`arvae-music convert`: the tune that comes out, and what is said about the rest."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import mido
import numpy as np
import pytest
from arvae_music.cli.errors import run

from arvae_music.formats import read
from arvae_music.measures import measures

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"

RICH = """X:1
T:Rich
C:nobody
M:6/8
L:1/8
Q:3/8=100
%%scale 0.7
K:Edor
B|:"Em"{d}(EFG) !trill!A2B|"^slow"(3efe d ~B2A|[1 GFE D2B:|[2 GFE [K:G] D3|]
w:one two three four five
"""

SCORE = """<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="3.1">
<identification><creator type="composer">nobody</creator></identification>
<part-list><score-part id="P1"><part-name>Flute</part-name></score-part>
<score-part id="P2"><part-name>Bass</part-name></score-part></part-list>
<part id="P1"><measure number="1"><print new-system="yes"/><attributes><divisions>1</divisions>
<time><beats>4</beats><beat-type>4</beat-type></time></attributes>
<harmony><root><root-step>C</root-step></root><kind>major</kind></harmony>
<note><pitch><step>C</step><octave>5</octave></pitch><duration>4</duration><type>whole</type>
<lyric><text>oh</text></lyric></note>
<barline location="right"><repeat direction="backward"/></barline></measure></part>
<part id="P2"><measure number="1"><attributes><divisions>1</divisions></attributes>
<note><pitch><step>C</step><octave>3</octave></pitch><duration>4</duration><type>whole</type></note>
</measure></part></score-partwise>
"""


def convert(*args: str | Path) -> int:
    return run(["convert", *map(str, args)])


def said(out: str) -> list[str]:
    """What the output goes without; it is told in one line."""
    return [line.split(" goes without ")[1] for line in out.splitlines() if " goes without " in line]


@pytest.mark.parametrize("name", ["reel", "jig", "polka", "waltz"])
def test_a_round_trip_keeps_every_measure(tmp_path: Path, name: str) -> None:
    way = [
        EXAMPLES / f"{name}.abc",
        *(tmp_path / f"{name}.{suffix}" for suffix in ("musicxml", "mid", "abc")),
    ]
    for source, target in itertools.pairwise(way):
        assert convert(source, target) == 0
    first, last = read(way[0]).melody, read(way[-1]).melody
    assert (last.title, last.key) == (first.title, first.key)
    assert (last.notes, last.bars) == (first.notes, first.bars)
    before, after = measures(first), measures(last)
    assert [(row.index, row.joined) for row in after] == [(row.index, row.joined) for row in before]
    assert all(np.array_equal(a.tokens, b.tokens) for a, b in zip(before, after, strict=True))  # type: ignore[arg-type]


def test_what_midi_does_not_hold_of_abc(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rich.abc").write_text(RICH)
    assert convert(tmp_path / "rich.abc", tmp_path / "rich.mid") == 0
    # repeats: |: and |[1 and :| and [2
    assert said(capsys.readouterr().out) == [
        "4 signs of repeats or endings, 1 chord symbol, the mode of the key, 1 group of grace notes, "
        "2 decorations, 1 slur and layout and comments"
    ]


def test_what_abc_does_not_hold_of_midi(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "flute.abc"
    assert convert(EXAMPLES / "reel_accompanied.mid", out, "--part", "Flute") == 0
    # other parts: guitar, bass and drum
    assert said(capsys.readouterr().out) == [
        "3 other parts, the notes' played timing, the notes' velocities "
        "and programs, controllers and the like"
    ]
    assert read(out).melody.notes == read(EXAMPLES / "reel.abc").melody.notes


def test_what_abc_does_not_hold_of_musicxml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "score.musicxml").write_text(SCORE)
    assert convert(tmp_path / "score.musicxml", tmp_path / "out.abc", "--part", "Flute") == 0
    assert said(capsys.readouterr().out) == ["1 other part and layout and comments"]
    assert (tmp_path / "out.abc").read_text() == (
        'X:1\nT:Untitled\nC:nobody\nM:4/4\nL:1/8\nK:C\n"C"c8:|\nw: oh\n'
    )


def test_the_report_for_a_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert convert(EXAMPLES / "jig.abc", tmp_path / "jig.mid", "--json", "-") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["output"] == str(tmp_path / "jig.mid")
    assert (result["measures"], result["notes"]) == (16, 95)
    assert {notice["code"] for notice in result["notices"]} == {"format"}
    notes = [
        message
        for message in mido.MidiFile(tmp_path / "jig.mid")
        if message.type == "note_on" and message.velocity
    ]
    assert len(notes) == 95


@pytest.mark.parametrize(
    ("source", "target", "line"),
    [
        ("jig.abc", "jig.doc", ".doc"),
        ("jig.abc", "jig", "no extension"),
        ("jig.abc", "other.abc", "the same format"),
        ("jig.mid", "other.midi", "the same format"),
        ("jig.abc", "nowhere/jig.mid", "nowhere"),
    ],
)
def test_a_wrong_call_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str, target: str, line: str
) -> None:
    assert convert(EXAMPLES / source, tmp_path / target) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert line in err
    assert not list(tmp_path.iterdir())


def test_a_score_may_be_packed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "score.musicxml").write_text(SCORE)
    assert convert(tmp_path / "score.musicxml", tmp_path / "score.mxl", "--part", "Flute") == 0
    assert (tmp_path / "score.mxl").read_bytes().startswith(b"PK")
    assert not said(capsys.readouterr().out)


def test_an_edit_in_another_format_says_what_is_lost(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "slow.abc"
    source.write_text('X:1\nT:Slow\nM:4/4\nL:1/8\nK:C\n"C"c2G2 E2C2|G2B2 A4|G8|]\n')
    for out, lost in ((tmp_path / "out.mid", ["1 chord symbol"]), (tmp_path / "out.abc", [])):
        args = ["interpolate", str(source), "--model", str(model), "--attr", "density", "+1", "-o", str(out)]
        assert run(args) == 0
        assert said(capsys.readouterr().out) == lost
    args = ["reconstruct", str(source), "--model", str(model), "-o", str(tmp_path / "back.mid")]
    assert run(args) == 0
    assert said(capsys.readouterr().out) == ["1 chord symbol"]


def test_an_edit_in_another_format_keeps_the_signs(model: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "in.abc", tmp_path / "out.musicxml"
    source.write_text(
        'X:1\nT:In\nM:4/4\nL:1/8\nQ:1/4=100\nK:Edor\n|:"Em"E2G2 B2e2|[1"D"A4 F4:|[2"Em"A4 G4|]\n'
    )
    args = ["interpolate", str(source), "--model", str(model), "--attr", "density", "+1", "-o", str(out)]
    assert run(args) == 0
    assert len(read(out).melody.notes) == 4 + 2 + 2 + 3
    text = out.read_text()
    assert text.count('<repeat direction="backward"/>') == text.count('<repeat direction="forward"/>') == 1
    assert [text.count(f'<ending number="{number}" type="start"/>') for number in (1, 2)] == [1, 1]
    assert text.count("<harmony>") == 3
    assert "<per-minute>100</per-minute>" in text
    assert "<mode>dorian</mode>" in text
