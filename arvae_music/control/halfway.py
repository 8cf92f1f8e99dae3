"""The half of the way between two tunes on which they stand in the file of one of the two.

Seen from that tune, it is an edit in steps towards the attribute values of the measures of the other. What
is searched for is the measure of the latent vector between theirs. Beat by beat, in an order that the seed
draws, the tokens that are dear change from those of one measure to those of the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from arvae_music.attributes import ATTRIBUTES, named_values
from arvae_music.control.between import Between, End, beat_order, search_between
from arvae_music.control.context import Context, Leaps, context_of, pitches_before
from arvae_music.control.morph_report import MorphMeasure
from arvae_music.control.pairing import Side, partners
from arvae_music.control.plan import Planned, Planner, fits, own_pitches, shifted
from arvae_music.control.readable import readable
from arvae_music.control.request import Request, Step, to
from arvae_music.control.weights import ScoreWeights
from arvae_music.formats.tune import Notice, Tune
from arvae_music.measures import Measure, measures
from arvae_music.melody import pitch_name
from arvae_music.model import Vocabulary
from arvae_music.tokens import Tokens
from arvae_music.training.checkpoint import Checkpoint


@dataclass(frozen=True)
class Means:
    """A model at work.

    Attributes:
        checkpoint: the model.
        name: its name, for reports.
        weights: of the parts of the score.
        beam: hypotheses of the search for each measure.
        seed: draws the order in which the beats of a measure change.
    """

    checkpoint: Checkpoint
    name: str
    weights: ScoreWeights
    beam: int
    seed: int

    @property
    def vocabulary(self) -> Vocabulary:
        """The model's pitches."""
        return self.checkpoint.vocabulary


class Goal(NamedTuple):
    """What a measure goes towards.

    Attributes:
        place: of the measure among the other tune's, or None where there is none.
        end: that measure in this tune's key and the model's range, or None where nothing goes there.
        reason: why nothing goes there, or None.
    """

    place: int | None = None
    end: End | None = None
    reason: str | None = None


