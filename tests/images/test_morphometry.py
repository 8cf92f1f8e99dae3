"""Measures of digits, on shapes whose measures are known by drawing them."""

import math

import numpy as np
import pytest
from skimage.transform import pyramid_expand

from arvae_music.images import morphometry
from arvae_music.images.morphometry import _fine

AREA, LENGTH, THICKNESS, SLANT, WIDTH, HEIGHT = range(6)
CENTRES = np.arange(28 * 8) / 8 + 1 / 16  # eight samples a pixel, each way


def drawn(inside: np.ndarray) -> np.ndarray:
    """A shape, as grey as it covers each pixel, from its samples `[224, 224]`."""
    return np.asarray(np.rint(inside.reshape(28, 8, 28, 8).mean(axis=(1, 3)) * 255), np.uint8)


def bar(width: float, height: float, slope: float = 0.0) -> np.ndarray:
    """An upright bar in the middle; `slope`: how far its top leans to the right, for each pixel of height."""
    x, y = CENTRES[None, :] - 14, 14 - CENTRES[:, None]
    return drawn((abs(x - slope * y) <= width / 2) & (abs(y) <= height / 2))


def ring(radius: float, thickness: float) -> np.ndarray:
    distance = np.hypot(CENTRES[None, :] - 14, CENTRES[:, None] - 14)
    return drawn(abs(distance - radius) <= thickness / 2)


def measures(image: np.ndarray) -> np.ndarray:
    return np.asarray(morphometry(image[None])[0])


@pytest.mark.parametrize(("width", "height"), [(2, 20), (3, 16), (4, 20), (4, 12)])
def test_bars(width: int, height: int) -> None:
    got = measures(bar(width, height))
    # Smoothing takes a little off the corners. The axis ends up to half a stroke before the bar does, or in
    # the corners; where the bar is an even number of fine pixels thick it wavers between the two in the
    # middle, which makes it up to a quarter longer.
    assert got[AREA] == pytest.approx(width * height, rel=0.03)
    assert got[THICKNESS] == pytest.approx(width, abs=0.3)
    assert height - width <= got[LENGTH] <= 1.25 * height
    assert got[SLANT] == pytest.approx(0, abs=1e-3)
    # One percent of the intensity is outside at each end, but splines and smoothing spread it: along the bar
    # by half a pixel, across, where it is a larger part of all, by up to two.
    assert got[HEIGHT] == pytest.approx(0.98 * height, abs=0.7)
    assert 0.98 * width <= got[WIDTH] <= width + 2


@pytest.mark.parametrize("slope", [-0.5, -0.2, 0.2, 0.5])
def test_sheared_bars(slope: float) -> None:
    got = measures(bar(3, 20, slope))
    # The shear of a uniform parallelogram is its sides': u11 / u02 = slope. Smoothing widens u02, which is
    # 20² / 12 = 33, by about 0.1, and so flattens the slope by less than a hundredth of it.
    assert got[SLANT] == pytest.approx(math.atan(slope), abs=0.01)
    assert got[AREA] == pytest.approx(60, rel=0.03)  # shear leaves area as it is
    assert 0.98 * 3 <= got[WIDTH] <= 3 + 2  # level, between the slanted sides
    assert got[HEIGHT] == pytest.approx(0.98 * 20, abs=0.7)
    # Across its sides it is 3 cos(slant) thick.
    assert got[THICKNESS] == pytest.approx(3 * math.cos(math.atan(slope)), abs=0.3)


@pytest.mark.parametrize(("radius", "thickness"), [(6, 2), (8, 3), (9, 4)])
def test_rings(radius: int, thickness: int) -> None:
    got = measures(ring(radius, thickness))
    assert got[AREA] == pytest.approx(2 * math.pi * radius * thickness, rel=0.03)
    assert got[THICKNESS] == pytest.approx(thickness, abs=0.3)
    # A circle counted in steps of 1 and sqrt 2 is longer than it is by 8 (sqrt 2 - 1) / pi = 1.055 where each
    # step stands by itself; where steps meet in a corner, neighbours of both count once more.
    assert 2 * math.pi * radius <= got[LENGTH] <= 1.055 * 1.35 * 2 * math.pi * radius
    assert got[SLANT] == pytest.approx(0, abs=1e-3)
    assert got[WIDTH] == pytest.approx(got[HEIGHT], abs=0.1)
    assert 2 * radius < got[WIDTH] < 2 * radius + thickness + 0.25  # soft edges, as above


def test_a_longer_and_a_thicker_stroke() -> None:
    short, long, thick = morphometry(np.stack([bar(3, 10), bar(3, 20), bar(5, 20)]))
    assert 10 <= long[LENGTH] - short[LENGTH] <= 1.25 * 10
    assert thick[THICKNESS] - long[THICKNESS] == pytest.approx(2, abs=0.3)


def test_images_without_a_digit() -> None:
    got = morphometry(np.stack([np.full((28, 28), grey, np.uint8) for grey in (0, 77, 255)]))
    assert (got[:, [AREA, LENGTH]] == 0).all()
    assert np.isnan(got[:, [THICKNESS, SLANT, WIDTH, HEIGHT]]).all()
    assert morphometry(np.zeros((0, 28, 28), np.uint8)).shape == (0, 6)


def test_beside_an_image_without_a_digit() -> None:
    image = bar(3, 16, 0.3)
    got = morphometry(np.stack([np.zeros_like(image), image]))
    assert np.isnan(got[0, THICKNESS])
    assert got[1] == pytest.approx(measures(image), rel=1e-5)


def test_a_batch_is_its_images_one_by_one() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    images = np.stack([bar(3, 16), *noise, ring(8, 3)])
    alone = np.stack([measures(image) for image in images])
    assert morphometry(images) == pytest.approx(alone, rel=1e-3, abs=1e-3)


def test_units_of_grey_do_not_matter() -> None:
    image = bar(3, 16, 0.3)
    assert measures(image / 255.0) == pytest.approx(measures(image), rel=1e-3)


def test_finer_images_are_those_of_scikit_image() -> None:
    image = np.stack([ring(8, 3), bar(3, 20, 0.4)]).astype(np.float32)
    got = _fine(image, image.min(axis=(1, 2)), image.max(axis=(1, 2)))
    for ours, source in zip(got, image, strict=True):
        theirs = pyramid_expand(source.astype(float), upscale=4, order=3, preserve_range=True)
        assert abs(ours - theirs).max() < 0.5  # of 255
