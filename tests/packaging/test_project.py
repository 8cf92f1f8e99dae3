"""What pyproject.toml says is what is there."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_package_is_listed(project: dict[str, Any]) -> None:
    homes = {"arvae_music": "arvae_music", "cli": "arvae_music.cli", "data": "arvae_music.data"}
    there = {
        ".".join([package, *path.parent.relative_to(ROOT / folder).parts])
        for folder, package in homes.items()
        for path in (ROOT / folder).rglob("__init__.py")
    }
    assert sorted(there) == sorted(project["tool"]["setuptools"]["packages"])


def test_no_module_is_left_out_of_a_package() -> None:
    for folder in ("arvae_music", "cli", "data"):
        for path in (ROOT / folder).rglob("*.py"):
            if path.parent == ROOT / "data" / "examples":  # a script for those who have the clone
                continue
            assert (path.parent / "__init__.py").is_file(), path


def test_every_dependency_is_pinned_for_development(project: dict[str, Any]) -> None:
    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if line and not line.startswith("#")
    )
    extras = project["project"]["optional-dependencies"]
    with_dev = [entry for extra in ("audio", "dask", "dev", "evaluation", "plot") for entry in extras[extra]]
    wanted = [*project["project"]["dependencies"], *with_dev]
    names = {entry.partition(">=")[0] for entry in wanted if not entry.startswith("arvae-music")}
    assert names <= set(pins)


def test_the_top_level_is_as_given() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders == {"arvae_music", "cli", "data"}
