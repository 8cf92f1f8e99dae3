"""What tunes are like as wholes: how much they repeat, whether they keep to their key, how natural they are.

Conventions: measures are tokens `[measures, 24]`, ordered by tune and by place in it; a tune's number stands
beside each. Real and generated tunes are compared by the same figures: what is alike has the same ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from arvae_music.tokens import Tokens


class GenerationScores(NamedTuple):
    """Figures of a set of tunes; nan where there is nothing to count.

    Attributes:
        tunes: how many there are.
        measures: of all of them.
        repeated: share of the measures that are the same as one before in their tune.
        in_key: share of the notes whose pitch class is in their tune's scale.
        begins_in_triad: share of the tunes whose first note is the tonic, the third or the fifth.
        ends_on_tonic: share of the tunes whose last note is the tonic.
        nats_per_note: negative log-likelihood per note under a language model of melodic events.
    """

    tunes: int
    measures: int
    repeated: float
    in_key: float
    begins_in_triad: float
    ends_on_tonic: float
    nats_per_note: float


def generation_scores(
    tokens: Tokens,
    tune: npt.NDArray[np.integer],
    scales: npt.NDArray[np.integer],
    nats: npt.NDArray[np.floating],
) -> GenerationScores:
    """The figures of tunes.

    Args:
        tokens: `[measures, 24]`.
        tune: number of each measure's tune, `[measures]`.
        scales: the seven pitch classes of its scale, from the tonic up, `[measures, 7]`.
        nats: negative log-likelihood of each measure, `[measures]`.

    Raises:
        ValueError: the arrays are not of the same length.
    """
    if not len(tokens) == len(tune) == len(scales) == len(nats):
        raise ValueError(f"lengths differ: {len(tokens)}, {len(tune)}, {len(scales)}, {len(nats)}")
    if not len(tokens):
        return GenerationScores(0, 0, *[float("nan")] * 5)
    notes = tokens >= 0
    inside = (tokens[..., None] % 12 == scales[:, None]).any(axis=-1)
    spans = [np.flatnonzero(tune == number) for number in dict.fromkeys(tune.tolist())]
    firsts, lasts = zip(*(_ends(tokens[rows], scales[rows[0]]) for rows in spans), strict=True)
    count = int(notes.sum())
    return GenerationScores(
        tunes=len(spans),
        measures=len(tokens),
        repeated=float(sum(_repeated(tokens[rows]) for rows in spans) / len(tokens)),
        in_key=float(inside[notes].mean()) if count else float("nan"),
        begins_in_triad=_mean([first in (0, 2, 4) for first in firsts if first is not None]),
        ends_on_tonic=_mean([last == 0 for last in lasts if last is not None]),
        nats_per_note=float(nats.sum() / count) if count else float("nan"),
    )


def _repeated(tokens: Tokens) -> int:
    """How many of a tune's measures are the same as one before."""
    return len(tokens) - len(np.unique(tokens, axis=0))


def _ends(tokens: Tokens, scale: npt.NDArray[np.integer]) -> tuple[int | None, int | None]:
    """Degree of a tune's first and of its last note, 0 for the tonic, -1 outside; None without notes."""
    notes = tokens[tokens >= 0]
    if not len(notes):
        return None, None
    degrees = [np.flatnonzero(scale == notes[at] % 12) for at in (0, -1)]
    first, last = (int(degree[0]) if len(degree) else -1 for degree in degrees)
    return first, last


def _mean(values: list[bool]) -> float:
    return float(np.mean(values)) if values else float("nan")
