"""What can be had, by trying everything: plain Python, with nothing of arvae_music.control in it.

Small cases are enumerated token by token. For whole meters, where that is too much, rhythms are put
together beat by beat, and pitches are those of a first note, a last note, and two between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, combinations, product

from tests.music import ALL, BEATS, HOLD, REST, SIXTEENTHS, TABLE, TOTAL, TRIPLETS, is_dotted

COMPLEXITY, RANGE, DENSITY, CONTOUR = "rhythmic_complexity", "pitch_range", "note_density", "contour"


def subsets(of: Sequence[int]) -> Iterator[tuple[int, ...]]:
    return chain.from_iterable(combinations(of, size) for size in range(len(of) + 1))


def hundredths(meter: str, ticks: Iterable[int]) -> int:
    """Weight sum of onsets."""
    return sum(round(100 * TABLE[meter][tick]) for tick in ticks)


def ticks_of(meter: str) -> int:
    return 6 * BEATS[meter][1]


def divisions(meter: str) -> tuple[tuple[int, ...], ...]:
    """The sets of places of a beat on which events may lie together."""
    return (ALL,) if is_dotted(meter) else (SIXTEENTHS, TRIPLETS)


def around_join(meter: str, join: int | None, allowed: Iterable[int] = range(24)) -> tuple[int, ...]:
    """Ticks that share a subdivision with an event where a pickup begins."""
    kept = set(allowed)
    if join is not None and not is_dotted(meter) and join % 6:
        fitting = SIXTEENTHS if join % 6 in SIXTEENTHS else TRIPLETS
        kept -= {tick for tick in kept if tick // 6 == join // 6 and tick % 6 not in fitting}
    return tuple(sorted(kept))


# --- token by token -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setting:
    """A small world: a meter with events on a few ticks, a few pitches numbered from 0, ties, a join."""

    meter: str
    ticks: tuple[int, ...]
    pitches: tuple[int, ...]
    tie_in: int | None = None
    tie_out: int | None = None
    join: int | None = None
    locked: tuple[tuple[int, int], ...] = ()
    sequence: tuple[int, ...] | None = None


NOTE = -9
"""A locked tick whose note may have any pitch."""


def is_subsequence(some: Sequence[int], of: Sequence[int]) -> bool:
    left = iter(of)
    return all(any(one == other for other in left) for one in some)


def keeps_pitches(source: Sequence[int], tokens: Sequence[int]) -> bool:
    """The pitch lock: the source's pitches are in those of a measure with as many notes or more, else the
    reverse."""
    pitches = [token for token in tokens if token >= 0]
    if len(pitches) >= len(source):
        return is_subsequence(source, pitches)
    return is_subsequence(pitches, source)


@lru_cache(maxsize=8)
def legal_measures(world: Setting) -> tuple[tuple[int, ...], ...]:
    """Every legal measure that keeps to the locks: pitch numbers, HOLD, REST for each tick of the meter."""
    free = replace(world, locked=(), sequence=None)
    if world == free:
        return _legal_measures(world)
    return tuple(
        tokens
        for tokens in _legal_measures(free)
        if all(tokens[t] >= 0 if one == NOTE else tokens[t] == one for t, one in world.locked)
        and (world.sequence is None or keeps_pitches(world.sequence, tokens))
    )


@lru_cache(maxsize=8)
def _legal_measures(world: Setting) -> tuple[tuple[int, ...], ...]:
    length = ticks_of(world.meter)
    allowed = set(around_join(world.meter, world.join, world.ticks))
    found: list[tuple[int, ...]] = []

    def go_on(tokens: list[int], sounding: int | None, places: frozenset[int]) -> None:
        tick = len(tokens)
        if tick == length:
            if world.tie_out is None or sounding == world.tie_out:
                found.append(tuple(tokens))
            return
        if tick % 6 == 0:
            places = frozenset()
        must = (tick == 0 and world.tie_in is None) or (tick == world.join and sounding is not None)
        if not must:
            go_on([*tokens, HOLD], sounding, places)
        if tick not in allowed or (tick == 0 and world.tie_in is not None):
            return
        now = places | {tick % 6}
        if not any(now <= set(division) for division in divisions(world.meter)):
            return
        if sounding is not None or tick == 0:
            go_on([*tokens, REST], None, now)
        for pitch in world.pitches:
            go_on([*tokens, pitch], pitch, now)

    go_on([], world.tie_in, frozenset())
    return tuple(found)


def values(meter: str, tokens: Sequence[int]) -> dict[str, float]:
    """The four attributes; complexity in hundredths of weight over the whole."""
    onsets = [tick for tick, token in enumerate(tokens) if token >= 0]
    pitches = [tokens[tick] for tick in onsets]
    return {
        COMPLEXITY: hundredths(meter, onsets) / (100 * TOTAL[meter]),
        RANGE: max(pitches) - min(pitches) if pitches else 0,
        DENSITY: len(pitches),
        CONTOUR: pitches[-1] - pitches[0] if pitches else 0,
    }


def distance(name: str, value: float, target: float) -> float:
    """|value - target|; within the tolerance of complexity nothing."""
    gap = abs(value - target)
    return 0.0 if name == COMPLEXITY and gap <= 0.01 + 1e-9 else gap


def meets(found: dict[str, float], targets: dict[str, float]) -> bool:
    return all(distance(name, found[name], target) < 1e-9 for name, target in targets.items())


def cost(found: dict[str, float], targets: dict[str, float], std: dict[str, float]) -> float:
    return sum(distance(name, found[name], target) / std[name] for name, target in targets.items())


# --- beat by beat -----------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def rhythms(
    meter: str, *, tied: bool = False, join: int | None = None, after: int | None = None
) -> frozenset[tuple[int, int]]:
    """Every (note count, weight sum in hundredths) of a legal rhythm.

    `tied`: nothing starts on the first tick. `join`: see `around_join`. `after`: some note starts at this
    tick or later.
    """
    allowed = set(around_join(meter, join)) - ({0} if tied else set())
    sums = {(0, 0, after is None)}
    for beat in range(BEATS[meter][1]):
        choices = {
            (len(some), hundredths(meter, some), after is not None and max(some, default=-1) >= after)
            for division in divisions(meter)
            for some in subsets([6 * beat + place for place in division if 6 * beat + place in allowed])
        }
        sums = {(n + m, w + v, late or now) for n, w, late in sums for m, v, now in choices}
    return frozenset((n, w) for n, w, late in sums if late)


@dataclass(frozen=True)
class Reach:
    """What a whole measure can have, of some pitches."""

    meter: str
    allowed: tuple[int, ...]
    tie_in: int | None = None
    tie_out: int | None = None
    join: int | None = None
    fewest: int = 0

    def rhythms(self) -> Iterator[tuple[int, float]]:
        """Note counts and complexities."""
        after = self.join if self.tie_out is not None else None
        for count, weight in rhythms(self.meter, tied=self.tie_in is not None, join=self.join, after=after):
            if count >= self.fewest and (count or self.tie_out in (None, self.tie_in)):
                yield count, weight / (100 * TOTAL[self.meter])

    def pitches(self, count: int) -> set[tuple[int, int]]:
        """Ranges and contours of so many notes (4 for more): those of first, last and two between."""
        if count < 2:
            return {(0, 0)}
        lasts = self.allowed if self.tie_out is None else (self.tie_out,)
        found = set()
        for first, last in product(self.allowed, lasts):
            low, high = min(first, last), max(first, last)
            spans = {high - low}
            if count > 2:
                spans |= {max(high, p) - min(low, p) for p in self.allowed}
            if count > 3:
                spans |= {max(high, q) - min(low, p) for p, q in combinations(self.allowed, 2)}
            found |= {(span, last - first) for span in spans}
        return found

    def least(self, targets: dict[str, float], std: dict[str, float]) -> float:
        """The least cost of any measure; 0 where all targets can be had."""
        best = float("inf")
        pitched: dict[int, float] = {}
        for kind in range(5):
            here = [
                cost({RANGE: span, CONTOUR: contour}, only(targets, RANGE, CONTOUR), std)
                for span, contour in self.pitches(kind)
            ]
            pitched[kind] = min(here, default=float("inf"))
        for count, complexity in self.rhythms():
            found = {DENSITY: float(count), COMPLEXITY: complexity}
            here_too = cost(found, only(targets, DENSITY, COMPLEXITY), std)
            best = min(best, here_too + pitched[min(count, 4)])
        return best


def only(targets: dict[str, float], *names: str) -> dict[str, float]:
    return {name: target for name, target in targets.items() if name in names}
