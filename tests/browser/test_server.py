"""The page shows what a server sends: every pixel, every number, and when it comes back."""

from __future__ import annotations

import re
from contextlib import ExitStack

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import expect

import igtl
from tests.browser.conftest import Open, address_of, viewer
from tests.browser.visiting import (
    Visit,
    canvas,
    count_of,
    drawn,
    numbers_of,
    open_details,
    wait_for_pixel,
    wait_until,
)

WIDTH, HEIGHT = 160, 120
#: So many poses wait for a look of the page; of more, the oldest are left out.
AT_ONCE = 12


def picture(number: int) -> NDArray[np.uint8]:
    """A picture with a different value in each pixel of a row; `number` is at its start."""
    rows, columns = np.indices((HEIGHT, WIDTH))
    pixels = ((rows * 7 + columns * 3 + number) % 256).astype(np.uint8)
    pixels[0, 0] = number
    return pixels


def pose(x: float) -> igtl.Transform:
    matrix = np.array([[0, -1, 0, x], [1, 0, 0, -20.5], [0, 0, 1, 1234.5678], [0, 0, 0, 1]])
    return igtl.Transform(matrix, device_name="ProbeToTracker")


def test_grey_pixels_are_drawn_exactly_as_they_were_sent(show: Open) -> None:
    with igtl.Server(port=0) as server:
        page = show(server.endpoint, tab="images").page
        server.wait_for_clients(1)
        server.publish(igtl.Image(picture(41), device_name="Ultrasound"))
        wait_for_pixel(page, "Ultrasound", 41)
        np.testing.assert_array_equal(
            drawn(page, "Ultrasound"), np.repeat(picture(41)[..., np.newaxis], 3, axis=2)
        )


def test_colours_are_drawn_exactly_as_they_were_sent(show: Open) -> None:
    colours = np.stack((picture(17), picture(90)[::-1], picture(200)[:, ::-1]), axis=-1)
    with igtl.Server(port=0) as server:
        page = show(server.endpoint, tab="images").page
        server.wait_for_clients(1)
        server.publish(igtl.Image(colours, device_name="Endoscope"))
        wait_for_pixel(page, "Endoscope", 17)
        np.testing.assert_array_equal(drawn(page, "Endoscope"), colours)


def test_the_newest_picture_is_drawn(show: Open) -> None:
    with igtl.Server(port=0) as server:
        page = show(server.endpoint, tab="images").page
        server.wait_for_clients(1)
        for number in range(1, 31):
            server.publish(igtl.Image(picture(number), device_name="Ultrasound"))
        wait_for_pixel(page, "Ultrasound", 30)
        np.testing.assert_array_equal(drawn(page, "Ultrasound")[..., 0], picture(30))


def test_the_cursor_reads_the_value_and_the_place_of_a_pixel(show: Open) -> None:
    pixels = np.zeros((40, 60), np.int16)
    pixels[10:30, 20:40] = -321
    ijk_to_world = np.diag((0.5, 0.25, 1.0, 1.0))
    ijk_to_world[:3, 3] = 100, -50, 7
    with igtl.Server(port=0) as server:
        page = show(server.endpoint, tab="images").page
        server.wait_for_clients(1)
        server.publish(igtl.Image(pixels, ijk_to_world=ijk_to_world, device_name="Small"))
        canvas(page, "Small").hover()
        readout = page.get_by_test_id("readout")
        expect(readout).to_contain_text("\u2212321")
        found = re.search(
            r"i (\d+) j (\d+) k 0 · \S+ · R (\S+) A (\S+) S (\S+) mm", readout.inner_text()
        )
    assert found is not None
    i, j = int(found[1]), int(found[2])
    assert (abs(i - 30) <= 1, abs(j - 20) <= 1) == (True, True)
    place = [float(text.replace("\u2212", "-")) for text in found.groups()[2:]]
    assert place == pytest.approx([100 + 0.5 * i, -50 + 0.25 * j, 7], abs=0.051)


def test_a_pose_is_shown_with_the_numbers_that_were_sent(show: Open) -> None:
    with igtl.Server(port=0) as server:
        page = show(server.endpoint, tab="images").page
        server.wait_for_clients(1)
        server.publish(pose(10.125))
        cells = open_details(page, "ProbeToTracker", "TRANSFORM").get_by_role("cell")
        expect(cells).to_have_count(16)
        shown = numbers_of(cells)
    assert shown == pytest.approx(pose(10.125).matrix.ravel().tolist(), abs=1e-4)


def test_counts_are_those_of_what_was_published(show: Open) -> None:
    with igtl.Server(port=0) as server:
        page = show(server.endpoint, tab="images").page
        server.wait_for_clients(1)
        for step in range(250):
            server.publish(pose(step))
        details = open_details(page, "ProbeToTracker", "TRANSFORM")
        expect(count_of(details, "Messages")).to_have_text("250")
        expect(count_of(details, "Bytes")).to_have_text("26.5 kB")  # 58 of header, 48 of body


