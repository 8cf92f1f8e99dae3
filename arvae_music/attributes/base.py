"""The contract of an attribute."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, overload

import numpy as np
import numpy.typing as npt

from arvae_music.tokens import Meters, Tokens

Values = npt.NDArray[np.float64]

_ROUNDING = 1e-9
"""Far above what sums of weights lose, far below any step of a value."""


class Attribute(ABC):
    """A number that every measure has, with a unit, computed for a batch at once.

    A new attribute is a subclass in a file of its own.

    Attributes:
        name: the long name, as in reports.
        short: the name that a person types.
        unit: what one of it is, for people.
        whole: whether its values are whole numbers.
        lowest, highest: the least and the greatest value that a measure can have, or None.
        tolerance: how far from the requested value still counts as that value.
    """

    name: ClassVar[str]
    short: ClassVar[str]
    unit: ClassVar[str]
    whole: ClassVar[bool]
    lowest: ClassVar[float | None] = 0.0
    highest: ClassVar[float | None] = None
    tolerance: ClassVar[float] = 0.0

    @overload
    def is_met(self, value: float, target: float) -> bool: ...

    @overload
    def is_met(self, value: Values, target: float) -> npt.NDArray[np.bool_]: ...

    def is_met(self, value: float | Values, target: float) -> bool | npt.NDArray[np.bool_]:
        """Whether a value counts as the target, or each of several does."""
        gap: Any = abs(value - target)
        met: bool | npt.NDArray[np.bool_] = gap <= self.tolerance + _ROUNDING
        return met

    @abstractmethod
    def __call__(self, tokens: Tokens, meters: Meters) -> Values:
        """Value of each measure in the attribute's unit.

        Args:
            tokens: `[batch, 24]`.
            meters: meter codes, `[batch]`.

        Returns:
            `[batch]`.
        """

    @abstractmethod
    def normalized(self, values: Values, meters: Meters) -> Values:
        """The paper's normalized value of each `[batch]` value (Pati & Lerch 2020, section 5.2)."""


def first_and_last_pitch(tokens: Tokens) -> tuple[Values, Values]:
    """Pitch of the first and of the last note that starts, each `[batch]`; 0 without notes."""
    started = tokens >= 0
    ticks = tokens.shape[-1]
    first = started.argmax(axis=-1)
    last = ticks - 1 - started[..., ::-1].argmax(axis=-1)
    empty = ~started.any(axis=-1)

    def at(tick: npt.NDArray[np.intp]) -> Values:
        pitch = np.take_along_axis(tokens, tick[..., None], axis=-1)[..., 0]
        return np.where(empty, 0, pitch).astype(np.float64)

    return at(first), at(last)
