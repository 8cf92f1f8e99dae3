"""What moved attributes cost, by hand, and that a search minds it."""

import numpy as np
import pytest
import torch

from arvae_music.attributes import WEIGHTS, values_of
from arvae_music.control.constraint import Constraint
from arvae_music.control.hypotheses import Hypotheses, rows_of, start
from arvae_music.control.score import Scores
from arvae_music.control.search import search
from arvae_music.control.stay import PRICED, Stay
from arvae_music.meter import GRID_BY_NAME
from arvae_music.model import Vocabulary
from tests.music import HOLD, row

VOCABULARY = Vocabulary(48, 95)
PITCHES = 48
CODE = GRID_BY_NAME["4/4"].code
# Quarters c' e' g' d': weights 20, 67, 25 and 67 of 2,779; range 7, contour 2.
SOURCE = row("4/4", {0: 60, 6: 64, 12: 67, 18: 62})
TOTAL = 2_779


def stay_of(prices: list[float], asked: tuple[str, ...] = ()) -> Stay:
    ids = torch.from_numpy(VOCABULARY.ids(SOURCE[None]))
    return Stay(ids, np.array([CODE]), np.array([prices]), [asked], pitches=PITCHES)


def after(tokens: np.ndarray, ticks: int) -> Hypotheses:
    """One hypothesis with the first ticks of a measure."""
    state = start(torch.tensor([-1]))
    ids = torch.from_numpy(VOCABULARY.ids(tokens[None]))
    for tick in range(ticks):
        state.apply(ids[:, tick, None], torch.from_numpy(WEIGHTS[[CODE], tick]))
    return state


def price_of(stay: Stay, tick: int, state: Hypotheses, token: int) -> float:
    """Of one token at a tick for the only hypothesis."""
    number = int(VOCABULARY.ids(np.array([token]))[0])
    if token < 0:
        return float(stay.silent(tick, state))
    at = rows_of(state.alive)
    return float(stay.noted(tick, state, state.outlines(at), at)[0, number - 3])


@pytest.mark.parametrize(
    ("prices", "price"),
    [
        ([1, 0, 0, 0], 1),  # a note more
        ([0, TOTAL, 0, 0], 50),  # on the half of the first beat, which weighs 50 hundredths
        ([0, 0, 1, 0], 5),  # range 12 instead of 7
        ([0, 0, 0, 1], 0),  # first and last as before
        ([1, TOTAL, 2, 5], 1 + 50 + 10),
    ],
)
def test_a_whole_measure_costs_what_moved(prices: list[float], price: float) -> None:
    busy = row("4/4", {0: 60, 3: 72, 6: 64, 12: 67, 18: 62})
    assert float(stay_of(prices).silent(24, after(busy, 24))) == pytest.approx(price)


def test_what_is_asked_for_costs_nothing() -> None:
    busy = row("4/4", {0: 60, 3: 72, 6: 64, 12: 67, 18: 62})
    assert float(stay_of([1, TOTAL, 2, 5], PRICED).silent(24, after(busy, 24))) == 0
    assert float(stay_of([1, TOTAL, 2, 5], ("pitch_range",)).silent(24, after(busy, 24))) == pytest.approx(51)


@pytest.mark.parametrize("ticks", range(24))
def test_the_source_is_free_all_the_way(ticks: int) -> None:
    stay, state = stay_of([1, 1, 1, 1]), after(SOURCE, ticks)
    assert price_of(stay, ticks, state, int(SOURCE[ticks])) == pytest.approx(0, abs=1e-6)


def test_ahead_is_the_price_if_the_source_follows() -> None:
    stay = stay_of([1, TOTAL, 2, 5])
    # At tick 0 e' instead of c': range 5 (2 less), contour -2 (4 less).
    assert price_of(stay, 0, after(SOURCE, 0), 64) == pytest.approx(2 * 2 + 5 * 4)
    # At the last beat nothing instead of d': a note and its weight less; the measure ends on g', 5 higher.
    assert price_of(stay, 18, after(SOURCE, 18), HOLD) == pytest.approx(1 + 67 + 5 * 5)


def test_a_search_that_minds_it_widens_nothing() -> None:
    constraint = Constraint(CODE, bytes([1] * PITCHES), counts=(5, 5))
    generator = torch.Generator().manual_seed(1)
    scores = Scores(torch.randn(1, 24, 3 + PITCHES, generator=generator))
    plain = search([constraint], scores, None)
    minding = search([constraint], scores, None, stay=stay_of([100, 0, 100, 100], ("note_density",)))
    names = ("rhythmic_complexity", "pitch_range", "note_density", "contour")
    got = dict(zip(names, values_of(VOCABULARY.tokens(minding), np.array([CODE]))[0], strict=True))
    assert (got["note_density"], got["pitch_range"], got["contour"]) == (5, 7, 2)
    wide = dict(zip(names, values_of(VOCABULARY.tokens(plain), np.array([CODE]))[0], strict=True))
    assert (wide["note_density"], wide["pitch_range"], wide["contour"]) != (5, 7, 2)