def test_texts_are_lines_of_the_log(show: Open) -> None:
    with igtl.Server(port=0) as server:
        page = show(server.endpoint, tab="images").page
        server.wait_for_clients(1)
        server.publish(igtl.String("The needle bends: 3 mm <b>left</b>", device_name="Log"))
        page.keyboard.press("5")
        expect(page.get_by_role("tab", name="Log", selected=True)).to_be_visible()
        expect(page.get_by_text("The needle bends: 3 mm <b>left</b>", exact=True)).to_be_visible()


def test_a_server_that_is_not_there_is_waited_for(show: Open) -> None:
    with igtl.Server(port=0) as server:
        port = server.port
    page = show(f"127.0.0.1:{port}", tab="images").page
    expect(page.get_by_role("treeitem", name=re.compile("refused"))).to_be_visible()
    with igtl.Server(port) as server:
        server.wait_for_clients(1, timeout=20)
        server.publish(igtl.Image(picture(77), device_name="Ultrasound"))
        wait_for_pixel(page, "Ultrasound", 77)


def test_a_server_that_comes_back_is_shown_again(show: Open) -> None:
    with igtl.Server(port=0) as server:
        port = server.port
        page = show(server.endpoint, tab="images").page
        server.wait_for_clients(1)
        server.publish(igtl.Image(picture(5), device_name="Ultrasound"))
        wait_for_pixel(page, "Ultrasound", 5)
    connection = page.get_by_role("treeitem", name=re.compile(rf"^127\.0\.0\.1:{port}: "))
    expect(connection).not_to_have_accessible_name(re.compile(": connected"))
    with igtl.Server(port) as server:
        server.wait_for_clients(1, timeout=20)
        expect(connection).to_have_accessible_name(re.compile(": connected"))
        server.publish(igtl.Image(picture(6), device_name="Ultrasound"))
        wait_for_pixel(page, "Ultrasound", 6)


def test_the_page_comes_back_when_igtl_view_does(visit: Open) -> None:
    with igtl.Server(port=0) as server:
        with viewer(server.endpoint) as program:
            address = address_of(program)
            one = visit(f"{address}#images")
            server.wait_for_clients(1)
            server.publish(igtl.Image(picture(8), device_name="Ultrasound"))
            wait_for_pixel(one.page, "Ultrasound", 8)
            # It asks in vain meanwhile, and then for a row that is not there yet.
            one.pardoned = re.compile(r"net::ERR_|404 \(Not Found\) \(http.*/api/picture/0")
        expect(one.page.get_by_text(re.compile("No connection"))).to_be_visible()
        with viewer(server.endpoint, port=int(address.rstrip("/").rpartition(":")[2])) as again:
            assert address_of(again) == address
            expect(one.page.get_by_text("Connected", exact=True)).to_be_visible()
            server.publish(igtl.Image(picture(9), device_name="Ultrasound"))
            wait_for_pixel(one.page, "Ultrasound", 9)


def test_without_the_token_the_page_says_what_is_missing(programs: ExitStack, visit: Open) -> None:
    address = address_of(programs.enter_context(viewer("localhost:1", "--token", "open sesame")))
    one = visit(address.partition("?")[0])
    one.pardoned = re.compile(r"403")
    expect(one.page.get_by_role("alert")).to_contain_text("needs the token")
    expect(one.page.get_by_text("No pictures yet")).to_be_hidden()
    one.page.goto(address)
    expect(one.page.get_by_text("No pictures yet")).to_be_visible()


def places(visit: Visit) -> list[float]:
    """The x of all poses that a browser was told, mm."""
    return [sample[2][3] for message in visit.messages("poses") for sample in message["samples"]]


def wait_for_poses(visit: Visit, count: int) -> None:
    """Wait until a browser was told so many."""
    wait_until(
        visit.page,
        lambda: len(places(visit)) >= count,
        lambda: f"it was told {len(places(visit))} poses of {count}",
    )


def test_a_second_browser_takes_nothing_from_the_first(show: Open, visit: Open) -> None:
    with igtl.Server(port=0) as server:
        first = show(server.endpoint, tab="plots")
        server.wait_for_clients(1)
        sent = [float(x) for x in range(24 * AT_ONCE)]
        for count in range(0, len(sent), AT_ONCE):
            if count == 8 * AT_ONCE:
                second = visit(first.page.url)
            for x in sent[count : count + AT_ONCE]:
                server.publish(pose(x))
            wait_for_poses(first, count + AT_ONCE)
        server.publish(igtl.String("over", device_name="Log"))
        for one in (first, second):
            one.page.get_by_role("tab", name="Log").click()
            expect(one.page.get_by_text("over", exact=True)).to_be_visible()
    assert places(first) == sent
    assert places(second)[-1] == sent[-1]
