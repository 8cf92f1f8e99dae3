"""Every failure is one line on standard error, with the right exit code, and never a traceback."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

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
        (
            PermissionError(errno.EACCES, "Permission denied", "a.mid"),
            1,
            "a.mid: permission denied: check",
        ),
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


@pytest.mark.parametrize(
    ("args", "code", "line"),
    [
        ("attributes missing.mid", 1, "missing.mid does not exist: check the name and the folder"),
        ("attributes folder", 1, "folder is a folder: name a file in it"),
        ("attributes tune.txt", 2, "tune.txt has the extension '.txt': name a file that ends in .mid"),
        ("attributes empty.mid", 1, "empty.mid is empty: it has no tune"),
        ("attributes empty.abc", 1, "empty.abc is empty"),
        ("attributes empty.musicxml", 1, "empty.musicxml is empty: it has no tune"),
        ("attributes tune.abc --tune 7", 1, "tune.abc has no tune 7: it has X:1"),
        ("attributes tune.abc --tune 0", 2, "'--tune'"),
        ("attributes tune.abc --quantize", 2, "--quantize means nothing in a .abc file: leave it out"),
        ("attributes tune.abc --pickup long", 2, "'--pickup'"),
        ("attributes tune.abc --part 2", 1, "tune.abc has no part with notes named '2'"),
        ("attributes tune.abc --json no/x.json", 2, "its folder no does not exist: make it first"),
        ("attributes tune.abc --json folder", 2, "folder is a folder: give the name of a file to write"),
        ("reconstruct tune.abc", 2, "'-o'"),
        ("reconstruct tune.abc -o folder", 2, "folder is a folder: give the name of a file to write"),
        ("reconstruct tune.abc -o tune.abc/x.abc", 2, "tune.abc is a file, where a folder is needed"),
        ("reconstruct tune.abc -o no/x.abc", 2, "no/x.abc: its folder no does not exist: make it first"),
        ("reconstruct tune.abc -o tune.txt", 2, "tune.txt has the extension '.txt'"),
        ("reconstruct tune.abc -o tune.abc", 2, "tune.abc exists: give another name, or --force"),
        ("reconstruct tune.abc -o x.abc --model no", 1, "there is no model 'no': take a bundled one"),
        ("reconstruct missing.mid -o x.mid", 1, "missing.mid does not exist"),
        ("interpolate tune.abc --attr density +1 --measures 5-2", 2, "write them as in 1-4,7"),
        ("interpolate tune.abc --attr density +1 --measures 99", 2, "the tune has measures 1 to 2"),
        ("interpolate tune.abc --attr density +1 --seed -1", 2, "'--seed'"),
        ("interpolate tune.abc --attr densty +1", 2, "did you mean 'density'?"),
        ("data show folder", 1, "folder has no tunes"),
        ("data prepare tune.abc --jobs 0", 2, "--jobs is 0"),
        ("train tune.abc -o x --epochs 0", 2, "--epochs is 0: it must be from 1"),
        ("train tune.abc -o x --resume", 1, "nothing to resume here"),
        ("evaluate --split tst", 2, "take one of train, validation, test"),
        ("evaluate no", 1, "there is no model 'no'"),
    ],
)
@pytest.mark.usefixtures("cache")
def test_a_wrong_call_says_what_where_and_what_to_do(
    args: str,
    code: int,
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = tmp_path / "work"
    (place / "folder").mkdir(parents=True)
    for name in ("tune.txt", "empty.mid", "empty.abc", "empty.musicxml"):
        (place / name).touch()
    (place / "tune.abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|\n")
    before = {path: path.is_dir() or path.read_bytes() for path in place.rglob("*")}
    monkeypatch.chdir(place)
    assert run(args.split()) == code
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert line in err
    assert {path: path.is_dir() or path.read_bytes() for path in place.rglob("*")} == before


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
