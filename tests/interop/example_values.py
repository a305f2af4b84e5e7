"""What the example programs of the reference say, written by hand; see `reference`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.testing import assert_allclose
from numpy.typing import NDArray

import igtl
from tests.interop import reference
from tests.interop.values.building import single

# The examples turn quaternions into matrices in float32.
TOLERANCE = 1e-4

TEXTS = ("OpenIGTLink", "Network", "Communication", "Protocol", "Image Guided Therapy")
STATUS_TEXT = "This is a test to send status message."
CAPABILITIES = ("TRANSFORM", "GET_IMAGE", "GET_LBMETA")

RED, GREEN, BLUE = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255)
POSITIONS = np.array([[10.0, 20.0, 30.0], [40.0, 50.0, 60.0], [70.0, 80.0, 90.0]])
TARGETS = np.array([[20.0, 20.0, 40.0], [20.0, 30.0, 10.0], [10.0, 40.0, 20.0]])
DIAMETERS = (15.0, 45.0, 75.0)
SIZES = ((512, 512, 64), (256, 128, 32), (256, 256, 32))

POINTS = [
    igtl.PointElement(f"POINT_{n}", "GROUP_0", color, POSITIONS[n], DIAMETERS[n], "IMAGE_0")
    for n, color in enumerate((RED, GREEN, BLUE))
]
# Said to be of the target only, though both ends are set.
TRAJECTORIES = [
    igtl.TrajectoryElement(
        f"TRAJECTORY_{n}", "GROUP_0", 2, color, POSITIONS[n], TARGETS[n], DIAMETERS[n], "IMAGE_0"
    )
    for n, color in enumerate((RED, GREEN, BLUE))
]

# The cube of PolyDataServer.
CUBE_POINTS = [
    *([0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]),
    *([0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]),
]
CUBE_POLYGONS = [
    *([0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4]),
    *([1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]),
]


class Pose(NamedTuple):
    """A pose on the way of the example trackers, by its two angles in rad."""

    a: float
    b: float

    @property
    def position(self) -> list[float]:
        """In mm."""
        return [50 * math.cos(self.a), 50 * math.sin(self.a), 50 * math.cos(self.a)]

    @property
    def quaternion(self) -> list[float]:
        """As the examples send it, x y z w: its length is 0.88."""
        return [0.0, math.cos(self.b) * 2 / 3, 1 / math.sqrt(3), math.sin(self.b) * 2 / 3]

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(4, 4): rotation by the quaternion made a unit one, and the position."""
        x, y, z, w = np.array(self.quaternion) / np.linalg.norm(self.quaternion)
        across = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        matrix = np.eye(4)
        matrix[:3, :3] += 2 * w * across + 2 * across @ across
        matrix[:3, 3] = self.position
        return matrix


START = Pose(0.0, 0.0)


def poses(count: int, start: Pose = START, step: float = 1.0) -> list[Pose]:
    """The first poses of a tracker: 0.2 and 0.1 rad apart, added up in float32."""
    pose, found = Pose(single(start.a), single(start.b)), []
    for _ in range(count):
        found.append(pose)
        pose = Pose(single(pose.a + 0.2 * step), single(pose.b + 0.1 * step))
    return found


def tool_poses(message: int) -> list[Pose]:
    """The poses of the three tools in the nth message of the TDATA and QTDATA servers."""
    steps = ((0.1, 0.2), (0.2, 0.1), (0.3, 0.05))
    return [Pose(message * a, message * b) for a, b in steps]


def pixels(number: int) -> NDArray[np.uint8]:
    """(1, 256, 256) pixels of igtlTestImage1.raw to igtlTestImage6.raw, by their number."""
    data = np.fromfile(reference.IMAGES / f"igtlTestImage{number}.raw", np.uint8)
    return data.reshape(1, 256, 256)


def image_metas(times: Sequence[float]) -> list[igtl.ImageMetaElement]:
    """What ImageMetaServer and ImageDatabaseServer say of their images."""
    return [
        igtl.ImageMetaElement(
            f"IMAGE_DESCRIPTION_{n}",
            f"IMAGE_{n}",
            modality,
            f"PATIENT_{n}",
            f"PATIENT_ID_{n}",
            times[n],
            SIZES[n],
            5,
        )
        for n, modality in enumerate(("CT", "MRI", "PET"))
    ]


def label_metas() -> list[igtl.LabelMetaElement]:
    """What LabelMetaServer says of its labels."""
    return [
        igtl.LabelMetaElement(
            f"LABEL_DESCRIPTION_{n}", f"LABEL_{n}", n + 1, color, SIZES[n], f"IMAGE_{n}"
        )
        for n, color in enumerate((RED, GREEN, BLUE))
    ]


def assert_matrices(found: Sequence[igtl.Transform | igtl.Tool], expected: list[Pose]) -> None:
    matrices = [one.matrix for one in found]
    assert_allclose(matrices, [pose.matrix for pose in expected], rtol=0, atol=TOLERANCE)


def assert_positions(
    found: Sequence[igtl.Position | igtl.QuaternionTool], expected: list[Pose]
) -> None:
    numbers = [
        [*one.position, *(() if one.quaternion is None else one.quaternion)] for one in found
    ]
    wanted = [[*pose.position, *pose.quaternion] for pose in expected]
    assert_allclose(numbers, wanted, rtol=0, atol=TOLERANCE)


def assert_test_image(message: igtl.Image, number: int) -> None:
    """It shows one of the files that the examples bring."""
    assert message.pixels.dtype == np.uint8
    assert np.array_equal(message.pixels, pixels(number))
    assert message.spacing.tolist() == [1, 1, 5]
    assert message.size == (256, 256, 1)
