"""Reachable rhythms against all rhythms there are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arvae_music.control.rhythms import (
    ANYTHING,
    DUPLE,
    FREE,
    MAY_HOLD,
    MAY_NOTE,
    TRIPLE,
    RhythmGoal,
    completions,
    whole_rhythms,
)
from tests.control.oracle import divisions, hundredths, rhythms, subsets, ticks_of
from tests.music import BEATS, SIXTEENTHS, TRIPLETS, grid_of, is_dotted

METERS = sorted(BEATS)
ticks_strategy = st.lists(st.integers(0, 23), min_size=1, max_size=9, unique=True)


def is_rhythm(meter: str, ticks: tuple[int, ...], division: tuple[int, ...] | None, beat: int) -> bool:
    """Whether onsets may stand together, where those of one beat must fit a division."""
    for each in range(BEATS[meter][1]):
        places = {tick % 6 for tick in ticks if tick // 6 == each}
        fitting = divisions(meter) if division is None or each != beat else (division,)
        if not any(places <= set(some) for some in fitting):
            return False
    return True


def plain(meter: str, allowed: list[int], start: int, division: int) -> set[tuple[int, int]]:
    """(notes, weight) of every rhythm from a tick on, in a beat of a division so far."""
    own = [tick for tick in sorted(allowed) if start <= tick < ticks_of(meter)]
    begun = {FREE: None, DUPLE: SIXTEENTHS, TRIPLE: TRIPLETS}[division]
    bound = begun if start % 6 and not is_dotted(meter) else None
    return {
        (len(some), hundredths(meter, some))
        for some in subsets(own)
        if is_rhythm(meter, some, bound, start // 6)
    }


def everything(meter: str, *, tied: bool) -> set[tuple[int, int]]:
    """(notes, weight) of all rhythms of a meter, by the module under test."""
    exact = np.bitwise_or.reduce(
        whole_rhythms(RhythmGoal(grid_of(meter).code, tied=tied), weighted=True), axis=1
    )
    return {(n, int(w)) for w in np.flatnonzero(exact) for n in range(25) if exact[w] >> n & 1}


@pytest.mark.parametrize("tied", [False, True])
def test_all_rhythms_of_six_eight(tied: bool) -> None:
    assert everything("6/8", tied=tied) == plain("6/8", list(range(1 if tied else 0, 12)), 0, FREE)


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("tied", [False, True])
def test_all_rhythms_of_every_meter(meter: str, tied: bool) -> None:
    assert everything(meter, tied=tied) == rhythms(meter, tied=tied)


@given(st.sampled_from(METERS), ticks_strategy, st.data())
@settings(max_examples=120)
def test_completions_from_any_tick(meter: str, allowed: list[int], data: st.DataObject) -> None:
    kinds = bytes([ANYTHING if tick in allowed else MAY_HOLD for tick in range(24)])
    goal = RhythmGoal(grid_of(meter).code, kinds)
    tick = data.draw(st.integers(1, ticks_of(meter)))
    division = data.draw(st.sampled_from([FREE] if is_dotted(meter) else [FREE, DUPLE, TRIPLE]))
    expected = plain(meter, allowed, tick, division)
    low, high = sorted(data.draw(st.tuples(st.integers(0, 800), st.integers(0, 800))))
    so_far = data.draw(st.integers(0, high + 1))
    made = completions([goal, goal], [(low, high), None])
    assert not made.split
    for sounding in (0, 1):
        weighed = int(made.bits[0, tick, division, sounding, so_far, 0])
        assert {n for n in range(25) if weighed >> n & 1} == {
            n for n, w in expected if low <= so_far + w <= high
        }
        counted = int(made.bits[1, tick, division, sounding, so_far, 0])
        assert {n for n in range(25) if counted >> n & 1} == {n for n, _ in expected}
    # Without weights, counts alone.
    alone = int(completions([goal], [None]).bits[0, tick, division, 1, 0, 0])
    assert {n for n in range(25) if alone >> n & 1} == {n for n, _ in expected}


def test_locked_notes_and_what_stands_around_them_by_hand() -> None:
    """6/8, a note locked on the fourth tick: free notes before it, after it, on both sides."""
    kinds = bytes(
        [MAY_NOTE if tick == 3 else ANYTHING if tick in (0, 1, 5) else MAY_HOLD for tick in range(24)]
    )
    none, after, before, both = np.bitwise_or.reduce(
        whole_rhythms(RhythmGoal(3, kinds, pinned=(3,)), weighted=True), axis=0
    ).tolist()
    # Bits: 1 for no free note, 2 for one, 4 for two, 8 for three. The first tick may be a rest.
    assert (none, after, before, both) == (1, 2, 2 | 4, 4 | 8)
    weights = whole_rhythms(RhythmGoal(3, kinds, pinned=(3,)), weighted=True)
    # The locked note alone weighs 1, with that of the first tick 1.2; the sixteenth at the end weighs 1 more.
    assert [int(np.flatnonzero(weights[:, i])[0]) for i in range(4)] == [100, 200, 120, 220]
