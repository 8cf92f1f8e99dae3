"""The same method on images: their data sets, what is measured of them, and models of them.

What needs torch is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from arvae_music.images.archive import SpritesArchive
from arvae_music.images.data import ImageAttribute, ImageData, Splits
from arvae_music.images.digits import Digits, folder_of_digits, small_digits
from arvae_music.images.load import load_images
from arvae_music.images.morphometry import morphometry
from arvae_music.images.sprites import Sprites

if TYPE_CHECKING:
    from arvae_music.images.checkpoint import load_image_checkpoint as load_image_checkpoint
    from arvae_music.images.coding import decoded as decoded
    from arvae_music.images.coding import encoded as encoded
    from arvae_music.images.report import report_on_images as report_on_images
    from arvae_music.images.run import train_images as train_images
    from arvae_music.images.settings import settings_for as settings_for
    from arvae_music.images.traverse import walk as walk
    from arvae_music.images.traverse import walk_animation as walk_animation
    from arvae_music.images.traverse import walk_chart as walk_chart

_HOME = {
    "decoded": "coding",
    "encoded": "coding",
    "load_image_checkpoint": "checkpoint",
    "report_on_images": "report",
    "settings_for": "settings",
    "train_images": "run",
    "walk": "traverse",
    "walk_animation": "traverse",
    "walk_chart": "traverse",
}

__all__ = [  # noqa: PLE0604
    "Digits",
    "ImageAttribute",
    "ImageData",
    "Splits",
    "Sprites",
    "SpritesArchive",
    "folder_of_digits",
    "load_images",
    "morphometry",
    "small_digits",
    *sorted(_HOME),
]


def __getattr__(name: str) -> Any:
    """Load a public name from its module."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
