"""MusicXML in place: what changes in the text, and what does not."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from fractions import Fraction as Q
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from arvae_music.errors import ArvaeError
from arvae_music.formats import read
from arvae_music.formats.musicxml_edit import MusicXmlSource, edited
from arvae_music.formats.musicxml_file import load_score
from arvae_music.formats.musicxml_items import melody_of
from arvae_music.formats.musicxml_read import parts_of, voices_of
from arvae_music.formats.musicxml_tree import parse
from arvae_music.measures import Measure, measures, replace_measures
from arvae_music.melody import Melody
from arvae_music.tokens import REST, Tokens
from tests.formats.musicxml_scores import (
    TRIPLET,
    Bar,
    attributes,
    changed,
    note,
    rewritten,
    score,
    tune_of,
    with_bar,
)
from tests.music import part_strategy, row

JIG = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 3.1 Partwise//EN"
  "http://www.musicxml.org/dtds/partwise.dtd">
<!-- copied from a manuscript -->
<?editor keep="this"?>
<score-partwise version="3.1">
  <work><work-title>The Tinker&apos;s Kettle</work-title></work>
  <identification><creator type="composer">trad. &amp; anon.</creator></identification>
  <credit page="1"><credit-words default-x="600">The Tinker's Kettle</credit-words></credit>
  <part-list>
    <score-part id="P1"><part-name>Flute</part-name></score-part>
    <score-part id="P2"><part-name>Drone</part-name></score-part>
  </part-list>
  <part id="P1">
    <measure number="0" implicit="yes" width="80">
      <attributes>
        <divisions>2</divisions>
        <key><fifths>2</fifths><mode>dorian</mode></key>
        <time><beats>6</beats><beat-type>8</beat-type></time>
        <clef><sign>G</sign><line>2</line></clef>
      </attributes>
      <note><pitch><step>B</step><octave>4</octave></pitch><duration>1</duration><voice>1</voice><type>eighth</type></note>
    </measure>
    <measure number="1" width="250">
      <barline location="left"><repeat direction="forward"/></barline>
      <harmony><root><root-step>E</root-step></root><kind>minor</kind></harmony>
      <note id="e1" default-x="12.5">
        <pitch>
          <step>E</step>
          <octave>4</octave>
        </pitch>
        <duration>2</duration>
        <voice>1</voice>
        <type>quarter</type>
        <stem>up</stem>
        <lyric number="1"><syllabic>single</syllabic><text>Now</text></lyric>
      </note>
      <!-- a turn here? -->
      <note id="b1">
        <pitch>
          <step>B</step>
          <octave>4</octave>
        </pitch>
        <duration>1</duration>
        <voice>1</voice>
        <type>eighth</type>
      </note>
      <harmony><root><root-step>D</root-step></root><kind>major</kind></harmony>
      <note>
        <pitch>
          <step>D</step>
          <octave>5</octave>
        </pitch>
        <duration>3</duration>
        <voice>1</voice>
        <type>quarter</type>
        <dot/>
        <notations><articulations><accent/></articulations></notations>
        <lyric number="1"><syllabic>single</syllabic><text>then</text></lyric>
      </note>
    </measure>
    <measure number="2">
      <barline location="left"><ending number="1" type="start"/></barline>
      <note><pitch><step>G</step><octave>4</octave></pitch><duration>5</duration><voice>1</voice></note>
      <barline location="right"><ending number="1" type="stop"/><repeat direction="backward"/></barline>
    </measure>
  </part>
  <part id="P2">
    <measure number="0" implicit="yes">
      <attributes><divisions>1</divisions></attributes><forward><duration>0.5</duration></forward>
    </measure>
    <measure number="1">
      <note><pitch><step>E</step><octave>3</octave></pitch><duration>3</duration></note>
    </measure>
    <measure number="2">
      <note><pitch><step>E</step><octave>3</octave></pitch><duration>2.5</duration></note>
    </measure>
  </part>
</score-partwise>
<!-- the end -->
"""

