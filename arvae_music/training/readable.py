"""The measures of a corpus that a model can read, meter by meter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arvae_music.data import Corpus
from arvae_music.errors import ArvaeError
from arvae_music.meter import GRIDS
from arvae_music.training.checkpoint import Checkpoint
from arvae_music.training.tasks import Measures


def readable_measures(checkpoint: Checkpoint, corpus: Corpus, split: str) -> Measures:
    """The measures of a split that a model can read: of meters that it was trained on, in its range.

    Raises:
        ArvaeError: there is none.
    """
    part = corpus.select(split)
    codes = [grid.code for grid in GRIDS if grid.name in checkpoint.calibration.lines]
    usable = np.isin(part.meters, codes) & checkpoint.vocabulary.fits(part.tokens)
    if not usable.any():
        raise ArvaeError(f"the {split} split of {corpus.name} has no measure that the model can read")
    return Measures(part.tokens[usable], part.meters[usable], part.previous[usable])


def by_meter(rows: Measures) -> dict[str, npt.NDArray[np.bool_]]:
    """Which rows are of each meter, by its name, for those that have any."""
    masks = {grid.name: np.asarray(rows.meters == grid.code) for grid in GRIDS}
    return {name: mask for name, mask in masks.items() if mask.any()}
