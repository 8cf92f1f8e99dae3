"""The frontier's two ends are the two decoders, and a model is left as it was."""

import math

import numpy as np
import pytest
import torch

from arvae_music.evaluation import reconstruction_scores
from arvae_music.model.calibration import Calibration
from arvae_music.training.checkpoint import Checkpoint
from arvae_music.training.tasks import encode_means
from tests.benchmarks.frontier import TOLERANCES, label, point
from tests.fakes import TINY, tiny_events, tiny_vae
from tests.training.small import some_measures


@pytest.mark.parametrize(("tolerance", "which"), [(-1.0, "decoder"), (math.inf, "draft")])
def test_the_ends_are_the_two_decoders(tolerance: float, which: str) -> None:
    vae = tiny_vae()
    checkpoint = Checkpoint(vae, tiny_events(), TINY, Calibration({}))
    rows = some_measures(40, 3, ("4/4",))
    found = point(checkpoint, rows, tolerance)
    z = encode_means(vae, rows, checkpoint.vocabulary)
    log_probabilities = getattr(vae, which)(torch.from_numpy(z), torch.zeros(40, dtype=torch.long))
    tokens = checkpoint.vocabulary.tokens(log_probabilities.argmax(dim=-1).numpy())
    wanted = reconstruction_scores(rows.tokens, tokens)
    assert (found.mean_ticks, found.mean_measures) == (wanted.ticks, wanted.measures)
    assert vae.agreement == 0.1
    assert len(found.swaps) == len(TINY.attributes)
    assert np.isfinite(found.swaps).all()


def test_labels() -> None:
    assert [label(at, 0.1) for at in TOLERANCES] == [
        "listening alone",
        "0.05",
        "0.1 (as it comes)",
        "0.2",
        "0.4",
        "plain alone",
    ]
