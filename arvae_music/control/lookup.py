"""Pitch tables of many measures, looked up for all hypotheses of a search at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from arvae_music.control.pitches import NEVER, PitchGoal, at_least, pitch_tables
from arvae_music.control.sequences import sequence_tables


class PitchLook:
    """Pitch tables of many measures, looked up for all of their hypotheses at once; shapes broadcast."""

    def __init__(self, goals: Sequence[PitchGoal]) -> None:
        names = list(dict.fromkeys(goals))
        number = {goal: i for i, goal in enumerate(names)}
        made = [pitch_tables(goal) for goal in names]
        self.size = len(names[0].allowed)
        self.of = torch.tensor([number[goal] for goal in goals])
        self._missing = torch.from_numpy(np.stack([t.missing for t in made]))
        self._more = torch.from_numpy(np.stack([t.more for t in made]))
        self._ends = torch.from_numpy(np.stack([t.ends for t in made]))

    def missing(self, measure: Tensor, low: Tensor, high: Tensor) -> Tensor:
        """`PitchTables.missing` of measures by number, for pitches of any shape."""
        return self._missing[self.of[measure], low, high]

    def more(self, measure: Tensor, first: Tensor, low: Tensor, high: Tensor) -> Tensor:
        """`PitchTables.more`."""
        return self._more[self.of[measure], first, low, high]

    def ends(self, measure: Tensor, first: Tensor, last: Tensor) -> Tensor:
        """`PitchTables.ends`."""
        return self._ends[self.of[measure], first, last]


def so_many(notes: Tensor) -> Tensor:
    """Numbers of notes as bits: so many and more; none from NEVER on."""
    return torch.bitwise_left_shift(torch.tensor(-1, dtype=torch.int32), notes.int())


class SequenceLook:
    """The pitch lock of many measures at once, each with a goal and a source (None for no lock)."""

    def __init__(
        self,
        goals: Sequence[PitchGoal],
        sources: Sequence[tuple[int, ...] | None],
        nothing: Sequence[bool],
    ) -> None:
        """`nothing`: whether a measure may be left without notes."""
        keys = [(goal, source or ()) for goal, source in zip(goals, sources, strict=True)]
        names = list(dict.fromkeys(keys))
        number = {key: i for i, key in enumerate(names)}
        made = [sequence_tables(goal, source) for goal, source in names]
        self.of = torch.tensor([number[key] for key in keys])
        self.is_locked = torch.tensor([source is not None for source in sources])
        self.count = torch.tensor([len(source) for _, source in keys])
        self.final = torch.tensor([source[-1] if source else 0 for _, source in keys])
        longest = max(len(t.used) for t in made)
        self.found = _stacked([t.found for t in made], longest)
        self.used = _stacked([t.used for t in made], longest)
        self.lowest = _stacked([t.lowest for t in made], longest)
        self.highest = _stacked([t.highest for t in made], longest)
        self.place = torch.from_numpy(np.stack([t.place for t in made]))
        self.fewer = torch.from_numpy(np.concatenate([t.fewer.ravel() for t in made]))
        sizes = [t.fewer.size for t in made]
        self.start = torch.tensor([0, *np.cumsum(sizes[:-1]).tolist()])[self.of]
        self.width = torch.tensor([t.fewer.shape[0] for t in made])[self.of]
        more = at_least([t.more_from_none for t in made])
        begun = more | np.array([t.fewer_from_none for t in made], np.int32)
        self.from_none = torch.from_numpy(begun)[self.of] | torch.tensor(nothing).int()

    def after(self, measure: Tensor, progress: Tensor, pitch: Tensor) -> Tensor:
        """Pitches found and used up, `[..., 2]`, after further pitches `[...]` of measures by number."""
        of = self.of[measure]
        found = self.found[of, progress[..., 0], pitch]
        return torch.stack([found, self.used[of, progress[..., 1], pitch]], dim=-1)

    def bits(
        self,
        measure: Tensor,
        progress: Tensor,
        first: Tensor,
        low: Tensor,
        high: Tensor,
        last: Tensor,
        look: PitchLook,
    ) -> Tensor:
        """With how many further notes the goals can be met, as bits, in the shape of `last`."""
        of = self.of[measure]
        final, start, width = self.final[measure], self.start[measure], self.width[measure]
        found, used = progress[..., 0], progress[..., 1]
        owed = self.count[measure] - found
        least, most = torch.minimum(low, self.lowest[of, found]), torch.maximum(high, self.highest[of, found])
        end = torch.where(owed > 0, final, last)
        missing = look.missing(measure, least, most)
        at_end = look.ends(measure, first, end) & ((owed > 0) | (missing == 0))
        more = look.more(measure, first, least, most)
        need = owed + torch.minimum(torch.where(at_end, missing, NEVER), more)
        at = (self.place[of, first] * width + self.place[of, low]) * width + self.place[of, high]
        fewer = self.fewer[start + at * (self.count[measure] + 2) + used]
        return so_many(need.clamp(max=NEVER)) | fewer


def _stacked(rows: Sequence[npt.NDArray[np.int64]], length: int) -> Tensor:
    """Rows `[n, …]` of different lengths as one tensor, the last of each repeated."""
    return torch.from_numpy(
        np.stack(
            [np.pad(row, [(0, length - len(row))] + [(0, 0)] * (row.ndim - 1), mode="edge") for row in rows]
        )
    )
