"""The text of an ABC file: its encoding and its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from arvae_music.formats.abc_events import Line
from arvae_music.formats.limits import content_of

_LINE = re.compile(r"[^\r\n]+|\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"


def lines_of(text: str) -> Iterator[Line]:
    """The lines of a text, whatever ends them."""
    ended = True
    for match in _LINE.finditer(text):
        if match[0][0] not in "\r\n":
            yield Line(match[0], match.start())
            ended = False
        else:
            if ended:
                yield Line("", match.start())
            ended = True


@dataclass(frozen=True)
class AbcText:
    """A file's text, and what gives its bytes back."""

    text: str
    encoding: str
    mark: bytes = b""  # the byte order mark

    @classmethod
    def decode(cls, data: bytes) -> AbcText:
        """UTF-8 or else Latin-1."""
        mark = _BOM if data.startswith(_BOM) else b""
        try:
            return cls(data[len(mark) :].decode("utf-8"), "utf-8", mark)
        except UnicodeDecodeError:
            return cls(data.decode("latin-1"), "latin-1")

    def encode(self, text: str) -> bytes:
        """The bytes of another text in the file's encoding."""
        return self.mark + text.encode(self.encoding)


def load_text(path: Path) -> AbcText:
    """An ABC file's text, UTF-8 or else Latin-1.

    Raises:
        ArvaeError: the file cannot be read, or is too large.
    """
    return AbcText.decode(content_of(path))


def read_text(path: Path) -> str:
    """The text alone; see `load_text`."""
    return load_text(path).text
