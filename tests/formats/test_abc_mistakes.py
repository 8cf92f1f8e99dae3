"""ABC files that are not as they should be: one line that says what is wrong, where, and what to do."""

from __future__ import annotations

from fractions import Fraction as Q
from pathlib import Path

import pytest

from arvae_music.errors import ArvaeError
from arvae_music.formats import read
from arvae_music.melody import Note

HEAD = "X:1\nT:t\nM:4/4\nL:1/8\n"
BOOK = f"{HEAD}K:C\nc8|\n\nX:2\nM:4/4\nL:1/8\nK:C\nd8|\n"


def file(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "tune.abc"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty: it has no tune"),
        (" \n\n", "is empty: it has no tune"),
        ("Dear diary,\ntoday I played.\n", "has no tune: an ABC tune begins with X: and its notes follow K:"),
        ("cdef gabc|\n", "has no tune: an ABC tune begins with X: and its notes follow K:"),
        (b"MThd\0\0\0\6\0\1\0\1\1\xe0", "is no text, and so no ABC: is its extension right?"),
        ("X:1\nT:t\n".encode("utf-16"), "is no text, and so no ABC: is its extension right?"),
        (f"{HEAD}cdef gabc|\n", "has no K: line in tune X:1: notes are read behind one (K:C)"),
        (f"{HEAD}K:C\n", "has no notes"),
        (f"{HEAD}K:C\nz8|\n", "has no notes"),
        (BOOK, "has 2 tunes (X:1, X:2): choose one with --tune NUMBER"),
        (
            f"{HEAD}K:C\nV:1\nc8|\nV:2\nC8|\n",
            "has several parts with notes: choose one with --part "
            "(1 '1': 1 note, pitches 72 to 72; 2 '2': 1 note, pitches 60 to 60)",
        ),
    ],
)
def test_what_is_no_tune_is_refused_in_one_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = file(tmp_path, content)
    with pytest.raises(ArvaeError) as refused:
        read(path)
    assert str(refused.value) == f"{path} {message}"


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_tune_that_the_book_has_not(tmp_path: Path, number: int) -> None:
    path = file(tmp_path, BOOK)
    with pytest.raises(ArvaeError) as refused:
        read(path, tune=number)
    assert str(refused.value) == f"{path} has no tune {number}: it has X:1, X:2"
    assert read(path, tune=2).melody.notes == (Note(Q(0), Q(4), 74),)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ("K:Q", "'K:Q' is no key: it is read without sharps and flats"),
        ("M:four\nK:C", "'M:four' is no meter: its measures are passed over"),
        ("L:short\nK:C", "'L:short' is no note length: it is passed over"),
        ("M:none\nK:\nK:none\nK:^f\nK:HP\nK:bass\nL:1", None),
    ],
)
def test_fields_that_are_not_understood_are_told(tmp_path: Path, fields: str, text: str | None) -> None:
    found = read(file(tmp_path, f"{HEAD}{fields}\nc8|\n")).notices
    assert [(notice.code, notice.text) for notice in found] == ([] if text is None else [("reader", text)])


def test_a_tune_may_lose_all_its_notes(tmp_path: Path) -> None:
    tune = read(file(tmp_path, f"{HEAD}K:C\nc|c8|c7:|\n"))
    silent = tune.melody.with_notes([])
    assert tune.replaced(silent).misread == {}
    text = tune.replace(silent).write(tmp_path / "out.abc").read_text()
    assert text == f"{HEAD}K:C\nz|z8|z7:|\n"
