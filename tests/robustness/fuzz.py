"""A fuzzer that is guided by coverage, to be run by hand: it tries what leads it to new lines of the readers.

    pip install atheris && python -m tests.robustness.fuzz abc -max_total_time=600

The first word is `mid`, `abc`, `musicxml` or `mxl`; what follows goes to the fuzzer (libFuzzer's options). It
stops at the first fault, and leaves the input that shows it in the working folder.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

KINDS = ("mid", "abc", "musicxml", "mxl")


class FaultError(Exception):
    """An input that breaks the program."""


def main(kind: str, options: list[str]) -> None:
    """Fuzz one reader until a fault or the end of the time."""
    atheris = importlib.import_module("atheris")  # not among the requirements
    with atheris.instrument_imports(include=["arvae_music", "mido", "zipfile"]):
        from arvae_music import formats  # noqa: F401 - imported so that it is instrumented
        from tests.robustness.trial import attempt, strict_warnings
    from tests.robustness.tally import GOOD

    strict_warnings()
    with tempfile.TemporaryDirectory(prefix="fuzz") as name:
        seeds, out, path = Path(name) / "seeds", Path(name) / "out", Path(name) / f"in.{kind}"
        for folder in (seeds, out):
            folder.mkdir()
        for number, content in enumerate(_sources(kind)):
            (seeds / str(number)).write_bytes(content)
        tried = 0

        def once(data: bytes) -> None:
            nonlocal tried
            path.write_bytes(data)
            outcome = attempt(path, out, tried)
            tried += 1
            if outcome.word not in GOOD:
                raise FaultError(f"{outcome.word}: {outcome.said}")

        atheris.Setup([sys.argv[0], "-timeout=30", "-rss_limit_mb=4096", *options, str(seeds)], once)
        atheris.Fuzz()


def _sources(kind: str) -> list[bytes]:
    from tests.robustness.mxl_files import CONTAINER, archive, container
    from tests.robustness.sources import abc_sources, midi_sources, xml_sources

    if kind == "mid":
        return midi_sources()
    if kind == "abc":
        return abc_sources()
    scores = xml_sources()
    zipped = [archive((CONTAINER, container("s.xml")), ("s.xml", score)) for score in scores]
    return scores if kind == "musicxml" else zipped


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in KINDS:
        sys.exit(f"name what to fuzz: {', '.join(KINDS)}")
    main(sys.argv[1], sys.argv[2:])
