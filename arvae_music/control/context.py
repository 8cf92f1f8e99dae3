"""What stands around a measure: the leap into it and the leap out of it are part of its style."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from arvae_music.control.plan import Planned
from arvae_music.model import EventModel, Vocabulary
from arvae_music.model.events import leap_class

_MOST_BEFORE = 4
"""Different pitches before a measure that are looked at; a tune repeats few measures more widely."""


@dataclass(frozen=True)
class Context:
    """The neighbours of a measure in all its occurrences; pitches from the vocabulary's lowest.

    Attributes:
        before: pitches that started last before it, as often as they do.
        after: mean log-probability of the note that follows, by the measure's last pitch, `[P]`.
    """

    before: tuple[int, ...]
    after: npt.NDArray[np.float32]


def context_of(leaps: Leaps, before: Sequence[int], after: Sequence[Planned | None]) -> Context:
    """The context of measures that get the same edit, by their neighbours in the source.

    Args:
        leaps: judges the leap out.
        before: the pitch that started last before each of them (MIDI), -1 for none.
        after: the measure that follows each of them, or None.
    """
    vocabulary = leaps.vocabulary
    pitches = [pitch - vocabulary.lowest for pitch in before if pitch >= 0]
    common = tuple(pitch for pitch, _ in Counter(pitches).most_common(_MOST_BEFORE))
    following = [leaps.into(plan) for plan in after if plan is not None]
    known = [leap for leap in following if leap is not None]
    blank = np.zeros(vocabulary.span + 1, np.float32)
    return Context(common, np.mean(known, axis=0, dtype=np.float32) if known else blank)


def pitches_before(plans: Sequence[Planned]) -> list[int]:
    """The pitch that started last before each measure of a tune, -1 for none."""
    last, out = -1, []
    for plan in plans:
        out.append(last)
        if plan.tokens is not None and (plan.tokens >= 0).any():
            last = int(plan.tokens[plan.tokens >= 0][-1])
    return out


class Leaps:
    """Log-probability of a measure's first note after each pitch."""

    def __init__(self, model: EventModel, vocabulary: Vocabulary) -> None:
        self.model, self.vocabulary = model, vocabulary
        self.known: dict[tuple[int, int], npt.NDArray[np.float32]] = {}

    def into(self, plan: Planned) -> npt.NDArray[np.float32] | None:
        """By the pitch before it, `[P]`; None where the measure begins with a tie or a rest."""
        tokens, grid = plan.tokens, plan.row.grid
        if tokens is None or grid is None or tokens[0] < 0:
            return None
        key = (grid.code, int(tokens[0]))
        if key not in self.known:
            self.known[key] = self._into(grid.code, int(tokens[0]))
        return self.known[key]

    def _into(self, code: int, pitch: int) -> npt.NDArray[np.float32]:
        meter, tied = torch.tensor([code]), torch.tensor([False])
        with torch.inference_mode():
            state = self.model.begin(meter, tied)
            scores = self.model.interval_scores(state, torch.zeros(1, dtype=torch.long), meter)[0].numpy()
        before = np.arange(self.vocabulary.lowest, self.vocabulary.highest + 1)
        return np.asarray(scores[leap_class(pitch - before)], np.float32)
