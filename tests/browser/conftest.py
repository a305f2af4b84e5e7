"""Fixtures of the browser tests.

    browser     Debian's Chromium, without a window
    show        run `igtl view` and open its page: show(server.endpoint, tab="images")
    visit       open an address: visit("http://127.0.0.1:8080/")
    reference_server    run an example program that listens: reference_server("TrackerServer", "50")

Whatever a test does, it fails when its page writes an error to the console, throws, or asks any
other host for anything. Screenshots are kept in build/screenshots. Where there is no Chromium, or
no reference, the tests that need it are skipped; where CI is set, they fail.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.visiting import CHROMIUM_OPTIONS, Visit
from tests.cli.program import Program
from tests.interop import peers, reference
from tests.interop.peers import Peer
from tests.net.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
PAGE = ROOT / "src" / "igtl" / "viewer" / "page" / "index.html"

Open = Callable[..., Visit]


def lacking() -> str:
    """What these tests need and do not find, and what to do; "" for nothing."""
    if shutil.which("chromium") is None:
        return "there is no Chromium: sudo apt-get install chromium"
    if not PAGE.is_file():
        return "the page of igtl view is not built: make page"
    return ""


def require(what: str) -> None:
    """Skip, or fail where CI is set, if something is lacking."""
    if what and os.environ.get("CI"):
        pytest.fail(f"{what} (CI is set: what is missing is a failure)", pytrace=False)
    if what:
        pytest.skip(what)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this folder; skips or fails where there is none."""
    require(lacking())
    expect.set_options(timeout=1000 * PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM_OPTIONS
        )
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens tabs, and looks afterwards whether they behaved."""
    visits: list[Visit] = []
    name = re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")
    pictures = SCREENSHOTS / request.node.path.stem.removeprefix("test_")

    def open_tab(address: str, **options: Any) -> Visit:
        unique = f"{name}-{len(visits) + 1}" if visits else name
        visits.append(Visit(browser, address, pictures=pictures, name=unique, **options))
        return visits[-1]

    yield open_tab
    assert [trouble for one in visits for trouble in one.end()] == []


def viewer(*arguments: str, port: int = 0) -> Program:
    """`igtl view` in a process of its own."""
    return Program(("view", *arguments, "--port", str(port)))


def address_of(program: Program) -> str:
    """Where a program's page is, as it says itself."""
    return program.line_with("open http://").removeprefix("open ")


@pytest.fixture
def programs() -> Iterator[ExitStack]:
    """The programs that a test has started; they end with it."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def show(programs: ExitStack, visit: Open, tmp_path: Path) -> Open:
    """Runs `igtl view` for endpoints or a file, on a free port, and opens its page."""

    def view(*what: str, tab: str = "overview", **options: Any) -> Visit:
        program = programs.enter_context(viewer(*what, "--record-to", str(tmp_path)))
        return visit(f"{address_of(program)}#{tab}", **options)

    return view


@pytest.fixture
def reference_server(programs: ExitStack) -> Callable[..., Peer]:
    """Starts example programs of the reference that listen."""
    require(reference.missing() or "")
    return lambda *arguments: programs.enter_context(peers.start_server(*arguments))
