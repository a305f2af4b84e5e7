from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from igtl import sources
from igtl.messages import Image, Message, PolyData, Sensor, String, Transform
from igtl.sources import ct, motion, phantom, plan
from igtl.sources.room import RoomSource

Kind = TypeVar("Kind", bound=Message)
Place = tuple[float, float, float]


def find(messages: Sequence[Message], kind: type[Kind], name: str) -> Kind:
    (found,) = [m for m in messages if isinstance(m, kind) and m.device_name == name]
    return found


def pixel(image: Image, place: Place) -> tuple[int, int, float]:
    """The pixel (j, i) that shows a place of the tracker's frame, and its distance in slices."""
    i, j, k = np.linalg.solve(image.ijk_to_world, (*place, 1.0))[:3]
    return round(j), round(i), k


def when_the_probe_sees(place: Place) -> float:
    """A moment, on the source's ticks, at which the probe's plane passes within 0.2 mm of it."""
    for tick in range(0, round(motion.PERIOD_S * 50), 2):
        probe = motion.probe_to_tracker(tick / 50)
        if abs((np.array(place) - probe[:3, 3]) @ probe[:3, 2]) < 0.2:
            return tick / 50
    raise AssertionError(f"the sweep never passes {place}")


def tip(time_s: float) -> NDArray[np.float64]:
    """Where the needle's tip is, mm."""
    return motion.needle_to_tracker(time_s)[:3, 3]


def test_it_begins_with_everything_that_there_is() -> None:
    first = sources.open("room").messages(0.0)
    assert {(m.wire_type, m.device_name) for m in first if isinstance(m, Message)} == {
        ("TRANSFORM", "ProbeToTracker"),
        ("TRANSFORM", "NeedleToTracker"),
        ("TRANSFORM", "ReferenceToTracker"),
        ("TRANSFORM", "TrackerToWorld"),
        ("IMAGE", "Ultrasound"),
        ("IMAGE", "CT"),
        ("TRAJ", "Plan"),
        ("POINT", "Target"),
        ("POLYDATA", "Lesion"),
        ("POLYDATA", "Vessel"),
        ("SENSOR", "TipToTarget"),
        ("STRING", "Log"),
        ("STATUS", "Tracker"),
    }


def test_each_part_comes_at_its_own_pace() -> None:
    room = RoomSource()
    played = [message for tick in range(500) for message in room.messages(tick / 50)]
    counts = Counter(message.device_name for message in played)
    assert counts["NeedleToTracker"] == 500
    assert counts["Ultrasound"] == 250
    assert counts["TipToTarget"] == 100
    assert counts["Plan"] == counts["Target"] == counts["Lesion"] == counts["TrackerToWorld"] == 10
    assert counts["CT"] == 5


def test_a_slower_room_keeps_the_paces_that_it_can() -> None:
    room = RoomSource(rate=10)
    counts = Counter(m.device_name for tick in range(10) for m in room.messages(tick / 10))
    assert counts["NeedleToTracker"] == counts["Ultrasound"] == counts["TipToTarget"] == 10
    assert counts["Plan"] == 1


def test_the_image_lies_where_the_tracked_probe_is() -> None:
    messages = RoomSource().messages(2.6)
    probe = find(messages, Transform, "ProbeToTracker").matrix
    image = find(messages, Image, "Ultrasound")
    np.testing.assert_allclose(image.ijk_to_world[:3, 2], probe[:3, 2], atol=1e-6)
    # The middle of the face lies in the upper middle of the picture, 7 mm below its first row.
    face = image.ijk_to_world @ (159.5, 7 / 0.375, 0, 1)
    np.testing.assert_allclose(face[:3], probe[:3, 3], atol=1e-4)


@pytest.mark.parametrize("ball", [phantom.CYST, phantom.LESION], ids=["cyst", "lesion"])
def test_ultrasound_and_ct_show_the_same_body_at_the_same_place(ball: phantom.Sphere) -> None:
    messages = RoomSource().messages(when_the_probe_sees(ball.centre))
    picture = find(messages, Image, "Ultrasound")
    j, i, k = pixel(picture, ball.centre)
    assert abs(k) < 0.5
    inside = picture.pixels[0, j - 5 : j + 6, i - 5 : i + 6].mean()
    x, y, z = ball.centre
    left, right = (pixel(picture, (x + dx, y, z))[:2] for dx in (-13.0, 13.0))
    beside = np.mean([picture.pixels[0, j - 5 : j + 6, i - 5 : i + 6] for j, i in (left, right)])
    units = ct.hounsfield(phantom.Points(*np.array([ball.centre], np.float32).T))[0]
    if ball is phantom.CYST:
        assert (units < 20, inside < beside / 3) == (True, True)
    else:
        assert (units > 100, inside > beside * 1.1) == (True, True)


def test_the_sensor_tells_the_distance_of_the_tracked_tip_from_the_target() -> None:
    room = RoomSource()
    for time_s in (0.0, 1.3, 2.9, 4.0, 6.6):
        messages = room.messages(time_s)
        sensor = find(messages, Sensor, "TipToTarget")
        tip = find(messages, Transform, "NeedleToTracker").matrix[:3, 3]
        (target,) = plan.target().points
        assert sensor.unit == "mm"
        assert sensor.values[0] == pytest.approx(np.linalg.norm(tip - target.position), abs=1e-4)


def test_the_tip_reaches_the_surface_of_the_lesion_while_it_advances() -> None:
    lesion = find(RoomSource().messages(0.0), PolyData, "Lesion")
    tips = np.array([motion.needle_to_tracker(time_s)[:3, 3] for time_s in np.arange(0, 4, 0.01)])
    nearest = min(np.linalg.norm(lesion.points - tip, axis=1).min() for tip in tips)
    assert nearest < 0.7


def test_the_log_tells_what_the_needle_does_when_it_changes() -> None:
    room = RoomSource()
    said = [
        (tick / 50, message.text)
        for tick in range(401)
        for message in room.messages(tick / 50)
        if isinstance(message, String)
    ]
    assert [text for _, text in said] == [
        "Needle outside the skin",
        "Needle advances to the target",
        "Needle at the target",
        "Needle is drawn back",
        "Needle outside the skin",
    ]
    (advances, _), (arrives, _) = said[1:3]
    assert tip(advances)[1] <= motion.SKIN_Y < tip(advances - 0.02)[1]
    far = [np.linalg.norm(tip(at) - motion.NEEDLE_TARGET) for at in (arrives, arrives - 0.02)]
    assert far[0] < 1.0 < far[1]
