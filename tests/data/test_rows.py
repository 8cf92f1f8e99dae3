"""From tunes to rows, and pairs of rows."""

import numpy as np
import pytest
from arvae_music.data import Card, Corpus, joined_pairs
from arvae_music.data._build import build
from arvae_music.data._rows import rows_of

from arvae_music.errors import UsageError
from arvae_music.melody import Melody
from arvae_music.tokens import HOLD, PAD, REST, is_legal

from .conftest import MakeTune

CARD = Card("test", "Test", "by hand", "none")
ALL = CARD.meters


def corpus(*melodies: Melody) -> Corpus:
    return build(CARD, melodies)


def six_eight(*events: tuple[int, int]) -> list[int]:
    """Twelve ticks of HOLD with some events put in."""
    ticks = [HOLD] * 12
    for tick, token in events:
        ticks[tick] = token
    return ticks


def test_rows_know_what_sounded_before(tune: MakeTune) -> None:
    # c is 72, d 74, e 76, f 77, g 79. The first measure has no note before it; a rest keeps the last one.
    found = rows_of(tune("z4 c2d2|z8|e4f4-|f4g4"), ALL).rows
    assert [row.bar for row in found] == [1, 2, 3, 4]
    assert [row.previous for row in found] == [-1, 74, 74, 77]
    assert [(row.tie_in, row.tie_out) for row in found] == [
        (False, False),
        (False, False),
        (False, True),
        (True, False),
    ]
    assert found[1].tokens.tolist() == [REST] + [HOLD] * 23


def test_a_skipped_bar_counts_as_before(tune: MakeTune) -> None:
    found = rows_of(tune("c8|[M:5/4]d10|[M:4/4]e8"), ALL)
    assert [(row.bar, row.previous) for row in found.rows] == [(1, -1), (3, 74)]
    assert dict(found.skipped) == {"meter 5/4 is not supported": 1}


def test_reasons_are_counted_without_their_details(tune: MakeTune) -> None:
    # An incomplete bar, one that is too long, one off the grid (a 32nd), two with two notes at once.
    found = rows_of(tune("c8|c7|c9|c//c//c/c7|[ce]8|c4[ce]4|c8"), ALL)
    assert [row.bar for row in found.rows] == [1, 7]
    assert dict(found.skipped) == {
        "incomplete": 1,
        "too long": 1,
        "off the grid": 1,
        "overlapping notes": 2,
    }


def test_only_the_meters_of_the_card(tune: MakeTune) -> None:
    found = rows_of(tune("c8|[M:3/4]d6"), ("4/4",))
    assert [row.bar for row in found.rows] == [1]
    assert dict(found.skipped) == {"meter 3/4 is not in this corpus": 1}


def test_a_tune_outside_is_moved_by_the_fewest_octaves(tune: MakeTune) -> None:
    # C,, is 36 and G,, 43: one octave up brings both to 48 and above.
    (row,) = rows_of(tune("C,,4G,,4"), ALL).rows
    assert (row.tokens[0], row.tokens[12]) == (48, 55)


def test_what_still_does_not_fit_is_counted(tune: MakeTune) -> None:
    # 36, 72 and 98: as they stand two are outside, an octave up or down one is; up comes first.
    found = rows_of(tune("C,,8|c8|d''8"), ALL)
    assert [(row.bar, row.tokens[0]) for row in found.rows] == [(1, 48), (2, 84)]
    assert dict(found.skipped) == {"pitch outside 48 to 95": 1}


def test_a_corpus_is_aligned_and_ordered(tune: MakeTune) -> None:
    made = corpus(
        tune("c8|d8", "One", key="G"),
        tune("c7", "No whole measure"),
        tune("e6|f6", "Three", meter="6/8", key="Edor"),
    )
    assert made.tune.tolist() == [0, 0, 2, 2]
    assert made.bar.tolist() == [1, 2, 1, 2]
    assert made.meters.tolist() == [0, 0, 3, 3]
    assert made.titles == ("One", "No whole measure", "Three")
    assert made.keys == ("G", "C", "Edor")
    assert made.tokens.dtype == np.int16
    assert is_legal(made.tokens, made.meters).all()


def test_the_hash_says_what_is_in_a_corpus(tune: MakeTune) -> None:
    one, same, other = (corpus(tune(body)) for body in ("c8|d8", "c8|d8", "c8|e8"))
    assert one.hash == same.hash != other.hash


def test_select_takes_the_rows_of_a_split(tune: MakeTune) -> None:
    made = corpus(*(tune(body, body) for body in ("c8", "d8|e8", "f4f4|g8|a8", "b2c'6", "C8|z8")))
    parts = [made.select(name) for name in ("train", "validation", "test")]
    assert sum(len(part) for part in parts) == len(made)
    for code, part in enumerate(parts):
        assert (part.split == code).all()
        assert len(part) == len(part.tokens) == len(part.previous)
    with pytest.raises(UsageError, match="train, validation, test"):
        made.select("dev")


def test_two_silent_measures_make_a_silent_one(tune: MakeTune) -> None:
    pairs = joined_pairs(corpus(tune("c6|z6|z6", meter="6/8")))
    assert pairs.tokens[1].tolist() == six_eight((0, REST)) + six_eight()
    assert is_legal(pairs.tokens, pairs.meters).all()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # Two bars of one note each.
        ("c6|d6", six_eight((0, 72)) + six_eight((0, 74))),
        # A note tied over the bar line sounds on.
        ("c6-|c3d3", six_eight((0, 72)) + six_eight((6, 74))),
        # Silence that goes on begins once.
        ("c3z3|z3d3", six_eight((0, 72), (6, REST)) + six_eight((6, 74))),
        # Silence after a note begins at the second half.
        ("c6|z3d3", six_eight((0, 72)) + six_eight((0, REST), (6, 74))),
        # A rest, then a note at the second half.
        ("c3z3|d6", six_eight((0, 72), (6, REST)) + six_eight((0, 74))),
    ],
)
def test_two_measures_of_six_make_one_of_twelve(tune: MakeTune, body: str, expected: list[int]) -> None:
    pairs = joined_pairs(corpus(tune(body, meter="6/8")))
    assert pairs.tokens.tolist() == [expected]
    assert pairs.meters.tolist() == [5]
    assert is_legal(pairs.tokens, pairs.meters).all()


def test_pairs_keep_the_ties_of_their_ends(tune: MakeTune) -> None:
    pairs = joined_pairs(corpus(tune("c6-|c6-|c6-|c6", meter="6/8")))
    assert pairs.bar.tolist() == [1, 2, 3]
    assert pairs.tie_in.tolist() == [False, True, True]
    assert pairs.tie_out.tolist() == [True, True, False]
    assert pairs.previous.tolist() == [-1, 72, 72]


def test_pairs_do_not_cross_tunes_gaps_or_meters(tune: MakeTune) -> None:
    made = corpus(
        tune("c6", "One", meter="6/8"),
        tune("d6|e7|f6|[M:9/8]g9|[M:6/8]a6", "Two", meter="6/8"),
        tune("c6|d6", "Three", meter="3/4"),
    )
    assert len(made) == 7
    assert len(joined_pairs(made)) == 0
    assert joined_pairs(made).tokens.shape == (0, 24)
    assert PAD not in joined_pairs(made).tokens
