"""Files read in a second, beside other readers: `python tests/benchmarks/bulk.py [COUNT]`.

COUNT (5,000) tunes as ABC and as many as MIDI are made from the three bundled books, each in a file of
its own; where the books have fewer, tunes come again in another key. Rates are files in a second of one
core, in processor time, so that what else the machine does counts for little. Slow readers read a
sample, evenly spread; the table says how many files. The last rows prepare a whole folder of both.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import joblib
import music21
import pretty_midi
from arvae_music.data import load_corpus
from arvae_music.data._books import read_book
from arvae_music.data._tune import packed
from rich.console import Console
from rich.table import Table

from arvae_music.formats import read
from arvae_music.formats.abc import split_tunes
from arvae_music.formats.abc_text import read_text
from arvae_music.formats.midi_bulk import read_melody
from arvae_music.formats.midi_write import midi_bytes
from arvae_music.melody import Melody
from arvae_music.meter import GRIDS

CORPUS = Path(music21.__file__).parent / "corpus"
BOOKS = ("oneills1850", "ryansMammoth", "airdsAirs")
METERS = tuple(grid.name for grid in GRIDS)
STEPS = ("C", "G", "D", "A", "E", "F")


class Rate(NamedTuple):
    """A reader's speed: how many files it was given, and the seconds of a core that they took."""

    name: str
    files: int
    seconds: float


def texts() -> list[str]:
    """Every tune of the books with notes, as ABC."""
    found = []
    for folder in BOOKS:
        for path in sorted((CORPUS / folder).glob("*.abc")):
            tunes = re.split(r"(?m)^(?=X:)", read_text(path))
            found += [tune for tune in tunes if tune.startswith("X:") and split_tunes(tune)[0].voices()]
    return found


def make(folder: Path, count: int) -> tuple[list[Path], list[Path]]:
    """The files, ABC and MIDI."""
    for name in ("abc", "midi"):
        (folder / name).mkdir()
    tunes = texts()
    for number in range(count):
        text = tunes[number % len(tunes)]
        melody = next(iter(split_tunes(text)[0].voices().values()))
        again = number // len(tunes)
        if again:
            text = re.sub(r"(?m)^K:\s*[A-G][#b]?", f"K:{STEPS[again % 6]}", text, count=1)
            melody = melody.transposed(again)
        (folder / "abc" / f"{number:05}.abc").write_text(text, encoding="utf-8")
        (folder / "midi" / f"{number:05}.mid").write_bytes(midi_bytes(melody))
    return sorted((folder / "abc").iterdir()), sorted((folder / "midi").iterdir())


def timed(name: str, do: Callable[[Path], object], files: Sequence[Path], sample: int) -> Rate:
    """How fast a reader is on a sample of the files."""
    chosen = files[:: max(len(files) // sample, 1)][:sample]
    do(chosen[0])  # imports, and tables that are made once
    start = time.process_time()
    for path in chosen:
        do(path)
    return Rate(name, len(chosen), time.process_time() - start)


def to_rows(melodies: Sequence[Melody | object]) -> None:
    """The last step before a corpus."""
    for melody in melodies:
        if isinstance(melody, Melody):
            packed(melody, METERS)


def by_music21(path: Path) -> object:
    """A file as music21 reads it afresh."""
    return music21.converter.parseFile(path, forceSource=True, storePickle=False)


def rates(abc: Sequence[Path], midi: Sequence[Path]) -> list[tuple[str, list[Rate]]]:
    """By format; the first of each is the one that others are compared with."""
    count = len(abc)
    return [
        (
            "ABC",
            [
                timed("arvae_music", read_book, abc, count),
                timed("arvae_music, to rows of a corpus", lambda path: to_rows(read_book(path)), abc, count),
                timed("music21", by_music21, abc, 150),
            ],
        ),
        (
            "MIDI",
            [
                timed("arvae_music", read_melody, midi, count),
                timed(
                    "arvae_music, to rows of a corpus", lambda path: to_rows([read_melody(path)]), midi, count
                ),
                timed("arvae_music, a single file's reader (mido)", read, midi, 1000),
                timed(
                    "pretty_midi (no measures)", lambda path: pretty_midi.PrettyMIDI(str(path)), midi, 1000
                ),
                timed("music21", by_music21, midi, 80),
            ],
        ),
    ]


def shown(found: list[tuple[str, list[Rate]]], count: int) -> Table:
    """A row for each reader; a sample's rate stands for all files."""
    table = Table(title=f"one core, {count:,} files of each format")
    for name in ("format", "reader"):
        table.add_column(name)
    for name in ("files read", "files a second", "all files take (≈ by the sample)", "times the first"):
        table.add_column(name, justify="right")
    for form, rows in found:
        for row in rows:
            speed = row.files / row.seconds
            share = speed * rows[0].seconds / rows[0].files
            whole = f"{count / speed:,.0f} s" if row.files == count else f"≈ {count / speed:,.0f} s"
            table.add_row(form, row.name, f"{row.files:,}", f"{speed:,.0f}", whole, f"{share:.3g}")
        table.add_section()
    return table


def prepared(folder: Path, jobs: int) -> tuple[str, float, str]:
    """A line on `data prepare` of the folder, its seconds on the clock, and the corpus's hash."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        start = time.perf_counter()
        corpus = load_corpus(folder, jobs=jobs)
        seconds = time.perf_counter() - start
    files = sum(row.files for row in corpus.formats) + len(corpus.unread)
    who = f"data prepare --jobs {jobs}"
    text = f"{who}: {files:,} files in {seconds:.0f} s, {files / seconds:,.0f} a second"
    return f"{text}; {len(corpus):,} measures, {len(corpus.unread)} files not read", seconds, corpus.hash


def main() -> None:
    """Make the files, time the readers and print the tables."""
    console = Console(width=130, highlight=False)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        abc, midi = make(folder, count)
        console.print(shown(rates(abc, midi), count))
        lines = [prepared(folder, jobs) for jobs in sorted({1, joblib.cpu_count()})]
        for text, _, _ in lines:
            console.print(text)
        console.print(f"the same corpus: {len({digest for _, _, digest in lines}) == 1}")


if __name__ == "__main__":
    main()