PLAIN = note("C5", 8, "half") + note("D5", 8, "half")
QUARTERS = [(0, 1, "C5"), (1, 1, "D5"), (2, 1, "E5"), (3, 1, "F5")]


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def test_unchanged_is_the_file_byte_for_byte(tmp_path: Path) -> None:
    tune = tune_of(tmp_path, JIG, part=1)
    tune.write(tmp_path / "out.musicxml")
    assert (tmp_path / "out.musicxml").read_text() == JIG


def test_a_note_of_one_measure_is_taken_out_and_nothing_else(tmp_path: Path) -> None:
    tune = tune_of(tmp_path, JIG, part=1)
    out = tmp_path / "out.musicxml"
    tune.replace(with_bar(tune.melody, 1, [(0, Q(3, 2), "E4"), (Q(3, 2), Q(3, 2), "D5")])).write(out)
    expected = JIG.replace(
        "<duration>2</duration>\n        <voice>1</voice>\n        <type>quarter</type>\n        <stem>",
        "<duration>3</duration>\n        <voice>1</voice>\n        <type>quarter</type>\n        <dot/>\n"
        "        <stem>",
    )
    start = expected.index('\n      <note id="b1">')
    end = expected.index("</note>", start) + len("</note>")
    assert out.read_text() == expected[:start] + expected[end:]


def test_a_joined_measure_is_written_in_both_its_bars(tmp_path: Path) -> None:
    tune = tune_of(tmp_path, JIG, part=1)
    rows = measures(tune.melody)
    assert [(one.index, one.joined) for one in rows] == [(1, None), (2, 0)]
    tokens = row("6/8", {0: 67, 4: 69, 10: 71, 11: 69})
    out = tmp_path / "out.musicxml"
    tune.replace(replace_measures(tune.melody, rows, {1: tokens})).write(out)
    one = "<note><pitch><step>{}</step><octave>4</octave></pitch><duration>{}</duration>{}</note>"
    voice = "<voice>1</voice>"
    pickup = one.format("B", 1, voice + "<type>eighth</type>")
    pair = "<voice>1</voice><type>16th</type>"
    new_pickup = (
        "<attributes><divisions>4</divisions></attributes>\n      "
        + one.format("B", 1, pair)
        + "\n      "
        + one.format("A", 1, pair)
        + "\n      <attributes><divisions>2</divisions></attributes>"
    )
    first = one.format("G", 2, voice + "<type>quarter</type>")
    # 3 eighths from the third: to the beat, and the rest tied to it
    tie = '<tie type="{0}"/><voice>1</voice><type>{1}</type><notations><tied type="{0}"/></notations>'
    second = one.format("A", 1, tie.format("start", "eighth"))
    third = one.format("A", 2, tie.format("stop", "quarter"))
    expected = JIG.replace(pickup, new_pickup)
    expected = expected.replace(one.format("G", 5, voice), "\n      ".join((first, second, third)))
    assert lines(out.read_text()) == lines(expected)


@pytest.mark.parametrize(
    ("bar", "notes", "expected"),
    [
        # A shorter note keeps its element; the new one has a type and a place of its own.
        (PLAIN, [*QUARTERS[:2], (2, 2, "E5")], note("C5", 4, "quarter") + note("D5", 4, "quarter")
         + note("E5", 8, "half")),
        # Rests: one stays, one is new.
        (note("C5", 4, "quarter") + note("r", 4, "quarter") + note("D5", 8, "half"), [(0, 1, "C5")],
         note("C5", 4, "quarter") + note("r", 4, "quarter") + note("r", 8, "half")),
        # A dotted note, and a length that no single note has: tied, and at the middle of the bar.
        (PLAIN, [(0, Q(3, 2), "C5"), (Q(3, 2), Q(5, 2), "D5")],
         note("C5", 6, "quarter", "<dot/>") + note("D5", 2, "eighth", ties="start")
         + note("D5", 8, "half", ties="stop")),
        # A bar emptied.
        (PLAIN, [], '<note><rest measure="yes"/><duration>16</duration><voice>1</voice></note>\n'),
        # What the source ties stays tied.
        (note("C5", 4, "quarter", ties="start") + note("C5", 4, "quarter", ties="stop")
         + note("D5", 8, "half"),
         [(0, 2, "C5"), (2, 2, "E5")],
         note("C5", 4, "quarter", ties="start") + note("C5", 4, "quarter", ties="stop")
         + note("E5", 8, "half")),
    ],
)  # fmt: skip
def test_rhythm(tmp_path: Path, bar: str, notes: Bar, expected: str) -> None:
    assert changed(tmp_path, bar, notes) == expected


