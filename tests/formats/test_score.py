"""Scores: MusicXML through music21, and which voice or tune of a file is meant."""

import zipfile
from fractions import Fraction as Q
from pathlib import Path

import pytest

from arvae_music.errors import ArvaeError
from arvae_music.formats.score import read_all, read_score
from arvae_music.measures import measures
from arvae_music.melody import Melody
from arvae_music.tokens import HOLD, PAD

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
ATTRIBUTES = (
    "<attributes><divisions>12</divisions><key><fifths>{fifths}</fifths>{mode}</key>"
    "<time><beats>{beats}</beats><beat-type>{unit}</beat-type></time></attributes>"
)
TRIPLET = (
    "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>"
)


def attributes(beats: int, unit: int, fifths: int = 0, mode: str = "") -> str:
    return ATTRIBUTES.format(
        beats=beats, unit=unit, fifths=fifths, mode=f"<mode>{mode}</mode>" if mode else ""
    )


def note(name: str, divisions: int, extra: str = "", before: str = "", voice: int = 1) -> str:
    """A note such as `C5` or `F#4`, or a rest; twelve divisions are a quarter."""
    step, alter, octave = name[0], "<alter>1</alter>" if "#" in name else "", name[-1]
    pitch = (
        "<rest/>" if name == "rest" else f"<pitch><step>{step}</step>{alter}<octave>{octave}</octave></pitch>"
    )
    length = "" if "<grace/>" in before else f"<duration>{divisions}</duration>"
    ties = "".join(f'<tie type="{kind}"/>' for kind in ("stop", "start") if kind in extra)
    rest = "" if ties else extra
    return f"<note>{before}{pitch}{length}{ties}<voice>{voice}</voice>{rest}</note>"


def score(parts: dict[str, list[str]], title: str = "") -> str:
    """A score of named parts, each a list of measures."""
    names = "".join(
        f'<score-part id="P{i}"><part-name>{name}</part-name></score-part>' for i, name in enumerate(parts, 1)
    )
    bodies = "".join(
        f'<part id="P{i}">'
        + "".join(f'<measure number="{k}">{bar}</measure>' for k, bar in enumerate(bars, 1))
        + "</part>"
        for i, bars in enumerate(parts.values(), 1)
    )
    work = f"<work><work-title>{title}</work-title></work>" if title else ""
    return (
        f'{HEAD}<score-partwise version="3.1">{work}<part-list>{names}</part-list>{bodies}</score-partwise>'
    )


def read(tmp_path: Path, bars: list[str], **options: str) -> Melody:
    path = tmp_path / "tune.musicxml"
    path.write_text(score({"Flute": bars}, **options))
    return read_score(path).melody


def notes(melody: Melody) -> list[tuple[Q, Q, int]]:
    return [(one.onset, one.duration, one.pitch) for one in melody.notes]


def test_pickup_tie_and_short_last_bar(tmp_path: Path) -> None:
    melody = read(
        tmp_path,
        [
            attributes(6, 8, fifths=1, mode="major") + note("D4", 6),
            note("G4", 18) + note("G4", 18, "start"),
            note("G4", 18, "stop") + note("B4", 12),
        ],
        title="A Jig",
    )
    assert notes(melody) == [
        (Q(0), Q(1, 2), 62),
        (Q(1, 2), Q(3, 2), 67),
        (Q(2), Q(3), 67),
        (Q(5), Q(1), 71),
    ]
    assert [(bar.number, bar.start, bar.length) for bar in melody.bars] == [
        (0, Q(0), Q(1, 2)),
        (1, Q(1, 2), Q(3)),
        (2, Q(7, 2), Q(5, 2)),
    ]
    assert (melody.title, melody.key) == ("A Jig", "G")
    whole, joined = measures(melody)
    assert (joined.index, joined.joined) == (2, 0)
    assert whole.tokens is not None
    assert whole.tokens.tolist() == [67, *[HOLD] * 5, 67, *[HOLD] * 5, *[PAD] * 12]


def test_triplets_are_exact(tmp_path: Path) -> None:
    bar = attributes(2, 4) + "".join(note(name, 4, TRIPLET) for name in ("A4", "B4", "C5")) + note("D5", 12)
    melody = read(tmp_path, [bar])
    assert notes(melody) == [
        (Q(0), Q(1, 3), 69),
        (Q(1, 3), Q(1, 3), 71),
        (Q(2, 3), Q(1, 3), 72),
        (Q(1), Q(1), 74),
    ]


def test_grace_notes_are_left_out_and_chords_kept(tmp_path: Path) -> None:
    bar = (
        attributes(2, 4)
        + note("C5", 0, before="<grace/>")
        + note("D5", 12)
        + note("E4", 12)
        + note("C5", 12, before="<chord/>")
    )
    assert notes(read(tmp_path, [bar])) == [(Q(0), Q(1), 74), (Q(1), Q(1), 64), (Q(1), Q(1), 72)]


def test_two_voices_in_a_bar_overlap(tmp_path: Path) -> None:
    first = attributes(2, 4) + note("C5", 24) + "<backup><duration>24</duration></backup>"
    melody = read(tmp_path, [first + note("E4", 24, voice=2), note("C5", 24)])
    assert [row.reason for row in measures(melody)] == ["overlapping notes at beat 1", None]


