"""Walks through the latent space: what is decoded as regularized dimensions are moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from arvae_music.data import Corpus
from arvae_music.errors import ArvaeError
from arvae_music.evaluation.charts import Scatter, Surface, Traversal
from arvae_music.meter import GRID_BY_NAME
from arvae_music.tokens import Tokens
from arvae_music.training.checkpoint import Checkpoint
from arvae_music.training.readable import by_meter, readable_measures
from arvae_music.training.tasks import Measures, attribute_values, decode_means, encode_means

GRID = 33
"""Places on each side of a surface."""

STEPS = 7
"""Measures of a traversal."""

EDGES = (1, 99)
"""Percentiles of the measures between which dimensions are moved: what lies beyond is rare."""


@dataclass(frozen=True, eq=False)
class MeterView:
    """The measures of one meter in the latent space.

    Attributes:
        checkpoint: the model.
        meter: name of the meter.
        rows: its measures.
        z: means of their posteriors, `[measures, latent]`.
    """

    checkpoint: Checkpoint
    meter: str
    rows: Measures
    z: npt.NDArray[np.float32]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the attributes, in the order of their dimensions."""
        return self.checkpoint.settings.attributes

    @property
    def scatter(self) -> Scatter:
        """The attributes of the measures and their dimensions."""
        values = attribute_values(self.rows, self.names)
        return Scatter(self.meter, self.names, values, self.z[:, : len(self.names)])

    @property
    def middle(self) -> int:
        """The measure nearest to the mean of all."""
        return int(((self.z - self.z.mean(axis=0)) ** 2).sum(axis=1).argmin())

    def places(self, dimension: int, count: int) -> npt.NDArray[np.float64]:
        """Places in equal steps on a dimension, from the lowest measures' to the highest's, `[count]`."""
        low, high = np.percentile(self.z[:, dimension].astype(np.float64), EDGES).tolist()
        return np.linspace(low, high, count)

    def decode(self, z: npt.NDArray[np.floating]) -> tuple[Tokens, npt.NDArray[np.float32]]:
        """Most probable tokens `[points, 24]` at z `[points, latent]`, and their attributes."""
        meters = np.full(len(z), GRID_BY_NAME[self.meter].code)
        vocabulary = self.checkpoint.vocabulary
        tokens = decode_means(self.checkpoint.vae, z.astype(np.float32), meters, vocabulary)
        return tokens, attribute_values(Measures(tokens, meters, np.full(len(z), -1)), self.names)


def meter_views(
    checkpoint: Checkpoint, corpus: Corpus, split: str, meters: Sequence[str] = ()
) -> list[MeterView]:
    """The meters of a split in the latent space.

    Args:
        checkpoint: the model.
        corpus: the corpus with all its splits.
        split: whose measures are taken.
        meters: which, in this order; none for all that the split has.

    Raises:
        ArvaeError: there is no measure of a meter that the model can read, or it has no attributes.
    """
    if not checkpoint.settings.attributes:
        raise ArvaeError("the model has no regularized attributes: there is nothing to draw")
    rows = readable_measures(checkpoint, corpus, split)
    there = by_meter(rows)
    for meter in meters:
        if meter not in there:
            raise ArvaeError(f"the {split} split of {corpus.name} has no measure in {meter} to draw")
    z = encode_means(checkpoint.vae, rows, checkpoint.vocabulary)
    return [
        MeterView(checkpoint, meter, rows.taken(there[meter]), z[there[meter]]) for meter in meters or there
    ]


def surfaces(view: MeterView) -> list[Surface]:
    """For each attribute its dimension against the next attribute's (the first's, after the last).

    All other dimensions are those of the measure in the middle.
    """
    return [_surface(view, k, (k + 1) % len(view.names)) for k in range(len(view.names))]


def _surface(view: MeterView, across: int, up: int) -> Surface:
    x, y = view.places(across, GRID), view.places(up, GRID)
    z = np.repeat(view.z[[view.middle]].astype(np.float64), GRID * GRID, axis=0)
    z[:, up] = np.repeat(y, GRID)
    z[:, across] = np.tile(x, GRID)  # last: an attribute alone has itself on both sides
    values = view.decode(z)[1][:, across].reshape(GRID, GRID)
    return Surface(view.names[across], view.names[up], x, y, values)


def traversal(view: MeterView) -> Traversal:
    """The measure in the middle as each regularized dimension is moved alone."""
    count = len(view.names)
    places = np.stack([view.places(k, STEPS) for k in range(count)])
    z = np.repeat(view.z[[view.middle]].astype(np.float64), count * STEPS, axis=0)
    for k in range(count):
        z[k * STEPS : (k + 1) * STEPS, k] = places[k]
    tokens, values = view.decode(z)
    own = values.reshape(count, STEPS, count)[np.arange(count), :, np.arange(count)]
    source = view.rows.taken(np.array([view.middle]))
    return Traversal(
        meter=view.meter,
        names=view.names,
        source=source.tokens[0],
        source_values=attribute_values(source, view.names)[0],
        places=places,
        tokens=tokens.reshape(count, STEPS, -1),
        values=own,
    )
