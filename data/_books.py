"""Read tune books, of which one bad tune must not cost the others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from arvae_music.data._card import Unread

from arvae_music.errors import ArvaeError
from arvae_music.formats.abc import split_tunes
from arvae_music.formats.abc_text import read_text
from arvae_music.melody import Melody


def read_book(path: Path) -> Sequence[Melody | Unread]:
    """Every tune of an ABC book that has notes, of each its first voice with notes.

    A tune that its reader stumbles over is named by its number.

    Raises:
        ArvaeError: the file cannot be read, or has no notes.
    """
    found: list[Melody | Unread] = []
    for tune in split_tunes(read_text(path)):
        try:
            found.extend(list(tune.voices().values())[:1])
        except Exception as error:  # a thousand other tunes may be sound
            kind = "" if isinstance(error, ArvaeError) else f"{type(error).__name__}: "
            found.append(Unread(f"X:{tune.number}", f"{kind}{error}"))
    if not found:
        raise ArvaeError(f"{path} has no tune with notes")
    return found
