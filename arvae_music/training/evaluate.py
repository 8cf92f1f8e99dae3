"""Reconstruction of a checkpoint on a split of a corpus, over all meters and for each."""

from __future__ import annotations

import numpy as np

from arvae_music.data import Corpus
from arvae_music.errors import ArvaeError
from arvae_music.evaluation import ReconstructionScores, reconstruction_scores
from arvae_music.meter import GRIDS
from arvae_music.model import Vocabulary
from arvae_music.training.checkpoint import Checkpoint
from arvae_music.training.tasks import Measures, most_probable


def reconstruction_by_meter(
    checkpoint: Checkpoint, corpus: Corpus, split: str
) -> dict[str, tuple[int, ReconstructionScores]]:
    """Measures and scores by meter name, and over all of them under `all`.

    The most probable token of every tick at the mean of z is compared. Meters that the model was
    not trained on are left out.

    Raises:
        ArvaeError: the split has no measure that the model can read.
    """
    part = corpus.select(split)
    known = [grid for grid in GRIDS if grid.name in checkpoint.calibration.lines]
    vocabulary = Vocabulary(checkpoint.settings.lowest, checkpoint.settings.highest)
    usable = np.isin(part.meters, [grid.code for grid in known]) & vocabulary.fits(part.tokens)
    if not usable.any():
        raise ArvaeError(f"the {split} split of {corpus.name} has no measure that the model can read")
    rows = Measures(part.tokens[usable], part.meters[usable], part.previous[usable])
    decoded = most_probable(checkpoint.vae, rows, vocabulary)
    out = {"all": (len(decoded), reconstruction_scores(rows.tokens, decoded))}
    for grid in known:
        here = rows.meters == grid.code
        if here.any():
            out[grid.name] = int(here.sum()), reconstruction_scores(rows.tokens[here], decoded[here])
    return out
