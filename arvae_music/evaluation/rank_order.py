"""Does a regularized dimension put measures in the order of its attribute? Spearman's correlation.

Conventions: one column for each attribute, `[measures, attributes]`, of one meter.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arvae_music.evaluation.disentanglement import squared_correlations
from arvae_music.evaluation.mutual_information import Floats

_Doubles = npt.NDArray[np.float64]


def spearman(z: Floats, attributes: Floats) -> _Doubles:
    """|rho| of each attribute with each dimension, `[attributes, latent]`.

    Pearson's correlation of the ranks, where equal values share the mean of theirs (Spearman 1904). 0 for
    a constant dimension, nan for a constant attribute. On the diagonal stand the regularized dimensions.
    """
    from scipy.stats import rankdata

    if not len(z):
        return np.full((attributes.shape[1], z.shape[1]), np.nan)
    return np.sqrt(squared_correlations(rankdata(z, axis=0), rankdata(attributes, axis=0)))


def spearman_ceiling(attributes: Floats) -> _Doubles:
    """The highest |rho| that a dimension without equal values can have with each attribute, `[attributes]`.

    Many measures have the same value, and a continuous dimension has to put them in some order: then
    rho is at most sqrt(1 - sum (t³ - t) / (n³ - n)) over the groups of t equal values among n measures
    (from the variances of the ranks: Kendall 1948, "Rank correlation methods", chapter 3). nan for a
    constant attribute and for fewer than two measures.
    """
    return np.array([_ceiling(attributes[:, k]) for k in range(attributes.shape[1])])


def _ceiling(values: Floats) -> float:
    n = float(len(values))
    ties = np.unique(values, return_counts=True)[1].astype(np.float64)
    if len(ties) < 2:
        return float("nan")
    return float(np.sqrt(1 - (ties**3 - ties).sum() / (n**3 - n)))
