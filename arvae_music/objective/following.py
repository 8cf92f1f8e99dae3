"""Following: how far measures are, as decoded, from the attribute values that their latents ask for.

The decoder's ticks are independent given z, so the expectations of the attributes have closed forms.
They are taken after the probabilities are sharpened: a decoder that is in two minds about where a note
stands would else seem to have the right number of notes, while its most probable tokens have none.

The values are meant to be those of other measures than the ones decoded, and their latents to pass no
gradient: then only the decoder can lower this term, and no encoder can hide a measure in the
regularized dimensions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from arvae_music.attributes import (
    TOTAL_WEIGHTS,
    WEIGHTS,
    Contour,
    NoteDensity,
    PitchRange,
    RhythmicComplexity,
)
from arvae_music.model.vocabulary import PITCH_ID

SHARPNESS = 3.0
"""Power to which probabilities are raised."""

_LEAST = 1e-6


class Ticks(NamedTuple):
    """What is known of decoded measures, tick by tick.

    Attributes:
        pitches: probability that a pitch starts, `[batch, 24, pitches]`.
        onset: probability that any does, `[batch, 24]`.
        meters: meter codes, `[batch]`.
    """

    pitches: Tensor
    onset: Tensor
    meters: Tensor

    @classmethod
    def of(cls, log_probabilities: Tensor, meters: Tensor, sharpness: float = 1.0) -> Ticks:
        """From a decoder's log-probabilities `[batch, 24, ids]`, sharpened."""
        probabilities = (log_probabilities.clamp(min=-30.0) * sharpness).softmax(dim=-1)
        pitches = probabilities[..., PITCH_ID:]
        return cls(pitches, pitches.sum(dim=-1), meters)


def expected_density(ticks: Ticks) -> Tensor:
    """Expected number of notes, `[batch]`."""
    return ticks.onset.sum(dim=1)


def expected_complexity(ticks: Ticks) -> Tensor:
    """Expected share of the metrical weight, `[batch]`."""
    return (_shares(ticks.onset.device)[ticks.meters].to(ticks.onset) * ticks.onset).sum(dim=1)


@cache
def _shares(device: torch.device) -> Tensor:
    """What a note at each tick adds to complexity, by meter code, `[meters, 24]`; brought there once."""
    with torch.inference_mode(mode=False):
        return torch.from_numpy(WEIGHTS / TOTAL_WEIGHTS[:, None]).float().to(device)


def expected_contour(ticks: Ticks) -> Tensor:
    """Expected pitch of the last note minus that of the first, `[batch]`; measures without notes as 0."""
    pitch = torch.arange(ticks.pitches.shape[-1], dtype=ticks.pitches.dtype, device=ticks.pitches.device)
    sounding = (ticks.pitches * pitch).sum(dim=-1)
    silent = (1 - ticks.onset).clamp(_LEAST, 1)
    return (sounding * (_none_before(silent.flip(1)).flip(1) - _none_before(silent))).sum(dim=1)


def expected_range(ticks: Ticks) -> Tensor:
    """Expected highest minus expected lowest pitch, `[batch]`, for measures that surely have a note."""
    at_most = ticks.pitches.cumsum(dim=-1)
    at_least = ticks.pitches.flip(-1).cumsum(dim=-1).flip(-1)
    none_above, none_below = (
        (1 - share).clamp(_LEAST, 1).log().sum(dim=1).exp() for share in (at_least, at_most)
    )
    count = ticks.pitches.shape[-1]
    highest = (1 - none_above).sum(dim=-1) - 1
    lowest = count - (1 - none_below).sum(dim=-1)
    return highest - lowest


EXPECTED: dict[str, Callable[[Ticks], Tensor]] = {
    RhythmicComplexity.name: expected_complexity,
    PitchRange.name: expected_range,
    NoteDensity.name: expected_density,
    Contour.name: expected_contour,
}
"""By attribute name; attributes that are not here have no closed form, and are not followed."""

_NEED_TWO_NOTES = {PitchRange.name, Contour.name}


def following(
    log_probabilities: Tensor, meters: Tensor, values: Tensor, names: tuple[str, ...], spread: Tensor
) -> Tensor:
    """Mean of |expected - asked| over measures, each in units of its spread, summed over attributes.

    Args:
        log_probabilities: as decoded, `[batch, 24, ids]`.
        meters: meter codes, `[batch]`.
        values: values asked for, `[batch, attributes]`.
        names: the attributes' names.
        spread: a standard deviation of each, `[attributes]`.
    """
    ticks = Ticks.of(log_probabilities, meters, SHARPNESS)
    several = torch.ones_like(values[:, 0])
    if NoteDensity.name in names:
        several = (values[:, names.index(NoteDensity.name)] >= 2).to(values)
    total = values.new_zeros(())
    for i, name in enumerate(names):
        if name in EXPECTED:
            counts = several if name in _NEED_TWO_NOTES else torch.ones_like(several)
            gap = (EXPECTED[name](ticks) - values[:, i]).abs() / spread[i]
            total = total + (gap * counts).mean()
    return total


def _none_before(silent: Tensor) -> Tensor:
    """Probability that no note starts before each tick, from that of none at each, `[batch, 24]`."""
    product = silent.cumprod(dim=1)
    return torch.cat([torch.ones_like(product[:, :1]), product[:, :-1]], dim=1)
