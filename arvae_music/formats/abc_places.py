"""Where the bars of an ABC tune stand in its file's text, and what is written in them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from arvae_music.formats.abc_events import Event, Overlay, Unread
from arvae_music.formats.abc_key import Key


@dataclass(frozen=True, slots=True)
class Placed:
    """Something written in a bar.

    `time` is in quarter notes from the bar's start, `length` is a sound's. `pitches` are MIDI
    numbers, one for each written note of a sound or of grace notes.
    """

    event: Event
    time: Fraction
    length: Fraction = Fraction(0)
    pitches: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class BarPlace:
    """The text of one bar.

    Attributes:
        start: place in the file's text, behind the bar line before it.
        end: place of the bar line behind it, or the end of its last sign.
        items: what is written in it, in the order of the text.
        unit: the unit note length at its start, in quarter notes.
        key: the key at its start.
        problem: why it cannot be written anew in its place, or None.
    """

    start: int
    end: int
    items: tuple[Placed, ...]
    unit: Fraction
    key: Key
    problem: str | None = None


def problem_in(items: list[Placed]) -> str | None:
    """Why a bar with these items cannot be written anew, or None."""
    why = next((item.event.why for item in items if isinstance(item.event, Unread)), None)
    if why is None and any(isinstance(item.event, Overlay) for item in items):
        return "a second voice sounds in it"
    return why
