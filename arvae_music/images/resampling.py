"""Finer and softer images, as matrices: both work on rows and columns alike, and on any number of images."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]


def finer(size: int, wanted: int) -> Matrix:
    """Cubic spline interpolation from `size` pixels in a row to `wanted`, `[wanted, size]`.

    The first and the last pixel end where they ended; beyond them the row is mirrored.
    """
    from scipy.ndimage import zoom

    basis = np.eye(size)
    matrix = zoom(basis, (wanted / size, 1), order=3, mode="mirror", grid_mode=True)
    return np.asarray(matrix, np.float32)


def softer(size: int, sigma: float) -> Matrix:
    """Gaussian smoothing of a row of pixels, which is mirrored at its ends, `[size, size]`."""
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(gaussian_filter1d(np.eye(size), sigma, axis=0, mode="reflect"), np.float32)


def applied(matrix: Matrix, images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A matrix on the rows and the columns of images, `[n, size, size]`."""
    return np.asarray(matrix @ images @ matrix.T)
