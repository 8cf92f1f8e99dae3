"""Our ABC reader beside music21's, bar by bar, over every tune of the three bundled books.

Every bar is compared in exact time: its length, the meter's grid, every note and rest with its ties;
so equal bars have equal tokens. Where the readers count bars differently, the bars are matched in order.
A difference counts as explained where a named case of `abc_cases` proves it: the same text without one
construct is read alike by both.

    python -m tests.differential.abc_music21
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from arvae_music.measures import Measure, measures
from tests.differential.abc_books import BOOKS, BarSays, BookTune, Reader, by_music21, by_us, says, tunes_of
from tests.differential.abc_cases import CASES


@dataclass
class Result:
    """Counts of one book; `unexplained` names the tunes and measures."""

    tunes: int = 0
    tunes_equal: int = 0
    measures: int = 0
    equal: int = 0
    explained: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)


def compare(tunes: Iterable[BookTune], music21: Reader = by_music21) -> Result:
    """Both readers over some tunes."""
    result = Result()
    for tune in tunes:
        melody = by_us(tune.text)
        rows = measures(melody) if melody is not None else []
        reasons = explain(tune.text, music21)
        result.tunes += 1
        result.tunes_equal += not reasons
        result.measures += len(rows)
        for row in rows:
            _count(result, tune, row, reasons)
        result.unexplained += [f"{tune.name}: bars that we do not have"] * (None in reasons)
    return result


def _count(result: Result, tune: BookTune, row: Measure, reasons: dict[int | None, str | None]) -> None:
    differing = [bar for bar in row.bars if bar in reasons]
    if not differing:
        result.equal += 1
        return
    names = [reasons[bar] for bar in differing]
    if None in names:
        result.unexplained.append(f"{tune.name} measure {row.index}")
    else:
        result.explained[str(names[0])] += 1


def explain(text: str, music21: Reader = by_music21) -> dict[int | None, str | None]:
    """Name of the case by our bar's index for every bar that differs; None where there is none.

    Cases are tried one by one, each on top of those that changed what music21 says. The key None
    stands for bars that only music21 has, once all is tried.
    """
    ours, theirs = _bars(by_us, text), _bars(music21, text)
    open_bars = _differing(ours, theirs)
    found: dict[int | None, str | None] = dict.fromkeys(open_bars)
    if ours != theirs and not open_bars:
        found[None] = None
    for case in CASES:
        if ours == theirs:
            break
        changed = case.rewrite(text)
        if changed == text:
            continue
        ours_changed = _bars(by_us, changed)
        if ours_changed != ours and not (case.for_both and len(ours_changed) == len(ours)):
            continue
        theirs_changed = _bars(music21, changed)
        still = _differing(ours_changed, theirs_changed)
        if case.for_both and len(still) >= len(open_bars):
            continue
        found |= dict.fromkeys(set(open_bars) - set(still), case.name)
        found |= {bar: None for bar in still if bar not in found}
        text, ours, theirs, open_bars = changed, ours_changed, theirs_changed, still
    found |= dict.fromkeys(open_bars)
    found.pop(None, None)
    if not open_bars and ours != theirs:
        found[None] = None
    return found


def _bars(reader: Reader, text: str) -> list[BarSays]:
    melody = reader(text)
    return says(melody) if melody is not None else []


def _differing(ours: Sequence[BarSays], theirs: Sequence[BarSays]) -> list[int]:
    """Indices of our bars that have no equal in their place among the others."""
    if len(ours) == len(theirs):
        return [index for index, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b]
    blocks = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    equal = {block.a + step for block in blocks for step in range(block.size)}
    return [index for index in range(len(ours)) if index not in equal]


def table(results: dict[str, Result]) -> str:
    """The counts by book, and by case."""
    columns = ("tunes", "equal", "measures", "equal", "explained", "unexplained")
    lines = [f"{'book':12}" + "".join(f"{name:>12}" for name in columns)]
    explained: Counter[str] = Counter()
    for book, result in results.items():
        explained += result.explained
        explained_here, unexplained = result.explained.total(), len(result.unexplained)
        counts = (
            result.tunes,
            result.tunes_equal,
            result.measures,
            result.equal,
            explained_here,
            unexplained,
        )
        lines.append(f"{book:12}" + "".join(f"{count:12}" for count in counts))
    lines.append("")
    for case in CASES:
        lines.append(f"{explained[case.name]:6} {case.name} (wrong: {case.wrong}): {case.why}")
    return "\n".join(lines)


def main() -> int:
    """Print the table; 1 where something is unexplained."""
    results = {book: compare(tunes_of(folder)) for book, folder in BOOKS.items()}
    unexplained = [line for result in results.values() for line in result.unexplained]
    sys.stdout.write("\n".join([table(results), "", *unexplained]) + "\n")
    return 1 if unexplained else 0


if __name__ == "__main__":
    raise SystemExit(main())
