"""Reachable rhythms against all rhythms there are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arvae_music.control.rhythms import DUPLE, FREE, TRIPLE, completions, reachable_rhythms
from tests.control.oracle import divisions, hundredths, rhythms, subsets, ticks_of
from tests.music import BEATS, SIXTEENTHS, TRIPLETS, grid_of, is_dotted

ALL_TICKS = bytes([1] * 24)
METERS = sorted(BEATS)
ticks_strategy = st.lists(st.integers(0, 23), min_size=1, max_size=9, unique=True)


def mask(ticks: list[int] | tuple[int, ...]) -> bytes:
    return bytes([tick in ticks for tick in range(24)])


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


@pytest.mark.parametrize("tied", [False, True])
def test_all_rhythms_of_six_eight(tied: bool) -> None:
    expected = plain("6/8", list(range(1 if tied else 0, 12)), 0, FREE)
    got = {(int(n), int(w)) for n, w in reachable_rhythms(3, ALL_TICKS, tied=tied)}
    assert got == expected


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("tied", [False, True])
def test_all_rhythms_of_every_meter(meter: str, tied: bool) -> None:
    got = {(int(n), int(w)) for n, w in reachable_rhythms(grid_of(meter).code, ALL_TICKS, tied=tied)}
    assert got == rhythms(meter, tied=tied)


@given(st.sampled_from(METERS), ticks_strategy, st.data())
@settings(max_examples=120)
def test_completions_from_any_tick(meter: str, allowed: list[int], data: st.DataObject) -> None:
    code = grid_of(meter).code
    table = completions(code, mask(allowed), weighted=True)
    plainly = completions(code, mask(allowed), weighted=False)
    tick = data.draw(st.integers(0, ticks_of(meter)))
    division = data.draw(st.sampled_from([FREE] if is_dotted(meter) else [FREE, DUPLE, TRIPLE]))
    expected = plain(meter, allowed, tick, division)
    exactly = np.diff(table[tick, division].astype(int), axis=-1)
    assert set(np.unique(exactly)) <= {0, 1}
    assert {(int(n), int(w)) for n, w in np.argwhere(exactly)} == expected
    # Running counts: any interval of weights can be asked for.
    low, high = sorted(data.draw(st.tuples(st.integers(0, 500), st.integers(0, 500))))
    width = table.shape[-1] - 1
    possible = table[tick, division, :, min(high + 1, width)] > table[tick, division, :, min(low, width)]
    assert set(possible.nonzero()[0]) == {n for n, w in expected if low <= w <= high}
    # Without weights, counts alone.
    counts = plainly[tick, division, :, 1] > plainly[tick, division, :, 0]
    assert set(counts.nonzero()[0]) == {n for n, _ in expected}
