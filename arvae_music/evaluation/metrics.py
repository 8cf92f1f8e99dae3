"""All metrics of disentanglement of one set of latents, from one estimate of mutual information.

Conventions: latents `[measures, latent]` and attributes `[measures, attributes]` of one meter; attribute k
is regularized on dimension k.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from arvae_music.evaluation import disentanglement as of
from arvae_music.evaluation.averages import mean_of
from arvae_music.evaluation.mutual_information import Floats, mutual_information
from arvae_music.evaluation.rank_order import spearman, spearman_ceiling

BY_ATTRIBUTE = (
    "interpretability",
    "mig",
    "dmig",
    "sap",
    "spearman",
    "spearman_ceiling",
    "spearman_of_ceiling",
    "spearman_best",
)
"""Metrics that every attribute has; a model's is their mean."""

METRICS = (*BY_ATTRIBUTE[:3], "modularity", "modularity_regularized", *BY_ATTRIBUTE[3:])
"""All metrics of disentanglement by name, in the order of tables."""

LEAST_MEASURES = 50
"""With fewer measures estimates say more about chance than about the model."""

_TIE_BREAK = 1e-6
"""Standard deviation of the noise that sets equal values of a perfect encoder apart: far below any step."""


def disentanglement_metrics(z: Floats, attributes: Floats, names: Sequence[str], seed: int) -> dict[str, Any]:
    """Every metric by name, and under `attributes` those of each attribute by its name.

    `spearman` is that of the regularized dimension, `spearman_best` the highest that any dimension has.
    `spearman_of_ceiling` is 1 at most: a dimension with equal values of its own could pass the ceiling.
    `modularity` is the mean over all dimensions, `modularity_regularized` over the regularized ones. An
    attribute for which a metric is not defined is left out of the mean; nan where none is left.

    Args:
        z: `[measures, latent]`.
        attributes: `[measures, attributes]`.
        names: of the attributes.
        seed: of the estimator's noise.
    """
    information = mutual_information(z, attributes, seed)
    order, ceiling = spearman(z, attributes), spearman_ceiling(attributes)
    found = {
        "interpretability": of.interpretability(z, attributes, information),
        "mig": of.mutual_information_gap(information),
        "dmig": of.dependency_aware_gap(information),
        "sap": of.separated_predictability(z, attributes),
        "spearman": np.diagonal(order),
        "spearman_ceiling": ceiling,
        "spearman_of_ceiling": np.minimum(np.diagonal(order) / ceiling, 1.0),
        "spearman_best": order.max(axis=1),
    }
    by_dimension = of.modularity(information)
    means = {
        **{name: mean_of(values) for name, values in found.items()},
        "modularity": mean_of(by_dimension),
        "modularity_regularized": mean_of(by_dimension[: len(names)]),
    }
    return {
        **{name: means[name] for name in METRICS},
        "attributes": {
            name: {metric: float(values[k]) for metric, values in found.items()}
            for k, name in enumerate(names)
        },
    }


def no_metrics(names: Sequence[str]) -> dict[str, Any]:
    """The same names with nan in the place of every figure."""
    nan = float("nan")
    return {
        **dict.fromkeys(METRICS, nan),
        "attributes": {name: dict.fromkeys(BY_ATTRIBUTE, nan) for name in names},
    }


def perfect_latents(
    attributes: Floats, latent: int, generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    """What a perfect encoder of these attributes would give, `[measures, latent]`.

    The attributes themselves, in their standard deviations, are the regularized dimensions, with equal
    values set apart by noise far below any step; the other dimensions are normal noise. What metrics say
    of it is the highest that can be asked of a model on these measures: attributes hang together, and
    have equal values.
    """
    noise = generator.standard_normal((len(attributes), latent))
    count = attributes.shape[1]
    spread = attributes.std(axis=0, dtype=np.float64) if len(attributes) else np.ones(count)
    own = attributes / np.where(spread > 0, spread, 1.0)
    return np.concatenate([own + _TIE_BREAK * noise[:, :count], noise[:, count:]], axis=1)
