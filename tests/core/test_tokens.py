"""Tokens: each rule of legality by hand, in every meter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arvae_music.meter import GRIDS, Grid
from arvae_music.tokens import is_legal, onsets, sounding_after
from tests.music import ALL, BEATS, HOLD, PAD, REST, grid_of, is_dotted, part_strategy, row, rows_of

METERS = sorted(BEATS)


def legal(meter: str, events: dict[int, int]) -> bool:
    return bool(is_legal(row(meter, events)[None], np.array([grid_of(meter).code]))[0])


@pytest.mark.parametrize("meter", METERS)
def test_what_may_stand_on_the_first_tick(meter: str) -> None:
    assert legal(meter, {0: 60})
    assert legal(meter, {0: REST})
    assert legal(meter, {})  # HOLD: a note is tied into and over the whole measure
    assert not legal(meter, {0: PAD})


@pytest.mark.parametrize("meter", METERS)
def test_a_rest_stands_only_where_a_note_sounds(meter: str) -> None:
    assert legal(meter, {0: 60, 3: REST})
    assert legal(meter, {3: REST})  # the tied note ends
    assert legal(meter, {0: REST, 3: 60, 6: REST})
    assert not legal(meter, {0: REST, 3: REST})
    assert not legal(meter, {0: 60, 3: REST, 6: REST})
    assert not legal(meter, {3: REST, 6: REST})
    assert legal(meter, {0: 60, 3: REST, 6: 60, 9: REST})


@pytest.mark.parametrize("meter", METERS)
def test_padding_is_exactly_past_the_meter(meter: str) -> None:
    ticks = 6 * BEATS[meter][1]
    assert not legal(meter, {0: 60, ticks - 1: PAD})
    assert not legal(meter, {0: 60, 3: PAD})
    for token in (HOLD, REST, 60):
        if ticks < 24:
            assert not legal(meter, {0: 60, ticks: token})
            assert not legal(meter, {0: 60, 23: token})


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("one", range(1, 6))
@pytest.mark.parametrize("other", range(1, 6))
def test_sixteenths_and_triplets_in_one_beat(meter: str, one: int, other: int) -> None:
    # In quarter and eighth beats ticks 1, 3, 5 are sixteenths and 2, 4 triplets; the beat's start is both.
    mixed = (one in (2, 4)) != (other in (2, 4))
    allowed = is_dotted(meter) or not mixed
    for beat in range(BEATS[meter][1]):
        assert legal(meter, {0: 60, 6 * beat: 60, 6 * beat + one: 60, 6 * beat + other: 62}) == allowed
        # Rests are events, too.
        if one < other:
            events = {0: 60, 6 * beat: 60, 6 * beat + one: 60, 6 * beat + other: REST}
            assert legal(meter, events) == allowed


@pytest.mark.parametrize("meter", METERS)
def test_beats_may_differ(meter: str) -> None:
    assert legal(meter, {0: 60, 1: 60, 3: 60, 5: 60, 6: 60, 8: 60, 10: 60})


@pytest.mark.parametrize(("token", "expected"), [(0, True), (127, True), (128, False), (-4, False)])
def test_tokens_that_are_none(token: int, expected: bool) -> None:
    assert legal("4/4", {0: token}) == expected


def test_the_batch_is_judged_measure_by_measure() -> None:
    tokens = np.stack([row("4/4", {0: 60}), row("4/4", {0: PAD}), row("6/8", {0: 60, 1: 61, 2: 62})])
    assert is_legal(tokens, np.array([0, 0, 3])).tolist() == [True, False, True]
    # The same tokens in another meter are too short, or too long.
    assert not is_legal(row("6/8", {0: 60})[None], np.array([1])).any()
    assert not is_legal(row("4/4", {0: 60})[None], np.array([1])).any()
    assert is_legal(tokens[:0], np.array([], np.int64)).shape == (0,)


def test_sounding_after() -> None:
    tokens = row("6/8", {0: REST, 2: 60, 4: REST, 6: 61})
    # tick          0  1  2  3  4  5  6 ... the padding keeps the last state
    expected = [0, 0, 1, 1, 0, 0, *[1] * 18]
    assert sounding_after(tokens).astype(int).tolist() == expected
    assert sounding_after(row("6/8", {})).all()
    assert sounding_after(row("6/8", {3: REST})).astype(int).tolist() == [1, 1, 1, *[0] * 21]
    batch = np.stack([tokens, row("6/8", {})])
    assert sounding_after(batch).shape == (2, 24)
    assert sounding_after(batch)[0].astype(int).tolist() == expected


def test_onsets() -> None:
    tokens = row("3/4", {0: 0, 3: REST, 6: 127})
    assert onsets(tokens).nonzero()[0].tolist() == [0, 6]


@given(st.data(), st.sampled_from(GRIDS))
def test_random_measures_are_legal_and_one_wrong_token_is_seen(data: st.DataObject, grid: Grid) -> None:
    part = data.draw(part_strategy(grid.name, st.integers(0, 127)))
    tokens = rows_of([part])[0].tokens
    assert legal(grid.name, dict(enumerate(tokens.tolist())))
    # A note put anywhere is legal unless it mixes its beat.
    tick = data.draw(st.integers(1, grid.ticks - 1))
    tokens[tick] = 60
    after = tokens[tick + 1 : grid.ticks]
    beat = tokens[tick - tick % 6 :][:6]
    places = [place for place in ALL if place and beat[place] not in (HOLD, PAD)]
    mixed = not is_dotted(grid.name) and len({place in (2, 4) for place in places}) == 2
    assert is_legal(tokens[None], np.array([grid.code]))[0] == (not mixed), (tokens, after)
