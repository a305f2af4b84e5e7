"""A browser at the page of `igtl view`, and what it may not do: fail, or ask anybody else."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, WebSocket, expect

from tests.net.waiting import PATIENCE

__all__ = [
    "CHROMIUM_OPTIONS",
    "Visit",
    "canvas",
    "count_of",
    "drawn",
    "numbers_of",
    "open_details",
    "wait_for_later_pixel",
    "wait_for_pixel",
    "wait_until",
]

#: Chromium without a GPU, as in containers.
CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
)
_OWN = ("data:", "blob:")
_LOOK_AGAIN_MS = 20


class Visit:
    """One tab of its own, from when it is opened until `end`.

    Args:
        browser: where to open it.
        address: what to open; nothing else than its host and port may be asked for anything.
        pictures: the folder for screenshots; it is made.
        name: of the last screenshot.
        size: of the window, in pixels.
        colours: "light" or "dark", what the user prefers.

    Attributes:
        page: what a test drives.
        asked: the addresses of all requests.
        heard: what came over WebSockets as text, in order.
        troubles: errors of the page and of the console, and requests to others.
        pardoned: what a test expects of them: troubles that this pattern finds are none.
    """

    def __init__(
        self,
        browser: Browser,
        address: str,
        *,
        pictures: Path,
        name: str,
        size: tuple[int, int] = (1280, 720),
        colours: str = "light",
    ) -> None:
        self.asked: list[str] = []
        self.heard: list[str] = []
        self.troubles: list[str] = []
        self.pardoned: re.Pattern[str] | None = None
        self._host = urlsplit(address).netloc
        self._pictures, self._name = pictures, name
        self._context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if colours == "dark" else "light",
        )
        self.page = self._context.new_page()
        self.page.on("request", lambda request: self._ask(request.url))
        self.page.on("websocket", self._listen)
        self.page.on("console", self._log)
        self.page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        self.page.on("crash", lambda _: self.troubles.append("the page crashed"))
        self.page.goto(address)

    def messages(self, kind: str) -> Iterator[dict[str, Any]]:
        """What came over the WebSocket so far, of one kind."""
        for text in tuple(self.heard):
            message: dict[str, Any] = json.loads(text)
            if message.get("kind") == kind:
                yield message

    def keep(self, name: str) -> None:
        """Keep a screenshot of it, for people to look at."""
        self._pictures.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=self._pictures / f"{name}.png")

    def end(self) -> list[str]:
        """Keep a last screenshot of it and close it; what was wrong with it."""
        self.keep(self._name)
        self._context.close()
        return [
            one for one in self.troubles if self.pardoned is None or not self.pardoned.search(one)
        ]

    def _ask(self, address: str) -> None:
        self.asked.append(address)
        if not address.startswith(_OWN) and urlsplit(address).netloc != self._host:
            self.troubles.append(f"it asked another host: {address}")

    def _listen(self, socket: WebSocket) -> None:
        self._ask(socket.url)
        socket.on("framereceived", self._hear)

    def _hear(self, payload: str | bytes) -> None:
        if isinstance(payload, str):
            self.heard.append(payload)

    def _log(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.troubles.append(f"console: {message.text} ({message.location.get('url')})")


def canvas(page: Page, device: str) -> Locator:
    """Where the pictures of a device are drawn."""
    return page.get_by_role("img", name=re.compile(rf"^{re.escape(device)}, \d+ \W \d+$"))


def drawn(page: Page, device: str) -> NDArray[np.uint8]:
    """What is drawn of a device's picture: (rows, columns, 3) uint8, red green blue."""
    width, height, text = canvas(page, device).evaluate(
        """(canvas) => {
            const { width, height } = canvas;
            const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
            let text = "";
            for (let n = 0; n < data.length; n += 0x8000) {
                text += String.fromCharCode(...data.subarray(n, n + 0x8000));
            }
            return [width, height, btoa(text)];
        }"""
    )
    pixels = np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)
    assert (pixels[..., 3] == 255).all(), "it is drawn with holes"
    return pixels[..., :3]


def wait_for_pixel(page: Page, device: str, red: int) -> None:
    """Wait until the first pixel of a device's picture is drawn with this red, 0 to 255."""
    _wait_for_pixels(page, device, red, red)


def wait_for_later_pixel(page: Page, device: str, red: int) -> None:
    """Wait until it is drawn with this red, or more: in what plays, one alone may be missed."""
    _wait_for_pixels(page, device, red, 255)


def _wait_for_pixels(page: Page, device: str, least: int, most: int) -> None:
    page.wait_for_function(
        """([device, least, most]) => {
            const canvas = document.querySelector(`canvas[aria-label^="${device}, "]`);
            const red = canvas?.getContext("2d").getImageData(0, 0, 1, 1).data[0];
            return least <= red && red <= most;
        }""",
        arg=[device, least, most],
    )


def wait_until(page: Page, is_so: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    """Wait for what has no event of its own; the page goes on, and is heard, meanwhile."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, otherwise()
        page.wait_for_timeout(_LOOK_AGAIN_MS)


def open_details(page: Page, device: str, kind: str) -> Locator:
    """Click on a device in the tree; the drawer that tells of it."""
    page.get_by_role("treeitem", name=f"{device}, {kind}, ").click()
    details = page.get_by_role("complementary", name="Details")
    expect(details.get_by_role("heading", name=device, exact=True)).to_be_visible()
    return details


def count_of(details: Locator, name: str) -> Locator:
    """A number in the drawer, by its name."""
    return details.locator("dt", has_text=re.compile(f"^{name}$")).locator("+ dd")


def numbers_of(cells: Locator) -> list[float]:
    """What cells of a table say."""
    return [float(text.replace("\u2212", "-")) for text in cells.all_inner_texts()]
