"""MusicXML read: against music21 on real scores, and files that are broken or mean harm."""

from __future__ import annotations

import importlib.util
import io
import time
import zipfile
from fractions import Fraction as Q
from pathlib import Path

import pytest

from arvae_music.errors import ArvaeError, UsageError
from arvae_music.formats import read
from arvae_music.formats.limits import LARGEST
from arvae_music.formats.musicxml_file import load_score
from arvae_music.formats.musicxml_items import melody_of
from arvae_music.formats.musicxml_read import parts_of, voices_of
from arvae_music.formats.musicxml_tree import parse
from arvae_music.formats.score import parse_musicxml
from arvae_music.formats.score import voices_of as by_music21
from tests.formats.musicxml_scores import attributes, note, score, tune_of

REAL = (
    "bach/bwv66.6.mxl",
    "bach/bwv197.7-a.mxl",  # a short last bar that is filled up with <forward>
    "leadSheet/fosterBrownHair.mxl",
    "monteverdi/madrigal.3.9.mxl",  # UTF-16
    "schumann_robert/dichterliebe_no2.xml",  # a piano on two staves
    "demos/two-parts.xml",
)


@pytest.mark.parametrize("name", REAL)
def test_real_scores_are_read_as_by_music21(name: str) -> None:
    spec = importlib.util.find_spec("music21")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "corpus" / name
    found = [
        (voice, melody_of(part, staff, ""))
        for voice, part, staff in voices_of(parts_of(parse(load_score(path).data)))
    ]
    expected = list(by_music21(parse_musicxml(path)).items())
    assert [voice for voice, _ in found] == [voice for voice, _ in expected]
    for (_, mine), (_, theirs) in zip(found, expected, strict=True):
        assert mine.notes == theirs.notes
        assert [(b.number, b.start, b.length, b.meter) for b in mine.bars] == [
            (b.number, b.start, b.length, b.meter) for b in theirs.bars
        ]
        assert mine.key == theirs.key


def test_compound_meters_and_free_ones(tmp_path: Path) -> None:
    def timed(inside: str) -> str:
        return f"<attributes><time>{inside}</time></attributes>"

    sum_of_two = timed("<beats>3+2</beats><beat-type>8</beat-type>")
    pairs = timed("<beats>2</beats><beat-type>4</beat-type><beats>3</beats><beat-type>8</beat-type>")
    free = timed("<senza-misura/>")
    bars = [attributes() + note("C5", 16), *(one + note("C5", 16) for one in (sum_of_two, pairs, free))]
    read_bars = tune_of(tmp_path, score(bars)).melody.bars
    assert [str(bar.meter) for bar in read_bars[:3]] == ["4/4", "5/8", "7/8"]
    assert read_bars[3].problem == "no meter is given"


def test_percussion_and_quarter_tones_are_passed_over(tmp_path: Path) -> None:
    drum = "<note><unpitched/><duration>8</duration><voice>1</voice></note>"
    tone = note("C#5", 8).replace("<alter>1</alter>", "<alter>0.5</alter>")
    bars = [attributes() + note("C5", 16), note("C5", 8) + drum, note("C5", 8) + tone]
    read_bars = tune_of(tmp_path, score(bars)).melody.bars
    assert [bar.problem for bar in read_bars] == [None, "percussion", "a note between two semitones"]


def test_a_forward_is_silence(tmp_path: Path) -> None:
    gap = "<forward><duration>4</duration></forward>"
    melody = tune_of(tmp_path, score([attributes() + note("C5", 4) + gap + note("D5", 8)])).melody
    assert [(one.onset, one.duration) for one in melody.notes] == [(Q(0), Q(1)), (Q(2), Q(2))]


def test_there_are_no_tunes_to_choose(tmp_path: Path) -> None:
    path = tmp_path / "tune.musicxml"
    path.write_text(score([attributes() + note("C5", 16)]))
    with pytest.raises(UsageError, match="--tune"):
        read(path, tune=2)


GOOD = score([attributes() + note("C5", 16)])
LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
BOMB = f'<!DOCTYPE s [<!ENTITY l0 "lol">{LAUGHS}]>'
OUTSIDE = '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
START = GOOD.index("<score-partwise")


def archive(members: dict[str, bytes], root: str = "a.xml") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        container = f'<container><rootfiles><rootfile full-path="{root}"/></rootfiles></container>'
        for name, content in {"META-INF/container.xml": container.encode(), **members}.items():
            # Without the time of day: the content is part of a test's name, alike in all processes.
            file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def encrypted() -> bytes:
    """An archive that says in both of a member's headers that it is encrypted."""
    data = bytearray(archive({"a.xml": GOOD.encode()}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.rindex(mark)
        data[at + offset] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.musicxml", b"", "is empty"),
        ("a.musicxml", GOOD.encode()[:-40], "line"),
        ("a.musicxml", b"<html></html>", "<html>"),
        ("a.musicxml", b"<score-timewise/>", "score-partwise"),
        ("a.musicxml", (BOMB + GOOD[START:].replace("Hand", "&l9;")).encode(), "entity"),
        ("a.musicxml", (OUTSIDE + GOOD[START:].replace("Hand", "&x;")).encode(), "entity"),
        ("a.musicxml", GOOD.replace("<divisions>4", "<divisions>x").encode(), "'x' in <attributes>"),
        ("a.musicxml", GOOD.replace("<divisions>4", "<divisions>0").encode(), "<attributes>"),
        ("a.musicxml", GOOD.replace("<duration>16", "<duration>1e999999999").encode(), "<note>"),
        ("a.musicxml", GOOD.replace("<octave>5", "<octave>50").encode(), "out of range"),
        ("a.musicxml", GOOD.replace("<step>C", "<step>H").encode(), "no step"),
        ("a.musicxml", GOOD.replace('"UTF-8"', '"UTF-7000"').encode(), "utf-7000"),
        ("a.musicxml", GOOD.replace('"UTF-8"', '"hex"').encode(), "hex"),
        ("a.musicxml", b"\xff\xfe<\x00s", "UTF-8"),
        ("a.musicxml", b"<a>" * 200_000, "deep"),
        ("a.mxl", b"PK\x03\x04broken", "archive"),
        ("a.mxl", archive({"b.xml": GOOD.encode()}), "no member 'a.xml'"),
        ("a.mxl", archive({"a.xml": GOOD.encode(), "../../evil.sh": b""}), "evil"),
        ("a.mxl", archive({"a.xml": GOOD.encode()}, root="../a.xml"), "../a.xml"),
        ("a.mxl", archive({"a.xml": GOOD.encode(), "/etc/x": b""}), "/etc/x"),
        ("a.mxl", archive({"a.xml": b"\0" * (LARGEST + 1)}), "64 MB"),
        ("a.mxl", archive({"a.xml": GOOD.encode(), "b": b"\0" * LARGEST}), "64 MB"),
        ("a.mxl", archive({"a.xml": (BOMB + GOOD[START:]).encode()}), "entity"),
        ("a.mxl", encrypted(), "archive"),
    ],
)  # fmt: skip
def test_bad_files_are_one_line_and_soon(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    started = time.monotonic()
    with pytest.raises(ArvaeError) as raised:
        read(path)
    assert time.monotonic() - started < 5
    assert str(path) in str(raised.value)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_archive_without_a_container_and_a_plain_mxl(tmp_path: Path) -> None:
    path = tmp_path / "tune.mxl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("only.musicxml", GOOD)
    assert len(read(path).melody.notes) == 1
    path.write_text(GOOD)
    assert len(read(path).melody.notes) == 1
