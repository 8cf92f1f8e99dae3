"""Writing files whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

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
    if path.parent.is_file():
        raise UsageError(f"{path}: {path.parent} is a file, where a folder is needed: give another name")
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
    try:
        with whole_file(path.resolve(), force=force) as file:  # through a link, so that the link stays one
            file.write(data)
    except FileExistsError:
        raise UsageError(f"{path} exists: give another name, or --force to write over it") from None
    except OSError as error:
        raise ArvaeError(f"cannot write {path}: {error.strerror or error}") from error
    return path


@contextmanager
def whole_file(target: Path, *, force: bool = True) -> Iterator[IO[bytes]]:
    """A file to write into that takes the target's name at the end; where that fails, there is none.

    Where the system can, it has no name until then, so that a process that is killed leaves nothing.

    Args:
        target: of the file, in a folder that exists.
        force: whether to take the place of a file of that name.

    Raises:
        FileExistsError: there is one, and `force` is not given.
        OSError: the system refuses.
    """
    file, draft = _draft(target)
    try:
        with file:
            yield file
            file.flush()
            os.chmod(file.fileno() if draft is None else draft, _mode(target))
            os.fsync(file.fileno())
            if draft is None and not force:
                _name(file, target)
            elif draft is None:
                draft = target.parent / _draft_name(target)
                _name(file, draft)
        if draft is not None:
            _publish(draft, target, force=force)
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)


def _draft(target: Path) -> tuple[IO[bytes], Path | None]:
    """A new file beside the target, and its name if it has one."""
    nameless = getattr(os, "O_TMPFILE", None)
    if nameless is not None and os.path.isdir(_OPEN_FILES):
        try:
            return os.fdopen(os.open(target.parent, nameless | os.O_RDWR, 0o600), "w+b"), None
        except OSError:  # not on every file system; what else is wrong shows again
            pass
    draft = target.parent / _draft_name(target)
    return os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b"), draft


_OPEN_FILES = "/proc/self/fd"


def _draft_name(target: Path) -> str:
    return f".{target.name[:32]}.{secrets.token_hex(6)}.part"


def _name(file: IO[bytes], path: Path) -> None:
    """Give a nameless file a name that nothing has."""
    # Only with a folder's descriptor does Python follow the link, which is the file; the path is absolute.
    os.link(f"{_OPEN_FILES}/{file.fileno()}", path, src_dir_fd=0, follow_symlinks=True)


def _publish(draft: Path, target: Path, *, force: bool) -> None:
    """Give the draft its name; without `force`, unless somebody took the name meanwhile."""
    if not force:
        try:
            os.link(draft, target)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            pass
        else:
            return
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
