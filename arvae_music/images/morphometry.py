"""Measures of written digits: how large, long, thick, slanted, wide and high the stroke is.

As in Morpho-MNIST (Castro, Tan, Kainz, Konukoglu & Glocker 2019, "Morpho-MNIST: Quantitative assessment
and diagnostics for representation learning", JMLR 20), whose published tables have the same six: images
are made four times finer (cubic splines, then Gaussian smoothing) and, for the first three, black and
white at half of their range of intensity.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from arvae_music.errors import ArvaeError
from arvae_music.images.data import ImageAttribute, Values
from arvae_music.images.resampling import Matrix, applied, finer, softer

ATTRIBUTES = (
    ImageAttribute("area", "square pixels"),
    ImageAttribute("length", "pixels"),
    ImageAttribute("thickness", "pixels"),
    ImageAttribute("slant", "radians"),
    ImageAttribute("width", "pixels"),
    ImageAttribute("height", "pixels"),
)
"""In the order of the columns of `morphometry`."""

VERSION = 2
"""Raised with every change to what is measured of the same images."""

FINER = 4
"""How many times finer images are measured than they are."""

OUTSIDE = 0.02
"""Share of the intensity that lies outside of width, and of height: half of it on each side."""

_SMOOTHING = 2 * FINER / 6  # standard deviation: three of them are as far as an old pixel is wide
_AT_ONCE = 128

_Floats = npt.NDArray[np.float32]
_Doubles = npt.NDArray[np.float64]
_Bools = npt.NDArray[np.bool_]


def morphometry(images: npt.NDArray[Any]) -> Values:
    """The six measures of each image, in pixels of the image, `[n, 6]`.

    - area: how much is as light as half of the range of intensity, or lighter;
    - length: of the medial axis, 1 between neighbours side by side and sqrt 2 between those corner to
      corner, as the sum over all pairs of neighbours;
    - thickness: twice the mean distance of the medial axis from the nearest background pixel's centre, so
      that a stroke of an odd number of fine pixels counts as one, a quarter of a pixel, more;
    - slant: arctan of the horizontal shear that would bring the image's intensity upright, positive where
      the top leans to the right;
    - width, height: of the parallelogram with level top and bottom and sides of that slant, outside of
      which lies one percent of the intensity to the left, the right, above and below; its soft edges
      make a thin stroke a pixel or two wider.

    An image of one grey has no digit on it: its area and length are 0 and the others nan.

    Args:
        images: light strokes on a dark ground, in any numbers, `[n, size, size]`.

    Raises:
        ArvaeError: scikit-image is not installed.
    """
    parts = list(measured(images))
    return np.concatenate(parts) if parts else np.zeros((0, len(ATTRIBUTES)), np.float32)


def measured(images: npt.NDArray[Any]) -> Iterator[Values]:
    """What `morphometry` gives, some images at a time."""
    for start in range(0, len(images), _AT_ONCE):
        yield _measured(images[start : start + _AT_ONCE].astype(np.float32))


def _measured(images: _Floats) -> Values:
    lowest, highest = images.min(axis=(1, 2)), images.max(axis=(1, 2))
    fine = _fine(images, lowest, highest)
    low, high = fine.min(axis=(1, 2)), fine.max(axis=(1, 2))
    blank = lowest == highest
    digit = (fine >= ((low + high) / 2)[:, None, None]) & ~blank[:, None, None]
    stroke = _stroke(digit)
    shear, width, height = _parallelogram(np.where(blank[:, None, None], 1.0, fine))
    columns = (
        digit.sum(axis=(1, 2)) / float(FINER**2),
        stroke.length / FINER,
        stroke.thickness / FINER,
        np.arctan(-shear),  # rows count downwards
        width / FINER,
        height / FINER,
    )
    values = np.stack(columns, axis=1).astype(np.float32)
    values[blank, 2:] = np.nan
    return values


@cache
def _matrices(size: int) -> tuple[Matrix, Matrix]:
    return finer(size, size * FINER), softer(size * FINER, _SMOOTHING)


def _fine(images: _Floats, lowest: _Floats, highest: _Floats) -> _Floats:
    """Images four times finer, `[n, 4 size, 4 size]`, within each one's range, `[n]`."""
    spline, gaussian = _matrices(images.shape[-1])
    within = np.clip(applied(spline, images), lowest[:, None, None], highest[:, None, None])
    return applied(gaussian, within)


class _Stroke(NamedTuple):
    """Length and mean thickness in fine pixels, `[n]`; 0 and nan where there is none."""

    length: _Doubles
    thickness: _Doubles


