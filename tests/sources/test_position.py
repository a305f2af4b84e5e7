from __future__ import annotations

import numpy as np
import pytest

from igtl.messages import Position
from igtl.sources.position import PositionSource


def streamed(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    """Numbers as a C++ stream prints floats: six digits."""
    return "(" + ", ".join(f"{value:g}" for value in values.astype(np.float32)) + ")"


@pytest.mark.parametrize(
    ("tick", "position", "quaternion"),
    [
        # The transcript of TubeTK's page, both of its messages.
        (0, "(50, 0, 50)", "(0, 0.666667, 0.57735, 0)"),
        (1, "(-20.8073, 45.4649, -20.8073)", "(0, 0.663336, 0.57735, 0.0665556)"),
        # 50 cos 4, 50 sin 4; 2/3 cos 0.2, 2/3 sin 0.2
        (2, "(-32.6822, -37.8401, -32.6822)", "(0, 0.653378, 0.57735, 0.132446)"),
    ],
)
@pytest.mark.parametrize("rate", [10.0, 3.0])
def test_it_gives_the_numbers_of_the_page_whatever_the_rate(
    tick: int, position: str, quaternion: str, rate: float
) -> None:
    (message,) = PositionSource(rate=rate).messages(tick / rate)
    assert isinstance(message, Position)
    assert message.wire_type == "POSITION"
    assert message.quaternion is not None
    assert streamed(message.position) == position
    assert streamed(message.quaternion) == quaternion


def test_its_device_is_a_tracker_unless_told_otherwise() -> None:
    assert PositionSource().messages(0.0)[0].device_name == "Tracker"
    assert PositionSource(device_name="Sim").messages(0.0)[0].device_name == "Sim"
