"""One moment of the simulated operating room: every panel tells the same of it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Photo
from playwright.sync_api import Locator, Page, expect

import igtl
from igtl.sources import ct
from igtl.sources.room import RoomSource
from tests.browser.conftest import Open
from tests.browser.visiting import canvas, drawn, open_details, wait_until

MOMENT_S = 5.0  # all but the CT is due then


@pytest.fixture
def server() -> Iterator[igtl.Server]:
    with igtl.Server(port=0) as server:
        yield server


def publish_room(server: igtl.Server) -> dict[str, igtl.Message]:
    """Send one moment of the room; its messages by the names of their devices."""
    server.wait_for_clients(1)
    room = RoomSource()
    scan = [message for message in room.messages(0.0) if message.device_name == "CT"]
    messages = [*room.messages(MOMENT_S), *scan]
    server.publish(*messages)
    return {message.device_name: message for message in messages}


def choose_stream(page: Page, device: str) -> None:
    stream = page.get_by_role("combobox", name="Stream")
    expect(stream.get_by_role("option", name=device)).to_have_count(1)
    stream.select_option(label=device)
    expect(canvas(page, device)).to_be_visible()


def photo(of: Locator) -> NDArray[np.uint8]:
    """What is on the screen: (rows, columns, 3) uint8."""
    return np.asarray(Photo.open(io.BytesIO(of.screenshot())).convert("RGB"))


def scene(page: Page) -> Locator:
    return page.get_by_role("application", name=re.compile("^3-D scene"))


def test_the_ultrasound_is_drawn_as_it_was_sent(server: igtl.Server, show: Open) -> None:
    page = show(server.endpoint, tab="images").page
    image = publish_room(server)["Ultrasound"]
    assert isinstance(image, igtl.Image)
    choose_stream(page, "Ultrasound")
    page.wait_for_function(
        "() => document.querySelector('canvas[aria-label^=\"Ultrasound, \"]').width === 320"
    )
    np.testing.assert_array_equal(drawn(page, "Ultrasound")[..., 0], image.pixels[0])


def test_the_cursor_reads_hounsfield_units_of_the_ct(server: igtl.Server, show: Open) -> None:
    page = show(server.endpoint, tab="images").page
    publish_room(server)
    choose_stream(page, "CT")
    readout = page.get_by_test_id("readout")
    for x, y in ((0.5, 0.5), (0.3, 0.4), (0.7, 0.45)):
        box = canvas(page, "CT").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        expect(readout).to_contain_text("mm")
        found = re.fullmatch(
            r"i (\d+) j (\d+) k (\d+) · (\S+) · R (\S+) A (\S+) S (\S+) mm",
            readout.inner_text().replace("\u2212", "-"),
        )
        assert found is not None
        i, j, k = map(int, found.groups()[:3])
        assert int(found[4]) == ct.volume()[k, j, i]
        place = ct.IJK_TO_TRACKER @ (i, j, k, 1)
        assert [float(text) for text in found.groups()[4:]] == pytest.approx(place[:3], abs=0.051)


def test_the_sensor_has_the_value_that_was_sent(server: igtl.Server, show: Open) -> None:
    page = show(server.endpoint, tab="plots").page
    sensor = publish_room(server)["TipToTarget"]
    assert isinstance(sensor, igtl.Sensor)
    details = open_details(page, "TipToTarget", "SENSOR")
    expect(details.get_by_text(re.compile(rf"^{sensor.values[0]:.3f}\d*$"))).to_be_visible()


def test_space_reads_the_poses_that_were_sent(server: igtl.Server, show: Open) -> None:
    page = show(server.endpoint, tab="space").page
    sent = publish_room(server)
    for name in ("Probe", "Needle", "Reference"):
        transform = sent[f"{name}ToTracker"]
        assert isinstance(transform, igtl.Transform)
        pose = page.get_by_test_id(re.compile(rf"^pose-{name}"))
        expect(pose).to_have_attribute("data-pose", re.compile(r"^\S+( \S+){11}$"))
        numbers = [float(text) for text in (pose.get_attribute("data-pose") or "").split()]
        assert numbers == pytest.approx(transform.matrix[:3].ravel().tolist(), abs=1e-3)


def test_space_lists_all_that_is_in_it(server: igtl.Server, show: Open) -> None:
    page = show(server.endpoint, tab="space").page
    publish_room(server)
    things = page.get_by_role("complementary", name="What is in the scene")
    for name in ("Ultrasound", "CT", "Lesion", "Vessel", "Target", "Plan"):
        expect(things.get_by_role("checkbox", name=name, exact=True)).to_be_checked()
    expect(things.get_by_text("Not shown")).to_have_count(0)


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 0, 255)], ids=["red", "blue"])
def test_a_point_is_drawn_in_its_colour_in_the_middle(
    server: igtl.Server, show: Open, colour: tuple[int, int, int]
) -> None:
    page = show(server.endpoint, tab="space").page
    server.wait_for_clients(1)
    point = igtl.PointElement("P", color=(*colour, 255), position=(100, -40, 25), diameter=30)
    server.publish(igtl.Point([point], device_name="Ball"))
    expect(page.get_by_role("checkbox", name="Ball")).to_be_checked()
    page.get_by_role("button", name="Fit", exact=True).click()
    main = int(np.argmax(colour))

    def share() -> float:
        """How much of the middle is of the point's colour."""
        picture = photo(scene(page)).astype(int)
        rows, columns = picture.shape[:2]
        middle = picture[rows // 2 - 10 : rows // 2 + 10, columns // 2 - 10 : columns // 2 + 10]
        others = np.delete(middle, main, axis=2).max(axis=2)
        return float(np.mean(middle[..., main] > others + 60))

    wait_until(page, lambda: share() > 0.9, lambda: "it is not drawn in its colour")
