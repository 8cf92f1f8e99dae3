"""Writing files whole or not at all."""

import os
import tempfile
from pathlib import Path

from arvae_music.errors import ArvaeError, UsageError


def check_free(path: str | os.PathLike[str], *, force: bool = False) -> Path:
    """`path`, ready to be written.

    Called before long work, so that it is not done in vain.

    Raises:
        UsageError: it exists and `force` is not given, it is a folder, or its folder does not exist.
    """
    path = Path(path)
    if path.is_dir():
        raise UsageError(f"{path} is a folder: give the name of a file to write")
    if path.exists() and not force:
        raise UsageError(f"{path} exists: give another name, or --force to write over it")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: its folder {path.parent} does not exist: make it first")
    return path


def atomic_write(path: str | os.PathLike[str], content: bytes | str, *, force: bool = False) -> Path:
    """Write `content` (text as UTF-8) to `path`, whole or not at all, and return the path.

    Raises:
        UsageError: the path exists and `force` is not given, or it cannot be a file.
        ArvaeError: the system refuses (rights, space).
    """
    path = check_free(path, force=force)
    data = content.encode() if isinstance(content, str) else content
    target = path.resolve()  # through a link, so that the link stays one
    try:
        handle, draft = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:32]}.", suffix=".part")
    except OSError as error:
        raise ArvaeError(f"cannot write {path}: {error.strerror}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(_mode(target))
        if force:
            os.replace(draft, target)
        else:
            _publish(draft, target)
    except FileExistsError:
        raise UsageError(f"{path} exists: give another name, or --force to write over it") from None
    except OSError as error:
        raise ArvaeError(f"cannot write {path}: {error.strerror}") from error
    finally:
        Path(draft).unlink(missing_ok=True)
    return path


def _publish(draft: str, target: Path) -> None:
    """Give the draft its name, unless somebody took the name meanwhile."""
    try:
        os.link(draft, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        os.replace(draft, target)


def _mode(target: Path) -> int:
    """Rights of the file that is replaced, or those a new file gets (mkstemp gives the owner's alone)."""
    if target.exists():
        return target.stat().st_mode & 0o777
    return usual_mode(0o666)


def usual_mode(wanted: int) -> int:
    """Rights that something new gets, of those that are wanted: 0o666 for a file, 0o777 for a folder."""
    mask = os.umask(0)
    os.umask(mask)
    return wanted & ~mask
