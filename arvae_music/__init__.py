"""Change a melody along musical attributes.

The names below are loaded when they are first used, so that `import arvae_music` stays quick and
takes in neither torch nor music21.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arvae_music._version import __version__ as __version__

if TYPE_CHECKING:
    from arvae_music.attributes.table import attributes as attributes
    from arvae_music.control import by as by
    from arvae_music.control import load_model as load_model
    from arvae_music.control import to as to
    from arvae_music.errors import ArvaeError as ArvaeError
    from arvae_music.errors import UsageError as UsageError
    from arvae_music.formats import Tune as Tune
    from arvae_music.formats import read as read
    from arvae_music.melody import Melody as Melody
    from arvae_music.melody import Note as Note
    from arvae_music.meter import Meter as Meter

_HOME = {
    "ArvaeError": "errors",
    "Melody": "melody",
    "Meter": "meter",
    "Note": "melody",
    "Tune": "formats",
    "UsageError": "errors",
    "by": "control",
    "load_model": "control",
    "read": "formats",
    "to": "control",
}

__all__ = ["__version__", "attributes", *sorted(_HOME)]  # noqa: PLE0604


def _clone(package: Path) -> list[str]:
    """The clone's root where `package` is the clone's own folder, whose data/ and cli/ stand beside it."""
    root = package.parent
    beside = (root / "pyproject.toml").is_file() and (root / "cli" / "__init__.py").is_file()
    return [str(root)] if beside and not (package / "cli").exists() else []


# From a clone's root this folder shadows the installed package, and lacks two of its parts.
__path__ += _clone(Path(__file__).resolve().parent)


def __getattr__(name: str) -> Any:
    """Load a public name from its module."""
    if name == "attributes":  # a module that is called: see arvae_music.attributes
        return import_module("arvae_music.attributes")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
