"""A checkpoint on a split of a corpus, over all meters and for each: reconstruction, and all metrics.

`all` is always the mean over meters, weighted by their measures: attributes depend on the meter, so
measures of different meters are never compared with one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from arvae_music.data import Corpus
from arvae_music.evaluation import ReconstructionScores, reconstruction_scores
from arvae_music.evaluation.averages import over_meters
from arvae_music.evaluation.latent import latent_space
from arvae_music.evaluation.metrics import (
    LEAST_MEASURES,
    disentanglement_metrics,
    no_metrics,
    perfect_latents,
)
from arvae_music.evaluation.reconstruction import negative_log_likelihood
from arvae_music.training.checkpoint import Checkpoint
from arvae_music.training.coding import Decoded, Latent, decoded, encoded
from arvae_music.training.prior_samples import prior_samples, tune_prior_samples
from arvae_music.training.readable import by_meter, readable_measures
from arvae_music.training.tasks import Measures, attribute_values, most_probable

ALL = "all"
"""The name that stands for all meters."""


def reconstruction_by_meter(
    checkpoint: Checkpoint, corpus: Corpus, split: str
) -> dict[str, tuple[int, ReconstructionScores]]:
    """Measures and scores by meter name, and under `all` their mean weighted by measures.

    The most probable token of every tick at the mean of z is compared. Meters that the model was
    not trained on are left out.

    Raises:
        ArvaeError: the split has no measure that the model can read.
    """
    rows = readable_measures(checkpoint, corpus, split)
    decoded = most_probable(checkpoint.vae, rows, checkpoint.vocabulary)
    entries = {
        name: {
            "count": int(here.sum()),
            **reconstruction_scores(rows.tokens[here], decoded[here])._asdict(),
        }
        for name, here in by_meter(rows).items()
    }
    return reconstruction_of({ALL: over_meters(list(entries.values())), **entries})


def reconstruction_of(entries: dict[str, dict[str, Any]]) -> dict[str, tuple[int, ReconstructionScores]]:
    """Measures and scores of the entries of a report, by their names."""
    fields = ReconstructionScores._fields
    return {
        name: (entry["count"], ReconstructionScores(*(entry[field] for field in fields)))
        for name, entry in entries.items()
    }


@dataclass(frozen=True)
class Report:
    """All metrics of a model on a split; each by meter name and, under `all`, as the mean over meters.

    Attributes:
        sampled, mean: reconstruction, likelihood and disentanglement for z drawn from the posterior, and
            for its mean; `count` measures. Where a meter has too few measures, `left_out` says so and the
            metrics of disentanglement are nan.
        latent: how z is used, and how far from the prior it is; `_by_chance` is the distance of as many
            draws from the prior itself.
        prior_samples: attributes of measures decoded from N(0, I) against those of the split
            (`prior_samples`).
        tune_prior_samples: the same of measures whose z the prior over the measures of a tune drew; empty
            where the model has none.
        ceiling: metrics of a perfect encoder of the same measures.
    """

    sampled: dict[str, dict[str, Any]]
    mean: dict[str, dict[str, Any]]
    latent: dict[str, dict[str, Any]]
    prior_samples: dict[str, dict[str, Any]]
    tune_prior_samples: dict[str, dict[str, Any]]
    ceiling: dict[str, dict[str, Any]]


def report_on(checkpoint: Checkpoint, corpus: Corpus, split: str, *, seed: int = 0) -> Report:
    """Measure a checkpoint on a split.

    Args:
        checkpoint: the model.
        corpus: the corpus with all its splits.
        split: whose measures are taken: all that the model can read.
        seed: of what is drawn.

    Raises:
        ArvaeError: the split has no measure that the model can read, or scikit-learn or scipy are missing.
    """
    rows = readable_measures(checkpoint, corpus, split)
    latent = encoded(checkpoint, rows, seed)
    at = {name: decoded(checkpoint, getattr(latent, name), rows) for name in ("sampled", "mean")}
    found: dict[str, dict[str, dict[str, Any]]] = {
        "prior_samples": prior_samples(checkpoint, corpus, split, seed),
        "tune_prior_samples": tune_prior_samples(checkpoint, corpus, split, seed),
    }
    for meter, here in by_meter(rows).items():
        view = _View(checkpoint, rows.taken(here), latent.taken(here), seed)
        for name, given in at.items():
            part = Decoded(given.tokens[here], given.log_probabilities[here])
            found.setdefault(name, {})[meter] = view.scores(name, part)
        found.setdefault("latent", {})[meter] = view.latent_space()
        found.setdefault("ceiling", {})[meter] = view.ceiling()
    return Report(
        **{
            name: {ALL: _over_all(list(entries.values()), meters=list(entries)), **entries} if entries else {}
            for name, entries in found.items()
        }
    )


def _over_all(entries: list[dict[str, Any]], meters: list[str]) -> dict[str, Any]:
    """The mean over meters, and which of them have no part in it."""
    few = [
        f"{meter}: {entry['left_out']}"
        for meter, entry in zip(meters, entries, strict=True)
        if "left_out" in entry
    ]
    return {**over_meters(entries), **({"left_out": "; ".join(few)} if few else {})}


class _View:
    """The measures of one meter, and what can be said of them."""

    def __init__(self, checkpoint: Checkpoint, rows: Measures, latent: Latent, seed: int) -> None:
        self.checkpoint, self.rows, self.latent, self.seed = checkpoint, rows, latent, seed
        self.names = checkpoint.settings.attributes
        self.values = attribute_values(rows, self.names).astype(np.float64)

    @property
    def head(self) -> dict[str, Any]:
        """The number of measures, and why metrics are left out if they are."""
        count = len(self.rows.tokens)
        if not self.names:
            return {"count": count, "left_out": "the model has no regularized attributes"}
        if count < LEAST_MEASURES:
            measures = "1 measure" if count == 1 else f"{count} measures"
            return {"count": count, "left_out": f"{measures}, fewer than {LEAST_MEASURES}"}
        return {"count": count}

    def scores(self, name: str, given: Decoded) -> dict[str, Any]:
        """Reconstruction, likelihood and disentanglement of `sampled` or `mean`."""
        return {
            **self.head,
            **reconstruction_scores(self.rows.tokens, given.tokens)._asdict(),
            **negative_log_likelihood(self.rows.tokens, given.log_probabilities)._asdict(),
            **self._metrics(getattr(self.latent, name)),
        }

    def ceiling(self) -> dict[str, Any]:
        """Metrics of a perfect encoder."""
        generator = np.random.default_rng(self.seed)
        z = perfect_latents(self.values, self.latent.mean.shape[1], generator)
        return {**self.head, **self._metrics(z)}

    def _metrics(self, z: npt.NDArray[np.floating]) -> dict[str, Any]:
        if "left_out" in self.head:
            return no_metrics(self.names)
        return disentanglement_metrics(z, self.values, self.names, self.seed)

    def latent_space(self) -> dict[str, Any]:
        """How z is used, and how far its aggregate posterior is from the prior."""
        return latent_space(*self.latent, self.seed)
