"""What the trials found: files that once ended in a traceback, ran for minutes, or came back unreadable."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import mido
import pytest
from arvae_music.data import load_corpus

from arvae_music import read
from arvae_music.errors import ArvaeError
from arvae_music.images.settings import ImageModelSettings
from arvae_music.measures import measures
from arvae_music.model import ModelSettings
from tests.robustness.midi_files import END, Song, meter, number
from tests.robustness.mxl_files import CONTAINER, archive, container
from tests.robustness.trial import edited

HEAD = "X:1\nM:4/4\nL:1/8\nK:C\n"
MANY = "9" * 4_400


def tune_of(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "in.abc"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}C{MANY} D E/{MANY} F{'/' * 500} G|",
        f"{HEAD}C{'>' * 3_000}D (3::{MANY}EFG|",
        f"{HEAD}[1-{MANY} CDEF|[1² GABc|",
        f"X:{MANY}\nM:({MANY}+1)/8\nL:{MANY}/{MANY}\nK:C octave={MANY}\nCDEF|",
        "X:1\nM:4/4\nQ:1/00=1/0\nQ:1/4=" + MANY + "\nK:C\nCDEF|",
        f"X:1\nM:{MANY}/4\nK:C\nCDEF|",
    ],
)
def test_numbers_of_thousands_of_digits_in_abc(tmp_path: Path, text: str) -> None:
    # Python refuses to read integers of more than 4,300 digits.
    tune = read(tune_of(tmp_path, text))
    assert tune.melody.notes
    tune.write(tmp_path / "out.musicxml")
    assert read(tmp_path / "out.musicxml").melody.notes


def test_a_note_as_long_as_a_tune_is_cut_into_written_values(tmp_path: Path) -> None:
    tune = read(tune_of(tmp_path, f"{HEAD}C20000 DEF|"))  # 10,000 quarter notes
    tune.write(tmp_path / "out.musicxml")
    again = read(tmp_path / "out.musicxml").melody
    assert again.notes[0].duration == Fraction(10_000)
    assert len(again.notes) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HEAD}{'Z9999|' * 50}CDEF|", "longer than 20,000 measures"),
        (f"{HEAD}{'C|' * 20_001}", "longer than 20,000 measures"),
        (f"X:1\nM:4/4\nL:1/1\nK:C\n{'C999999|' * 9}", "longer than 20,000 measures"),
        (f"{HEAD}{'CDEF' * 500}|", "has 1,001 notes in measure 1"),
        (f"{HEAD}C{'(' * 20_000}D|", "more in measure 1 than any music has"),
    ],
)
def test_abc_that_is_larger_than_any_music(tmp_path: Path, text: str, said: str) -> None:
    path = tune_of(tmp_path, text)
    with pytest.raises(ArvaeError, match=said) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_a_meter_that_midi_cannot_hold_is_refused(tmp_path: Path) -> None:
    tune = read(tune_of(tmp_path, "X:1\nM:300/4\nL:1/8\nK:C\nCDEF|"))
    with pytest.raises(ArvaeError, match=r"out\.mid cannot be written: measure 1: MIDI cannot hold .* 300/4"):
        tune.write(tmp_path / "out.mid")
    assert not (tmp_path / "out.mid").exists()


def test_what_cannot_be_written_names_the_file(tmp_path: Path) -> None:
    events = [(b"\0", on(60)), (b"\x60", on(64)), (b"\x60", off(60)), (b"\x60", off(64))]
    tune = read(song(tmp_path, [*events, (b"\x60", on(65)), (b"\x60", off(65))], division=96))
    with pytest.raises(ArvaeError, match=r"new\.abc cannot be written: measure 1: its notes overlap"):
        tune.write(tmp_path / "new.abc")


def test_characters_that_no_xml_can_hold_are_left_out(tmp_path: Path) -> None:
    tune = read(tune_of(tmp_path, "X:1\nT:a\x1ab\nC:c\x01\nM:4/4\nL:1/8\nK:C\nCDEF GABc|\n"))
    tune.write(tmp_path / "out.musicxml")
    assert read(tmp_path / "out.musicxml").melody.title == "ab"


def score(measure: str) -> str:
    return (
        '<score-partwise><part-list><score-part id="P1"/></part-list><part id="P1"><measure number="1">'
        "<attributes><divisions>1</divisions>"
        "<time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
        f"{measure}</measure></part></score-partwise>"
    )


def note(octave: str = "4", duration: str = "1") -> str:
    pitch = f"<pitch><step>C</step><octave>{octave}</octave></pitch>"
    return f"<note>{pitch}<duration>{duration}</duration><type>quarter</type></note>"


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le"])
def test_xml_in_four_bytes_a_character(tmp_path: Path, encoding: str) -> None:
    # The mark of UTF-32 begins as that of UTF-16 does, and what follows looks like the other UTF-16.
    path = tmp_path / "in.musicxml"
    path.write_text(score(note() * 4), encoding=encoding)
    with pytest.raises(ArvaeError, match=r"in\.musicxml: cannot be read as"):
        read(path)


@pytest.mark.parametrize(
    "measure",
    [
        note("4.0") + note("1.5") + note() * 2,
        "<direction><direction-type/><offset>soon</offset></direction>" + note() * 4,
        note() + "<forward><duration>1</duration></forward>" + note() * 2,
    ],
)
def test_odd_numbers_in_a_score_that_is_edited(tmp_path: Path, measure: str) -> None:
    path = tmp_path / "in.musicxml"
    path.write_text(score(measure))
    tune = edited(read(path))
    tune.write(tmp_path / "out.musicxml")
    assert len(read(tmp_path / "out.musicxml").melody.bars) == 1


def song(tmp_path: Path, events: Sequence[tuple[bytes, bytes]], **header: int) -> Path:
    path = tmp_path / "in.mid"
    path.write_bytes(Song(((*events, (b"\0", END)),), **header).encode())
    return path


def on(pitch: int) -> bytes:
    return bytes([0x90, pitch, 80])


def off(pitch: int) -> bytes:
    return bytes([0x80, pitch, 0])


def test_a_short_note_behind_the_last_bar_line_has_a_bar(tmp_path: Path) -> None:
    # A quarter in 1/4, and behind the bar line a note of a twentieth of one.
    events = [
        (b"\0", meter(1, 2)),
        (b"\0", on(60)),
        (number(480), off(60)),
        (number(20), on(62)),
        (number(24), off(62)),
    ]
    melody = read(song(tmp_path, events, division=480)).melody
    assert [float(bar.end) for bar in melody.bars] == [1, 2]
    assert melody.notes[-1].onset < melody.bars[-1].end


def test_a_tune_shorter_than_any_pickup(tmp_path: Path) -> None:
    events = [(b"\0", meter(12, 3)), (b"\0", on(60)), (number(1), off(60))]
    assert len(read(song(tmp_path, events, division=960)).melody.notes) == 1


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([(b"\0", on(60)), (b"\x10", b"\xf8"), (b"\x10", off(60))], "a message that no file can hold"),
        (
            [(b"\0", on(p)) for p in range(40, 60)]
            + [(number(4 * 96 * 9_000), off(p)) for p in range(40, 60)],
            "damaged",
        ),
        ([(b"\0", on(60)), (number((1 << 28) - 1), off(60))], "longer than 20,000 measures"),
        (
            [(number(97), e) for _ in range(20_002) for e in (meter(3, 2),)]
            + [(b"\0", on(60)), (b"\x10", off(60))],
            "longer",
        ),
        ([(b"\1", e) for _ in range(1_100) for e in (on(60), off(60))], "notes in measure 1"),
    ],
)
def test_midi_that_no_program_should_write(
    tmp_path: Path, events: list[tuple[bytes, bytes]], said: str
) -> None:
    path = song(tmp_path, events, division=96 if "in measure" not in said else 32_767)
    with pytest.raises(ArvaeError, match=said) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_a_hundred_parts_are_not_all_listed(tmp_path: Path) -> None:
    file = mido.MidiFile(type=1)
    for _ in range(100):
        file.tracks.append(
            mido.MidiTrack([mido.Message("note_on", note=60), mido.Message("note_off", note=60, time=9)])
        )
    file.save(tmp_path / "in.mid")
    with pytest.raises(ArvaeError, match=r"20 'track 20' .* …$") as caught:
        read(tmp_path / "in.mid")
    assert "track 21" not in str(caught.value)


def test_short_bars_join_with_the_first_that_completes_them(tmp_path: Path) -> None:
    # Two quarters, three, one, two: 1 with 4 (two and two), 2 with 3 (three and one).
    rows = measures(read(tune_of(tmp_path, "X:1\nM:4/4\nL:1/4\nK:C\nCD|CDE|F|GA|\n")).melody)
    assert [(row.bars, row.reason) for row in rows] == [((1, 2), None), ((3, 0), None)]


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such pipes")
@pytest.mark.parametrize("suffix", [".mid", ".abc", ".musicxml"])
def test_a_pipe_is_no_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"in{suffix}"
    os.mkfifo(path)
    for load in (read, load_corpus):
        with pytest.raises(ArvaeError, match="is a device or a pipe"):
            load(path)


def test_a_file_larger_than_any_score_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arvae_music.formats.limits.LARGEST", 1_000)
    makers: list[Callable[[], Path]] = [
        lambda: tune_of(tmp_path, HEAD + "C" * 1_000),
        lambda: song(tmp_path, [(b"\0", on(60)), (b"\1", off(60))] * 200),
    ]
    for make in makers:
        with pytest.raises(ArvaeError, match="a file of that size is not read"):
            read(make())


def test_an_archive_whose_directory_lies_before_its_start(tmp_path: Path) -> None:
    content = bytearray(archive((CONTAINER, container("s.xml")), ("s.xml", score(note() * 4).encode())))
    content[-6:-2] = (5_000).to_bytes(4, "little")  # where the directory is said to begin
    path = tmp_path / "in.mxl"
    path.write_bytes(content)
    with pytest.raises(ArvaeError, match=r"in\.mxl: not a sound \.mxl archive"):
        read(path)


def test_a_long_name_in_a_damaged_archive_is_cut_in_the_message(tmp_path: Path) -> None:
    content = archive((CONTAINER, container("s.xml")), ("s.xml", score(note() * 4).encode()))
    changed = bytearray(content)
    changed[26:28] = (3_000).to_bytes(2, "little")  # how long the first member's name is, in its own header
    path = tmp_path / "in.mxl"
    path.write_bytes(changed + bytes(4_000))
    with pytest.raises(ArvaeError, match=r"in\.mxl: ") as caught:
        read(path)
    assert len(str(caught.value)) < 400 + len(str(path))


def test_long_notes_in_a_bar_without_lines_are_counted_as_in_the_bars_of_its_meter(tmp_path: Path) -> None:
    # The three notes of a chord of 6,900 measures stand in one bar, but cross 6,899 lines each elsewhere.
    with pytest.raises(ArvaeError, match="sound across 20,697 bar lines"):
        read(tune_of(tmp_path, "X:1\nM:1/4\nL:1/4\nK:C\n[CEG]6900|"))


@pytest.mark.parametrize("settings", [ModelSettings, ImageModelSettings])
def test_names_of_attributes_are_names(settings: Callable[..., object]) -> None:
    with pytest.raises(ArvaeError, match="is no name"):
        settings(attributes=("contour", ["density"]))
