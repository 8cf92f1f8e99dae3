"""Between melodies and tokens: hand cases, and round trips of random tunes."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arvae_music.measures import Measure, measures, replace_measures
from arvae_music.melody import Bar, Melody, Note
from arvae_music.meter import Meter
from arvae_music.tokens import Tokens
from tests.music import (
    REST,
    Part,
    Row,
    melody_of,
    part_strategy,
    row,
    rows_of,
    tune_strategy,
)

FOUR = Meter(4, 4)
TUNES = tune_strategy()


def bars(*lengths: Fraction | int, meter: Meter = FOUR, first: int = 1) -> tuple[Bar, ...]:
    """Contiguous bars of one meter, numbered from `first`."""
    out, start = [], Fraction(0)
    for i, length in enumerate(lengths):
        out.append(Bar(first + i, start, Fraction(length), meter))
        start += length
    return tuple(out)


def notes(*said: tuple[Fraction | int, Fraction | int, int]) -> tuple[Note, ...]:
    return tuple(Note(Fraction(onset), Fraction(duration), pitch) for onset, duration, pitch in said)


def only(melody: Melody) -> Measure:
    (measure,) = measures(melody)
    return measure


def tokens_of(measure: Measure) -> Tokens:
    assert measure.tokens is not None, measure.reason
    return measure.tokens


def same(got: Tokens, meter: str, events: dict[int, int]) -> None:
    np.testing.assert_array_equal(got, row(meter, events))


# --- from notes to tokens ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("meter", "said", "events"),
    [
        # Two quarters, a triplet, silence from beat 4.
        (
            "4/4",
            [
                (0, 1, 60),
                (1, 1, 62),
                (2, Fraction(1, 3), 64),
                (Fraction(7, 3), Fraction(1, 3), 65),
                (Fraction(8, 3), Fraction(1, 3), 67),
            ],
            {0: 60, 6: 62, 12: 64, 14: 65, 16: 67, 18: REST},
        ),
        ("4/4", [], {0: REST}),
        ("4/4", [(1, 3, 60)], {0: REST, 6: 60}),
        ("3/4", [(0, Fraction(1, 4), 60), (Fraction(3, 4), Fraction(9, 4), 61)], {0: 60, 1: REST, 5: 61}),
        # In 2/4 the beat is an eighth, so its halves are sixteenths and its quarters thirty-seconds.
        (
            "2/4",
            [(Fraction(n, 4), Fraction(1, 4), 60 + n) for n in range(8)],
            {3 * n: 60 + n for n in range(8)},
        ),
        ("2/4", [(0, Fraction(1, 8), 60), (Fraction(1, 8), Fraction(15, 8), 62)], {0: 60, 1: 62}),
        (
            "6/8",
            [(Fraction(n, 2), Fraction(1, 2), 60 + n) for n in range(6)],
            {2 * n: 60 + n for n in range(6)},
        ),
        (
            "6/8",
            [(0, Fraction(3, 4), 60), (Fraction(3, 4), Fraction(1, 4), 61), (1, 2, 62)],
            {0: 60, 3: 61, 4: 62},
        ),
        ("9/8", [(0, Fraction(9, 2), 60)], {0: 60}),
        ("12/8", [(0, Fraction(1, 4), 60), (Fraction(23, 4), Fraction(1, 4), 62)], {0: 60, 1: REST, 23: 62}),
    ],
)
def test_tokens_by_hand(
    meter: str, said: list[tuple[Fraction, Fraction, int]], events: dict[int, int]
) -> None:
    whole = Meter.parse(meter)
    got = only(Melody(notes(*said), bars(whole.length, meter=whole)))
    same(tokens_of(got), meter, events)
    assert (got.meter, got.reason, got.tie_in, got.tie_out) == (meter, None, None, None)


@pytest.mark.parametrize("text", ["2/2", "C|"])
def test_two_half_notes_are_read_as_four_quarters(text: str) -> None:
    meter = Meter.parse(text)
    got = only(Melody(notes((0, Fraction(1, 2), 60), (3, 1, 62)), bars(4, meter=meter)))
    assert got.meter == "2/2"
    assert got.grid is not None
    assert got.grid.name == "4/4"
    same(tokens_of(got), "4/4", {0: 60, 3: REST, 18: 62})


def test_a_note_over_several_bar_lines() -> None:
    melody = Melody(notes((3, 9, 60)), bars(4, 4, 4))
    first, second, third = measures(melody)
    same(tokens_of(first), "4/4", {0: REST, 18: 60})
    same(tokens_of(second), "4/4", {})
    same(tokens_of(third), "4/4", {})
    assert [(m.tie_in, m.tie_out) for m in (first, second, third)] == [(None, 60), (60, 60), (60, None)]


def test_a_tied_note_that_ends_within() -> None:
    melody = Melody(notes((3, 2, 60), (6, 1, 62)), bars(4, 4))
    _, second = measures(melody)
    same(tokens_of(second), "4/4", {6: REST, 12: 62, 18: REST})
    assert (second.tie_in, second.tie_out) == (60, None)


def test_a_note_that_ends_on_the_bar_line_is_not_tied() -> None:
    first, second = measures(Melody(notes((0, 4, 60), (4, 4, 60)), bars(4, 4)))
    assert (first.tie_out, second.tie_in) == (None, None)
    same(tokens_of(second), "4/4", {0: 60})


# --- what has no tokens -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("melody", "reason"),
    [
        (Melody(notes((0, 2, 60), (1, 1, 64)), bars(4)), "overlapping notes at beat 2"),
        (Melody(notes((0, 1, 60), (0, 1, 64)), bars(4)), "overlapping notes at beat 1"),
        (Melody(notes((0, 1, 60), (Fraction(1, 5), 1, 64)), bars(4)), "overlapping"),
        (Melody(notes((Fraction(1, 5), 1, 60)), bars(4)), "off the grid at beat 1.2"),
        (Melody(notes((0, Fraction(9, 5), 60)), bars(4)), "off the grid at beat 2.8"),
        (Melody(notes((0, Fraction(1, 8), 60)), bars(4)), "off the grid"),  # thirty-seconds in 4/4
        (
            Melody(
                notes(
                    (0, Fraction(1, 4), 60),
                    (Fraction(1, 4), Fraction(5, 12), 62),
                    (Fraction(2, 3), Fraction(1, 3), 64),
                ),
                bars(4),
            ),
            "sixteenths and triplets in one beat",
        ),
        (
            Melody(notes((0, Fraction(1, 4), 60), (Fraction(1, 3), Fraction(2, 3), 62)), bars(4)),
            "sixteenths and triplets",
        ),
        (Melody((), bars(Fraction(3, 2), meter=Meter(3, 8))), "meter 3/8 is not supported"),
        (Melody((), bars(6, meter=Meter(6, 4))), "meter 6/4 is not supported"),
        (Melody((), bars(5, meter=Meter(5, 4))), "meter 5/4 is not supported"),
        (Melody((), bars(3)), "incomplete: 3 of 4"),
        (Melody((), bars(Fraction(9, 2))), "too long: 9/2 of 4"),
        (Melody((), (replace(bars(4)[0], problem="chords"),)), "chords"),
    ],
)
def test_what_has_no_tokens_says_why(melody: Melody, reason: str) -> None:
    got = only(melody)
    assert got.tokens is None
    assert got.reason is not None
    assert reason in got.reason


def test_triplets_and_sixteenths_in_a_dotted_beat_are_no_mixture() -> None:
    meter = Meter(6, 8)
    said = notes(
        (0, Fraction(1, 4), 60),
        (Fraction(1, 4), Fraction(1, 4), 61),
        (Fraction(1, 2), Fraction(1, 2), 62),
        (1, 2, 63),
    )
    same(
        tokens_of(only(Melody(said, bars(3, meter=meter)))),
        "6/8",
        {0: 60, 1: 61, 2: 62, 4: 63},
    )


def test_one_bad_measure_leaves_the_others() -> None:
    melody = Melody(notes((0, 4, 60), (4, 2, 60), (5, 1, 64), (8, 4, 60)), bars(4, 4, 4))
    assert [m.reason is None for m in measures(melody)] == [True, False, True]


def test_two_notes_tied_in_are_an_overlap() -> None:
    melody = Melody(notes((0, 5, 60), (2, 3, 64)), bars(4, 4))
    first, second = measures(melody)
    assert "beat 3" in str(first.reason)
    assert "beat 1" in str(second.reason)


# --- strains, pickups ----------------------------------------------------------------------------------


def test_a_pickup_joins_the_short_last_bar() -> None:
    # 1 | 4 | 3: the last bar's three beats, then the pickup.
    melody = Melody(
        notes((0, 1, 67), (1, 4, 60), (5, 1, 62), (6, 2, 64)),
        bars(1, 4, 3, first=0),
    )
    whole, joined = measures(melody)
    assert (whole.index, whole.joined, whole.bars, whole.join_tick) == (1, None, (1,), None)
    assert (joined.index, joined.joined, joined.bars, joined.join_tick) == (2, 0, (2, 0), 18)
    same(tokens_of(joined), "4/4", {0: 62, 6: 64, 18: 67})


@pytest.mark.parametrize(
    ("end", "pickup", "events"),
    [
        (
            [(5, 3, 60)],
            [(Fraction(1, 2), Fraction(1, 2), 67)],
            {0: 60, 18: REST, 21: 67},
        ),  # silence begins the pickup
        ([(5, 1, 60)], [(Fraction(1, 2), Fraction(1, 2), 67)], {0: 60, 6: REST, 21: 67}),  # and goes on
        ([(5, 3, 60)], [], {0: 60, 18: REST}),
        ([], [(0, 1, 67)], {0: REST, 18: 67}),
        ([], [], {0: REST}),
    ],
)
def test_silence_at_a_join(
    end: list[tuple[Fraction, Fraction, int]],
    pickup: list[tuple[Fraction, Fraction, int]],
    events: dict[int, int],
) -> None:
    melody = Melody(notes(*pickup, (1, 4, 50), *end), bars(1, 4, 3, first=0))
    same(tokens_of(measures(melody)[1]), "4/4", events)


def test_every_strain_has_its_own_pickup() -> None:
    # 1 | 3 | 2 || 1 | 3 | 2 in 3/4.
    meter = Meter(3, 4)
    melody = Melody(
        notes((0, 1, 60), (1, 3, 61), (4, 2, 62), (6, 1, 70), (7, 3, 71), (10, 2, 72)),
        bars(1, 3, 2, 1, 3, 2, meter=meter, first=0),
    )
    said = [(m.index, m.joined) for m in measures(melody)]
    assert said == [(1, None), (2, 0), (4, None), (5, 3)]
    same(tokens_of(measures(melody)[1]), "3/4", {0: 62, 12: 60})
    same(tokens_of(measures(melody)[3]), "3/4", {0: 72, 12: 70})


def test_a_bar_cut_by_a_repeat_sign_is_one_measure_in_reading_order() -> None:
    # 4 | 3 :: 1 | 4: the two halves stand side by side.
    melody = Melody(notes((0, 4, 60), (4, 3, 62), (7, 1, 64), (8, 4, 65)), bars(4, 3, 1, 4))
    rows = measures(melody)
    assert [(m.index, m.joined) for m in rows] == [(1, None), (2, 3), (4, None)]
    same(tokens_of(rows[1]), "4/4", {0: 62, 18: 64})


def test_short_bars_that_nothing_completes_are_incomplete() -> None:
    # Two pickups of a beat, one end of three: the first joins it, the second is left over.
    melody = Melody((), bars(1, 4, 3, 4, 1, first=0))
    rows = measures(melody)
    assert [(m.index, m.joined, m.reason is None) for m in rows] == [
        (1, None, True),
        (2, 0, True),
        (3, None, True),
        (4, None, False),
    ]
    assert "incomplete: 1 of 4" in str(rows[-1].reason)
    lengths = measures(Melody((), bars(1, 4, 2, first=0)))
    assert [m.reason is None for m in lengths] == [False, True, False]


def test_halves_of_different_meters_do_not_join() -> None:
    one, other = bars(1, 4), bars(3, meter=Meter(2, 2))
    melody = Melody((), (*one, replace(other[0], start=Fraction(5), number=3)))
    assert [m.reason is None for m in measures(melody)] == [False, True, False]


def test_a_short_bar_with_a_problem_does_not_join() -> None:
    pickup, whole, end = bars(1, 4, 3, first=0)
    rows = measures(Melody((), (replace(pickup, problem="chords"), whole, end)))
    assert (rows[0].index, rows[0].reason) == (0, "chords")
    assert "incomplete" in str(rows[2].reason)


def test_a_join_off_the_grid_is_none() -> None:
    rows = measures(Melody((), bars(Fraction(1, 5), 4, Fraction(19, 5), first=0)))
    assert [m.reason is None for m in rows] == [False, True, False]


def test_a_note_that_sounds_over_the_strains_end_forbids_the_join() -> None:
    # The end's note goes on into the next strain: it cannot lead back to the pickup.
    melody = Melody(notes((0, 1, 67), (5, 4, 60)), bars(1, 4, 3, 4, first=0))
    rows = measures(melody)
    assert [m.joined for m in rows] == [None] * 4
    assert [m.reason is None for m in rows] == [False, True, False, True]
    assert rows[3].tie_in == 60


def test_a_tie_out_of_a_pickup_is_the_joined_measures() -> None:
    melody = Melody(notes((0, 2, 67), (5, 3, 60)), bars(1, 4, 3, first=0))
    whole, joined = measures(melody)
    assert (whole.tie_in, joined.tie_in, joined.tie_out) == (67, None, 67)
    new = row("4/4", {0: 62, 18: REST, 21: 67})
    result = replace_measures(melody, [whole, joined], {1: new})
    assert result.notes == notes((Fraction(1, 2), Fraction(3, 2), 67), (5, 3, 62))


# --- and back ------------------------------------------------------------------------------------------


def described(measure: Measure) -> tuple[object, ...]:
    tokens = None if measure.tokens is None else measure.tokens.tolist()
    return measure.bars, measure.meter, tokens, measure.tie_in, measure.tie_out, measure.join_tick


def expected_description(wanted: Row) -> tuple[object, ...]:
    return wanted.bars, wanted.meter, wanted.tokens.tolist(), wanted.tie_in, wanted.tie_out, wanted.join


@given(TUNES)
def test_measures_of_random_tunes(parts: list[Part]) -> None:
    melody = melody_of(parts)
    assert [described(m) for m in measures(melody)] == [expected_description(r) for r in rows_of(parts)]


@given(TUNES)
def test_own_tokens_give_back_the_very_melody(parts: list[Part]) -> None:
    melody = melody_of(parts)
    rows = measures(melody)
    edits = {i: tokens_of(m) for i, m in enumerate(rows)}
    assert replace_measures(melody, rows, edits) == melody
    assert replace_measures(melody, rows, {}) == melody


@given(TUNES, st.data())
@settings(max_examples=150)
def test_a_new_measure_changes_its_own_notes_alone(parts: list[Part], data: st.DataObject) -> None:
    melody = melody_of(parts)
    rows = measures(melody)
    which = data.draw(st.integers(0, len(rows) - 1))
    changed = list(parts)
    for bar in rows[which].bars:
        old, follower = parts[bar], parts[bar + 1] if bar + 1 < len(parts) else None
        tie_out = None if follower is None else follower.tie_in
        pitches = st.integers(55, 84)
        changed[bar] = data.draw(part_strategy(old.meter, pitches, old.first, old.stop, old.tie_in, tie_out))
    wanted = next(r for r in rows_of(changed) if r.bars == rows[which].bars)
    result = replace_measures(melody, rows, {which: wanted.tokens})
    assert result == melody_of(changed)
    after = measures(result)
    for i, (old_row, new_row) in enumerate(zip(rows, after, strict=True)):
        if i == which:
            np.testing.assert_array_equal(tokens_of(new_row), wanted.tokens)
        else:
            assert described(old_row) == described(new_row)


def test_notes_that_no_edit_concerns_stay_whatever_they_are() -> None:
    """Unisons over a bar line, chords, a note that outlasts the last bar, notes past it."""
    chord = notes((2, 4, 60), (3, 2, 60), (3, 3, 64), (8, 9, 55), (20, 1, 50), (21, 1, 51))
    melody = Melody(tuple(sorted((*chord, *notes((12, 1, 70))))), bars(4, 4, 4, 4))
    rows = measures(melody)
    editable = [i for i, m in enumerate(rows) if m.tokens is not None]
    assert replace_measures(melody, rows, {}) == melody
    for i in editable:
        assert replace_measures(melody, rows, {i: tokens_of(rows[i])}) == melody


def test_an_edit_beside_a_measure_of_chords() -> None:
    # The chord's note of 60 is tied into the edited measure twice over in the measure before.
    melody = Melody(
        notes((0, 1, 60), (0, 5, 60), (6, 2, 62), (8, 4, 64)),
        bars(4, 4, 4),
    )
    first, second, third = rows = measures(melody)
    assert first.tokens is None
    assert second.tie_in == 60
    assert third.tokens is not None
    result = replace_measures(melody, rows, {1: row("4/4", {12: 65, 18: REST}), 2: row("4/4", {0: 66})})
    assert result.notes == notes((0, 1, 60), (0, 6, 60), (6, 1, 65), (8, 4, 66))


@pytest.mark.parametrize(
    ("which", "events", "complaint"),
    [
        (0, {0: 60, 18: 61}, "tied out"),  # 60 is tied over
        (0, {0: 60, 18: REST}, "tied out"),
        (0, {0: REST}, "tied out"),
        (1, {0: 60}, "tied into"),
        (1, {0: REST, 6: 60}, "tied into"),
        (2, {}, "no note is tied into"),
    ],
)
def test_a_broken_tie_is_refused(which: int, events: dict[int, int], complaint: str) -> None:
    melody = Melody(notes((0, 6, 60), (8, 4, 62)), bars(4, 4, 4))
    rows = measures(melody)
    with pytest.raises(ValueError, match=complaint):
        replace_measures(melody, rows, {which: row("4/4", events)})


def test_a_note_over_a_join_is_refused() -> None:
    melody = Melody((), bars(1, 4, 3, first=0))
    rows = measures(melody)
    with pytest.raises(ValueError, match="into its pickup"):
        replace_measures(melody, rows, {1: row("4/4", {0: 60})})
    fine = replace_measures(melody, rows, {1: row("4/4", {0: 60, 18: 61})})
    assert fine.notes == notes((0, 1, 61), (5, 3, 60))


def test_a_measure_without_tokens_cannot_be_replaced() -> None:
    melody = Melody((), bars(Fraction(3, 2), meter=Meter(3, 8)))
    with pytest.raises(ValueError, match="3/8"):
        replace_measures(melody, measures(melody), {0: row("4/4", {0: 60})})
