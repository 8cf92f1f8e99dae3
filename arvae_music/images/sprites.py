"""2-d sprites: every image of a square, an ellipse or a heart, by size, angle and place.

The factors, their values and their order are those of dSprites (Matthey, Higgins, Hassabis & Lerchner
2017, "dSprites: Disentanglement testing Sprites dataset"): 737,280 images of 64 x 64 pixels, each
combination once, the last factor varying fastest. The outlines are this module's own:

- At scale s each shape has the area `FULL_AREA` s², in square pixels, so that scale alone says how large
  it is. The square and the ellipse (axes as 8 to 5, the long one level) lie about their centres; about its
  centroid lies the heart x = 16 sin³ t, y = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t, its point down.
- Orientation turns a shape clockwise about that point, as seen with the first row on top.
- Positions 0 to 1 put that point on the centre of pixel 16 to 47, counted from the left or the top; a
  step is one pixel. So a shape at another place is the same pixels elsewhere, and none is ever cut off.
- A pixel is 1 where its centre lies inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from arvae_music.images.data import (
    ImageAttribute,
    Images,
    Pixels,
    Rows,
    Splits,
    Values,
    as_images,
    random_splits,
)

SIDE = 64
"""Height and width of an image in pixels."""

SHAPES = ("square", "ellipse", "heart")
"""Their values are 1, 2 and 3."""

FULL_AREA = 21.6**2
"""Area of each shape at scale 1, in square pixels."""

_Doubles = npt.NDArray[np.float64]
_Bools = npt.NDArray[np.bool_]

_FIRST_CENTRE = 16
_REACH = 16  # no shape goes further from its centre, in pixels
_STEPS = 31

_DRAWS = 8  # of a sibling: of four in five images that are there, all fail in two of a million

_AXES_RATIO = 1.6
_HEART_AREA = 180 * np.pi  # of the curve as it stands above
_HEART_CENTROID = 5 / 6  # height of its centroid


class Factor(NamedTuple):
    """One of the six things that make an image.

    Attributes:
        attribute: its name, unit and kind.
        values: the values it takes, ascending.
    """

    attribute: ImageAttribute
    values: tuple[float, ...]


def _linear(lowest: float, highest: float, count: int) -> tuple[float, ...]:
    return tuple(np.linspace(lowest, highest, count).tolist())


FACTORS = (
    Factor(ImageAttribute("color", "", "category"), (1.0,)),
    Factor(ImageAttribute("shape", "", "category"), (1.0, 2.0, 3.0)),
    Factor(ImageAttribute("scale", "of the full size"), _linear(0.5, 1.0, 6)),
    Factor(ImageAttribute("orientation", "radians", "circle"), _linear(0.0, 2 * np.pi, 40)),
    Factor(ImageAttribute("position_x", "of the way to the right"), _linear(0.0, 1.0, _STEPS + 1)),
    Factor(ImageAttribute("position_y", "of the way down"), _linear(0.0, 1.0, _STEPS + 1)),
)
"""In the order of their columns. The first and the last orientation look alike."""

COUNTS = tuple(len(factor.values) for factor in FACTORS)
"""How many values each factor takes: 1, 3, 6, 40, 32, 32."""

COUNT = 737_280
"""Number of images."""

ATTRIBUTES = tuple(factor.attribute for factor in FACTORS[1:])
"""What images differ in: all factors but the color, which is always white."""


def classes(indices: Rows) -> npt.NDArray[np.int64]:
    """Which of its values each factor takes in these images, `[n, 6]`, from 0.

    Raises:
        IndexError: there is no such image.
    """
    indices = np.asarray(indices)
    if indices.size and not (indices.min() >= 0 and indices.max() < COUNT):
        raise IndexError(f"the sprites are numbered from 0 to {COUNT - 1}")
    return np.stack(np.unravel_index(indices.astype(np.intp), COUNTS), axis=-1).astype(np.int64)


def indices_of(of_classes: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Numbers of the images `[n]` in which the factors take these values, `[n, 6]`; undoes `classes`."""
    return np.asarray(np.ravel_multi_index(tuple(of_classes.T), COUNTS), np.int64)


def rows_by_index(rows: Rows, indices: Rows) -> npt.NDArray[np.int32]:
    """The row at which each image stands, by its index, `[737280]`; -1 for those that are not there."""
    table = np.full(COUNT, -1, np.int32)
    table[indices] = rows
    return table


