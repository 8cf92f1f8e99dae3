"""MusicXML files on disk: plain text in any encoding, or compressed (`.mxl`), and back.

Nothing is unpacked to disk, no entity is expanded, and what may come out of an archive is bounded.
"""

from __future__ import annotations

import io
import lzma
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from arvae_music.errors import ArvaeError
from arvae_music.formats.limits import LARGEST, content_of
from arvae_music.formats.musicxml_tree import Element, parse

_DECLARATION = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z][\w.:-]*)["']""")
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_CONTAINER = "META-INF/container.xml"
_MEDIA_TYPE = "application/vnd.recordare.musicxml"
_ZIP_FAULTS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError,
    LookupError, ValueError, OverflowError,
)  # fmt: skip
"""What reading a damaged archive may end in: zipfile lets through what it stumbles over."""


@dataclass(frozen=True)
class ScoreFile:
    """A score's text, and what is needed to write it back as it was found.

    Attributes:
        data: the text in UTF-8, without a byte order mark; places in it are byte offsets.
        encoding: the encoding in the file.
        mark: the byte order mark in the file.
        archive: the whole `.mxl` archive, or None for a plain file.
        member: the name of the score in the archive.
    """

    data: bytes
    encoding: str = "utf-8"
    mark: bytes = b""
    archive: bytes | None = None
    member: str = ""

    def encode(self, data: bytes, *, compressed: bool) -> bytes:
        """The file with another text in UTF-8, plain or as an archive with the same other members."""
        plain = self.mark + (data if self.encoding == "utf-8" else data.decode().encode(self.encoding))
        if not compressed:
            return plain
        if self.archive is None:
            return new_archive(plain)
        try:
            return _with_member(self.archive, self.member, plain)
        except _ZIP_FAULTS as error:
            cause = str(error).splitlines() or [type(error).__name__]
            raise ArvaeError(f"the .mxl archive cannot be written again ({cause[0][:200]})") from None


def load_score(path: Path) -> ScoreFile:
    """Read a plain or compressed score; its content says which of the two it is.

    Raises:
        ArvaeError: the file cannot be read, is too large, or is no sound archive.
    """
    content = content_of(path)
    if not content.strip():
        raise ArvaeError(f"{path} is empty: it has no tune")
    if not content.startswith(b"PK"):
        return _decoded(path, content)
    try:
        member, plain = _score_in(path, content)
    except _ZIP_FAULTS as error:
        cause = str(error).splitlines() or [type(error).__name__]
        raise ArvaeError(f"{path}: not a sound .mxl archive ({cause[0][:200]})") from None
    found = _decoded(path, plain)
    return ScoreFile(found.data, found.encoding, found.mark, content, member)


def new_archive(plain: bytes) -> bytes:
    """A `.mxl` archive with one score."""
    stream = io.BytesIO()
    container = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<container>\n  <rootfiles>\n'
        f'    <rootfile full-path="score.musicxml" media-type="{_MEDIA_TYPE}+xml"/>\n'
        "  </rootfiles>\n</container>\n"
    )
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        # A fixed date, so that the same score is the same file.
        mimetype = zipfile.ZipInfo("mimetype")
        archive.writestr(mimetype, _MEDIA_TYPE, zipfile.ZIP_STORED)
        archive.writestr(zipfile.ZipInfo(_CONTAINER), container, zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo("score.musicxml"), plain, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _decoded(path: Path, content: bytes) -> ScoreFile:
    mark, encoding = next(((m, name) for m, name in _MARKS if content.startswith(m)), (b"", ""))
    plain = content[len(mark) :]
    if not encoding:
        declared = _DECLARATION.match(plain)
        encoding = declared[1].decode().lower() if declared else "utf-8"
    if encoding in ("utf-8", "utf8", "us-ascii", "ascii") and b"\0" not in plain:
        return ScoreFile(plain, "utf-8", mark)
    try:
        text = plain.decode(encoding)
        if text.encode(encoding) == plain and "\0" not in text:
            return ScoreFile(text.encode(), encoding, mark)
    except (LookupError, UnicodeError):
        pass
    raise ArvaeError(f"{path}: cannot be read as text in {encoding}: save it as UTF-8")


def _score_in(path: Path, content: bytes) -> tuple[str, bytes]:
    """Name and content of the score in an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if sum(info.file_size for info in members) > LARGEST:
            raise ArvaeError(f"{path}: unpacks to more than {LARGEST >> 20} MB: it is not read")
        for info in members:
            _check_name(path, info.filename)
        name = _root_name(path, archive)
        if name not in archive.namelist():
            raise ArvaeError(f"{path}: the archive has no member '{name[:80]}', which it names as its score")
        return name, _member(path, archive, name)


def _check_name(path: Path, name: str) -> None:
    parts = re.split(r"[/\\]", name)
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        raise ArvaeError(f"{path}: the archive has a member '{name[:80]}' outside of it: not read")


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    """A member's content; the size in an archive's directory is not trusted."""
    with archive.open(name) as member:
        content = member.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ArvaeError(f"{path}: unpacks to more than {LARGEST >> 20} MB: it is not read")
    return content


def _root_name(path: Path, archive: zipfile.ZipFile) -> str:
    """The first score that the container names, else the only one that there is."""
    names = archive.namelist()
    if _CONTAINER in names:
        try:
            root = parse(_member(path, archive, _CONTAINER))
        except ArvaeError as error:
            raise ArvaeError(f"{path}: {_CONTAINER}: {error}") from None
        for found in _rootfiles(root):
            _check_name(path, found)
            return found
    scores = [n for n in names if n.lower().endswith((".xml", ".musicxml")) and not n.startswith("META-INF")]
    if not scores:
        raise ArvaeError(f"{path}: the archive holds no score")
    return scores[0]


def _rootfiles(root: Element) -> list[str]:
    return [
        file.attributes["full-path"]
        for files in root.all("rootfiles")
        for file in files.all("rootfile")
        if "full-path" in file.attributes
    ]


def _with_member(content: bytes, name: str, plain: bytes) -> bytes:
    """The archive with one member replaced; the others keep their order, dates and content."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        new.comment = old.comment
        for info in old.infolist():
            body = plain if info.filename == name else _member(Path(name), old, info.filename)
            copied = zipfile.ZipInfo(info.filename, info.date_time)
            copied.external_attr, copied.create_system = info.external_attr, info.create_system
            copied.comment = info.comment
            kind = info.compress_type if info.compress_type else zipfile.ZIP_STORED
            new.writestr(copied, body, kind)
    return stream.getvalue()
