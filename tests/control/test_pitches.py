"""Tables of pitches against every sequence of a few pitches."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arvae_music.control.pitches import NEVER, PitchGoal, pitch_tables

SIZE = 5
MOST = 4
"""No goal needs more notes than first, two extremes and last."""


@st.composite
def goals(draw: st.DrawFn) -> PitchGoal:
    allowed = draw(st.lists(st.booleans(), min_size=SIZE, max_size=SIZE))
    return PitchGoal(
        bytes(allowed),
        draw(st.none() | st.integers(-1, SIZE)),
        draw(st.none() | st.integers(-SIZE, SIZE)),
        draw(st.none() | st.integers(0, SIZE - 1)),
    )


def is_met(goal: PitchGoal, pitches: tuple[int, ...], low: int, high: int) -> bool:
    """Whether notes meet the goal, where lowest and highest are those of all."""
    return (
        (goal.span is None or high - low == goal.span)
        and (goal.contour is None or pitches[-1] - pitches[0] == goal.contour)
        and (goal.last is None or pitches[-1] == goal.last)
    )


def fewest(possible: dict[int, bool]) -> int:
    """The fewest notes; and that any greater number will do."""
    least = min((n for n, yes in possible.items() if yes), default=NEVER)
    assert all(yes == (n >= least) for n, yes in possible.items())
    return least


@given(goals())
@settings(max_examples=60)
def test_tables_say_what_trying_everything_says(goal: PitchGoal) -> None:
    tables = pitch_tables(goal)
    allowed = [pitch for pitch in range(SIZE) if goal.allowed[pitch]]
    further = {n: list(product(allowed, repeat=n)) for n in range(1, MOST + 1)}
    for first, low, high in product(allowed, repeat=3):
        if not low <= first <= high:
            continue
        possible = {
            n: any(is_met(goal, (first, *some), min(low, *some), max(high, *some)) for some in further[n])
            for n in further
        }
        assert tables.more[first, low, high] == fewest(possible), (first, low, high)
        assert (tables.missing[low, high] == 0) == (goal.span in (None, high - low))
        for last in range(low, high + 1):
            if last in allowed:
                expected = goal.contour in (None, last - first) and goal.last in (None, last)
                assert tables.ends[first, last] == expected
    begun = {n: any(is_met(goal, some, min(some), max(some)) for some in further[n]) for n in further}
    assert tables.from_none(goal.allowed)[3] == fewest(begun)


@pytest.mark.parametrize(
    ("span", "contour", "last", "expected"),
    [
        (None, None, None, 1),
        (0, 0, None, 1),
        (0, None, None, 1),
        (5, None, None, 2),
        (5, 5, None, 2),
        (5, -5, None, 2),
        (5, 0, None, 3),  # first and last alike, and the other extreme between
        (5, 2, None, 3),
        (5, 6, None, NEVER),
        (47, None, None, 2),
        (48, None, None, NEVER),  # 48 pitches lie at most 47 semitones apart
        (None, 47, None, 2),
        (None, 48, None, NEVER),
        (None, 10, 9, NEVER),  # it would begin below the lowest
        (None, 9, 9, 2),
        (None, None, 30, 1),
        (10**30, None, None, NEVER),
        (None, -(10**30), None, NEVER),
    ],
)
def test_notes_needed_by_hand(span: int | None, contour: int | None, last: int | None, expected: int) -> None:
    every = bytes([1] * 48)
    assert pitch_tables(PitchGoal(every, span, contour, last)).from_none(every)[3] == expected
