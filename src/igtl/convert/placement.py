"""Where the pixels of an image are that were sent, which may be a part of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from igtl.messages import Image

__all__ = ["placed"]


def placed(image: Image) -> NDArray[np.float64]:
    """(4, 4) float64, from the indices of the pixels that are there to mm in its coordinates."""
    matrix = np.array(image.ijk_to_world)
    with np.errstate(all="ignore"):  # whatever numbers a peer sent
        matrix[:3, 3] += matrix[:3, :3] @ np.array(image.sub_volume_offset)
    return matrix
