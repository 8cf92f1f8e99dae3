"""Musical attributes of a measure: one file each, one contract, NumPy alone."""

from __future__ import annotations

import sys
from types import ModuleType

from arvae_music.attributes.base import Attribute, Values
from arvae_music.attributes.contour import Contour
from arvae_music.attributes.note_density import NoteDensity
from arvae_music.attributes.pitch_range import PitchRange
from arvae_music.attributes.registry import ATTRIBUTES, all_met, named_values, resolve, values_of
from arvae_music.attributes.rhythmic_complexity import (
    TOTAL_WEIGHTS,
    WEIGHTS,
    RhythmicComplexity,
)
from arvae_music.attributes.table import HasMelody, Row, attributes
from arvae_music.melody import Melody

__all__ = [
    "ATTRIBUTES",
    "TOTAL_WEIGHTS",
    "WEIGHTS",
    "Attribute",
    "Contour",
    "NoteDensity",
    "PitchRange",
    "RhythmicComplexity",
    "Row",
    "Values",
    "all_met",
    "attributes",
    "named_values",
    "resolve",
    "values_of",
]


class _Callable(ModuleType):
    """This module, called: `arvae_music.attributes(tune)` is `arvae_music.attributes.attributes(tune)`.

    Importing a submodule sets its name on the package, over a function of that name; so the module
    itself answers, whatever was imported first.
    """

    def __call__(self, tune: Melody | HasMelody) -> list[Row]:
        return attributes(tune)


sys.modules[__name__].__class__ = _Callable
