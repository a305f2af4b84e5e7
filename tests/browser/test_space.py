"""The scene has everything at the place that was sent, in whatever frame it is shown."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Photo
from playwright.sync_api import Page, expect

import igtl
from tests.browser.conftest import Open
from tests.browser.visiting import Visit, open_details, wait_until

Matrix = NDArray[np.float64]

HALF = np.sqrt(3) / 2
#: 30 degrees about z; 90 degrees about x; 90 degrees about y, then 60 about z.
PROBE = np.array([[HALF, -0.5, 0, 120], [0.5, HALF, 0, -35], [0, 0, 1, 210], [0, 0, 0, 1]])
REFERENCE = np.array([[1.0, 0, 0, -60], [0, 0, -1, 80], [0, 1, 0, 150], [0, 0, 0, 1]])
TRACKER = np.array([[0, -HALF, 0.5, 30], [0, 0.5, HALF, -20], [-1, 0, 0, 55], [0, 0, 0, 1]])
#: Of pixels of half and quarter a millimetre, oblique in the probe's frame.
IMAGE = np.array([[0.4, 0, 0.6, -20], [0.3, 0, -0.8, 5], [0, 0.25, 0, -10], [0, 0, 0, 1]])


def back(pose: Matrix) -> Matrix:
    """The inverse of a rigid transform, by its transposed rotation."""
    inverse = np.eye(4)
    inverse[:3, :3] = pose[:3, :3].T
    inverse[:3, 3] = -pose[:3, :3].T @ pose[:3, 3]
    return inverse


#: From the tracker to each frame.
TO = {
    "World": TRACKER,
    "Tracker": np.eye(4),
    "Reference": back(REFERENCE),
    "Probe": back(PROBE),
}
RED, GREEN = np.array([40.0, 0, 0, 1]), np.array([-100.0, 60, -90, 1])


@pytest.fixture
def server() -> Iterator[igtl.Server]:
    with igtl.Server(port=0) as server:
        yield server


def publish(server: igtl.Server) -> None:
    """A chain of transforms, a picture on the probe, and two points in the world."""
    pixels = np.full((80, 120), 60, np.uint8)
    pixels[20:60, 30:90] = 200
    points = [
        igtl.PointElement("red", color=(255, 0, 0, 255), position=RED[:3], diameter=30),
        igtl.PointElement("green", color=(0, 255, 0, 255), position=GREEN[:3], diameter=30),
    ]
    server.publish(
        igtl.Transform(PROBE, device_name="ProbeToTracker"),
        igtl.Transform(REFERENCE, device_name="ReferenceToTracker"),
        igtl.Transform(TRACKER, device_name="TrackerToWorld"),
        igtl.Image(pixels, ijk_to_world=IMAGE, device_name="Image_Probe"),
        igtl.Point(points, device_name="Marks_World"),
    )


def show_in(page: Page, frame: str) -> None:
    page.get_by_role("combobox", name="Show in").select_option(label=frame)
    page.wait_for_function("(frame) => igtlSpace.root() === frame", arg=frame)
    page.get_by_role("button", name="Fit", exact=True).click()


def position(visit: Visit, device: str) -> list[float] | None:
    """Where a tool is drawn, mm."""
    tools = [tool for message in visit.messages("tools") for tool in message["tools"]]
    key = next(tool["key"] for tool in tools if tool["device"] == device)
    place: list[float] | None = visit.page.evaluate("(key) => igtlSpace.position(key)", key)
    return place


def expect_position(visit: Visit, device: str, place: Matrix) -> None:
    """Wait until a tool is drawn there, to a thousandth of a millimetre."""

    def found() -> list[float] | None:
        return position(visit, device)

    wait_until(
        visit.page,
        lambda: found() == pytest.approx(place, abs=1e-3),
        lambda: f"{device} is drawn at {found()}, expected {place}",
    )


def expect_colour(page: Page, place: Matrix, colour: tuple[int, int, int]) -> None:
    """Wait until this colour is seen at a place in the scene, about."""
    scene = page.get_by_role("application", name=re.compile("^3-D scene"))

    def seen() -> list[int]:
        x, y = page.evaluate("(place) => igtlSpace.project(place)", place[:3].tolist())
        picture = np.asarray(Photo.open(io.BytesIO(scene.screenshot())).convert("RGB"))
        return [int(value) for value in picture[round(y), round(x)]]

    wait_until(
        page,
        lambda: seen() == pytest.approx(colour, abs=60),
        lambda: f"{seen()} is seen at {place}, expected {colour}",
    )


def test_all_is_where_the_chain_of_transforms_puts_it(server: igtl.Server, show: Open) -> None:
    visit = show(server.endpoint, tab="space")
    server.wait_for_clients(1)
    publish(server)
    for frame, to in TO.items():
        show_in(visit.page, frame)
        expect_position(visit, "ProbeToTracker", (to @ PROBE)[:3, 3])
        expect_position(visit, "ReferenceToTracker", (to @ REFERENCE)[:3, 3])
        expect_position(visit, "TrackerToWorld", to[:3, 3])
        pose = visit.page.get_by_test_id("pose-ProbeToTracker").get_attribute("data-pose") or ""
        numbers = [float(text) for text in pose.split()]
        np.testing.assert_allclose(numbers, (to @ PROBE)[:3].ravel(), atol=1e-3)
    from_world = back(PROBE) @ back(TRACKER)
    expect_colour(visit.page, from_world @ RED, (255, 30, 30))
    expect_colour(visit.page, from_world @ GREEN, (30, 255, 30))
    # The picture is seen almost from the front: its bright middle, its dark corner, and beyond.
    visit.page.get_by_role("button", name="Along \u2212y").click()
    expect_colour(visit.page, IMAGE @ (75, 55, 0, 1), (200, 200, 200))
    expect_colour(visit.page, IMAGE @ (110, 10, 0, 1), (60, 60, 60))
    expect_colour(visit.page, IMAGE @ (150, 90, 0, 1), (237, 240, 243))


def test_one_tool_of_two_devices_is_drawn_once(server: igtl.Server, show: Open) -> None:
    visit = show(server.endpoint, tab="space")
    server.wait_for_clients(1)
    there, gone = PROBE.copy(), PROBE.copy()
    gone[2, 3] += 9000  # too far for a hand, however late it is heard
    server.publish(igtl.Transform(there, device_name="ProbeToTracker"))
    server.publish(igtl.TrackingData([igtl.Tool("Probe", gone)], device_name="Tracker"))
    things = visit.page.get_by_role("complementary", name="What is in the scene")
    expect(things.get_by_text("From ProbeToTracker, Tracker")).to_be_visible()
    expect(visit.page.get_by_text("ProbeToTracker and Tracker disagree")).to_be_visible()
    expect(things.get_by_role("checkbox", name="Probe")).to_have_count(1)
    expect_position(visit, "Tracker", gone[:3, 3])
    expect_position(visit, "ProbeToTracker", gone[:3, 3])
    # Frames with a new pose are counted for measurements.
    visit.page.wait_for_function("() => igtlMeter.meters.get(-1)?.painted > 0")


def test_what_no_transform_connects_is_not_shown_together_without_a_word(
    server: igtl.Server, show: Open
) -> None:
    visit = show(server.endpoint, tab="space")
    server.wait_for_clients(1)
    server.publish(igtl.Transform(PROBE, device_name="ProbeToTracker"))
    server.publish(igtl.Point([igtl.PointElement("red", position=RED[:3])], device_name="Marks"))
    page = visit.page
    show_in(page, "World")
    assert position(visit, "ProbeToTracker") is None
    expect(page.get_by_text("Not shown: ProbeToTracker.")).to_be_visible()
    page.get_by_role("button", name="Tracker is World").click()
    expect_position(visit, "ProbeToTracker", PROBE[:3, 3])
    expect(page.get_by_text("You said: Tracker is World.")).to_be_visible()
    server.publish(igtl.Transform(TRACKER, device_name="TrackerToWorld"))
    expect_position(visit, "ProbeToTracker", (TRACKER @ PROBE)[:3, 3])
    page.get_by_role("button", name="Take back").click()
    expect_position(visit, "ProbeToTracker", (TRACKER @ PROBE)[:3, 3])


def test_many_models_that_never_change_do_not_keep_others_waiting(
    server: igtl.Server, show: Open
) -> None:
    page = show(server.endpoint, tab="space").page
    server.wait_for_clients(1)
    for number in range(9):
        element = igtl.PointElement(f"P{number}", position=(10 * number, 0, 0))
        server.publish(igtl.Point([element], device_name=f"Marks{number}"))
    things = page.get_by_role("complementary", name="What is in the scene")
    expect(things.get_by_role("checkbox", name=re.compile("^Marks"))).to_have_count(9)
    expect(things.get_by_text("nothing has come yet")).to_have_count(0)
    # A browser has six requests to one host at a time: nobody may wait in them for nothing.
    expect(open_details(page, "Marks0", "POINT").get_by_text("P0", exact=True)).to_be_visible()
