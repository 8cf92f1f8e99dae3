"""From requests and a tune's measures to what each measure must satisfy."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from arvae_music.attributes import ATTRIBUTES, Attribute, Contour, PitchRange, all_met, named_values
from arvae_music.control.constraint import ANY_NOTE, ANY_TOKEN, Constraint
from arvae_music.control.nearest import Aim, constrain, nearest_values, pinned_to, within
from arvae_music.control.order import Lock, bounds
from arvae_music.control.reasons import Question, why
from arvae_music.control.report import Status
from arvae_music.control.request import WHOLE, Request, Step
from arvae_music.measures import Measure
from arvae_music.model import Vocabulary
from arvae_music.model.calibration import Calibration
from arvae_music.model.vocabulary import PITCH_ID
from arvae_music.tokens import Tokens

_NEEDS_TWO = (Contour.name, PitchRange.name)

_SAME = 1e-9
"""Values nearer than this are the same; far below any step of one."""


@dataclass(frozen=True)
class Planned:
    """What is to become of one measure.

    Attributes:
        row: the measure.
        tokens: `[24]`, moved by octaves into the model's range; None where it is passed over.
        skipped: why it is passed over, or None.
        unchanged: why it is left as it is, or None.
        values: its attributes before, by name.
        targets: what is asked for, by name.
        dropped: names of requests that do not concern it, with the reason.
        constraint: what its edit satisfies, or None where it is not edited.
        missed: why the targets cannot be had and the nearest are taken, or None.
        held: names of the targets that are the measure's own values, held.
        stays: whether the measure itself is as near as any.
    """

    row: Measure
    tokens: Tokens | None = None
    skipped: str | None = None
    unchanged: str | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    targets: Mapping[str, float] = field(default_factory=dict)
    dropped: str | None = None
    constraint: Constraint | None = None
    missed: str | None = None
    held: tuple[str, ...] = ()
    stays: bool = False

    @property
    def requested(self) -> dict[str, float]:
        """What is asked for, without what is held."""
        return {name: target for name, target in self.targets.items() if name not in self.held}

    @property
    def is_met(self) -> bool:
        """Whether the measure has what is asked for as it stands."""
        return all_met(self.values, self.targets)

    def outcome(self, measured: Mapping[str, float]) -> tuple[Status, str | None]:
        """What became of the measure, by the values that it has now, and why it is not all that was asked."""
        if self.unchanged is not None:
            return "unchanged", self.unchanged
        if all_met(measured, self.targets):
            return "exact", self.dropped
        reasons = [self.missed or "the search missed it", self.dropped]
        return "nearest", "; ".join(reason for reason in reasons if reason)

    @property
    def is_left(self) -> bool:
        """Whether the measure is left as it is: nothing is nearer to what is asked for."""
        return self.is_met or self.stays


@dataclass(frozen=True)
class Planner:
    """Plans measures one by one; the same measure is planned alike wherever it stands.

    Attributes:
        requests: what is asked for.
        calibration: spread of the attributes, and the meters that the model knows.
        vocabulary: the model's pitches.
        own: which pitches belong to the tune, a byte of 0 or 1 for each of the vocabulary's.
        model: the model's name, for messages.
        holds: attributes that keep their value.
        lock: what else stays, or None.
        step: which part of the change is asked for.
    """

    requests: tuple[Request, ...]
    calibration: Calibration
    vocabulary: Vocabulary
    own: bytes
    model: str
    holds: tuple[Attribute, ...] = ()
    lock: Lock | None = None
    step: Step = WHOLE

    def plan(
        self,
        row: Measure,
        shift: int,
        *,
        selected: bool,
        ticks: frozenset[int] = frozenset(),
        before: Mapping[str, float] | None = None,
    ) -> Planned:
        """What is to become of a measure whose pitches are moved by `shift` semitones.

        Args:
            row: the measure.
            shift: semitones to the model's range.
            selected: whether it is to be edited.
            ticks: those that keep their tokens.
            before: its values after the step before; None for those that it has.
        """
        planned = self._fit(row, shift)
        if planned.skipped is not None or planned.tokens is None or row.grid is None:
            return planned
        values = named_values(planned.tokens, row.grid.code)
        planned = replace(planned, values=values)
        if not selected:
            return replace(planned, unchanged="not selected")
        targets, dropped = self._targets(values, row.grid.name, self.step)
        if not targets:
            return replace(planned, unchanged=next(iter(dropped.values())))
        said = "; ".join(f"{name} left out: {why}" for name, why in dropped.items())
        held = {attribute.name: values[attribute.name] for attribute in self.holds}
        planned = replace(planned, targets=targets | held, held=tuple(held), dropped=said or None)
        base = self._base(planned, shift, ticks)
        return self._constrain(planned, base, self._bounds(planned, before or values))

    def _fit(self, row: Measure, shift: int) -> Planned:
        if row.tokens is None or row.grid is None:
            return Planned(row, skipped=row.reason or "unreadable")
        if not fits(row, shift, self.vocabulary):
            low, high = self.vocabulary.lowest, self.vocabulary.highest
            return Planned(row, skipped=f"pitches outside {low} to {high} (MIDI), the model's range")
        if row.grid.name not in self.calibration.lines:
            return Planned(row, skipped=f"the model {self.model} was not trained on {row.grid.name}")
        if not self.calibration.has(row.grid.name, [attribute.name for attribute in ATTRIBUTES]):
            return Planned(row, skipped=f"the model {self.model} was trained without attributes")
        return Planned(row, tokens=shifted(row.tokens, shift))

    def _targets(
        self, values: Mapping[str, float], meter: str, step: Step
    ) -> tuple[dict[str, float], dict[str, str]]:
        """Targets of a step by attribute name, and the relative requests that do not concern the measure."""
        targets: dict[str, float] = {}
        dropped: dict[str, str] = {}
        notes = values["note_density"]
        for request in self.requests:
            name = request.attribute.name
            if request.change.kind == "relative" and notes == 0:
                dropped[request.attribute.short] = "empty"
            elif request.change.kind == "relative" and notes < 2 and name in _NEEDS_TWO:
                dropped[request.attribute.short] = "fewer than two notes"
            else:
                std = self.calibration.lines[meter][name].std
                targets[name] = request.target(values[name], std, step)
        return targets, dropped

    def _bounds(self, planned: Planned, before: Mapping[str, float]) -> dict[str, tuple[float, float]]:
        """Between which values each requested attribute may lie, so that steps go one way."""
        grid = planned.row.grid
        if self.step.of == 1 or grid is None:
            return {}
        whole, _ = self._targets(planned.values, grid.name, WHOLE)
        slack = {attribute.name: attribute.tolerance for attribute in ATTRIBUTES}
        return {
            name: bounds(self.step, planned.values[name], before[name], now, whole[name], slack[name])
            for name, now in planned.requested.items()
        }

    def _base(self, planned: Planned, shift: int, ticks: frozenset[int]) -> Constraint:
        """What a measure must satisfy whatever is asked for: ties, locks, pitches, notes that stay."""
        row, grid, tokens = planned.row, planned.row.grid, planned.tokens
        assert grid is not None and tokens is not None  # noqa: S101, PT018 - see plan
        low = self.vocabulary.lowest
        # A relative request never empties a measure, whatever is asked for beside it.
        relative = any(
            request.change.kind == "relative" and request.attribute.name in planned.targets
            for request in self.requests
        )

        def number(pitch: int | None) -> int | None:
            return None if pitch is None else pitch + shift - low

        sequence = tuple(int(pitch) - low for pitch in tokens[tokens >= 0]) if self.lock == "pitch" else None
        return Constraint(
            code=grid.code,
            pitches=self._with_own(tokens, row, shift),
            counts=(1 if relative else 0, grid.ticks),
            tie_in=number(row.tie_in),
            tie_out=number(row.tie_out),
            join_tick=row.join_tick,
            locked=self._locked(tokens, grid.ticks, ticks),
            sequence=sequence,
        )

    def _locked(self, tokens: Tokens, own: int, ticks: frozenset[int]) -> tuple[int, ...] | None:
        """Token ids that stay, as in `Constraint.locked`."""
        if not ticks and self.lock != "rhythm":
            return None
        ids = self.vocabulary.ids(tokens).tolist()
        kept = [ANY_TOKEN] * len(ids)
        for tick in range(own):
            if tick in ticks:
                kept[tick] = ids[tick]
            elif self.lock == "rhythm":
                kept[tick] = ANY_NOTE if ids[tick] >= PITCH_ID else ids[tick]
        return tuple(kept)

    def _constrain(
        self, planned: Planned, base: Constraint, limits: Mapping[str, tuple[float, float]]
    ) -> Planned:
        """The plan with the constraint that its edit satisfies: the targets', or the nearest values'."""
        grid = planned.row.grid
        assert grid is not None  # noqa: S101 - see plan
        free = base.chromatic()
        for some in (base, free):
            wanted = constrain(some, planned.targets)
            one_way = within(wanted, limits)
            for exact in (one_way, wanted):
                if exact.is_feasible():
                    return replace(planned, constraint=exact)
        if planned.is_met:  # by events that a search does not try where a pickup cuts a beat in two
            return planned
        std = {name: line.std for name, line in self.calibration.lines[grid.name].items()}
        aim = Aim(planned.targets, planned.values, std, limits)
        values = nearest_values(free, aim)
        pinned = pinned_to(free, values, aim)
        own = replace(pinned, pitches=base.pitches)
        best = own if own.is_feasible() else pinned
        asked = Question(free, grid.name, planned.targets, planned.held, self.lock)
        stays = all(abs(value - planned.values[name]) < _SAME for name, value in values.items())
        return replace(planned, constraint=within(best, limits), missed=why(asked, best), stays=stays)

    def _with_own(self, tokens: Tokens, row: Measure, shift: int) -> bytes:
        """The tune's pitches and those that the measure has or is tied to."""
        allowed = np.frombuffer(self.own, np.uint8).copy()
        ties = [pitch + shift for pitch in (row.tie_in, row.tie_out) if pitch is not None]
        for pitch in [*tokens[tokens >= 0].tolist(), *ties]:
            allowed[pitch - self.vocabulary.lowest] = 1
        return allowed.tobytes()


def fits(row: Measure, shift: int, vocabulary: Vocabulary) -> bool:
    """Whether every pitch of a measure, those tied into it and out of it too, is the model's."""
    if row.tokens is None:
        return False
    ties = [pitch + shift for pitch in (row.tie_in, row.tie_out) if pitch is not None]
    inside = all(vocabulary.lowest <= pitch <= vocabulary.highest for pitch in ties)
    return inside and bool(vocabulary.fits(shifted(row.tokens, shift)))


def shifted(tokens: Tokens, semitones: int) -> Tokens:
    """Tokens with every pitch moved."""
    return np.where(tokens >= 0, tokens + semitones, tokens).astype(np.int16)


def own_pitches(pitches: Collection[int], vocabulary: Vocabulary) -> bytes:
    """The vocabulary's pitches whose pitch class is among `pitches`, a byte of 0 or 1 for each."""
    classes = {pitch % 12 for pitch in pitches}
    return bytes([pitch % 12 in classes for pitch in range(vocabulary.lowest, vocabulary.highest + 1)])
