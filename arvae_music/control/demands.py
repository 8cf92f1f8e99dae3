"""What every measure of a new tune must satisfy, by where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from arvae_music.control.constraint import ANY_TOKEN, Constraint
from arvae_music.control.nearest import Aim, constrain, nearest
from arvae_music.control.reasons import Question, why
from arvae_music.meter import TICKS, Grid
from arvae_music.model import Vocabulary
from arvae_music.model.calibration import Calibration
from arvae_music.model.vocabulary import PITCH_ID
from arvae_music.tonality import Tonality


@dataclass(frozen=True)
class Demands:
    """The demands on a tune in the key in which it is written down.

    Attributes:
        grid: its meter.
        key: its key.
        targets: value by attribute name, the same in every measure.
        calibration: means and spread of the attributes.
        vocabulary: the model's pitches.
    """

    grid: Grid
    key: Tonality
    targets: Mapping[str, float]
    calibration: Calibration
    vocabulary: Vocabulary

    def pitches_of(self, classes: tuple[int, ...]) -> tuple[int, ...]:
        """Pitches of the vocabulary in some pitch classes, from its lowest."""
        low = self.vocabulary.lowest
        return tuple(p - low for p in range(low, self.vocabulary.highest + 1) if p % 12 in classes)

    @cached_property
    def _base(self) -> Constraint:
        scale = set(self.pitches_of(self.key.scale))
        pitches = bytes([number in scale for number in range(self.vocabulary.span + 1)])
        fewest = 0 if self.targets.get("note_density") == 0 else 1
        return Constraint(self.grid.code, pitches, counts=(fewest, self.grid.ticks))

    @cached_property
    def _free(self) -> Constraint:
        return self._base.chromatic()

    @cached_property
    def any(self) -> Constraint:
        """On a measure that is neither the first nor the last.

        It is in the scale if that can be, and the nearest to the targets where no measure has them.
        """
        for base in (self._base, self._free):
            wanted = constrain(base, self.targets)
            if wanted.is_feasible():
                return wanted
        lines = self.calibration.lines[self.grid.name]
        means = {name: line.mean for name, line in lines.items()}
        stds = {name: line.std for name, line in lines.items()}
        taken = nearest(self._free, Aim(self.targets, means, stds))
        inside = replace(taken, pitches=self._base.pitches)
        return inside if inside.is_feasible() else taken

    @cached_property
    def missed(self) -> str | None:
        """Why the targets cannot be had, or None."""
        if constrain(self._free, self.targets).is_feasible():
            return None
        return why(Question(self._free, self.grid.name, self.targets, (), None), self.any)

    @property
    def is_chromatic(self) -> bool:
        """Whether the targets need pitches from outside the scale."""
        return self.any.pitches != self._base.pitches

    def opening(self, constraint: Constraint, pitch: int) -> Constraint:
        """The constraint with a first note of this pitch on the measure's first tick."""
        return replace(constraint, locked=(PITCH_ID + pitch, *[ANY_TOKEN] * (TICKS - 1)))

    def closing(self, constraint: Constraint, pitch: int) -> Constraint:
        """The constraint with a last note of this pitch that sounds to the measure's end."""
        return replace(constraint, tie_out=pitch)