def siblings_of(
    rows: Rows,
    of_classes: npt.NDArray[np.int64],
    names: Sequence[str],
    table: npt.NDArray[np.int32],
    generator: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """Rows of images in which the named factors take other values, drawn evenly, and the others the same.

    Args:
        rows: of the images, `[n]`; one whose draws are all not there stays itself.
        of_classes: of the images, `[n, 6]`.
        names: of factors.
        table: rows by the index of an image, see `rows_by_index`.
        generator: draws.
    """
    found = np.asarray(rows, np.int64).copy()
    open_ = np.arange(len(found))
    free = [k for k, factor in enumerate(FACTORS) if factor.attribute.name in names]
    for _ in range(_DRAWS):
        drawn = of_classes[open_].copy()
        for k in free:
            drawn[:, k] = generator.integers(COUNTS[k], size=len(open_))
        there = table[indices_of(drawn)]
        found[open_[there >= 0]] = there[there >= 0]
        open_ = open_[there < 0]
    return found


def factors(indices: Rows) -> _Doubles:
    """Values of the factors in these images, `[n, 6]`."""
    chosen = classes(indices)
    return np.stack([np.array(f.values)[chosen[:, k]] for k, f in enumerate(FACTORS)], axis=-1)


def render(indices: Rows) -> Pixels:
    """These images, `[n, 64, 64]` of 0 and 1, the first row on top.

    Raises:
        IndexError: there is no such image.
    """
    _, shape, scale, orientation, x, y = classes(indices).T
    drawing = np.ravel_multi_index((shape, scale, orientation), COUNTS[1:4])
    return np.asarray(_windows()[drawing, _STEPS - y, _STEPS - x])


@cache
def _windows() -> Pixels:
    """A view of every image, `[drawings, 32, 32, 64, 64]`: each drawing, and where its window starts.

    As positions are whole pixels apart, all images of a drawing are windows of one larger canvas, on which
    it stands in the middle: the lower the window, the higher the shape in it.
    """
    across = SIDE + _STEPS
    canvas = np.zeros((*COUNTS[1:4], across, across), np.uint8)
    start = _FIRST_CENTRE + _STEPS - _REACH
    inner = slice(start, start + 2 * _REACH + 1)
    canvas[..., inner, inner] = _drawings()
    flat = canvas.reshape(-1, across, across)
    flat.flags.writeable = False
    return np.lib.stride_tricks.sliding_window_view(flat, (SIDE, SIDE), axis=(1, 2))


def _drawings() -> _Bools:
    """Each shape at each scale and orientation about its centre, `[3, 6, 40, 33, 33]`."""
    offsets = np.arange(-_REACH, _REACH + 1.0)
    scale, angle = (np.array(FACTORS[k].values) for k in (2, 3))
    right, down = offsets[None, None, None, :], offsets[None, None, :, None]
    cos, sin = (f(angle)[None, :, None, None] for f in (np.cos, np.sin))
    scale = scale[:, None, None, None]
    # Instead of the shape, the pixels are turned back and shrunk.
    along = (cos * right + sin * down) / scale
    across = (cos * down - sin * right) / scale
    return np.stack([_in_square(along, across), _in_ellipse(along, across), _in_heart(along, across)])


def _in_square(right: _Doubles, down: _Doubles) -> _Bools:
    """Whether points, by pixels right of and below the centre, lie inside at scale 1 and orientation 0."""
    return np.asarray(np.maximum(abs(right), abs(down)) <= np.sqrt(FULL_AREA) / 2)


def _in_ellipse(right: _Doubles, down: _Doubles) -> _Bools:
    """Whether points lie inside, as for the square."""
    long_squared = FULL_AREA / np.pi * _AXES_RATIO
    return np.asarray(right**2 + (down * _AXES_RATIO) ** 2 <= long_squared)


def _in_heart(right: _Doubles, down: _Doubles) -> _Bools:
    """Whether points lie inside, as for the square.

    To an x of the curve belong t and pi - t, the curve above and below: with c = cos t, the terms of y
    that are even in c are the same for both, and the odd ones have the other sign.
    """
    unit = np.sqrt(FULL_AREA / _HEART_AREA)
    x, y = abs(right) / unit, _HEART_CENTROID - down / unit
    c = np.sqrt(np.maximum(1 - np.cbrt(x / 16) ** 2, 0))
    even = 4 - 2 * c**2 - 8 * c**4
    odd = 19 * c - 8 * c**3
    return np.asarray((x <= 16) & (abs(y - even) <= odd))


@dataclass(frozen=True)
class Sprites:
    """The sprites, drawn as they are asked for.

    Attributes:
        seed: of the permutation that splits them.
    """

    seed: int = 0

    name = "sprites"
    source = "drawn by this package with the factors of dSprites (Matthey et al. 2017), outlines its own"
    size = (SIDE, SIDE)
    attributes = ATTRIBUTES

    def __len__(self) -> int:
        return COUNT

    @cached_property
    def splits(self) -> Splits:
        """80, 10 and 10 percent of the images."""
        return random_splits(COUNT, self.seed)

    def images(self, rows: Rows) -> Images:
        """Images of 0 and 1, `[n, 1, 64, 64]`."""
        return as_images(render(rows), highest=1)

    def values(self, rows: Rows) -> Values:
        """Values of all factors but the color, `[n, 5]`."""
        return factors(rows)[:, 1:].astype(np.float32)

    def siblings(self, rows: Rows, names: Sequence[str], generator: np.random.Generator) -> Rows:
        """Images of the training split that differ from these in the named factors alone, `[n]`."""
        return siblings_of(rows, classes(rows), names, self._rows, generator)

    @cached_property
    def _rows(self) -> npt.NDArray[np.int32]:
        return rows_by_index(self.splits.train, self.splits.train)