def test_triplets_in_divisions_that_hold_them(tmp_path: Path) -> None:
    third = Q(1, 3)
    notes: Bar = [(0, third, "C5"), (third, third, "D5"), (2 * third, third, "E5"), (1, 3, "F5")]
    new = changed(tmp_path, PLAIN, notes)
    bracket = '<notations><tuplet type="{}"/></notations>'
    assert new == (
        "<attributes><divisions>12</divisions></attributes>\n"
        + note("C5", 4, "eighth", TRIPLET + bracket.format("start"))
        + note("D5", 4, "eighth", TRIPLET)
        + note("E5", 4, "eighth", TRIPLET + bracket.format("stop"))
        + note("F5", 36, "half", "<dot/>")
        + "<attributes><divisions>4</divisions></attributes>\n"
    )


def test_a_triplet_of_which_a_note_is_taken_out(tmp_path: Path) -> None:
    start, stop = (f'<notations><tuplet type="{kind}"/></notations>' for kind in ("start", "stop"))
    bar = (
        note("C5", 4, "eighth", TRIPLET + start)
        + note("D5", 4, "eighth", TRIPLET)
        + note("E5", 4, "eighth", TRIPLET + stop)
        + note("F5", 36, "half", "<dot/>")
    )
    first = attributes(divisions=12).replace("</attributes>", "</attributes>\n<!-- 12 -->", 1)
    around = note("C5", 48, "whole")
    text = score([first + around, bar])
    tune = tune_of(tmp_path, text)
    melody = with_bar(tune.melody, 1, [(0, Q(1, 3), "C5"), (Q(1, 3), Q(2, 3), "D5"), (1, 3, "F5")])
    assert rewritten(tune, melody) == text.replace(
        note("D5", 4, "eighth", TRIPLET) + note("E5", 4, "eighth", TRIPLET + stop),
        note("D5", 8, "quarter", TRIPLET + stop),
    )


@pytest.mark.parametrize(
    ("fifths", "names", "expected"),
    [
        (0, ["C5", "F#5", "F#5", "F5"], [("C5", ""), ("F#5", "sharp"), ("F#5", ""), ("F5", "natural")]),
        (2, ["C#5", "F#5", "F5", "F#5"], [("C#5", ""), ("F#5", ""), ("F5", "natural"), ("F#5", "sharp")]),
        (-3, ["Bb4", "Eb5", "E5", "Ab4"], [("Bb4", ""), ("Eb5", ""), ("E5", "natural"), ("Ab4", "")]),
        # A sign in another octave is shown again.
        (0, ["F#5", "F4", "C5", "C5"], [("F#5", "sharp"), ("F4", "natural"), ("C5", ""), ("C5", "")]),
    ],
)
def test_pitches_are_spelled_by_key_and_bar(
    tmp_path: Path, fifths: int, names: list[str], expected: list[tuple[str, str]]
) -> None:
    notes = [(place, 1, name) for place, name in enumerate(names)]
    bar = note("B3", 16, "whole")
    new = changed(tmp_path, bar, notes, first=attributes(fifths=fifths))
    assert new == "".join(
        note(name, 4, "quarter", f"<accidental>{sign}</accidental>" if sign else "")
        for name, sign in expected
    )


