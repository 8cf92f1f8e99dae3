"""What the metrics need beside the package's own dependencies."""

from __future__ import annotations

from importlib.util import find_spec

from arvae_music.errors import ArvaeError

PACKAGES = {"sklearn": "scikit-learn", "scipy": "scipy"}
"""Modules that the metrics import, and the packages that bring them (extra `evaluation`)."""


def check_packages(otherwise: str = "") -> None:
    """Say what is missing before the work rather than in it.

    Args:
        otherwise: what can be had without them.

    Raises:
        ArvaeError: scikit-learn or scipy is not installed.
    """
    missing = [package for module, package in PACKAGES.items() if find_spec(module) is None]
    if missing:
        raise ArvaeError(
            f"these metrics need {' and '.join(missing)}: pip install 'arvae-music[evaluation]'"
            + (f" ({otherwise})" if otherwise else "")
        )
