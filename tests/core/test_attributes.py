"""Attributes by hand in every meter. Weights are those of the design's table, in units of 1."""

import numpy as np
import pytest
from hypothesis import given

from arvae_music.attributes import ATTRIBUTES, TOTAL_WEIGHTS, WEIGHTS, attributes, resolve, values_of
from arvae_music.errors import UsageError
from arvae_music.meter import GRIDS
from tests.music import BEATS, REST, TABLE, TOTAL, Part, Row, grid_of, melody_of, row, rows_of, tune_strategy


def value(name: str, meter: str, events: dict[int, int]) -> float:
    tokens = row(meter, events)[None]
    return float(resolve(name)(tokens, np.array([grid_of(meter).code]))[0])


@pytest.mark.parametrize("meter", sorted(BEATS))
def test_weights_are_the_designs(meter: str) -> None:
    code = grid_of(meter).code
    expected = np.zeros(24)
    expected[: len(TABLE[meter])] = TABLE[meter]
    np.testing.assert_array_equal(WEIGHTS[code], np.round(expected * 100))
    assert TOTAL_WEIGHTS[code] == round(TOTAL[meter] * 100)


@pytest.mark.parametrize(
    ("meter", "ticks", "expected"),
    [
        # The run of the meter's usual short notes: every beat's start and its half (weight 0.5 each), or
        # in dotted beats the start and two eighths (0.5 each).
        ("4/4", [0, 3, 6, 9, 12, 15, 18, 21], 3.79 / 27.79),  # 1.79 + 4 * 0.5; .136 in the design
        ("3/4", [0, 3, 6, 9, 12, 15], 3.04 / 21.04),  # 1.54 + 3 * 0.5
        ("2/4", [0, 3, 6, 9, 12, 15, 18, 21], 3.79 / 27.79),
        ("6/8", [0, 2, 4, 6, 8, 10], 2.87 / 8.87),  # 0.87 + 4 * 0.5; .324 in the design
        ("9/8", [0, 2, 4, 6, 8, 10, 12, 14, 16], 4.54 / 13.54),  # 1.54 + 6 * 0.5
        ("12/8", [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22], 5.79 / 17.79),  # 1.79 + 8 * 0.5
        # Sixteenths in one beat, triplets in another.
        ("4/4", [0, 1, 3, 5, 6, 8, 10], (0.2 + 1 + 0.5 + 1 + 0.67 + 2 + 2) / 27.79),
        ("3/4", [12, 13, 15, 17], (0.67 + 1 + 0.5 + 1) / 21.04),
        ("2/4", [0, 14, 16], (0.2 + 2 + 2) / 27.79),
        ("6/8", [0, 1, 3, 5], (0.2 + 1 + 1 + 1) / 8.87),
        ("9/8", [6, 12], (0.67 + 0.67) / 13.54),
        ("12/8", [0, 6, 12, 18], 1.79 / 17.79),
        ("6/8", [], 0.0),
        ("6/8", list(range(12)), 1.0),
    ],
)
def test_rhythmic_complexity(meter: str, ticks: list[int], expected: float) -> None:
    events = dict.fromkeys(ticks, 60)
    assert value("rhythmic_complexity", meter, events) == pytest.approx(expected, abs=1e-12)


def test_rests_weigh_nothing() -> None:
    assert value("complexity", "4/4", {0: 60, 3: REST, 6: 60, 9: REST}) == pytest.approx(0.87 / 27.79)
    assert value("complexity", "4/4", {0: REST, 3: 60}) == pytest.approx(0.5 / 27.79)