def test_a_note_that_stays_gets_the_sign_that_a_removed_one_had(tmp_path: Path) -> None:
    sharp = "<accidental>sharp</accidental>"
    bar = note("F#5", 4, "quarter", sharp) + note("F#5", 4, "quarter") + note("C5", 8, "half")
    new = changed(tmp_path, bar, [(0, 1, "D5"), (1, 1, "F#5"), (2, 2, "C5")])
    assert new == note("D5", 4, "quarter") + note("F#5", 4, "quarter", sharp) + note("C5", 8, "half")


CHORD = "<harmony><root><root-step>G</root-step></root><kind>major</kind>{}</harmony>\n"
WORDS = '<direction placement="above"><direction-type><words>slow</words></direction-type>{}</direction>\n'


def test_chord_symbols_and_directions_stay_at_their_time(tmp_path: Path) -> None:
    bar = note("C5", 8, "half") + CHORD.format("") + WORDS.format("<staff>1</staff>") + note("D5", 8, "half")
    new = changed(tmp_path, bar, [(0, 1, "C5"), (1, 3, "D5")])
    assert new == (
        note("C5", 4, "quarter")
        + CHORD.format("<offset>4</offset>")
        + WORDS.format("<offset>4</offset><staff>1</staff>")
        + note("D5", 12, "half", "<dot/>")
    )
    back = changed(tmp_path, new, [(0, 1, "C5"), (1, 1, "E5"), (2, 2, "D5")])
    # At its time again, if not before the same note: what stands earlier is moved by its offset.
    assert "<offset>4</offset>" in back
    assert back.index("<harmony>") < back.index("<step>E</step>")


def test_a_bar_line_in_the_middle_is_tied_over(tmp_path: Path) -> None:
    dotted = '<barline location="middle"><bar-style>dotted</bar-style></barline>\n'
    bar = note("C5", 8, "half") + dotted + note("D5", 8, "half")
    new = changed(tmp_path, bar, [(0, 4, "C5")])
    assert new == note("C5", 8, "half", ties="start") + dotted + note("C5", 8, "half", ties="stop")


def test_grace_notes_stay_with_their_notes(tmp_path: Path) -> None:
    grace = "<note><grace/><pitch><step>B</step><octave>4</octave></pitch><voice>1</voice></note>\n"
    bar = grace + note("C5", 8, "half") + grace + note("D5", 8, "half")
    assert changed(tmp_path, bar, [(0, 2, "C5"), (2, 2, "E5")]) == (
        grace + note("C5", 8, "half") + note("E5", 8, "half")
    )


def slur(kind: str, number: int = 1) -> str:
    return f'<slur type="{kind}" number="{number}"/>'


def slurred(name: str, length: int, kind: str, *slurs: str) -> str:
    return note(name, length, kind, f"<notations>{''.join(slurs)}</notations>")


def test_a_slur_ends_at_the_neighbour_of_a_removed_note(tmp_path: Path) -> None:
    bar = (
        slurred("C5", 4, "quarter", slur("start"))
        + note("D5", 4, "quarter")
        + slurred("E5", 4, "quarter", slur("stop"))
        + note("F5", 4, "quarter")
    )
    new = changed(tmp_path, bar, [(0, 1, "C5"), (1, 2, "D5"), (3, 1, "F5")])
    assert new == (
        slurred("C5", 4, "quarter", slur("start"))
        + slurred("D5", 8, "half", slur("stop"))
        + note("F5", 4, "quarter")
    )
    assert changed(tmp_path, bar, [(0, 3, "C5"), (3, 1, "F5")]) == (
        note("C5", 12, "half", "<dot/>") + note("F5", 4, "quarter")
    )


def beam(*kinds: str) -> str:
    return "".join(f'<beam number="{level}">{kind}</beam>' for level, kind in enumerate(kinds, 1))


