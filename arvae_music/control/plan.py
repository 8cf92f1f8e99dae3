"""From requests and a tune's measures to what each measure must satisfy."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from arvae_music.attributes import ATTRIBUTES, Contour, PitchRange, all_met, named_values
from arvae_music.control.constraint import Constraint
from arvae_music.control.nearest import Aim, colliding, constrain, nearest, reached
from arvae_music.control.request import Request
from arvae_music.measures import Measure
from arvae_music.model import Vocabulary
from arvae_music.model.calibration import Calibration
from arvae_music.tokens import Tokens

_NEEDS_TWO = (Contour.name, PitchRange.name)


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

    @property
    def is_met(self) -> bool:
        """Whether the measure has what is asked for as it stands."""
        return all_met(self.values, self.targets)


@dataclass(frozen=True)
class Planner:
    """Plans measures one by one; the same measure is planned alike wherever it stands.

    Attributes:
        requests: what is asked for.
        calibration: spread of the attributes, and the meters that the model knows.
        vocabulary: the model's pitches.
        own: which pitches belong to the tune, a byte of 0 or 1 for each of the vocabulary's.
        model: the model's name, for messages.
    """

    requests: tuple[Request, ...]
    calibration: Calibration
    vocabulary: Vocabulary
    own: bytes
    model: str

    def plan(self, row: Measure, shift: int, *, selected: bool) -> Planned:
        """What is to become of a measure whose pitches are moved by `shift` semitones."""
        planned = self._fit(row, shift)
        if planned.skipped is not None or planned.tokens is None or row.grid is None:
            return planned
        values = named_values(planned.tokens, row.grid.code)
        planned = replace(planned, values=values)
        if not selected:
            return replace(planned, unchanged="not selected")
        targets, dropped = self._targets(values, row.grid.name)
        if not targets:
            return replace(planned, unchanged=next(iter(dropped.values())))
        said = "; ".join(f"{name} left out: {why}" for name, why in dropped.items())
        planned = replace(planned, targets=targets, dropped=said or None)
        return self._constrain(planned, row.grid.name, shift)

    def _fit(self, row: Measure, shift: int) -> Planned:
        if row.tokens is None or row.grid is None:
            return Planned(row, skipped=row.reason or "unreadable")
        if not fits(row, shift, self.vocabulary):
            low, high = self.vocabulary.lowest, self.vocabulary.highest
            return Planned(row, skipped=f"pitches outside {low} to {high} (MIDI), the model's range")
        if row.grid.name not in self.calibration.lines:
            return Planned(row, skipped=f"the model {self.model} was not trained on {row.grid.name}")
        return Planned(row, tokens=shifted(row.tokens, shift))

    def _targets(self, values: Mapping[str, float], meter: str) -> tuple[dict[str, float], dict[str, str]]:
        """Targets by attribute name, and the relative requests that do not concern the measure."""
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
                targets[name] = request.target(values[name], std)
        return targets, dropped

    def _constrain(self, planned: Planned, meter: str, shift: int) -> Planned:
        row, grid = planned.row, planned.row.grid
        assert grid is not None and planned.tokens is not None  # noqa: S101, PT018 - see plan
        low = self.vocabulary.lowest
        # A relative request never empties a measure, whatever is asked for beside it.
        relative = any(
            request.change.kind == "relative" and request.attribute.name in planned.targets
            for request in self.requests
        )

        def number(pitch: int | None) -> int | None:
            return None if pitch is None else pitch + shift - low

        base = Constraint(
            code=grid.code,
            pitches=self._with_own(planned.tokens, row, shift),
            counts=(1 if relative else 0, grid.ticks),
            tie_in=number(row.tie_in),
            tie_out=number(row.tie_out),
            join_tick=row.join_tick,
        )
        wanted = constrain(base, planned.targets)
        if wanted.is_feasible():
            return replace(planned, constraint=wanted)
        free = base.chromatic()
        wanted = constrain(free, planned.targets)
        if wanted.is_feasible():
            return replace(planned, constraint=wanted)
        if all_met(
            planned.values, planned.targets
        ):  # by events that a search does not try where a pickup cuts a beat in two
            return planned
        std = {name: line.std for name, line in self.calibration.lines[meter].items()}
        pinned = nearest(free, Aim(planned.targets, planned.values, std))
        own = replace(pinned, pitches=base.pitches)
        best = own if own.is_feasible() else pinned
        return replace(planned, constraint=best, missed=self._why(base, planned, best))

    def _with_own(self, tokens: Tokens, row: Measure, shift: int) -> bytes:
        """The tune's pitches and those that the measure has or is tied to."""
        allowed = np.frombuffer(self.own, np.uint8).copy()
        ties = [pitch + shift for pitch in (row.tie_in, row.tie_out) if pitch is not None]
        for pitch in [*tokens[tokens >= 0].tolist(), *ties]:
            allowed[pitch - self.vocabulary.lowest] = 1
        return allowed.tobytes()

    def _why(self, base: Constraint, planned: Planned, best: Constraint) -> str:
        """Why the targets cannot be had, and what the nearest are that `best` takes."""
        free = base.chromatic()
        short = {attribute.name: attribute.short for attribute in ATTRIBUTES}
        grid = planned.row.grid
        assert grid is not None  # noqa: S101 - see plan
        clash = colliding(free, planned.targets)
        if clash == ("note_density",) and base.counts[0] > planned.targets["note_density"]:
            return "a change never empties a measure: one note is the least"
        said = " and ".join(f"{short[name]} {planned.targets[name]:.3g}" for name in clash)
        untied = replace(free, tie_in=None, tie_out=None)
        if free != untied and constrain(untied, planned.targets).is_feasible():
            why = f"tie: {said} cannot be had with the note that is tied over the bar line"
        elif len(clash) > 1:
            why = f"{said} cannot be had together in one measure of {grid.name}"
        else:
            why = f"no measure of {grid.name} has {said}"
        taken = [
            f"{short[name]} {value:.3g}"
            for name, value in reached(best, planned.targets).items()
            if value != planned.targets[name]
        ]
        return f"{why}; the nearest is {' and '.join(taken)}" if taken else why


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
