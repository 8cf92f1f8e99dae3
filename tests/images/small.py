"""A small data set: bars of 28 x 28 pixels, of three lengths at any height, and names without an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from arvae_music.images.data import ImageAttribute, Images, Rows, Splits, Values, random_splits

LENGTHS = np.array([6, 12, 18])
HEIGHTS = 20


@dataclass(frozen=True)
class Bars:
    """Image i has length LENGTHS[i % 3], is i // 3 % 20 pixels from the top, and of colour i // 60."""

    count: int = 240

    name = "bars"
    source = "made up"
    size = (28, 28)
    attributes = (
        ImageAttribute("length", "pixels"),
        ImageAttribute("height", "pixels"),
        ImageAttribute("colour", "", "category"),
    )

    def __len__(self) -> int:
        return self.count

    @property
    def splits(self) -> Splits:
        return random_splits(self.count, 0, (0.5, 0.25, 0.25))

    def values(self, rows: Rows) -> Values:
        columns = [LENGTHS[rows % 3], rows // 3 % HEIGHTS, rows // 60]
        return np.asarray(np.stack(columns, axis=1), np.float32)

    def siblings(self, rows: Rows, names: Sequence[str], generator: np.random.Generator) -> Rows | None:
        if set(names) != {"length", "height"}:
            return None
        train = self.splits.train
        return np.array([generator.choice(train[train // 60 == row // 60]) for row in rows])

    def images(self, rows: Rows) -> Images:
        values = self.values(rows)
        length, height = values[:, 0, None, None], values[:, 1, None, None]
        down, right = np.arange(28)[:, None], np.arange(28)
        inside = (down >= height + 2) & (down < height + 6) & (right >= 4) & (right < 4 + length)
        return np.asarray(inside[:, None], np.float32)
