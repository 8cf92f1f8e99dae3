"""What came of trials, counted by kind and shown as one table."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

GOOD = ("done", "refused")
"""A success whose output can be read again, and an error of one line that names the file and the cause."""

FAULTS = ("crash", "hang", "memory", "leak", "partial", "lost")
"""Another error than ours; more time or memory than allowed; a traceback, or an error that is not one line
with the file's name; part of an output, or litter beside it; an output or a state that cannot be read again,
or is not what it should be."""


@dataclass(frozen=True)
class Outcome:
    """What came of one trial: one of the words above, and what to say of it."""

    word: str
    said: str = ""


@dataclass
class Tally:
    """Outcomes by kind of trial; of faults, the case that shows them."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def add(self, kind: str, outcome: Outcome, case: str = "") -> None:
        """Count an outcome."""
        self.counts.setdefault(kind, Counter())[outcome.word] += 1
        if outcome.word not in GOOD:
            self.faults.append(f"{kind} {case}: {outcome.word}: {outcome.said}")
            print(self.faults[-1], file=sys.stderr, flush=True)  # noqa: T201 - as it happens

    def total(self, words: Iterable[str] = (*GOOD, *FAULTS)) -> int:
        """How many trials ended in one of the words."""
        return sum(count[word] for count in self.counts.values() for word in words)

    def lines(self) -> list[str]:
        """The table."""
        head = f"{'kind':<24}{'tried':>8}" + "".join(f"{word:>9}" for word in (*GOOD, *FAULTS))
        rows = [self._row(kind, count) for kind, count in self.counts.items()]
        whole = sum(self.counts.values(), Counter[str]())
        return [head, *rows, self._row("all", whole)]

    @staticmethod
    def _row(kind: str, count: Counter[str]) -> str:
        return f"{kind:<24}{count.total():>8}" + "".join(f"{count[word]:>9}" for word in (*GOOD, *FAULTS))
