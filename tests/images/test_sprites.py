"""Sprites: factors by their published table, shapes by geometry."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arvae_music.images import Sprites
from arvae_music.images.sprites import COUNT, classes, factors, indices_of, render

INDICES = st.integers(0, COUNT - 1)


def one(shape: int, scale: int = 5, orientation: int = 0, x: int = 16, y: int = 16) -> np.ndarray:
    """A drawing by its classes."""
    return np.asarray(render(indices_of(np.array([[0, shape, scale, orientation, x, y]])))[0])


def centroid(pixels: np.ndarray) -> tuple[float, float]:
    """Column and row of the middle of what is white."""
    rows, columns = np.nonzero(pixels)
    return columns.mean(), rows.mean()


def test_factors_are_those_published() -> None:
    assert len(Sprites()) == 1 * 3 * 6 * 40 * 32 * 32 == 737_280
    assert factors(np.array([0])).tolist() == [[1, 1, 0.5, 0, 0, 0]]
    assert factors(np.array([COUNT - 1])) == pytest.approx(np.array([[1, 3, 1, 2 * math.pi, 1, 1]]))
    # The last varies fastest: one step down, 32 are one to the right, 1024 a 39th of a turn, and so on.
    steps = np.array([1, 32, 1024, 1024 * 40, 1024 * 40 * 6])
    moved = factors(steps) - factors(np.array([0]))
    wanted = np.zeros((5, 6))
    wanted[0, 5], wanted[1, 4], wanted[2, 3], wanted[3, 2], wanted[4, 1] = (
        1 / 31,
        1 / 31,
        2 * math.pi / 39,
        0.1,
        1,
    )
    assert moved == pytest.approx(wanted)


@given(st.lists(INDICES, max_size=20))
def test_indices_come_back_from_their_classes(indices: list[int]) -> None:
    assert indices_of(classes(np.array(indices, int))).tolist() == indices


@given(st.lists(INDICES, min_size=1, max_size=20))
def test_a_batch_is_its_images_one_by_one(indices: list[int]) -> None:
    together = render(np.array(indices))
    assert together.shape == (len(indices), 64, 64)
    assert together.dtype == np.uint8
    for index, image in zip(indices, together, strict=True):
        assert (render(np.array([index]))[0] == image).all()


@given(INDICES)
def test_the_centroid_stands_where_the_position_says(index: int) -> None:
    _, _, _, _, x, y = factors(np.array([index]))[0]
    column, row = centroid(render(np.array([index]))[0])
    # 0 to 1 are the pixels 16 to 47; the pixels' rounding shifts it by less than a quarter of one.
    assert column == pytest.approx(16 + 31 * x, abs=0.25)
    assert row == pytest.approx(16 + 31 * y, abs=0.25)


@given(INDICES, st.integers(0, 31), st.integers(0, 31))
def test_elsewhere_are_the_same_pixels(index: int, x: int, y: int) -> None:
    there = classes(np.array([index]))
    moved = there.copy()
    moved[0, 4:] = x, y
    first, second = render(np.array([index]))[0], render(indices_of(moved))[0]
    shift = (y - int(there[0, 5]), x - int(there[0, 4]))
    assert (np.roll(first, shift, axis=(0, 1)) == second).all()
    assert first.sum() == second.sum()  # none is cut off


@pytest.mark.parametrize("shape", [0, 1, 2])
def test_area_is_of_the_scale_alone(shape: int) -> None:
    combinations = [[0, shape, s, o, 16, 16] for s in range(6) for o in range(40)]
    areas = render(indices_of(np.array(combinations))).sum(axis=(1, 2)).reshape(6, 40)
    assert (areas.max(axis=1)[:-1] < areas.min(axis=1)[1:]).all()  # grows, whatever the orientation
    wanted = (21.6 * np.linspace(0.5, 1, 6)) ** 2
    assert (abs(areas / wanted[:, None] - 1) < 0.07).all()


def test_a_square_is_one() -> None:
    # 21.6 wide: 10.8 to each side of a pixel's centre, which takes 10 more pixels in.
    image = one(0)
    assert image.sum() == 21 * 21
    assert image[32 - 10 : 32 + 11, 32 - 10 : 32 + 11].all()


def test_an_ellipse_is_one() -> None:
    # Half axes a and a / 1.6 with an area pi a² / 1.6 = 21.6²: a = 15.41 and 9.63.
    rows, columns = np.nonzero(one(1))
    assert (columns.min(), columns.max()) == (32 - 15, 32 + 15)
    assert (rows.min(), rows.max()) == (32 - 9, 32 + 9)


def test_a_heart_is_one() -> None:
    image = one(2)
    assert (image[:, 1:33] == image[:, 32:][:, ::-1]).all()  # left is right, about column 32
    # One unit of the curve is 21.6 / sqrt(180 pi) = 0.908 pixels. Its dent (y = 5), its tip (y = -17) and its
    # centroid (y = 5/6) are on its axis: 3.8 above the centre and 16.2 below.
    rows = np.nonzero(image[:, 32])[0]
    assert (rows.min(), rows.max()) == (32 - 3, 32 + 16)
    # The lobes reach higher, y = 11.9 at the highest: 10.1 above; and out to x = 16, 14.5 aside.
    rows, columns = np.nonzero(image)
    assert rows.min() == 32 - 10
    assert (columns.min(), columns.max()) == (32 - 14, 32 + 14)


def test_orientation_turns_clockwise() -> None:
    # 10 steps of 360 / 39 are 92 degrees: the tip that pointed down points left, and is thin at its end.
    columns = np.nonzero(one(2, orientation=10))[1]
    assert 32 - columns.min() >= 14
    assert columns.max() - 32 <= 11
    # An eighth of a turn puts an ellipse from upper left to lower right: row and column grow together.
    rows, columns = np.nonzero(one(1, orientation=5))
    assert np.corrcoef(rows, columns)[0, 1] > 0.3


def test_a_whole_turn_changes_nothing() -> None:
    for shape in range(3):
        for scale in range(6):
            assert (one(shape, scale, 0) == one(shape, scale, 39)).all()


def test_numbers_that_no_image_has() -> None:
    for wrong in (-1, COUNT):
        with pytest.raises(IndexError, match="737279"):
            render(np.array([wrong]))


def test_the_data_set() -> None:
    data = Sprites()
    rows = np.array([0, 700_000])
    images, values = data.images(rows), data.values(rows)
    assert images.shape == (2, 1, 64, 64)
    assert images.dtype == np.float32
    assert (images[:, 0] == render(rows)).all()
    assert values == pytest.approx(factors(rows)[:, 1:])
    kinds = {attribute.name: attribute.kind for attribute in data.attributes}
    assert kinds == {
        "shape": "category",
        "scale": "quantity",
        "orientation": "circle",
        "position_x": "quantity",
        "position_y": "quantity",
    }
    assert [attribute.name for attribute in data.attributes if attribute.ordered] == [
        "scale",
        "position_x",
        "position_y",
    ]


def test_splits_part_the_images() -> None:
    splits = Sprites(seed=3).splits
    assert [len(split) for split in splits] == [589_824, 73_728, 73_728]
    everything = np.concatenate(splits)
    assert (np.sort(everything) == np.arange(COUNT)).all()
    assert all((np.diff(split) > 0).all() for split in splits)
    assert (Sprites(seed=3).splits.test == splits.test).all()
    assert (Sprites(seed=4).splits.test != splits.test).any()


def test_siblings_differ_in_the_named_factors_alone() -> None:
    data, generator = Sprites(seed=3), np.random.default_rng(0)
    rows = data.splits.train[::700]
    found = data.siblings(rows, ("scale", "position_x"), generator)
    before, after = classes(rows), classes(found)
    assert (before[:, [0, 1, 3, 5]] == after[:, [0, 1, 3, 5]]).all()
    assert np.isin(found, data.splits.train).all()
    # Of six scales any other comes five times in six, of 32 places nearly always.
    assert (before[:, 2] != after[:, 2]).mean() == pytest.approx(5 / 6, abs=0.05)
    assert (before[:, 4] != after[:, 4]).mean() == pytest.approx(31 / 32, abs=0.03)
    assert (data.siblings(rows, (), generator) == rows).all()
