"""Figures of whole tunes, counted by hand."""

import math

import numpy as np
import pytest

from arvae_music.evaluation.generation import generation_scores
from tests.music import row

D_MAJOR = [2, 4, 6, 7, 9, 11, 1]
E_DORIAN = [4, 6, 7, 9, 11, 1, 2]
D4, E4, F4, FS4, G4, A4, D5 = 62, 64, 65, 66, 67, 69, 74


def test_two_tunes_by_hand() -> None:
    a = row("6/8", {0: FS4, 6: A4})  # begins on the third of D
    b = row("6/8", {0: F4, 6: D5})  # F is not in D major; ends on the tonic
    c = row("6/8", {0: G4, 6: D4})  # begins on the third of E dorian
    d = row("6/8", {0: A4, 6: D4})  # ends on D, which is not E
    tokens = np.stack([a, b, a, a, b, c, c, d])
    tune = np.array([4, 4, 4, 4, 4, 9, 9, 9])
    scales = np.array([D_MAJOR] * 5 + [E_DORIAN] * 3)
    found = generation_scores(tokens, tune, scales, np.arange(8.0))
    assert (found.tunes, found.measures) == (2, 8)
    # Again: the third, fourth and fifth measure of the first tune, the second of the second.
    assert found.repeated == 4 / 8
    # Of 16 notes two are F.
    assert found.in_key == 14 / 16
    assert found.begins_in_triad == 1.0
    assert found.ends_on_tonic == 0.5
    assert found.nats_per_note == 28 / 16


def test_a_measure_of_another_tune_is_no_repeat() -> None:
    tokens = np.stack([row("6/8", {0: E4, 6: D4})] * 2)
    found = generation_scores(tokens, np.array([0, 1]), np.array([D_MAJOR] * 2), np.zeros(2))
    assert found.repeated == 0
    assert found.begins_in_triad == 0  # E is the second degree
    assert found.ends_on_tonic == 1


def test_the_triad_is_the_first_third_and_fifth_degree() -> None:
    for pitch, expected in ((D4, 1), (E4, 0), (FS4, 1), (G4, 0), (A4, 1), (F4, 0)):
        tokens = row("6/8", {0: pitch})[None]
        found = generation_scores(tokens, np.zeros(1, int), np.array([D_MAJOR]), np.zeros(1))
        assert found.begins_in_triad == expected


def test_nothing_to_count_is_not_a_number() -> None:
    none = generation_scores(
        np.zeros((0, 24), np.int16), np.zeros(0, int), np.zeros((0, 7), int), np.zeros(0)
    )
    assert (none.tunes, none.measures) == (0, 0)
    assert all(math.isnan(value) for value in none[2:])
    silent = generation_scores(row("6/8", {0: -3})[None], np.zeros(1, int), np.array([D_MAJOR]), np.ones(1))
    assert (silent.tunes, silent.measures, silent.repeated) == (1, 1, 0.0)
    assert all(math.isnan(value) for value in silent[3:])


def test_arrays_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="lengths differ: 1, 2, 1, 1"):
        generation_scores(row("6/8", {0: D4})[None], np.zeros(2, int), np.array([D_MAJOR]), np.ones(1))
