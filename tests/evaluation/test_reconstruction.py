"""Shares of ticks, of measures and of onsets that came back, by hand."""

import math

import numpy as np
import pytest

from arvae_music.evaluation import reconstruction_scores
from arvae_music.evaluation.reconstruction import negative_log_likelihood
from arvae_music.tokens import Tokens
from tests.music import HOLD, PAD, REST, row


def changed(tokens: Tokens, changes: dict[int, int]) -> Tokens:
    out = tokens.copy()
    for tick, token in changes.items():
        out[tick] = token
    return out


WALTZ = row("3/4", {0: 60, 6: 62, 12: 64})
JIG = row("6/8", {0: 60, 3: 64, 6: 67, 9: REST})


def test_what_comes_back_whole() -> None:
    both = np.stack([WALTZ, JIG])
    assert reconstruction_scores(both, both) == (1.0, 1.0, 1.0)


def test_one_of_two_with_faults() -> None:
    # The waltz (18 ticks): one note a semitone too high, one too many: 2 wrong ticks. The jig (12): whole.
    decoded = np.stack([changed(WALTZ, {6: 63, 9: 62}), JIG])
    scores = reconstruction_scores(np.stack([WALTZ, JIG]), decoded)
    assert scores.ticks == pytest.approx(28 / 30)
    assert scores.measures == 0.5
    # 6 true notes and 7 decoded ones, 5 in common: F1 is 2 * 5 / (6 + 7).
    assert scores.onset_f1 == pytest.approx(10 / 13)


def test_a_note_missed_and_a_rest_missed() -> None:
    # 2 of the jig's 12 ticks; 3 true notes, 2 decoded, 2 in common.
    scores = reconstruction_scores(JIG[None], changed(JIG, {3: HOLD, 9: HOLD})[None])
    assert scores.ticks == pytest.approx(10 / 12)
    assert scores.measures == 0
    assert scores.onset_f1 == pytest.approx(4 / 5)


def test_past_the_meter_nothing_counts() -> None:
    scores = reconstruction_scores(JIG[None], changed(JIG, {15: 70, 20: HOLD})[None])
    assert scores == (1.0, 1.0, 1.0)


def test_nothing_right() -> None:
    decoded = np.where(JIG == PAD, PAD, 99).astype(np.int16)
    # 12 decoded notes, none of them true.
    assert reconstruction_scores(JIG[None], decoded[None]) == (0.0, 0.0, 0.0)


def test_without_measures_there_are_no_shares() -> None:
    nothing = np.zeros((0, 24), np.int16)
    assert all(math.isnan(score) for score in reconstruction_scores(nothing, nothing))


def test_without_notes_there_is_no_f1() -> None:
    silence = row("4/4", {0: REST})[None]
    scores = reconstruction_scores(silence, silence)
    assert scores[:2] == (1.0, 1.0)
    assert math.isnan(scores.onset_f1)
    # A note that should not be there is found out.
    assert reconstruction_scores(silence, changed(silence[0], {6: 60})[None]).onset_f1 == 0


@pytest.mark.parametrize("shape", [(1, 24), (2, 23), (24,)])
def test_shapes_that_differ_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        reconstruction_scores(np.stack([WALTZ, JIG]), np.zeros(shape, np.int16))


def test_likelihood_by_hand() -> None:
    # Every tick of the waltz (18) has probability 1/2, every one of the jig (12) is certain; past the meter
    # the logarithm may be anything.
    logs = np.zeros((2, 24))
    logs[0, :18], logs[:, 18:] = -math.log(2), -99.0
    found = negative_log_likelihood(np.stack([WALTZ, JIG]), logs)
    assert found.nats_per_tick == pytest.approx(18 * math.log(2) / 30)
    assert found.nats_per_measure == pytest.approx(18 * math.log(2) / 2)


def test_what_cannot_be_is_infinitely_surprising() -> None:
    logs = np.zeros((1, 24))
    logs[0, 3] = -math.inf
    assert negative_log_likelihood(JIG[None], logs) == (math.inf, math.inf)


def test_likelihood_of_nothing_and_of_other_shapes() -> None:
    nothing = negative_log_likelihood(np.zeros((0, 24), np.int16), np.zeros((0, 24)))
    assert all(math.isnan(value) for value in nothing)
    with pytest.raises(ValueError, match="shapes differ"):
        negative_log_likelihood(JIG[None], np.zeros((2, 24)))