class _Ties(np.random.Generator):
    """Draws what it was given.

    The medial axis peels pixels off by their distance and draws which of equals comes first. It has to be
    as if drawn, since in an order of their own they go one after another from the end of a stroke; but the
    same pixel must draw the same whatever other images are measured beside.
    """

    def __init__(self, ties: npt.NDArray[np.uint64]) -> None:
        super().__init__(np.random.PCG64(0))
        self.ties = ties

    def permutation(self, x: Any, axis: int = 0) -> Any:
        return self.ties


def _stroke(digit: _Bools) -> _Stroke:
    """Measures of the medial axis of each image, `[n, side, side]`."""
    try:
        from skimage.morphology import medial_axis
    except ImportError as error:
        raise ArvaeError(
            "measuring digits needs scikit-image: pip install 'arvae-music[images]' has it"
        ) from error
    side = digit.shape[-1]
    ties = np.random.PCG64(0).random_raw(side**2).reshape(1, side, side)
    part = _extent(digit)
    # One tall picture of all: what the axis needs to know beforehand takes longer than one image. Between
    # them lies a line of background, as around them, so that none knows of another.
    framed = np.pad(digit[part], ((0, 0), (1, 1), (1, 1)))
    drawn = _Ties(np.broadcast_to(ties[part], digit[part].shape)[digit[part]])
    axis, distance = medial_axis(framed.reshape(-1, framed.shape[-1]), return_distance=True, rng=drawn)
    axis, distance = axis.reshape(framed.shape), distance.reshape(framed.shape)
    beside = (axis[:, 1:] & axis[:, :-1]).sum(axis=(1, 2)) + (axis[..., 1:] & axis[..., :-1]).sum(axis=(1, 2))
    across = sum(
        (axis[:, 1:, there] & axis[:, :-1, here]).sum(axis=(1, 2))
        for there, here in ((slice(1, None), slice(-1)), (slice(-1), slice(1, None)))
    )
    count = axis.sum(axis=(1, 2))
    total = (distance * axis).sum(axis=(1, 2))
    return _Stroke(beside + np.sqrt(2) * across, 2 * total / np.where(count, count, np.nan))


def _extent(digit: _Bools) -> tuple[slice, slice, slice]:
    """Which rows and columns of the images `[n, side, side]` have something in any of them; at least one."""
    rows, columns = (np.flatnonzero(digit.any(axis=axes)) for axes in ((0, 2), (0, 1)))
    if not rows.size:
        return slice(None), slice(1), slice(1)
    return slice(None), slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


class _Parallelogram(NamedTuple):
    """Shear (pixels to the right for each one down), width and height in fine pixels, `[n]`."""

    shear: _Doubles
    width: _Doubles
    height: _Doubles


def _parallelogram(fine: _Doubles) -> _Parallelogram:
    """The parallelogram around nearly all intensity of each image, `[n, side, side]`."""
    side = fine.shape[-1]
    share = fine / fine.sum(axis=(1, 2), keepdims=True)
    place = np.arange(side)
    rows, columns = share.sum(axis=2), share.sum(axis=1)
    x, y = columns @ place, rows @ place
    right, down = place - x[:, None], place - y[:, None]
    shear = np.einsum("nyx,nx,ny->n", share, right, down, optimize=True) / (rows * down**2).sum(axis=1)
    # Pixels go by where their centre is once the image is upright. At 45 degrees they get as far beyond
    # the image as it is wide; more than that is no digit.
    upright = np.floor(place[None, None, :] + 0.5 - (shear[:, None] * down)[:, :, None])
    bins = np.clip(upright, -side, 2 * side - 1).astype(np.intp) + side
    bins += 3 * side * np.arange(len(fine))[:, None, None]
    across = np.bincount(bins.ravel(), share.ravel(), 3 * side * len(fine)).astype(np.float64)
    return _Parallelogram(shear, _middle(across.reshape(len(fine), -1)), _middle(rows))


def _middle(shares: _Doubles) -> _Doubles:
    """Over how many of the pixels in a row `[n, pixels]` all but the ends of their intensity lies, `[n]`."""
    below = np.pad(shares.cumsum(axis=1), ((0, 0), (1, 0)))
    each = np.arange(len(shares))

    def quantile(share: float) -> _Doubles:
        last = np.maximum((below >= share).argmax(axis=1), 1)
        before = below[each, last - 1]
        return np.asarray(last - 1 + (share - before) / (below[each, last] - before))

    return quantile(1 - OUTSIDE / 2) - quantile(OUTSIDE / 2)
