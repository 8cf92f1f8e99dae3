"""The options that say how a tune's file is read, declared once for every command that reads one.

Typer makes an option of each parameter of a function. A command that is decorated with `reads` has one
parameter of type `Reading`, and Typer sees its fields in that place.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_type_hints

from arvae_music.cli import options

if TYPE_CHECKING:
    from arvae_music.formats import Tune


class Reading(NamedTuple):
    """What the user says about the file; see `arvae_music.formats.read`, whose keywords these are."""

    part: options.Part = None
    pickup: options.Pickup = None
    tune: options.TuneNumber = None
    quantize: options.Quantize = False
    skyline: options.Skyline = False

    def read(self, file: Path) -> Tune:
        """The tune in the file.

        Raises:
            UsageError: an option that makes no sense for this file.
            ArvaeError: the file cannot be read, or it cannot be told which of its parts is meant.
        """
        from arvae_music.formats import read

        return read(file, **self._asdict())


NOTHING_SAID = Reading()
"""No option was given."""


def reads(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose parameter of type `Reading` is the options that its fields are."""
    whole = inspect.signature(command, eval_str=True)
    (name,) = (p.name for p in whole.parameters.values() if p.annotation is Reading)

    @functools.wraps(command)
    def unfolded(**given: Any) -> None:
        how = Reading(**{field: given.pop(field) for field in Reading._fields})
        command(**given, **{name: how})

    parameters: list[inspect.Parameter] = []
    for parameter in whole.parameters.values():
        parameters += _fields() if parameter.name == name else [parameter]
    unfolded.__signature__ = whole.replace(parameters=parameters)  # type: ignore[attr-defined]
    unfolded.__annotations__ = {p.name: p.annotation for p in parameters}
    return unfolded


def _fields() -> list[inspect.Parameter]:
    hints = get_type_hints(Reading, include_extras=True)
    return [
        inspect.Parameter(
            field,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=Reading._field_defaults[field],
            annotation=hints[field],
        )
        for field in Reading._fields
    ]
