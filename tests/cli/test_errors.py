"""Every failure is one line on standard error, with the right exit code, and never a traceback."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
import typer
from arvae_music.cli import app as application
from arvae_music.cli.errors import run

from arvae_music.errors import ArvaeError, UsageError

Fail = Callable[[BaseException], tuple[int, str]]


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Fail:
    """Run a command that raises, and return the exit code and the standard error."""

    def run_failing(error: BaseException) -> tuple[int, str]:
        app = typer.Typer()

        @app.command()
        def command() -> None:
            raise error

        monkeypatch.setattr(application, "app", app)
        code = run([])
        out, err = capsys.readouterr()
        assert out == ""
        return code, err

    return run_failing


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ArvaeError("in.mid is no MIDI file"), 1, "in.mid is no MIDI file"),
        (UsageError("out.mid exists: give --force"), 2, "out.mid exists: give --force"),
        (ArvaeError("two\nlines"), 1, "two lines"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "a.mid"), 1, "a.mid: No such file"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "No space left on device"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (EOFError(), 1, "aborted"),
        (MemoryError(), 1, "out of memory"),
        (typer.BadParameter("no such meter"), 2, "no such meter"),
        (RuntimeError("a fault"), 1, "internal error, RuntimeError: a fault"),
    ],
)
def test_one_line_and_its_code(fail: Fail, error: BaseException, code: int, line: str) -> None:
    got, err = fail(error)
    assert got == code
    assert err.strip().count("\n") == 0
    assert err.strip().startswith("arvae-music: ")
    assert line in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["no-such-command"], "no-such-command"),
        (["--no-such-option"], "--no-such-option"),
        (["attributes"], "FILE"),
        (["attributes", "a.mid", "--tune", "first"], "--tune"),
        (["attributes", "a.mid", "--jsn", "x"], "--jsn. Did you mean '--json'?"),
        (["interpolate", "a.mid", "--atr", "density", "+2"], "Did you mean '--attr'?"),
        (["interpolat", "a.mid"], "Did you mean 'interpolate'?"),
        (["data", "lst"], "Did you mean 'list'?"),
        (["--versoin"], "Did you mean '--version'?"),
    ],
)
def test_a_wrong_call_is_a_line_that_names_the_help(
    args: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(args) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert line in err
    assert "--help`" in err


COMMANDS = (
    "attributes",
    "interpolate",
    "convert",
    "reconstruct",
    "train",
    "evaluate",
    "data list",
    "data prepare",
    "data show",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_has_an_example_and_no_types(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"Example: arvae-music {command}" in shown
    assert "<" not in shown
    assert "{" not in shown


def test_no_command_shows_the_help_and_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert "Usage: arvae-music" in capsys.readouterr().out


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    from arvae_music import __version__

    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"arvae-music {__version__}\n"


@pytest.mark.skipif(os.name == "nt", reason="pipes break otherwise there")
def test_a_broken_pipe_is_quiet() -> None:
    code = (
        "import typer, arvae_music.cli.app as a; app = typer.Typer()\n"
        "@app.command()\n"
        "def many():\n"
        "    for _ in range(100_000): typer.echo('x' * 80)\n"
        "a.app = app\n"
        "import sys; sys.argv = ['arvae-music']\n"
        "from arvae_music.cli import main; main()\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.readline()
    child.stdout.close()
    assert child.stderr.read() == b""
    assert child.wait() == 1
