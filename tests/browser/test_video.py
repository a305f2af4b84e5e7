"""VIDEO is painted by the browser's own decoder, from the frames that were sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, expect

import igtl
from tests.browser.conftest import Open
from tests.browser.visiting import Visit, canvas, drawn, wait_until
from tests.recording.stock import START, Item, write_stock

av = pytest.importorskip("av")

WIDTH, HEIGHT, BLOCK = 176, 144, 16
CODECS = ("H264", "VP90", "AV10")
#: What H.264 and its like make of a block of one value.
CLOSE = 8
#: Frames of the recording.
COUNT = 199


def picture(number: int, width: int = WIDTH) -> NDArray[np.uint8]:
    """Blocks of grey that move on with every number; no two of 200 are alike."""
    rows, columns = np.indices((HEIGHT, width)) // BLOCK
    return ((rows * 31 + columns * 53 + number * 37) % 200 + 30).astype(np.uint8)


def videos(
    count: int, *, codec: str = "H264", key_interval: int = 30, width: int = WIDTH, start: int = 0
) -> list[igtl.Video]:
    """Frames of the pictures from `start` on."""
    with igtl.video.Encoder(codec, key_interval=key_interval, quality=90) as encoder:
        return [
            encoder.encode(igtl.Image(picture(start + n, width), device_name="Camera"))
            for n in range(count)
        ]


def wide(pixels: NDArray[np.uint8]) -> bytes:
    """A key frame of H.264 that wants its pixels shown twice as wide as high."""
    context = av.CodecContext.create("libx264", "w")
    context.height, context.width = pixels.shape
    context.pix_fmt, context.time_base = "yuv420p", Fraction(1, 30)
    context.sample_aspect_ratio = Fraction(2)
    context.options = {"crf": "8", "profile": "baseline", "tune": "zerolatency"}
    planes = np.concatenate((pixels, np.full_like(pixels[::2], 128)))
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    return b"".join(map(bytes, (*context.encode(frame), *context.encode(None))))


def centres(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """What is in the middle of each block."""
    return pixels[BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK].astype(np.int64)


def difference(page: Page, expected: NDArray[np.uint8]) -> float:
    """By how much what is painted differs from a picture, in the block where it is most."""
    shown = drawn(page, "Camera")
    if shown.shape[:2] != expected.shape[:2]:
        return 255.0
    sent = centres(expected if expected.ndim == 3 else expected[..., np.newaxis])
    return float(np.abs(centres(shown) - sent).max())


def wait_for(page: Page, expected: Callable[[], NDArray[np.uint8]] | NDArray[np.uint8]) -> None:
    """Wait until a picture is painted."""
    page.locator('canvas[aria-label^="Camera, "]').first.wait_for()

    def off() -> float:
        return difference(page, expected() if callable(expected) else expected)

    wait_until(page, lambda: off() <= CLOSE, lambda: f"the blocks differ by {off():g}")


def way(page: Page) -> Locator:
    """Where a page tells how pictures come."""
    return page.get_by_text("As sent", exact=True).and_(page.locator("span"))


@contextmanager
def looked_at(show: Open) -> Iterator[tuple[igtl.Server, Visit]]:
    with igtl.Server(port=0) as server:
        visit = show(server.endpoint, tab="images")
        server.wait_for_clients(1)
        yield server, visit


def passed_on(visit: Visit) -> bool:
    """Whether the page has asked for the frames as they were sent, and for nothing else."""
    asked = [one for one in visit.asked if re.search("/api/(video|picture)/", one)]
    return bool(asked) and all("/api/video/0?codecs=avc1" in one for one in asked)


@pytest.mark.parametrize("codec", CODECS)
def test_a_moving_picture_is_painted_right_frame_by_frame(show: Open, codec: str) -> None:
    with looked_at(show) as (server, visit):
        for number, video in enumerate(videos(35, codec=codec)):
            server.publish(video)
            if number % 6 in (0, 1):  # those between are of one rush
                wait_for(visit.page, picture(number))
        wait_for(visit.page, picture(34))
        expect(way(visit.page).first).to_be_visible()
        assert passed_on(visit)


@pytest.mark.parametrize("codec", CODECS)
def test_grey_is_painted_from_black_to_white(show: Open, codec: str) -> None:
    ramp = np.repeat(np.arange(0, 256, 16, dtype=np.uint8), BLOCK)[np.newaxis].repeat(HEIGHT, 0)
    with looked_at(show) as (server, visit), igtl.video.Encoder(codec, quality=95) as encoder:
        server.publish(encoder.encode(igtl.Image(ramp, device_name="Camera")))
        wait_for(visit.page, ramp)


@pytest.mark.parametrize("codec", CODECS)
def test_colours_are_painted_as_they_were_meant(show: Open, codec: str) -> None:
    with looked_at(show) as (server, visit), igtl.video.Encoder(codec, quality=95) as encoder:
        pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        pixels[:, :80], pixels[:, 80:] = (200, 40, 40), (40, 180, 60)
        server.publish(encoder.encode(igtl.Image(pixels, device_name="Camera")))
        wait_for(visit.page, pixels)


def test_pixels_that_are_not_square_are_painted_one_by_one(show: Open) -> None:
    (like,) = videos(1)
    with looked_at(show) as (server, visit):
        server.publish(like.replace(data=wide(picture(3)), metadata={}))
        wait_for(visit.page, picture(3))


def test_who_joins_in_the_middle_sees_the_picture_at_once(show: Open, visit: Open) -> None:
    with looked_at(show) as (server, first):
        for video in videos(20):
            server.publish(video)
        wait_for(first.page, picture(19))
        second = visit(first.page.url)
        wait_for(second.page, picture(19))  # though nothing comes any more
        assert passed_on(second)


def test_behind_a_dropped_key_frame_it_waits_for_the_next_and_says_so(show: Open) -> None:
    sent = videos(30, key_interval=10)
    with looked_at(show) as (server, visit):
        for video in sent[:10]:
            server.publish(video)
        wait_for(visit.page, picture(9))
        for video in sent[11:20]:
            server.publish(video)
        expect(
            visit.page.get_by_text(re.compile("Frame 12 came after 10; waiting"))
        ).to_be_visible()
        wait_for(visit.page, picture(9))
        for video in sent[20:25]:
            server.publish(video)
        wait_for(visit.page, picture(24))
        expect(visit.page.get_by_text(re.compile("waiting for a key frame"))).to_have_count(0)


def test_a_sender_that_begins_anew_is_painted_right(show: Open) -> None:
    with looked_at(show) as (server, visit):
        for codec, width, start in (
            *(("H264", WIDTH, 0), ("H264", 240, 0), ("VP90", WIDTH, 0), ("H264", WIDTH, 50)),
        ):
            for video in videos(8, codec=codec, width=width, start=start):
                server.publish(video)
            wait_for(visit.page, picture(start + 7, width))
        assert passed_on(visit)


def test_what_browsers_do_not_decode_is_decoded_for_them(show: Open) -> None:
    (sent,) = videos(1, codec="X265")
    with looked_at(show) as (server, visit):

        def is_painted() -> bool:
            server.publish(sent)  # the decoder begins with what comes after somebody asked
            there = canvas(visit.page, "Camera").is_visible()
            return there and difference(visit.page, picture(0)) <= CLOSE

        wait_until(visit.page, is_painted, lambda: "it is not painted")
        note = "This browser does not decode the sender's X265: shown as Raw"
        expect(visit.page.get_by_text(note)).to_be_visible()


def test_a_pixel_is_read_and_levels_are_set_as_of_other_pictures(show: Open) -> None:
    with looked_at(show) as (server, visit):
        server.publish(videos(1)[0])
        wait_for(visit.page, picture(0))
        visit.page.locator("canvas").first.hover(position={"x": 5, "y": 5})
        readout = visit.page.get_by_test_id("readout")
        expect(readout).to_have_text(re.compile(r"~\d+ · R"))
        visit.page.get_by_label("Window", exact=True).fill("100")
        visit.page.get_by_label("Window", exact=True).press("Enter")
        shown = np.clip((picture(0).astype(float) - 77.5) * 255 / 100, 0, 255).astype(np.uint8)
        sent = centres(shown[..., np.newaxis])
        wait_until(
            visit.page,
            lambda: np.abs(centres(drawn(visit.page, "Camera")) - sent).max() <= 3 * CLOSE,
            lambda: "it is not drawn by the window",
        )


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty seconds, ten frames a second, a key frame every two; its sender gave no numbers."""
    items = [
        Item(START + n * 10**8, "localhost:18944", igtl.encode(video.replace(metadata={})))
        for n, video in enumerate(videos(COUNT, key_interval=20))
    ]
    return write_stock(tmp_path_factory.mktemp("recording") / "video.mcap", items)


def test_a_recording_is_painted_right_after_a_pause_and_wherever_one_goes(
    show: Open, recording: Path
) -> None:
    page = show(str(recording), tab="images").page
    page.locator('canvas[aria-label^="Camera, "]').first.wait_for()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    timeline = page.get_by_role("slider", name="Position in the recording")
    box = timeline.bounding_box()
    assert box is not None

    def there() -> float:
        return float(timeline.get_attribute("aria-valuenow") or "nan")

    for part in (0.93, 0.27, 0.6):  # not where a second begins
        page.mouse.click(box["x"] + box["width"] * part, box["y"] + box["height"] / 2)
        expect(timeline).to_have_attribute(
            "aria-valuenow", re.compile(f"^{int(part * (COUNT - 1) / 10)}")
        )
        wait_for(page, lambda: picture(int(there() * 10 + 1e-3)))
    timeline.press("Home")
    wait_for(page, picture(0))
    page.get_by_role("button", name="Play").click()
    page.get_by_role("combobox", name="Speed").select_option(label="Full speed")
    expect(page.get_by_text("At the end")).to_be_visible()
    wait_for(page, picture(COUNT - 1))
