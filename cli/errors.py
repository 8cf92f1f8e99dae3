"""Every way to fail, as one line on standard error and an exit code: 2 a wrong call, 130 Ctrl-C, else 1."""

import difflib
import os
import sys
from collections.abc import Sequence

from arvae_music.errors import ArvaeError

INTERRUPTED = 130


class Stopped(ArvaeError):
    """Ctrl-C, where there is more to say than that: what was saved, and how to go on."""

    exit_code = INTERRUPTED


def run(args: Sequence[str] | None = None) -> int:
    """Run the command line on `args` (default: `sys.argv`) and return the exit code."""
    from arvae_music.cli.app import app
    from typer.main import get_command

    try:
        code = get_command(app).main(args=args, prog_name="arvae-music", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output has had enough
        _quiet()
        return 1
    except (Exception, KeyboardInterrupt) as error:
        return say(*_answer(error))
    if code == INTERRUPTED:  # Typer from 0.26 makes Ctrl-C an exit code
        return say("interrupted", INTERRUPTED)
    return code if isinstance(code, int) else 0


def _answer(error: BaseException) -> tuple[str, int]:
    """What to say of an error, and the exit code."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", INTERRUPTED
    if isinstance(error, ArvaeError):
        return str(error), error.exit_code
    if isinstance(error, OSError):
        return _system(error), 1
    if isinstance(error, MemoryError):
        return "out of memory: try fewer files, or smaller batches", 1
    return _of_typer(error) or _fault(error)


def say(message: str, code: int) -> int:
    """Print the one line of an error and return the code."""
    line = " ".join(message.split())
    try:
        print(f"arvae-music: {line}", file=sys.stderr)  # noqa: T201
    except OSError:
        _quiet()
    return code


def _system(error: OSError) -> str:
    what = error.strerror or str(error)
    if isinstance(error, PermissionError):
        what = "permission denied: check the rights of the file and its folder"
    return f"{error.filename}: {what}" if error.filename is not None else what


def _of_typer(error: BaseException) -> tuple[str, int] | None:
    """What Typer says of a wrong call, and where the right one is explained.

    Asked by its methods and not by its class: Typer's errors are click's up to 0.25 and its own later.
    """
    import typer

    if isinstance(error, typer.Abort):  # the end of the input; up to 0.25 Ctrl-C, too
        interrupted = isinstance(error.__cause__ or error.__context__, KeyboardInterrupt)
        return ("interrupted", INTERRUPTED) if interrupted else ("aborted", 1)
    text = getattr(error, "format_message", None)
    if text is None:
        return None
    context = getattr(error, "ctx", None)
    command = "arvae-music" if context is None else context.command_path
    says = _with_nearest_option(error) or str(text()).rstrip(".")
    return f"{says} (see `{command} --help`)", getattr(error, "exit_code", 2)


def _with_nearest_option(error: BaseException) -> str | None:
    """What is said of an unknown option: Typer names all that are near, in the order of the alphabet."""
    name, near = getattr(error, "option_name", None), getattr(error, "possibilities", None)
    if not name or not near:
        return None
    (nearest,) = difflib.get_close_matches(name, near, n=1, cutoff=0)
    return f"No such option: {name}. Did you mean '{nearest}'?"


def _fault(error: BaseException) -> tuple[str, int]:
    """A fault of this program, in a line. The traceback is for those who ask for it."""
    if os.environ.get("ARVAE_MUSIC_TRACEBACK"):
        raise error
    what = f"internal error, {type(error).__name__}: {error}"
    return f"{what} (set ARVAE_MUSIC_TRACEBACK=1 for the details, and report it)", 1


def _quiet() -> None:
    """Let nothing that is flushed on the way out meet the closed pipe again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
