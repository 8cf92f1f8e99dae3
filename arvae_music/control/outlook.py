"""What the rest of a measure is worth at best, so that a search can look ahead.

A hypothesis that puts notes off has paid for fewer of them; ranked by its score alone it would
look better than one that has placed them well. The outlook adds the best that is still to be had
with each number of further notes, by the scores of the ticks and a usual cost for each note.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from arvae_music.control.constraint import Constraint
from arvae_music.control.rhythms import DIVISION_AFTER, ILLEGAL, MAY_HOLD, MAY_NOTE, MAY_REST
from arvae_music.control.score import Scores
from arvae_music.meter import TICKS, TICKS_OF, TICKS_PER_BEAT
from arvae_music.model.vocabulary import HOLD_ID, PITCH_ID, REST_ID

_COUNTS = TICKS + 1


def outlook(constraints: Sequence[Constraint], scores: Scores, note_cost: float) -> Tensor:
    """Best score from each tick on with exactly so many further notes, `[M, 25, 3, 25]`.

    By tick (0 to 24), division of the beat so far, and notes to come.
    """
    codes = np.array([c.code for c in constraints])
    ticks = torch.from_numpy(TICKS_OF[codes])
    moves = torch.from_numpy(DIVISION_AFTER)[torch.from_numpy(codes)]  # [M, 24, 3]
    kinds = torch.from_numpy(np.stack([np.frombuffer(c.rhythm.kinds, np.uint8) for c in constraints]))
    onset = _onsets(constraints, scores) - note_cost

    def where(kind: int, score: Tensor) -> Tensor:
        return torch.where((kinds & kind) > 0, score, -torch.inf)

    hold, rest = where(MAY_HOLD, scores.ticks[..., HOLD_ID]), where(MAY_REST, scores.ticks[..., REST_ID])
    onset = where(MAY_NOTE, onset)
    size = len(constraints)
    table = torch.full((size, TICKS + 1, 3, _COUNTS), -torch.inf)
    for tick in reversed(range(TICKS + 1)):
        done = (ticks <= tick)[:, None, None]
        ended = torch.full((size, 3, _COUNTS), -torch.inf)
        ended[..., 0] = 0.0
        if tick == TICKS:
            table[:, tick] = ended
            continue
        later = table[:, tick + 1]
        division = torch.arange(3).expand(size, 3)
        if tick % TICKS_PER_BEAT == 0:
            division = torch.zeros_like(division)
        after = moves[:, tick].gather(1, division)  # [M, 3]
        legal = (after != ILLEGAL)[..., None]
        kept = later.gather(1, division[..., None].expand(-1, -1, _COUNTS))
        moved = later.gather(1, after.clamp(min=0)[..., None].expand(-1, -1, _COUNTS))
        moved = torch.where(legal, moved, -torch.inf)
        started = torch.nn.functional.pad(moved, (1, 0), value=-torch.inf)[..., :-1]
        best = kept + hold[:, tick, None, None]
        best = torch.maximum(best, moved + rest[:, tick, None, None])
        best = torch.maximum(best, started + onset[:, tick, None, None])
        table[:, tick] = torch.where(done, ended, best)
    return table


def promise(ahead: Tensor, counts: Tensor) -> Tensor:
    """The best that is still to be had by the notes so far, `[M, 25, 3, 26]`.

    Args:
        ahead: what `outlook` gives.
        counts: fewest and most notes of each measure, `[M, 2]`.
    """
    fewest = counts[:, :1] - torch.arange(_COUNTS + 1)
    most = (counts[:, 1:] - torch.arange(_COUNTS + 1)).clamp(max=_COUNTS - 1)
    first = fewest.clamp(min=0)
    # The best of any range is that of two ranges of 1, 2, 4 ... numbers which cover it.
    level = (most - first + 1).clamp(min=1).log2().long()
    size = 2**level
    best = [ahead]
    for reach in (1, 2, 4, 8):
        shifted = torch.nn.functional.pad(best[-1][..., reach:], (0, reach), value=-torch.inf)
        best.append(torch.maximum(best[-1], shifted))
    table = torch.cat(best, dim=-1)  # [M, 25, 3, levels * 25]

    def at(start: Tensor) -> Tensor:
        where = level * _COUNTS + start
        return table.gather(-1, where[:, None, None].expand(-1, TICKS + 1, 3, -1))

    last = (most + 1 - size).clamp(min=0)
    found = torch.maximum(at(first.clamp(max=_COUNTS - 1)), at(last))
    return found.masked_fill((most < first)[:, None, None], -torch.inf).clamp(min=-1e9)


def _onsets(constraints: Sequence[Constraint], scores: Scores) -> Tensor:
    """The best score of a note at each tick, of its pitch where that is locked, `[M, 24]`."""
    best = scores.ticks[..., PITCH_ID:].amax(dim=-1)
    if not any(c.pinned for c in constraints):
        return best
    locked = torch.tensor([c.locked or (0,) * TICKS for c in constraints])
    own = scores.ticks.gather(-1, locked.clamp(min=0)[..., None])[..., 0]
    return torch.where(locked >= PITCH_ID, own, best)
