"""The example in the help of every command runs as it stands there."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from arvae_music.cli.app import app
from arvae_music.cli.errors import run
from typer.main import get_command

ROOT = Path(__file__).parents[2]


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command, each with those that it belongs to."""
    yield path
    for name, one in getattr(command, "commands", {}).items():
        yield from commands(one, (*path, name))


FEW_IMAGES = ["--epochs", "1", "--images", "256", "--threads", "1"]

ALL = list(commands(get_command(app)))


def example(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The words after `arvae-music` of the example in a command's help."""
    assert run([*path, "--help"]) == 0
    shown = capsys.readouterr().out
    (found,) = re.findall(r"Example: arvae-music (.*?)\n(?:\n|$)", shown, flags=re.DOTALL)
    return shlex.split(found)


@pytest.fixture
def place(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the examples where a clone has them, and tunes of one's own."""
    folder = tmp_path / "work"
    shutil.copytree(ROOT / "data" / "examples", folder / "data" / "examples")
    (folder / "my-tunes").mkdir()
    for tune in (folder / "data" / "examples").glob("*.abc"):
        shutil.copy(tune, folder / "my-tunes")
    monkeypatch.chdir(folder)
    return folder


def test_the_commands_are_found() -> None:
    assert {(), ("interpolate",), ("data",), ("train",), ("data", "show")} <= set(ALL)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_the_example_runs(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    words = example(path, capsys)
    assert tuple(words[: len(path)]) == path
    if words[:2] in (["images", "evaluate"], ["images", "traverse"]):
        assert run(quick(["images", "train", "sprites", "-o", "run"])) == 0
        capsys.readouterr()
    code = run(words if path in ((), ("data",), ("data", "list")) else quick(words))
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert out


def quick(words: list[str]) -> list[str]:
    """The same call on four tunes, where it takes a whole corpus."""
    if words[0] == "evaluate":
        return [*words, "--corpus", "my-tunes"]
    few = ["my-tunes" if word == "folk" else word for word in words]
    short = ["--epochs", "1", "--event-epochs", "1", "--threads", "1"]
    if words[:2] == ["images", "train"]:
        return [*words, *FEW_IMAGES]
    return [*few, *short] if words[0] == "train" else few
