from __future__ import annotations

import numpy as np

from igtl.messages import TrackingData, Transform
from igtl.sources import motion
from igtl.sources.tracker import TrackerSource


def test_each_tick_gives_every_pose_as_transform_and_as_tool() -> None:
    *transforms, tracking = TrackerSource().messages(2.5)
    expected = {
        "Probe": motion.probe_to_tracker(2.5),
        "Needle": motion.needle_to_tracker(2.5),
        "Reference": motion.reference_to_tracker(2.5),
    }
    assert [t.device_name for t in transforms] == [f"{name}ToTracker" for name in expected]
    for transform, matrix in zip(transforms, expected.values(), strict=True):
        assert isinstance(transform, Transform)
        np.testing.assert_array_equal(transform.matrix, matrix.astype(np.float32))
    assert isinstance(tracking, TrackingData)
    assert tracking.device_name == "Tracker"
    assert [tool.name for tool in tracking.tools] == list(expected)
    for tool, matrix in zip(tracking.tools, expected.values(), strict=True):
        np.testing.assert_array_equal(tool.matrix, matrix.astype(np.float32))


def test_poses_change_from_tick_to_tick() -> None:
    source = TrackerSource()
    before, after = source.messages(1.0), source.messages(1.0 + 1 / source.rate)
    assert all(b != a for b, a in zip(before, after, strict=True))


def test_the_tracking_data_is_called_as_asked() -> None:
    messages = TrackerSource(device_name="NDI").messages(0.0)
    assert messages[-1].device_name == "NDI"
