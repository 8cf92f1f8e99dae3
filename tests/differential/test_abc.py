"""Our ABC reader and writer in place beside music21 and symusic; see the modules beside this one.

The quick tests take every so-manyth tune, the slow ones all of them.
"""

from __future__ import annotations

import pytest

from tests.differential.abc_books import BOOKS, by_us, tunes_of
from tests.differential.abc_cases import CASES
from tests.differential.abc_in_place import check
from tests.differential.abc_music21 import compare, explain
from tests.differential.abc_rewrites import signs_of
from tests.differential.abc_speed import measure

TUNES = {"O'Neill's": 2009, "Ryan's": 1059, "Aird's": 1180}


def tune(body: str, key: str = "C") -> str:
    return f"X:1\nM:4/4\nL:1/8\nK:{key}\n{body}\n"


@pytest.mark.parametrize(
    ("body", "case"),
    [
        ("c2Hd2 e4|c8|d8|", "fermata"),
        ("d>-c e2 f4|c8|d8|", "broken rhythm"),
        ("(3c{d}de f2 g4|c8|d8|", "grace in tuplet"),
        ("c8|d8|[K:D]f8|c8|", "inline field"),
        ('c4 ">"d4|c8|d8|', "annotation"),
        ("c4 G2EE::c8|d8|e8|", "note before ::"),
        ("+ce+4 d4|c8|d8|", "chord in plus signs"),
        ("^c4 [ce]4|c8|d8|", "accidental held"),
        ("[ce]4-[ce]4|c8|d8|", "tied chord"),
    ],
)
def test_a_case_explains_its_own_construct(body: str, case: str) -> None:
    assert set(explain(tune(body)).values()) == {case}


@pytest.mark.parametrize("body", ["c2d2 e4|f8|g8|", "(3cde f2 g>a b2|^c2c2 c4|z8|"])
def test_plain_tunes_need_no_explaining(body: str) -> None:
    assert explain(tune(body)) == {}


def test_another_note_is_not_explained() -> None:
    text = tune("c2Hd2 e4|c8|d8|")
    other = by_us(tune("c2d2 e4|c8|e8|"))
    assert None in explain(text, lambda _: other).values()


def test_signs_are_the_whole_text() -> None:
    for folder in BOOKS.values():
        for each in list(tunes_of(folder))[::10]:
            assert "".join(sign.text for sign in signs_of(each.text)) == each.text


@pytest.mark.slow
@pytest.mark.parametrize("book", BOOKS)
def test_every_measure_is_read_alike_or_explained(book: str) -> None:
    result = compare(tunes_of(BOOKS[book]))
    assert result.unexplained == []
    assert result.tunes == TUNES[book]
    assert result.equal + result.explained.total() == result.measures
    assert set(result.explained) <= {case.name for case in CASES}


def test_some_tunes_are_edited_in_place() -> None:
    counts, faults = check(list(tunes_of(BOOKS["Ryan's"]))[::20], seed=0, music21=None)
    assert faults == []
    assert counts["edited"] > 50
    assert counts["symusic: judged"] > 40


@pytest.mark.slow
@pytest.mark.parametrize("book", BOOKS)
def test_every_tune_is_edited_in_place(book: str) -> None:
    counts, faults = check(tunes_of(BOOKS[book]), seed=0)
    assert faults == []
    assert counts["edited"] > 0.98 * TUNES[book]
    assert counts["music21: judged"] > 0.8 * TUNES[book]
    assert counts["symusic: judged"] > 0.9 * TUNES[book]


@pytest.mark.slow
def test_reading_is_twenty_times_as_fast() -> None:
    _, ours, theirs = measure()
    assert ours > 20 * theirs
