"""The options that say how a file is read: the same of every command that reads a tune."""

from dataclasses import fields
from pathlib import Path

import pytest
import typer
from arvae_music.cli.app import app
from arvae_music.cli.options import Force, TuneFile
from arvae_music.cli.reading import NOTHING_SAID, Reading, reads
from typer.main import get_command

from arvae_music.formats import ReadOptions


def test_its_fields_are_those_of_the_formats() -> None:
    assert Reading._fields == tuple(field.name for field in fields(ReadOptions))


@pytest.mark.parametrize("name", ["attributes", "interpolate", "convert", "reconstruct"])
def test_every_command_that_reads_a_tune_has_them(name: str) -> None:
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    options = {option for parameter in command.params for option in parameter.opts}
    assert options >= {"--part", "--pickup", "--tune", "--quantize", "--skyline"}


def test_typer_sees_the_fields_in_the_place_of_the_parameter() -> None:
    got: list[tuple[Path, Reading, bool]] = []

    @reads
    def command(file: TuneFile, reading: Reading = NOTHING_SAID, force: Force = False) -> None:
        got.append((file, reading, force))

    one = typer.Typer()
    one.command()(command)
    parsed = get_command(one)
    names = [parameter.name for parameter in parsed.params]
    assert names[:7] == ["file", "part", "pickup", "tune", "quantize", "skyline", "force"]
    parsed.main(args=["a.mid"], standalone_mode=False)
    parsed.main(
        args=["a.abc", "--part", "2", "--pickup", "0.5", "--tune", "3", "--skyline", "--force"],
        standalone_mode=False,
    )
    assert got == [
        (Path("a.mid"), (None, None, None, False, False), False),
        (Path("a.abc"), ("2", 0.5, 3, False, True), True),
    ]