@pytest.mark.parametrize("meter", sorted(BEATS))
@pytest.mark.parametrize(
    ("events", "density", "range_", "contour"),
    [
        ({0: 60, 3: 64, 6: 55, 9: 62}, 4, 9, 2),  # 64 - 55, 62 - 60
        ({0: 72, 6: 60}, 2, 12, -12),
        ({0: 60, 6: 60}, 2, 0, 0),
        ({0: 60, 3: 67, 6: 60}, 3, 7, 0),
        ({0: 60, 3: REST}, 1, 0, 0),
        ({0: REST, 3: 127}, 1, 0, 0),
        ({0: REST, 3: 0}, 1, 0, 0),  # MIDI pitch 0 is a pitch
        ({0: 0, 3: 5}, 2, 5, 5),
        ({0: REST}, 0, 0, 0),
        ({}, 0, 0, 0),  # a tied note starts elsewhere
        ({3: REST}, 0, 0, 0),
        ({3: 60}, 1, 0, 0),  # after a tied note that does not start here
        ({3: 60, 6: 65}, 2, 5, 5),
    ],
)
def test_density_range_and_contour(
    meter: str, events: dict[int, int], density: int, range_: int, contour: int
) -> None:
    assert value("note_density", meter, events) == density
    assert value("pitch_range", meter, events) == range_
    assert value("contour", meter, events) == contour


@pytest.mark.parametrize("meter", sorted(BEATS))
def test_normalized_values_are_the_papers(meter: str) -> None:
    # Pati & Lerch 2020, section 5.2: range and contour over 26 semitones, density over the ticks.
    codes = np.array([grid_of(meter).code])
    ticks = 6 * BEATS[meter][1]
    assert resolve("density").normalized(np.array([6.0]), codes) == pytest.approx(6 / ticks)
    assert resolve("range").normalized(np.array([13.0]), codes) == pytest.approx(0.5)
    assert resolve("contour").normalized(np.array([-13.0]), codes) == pytest.approx(-0.5)
    assert resolve("complexity").normalized(np.array([0.3]), codes) == pytest.approx(0.3)


def test_a_batch_mixes_meters() -> None:
    tokens = np.stack([row("4/4", {0: 60, 3: 64}), row("6/8", {0: 60}), row("6/8", {})])
    got = values_of(tokens, np.array([0, 3, 3]))
    expected = [[0.7 / 27.79, 4, 2, 4], [0.2 / 8.87, 0, 1, 0], [0, 0, 0, 0]]
    assert got == pytest.approx(np.array(expected), abs=1e-12)
    assert values_of(tokens[:0], np.array([], np.int64)).shape == (0, 4)


def test_names() -> None:
    names = [(a.name, a.short) for a in ATTRIBUTES]
    assert names == [
        ("rhythmic_complexity", "complexity"),
        ("pitch_range", "range"),
        ("note_density", "density"),
        ("contour", "contour"),
    ]
    for attribute in ATTRIBUTES:
        assert resolve(attribute.name) is resolve(attribute.short) is attribute


@pytest.mark.parametrize(("name", "hint"), [("densty", "did you mean 'density'"), ("xyz", "contour")])
def test_a_wrong_name(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint) as caught:
        resolve(name)
    assert "\n" not in str(caught.value)


def plain(expected: Row) -> dict[str, float]:
    """The four values by a loop over the tokens."""
    onsets = [(tick, int(token)) for tick, token in enumerate(expected.tokens) if token >= 0]
    pitches = [pitch for _, pitch in onsets]
    return {
        "rhythmic_complexity": sum(TABLE[expected.meter][tick] for tick, _ in onsets) / TOTAL[expected.meter],
        "pitch_range": max(pitches) - min(pitches) if pitches else 0,
        "note_density": len(pitches),
        "contour": pitches[-1] - pitches[0] if pitches else 0,
    }


@given(tune_strategy())
def test_attributes_of_a_tune(parts: list[Part]) -> None:
    rows = attributes(melody_of(parts))
    expected = rows_of(parts)
    assert [r.status for r in rows] == ["ok"] * len(expected)
    for got, wanted in zip(rows, expected, strict=True):
        assert got.values == pytest.approx(plain(wanted), abs=1e-12)
        assert got.meter == wanted.meter


def test_every_grid_is_tested() -> None:
    assert {grid.name for grid in GRIDS} == set(TABLE) == set(TOTAL)
