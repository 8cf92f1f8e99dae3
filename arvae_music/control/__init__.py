"""Control: requests, constrained decoding, edits and their reports.

Names that need torch are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from arvae_music.control.request import Change, Request, by, parse_change, read_requests, to

if TYPE_CHECKING:
    from arvae_music.control.copies import edited_copies as edited_copies
    from arvae_music.control.edit import Edit as Edit
    from arvae_music.control.model import Latents as Latents
    from arvae_music.control.model import Model as Model
    from arvae_music.control.model import Reconstruction as Reconstruction
    from arvae_music.control.model import bundled as bundled
    from arvae_music.control.model import load_model as load_model
    from arvae_music.control.report import MeasureReport as MeasureReport
    from arvae_music.control.report import Report as Report

_HOME = {
    "Edit": "edit",
    "Latents": "model",
    "MeasureReport": "report",
    "Model": "model",
    "Reconstruction": "model",
    "Report": "report",
    "bundled": "model",
    "edited_copies": "copies",
    "load_model": "model",
}

__all__ = ["Change", "Request", "by", "parse_change", "read_requests", "to", *sorted(_HOME)]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Load a name that needs torch from its module."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
