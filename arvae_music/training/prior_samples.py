"""Whether measures that are decoded from a prior have the attributes of real ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from arvae_music.data import Corpus
from arvae_music.evaluation.two_samples import sample_distances
from arvae_music.tokens import Tokens, is_legal
from arvae_music.training.checkpoint import Checkpoint
from arvae_music.training.prior import sequences
from arvae_music.training.readable import by_meter, readable_measures
from arvae_music.training.tasks import Measures, attribute_values, decode_means, encode_means
from arvae_music.training.tunes import tunes_of


def prior_samples(checkpoint: Checkpoint, corpus: Corpus, split: str, seed: int) -> dict[str, dict[str, Any]]:
    """Attributes of as many measures as a split has, decoded from N(0, I), against those of the split.

    Args:
        checkpoint: the model.
        corpus: the corpus with all its splits.
        split: whose measures the model can read are taken.
        seed: of what is drawn.

    Returns:
        By meter: `count` measures, the share that is `legal`, and for each attribute the distances of
        `sample_distances`; `train_`: those of the training split's measures, which real music has, too.

    Raises:
        ArvaeError: the split has no measure that the model can read.
    """
    rows, others = readable_measures(checkpoint, corpus, split), _others(corpus, split)
    found = {}
    for meter, here in by_meter(rows).items():
        generator = np.random.default_rng(seed)
        z = generator.standard_normal((int(here.sum()), checkpoint.settings.latent), np.float32)
        found[meter] = _against(checkpoint, z, rows.taken(here), others)
    return found


def tune_prior_samples(
    checkpoint: Checkpoint, corpus: Corpus, split: str, seed: int
) -> dict[str, dict[str, Any]]:
    """The same for z that the prior over the measures of a tune draws: one for every place in real tunes.

    Each is a new measure (no repeat) after the measures that really are before it; nothing, where the model
    has no such prior.
    """
    prior = checkpoint.prior
    if prior is None:
        return {}
    tunes = tunes_of(corpus.select(split))
    rows = Measures(tunes.tokens, tunes.meters, np.full(len(tunes.tokens), -1, np.int16))
    if not len(rows.tokens):
        return {}
    known = sequences(
        tunes, prior.standardized(torch.from_numpy(encode_means(checkpoint.vae, rows, checkpoint.vocabulary)))
    )
    at = torch.arange(len(rows.tokens))
    noise = torch.randn(known.z.shape, generator=torch.Generator().manual_seed(seed))
    with torch.inference_mode():
        z = prior.carried(prior.state(known.history(at), known.place(at)), noise).numpy()
    others = _others(corpus, split)
    return {
        meter: _against(checkpoint, z[here], rows.taken(here), others)
        for meter, here in by_meter(rows).items()
        if meter in checkpoint.calibration.lines
    }


def _others(corpus: Corpus, split: str) -> Corpus:
    """The training split, to hold a split against; nothing of it for the training split itself."""
    train = corpus.select("train")
    return train.take(np.zeros(len(train), np.bool_)) if split == "train" else train


def _against(
    checkpoint: Checkpoint, z: npt.NDArray[np.float32], rows: Measures, others: Corpus
) -> dict[str, Any]:
    """What `prior_samples` says of the rows of one meter, and of z decoded in it."""
    names, meter = checkpoint.settings.attributes, rows.meters[0]

    def values(tokens: Tokens) -> npt.NDArray[np.float64]:
        meters = np.full(len(tokens), meter)
        return attribute_values(Measures(tokens, meters, np.full(len(tokens), -1)), names).astype(np.float64)

    tokens = decode_means(checkpoint.vae, z, rows.meters, checkpoint.vocabulary)
    drawn = sample_distances(values(tokens), values(rows.tokens))
    real = sample_distances(values(others.tokens[others.meters == meter]), values(rows.tokens))
    labels = ("wasserstein", "ks", "train_wasserstein", "train_ks")
    return {
        "count": len(tokens),
        "legal": float(is_legal(tokens, rows.meters).mean()),
        "attributes": {
            name: dict(zip(labels, map(float, column), strict=True))
            for name, column in zip(names, zip(*drawn, *real, strict=True), strict=True)
        },
    }
