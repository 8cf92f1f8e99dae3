"""Every way to start works from the clone's root, where arvae_music/ shadows what is installed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def console_script() -> Path:
    script = Path(sys.executable).with_name("arvae-music")
    if not script.exists():
        pytest.skip("arvae_music is on the path but not installed: there is no console script")
    return script


def version(*command: object) -> str:
    """What a command says when it is started at the clone's root."""
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_module() -> None:
    assert version(sys.executable, "-m", "arvae_music", "--version").startswith("arvae-music ")


def test_plain_script() -> None:
    # Like a script that stands at the root, -c puts the root first on the path.
    code = "import arvae_music.cli, arvae_music.data; arvae_music.cli.main()"
    assert version(sys.executable, "-c", code, "--version").startswith("arvae-music ")


def test_console_script(console_script: Path) -> None:
    assert version(console_script, "--version").startswith("arvae-music ")


def test_the_clone_alone_is_enough() -> None:
    # Without what is installed: -S leaves site-packages out, and so every install of this package.
    code = "import arvae_music.cli, arvae_music.files; print(arvae_music.cli.__file__)"
    assert Path(version(sys.executable, "-S", "-c", code).strip()) == ROOT / "cli" / "__init__.py"


def test_an_installed_package_finds_its_own_parts(tmp_path: Path) -> None:
    # As a wheel lays it out, even where the folder above looks like a clone of this project.
    package = tmp_path / "arvae_music"
    (package / "cli").mkdir(parents=True)
    (tmp_path / "cli").mkdir()
    for name in ("__init__.py", "_version.py"):
        (package / name).write_text((ROOT / "arvae_music" / name).read_text())
    for folder in (package, tmp_path):
        (folder / "cli" / "__init__.py").touch()
    (tmp_path / "pyproject.toml").touch()
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import arvae_music.cli as c; print(c.__file__)"
    )
    assert Path(version(sys.executable, "-S", "-c", code).strip()) == package / "cli" / "__init__.py"
