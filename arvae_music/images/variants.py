"""Variants of digits to learn from: sheared, wider or narrower, higher or lower, thinner or thicker.

In few digits their measures hang together, and with what each digit is: a model that has seen no wide 1
and no thin 8 cannot tell width and thickness from the digit. Variants are measured as all images are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from arvae_music.errors import ArvaeError
from arvae_music.images.data import Pixels

SHEAR = 0.35
"""Most that the top moves to a side, for each pixel of height."""

WIDER = (0.8, 1.2)
HIGHER = (0.85, 1.1)
"""Least and most that they are stretched by."""

THICKER = 0.7
"""Most that is taken of the image a pixel thicker all around, or thinner, instead of the image itself."""

_HIGHEST = 255
_Floats = npt.NDArray[np.float32]


def varied(pixels: Pixels, generator: np.random.Generator) -> Pixels:
    """A variant of each image, `[n, side, side]` from 0 to 255, drawn evenly of what the limits above allow.

    Raises:
        ArvaeError: scipy is not installed.
    """
    drawn = generator.random((len(pixels), 4))
    shear, thicker = ((2 * drawn[:, k] - 1) * most for k, most in ((0, SHEAR), (1, THICKER)))
    wider, higher = (low + drawn[:, k] * (high - low) for k, (low, high) in ((2, WIDER), (3, HIGHER)))
    images = stretched(pixels.astype(np.float32), shear, wider, higher)
    return np.asarray(np.rint(thickened(images, thicker)), np.uint8)


def stretched(
    images: _Floats,
    shear: npt.NDArray[np.floating],
    wider: npt.NDArray[np.floating],
    higher: npt.NDArray[np.floating],
) -> _Floats:
    """Images `[n, side, side]` stretched about their middle, and their top then moved to the right.

    Args:
        images: from 0 to 255.
        shear: pixels to the right for each pixel up, `[n]`.
        wider: how many times as wide they become, `[n]`.
        higher: how many times as high they become, `[n]`.
    """
    try:
        from scipy.ndimage import affine_transform
    except ImportError as error:
        raise ArvaeError("variants of digits need scipy: pip install 'arvae-music[images]' has it") from error
    middle = np.full(2, (images.shape[-1] - 1) / 2)
    made = np.empty_like(images)
    for k, image in enumerate(images):
        # From a place of the variant, by row and column, to that of the image it is taken from.
        back = np.array([[1 / higher[k], 0.0], [shear[k] / wider[k], 1 / wider[k]]])
        made[k] = affine_transform(image, back, middle - back @ middle, order=3)
    return np.clip(made, 0, _HIGHEST)


def thickened(images: _Floats, thicker: npt.NDArray[np.floating]) -> _Floats:
    """Images `[n, side, side]` mixed with ones whose strokes reach a pixel further, or less far.

    Args:
        images: from 0, the background.
        thicker: share of those that reach further, or below 0, of those that reach less far, `[n]`.
    """
    framed = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    around = np.stack(
        [images, framed[:, 2:, 1:-1], framed[:, :-2, 1:-1], framed[:, 1:-1, 2:], framed[:, 1:-1, :-2]]
    )
    further = np.where((thicker > 0)[:, None, None], around.max(axis=0), around.min(axis=0))
    share = np.abs(thicker).astype(np.float32)[:, None, None]
    return np.asarray((1 - share) * images + share * further)
