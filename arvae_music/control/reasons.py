"""Why a measure cannot have what is asked for, in a sentence."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from arvae_music.attributes import ATTRIBUTES
from arvae_music.control.constraint import Constraint
from arvae_music.control.nearest import DENSITY, colliding, constrain, reached
from arvae_music.control.order import Lock


@dataclass(frozen=True)
class Question:
    """What is asked of a measure.

    Attributes:
        base: what it must satisfy whatever is asked for, with every pitch allowed.
        meter: the meter's name.
        targets: value by attribute name, asked for or held.
        held: names of those that are held.
        lock: which lock is on.
    """

    base: Constraint
    meter: str
    targets: Mapping[str, float]
    held: Collection[str]
    lock: Lock | None


def why(asked: Question, best: Constraint) -> str:
    """Why the targets cannot be had, and what the nearest are that `best` takes."""
    clash = colliding(asked.base, asked.targets)
    if clash == (DENSITY,) and asked.base.counts[0] > asked.targets[DENSITY]:
        return "a change never empties a measure: one note is the least"
    taken = [
        f"{_SHORT[name]} {value:.3g}"
        for name, value in reached(best, asked.targets).items()
        if value != asked.targets[name]
    ]
    reason = _why(asked, clash)
    return f"{reason}; the nearest is {' and '.join(taken)}" if taken else reason


_SHORT = {attribute.name: attribute.short for attribute in ATTRIBUTES}


def _why(asked: Question, clash: Collection[str]) -> str:
    """What collides, and with what."""
    said = " and ".join(_said(asked, name) for name in clash)
    wanted = constrain(asked.base, {name: asked.targets[name] for name in clash})
    unlocked = replace(wanted, locked=None, sequence=None)
    if unlocked.is_feasible():
        return f"lock: {said} cannot be had with {_locked(asked)} locked"
    if replace(wanted, tie_in=None, tie_out=None).is_feasible():
        return f"tie: {said} cannot be had with the note that is tied over the bar line"
    if unlocked != wanted and replace(unlocked, tie_in=None, tie_out=None).is_feasible():
        return f"lock: {said} cannot be had with {_locked(asked)} locked and a note tied over the bar line"
    if len(clash) > 1:
        return f"{said} cannot be had together in one measure of {asked.meter}"
    return f"no measure of {asked.meter} has {said}"


def _said(asked: Question, name: str) -> str:
    held = "held " if name in asked.held else ""
    return f"{held}{_SHORT[name]} {asked.targets[name]:.3g}"


def _locked(asked: Question) -> str:
    """What is locked in the measure, in words."""
    if asked.lock == "pitch":
        return "the pitches"
    ticks = bool(asked.base.pinned) or asked.lock is None
    named = [*(["the rhythm"] if asked.lock == "rhythm" else []), *(["some ticks"] if ticks else [])]
    return " and ".join(named)
