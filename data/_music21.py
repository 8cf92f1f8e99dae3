"""Where the installed music21 keeps its corpus; found without importing it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from arvae_music.errors import ArvaeError


def corpus_folder() -> Path:
    """The folder `music21/corpus`.

    Raises:
        ArvaeError: music21 is not installed, or without its corpus.
    """
    spec = find_spec("music21")
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        folder = Path(place) / "corpus"
        if folder.is_dir():
            return folder
    raise ArvaeError("music21 and its corpus are not installed: pip install music21")


def files_in(folders: tuple[str, ...], suffixes: tuple[str, ...]) -> list[Path]:
    """The files with these extensions in folders of the corpus, in a fixed order.

    Raises:
        ArvaeError: there are none.
    """
    root = corpus_folder()
    found = [
        path for folder in folders for path in sorted((root / folder).glob("*")) if path.suffix in suffixes
    ]
    if not found:
        raise ArvaeError(f"{root} has no files in {', '.join(folders)}: install music21 with its corpus")
    return found
