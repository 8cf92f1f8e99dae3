"""Mutual information of latent dimensions and attributes, estimated once for all metrics that use it.

Conventions: latents `[measures, latent]`, attributes `[measures, attributes]`, both of one meter;
information in nats. The estimator is that of Kraskov, Stögbauer & Grassberger 2004 ("Estimating mutual
information") with three nearest neighbours, as scikit-learn has it (`mutual_info_regression`): it adds a
little noise, drawn from the seed, so that equal values stand apart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
_Doubles = npt.NDArray[np.float64]

NEIGHBOURS = 3
"""Of the estimator; with fewer measures than one more there is nothing to estimate from."""


class MutualInformation(NamedTuple):
    """Estimates in nats; all nan with fewer than four measures.

    Attributes:
        latent: of each attribute with each latent dimension, `[attributes, latent]`.
        mutual: of each attribute with each, `[attributes, attributes]`. On the diagonal stands the
            entropy: what an attribute says of itself, by the same estimator.
    """

    latent: _Doubles
    mutual: _Doubles

    @property
    def entropy(self) -> _Doubles:
        """Of each attribute, `[attributes]`."""
        return np.asarray(self.mutual.diagonal())


def mutual_information(z: Floats, attributes: Floats, seed: int = 0) -> MutualInformation:
    """Estimate the information that latent dimensions, and attributes, have of each attribute.

    What is constant tells nothing: a constant dimension or attribute has 0 everywhere.

    Args:
        z: `[measures, latent]`.
        attributes: `[measures, attributes]`.
        seed: of the noise that the estimator adds.

    Raises:
        ValueError: the numbers of measures differ.
    """
    if len(z) != len(attributes):
        raise ValueError(f"lengths differ: {len(z)} and {len(attributes)}")
    count = attributes.shape[1]
    latent = [_information(z, attributes[:, k], seed) for k in range(count)]
    # One pair at a time: so their noise, and with it the estimate, does not depend on the other attributes.
    mutual = [
        _information(attributes[:, [i]], attributes[:, j], seed) for i in range(count) for j in range(count)
    ]
    return MutualInformation(
        np.array(latent).reshape(count, z.shape[1]), np.array(mutual).reshape(count, count)
    )


def _information(features: Floats, target: Floats, seed: int) -> _Doubles:
    """What each column of `[measures, features]` has of the target `[measures]`, `[features]`."""
    from sklearn.feature_selection import mutual_info_regression

    if len(target) <= NEIGHBOURS:
        return np.full(features.shape[1], np.nan)
    out = np.zeros(features.shape[1])
    varied = np.ptp(features, axis=0) > 0
    if np.ptp(target) > 0 and varied.any():
        # Doubles: the noise that sets equal values apart is lost in single precision.
        out[varied] = mutual_info_regression(
            features[:, varied].astype(np.float64),
            target.astype(np.float64),
            n_neighbors=NEIGHBOURS,
            random_state=seed,
        )
    return out