def test_meter_change_and_short_bar_in_the_middle(tmp_path: Path) -> None:
    melody = read(
        tmp_path,
        [
            attributes(3, 4, fifths=2, mode="dorian") + note("C5", 36),
            note("D5", 24),
            note("E5", 12),
            attributes(2, 4) + note("rest", 24),
            note("F#5", 24),
        ],
    )
    assert [(bar.number, bar.start, bar.length, str(bar.meter)) for bar in melody.bars] == [
        (1, Q(0), Q(3), "3/4"),
        (2, Q(3), Q(2), "3/4"),
        (3, Q(5), Q(1), "3/4"),
        (4, Q(6), Q(2), "2/4"),
        (5, Q(8), Q(2), "2/4"),
    ]
    assert melody.key == "Edor"
    assert notes(melody)[-1] == (Q(8), Q(2), 78)


def test_repeats_are_not_played_out(tmp_path: Path) -> None:
    repeat = '<barline location="right"><repeat direction="backward"/></barline>'
    assert len(read(tmp_path, [attributes(2, 4) + note("C5", 24) + repeat, note("D5", 24)]).bars) == 2


DUET = {
    "Flute": [attributes(2, 4) + note("C5", 12) + note("E5", 12)],
    "Drone": [attributes(2, 4) + note("C4", 24)],
    "Silence": [attributes(2, 4) + note("rest", 24)],
}


@pytest.mark.parametrize(
    ("part", "pitch"), [(1, 72), ("2", 60), ("Drone", 60), ("flute", 72), (" Flute ", 72)]
)
def test_a_part_is_chosen_by_number_or_name(tmp_path: Path, part: int | str, pitch: int) -> None:
    path = tmp_path / "duet.xml"
    path.write_text(score(DUET))
    assert read_score(path, part=part).melody.notes[0].pitch == pitch


@pytest.mark.parametrize("part", [None, "Violin", 3, 0])
def test_parts_are_listed_where_it_cannot_be_told(tmp_path: Path, part: int | str | None) -> None:
    path = tmp_path / "duet.xml"
    path.write_text(score(DUET))
    with pytest.raises(ArvaeError) as raised:
        read_score(path, part=part)
    message = str(raised.value)
    assert "duet.xml" in message
    assert "1 'Flute': 2 notes, pitches 72 to 76; 2 'Drone': 1 note, pitches 60 to 60" in message


def test_the_only_part_with_notes_needs_no_name(tmp_path: Path) -> None:
    path = tmp_path / "solo.xml"
    path.write_text(score({"Silence": DUET["Silence"], "Flute": DUET["Flute"]}))
    assert [one.pitch for one in read_score(path).melody.notes] == [72, 76]


def test_compressed_musicxml(tmp_path: Path) -> None:
    path = tmp_path / "tune.mxl"
    container = f'{HEAD}<container><rootfiles><rootfile full-path="tune.xml"/></rootfiles></container>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("tune.xml", score({"Flute": DUET["Flute"]}))
    assert [one.pitch for one in read_score(path).melody.notes] == [72, 76]


@pytest.mark.parametrize("suffix", [".musicxml", ".xml", ".mxl"])
@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"<score-partwise><part", b"<html></html>"])
def test_broken_files_are_one_line(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    with pytest.raises(ArvaeError) as raised:
        read_score(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


BOOK = "X:3\nT:One\nM:2/4\nL:1/4\nK:C\nCD|\n\nX:5\nT:Two\nM:2/4\nL:1/4\nK:C\nEF|\n"


def test_a_tune_is_chosen_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "book.abc"
    path.write_text(BOOK)
    assert read_score(path, tune=5).melody.title == "Two"
    assert read_score(path, tune="3").melody.title == "One"
    assert [melody.title for melody in read_all(path)] == ["One", "Two"]


@pytest.mark.parametrize(
    ("text", "tune", "words"),
    [
        (BOOK, None, ["book.abc", "2 tunes", "--tune", "X:3, X:5"]),
        (BOOK, 4, ["book.abc", "no tune 4", "X:3, X:5"]),
        ("Dear diary", None, ["book.abc", "no tune"]),
        ("X:1\nK:C\n", None, ["book.abc", "no notes"]),
        ("", None, ["book.abc", "no tune"]),
        ("X:1\nM:4/4\nK:C\nV:1\nC8|\nV:2\nE8|", None, ["book.abc", "--part", "'1': 1 note"]),
    ],
)
def test_abc_errors_say_what_to_do(tmp_path: Path, text: str, tune: int | None, words: list[str]) -> None:
    path = tmp_path / "book.abc"
    path.write_text(text)
    with pytest.raises(ArvaeError) as raised:
        read_score(path, tune=tune)
    assert all(word in str(raised.value) for word in words), raised.value


def test_abc_in_latin_1_and_with_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "tune.abc"
    path.write_bytes("X:1\r\nT:Für Elise\r\nM:2/4\r\nL:1/4\r\nK:C\r\nCD|\r\n".encode("latin-1"))
    melody = read_score(path).melody
    assert (melody.title, [one.pitch for one in melody.notes]) == ("Für Elise", [60, 62])


def test_a_score_has_no_tunes_to_choose(tmp_path: Path) -> None:
    path = tmp_path / "solo.xml"
    path.write_text(score({"Flute": DUET["Flute"]}))
    with pytest.raises(ArvaeError, match="--tune"):
        read_score(path, tune=2)