def test_beams_where_the_part_has_them(tmp_path: Path) -> None:
    begin, go_on, end = beam("begin"), beam("continue"), beam("end")
    bar = note("C5", 2, "eighth", begin) + note("D5", 2, "eighth", end) + note("E5", 12, "half", "<dot/>")
    notes: Bar = [
        (0, Q(1, 2), "C5"), (Q(1, 2), Q(1, 2), "D5"), (1, 1, "E5"),
        (2, Q(1, 2), "F5"), (Q(5, 2), Q(1, 4), "E5"), (Q(11, 4), Q(1, 4), "D5"), (3, 1, "C5"),
    ]  # fmt: skip
    assert changed(tmp_path, bar, notes) == (
        note("C5", 2, "eighth", begin)
        + note("D5", 2, "eighth", end)
        + note("E5", 4, "quarter")
        + note("F5", 2, "eighth", begin)
        + note("E5", 1, "16th", beam("continue", "begin"))
        + note("D5", 1, "16th", beam("end", "end"))
        + note("C5", 4, "quarter")
    )
    eighths = [(Q(i, 2), Q(1, 2), "C5") for i in range(4)] + [(2, 2, "E5")]
    assert changed(tmp_path, bar, eighths) == (
        note("C5", 2, "eighth", begin)
        + "".join(note("C5", 2, "eighth", kind) for kind in (go_on, go_on, end))
        + note("E5", 8, "half")
    )


def test_a_rest_in_another_voice_and_another_staff_stay(tmp_path: Path) -> None:
    back = "<backup><duration>16</duration></backup>\n"
    other = back + note("r", 16, "whole", voice=2)
    new = changed(tmp_path, PLAIN + other, QUARTERS)
    assert new == "".join(note(name, 4, "quarter") for _, _, name in QUARTERS) + other


def test_a_staff_of_two(tmp_path: Path) -> None:
    first = attributes().replace("</attributes>", "<staves>2</staves></attributes>")
    upper = note("C5", 16, "whole", "<staff>1</staff>")
    lower = note("C3", 16, "whole", "<staff>2</staff>", voice=5)
    text = score([first + upper + "<backup><duration>16</duration></backup>\n" + lower])
    tune = tune_of(tmp_path, text, part=2)
    assert [one.pitch for one in tune.melody.notes] == [48]
    tune.replace(with_bar(tune.melody, 0, [(0, 2, "C3"), (2, 2, "D3")])).write(tmp_path / "out.musicxml")
    new = "".join(note(name, 8, "half", "<staff>2</staff>", voice=5) for name in ("C3", "D3"))
    assert (tmp_path / "out.musicxml").read_text() == text.replace(lower, new)


def test_the_instrument_is_that_of_the_neighbours(tmp_path: Path) -> None:
    played = note("C5", 16, "whole").replace("<voice>", '<instrument id="I1"/><voice>')
    new = changed(tmp_path, played, [(0, 2, "C5"), (2, 2, "D5")])
    assert new.count('<instrument id="I1"/>') == 2


@pytest.mark.parametrize(
    ("bar", "reason"),
    [
        (note("C5", 8) + note("D5", 8, voice=2), "its notes are in several voices"),
        (note("C5", 8) + "<backup><duration>8</duration></backup>" + note("r", 8, voice=2)
         + note("D5", 8), "its voices are interwoven"),
        ("", "nothing is written in it"),
        (note("C5", 8) + attributes(fifths=1) + note("D5", 8), "the key or the meter changes in the middle"),
        (note("C5", 8) + "<attributes><divisions>8</divisions></attributes>" + note("D5", 16),
         "its divisions change in the middle"),
        ("<attributes><measure-style><multiple-rest>2</multiple-rest></measure-style></attributes>"
         + note("r", 16), "one sign stands for several measures"),
    ],
)  # fmt: skip
def test_bars_that_cannot_be_written_in_their_place_say_so(tmp_path: Path, bar: str, reason: str) -> None:
    tune = tune_of(tmp_path, score([attributes() + PLAIN, bar]))
    assert [one.reason for one in measures(tune.melody)] == [None, reason]
    with pytest.raises(ArvaeError, match="measure 2"):
        tune.replace(with_bar(tune.melody, 1, [(0, 4, "G5")])).write(tmp_path / "out.musicxml")


def test_overlaps_are_refused(tmp_path: Path) -> None:
    tune = tune_of(tmp_path, score([attributes() + PLAIN]))
    with pytest.raises(ArvaeError, match="overlap"):
        tune.replace(with_bar(tune.melody, 0, [(0, 3, "C5"), (2, 2, "E5")])).write(tmp_path / "out.musicxml")


