"""MusicXML: read, edited in place, and written from nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from arvae_music.errors import ArvaeError
from arvae_music.formats.tune import ReadOptions, Tune


@dataclass(frozen=True)
class MusicXmlFormat:
    """MusicXML scores by parts, plain or compressed."""

    suffixes: tuple[str, ...]
    compressed: bool

    @property
    def options(self) -> frozenset[str]:
        """Bar lines are notated and time is exact: nothing has to be found or quantized."""
        return frozenset({"part"})

    def read(self, path: Path, options: ReadOptions) -> Tune:
        """One part of the score; of a part with several staves, one staff."""
        return read_musicxml(path, part=options.part)

    def write(self, tune: Tune) -> bytes:
        """The score with the measures that changed written anew, where it is MusicXML; else a new one."""
        from arvae_music.formats.musicxml_edit import MusicXmlSource, edited
        from arvae_music.formats.musicxml_file import ScoreFile
        from arvae_music.formats.musicxml_write import write_musicxml
        from arvae_music.formats.sheets import sheet_of

        if isinstance(tune.source, MusicXmlSource):
            text = edited(tune.source, tune.melody)
            return tune.source.file.encode(text, compressed=self.compressed)
        new = write_musicxml(tune.melody, sheet_of(tune)).encode()
        return ScoreFile(b"").encode(new, compressed=self.compressed)


def read_musicxml(path: Path, *, part: int | str | None = None) -> Tune:
    """Read one staff of a score.

    Args:
        path: the file.
        part: number (from 1) or name of the part, where several have notes.

    Raises:
        ArvaeError: the file cannot be read, or it cannot be told which part is meant.
    """
    from arvae_music.formats.musicxml_edit import MusicXmlSource
    from arvae_music.formats.musicxml_file import load_score
    from arvae_music.formats.musicxml_items import melody_of
    from arvae_music.formats.musicxml_read import parts_of, title_of, voices_of
    from arvae_music.formats.musicxml_tree import parse
    from arvae_music.formats.score import choose_voice

    file = load_score(path)
    try:
        root = parse(file.data)
        title = title_of(root)
        voices = list(voices_of(parts_of(root)))
        melodies = [melody_of(found, staff, title) for _, found, staff in voices]
    except ArvaeError as error:
        raise ArvaeError(f"{path}: cannot be read as MusicXML: {error}") from None
    named = [(name, melody) for (name, _, _), melody in zip(voices, melodies, strict=True)]
    chosen = choose_voice(path, named, part)
    index = next(i for i, melody in enumerate(melodies) if melody is chosen)
    _, found, staff = voices[index]
    source = MusicXmlSource(file, index, found, staff, chosen)
    return Tune(path, source.melody, source)