class Made(NamedTuple):
    """One tune on the way, with a report of each of its measures."""

    tune: Tune
    stands_in: Literal["A", "B"]
    measures: tuple[MorphMeasure, ...]
    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class Half:
    """Tunes that stand in the file of `own`, on the way to `other`.

    Attributes:
        means: the model at work.
        own: the tune at this end of the way.
        other: the one at the other end.
        moved: semitones that bring the other into this one's key.
    """

    means: Means
    own: Side
    other: Side
    moved: int

    def tunes(self, count: int, way: int) -> list[Made]:
        """The tune itself and `count` more, each a step of `way` further towards the other."""
        made = [self._made({}, {}, self.own.tune, ())]
        for number in range(1, count + 1):
            before = [row.after or None for row in made[-1].measures]
            plans = [self._plan(i, Step(number, way), before[i]) for i in range(len(before))]
            made.append(self._step(dict(enumerate(plans)), number / way))
        return made

    def why_not(self, index: int) -> str | None:
        """Why a measure goes nowhere, or None."""
        plan = self._plan(index, Step(0, 1), None)
        return plan.skipped or plan.unchanged

    @cached_property
    def _shift(self) -> int:
        """Semitones to the model's range."""
        return self.own.into_range()

    @cached_property
    def _goals(self) -> list[Goal]:
        pairs = partners(self.own.whole, self.other.whole)
        return [self._goal(row, pairs.get(i)) for i, row in enumerate(self.own.rows)]

    def _goal(self, row: Measure, place: int | None) -> Goal:
        if place is None:
            return Goal(reason=f"{self.other.name} has no whole measure")
        other, shift = self.other.rows[place], self.other.into_range(self.moved)
        name = f"measure {other.index} of {self.other.name}"
        if other.tokens is None or other.grid is None:
            return Goal(place, reason=f"{name} cannot be read: {other.reason}")
        if row.grid is not other.grid:
            return Goal(place, reason=f"{name} is in {other.meter}")
        if not fits(other, shift, self.means.vocabulary):
            return Goal(place, reason=f"{name} has pitches outside the model's range")
        tokens = shifted(other.tokens, shift)
        return Goal(place, End(tokens, named_values(tokens, other.grid.code)))

    @cached_property
    def _others(self) -> list[Planned]:
        """The other tune's measures in this one's key; those that cannot be read have no tokens."""
        shift = self.other.into_range(self.moved)
        return [
            Planned(row, shifted(row.tokens, shift))
            if row.tokens is not None and fits(row, shift, self.means.vocabulary)
            else Planned(row)
            for row in self.other.rows
        ]

    @cached_property
    def _classes(self) -> bytes:
        """Pitches whose class is among the tune's own."""
        return own_pitches(self.own.pitches, self.means.vocabulary)

    def _plan(self, index: int, step: Step, before: Mapping[str, float] | None) -> Planned:
        """What is to become of a measure: the values of its goal are asked for, in steps."""
        row, goal = self.own.rows[index], self._goals[index]
        asked: tuple[Request, ...] = ()
        pitches = self._classes
        if goal.end is not None:
            values = goal.end.values
            asked = tuple(Request(attribute, to(values[attribute.name])) for attribute in ATTRIBUTES)
            low, notes = self.means.vocabulary.lowest, set(goal.end.tokens[goal.end.tokens >= 0].tolist())
            pitches = bytes(own or low + i in notes for i, own in enumerate(self._classes))
        planner = Planner(
            asked,
            self.means.checkpoint.calibration,
            self.means.vocabulary,
            pitches,
            self.means.name,
            step=step,
        )
        plan = planner.plan(row, self._shift, selected=goal.end is not None, before=before)
        if plan.unchanged is not None:
            plan = Planned(row, plan.tokens, unchanged=goal.reason, values=plan.values)
        return plan

    def _step(self, plans: Mapping[int, Planned], share: float) -> Made:
        found = self._found(plans, share)
        edits = {i: shifted(tokens, -self._shift) for i, tokens in found.items()}
        result, kept, refused = readable(self.own.tune, self.own.rows, edits)
        notices = [notice for notice in result.notices if notice not in self.own.tune.notices]
        notices += self._chromatic({i: found[i] for i in kept})
        return self._made(plans, refused, result, tuple(notices))

    def _found(self, plans: Mapping[int, Planned], share: float) -> dict[int, Tokens]:
        """New tokens by row; measures that are alike and go towards one that is alike get the same ones.

        Between a measure and itself there is nothing to search for.
        """
        alike: dict[tuple[object, ...], list[int]] = {}
        for i, plan in plans.items():
            goal = self._goals[i].end
            if plan.constraint is not None and plan.tokens is not None and goal is not None:
                ends = plan.tokens.tobytes(), goal.tokens.tobytes()
                if ends[0] != ends[1]:
                    alike.setdefault((*ends, plan.constraint), []).append(i)
        jobs = list(self._jobs(plans, list(alike.values()), share))
        means = self.means
        found = search_between(means.checkpoint, jobs, means.weights, beam=means.beam)
        return {i: tokens for members, tokens in zip(alike.values(), found, strict=True) for i in members}

    def _jobs(
        self, plans: Mapping[int, Planned], groups: Sequence[Sequence[int]], share: float
    ) -> Iterator[Between]:
        leaps = Leaps(self.means.checkpoint.events, self.means.vocabulary)
        here, there = list(plans.values()), self._others
        before = pitches_before(here), pitches_before(there)
        for members in groups:
            plan, goal = plans[members[0]], self._goals[members[0]]
            assert plan.tokens is not None and plan.constraint is not None  # noqa: S101, PT018 - see _found
            assert goal.end is not None and goal.place is not None  # noqa: S101, PT018 - see _found
            yield Between(
                near=End(plan.tokens, plan.values),
                far=goal.end,
                share=share,
                constraint=plan.constraint,
                targets=plan.targets,
                context=self._context(leaps, members, (here, there), before),
                order=self._order(plan.row, self.other.rows[goal.place]),
            )

    def _context(
        self,
        leaps: Leaps,
        members: Sequence[int],
        rows: tuple[Sequence[Planned], Sequence[Planned]],
        before: tuple[Sequence[int], Sequence[int]],
    ) -> Context:
        """What stands around measures in this tune and around their goals in the other."""
        places = list(members), [place for i in members if (place := self._goals[i].place) is not None]
        last = [side[i] for side, at in zip(before, places, strict=True) for i in at]
        after = [
            side[i + 1] if i + 1 < len(side) else None
            for side, at in zip(rows, places, strict=True)
            for i in at
        ]
        return context_of(leaps, last, after)

    def _order(self, row: Measure, goal: Measure) -> npt.NDArray[np.float32]:
        """When each beat changes, seen from this end; the same as from the other."""
        assert row.tokens is not None and goal.tokens is not None and row.grid is not None  # noqa: S101, PT018
        if self.own.name == "A":
            return beat_order(row.tokens, goal.tokens, row.grid.beats, self.means.seed)
        return 1 - beat_order(goal.tokens, row.tokens, row.grid.beats, self.means.seed)

    def _chromatic(self, found: Mapping[int, Tokens]) -> Iterator[Notice]:
        """Pitches that neither the tune's classes nor the two measures have."""
        low = self.means.vocabulary.lowest
        for i, tokens in found.items():
            row, goal = self.own.rows[i], self._goals[i].end
            assert row.tokens is not None and goal is not None  # noqa: S101, PT018 - see _found
            known = {*shifted(row.tokens, self._shift).tolist(), *goal.tokens.tolist()}
            used = set(tokens[tokens >= 0].tolist())
            strange = sorted(p for p in used - known if not self._classes[p - low])
            if strange:
                said = ", ".join(pitch_name(pitch - self._shift) for pitch in strange)
                yield Notice("chromatic", f"{said} from outside both tunes: the values need it", row.index)

    def _made(
        self,
        plans: Mapping[int, Planned],
        refused: Mapping[int, str],
        tune: Tune,
        notices: tuple[Notice, ...],
    ) -> Made:
        """A tune with the report of its measures, by what it says; without plans it is `own` itself."""
        plans = plans or {i: self._plan(i, Step(0, 1), None) for i in range(len(self.own.rows))}
        rows = tuple(
            self._report(i, plans[i], after, refused.get(i)) for i, after in enumerate(measures(tune.melody))
        )
        return Made(tune, self.own.name, rows, notices)

    def _report(self, index: int, plan: Planned, after: Measure, refused: str | None) -> MorphMeasure:
        row, goal, grid = plan.row, self._goals[index], plan.row.grid
        skipped = refused or plan.skipped
        if skipped is not None or grid is None or row.tokens is None or after.tokens is None:
            reason = skipped or after.reason
            return MorphMeasure(
                row.index, row.joined, row.meter, "skipped", reason, None, None, {}, {}, 0, 0, 0
            )
        values = named_values(after.tokens, grid.code)
        status, reason = plan.outcome(values)
        alike = [int((after.tokens == row.tokens)[: grid.ticks].sum()), 0]
        numbers: list[int | None] = [None, None]
        if goal.end is not None and goal.place is not None:
            moved = shifted(after.tokens, self._shift)
            alike[1] = int((moved == goal.end.tokens)[: grid.ticks].sum())
            numbers = [row.index, self.other.rows[goal.place].index]
        a, b = (0, 1) if self.own.name == "A" else (1, 0)
        return MorphMeasure(
            index=row.index,
            joined=row.joined,
            meter=row.meter,
            status=status,
            reason=reason,
            a=numbers[a],
            b=numbers[b],
            requested=plan.targets,
            after=values,
            from_a=alike[a],
            from_b=alike[b],
            ticks=grid.ticks,
        )