def sung(word: str) -> str:
    return f'<lyric number="1"><text>{word}</text></lyric>'


def test_syllables_stay_where_a_note_still_begins(tmp_path: Path) -> None:
    bar = note("C5", 8, "half", sung("one")) + note("D5", 8, "half", sung("two"))
    notes: Bar = [(0, 2, "E5"), (2, 1, "D5"), (3, 1, "C5")]
    assert changed(tmp_path, bar, notes) == (
        note("E5", 8, "half", sung("one")) + note("D5", 4, "quarter", sung("two")) + note("C5", 4, "quarter")
    )
    later: Bar = [(1, 3, "E5")]
    assert sung("one") not in changed(tmp_path, bar, later)


def test_what_becomes_of_lyrics_is_said_of_the_edits_that_concern_them(tmp_path: Path) -> None:
    bar = note("C5", 16, "whole", sung("one"))
    tune = tune_of(tmp_path, score([attributes() + bar, PLAIN]))
    assert tune.notices == ()
    assert [one.code for one in tune.replace(with_bar(tune.melody, 0, [(0, 4, "G5")])).notices] == ["lyrics"]
    assert tune.replace(with_bar(tune.melody, 1, [(0, 4, "G5")])).notices == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_the_encoding_and_the_line_ends_stay(tmp_path: Path, encoding: str, ends: str) -> None:
    declared = encoding.removesuffix("-sig").upper()
    text = score([attributes() + PLAIN], title="Für Elise").replace('"UTF-8"', f'"{declared}"')
    path = tmp_path / "tune.xml"
    path.write_bytes(text.replace("\n", ends).encode(encoding))
    tune = read(path)
    assert tune.melody.title == "Für Elise"
    out = tune.replace(with_bar(tune.melody, 0, [(0, 4, "C5")])).write(tmp_path / "out.xml")
    expected = text.replace(PLAIN, note("C5", 16, "whole"))
    assert out.read_bytes() == expected.replace("\n", ends).encode(encoding)


def archive(text: str) -> bytes:
    stream = io.BytesIO()
    container = '<container><rootfiles><rootfile full-path="music/a.xml"/></rootfiles></container>'
    with zipfile.ZipFile(stream, "w") as file:
        file.comment = b"made by hand"
        file.writestr(zipfile.ZipInfo("mimetype"), "application/vnd.recordare.musicxml", zipfile.ZIP_STORED)
        file.writestr("META-INF/container.xml", container, zipfile.ZIP_DEFLATED)
        file.writestr(zipfile.ZipInfo("music/a.xml", (1999, 1, 2, 3, 4, 6)), text, zipfile.ZIP_DEFLATED)
        file.writestr("picture.png", b"\x89PNG", zipfile.ZIP_STORED)
    return stream.getvalue()


def test_an_archive_comes_back_as_one(tmp_path: Path) -> None:
    path = tmp_path / "tune.mxl"
    path.write_bytes(archive(score([attributes() + PLAIN])))
    tune = read(path)
    melody = with_bar(tune.melody, 0, [(0, 4, "C5")])
    out = tune.replace(melody).write(tmp_path / "out.mxl")
    assert read(out).melody == melody
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out) as new:
        assert new.comment == b"made by hand"
        for before, after in zip(old.infolist(), new.infolist(), strict=True):
            assert (after.filename, after.date_time, after.compress_type, after.external_attr) == (
                before.filename, before.date_time, before.compress_type, before.external_attr,
            )  # fmt: skip
            if after.filename != "music/a.xml":
                assert new.read(after) == old.read(before)
        expected = score([attributes() + note("C5", 16, "whole")])
        assert new.read("music/a.xml").decode() == expected
    plain = tune.replace(melody).write(tmp_path / "out.musicxml")
    assert plain.read_text() == expected
    assert read(read(plain).write(tmp_path / "again.mxl")).melody == melody


