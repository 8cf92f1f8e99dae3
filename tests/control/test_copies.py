"""Edited copies: legal, with values that real measures have, near their measures, and repeatable."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from arvae_music.control import edited_copies
from arvae_music.control.copies import habits
from arvae_music.model.vocabulary import HOLD_ID, PITCH_ID
from arvae_music.tokens import is_legal
from arvae_music.training.tasks import Measures
from tests.control.oracle import values
from tests.fakes import tiny_events
from tests.training.small import SMALL, some_measures

SETTINGS = replace(SMALL, copies=2)
NAMES = ("rhythmic_complexity", "pitch_range", "note_density", "contour")


def made(rows: Measures, threads: int = 1, seed: int = 0) -> np.ndarray:
    settings = replace(SETTINGS, threads=threads, seed=seed)
    parts = np.concatenate(list(edited_copies(rows, tiny_events(), settings)))
    return parts.reshape(settings.copies, *rows.tokens.shape)


def test_copies_have_values_of_real_measures() -> None:
    """Each attribute of a copy is its own measure's or that of another of the meter."""
    rows = some_measures(60, 0)
    copies = made(rows)
    for meter in ("4/4", "6/8"):
        here = np.flatnonzero(rows.meters == rows.meters[0 if meter == "4/4" else 1])
        known = [values(meter, rows.tokens[i].tolist()) for i in here]
        for tokens in copies[:, here].reshape(-1, 24):
            found = values(meter, tokens.tolist())
            for name in NAMES:
                slack = 0.01 if name == "rhythmic_complexity" else 0.0
                assert min(abs(found[name] - each[name]) for each in known) <= slack + 1e-9
    assert is_legal(copies.reshape(-1, 24), np.tile(rows.meters, 2)).all()
    changed = (copies != rows.tokens).any(axis=2)
    assert changed.mean() > 0.8
    assert (copies[0] != copies[1]).any(axis=1).mean() > 0.5


def test_processes_and_seeds() -> None:
    rows = some_measures(40, 1)
    one = made(rows)
    assert np.array_equal(one, made(rows, threads=2))
    assert not np.array_equal(one, made(rows, seed=1))


def test_a_tie_stays_and_what_the_model_cannot_hold_is_left_alone() -> None:
    rows = some_measures(20, 2, ("4/4",))
    tied = rows.tokens.copy()
    tied[:, 0] = -2
    tied[3, 6] = 120
    copies = made(rows._replace(tokens=tied))
    assert (copies[..., 0] == -2).all()
    assert np.array_equal(copies[:, 3], np.stack([tied[3]] * 2))


def test_habits() -> None:
    """Notes of ids 20, 10, 30: the first and the lowest stay, and nothing goes below the lowest."""
    ids = torch.full((1, 24), HOLD_ID)
    ids[0, [0, 6, 12]] = torch.tensor([20, 10, 30])
    cost = habits(ids, 51)[0]
    assert cost[0, 20] == cost[6, 10] == cost[12, 30] == 0
    assert cost[12, 34] == np.float32(4 * 0.05)
    assert cost[0, 22] == np.float32(2 * 0.05) + np.float32(1.5)
    assert cost[6, 12] == np.float32(2 * 0.05) + np.float32(1.5)
    torch.testing.assert_close(cost[12, 9], torch.tensor(21 * 0.05 + 1.5))
    torch.testing.assert_close(cost[18, PITCH_ID:10], torch.full((10 - PITCH_ID,), 1.5))
    assert (cost[18, 10:] == 0).all()
    assert (cost[:, HOLD_ID] == 0).all()
