"""The page plays a recording: pause, scrub, speed; and makes one."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

import igtl
from tests.browser.conftest import Open
from tests.browser.visiting import (
    count_of,
    drawn,
    open_details,
    wait_for_later_pixel,
    wait_for_pixel,
    wait_until,
)
from tests.recording.stock import START, Item, write_stock

COUNT, STEP_S = 250, 0.1  # longer than slow machines need before they pause it


def picture(number: int) -> igtl.Image:
    """A picture that says its number in its first pixel, and differs from the others everywhere."""
    rows, columns = np.indices((60, 80))
    pixels = ((rows + 2 * columns + number) % 256).astype(np.uint8)
    pixels[0, 0] = number
    return igtl.Image(pixels, device_name="Ultrasound", timestamp=1e9 + number)


def pose(number: int) -> igtl.Transform:
    matrix = np.eye(4)
    matrix[0, 3] = number
    return igtl.Transform(matrix, device_name="ProbeToTracker", timestamp=1e9 + number)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """25 seconds: ten pictures and poses a second, numbered from 0."""
    return recorded(tmp_path_factory.mktemp("recording"), COUNT, STEP_S)


def recorded(folder: Path, count: int, step_s: float) -> Path:
    """Pictures and poses, numbered from 0, in a file made without igtl's writer."""
    items = [
        Item(START + round(number * step_s * 1e9), "localhost:18944", igtl.encode(message))
        for number in range(count)
        for message in (pose(number), picture(number))
    ]
    return write_stock(folder / "session.mcap", items)


def timeline(page: Page) -> Locator:
    return page.get_by_role("slider", name="Position in the recording")


def position(page: Page) -> float:
    return float(timeline(page).get_attribute("aria-valuenow") or "nan")


def pause(page: Page) -> None:
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_it_plays_by_itself_until_it_is_paused(show: Open, recording: Path) -> None:
    page = show(str(recording), tab="images").page
    wait_for_later_pixel(page, "Ultrasound", 8)
    pause(page)

    def shown() -> int:
        return int(drawn(page, "Ultrasound")[0, 0, 0])

    wait_until(  # where it stopped is told a little later than that it did; it may be just due
        page,
        lambda: -1e-6 <= position(page) - shown() * STEP_S <= STEP_S + 1e-6,
        lambda: f"{shown()} is shown at {position(page)} s",
    )
    assert 8 <= shown() < COUNT - 1


def test_a_pause_shows_what_was_recorded_there(show: Open, recording: Path) -> None:
    page = show(str(recording), tab="images").page
    wait_for_later_pixel(page, "Ultrasound", 5)
    pause(page)
    timeline(page).press("Home")
    wait_for_pixel(page, "Ultrasound", 0)
    np.testing.assert_array_equal(drawn(page, "Ultrasound")[..., 0], picture(0).pixels[0])
    timeline(page).press("End")
    wait_for_pixel(page, "Ultrasound", COUNT - 1)
    np.testing.assert_array_equal(drawn(page, "Ultrasound")[..., 0], picture(COUNT - 1).pixels[0])


def test_what_comes_seldom_is_shown_wherever_one_goes(show: Open, tmp_path: Path) -> None:
    page = show(str(recorded(tmp_path, count=60, step_s=0.5)), tab="images").page
    wait_for_later_pixel(page, "Ultrasound", 3)
    pause(page)
    for key, number in (("Home", 0), ("End", 59), ("Home", 0)):
        timeline(page).press(key)
        wait_for_pixel(page, "Ultrasound", number)


def test_scrubbing_shows_what_was_recorded_there(show: Open, recording: Path) -> None:
    page = show(str(recording), tab="images").page
    wait_for_later_pixel(page, "Ultrasound", 3)
    pause(page)
    box = timeline(page).bounding_box()
    assert box is not None
    for part in (0.75, 0.2, 0.5):
        page.mouse.move(box["x"] + box["width"] * part, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.up()
        wanted = pytest.approx(part * (COUNT - 1) * STEP_S, abs=0.1)
        wait_until(page, lambda: position(page) == wanted, lambda: f"{position(page)}")  # noqa: B023
        there = position(page)
        number = math.floor(there / STEP_S + 1e-6)
        wait_for_pixel(page, "Ultrasound", number)
        np.testing.assert_array_equal(drawn(page, "Ultrasound")[..., 0], picture(number).pixels[0])


def test_at_full_speed_every_message_comes(show: Open, recording: Path) -> None:
    page = show(str(recording), tab="images").page
    page.get_by_role("combobox", name="Speed").select_option(label="Full speed")
    expect(page.get_by_text("At the end")).to_be_visible()
    wait_for_pixel(page, "Ultrasound", COUNT - 1)
    for device, kind in (("ProbeToTracker", "TRANSFORM"), ("Ultrasound", "IMAGE")):
        details = open_details(page, device, kind)
        expect(count_of(details, "Messages")).to_have_text(str(COUNT))


def test_the_space_key_plays_again_what_is_over(show: Open, recording: Path) -> None:
    page = show(str(recording), tab="images").page
    wait_for_later_pixel(page, "Ultrasound", 2)
    pause(page)
    timeline(page).press("End")
    wait_for_pixel(page, "Ultrasound", COUNT - 1)
    timeline(page).press("Home")
    wait_for_pixel(page, "Ultrasound", 0)
    page.keyboard.press("Space")
    wait_for_later_pixel(page, "Ultrasound", 4)
    pause(page)


def test_what_the_page_records_is_what_was_sent(show: Open, tmp_path: Path) -> None:
    with igtl.Server(port=0) as server:
        page = show(server.endpoint, tab="log").page
        server.wait_for_clients(1)
        page.get_by_role("button", name="Record").click()
        expect(page.get_by_text("Recording", exact=True)).to_be_visible()
        for number in range(50):
            server.publish(pose(number))
        expect(page.get_by_text(re.compile(r"^Messages\s*50$"))).to_be_visible()
        expect(page.get_by_text(re.compile(r"^Dropped\s*0$"))).to_be_visible()
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_text("Recorded", exact=True)).to_be_visible()
    (path,) = tmp_path.glob("*.mcap")
    expect(page.get_by_text(path.name, exact=True)).to_be_visible()
    recorded = [message for message in igtl.read(path) if isinstance(message, igtl.Transform)]
    assert [message.matrix[0, 3] for message in recorded] == list(range(50))