@cache
def real_scores() -> list[MusicXmlSource]:
    """The parts of some scores from several programs: every other element and attribute of theirs."""
    spec = importlib.util.find_spec("music21")
    assert spec is not None
    assert spec.origin is not None
    corpus = Path(spec.origin).parent / "corpus"
    names = (
        "bach/bwv66.6.mxl",
        "leadSheet/fosterBrownHair.mxl",
        "demos/two-parts.xml",
    )
    found = []
    for path in (corpus / name for name in names):
        file = load_score(path)
        for index, (_, part, staff) in enumerate(voices_of(parts_of(parse(file.data)))):
            source = MusicXmlSource(file, index, part, staff, melody_of(part, staff, ""))
            if any(one.tokens is not None for one in measures(source.melody)):
                found.append(source)
    return found


@st.composite
def edits(draw: st.DrawFn) -> tuple[MusicXmlSource, list[Measure], int, Tokens]:
    """A real part, and legal tokens in the place of those of one of its measures."""
    source = draw(st.sampled_from(real_scores()))
    rows = measures(source.melody)
    whole = [position for position, measure in enumerate(rows) if measure.tokens is not None]
    position = draw(st.sampled_from(whole))
    old = rows[position]
    assert old.grid is not None
    name = old.grid.name
    part = draw(part_strategy(name, st.integers(55, 88), tie_in=old.tie_in, tie_out=old.tie_out))
    events = dict(part.events)
    if old.tie_in is None:
        events.setdefault(0, REST)
    return source, rows, position, row(name, events)


@settings(max_examples=80, deadline=None)
@given(edits())
def test_any_legal_bar_reads_back_as_meant(case: tuple[MusicXmlSource, list[Measure], int, Tokens]) -> None:
    source, rows, position, tokens = case
    try:
        melody = replace_measures(source.melody, rows, {position: tokens})
    except ValueError:  # it sounds across the join, or the tie is gone
        assume(False)
    data = edited(source, melody)
    _, part, staff = list(voices_of(parts_of(parse(data))))[source.index]
    for index, (old, new) in enumerate(zip(source.part.bars, part.bars, strict=True)):
        if index not in rows[position].bars:
            before = source.file.data[old.element.start : old.element.end]
            assert data[new.element.start : new.element.end] == before
    read_again = measures(melody_of(part, staff, ""))
    for index, (before_row, after) in enumerate(zip(rows, read_again, strict=True)):
        expected = tokens if index == position else before_row.tokens
        if expected is not None:
            assert after.tokens is not None
            assert np.array_equal(after.tokens, expected)


def by_music21(data: bytes) -> list[Melody]:
    from music21 import converter, stream

    from arvae_music.formats.score import voices_of as by_part

    parsed = converter.parse(data.decode(), format="musicxml")
    assert isinstance(parsed, stream.Score)
    return list(by_part(parsed).values())


def test_music21_reads_the_edited_notes() -> None:
    """In a part of a chorale, four measures get triplets, ties over beats, rests and sixteenths."""
    source = real_scores()[0]
    rows = measures(source.melody)
    patterns = [
        {0: 67, 2: 69, 4: 71, 6: 72, 18: REST},
        {0: 66, 3: 68, 9: 70, 11: 61, 15: REST, 20: 66, 22: 67},
        {0: REST, 5: 66, 8: 68, 13: 69, 15: 71},
        {0: 66, 1: 67, 3: 68, 5: 69, 6: 70},
    ]
    free = [
        i
        for i, one in enumerate(rows)
        if one.tokens is not None and not (one.tie_in or one.tie_out or one.joined is not None)
    ]
    edits = {place: row("4/4", events) for place, events in zip(free, patterns, strict=False)}
    assert len(edits) == 4
    melody = replace_measures(source.melody, rows, edits)
    data = edited(source, melody)
    parts = by_music21(data)
    assert parts[source.index].notes == melody.notes
    for index, (before, after) in enumerate(zip(by_music21(source.file.data), parts, strict=True)):
        assert index == source.index or before.notes == after.notes
