"""Fit the weights of arvae_music.formats.pickup, and count how often it is right.

    python tests/formats/pickup_fit.py

reads every tune of the folk collections that comes with music21, as it would stand in a MIDI file:
bars one after the other from time 0, repeats not played out. The truth is the notated pickup. The
weights are fitted to Ryan's and Aird's collections; O'Neill's is held out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from arvae_music.errors import ArvaeError
from arvae_music.formats import pickup
from arvae_music.formats.midi_timing import Span
from arvae_music.formats.score import read_all
from arvae_music.melody import Melody
from arvae_music.meter import Grid, Meter

FITTED, HELD_OUT = ("ryansMammoth", "airdsAirs"), ("oneills1850",)
_RIDGE = 1e-4
_LISTED = (0.0, 0.5, 1.0, 1.5)


@dataclass(frozen=True)
class Case:
    """A tune as a MIDI file has it, and its notated pickup in quarter notes."""

    grid: Grid
    spans: list[Span[Fraction]]
    pickup: Fraction


def cases(folders: tuple[str, ...]) -> list[Case]:
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


def fit(known: list[Case]) -> None:
    """Set the module's weights to the most probable ones under a small ridge."""
    meters = sorted({case.grid.name for case in known} - {"12/8"})
    slots = [(meter, length) for meter in meters for length in (*_LISTED, None)]
    rows = []
    for case in known:
        lengths = pickup.candidates(case.grid)
        if case.pickup in lengths and case.grid.name in meters:
            rows.append((_matrix(case, lengths, slots), lengths.index(case.pickup)))

    def loss(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        total = _RIDGE * len(rows) * float(weights @ weights)
        gradient = 2 * _RIDGE * len(rows) * weights
        for matrix, truth in rows:
            scores = matrix @ weights
            share = np.exp(scores - scores.max())
            share /= share.sum()
            total -= float(np.log(share[truth]))
            gradient += matrix.T @ share - matrix[truth]
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


def main() -> None:
    """Print the weights and the counts."""
    fitted, held_out = cases(FITTED), cases(HELD_OUT)
    fit(fitted)
    print("WEIGHTS =", pickup.WEIGHTS)  # noqa: T201
    print("PRIOR =", pickup.PRIOR)  # noqa: T201
    for name, known in ((FITTED, fitted), (HELD_OUT, held_out)):
        for meter, counts in sorted(verdicts(known).items()):
            print(name, meter, counts.total(), f"{counts['right'] / counts.total():.1%}", dict(counts))  # noqa: T201


if __name__ == "__main__":
    main()
