"""Metrics of disentanglement: does one latent dimension tell of one attribute, and only that one?

Conventions: latents `[measures, latent]`, attributes `[measures, attributes]`, of one meter; attribute k
is regularized on dimension k. Each metric gives a value for each attribute (modularity: for each
dimension), higher is better, and their mean is the figure that papers report. nan: not defined here,
because the attribute is constant or there are too few measures.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arvae_music.evaluation.mutual_information import Floats, MutualInformation

_Doubles = npt.NDArray[np.float64]

_LEAST_NATS = 1e-12
"""Less information than that is none."""


def squared_correlations(z: Floats, attributes: Floats) -> _Doubles:
    """R² of the least-squares line from each dimension to each attribute, `[attributes, latent]`.

    For a line of one variable that is the square of Pearson's correlation. 0 for a constant dimension,
    nan for a constant attribute.
    """
    if not len(z):
        return np.full((attributes.shape[1], z.shape[1]), np.nan)
    x, y = (_standardized(values.astype(np.float64)) for values in (z, attributes))
    squared = np.minimum((y.T @ x) ** 2, 1.0)
    return np.asarray(np.where((np.ptp(attributes, axis=0) > 0)[:, None], squared, np.nan))


def _standardized(values: _Doubles) -> _Doubles:
    """Columns with mean 0 and norm 1; those that are constant, zero."""
    centred = values - values.mean(axis=0)
    varied = np.ptp(values, axis=0) > 0
    norm = np.sqrt((centred**2).sum(axis=0))
    return np.asarray(np.where(varied, centred / np.where(varied, norm, 1.0), 0.0))


def interpretability(z: Floats, attributes: Floats, information: MutualInformation) -> _Doubles:
    """R² of a line to the attribute from the dimension that has most information of it, `[attributes]`.

    Adel, Ghahramani & Weller 2018, "Discovering interpretable representations for both deep generative
    and discriminative models", as Pati & Lerch 2020 (section 4.2) use it.
    """
    best = most_informative(information)
    return np.asarray(np.take_along_axis(squared_correlations(z, attributes), best[:, None], axis=1)[:, 0])


def most_informative(information: MutualInformation) -> npt.NDArray[np.intp]:
    """The dimension that has most information of each attribute, the first of equals, `[attributes]`."""
    return np.asarray(information.latent.argmax(axis=1))


def mutual_information_gap(information: MutualInformation) -> _Doubles:
    """By how much the best dimension tops the next, as a share of the attribute's entropy, `[attributes]`.

    (I(a, z_j) - I(a, z_k)) / H(a), where z_j and z_k have most information of a. With one dimension the
    next has none. Chen, Li, Grosse & Duvenaud 2018, "Isolating sources of disentanglement in variational
    autoencoders", section 4.1.
    """
    return _share(_first_over_second(information.latent), information.entropy)


def dependency_aware_gap(information: MutualInformation) -> _Doubles:
    """The gap where attributes depend on one another (DMIG), `[attributes]`; may be negative.

    (I(a, z_a) - I(a, z_k)) / H(a | b): z_a is the attribute's own dimension and z_k the one of the others
    that has most information of it. If z_k is another attribute b's own, it may well tell of a what b
    tells, so only H(a | b) = H(a) - I(a, b) can be asked for; otherwise it is H(a). Watcharasupat & Lerch
    2021, "Evaluation of latent space disentanglement in the presence of interdependent attributes". nan
    where b leaves nothing of a open.
    """
    latent, mutual = information
    count = len(latent)
    own = latent[np.arange(count), np.arange(count)]
    others = latent.copy()
    others[np.arange(count), np.arange(count)] = -np.inf
    if latent.shape[1] < 2:
        return _share(own, information.entropy)
    rival = others.argmax(axis=1)
    known = np.where(rival < count, mutual[np.arange(count), np.minimum(rival, count - 1)], 0.0)
    return _share(own - others[np.arange(count), rival], information.entropy - known)


def modularity(information: MutualInformation) -> _Doubles:
    """Whether each dimension tells of one attribute alone, `[latent]`.

    1 - sum over the other attributes of (I(b, z) / I(a, z))² / (attributes - 1), where a is the one that z
    has most information of. A dimension that tells of none has 0, as in Locatello et al. 2019
    (disentanglement_lib); with one attribute any other has 1. Ridgeway & Mozer 2018, "Learning deep
    disentangled embeddings with the F-statistic loss", section 3.
    """
    squared = information.latent**2
    most = squared.max(axis=0)
    rest = squared.sum(axis=0) - most
    tells = most > _LEAST_NATS**2
    score = 1 - rest / (np.where(tells, most, 1.0) * max(len(squared) - 1, 1))
    return np.asarray(np.where(np.isnan(most), np.nan, np.where(tells, score, 0.0)))


def separated_predictability(z: Floats, attributes: Floats) -> _Doubles:
    """R² of the dimension that predicts an attribute best over that of the next (SAP), `[attributes]`.

    Kumar, Sattigeri & Balakrishnan 2018, "Variational inference of disentangled latent concepts from
    unlabeled observations", section 3, for continuous factors.
    """
    return _first_over_second(squared_correlations(z, attributes))


def _first_over_second(scores: _Doubles) -> _Doubles:
    """The greatest value of each row less the next, or less 0 if there is no other."""
    ordered = np.sort(scores, axis=1)
    return ordered[:, -1] - (ordered[:, -2] if scores.shape[1] > 1 else 0.0)


def _share(part: _Doubles, whole: _Doubles) -> _Doubles:
    there = whole > _LEAST_NATS
    return np.asarray(np.where(there, part / np.where(there, whole, 1.0), np.nan))
