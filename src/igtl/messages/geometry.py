"""Where an image's voxels are: between IMAGE's fields and a matrix of voxel indices.

IMAGE carries one vector for each axis, as long as the voxel spacing (mm), and the position of the
*centre* of the whole volume. igtl speaks of `ijk_to_world`, which maps a voxel's index (i, j, k, 1)
to the centre of that voxel, as ITK, NIfTI and 3D Slicer do:

    centre = first voxel + sum over axes of (axis * (size - 1) / 2)

The arithmetic is done here and nowhere else, once, in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from igtl.codec.layout import frozen, numbers
from igtl.errors import MessageError

__all__ = ["COORDINATES", "adjusted", "flipped", "from_wire", "make", "number_of", "to_wire"]

#: Names and numbers of the patient coordinate systems: right-anterior-superior and
#: left-posterior-superior, by the directions in which x, y and z grow.
COORDINATES = {"RAS": 1, "LPS": 2}

_FLOAT = np.dtype(np.float64)
_SIGNS = np.array([[-1.0], [-1.0], [1.0], [1.0]])

#: A size in voxels: i, j, k.
Size = tuple[int, int, int]


def number_of(coordinates: str) -> int:
    """The wire's number for "RAS" or "LPS"; MessageError for anything else."""
    try:
        return COORDINATES[coordinates]
    except (KeyError, TypeError):
        raise MessageError(f"coordinates are {coordinates!r}, expected 'RAS' or 'LPS'") from None


def make(
    ijk_to_world: ArrayLike | None, spacing: ArrayLike | None, origin: ArrayLike | None
) -> NDArray[np.float64]:
    """(4, 4) float64 from a matrix, or from spacing and origin with axes along x, y, z.

    Raises:
        MessageError: a wrong shape, or both were given.
    """
    if ijk_to_world is None:
        matrix = np.eye(4)
        matrix[[0, 1, 2], [0, 1, 2]] = _lengths(1.0 if spacing is None else spacing)
        matrix[:3, 3] = _triple(0.0 if origin is None else origin, "origin")
        return matrix
    if spacing is not None or origin is not None:
        raise MessageError(
            "ijk_to_world holds spacing and origin: give either it or spacing and origin"
        )
    matrix = numbers(ijk_to_world, _FLOAT, "ijk_to_world")
    if matrix.shape == (3, 4):
        matrix = np.vstack((matrix, (0.0, 0.0, 0.0, 1.0)))
    if matrix.shape != (4, 4) or matrix[3].tolist() != [0, 0, 0, 1]:
        raise MessageError(
            f"ijk_to_world of shape {matrix.shape} is not (4, 4) with [0, 0, 0, 1] as its last row"
        )
    return matrix


def adjusted(
    matrix: NDArray[np.float64], spacing: ArrayLike | None, origin: ArrayLike | None
) -> NDArray[np.float64]:
    """The same with another spacing or origin; the directions of the axes stay.

    Raises:
        MessageError: a wrong shape, or a spacing that is not above 0.
    """
    matrix = matrix.copy()
    if spacing is not None:
        matrix[:3, :3] *= _lengths(spacing) / np.linalg.norm(matrix[:3, :3], axis=0)
    if origin is not None:
        matrix[:3, 3] = _triple(origin, "origin")
    return matrix


def _lengths(spacing: ArrayLike) -> NDArray[np.float64]:
    lengths = _triple(spacing, "spacing")
    if not np.all(lengths > 0):
        raise MessageError(f"spacing is {spacing!r}, expected mm between voxels, above 0")
    return lengths


def _triple(value: ArrayLike, what: str) -> NDArray[np.float64]:
    array = numbers(value, _FLOAT, what)
    if array.shape not in ((), (3,)):
        raise MessageError(f"{what} has shape {array.shape}, expected three numbers, for i, j, k")
    return array


def to_wire(matrix: NDArray[np.float64], size: Size) -> list[float]:
    """Twelve numbers for IMAGE: the axes' vectors and the volume's centre."""
    middle = np.append((np.array(size, np.float64) - 1) / 2, 1.0)
    with np.errstate(all="ignore"):  # whatever numbers a peer sent
        centre = matrix[:3] @ middle
    values: list[float] = matrix[:3, :3].T.ravel().tolist() + centre.tolist()
    return values


def from_wire(values: NDArray[np.float64], size: Size) -> NDArray[np.float64]:
    """(4, 4) float64 matrix of IMAGE's twelve numbers."""
    matrix = np.eye(4)
    matrix[:3, :3] = values[:9].reshape(3, 3).T
    middle = (np.array(size, np.float64) - 1) / 2
    with np.errstate(all="ignore"):
        matrix[:3, 3] = values[9:] - matrix[:3, :3] @ middle
    return frozen(matrix)


def flipped(matrix: NDArray[Any]) -> NDArray[Any]:
    """The same in the other of RAS and LPS: x and y change their signs."""
    return frozen(matrix * _SIGNS + 0.0)  # + 0.0 makes 0 of -0
