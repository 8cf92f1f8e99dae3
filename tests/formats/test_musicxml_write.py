"""MusicXML written from a melody alone, read back by this package and by music21."""

from __future__ import annotations

from fractions import Fraction as Q
from pathlib import Path

import pytest
from hypothesis import given, settings

from arvae_music.errors import ArvaeError
from arvae_music.formats import Tune, read
from arvae_music.formats.musicxml_items import melody_of as read_part
from arvae_music.formats.musicxml_read import parts_of, title_of
from arvae_music.formats.musicxml_tree import parse
from arvae_music.formats.musicxml_write import write_musicxml
from arvae_music.melody import Bar, Melody, Note
from arvae_music.meter import Meter
from tests.music import Part, melody_of, tune_strategy

FOUR = Meter(4, 4)


def read_back(text: str) -> Melody:
    root = parse(text.encode())
    (part,) = parts_of(root)
    return read_part(part, None, title_of(root))


def by_music21(text: str) -> Melody:
    from music21 import converter, stream

    from arvae_music.formats.score import voices_of

    parsed = converter.parse(text, format="musicxml")
    assert isinstance(parsed, stream.Score)
    (melody,) = voices_of(parsed).values()
    return melody


def bars(*lengths: Q | int, first: int = 1) -> tuple[Bar, ...]:
    starts = [sum((Q(one) for one in lengths[:i]), Q(0)) for i in range(len(lengths))]
    return tuple(
        Bar(first + i, start, Q(length), FOUR)
        for i, (start, length) in enumerate(zip(starts, lengths, strict=True))
    )


@pytest.mark.parametrize("start", [Q(5, 2), Q(5, 4), Q(7, 3)])
def test_rests_of_several_signs_are_not_tied(start: Q) -> None:
    melody = Melody((Note(start, Q(4) - start, 60),), bars(4), "", "C")
    notes = write_musicxml(melody).split("<note>")[1:]
    rests = [note for note in notes if "<rest" in note]
    assert len(rests) > 1
    assert not any("<tie" in rest for rest in rests)


def test_a_small_tune_as_it_is_written() -> None:
    notes = (Note(Q(0), Q(1), 66), Note(Q(1), Q(4), 65), Note(Q(5), Q(4), 67))
    melody = Melody(notes, bars(1, 4, 4, first=0), "A & B", "Edor")
    text = write_musicxml(melody)
    assert text == write_musicxml(melody)
    assert "<work-title>A &amp; B</work-title>" in text
    assert "<fifths>2</fifths>\n          <mode>dorian</mode>" in text
    assert text.count("<time>") == 1
    assert '<measure number="0" implicit="yes">' in text
    assert "<bar-style>light-heavy</bar-style>" in text
    # F natural in D's signature; the whole note on the bar's start is one sign
    assert text.count("<accidental>natural</accidental>") == 1
    assert text.count("<type>whole</type>") == 2
    assert read_back(text) == melody
    again = by_music21(text)
    assert (again.notes, again.bars, again.title, again.key) == (notes, melody.bars, "A & B", "Edor")


@settings(max_examples=60, deadline=None)
@given(tune_strategy())
def test_any_tune_reads_back(parts: list[Part]) -> None:
    melody = melody_of(parts)
    assert read_back(write_musicxml(melody)).notes == melody.notes


@settings(max_examples=15, deadline=None)
@given(tune_strategy(most_bars=3))
def test_music21_reads_any_tune(parts: list[Part]) -> None:
    melody = melody_of(parts)
    again = by_music21(write_musicxml(melody))
    assert again.notes == melody.notes
    assert [(bar.start, bar.length, bar.meter) for bar in again.bars] == [
        (bar.start, bar.length, bar.meter) for bar in melody.bars
    ]


@pytest.mark.parametrize(
    "notes",
    [
        [(0, 4, 60), (0, 4, 64), (0, 4, 67)],  # a chord
        [(0, 4, 60), (1, 2, 64), (2, 3, 67)],  # three voices, one over the bar line
        [(Q(7, 480), Q(101, 480), 60), (2, Q(1, 5), 62)],  # off every grid
        [],
    ],
)
def test_what_is_no_plain_line(notes: list[tuple[Q | int, Q | int, int]]) -> None:
    line = tuple(Note(Q(start), Q(length), pitch) for start, length, pitch in notes)
    melody = Melody(line, bars(4, 4))
    text = write_musicxml(melody)
    assert read_back(text).notes == melody.notes
    assert [(one.start, one.length) for one in read_back(text).bars] == [(Q(0), Q(4)), (Q(4), Q(4))]


def test_a_tune_without_meter() -> None:
    free = Bar(1, Q(0), Q(3), FOUR, "no meter is given")
    melody = Melody((Note(Q(0), Q(3), 60),), (free,))
    assert read_back(write_musicxml(melody)) == melody


@pytest.mark.parametrize("suffix", [".musicxml", ".xml", ".mxl"])
def test_files_from_other_formats(tmp_path: Path, suffix: str) -> None:
    source = tmp_path / "tune.abc"
    source.write_text("X:1\nT:Tune\nM:6/8\nL:1/8\nK:Edor\nB|EFG ABc|d3 (3efg f|\n")
    tune: Tune = read(source)
    out = tune.write(tmp_path / f"out{suffix}")
    assert read(out).melody == tune.melody
    assert out.read_bytes() == tune.write(tmp_path / f"again{suffix}").read_bytes()
    assert (out.read_bytes()[:2] == b"PK") == (suffix == ".mxl")


def test_a_score_becomes_another_format(tmp_path: Path) -> None:
    melody = Melody((Note(Q(0), Q(4), 66),), bars(4), "T", "G")
    (tmp_path / "tune.musicxml").write_text(write_musicxml(melody))
    tune = read(tmp_path / "tune.musicxml")
    assert read(tune.write(tmp_path / "out.abc")).melody == melody
    assert read(tune.write(tmp_path / "out.mid")).melody.notes == melody.notes


def test_nothing_is_written_where_it_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "tune.musicxml").write_text(write_musicxml(Melody((Note(Q(0), Q(4), 60),), bars(4))))
    tune = read(tmp_path / "tune.musicxml")
    with pytest.raises(ArvaeError, match="bars"):
        tune.replace(Melody(tune.melody.notes, bars(2, 2))).write(tmp_path / "out.musicxml")
    assert not (tmp_path / "out.musicxml").exists()
