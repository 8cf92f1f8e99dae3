"""What a run learns from: the splits, 12/8 made of 6/8, and only some meters where that is asked."""

import numpy as np
import pytest

from arvae_music.errors import ArvaeError
from arvae_music.training.corpus import training_data
from tests.fakes import Entry, corpus_of
from tests.music import grid_of

NOTES = {0: 60, 6: 62}
ENTRIES = [
    *[Entry("4/4", {0: 60 + i}, tune=0, bar=i) for i in range(1, 4)],
    *[Entry("6/8", {0: 60 + i}, tune=1, bar=i) for i in range(1, 10)],
    Entry("4/4", NOTES, tune=2, split="validation"),
    Entry("6/8", NOTES, tune=2, bar=2, split="validation"),
    Entry("4/4", NOTES, tune=3, split="test"),
]


def counts(meters: np.ndarray) -> dict[str, int]:
    names = ("4/4", "6/8", "12/8")
    return {name: int((meters == grid_of(name).code).sum()) for name in names}


def test_all_meters_and_pairs_that_stand_for_twelve_eight() -> None:
    data = training_data(corpus_of(ENTRIES))
    # Nine bars of 6/8 in a row make eight pairs, of which every fourth is taken.
    assert counts(data.train.meters) == {"4/4": 3, "6/8": 9, "12/8": 2}
    assert counts(data.validation.meters) == {"4/4": 1, "6/8": 1, "12/8": 0}


@pytest.mark.parametrize(
    ("meters", "train", "held_out"),
    [
        (("4/4",), (3, 0, 0), (1, 0, 0)),
        (("6/8",), (0, 9, 0), (0, 1, 0)),
        (("12/8",), (0, 0, 2), (0, 0, 0)),
        (("12/8", "4/4"), (3, 0, 2), (1, 0, 0)),
    ],
)
def test_some_meters(meters: tuple[str, ...], train: tuple[int, ...], held_out: tuple[int, ...]) -> None:
    data = training_data(corpus_of(ENTRIES), meters)
    assert tuple(counts(data.train.meters).values()) == train
    assert tuple(counts(data.validation.meters).values()) == held_out
    assert set(data.card["measures_by_split"]) <= {*meters}
    assert data.tunes is not None
    for tunes, rows in ((data.tunes.train, train), (data.tunes.validation, held_out)):
        of = counts(tunes.meters)
        assert {name for name, count in of.items() if count} <= set(meters)
        assert (of["4/4"], of["6/8"]) == rows[:2]
        assert len(tunes.tokens) == len(tunes.meters) == len(tunes.tune) == len(tunes.modes)


def test_a_meter_without_measures_is_an_error() -> None:
    with pytest.raises(ArvaeError, match=r"^made-up has 0 measures of 9/8 to train on: .*, or other meters$"):
        training_data(corpus_of(ENTRIES), ("9/8",))
    with pytest.raises(
        ArvaeError, match=r"^made-up has 1 measures to train on: [^,]*, or folders with more$"
    ):
        training_data(corpus_of(ENTRIES[:1]))
