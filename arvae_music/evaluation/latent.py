"""The latent space: how much each dimension is used, and how near it is to the prior N(0, I).

Conventions: `mean` and `std` are those of the posterior of each measure, `[measures, latent]`; z is drawn
from it, `[measures, latent]`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from arvae_music.evaluation.averages import mean_of
from arvae_music.evaluation.mutual_information import Floats

_Doubles = npt.NDArray[np.float64]

ACTIVE = 0.01
"""Variance of the posterior's mean from which a dimension is active (Burda et al. 2016)."""


def divergence(mean: Floats, std: Floats) -> _Doubles:
    """KL of the posterior from N(0, 1) for each dimension, mean over measures, nats, `[latent]`.

    (mean² + std² - 1) / 2 - log std: Kingma & Welling 2014, "Auto-encoding variational Bayes", appendix
    B. nan without measures.
    """
    if not len(mean):
        return np.full(mean.shape[1], np.nan)
    m, s = mean.astype(np.float64), std.astype(np.float64)
    return np.asarray(((m**2 + s**2 - 1) / 2 - np.log(s)).mean(axis=0))


def active_units(mean: Floats) -> int:
    """How many dimensions tell measures apart: the posterior's mean varies by more than 0.01 over them.

    Burda, Grosse & Salakhutdinov 2016, "Importance weighted autoencoders", section 5.2. None without
    measures.
    """
    return int((mean.astype(np.float64).var(axis=0) > ACTIVE).sum()) if len(mean) else 0


def marginal_distance(z: Floats) -> _Doubles:
    """Wasserstein-1 distance of each dimension's aggregate posterior from N(0, 1), `[latent]`.

    Drawn z against as many quantiles of the normal distribution: 0.1 is a tenth of the prior's standard
    deviation, and n draws from the prior itself have about 1.3 / sqrt(n) by chance. It sees each
    dimension by itself; how they hang together, `gaussian_distance` sees. nan without measures.
    """
    from scipy.stats import norm

    if not len(z):
        return np.full(z.shape[1], np.nan)
    quantiles = norm.ppf((np.arange(len(z)) + 0.5) / len(z))
    return np.asarray(np.abs(np.sort(z.astype(np.float64), axis=0) - quantiles[:, None]).mean(axis=0))


def gaussian_distance(z: Floats) -> float:
    """Wasserstein-2 distance from N(0, I) of a normal distribution with the mean and covariance of z.

    |mean|² + sum over the covariance's eigenvalues v of (sqrt v - 1)², and the root of that (Dowson &
    Landau 1982, "The Fréchet distance between multivariate normal distributions"). nan with fewer than
    two measures.
    """
    if len(z) < 2:
        return float("nan")
    doubles = z.astype(np.float64)
    values = np.linalg.eigvalsh(np.atleast_2d(np.cov(doubles, rowvar=False)))
    gap = (doubles.mean(axis=0) ** 2).sum() + ((np.sqrt(np.maximum(values, 0)) - 1) ** 2).sum()
    return float(np.sqrt(gap))


def latent_space(mean: Floats, std: Floats, sampled: Floats, seed: int) -> dict[str, Any]:
    """How z is used, and how far its aggregate posterior is from the prior, by name.

    `_by_chance` is the distance of as many draws from the prior itself.

    Args:
        mean: of the posteriors, `[measures, latent]`.
        std: of the posteriors, `[measures, latent]`.
        sampled: a draw from each.
        seed: of the draws from the prior.
    """
    prior = np.random.default_rng(seed).standard_normal(mean.shape)
    kl = divergence(mean, std)
    return {
        "count": len(mean),
        "kl": float(kl.sum()),
        "kl_by_dimension": kl.tolist(),
        "active_units": active_units(mean),
        "dimensions": mean.shape[1],
        "wasserstein": mean_of(marginal_distance(sampled)),
        "wasserstein_by_chance": mean_of(marginal_distance(prior)),
        "gaussian": gaussian_distance(sampled),
        "gaussian_by_chance": gaussian_distance(prior),
    }
