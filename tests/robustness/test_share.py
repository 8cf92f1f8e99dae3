"""A small share of `python -m tests.robustness`, with a seed of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.robustness.files import Case, cases, try_files
from tests.robustness.tally import Outcome, Tally

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="limits memory, forks and kills as Linux does"
)


def test_damaged_files() -> None:
    tally = Tally()
    try_files([case for case in cases(60, 7) if case.number != 1], tally, 1)
    assert tally.faults == []
    assert min(tally.counts[kind]["done"] for kind in ("MIDI", "ABC", "MusicXML")) > 0
    assert tally.total(["refused"]) > 0


def test_every_file_is_the_same_for_the_same_seed() -> None:
    from tests.robustness.worker import make

    for case in (Case("MIDI", 3, 8), Case("ABC", 3, 8), Case("MusicXML", 3, 8)):
        assert make(*case) == make(*case)
        assert make(*case) != make(*case._replace(seed=4))


def test_damaged_checkpoints() -> None:
    from tests.robustness.checkpoints import try_checkpoints

    tally = Tally()
    try_checkpoints(40, 7, tally)
    assert tally.faults == []
    assert tally.counts["checkpoints"]["done"] > 0


def test_kills() -> None:
    from tests.robustness.kills import try_kills

    tally = Tally()
    try_kills(8, 7, tally)
    assert tally.faults == []


def test_preparing_together(tmp_path: Path) -> None:
    from tests.robustness.together import prepare_together

    tally = Tally()
    prepare_together(tmp_path, 7, tally)
    assert tally.faults == []


def test_a_full_disk_and_folders_that_are_gone() -> None:
    from tests.robustness.disk import try_disk

    tally = Tally()
    try_disk(7, tally, only=("tunes", "checkpoint"))
    assert tally.faults == []
    assert tally.counts["full disk, checkpoint"]["refused"] > 0


def test_what_is_no_fault_is_counted_and_what_is_one_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()
    tally.add("MIDI", Outcome("done"))
    tally.add("MIDI", Outcome("crash", "KeyError"), "0 7")
    tally.add("ABC", Outcome("refused", "a line"))
    assert tally.faults == ["MIDI 0 7: crash: KeyError"]
    assert [line.split()[:4] for line in tally.lines()[1:]] == [
        ["MIDI", "2", "1", "0"],
        ["ABC", "1", "0", "1"],
        ["all", "3", "1", "1"],
    ]
    assert "KeyError" in capsys.readouterr().err
