"""Walks through the latent space of images: what is decoded as regularized dimensions are moved."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from arvae_music.errors import ArvaeError
from arvae_music.images.checkpoint import ImageCheckpoint
from arvae_music.images.coding import decoded, encoded
from arvae_music.images.data import ImageData, Images
from arvae_music.images.report import check_size
from arvae_music.training.traversal import EDGES

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.gridspec import SubplotSpec

Reals = npt.NDArray[np.float64]

STEPS = 7
"""Images from low to high."""

_TWICE = 2
_FRAMES = 12
_FRAME_MS = 110
_BESIDE = 3
_MARGIN = 0.3  # above the pictures, inches
_GAP = 2
_SCALE = 2

_INK, _QUIET = "#2b2f33", "#6b7278"


class Walk(NamedTuple):
    """Images as each regularized dimension is moved alone.

    Attributes:
        names: of the attributes.
        source: the images, `[rows, side, side]`.
        places: on each dimension, `[rows, attributes, steps]`.
        images: what is decoded there, `[rows, attributes, steps, side, side]`.
    """

    names: tuple[str, ...]
    source: npt.NDArray[np.float32]
    places: npt.NDArray[np.float64]
    images: npt.NDArray[np.float32]


def walk(
    checkpoint: ImageCheckpoint, data: ImageData, count: int = 6, steps: int = STEPS, seed: int = 0
) -> Walk:
    """Move the regularized dimensions of some test images between the places that the split goes to.

    Attributes that depend on one another do not move alone as far as they do together: no digit is as thick
    as the thickest and has little ink. So a dimension goes at most twice as far as it does in images whose
    other attributes are the same: from what a linear regression on the other dimensions expects.

    Args:
        checkpoint: the model.
        data: whose test split is drawn from.
        count: images.
        steps: places on each dimension, in equal steps. Ends are the 1st and the 99th percentile.
        seed: draws the images.

    Raises:
        UsageError: the images have another size than the model's.
        ArvaeError: the model has no regularized attributes, or the split too few images.
    """
    check_size(checkpoint, data)
    names = checkpoint.settings.attributes
    if not names:
        raise ArvaeError("the model has no regularized attributes: there is nothing to walk along")
    test = data.splits.test
    if len(test) < count:
        raise ArvaeError(f"the test split of {data.name} has {len(test)} images, and {count} are asked for")
    chosen = np.sort(np.random.default_rng(seed).choice(test, count, replace=False))
    crowd = encoded(checkpoint.vae, data, test[:: max(1, len(test) // 2_000)]).mean[:, : len(names)]
    z = encoded(checkpoint.vae, data, chosen).mean
    expected, apart = _expected(crowd.astype(np.float64), z[:, : len(names)].astype(np.float64))
    low, high = np.percentile(crowd, EDGES, axis=0)
    start, end = (
        np.clip(expected + _TWICE * edge, low, high) for edge in np.percentile(apart, EDGES, axis=0)
    )
    places = np.linspace(start, end, steps, axis=2)
    return Walk(names, data.images(chosen)[:, 0], places, _moved(checkpoint, z, places))


def _expected(crowd: Reals, rows: Reals) -> tuple[Reals, Reals]:
    """What a linear regression on the other dimensions makes of each dimension of rows, `[rows, attributes]`.

    And how far the crowd is from what it makes of them, `[crowd, attributes]`.
    """
    expected, apart = np.empty_like(rows), np.empty_like(crowd)
    for k in range(crowd.shape[1]):
        others, theirs = (np.insert(np.delete(part, k, axis=1), 0, 1.0, axis=1) for part in (crowd, rows))
        line = np.linalg.lstsq(others, crowd[:, k], rcond=None)[0]
        expected[:, k], apart[:, k] = theirs @ line, crowd[:, k] - others @ line
    return expected, apart


def _moved(checkpoint: ImageCheckpoint, z: npt.NDArray[np.float32], places: Reals) -> Images:
    _, attributes, steps = places.shape
    all_z = np.broadcast_to(z[:, None, None], (len(z), attributes, steps, z.shape[1])).copy()
    for k in range(attributes):
        all_z[:, k, :, k] = places[:, k]
    images = decoded(checkpoint.vae, all_z.reshape(-1, z.shape[1]))
    return images.reshape(len(z), attributes, steps, *images.shape[2:])


def walk_chart(moved: Walk) -> Figure:
    """A row for each image; for each attribute a block of columns, its dimension moved from low to high.

    At most three blocks are beside one another, and the others below them.
    """
    from matplotlib.figure import Figure

    rows, attributes, steps = moved.images.shape[:3]
    beside = min(attributes, _BESIDE)
    bands = -(-attributes // beside)
    widths = [1.0, *([0.3] + [1.0] * steps) * beside]
    heights = [*([1.0] * rows + [0.9]) * bands][:-1]
    across, down = 0.5 * sum(widths), 0.5 * sum(heights) + _MARGIN
    figure = Figure(figsize=(across, down), facecolor="white")
    edges = {"left": 0.01, "right": 0.99, "top": 1 - _MARGIN / down, "bottom": 0.01}
    gaps = {"wspace": 0.06, "hspace": 0.06}
    lattice = figure.add_gridspec(
        len(heights), len(widths), width_ratios=widths, height_ratios=heights, **edges, **gaps
    )
    for k in range(attributes):
        top, left = k // beside * (rows + 1), 2 + k % beside * (steps + 1)
        for row in range(rows):
            if k % beside == 0:
                _show(figure, lattice[top + row, 0], moved.source[row], "image" if row == 0 else "")
            for step in range(steps):
                title = _title(moved, k, step) if row == 0 else ""
                place = lattice[top + row, left + step]
                _show(figure, place, moved.images[row, k, step], title, bold=step == steps // 2)
    return figure


def _title(moved: Walk, k: int, step: int) -> str:
    """What stands above a column: the places at the ends on average, the attribute's name in the middle."""
    steps = moved.places.shape[2]
    low, high = moved.places[:, k, [0, -1]].mean(axis=0)
    ends = {0: f"z = {low:.1f}", steps - 1: f"{high:.1f}"}
    return ends.get(step, moved.names[k].replace("_", " ") if step == steps // 2 else "")


def _show(
    figure: Figure, place: SubplotSpec, image: npt.NDArray[np.float32], title: str, *, bold: bool = False
) -> None:
    axes = figure.add_subplot(place)
    axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_axis_off()
    if title:
        text = title.replace("-", "\N{MINUS SIGN}")
        weight, size, colour = ("bold", 9, _INK) if bold else ("normal", 6.5, _QUIET)
        axes.set_title(text, size=size, color=colour, weight=weight, pad=3)


def walk_animation(checkpoint: ImageCheckpoint, data: ImageData, count: int = 6, seed: int = 0) -> bytes:
    """An animated GIF: rows are images, columns attributes, each moved from low to high and back.

    Raises:
        ArvaeError: Pillow is missing, or see `walk`.
    """
    try:
        from PIL import Image
    except ImportError:
        raise ArvaeError("animations need Pillow: pip install 'arvae-music[plot]'") from None
    moved = walk(checkpoint, data, count, _FRAMES, seed)
    there = [_tiled(moved.images[:, :, step]) for step in range(_FRAMES)]
    frames = [Image.fromarray(frame) for frame in [*there, *there[-2:0:-1]]]
    out = BytesIO()
    frames[0].save(
        out, format="GIF", save_all=True, append_images=frames[1:], duration=_FRAME_MS, loop=0, optimize=True
    )
    return out.getvalue()


def _tiled(images: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Images `[rows, columns, side, side]` beside one another with light lines between, enlarged."""
    rows, columns, side, _ = images.shape
    padded = np.pad(images, [(0, 0), (0, 0), (_GAP, 0), (_GAP, 0)], constant_values=0.6)
    whole = padded.transpose(0, 2, 1, 3).reshape(rows * (side + _GAP), columns * (side + _GAP))
    pixels = np.clip(np.rint(whole * 255), 0, 255).astype(np.uint8)
    return np.asarray(pixels.repeat(_SCALE, axis=0).repeat(_SCALE, axis=1))
