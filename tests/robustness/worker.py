"""A process that makes files from a seed and tries them, one after another, with bounded memory.

    python -m tests.robustness.worker FOLDER

reads a line `KIND SEED NUMBER` at a time, and answers each with a line of JSON.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.robustness.abc_files import abc_file
from tests.robustness.midi_files import midi_file
from tests.robustness.mxl_files import mxl_file
from tests.robustness.sources import abc_sources, midi_sources, xml_sources
from tests.robustness.tally import Outcome
from tests.robustness.trial import attempt, strict_warnings
from tests.robustness.xml_files import xml_file

MEMORY = 3 << 30
"""Bytes of addresses that a process may have, its libraries and all."""

Make = Callable[[random.Random, list[bytes], int], bytes]

KINDS: dict[str, tuple[str, Make, Callable[[], list[bytes]]]] = {
    "MIDI": (".mid", midi_file, midi_sources),
    "ABC": (".abc", abc_file, abc_sources),
    "MusicXML": (".musicxml", xml_file, xml_sources),
    "MXL": (".mxl", mxl_file, xml_sources),
}
"""Extension, maker and real files by kind."""


def make(kind: str, seed: int, number: int) -> tuple[str, bytes]:
    """Extension and content of a file; the same for the same seed and number."""
    suffix, maker, sources = KINDS[kind]
    return suffix, maker(random.Random(f"{seed} {kind} {number}"), sources(), number)


def tried(folder: Path, kind: str, seed: int, number: int) -> Outcome:
    """Make a file in the folder, and try it."""
    suffix, content = make(kind, seed, number)
    out = folder / "out"
    out.mkdir(exist_ok=True)
    path = folder / f"in{suffix}"
    path.write_bytes(content)
    return attempt(path, out, number)


def main(folder: Path) -> None:
    """Answer every line."""
    strict_warnings()
    for _, _, sources in KINDS.values():
        sources()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    answers = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        kind, seed, number = line.split()
        began = time.process_time()
        outcome = tried(folder, kind, int(seed), int(number))
        spent = time.process_time() - began
        size = max((path.stat().st_size for path in folder.glob("in.*")), default=0)
        said = {"word": outcome.word, "said": outcome.said, "seconds": spent, "bytes": size}
        print(json.dumps(said), file=answers, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
