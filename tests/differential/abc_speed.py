"""Tunes of the three books read in a second on one core, by us and by music21, in one run.

python -m tests.differential.abc_speed
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

from tests.differential.abc_books import BOOKS, BookTune, by_us, tunes_of

EVERY = 20
"""One tune in so many is read."""


def tunes_per_second(tunes: Sequence[BookTune], reader: Callable[[str], object]) -> float:
    """Processor time counts: what else the machine does does not."""
    reader(tunes[0].text)  # its imports
    start = time.process_time()
    for tune in tunes:
        reader(tune.text)
    return len(tunes) / (time.process_time() - start)


def measure() -> tuple[int, float, float]:
    """Number of tunes, and tunes per second by us and by music21."""
    from music21 import converter

    tunes = [tune for folder in BOOKS.values() for tune in tunes_of(folder)][::EVERY]
    return (
        len(tunes),
        tunes_per_second(tunes, by_us),
        tunes_per_second(tunes, partial(converter.parse, format="abc")),
    )


def main() -> int:
    """Print both rates and their ratio."""
    count, ours, theirs = measure()
    rates = f"we {ours:.0f} a second, music21 {theirs:.0f}, ratio {ours / theirs:.1f}"
    sys.stdout.write(f"{count} tunes: {rates}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
