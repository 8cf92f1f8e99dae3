"""Which attributes there are, and their names."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import numpy as np

from arvae_music.attributes.base import Attribute, Values
from arvae_music.attributes.contour import Contour
from arvae_music.attributes.note_density import NoteDensity
from arvae_music.attributes.pitch_range import PitchRange
from arvae_music.attributes.rhythmic_complexity import RhythmicComplexity
from arvae_music.errors import UsageError
from arvae_music.tokens import Meters, Tokens

ATTRIBUTES: tuple[Attribute, ...] = (RhythmicComplexity(), PitchRange(), NoteDensity(), Contour())
"""The attributes that models are trained on, in the order of their latent dimensions."""


def resolve(name: str) -> Attribute:
    """The attribute of a long or short name.

    Raises:
        UsageError: there is none of that name.
    """
    for attribute in ATTRIBUTES:
        if name in (attribute.name, attribute.short):
            return attribute
    names = [attribute.short for attribute in ATTRIBUTES]
    shorts = {either: a.short for a in ATTRIBUTES for either in (a.name, a.short)}
    close = difflib.get_close_matches(name, list(shorts), n=1)
    hint = f" (did you mean '{shorts[close[0]]}'?)" if close else ""
    raise UsageError(f"there is no attribute '{name}'{hint}: take one of {', '.join(names)}")


def all_met(values: Mapping[str, float], targets: Mapping[str, float]) -> bool:
    """Whether every target, by attribute name, is met."""
    return all(
        attribute.is_met(values[attribute.name], targets[attribute.name])
        for attribute in ATTRIBUTES
        if attribute.name in targets
    )


def named_values(tokens: Tokens, code: int) -> dict[str, float]:
    """All attributes of one measure `[24]` in the meter of a code, by name."""
    values = values_of(tokens[None], np.array([code]))[0]
    return {attribute.name: float(v) for attribute, v in zip(ATTRIBUTES, values, strict=True)}


def values_of(tokens: Tokens, meters: Meters) -> Values:
    """All attributes of each measure, `[batch, 4]`, in the order of `ATTRIBUTES`."""
    return np.stack([attribute(tokens, meters) for attribute in ATTRIBUTES], axis=-1)
