"""What a tune is: notes and notated bars, in exact time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from arvae_music.meter import Meter


@dataclass(frozen=True, order=True, slots=True)
class Note:
    """A sounding note. One that is tied over bar lines is one note.

    `onset` and `duration` are in quarter notes, the onset from the tune's start; `pitch` is a
    MIDI number.
    """

    onset: Fraction
    duration: Fraction
    pitch: int

    @property
    def end(self) -> Fraction:
        """Where the note ends, in quarter notes from the tune's start."""
        return self.onset + self.duration


@dataclass(frozen=True, slots=True)
class Bar:
    """What stands between two bar lines.

    `number` is the one on the page (1 for the first whole bar, 0 for a pickup before it).
    `start` and `length` are in quarter notes; a bar shorter than its meter is a pickup or the
    end of a strain. `problem` is a reader's reason why the bar cannot be edited.
    """

    number: int
    start: Fraction
    length: Fraction
    meter: Meter
    problem: str | None = None

    @property
    def end(self) -> Fraction:
        """Where the bar ends, in quarter notes from the tune's start."""
        return self.start + self.length


@dataclass(frozen=True)
class Melody:
    """A single-voice tune: notes sorted by onset, and contiguous bars sorted by start.

    `key` is written as in ABC (`D`, `Edor`), where it is known. Repeats are not played out.
    """

    notes: tuple[Note, ...]
    bars: tuple[Bar, ...]
    title: str = ""
    key: str | None = None

    @cached_property
    def _bar_starts(self) -> list[Fraction]:
        return [bar.start for bar in self.bars]

    def bar_index_at(self, time: Fraction) -> int:
        """Index of the bar in which `time` (quarter notes) lies; -1 before the first."""
        return bisect_right(self._bar_starts, time) - 1

    def with_notes(self, notes: Iterable[Note]) -> Melody:
        """The same bars with other notes."""
        return replace(self, notes=tuple(sorted(notes)))

    def transposed(self, semitones: int) -> Melody:
        """Every note moved by so many semitones."""
        return self.with_notes(replace(note, pitch=note.pitch + semitones) for note in self.notes)


_PITCH_CLASSES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")


def pitch_name(pitch: int) -> str:
    """A MIDI pitch as people say it: 60 is C4."""
    return f"{_PITCH_CLASSES[pitch % 12]}{pitch // 12 - 1}"


def fewest_octaves(pitches: Iterable[int], lowest: int, highest: int) -> int:
    """Semitones (a multiple of 12, nearest zero) that bring the most pitches into the range.

    A tune that fits as it stands is not moved; of two shifts that fit as many pitches, the
    smaller one is taken, and the upward one of equals.
    """
    wanted = list(pitches)
    if not wanted or (lowest <= min(wanted) and max(wanted) <= highest):
        return 0

    def outside(shift: int) -> int:
        return sum(not lowest <= pitch + shift <= highest for pitch in wanted)

    shifts = sorted(range(-120, 121, 12), key=lambda shift: (abs(shift), -shift))
    return min(shifts, key=outside)
