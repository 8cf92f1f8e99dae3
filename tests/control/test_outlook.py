"""The best that is still to be had, against every number of notes to come, one by one."""

import math

import torch

from arvae_music.control.outlook import promise


def test_the_promise_is_the_best_of_the_numbers_that_are_left() -> None:
    generator = torch.Generator().manual_seed(0)
    counts = [(0, 24), (3, 3), (5, 11), (0, 0), (24, 24), (20, 40), (7, 6)]
    ahead = torch.randn(len(counts), 25, 3, 25, generator=generator)
    ahead[torch.rand(ahead.shape, generator=generator) < 0.3] = -math.inf
    found = promise(ahead, torch.tensor(counts))
    assert found.shape == (len(counts), 25, 3, 26)
    for measure, (fewest, most) in enumerate(counts):
        for so_far in range(26):
            left = [number for number in range(25) if fewest <= so_far + number <= most]
            for tick in (0, 11, 24):
                values = ahead[measure, tick, 1].tolist()
                best = max([values[number] for number in left], default=-math.inf)
                assert found[measure, tick, 1, so_far].item() == max(best, -1e9)
