"""Variants of digits: shapes whose variants are known by geometry, and what joins the training split."""

import math

import numpy as np
import pytest

from arvae_music.images import load_images, morphometry, small_digits
from arvae_music.images.variants import stretched, thickened, varied
from tests.images.test_morphometry import AREA, HEIGHT, SLANT, WIDTH, bar


def changed(shear: float = 0.0, wider: float = 1.0, higher: float = 1.0) -> np.ndarray:
    """Measures of an upright bar of 6 by 16 pixels that is so sheared and stretched."""
    one = [np.array([value]) for value in (shear, wider, higher)]
    return np.asarray(morphometry(stretched(bar(6, 16)[None].astype(np.float32), *one))[0])


@pytest.mark.parametrize("shear", [-0.3, 0.0, 0.3])
def test_a_sheared_bar_leans(shear: float) -> None:
    got = changed(shear)
    assert got[SLANT] == pytest.approx(math.atan(shear), abs=0.02)
    assert got[AREA] == pytest.approx(6 * 16, rel=0.03)


def test_a_stretched_bar_is_wider_or_higher() -> None:
    plain, wide, high = changed(), changed(wider=1.2), changed(higher=1.1)
    assert wide[AREA] / plain[AREA] == pytest.approx(1.2, rel=0.03)
    # All that is seen becomes wider, the soft edges, too.
    assert wide[WIDTH] / plain[WIDTH] == pytest.approx(1.2, rel=0.03)
    assert wide[HEIGHT] == pytest.approx(plain[HEIGHT], abs=0.1)
    assert high[AREA] / plain[AREA] == pytest.approx(1.1, rel=0.03)
    assert high[HEIGHT] / plain[HEIGHT] == pytest.approx(1.1, rel=0.03)


def test_strokes_reach_a_pixel_further_or_less_far() -> None:
    square = np.zeros((7, 7), np.float32)
    square[2:5, 2:5] = 200
    more, half, same, less = thickened(np.stack([square] * 4), np.array([1, 0.5, 0, -1]))
    # Three by three, and three more on each of its four sides; of it only the pixel in the middle is inside.
    assert (more > 0).sum() == 9 + 12
    assert set(more[more > 0]) == {200}
    assert half.sum() == 200 * (9 + 12 / 2)
    assert (same == square).all()
    assert np.argwhere(less).tolist() == [[3, 3]]


def test_variants_are_drawn_by_the_generator() -> None:
    bars = np.stack([bar(4, 16)] * 3)
    made = varied(bars, np.random.default_rng(1))
    assert made.dtype == np.uint8
    assert (made == varied(bars, np.random.default_rng(1))).all()
    assert (made[0] != made[1]).any()
    slants = morphometry(varied(np.stack([bar(4, 16)] * 60), np.random.default_rng(0)))[:, SLANT]
    # Evenly from -0.35 to 0.35 the shear has a standard deviation of 0.35 / sqrt 3 = 0.2.
    assert slants.std() == pytest.approx(0.2, abs=0.04)


def test_variants_are_to_train_on_alone() -> None:
    plain, more = small_digits(), small_digits(variants=2)
    first = len(plain.splits.train)
    assert len(more) == 1797 + 2 * first
    assert (more.pixels[:1797] == plain.pixels).all()
    assert (more.splits.test == plain.splits.test).all()
    assert (more.splits.validation == plain.splits.validation).all()
    assert (more.splits.train == [*plain.splits.train, *range(1797, 1797 + 2 * first)]).all()
    assert (more.labels[1797:] == np.tile(plain.labels[plain.splits.train], 2)).all()
    assert "2 variants" in more.source
    assert len(load_images("digits")) == 1797 + 6 * first


def test_siblings_are_of_one_digit() -> None:
    data, generator = small_digits(variants=3), np.random.default_rng(0)
    names = [attribute.name for attribute in data.attributes]
    train = data.splits.train
    rows = train[[0, 0, 0, 0, 0, 0, 0, 0, len(train) - 1]]
    found = data.siblings(rows, names, generator)
    assert found is not None
    count = len(train) // 4
    family = [train[0], *(1797 + count * k for k in range(3))]
    assert set(found[:8]) <= set(family)
    assert len(set(found[:8])) > 1
    assert found[8] in [train[count - 1], *(1797 + count * k + count - 1 for k in range(3))]
    # A digit that is not to train on has none.
    assert data.siblings(data.splits.test[:3], names, generator) == pytest.approx(data.splits.test[:3])
    # Variants differ in everything: which of them differ in slant alone is not known.
    assert data.siblings(rows, ["slant"], generator) is None
    assert small_digits().siblings(rows[:3], names, generator) is None
