"""Tunes are moved to one tonic by what their files say and by how they end."""

from dataclasses import replace

import numpy as np
import pytest

from arvae_music.model.prior import PRIOR_MODES
from arvae_music.training.tunes import (
    HOME,
    at_rest,
    octave_near,
    prior_mode,
    sounding,
    tonality_of_tune,
    tunes_of,
)
from tests.fakes import Entry, corpus_of
from tests.music import row

MAJOR = PRIOR_MODES.index("major")
G4, A4, B4, C5, D5, E5, FS5, G5 = 67, 69, 71, 72, 74, 76, 78, 79
# 4/4: six ticks to a quarter. A line down the scale of G, and its end on a half note, then two pickup notes.
DOWN = {0: G5, 3: FS5, 6: E5, 9: D5, 12: C5, 15: B4, 18: A4, 21: FS5}
END_ON_G = {0: B4, 6: G4, 18: D5, 21: E5}
END_ON_A = {0: C5, 6: A4, 18: B4, 21: D5}


def test_how_long_each_pitch_class_sounds() -> None:
    # A quarter of C, a quarter of silence, a half of D; then a tie through the first beat, and E.
    tokens = np.stack([row("4/4", {0: 60, 6: -3, 12: 62}), row("4/4", {0: -2, 6: 64})])
    found = sounding(tokens)
    assert found.shape == (2, 12)
    assert found[0].tolist() == [6, 0, 12] + [0] * 9
    assert found[1].tolist() == [0, 0, 0, 0, 18] + [0] * 7


@pytest.mark.parametrize(
    ("end", "written", "key"),
    [
        (END_ON_G, "G", "G"),
        (END_ON_G, None, "G"),
        (END_ON_A, "G", "Ador"),  # a book that writes one sharp and says no more
        (END_ON_A, None, "Ador"),
        (END_ON_G, "Edor", "Edor"),  # a mode that is written is believed
        (END_ON_G, "??", "G"),
    ],
)
def test_the_key_of_a_tune(end: dict[int, int], written: str | None, key: str) -> None:
    tokens = np.stack([row("4/4", DOWN), row("4/4", end)])
    assert str(tonality_of_tune(tokens, written)) == key


def test_tunes_come_to_one_tonic_in_the_octave_nearest_to_where_they_all_lie() -> None:
    entries = [Entry("4/4", DOWN, 0), Entry("4/4", END_ON_G, 0, bar=2)]
    entries += [Entry("4/4", {tick: pitch + 4 for tick, pitch in e.events.items()}, 1) for e in entries]
    corpus = replace(corpus_of(entries), keys=("G", "B"))
    tunes = tunes_of(corpus)
    assert tunes.tune.tolist() == [0, 0, 1, 1]
    assert tunes.modes.tolist() == [MAJOR] * 4
    # Mean of the first tune: (79+78+76+74+72+71+69+78 + 71+67+74+76) / 12 = 885 / 12; the other's is 4 more.
    assert tunes.register == pytest.approx(885 / 12 + 2)
    # 75.75 is nearer to 80.75 than to 68.75: from G up 7 rather than down 5, from B up 3 rather than down 9.
    assert tunes.tokens[1, 6] == G4 + 7
    assert tunes.tokens[3, 6] == B4 + 3
    assert {int(tunes.tokens[i, 6]) % 12 for i in (1, 3)} == {HOME}


def test_jigs_stand_for_twelve_eight_too() -> None:
    bar = dict.fromkeys((0, 2, 4, 6, 8, 10), G4)
    corpus = corpus_of([Entry("6/8", bar, 0, bar=number) for number in (1, 2, 3, 4, 5)])
    tunes = tunes_of(corpus)
    assert tunes.meters.tolist() == [3] * 5 + [5] * 2  # bars 1 and 2, 3 and 4
    assert tunes.tune.tolist() == [0] * 5 + [1] * 2


def test_the_last_measure_rests_on_the_tonic() -> None:
    # D is held from where it stands last; a rest after it goes, too; the ticks past the meter stay PAD.
    jig = row("6/8", {0: 66, 3: D5, 6: 62, 8: -3, 9: 69, 10: 71})
    assert at_rest(jig).tolist() == row("6/8", {0: 66, 3: D5, 6: 62}).tolist()
    none = row("6/8", {0: 66, 6: 69})
    assert at_rest(none).tolist() == none.tolist()


def test_a_shift_takes_the_octave_that_is_nearest() -> None:
    notes = np.array([60, 64])
    assert octave_near(2, notes, 64.0) == 2
    assert octave_near(2, notes, 76.0) == 14
    assert octave_near(2, notes, 50.0) == -10
    assert octave_near(-5, np.array([], np.int64), 71.0) == -5


def test_rare_modes_are_taken_for_those_beside_them() -> None:
    named = {mode: PRIOR_MODES[prior_mode(mode)] for mode in ("lydian", "phrygian", "locrian", "dorian")}
    assert named == {"lydian": "major", "phrygian": "minor", "locrian": "minor", "dorian": "dorian"}
