"""Fit the weights of arvae_music.formats.pickup, and count how often it is right.

    python tests/formats/pickup_fit.py

reads every tune of the folk collections that come with music21, as it would stand in a MIDI file:
bars one after the other from time 0, repeats not played out. The truth is the notated pickup. The
weights are fitted to Ryan's and Aird's collections and, with less weight, to every second song of the
Essen collection; the other songs and O'Neill's are held out.

Last comes how often a pickup is invented in tunes of equal notes: scales, figures, walks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from arvae_music.errors import ArvaeError
from arvae_music.formats import pickup
from arvae_music.formats.midi_timing import Span
from arvae_music.formats.score import read_all
from arvae_music.melody import Melody
from arvae_music.meter import GRIDS, Grid, Meter

BOOKS, SONGS, HELD_OUT = ("ryansMammoth", "airdsAirs"), "essenFolksong", "oneills1850"
SONG_WEIGHT = 0.25
_RIDGE = 1e-4
_SCALE = [60 + 12 * octave + step for octave in (0, 1) for step in (0, 2, 4, 5, 7, 9, 11)] + [84]
_LISTED = (0.0, 0.5, 1.0, 1.5)


@dataclass(frozen=True)
class Case:
    """A tune as a MIDI file has it, and its notated pickup in quarter notes."""

    grid: Grid
    spans: list[Span[Fraction]]
    pickup: Fraction


def cases(*folders: str) -> list[Case]:
    """Every tune of one supported meter that starts with a note."""
    import music21

    corpus = Path(music21.__file__).parent / "corpus"
    found = []
    for path in sorted(path for folder in folders for path in (corpus / folder).glob("*.abc")):
        try:
            found += [case for melody in read_all(path) if (case := case_of(melody)) is not None]
        except ArvaeError:
            continue
    return found


def case_of(melody: Melody) -> Case | None:
    """None where the tune changes its meter, is too short, or starts with a rest."""
    first = melody.bars[0]
    grid = first.meter.grid
    one_meter = all(bar.meter == first.meter for bar in melody.bars)
    if grid is None or not one_meter or len(melody.notes) < pickup.FEWEST_NOTES or melody.notes[0].onset:
        return None
    length = first.length if first.length < first.meter.length else Fraction(0)
    return Case(grid, [Span(note.onset, note.end, note.pitch) for note in melody.notes], length)


def fit(known: Sequence[tuple[Case, float]]) -> None:
    """Set the module's weights to the most probable ones under a small ridge; cases have weights, too."""
    meters = sorted({case.grid.name for case, _ in known} - {"12/8"})
    slots = [(meter, length) for meter in meters for length in (*_LISTED, None)]
    rows = []
    for case, weight in known:
        lengths = pickup.candidates(case.grid)
        if case.pickup in lengths and case.grid.name in meters:
            rows.append((_matrix(case, lengths, slots), lengths.index(case.pickup), weight))
    total_weight = sum(weight for *_, weight in rows)

    def loss(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        total = _RIDGE * total_weight * float(weights @ weights)
        gradient = 2 * _RIDGE * total_weight * weights
        for matrix, truth, weight in rows:
            scores = matrix @ weights
            share = np.exp(scores - scores.max())
            share /= share.sum()
            total -= weight * float(np.log(share[truth]))
            gradient += weight * (matrix.T @ share - matrix[truth])
        return total, gradient

    count = len(pickup.WEIGHTS)
    best = minimize(loss, np.zeros(count + len(slots)), jac=True, method="L-BFGS-B").x.round(2)
    pickup.WEIGHTS = tuple(map(float, best[:count]))
    by_slot = dict(zip(slots, map(float, best[count:]), strict=True))
    pickup.PRIOR = {meter: {p: by_slot[meter, p] for p in (*_LISTED, None)} for meter in meters}


def _matrix(
    case: Case, lengths: list[Fraction], slots: list[tuple[str, float | None]]
) -> npt.NDArray[np.float64]:
    line = pickup.line_of(case.spans)
    matrix = np.zeros((len(lengths), len(pickup.WEIGHTS) + len(slots)))
    for row, length in enumerate(lengths):
        matrix[row, : len(pickup.WEIGHTS)] = pickup.features(line, case.grid, length)
        slot = (case.grid.name, float(length) if length in _LISTED else None)
        matrix[row, len(pickup.WEIGHTS) + slots.index(slot)] = 1
    return matrix


def verdicts(known: list[Case]) -> dict[str, Counter[str]]:
    """By meter, and for all: how many are right, invented, missed, or of another length."""
    counts: dict[str, Counter[str]] = {}
    for case in known:
        found = pickup.find_pickup(case.spans, [(Fraction(0), Meter.parse(case.grid.name))])
        if found == case.pickup:
            verdict = "right"
        else:
            verdict = "missed" if not found else "another" if case.pickup else "invented"
        for name in (case.grid.name, "all"):
            counts.setdefault(name, Counter())[verdict] += 1
    return counts


def plain_tunes() -> Iterator[Case]:
    """Tunes of equal notes without a pickup: a scale, a figure again and again, a walk over the scale."""
    random = Random(7)
    for meter, unit in (("4/4", 2), ("4/4", 1), ("3/4", 2), ("3/4", 1), ("2/4", 1), ("6/8", 1), ("12/8", 1)):
        grid = next(grid for grid in GRIDS if grid.name == meter)
        for bars in (4, 8, 12, 16):
            count = bars * int(grid.length * 2) // unit
            figure = [random.choice(_SCALE) for _ in range(count // bars)]
            places = [8]
            while len(places) < count:
                places.append(min(max(places[-1] + random.choice((-2, -1, 1, 2)), 0), 14))
            for pitches in (
                [_SCALE[abs((i + 7) % 14 - 7)] for i in range(count)],
                [_SCALE[i % 8] for i in range(count)],
                figure * bars,
                [_SCALE[place] for place in places],
            ):
                times = [Fraction(unit * i, 2) for i in range(count + 1)]
                spans = [Span(a, b, p) for (a, b), p in zip(pairwise(times), pitches, strict=True)]
                yield Case(grid, spans, Fraction(0))


def main() -> None:
    """Print the weights and the counts."""
    books, songs, held_out = cases(*BOOKS), cases(SONGS), cases(HELD_OUT)
    fit([*((case, 1.0) for case in books), *((case, SONG_WEIGHT) for case in songs[1::2])])
    print("WEIGHTS =", pickup.WEIGHTS)  # noqa: T201
    print("PRIOR =", pickup.PRIOR)  # noqa: T201
    for name, known in (
        ("fitted books", books),
        ("fitted songs", songs[1::2]),
        ("other songs", songs[::2]),
        (HELD_OUT, held_out),
        ("plain", list(plain_tunes())),
    ):
        for meter, counts in sorted(verdicts(known).items()):
            print(name, meter, counts.total(), f"{counts['right'] / counts.total():.1%}", dict(counts))  # noqa: T201


if __name__ == "__main__":
    main()
