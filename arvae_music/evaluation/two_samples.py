"""How far apart two sets of measures are in their attributes.

Conventions: attribute values `[measures, attributes]` of one meter; the two sets may differ in size.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from arvae_music.evaluation.mutual_information import Floats


class SampleDistances(NamedTuple):
    """Both 0 for equal distributions; nan where either set is empty.

    Attributes:
        wasserstein: mean distance by which values must be moved (Wasserstein-1), in standard deviations
            of the corpus; in the attribute's own unit where the corpus has but one value; `[attributes]`.
        ks: greatest difference of the cumulative shares (Kolmogorov-Smirnov statistic), `[attributes]`.
    """

    wasserstein: npt.NDArray[np.float64]
    ks: npt.NDArray[np.float64]


def sample_distances(sample: Floats, corpus: Floats) -> SampleDistances:
    """Distances of a sample's attributes from a corpus's, one at a time.

    Raises:
        ValueError: they have not as many attributes.
    """
    from scipy.stats import ks_2samp, wasserstein_distance

    if sample.shape[1] != corpus.shape[1]:
        raise ValueError(f"attributes differ: {sample.shape[1]} and {corpus.shape[1]}")
    if not len(sample) or not len(corpus):
        return SampleDistances(*np.full((2, corpus.shape[1]), np.nan))
    spread = corpus.std(axis=0)
    columns = list(zip(sample.T, corpus.T, np.where(spread > 0, spread, 1.0), strict=True))
    return SampleDistances(
        np.array([wasserstein_distance(a, b) / unit for a, b, unit in columns]),
        # The statistic alone: its p-value, which takes long to be exact, is not asked for.
        np.array([ks_2samp(a, b, method="asymp").statistic for a, b, _ in columns]),
    )
