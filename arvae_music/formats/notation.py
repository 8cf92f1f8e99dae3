"""ABC: read, edited in place, and written from nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from arvae_music.formats.tune import ReadOptions, Tune


@dataclass(frozen=True)
class AbcFormat:
    """ABC with this package's own reader and writer."""

    suffixes: tuple[str, ...] = (".abc",)

    @property
    def options(self) -> frozenset[str]:
        """Bar lines are notated and time is exact: nothing has to be found or quantized."""
        return frozenset({"part", "tune"})

    def read(self, path: Path, options: ReadOptions) -> Tune:
        """One voice of one tune of the file."""
        from arvae_music.formats.score import read_score

        return read_score(path, part=options.part, tune=options.tune)

    def write(self, tune: Tune) -> bytes:
        """The source with the bars that changed written anew, where it is ABC; else a new tune."""
        from arvae_music.formats.abc_edit import AbcSource, edited
        from arvae_music.formats.abc_tune import write_abc
        from arvae_music.formats.sheets import sheet_of

        if isinstance(tune.source, AbcSource):
            return edited(tune.source, tune.melody)
        return write_abc(tune.melody, sheet_of(tune)).encode()
