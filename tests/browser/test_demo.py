"""The page of `igtl demo`, panel by panel, in the sizes and colours that people have.

The screenshots that these tests leave are meant to be looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, address_of
from tests.browser.visiting import canvas, numbers_of, open_details
from tests.cli.program import Program

WINDOWS = {"wide": (1280, 720), "tablet": (820, 1180)}
TABS = ("Overview", "Images", "Space", "Plots", "Log")
DEVICES = (
    *("ProbeToTracker", "NeedleToTracker", "ReferenceToTracker", "TrackerToWorld", "Ultrasound"),
    *("CT", "Plan", "Target", "Lesion", "Vessel", "TipToTarget", "Log"),
)


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    """The address of the page of a demo that runs as long as these tests."""
    with Program(("demo", "--port", "0", "--page-port", "0")) as program:
        yield address_of(program)


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def expect_panel(page: Page, tab: str) -> None:
    """Wait until a panel shows something."""
    if tab in ("Overview", "Images"):
        expect(canvas(page, "CT").or_(canvas(page, "Ultrasound")).first).to_be_visible()
    if tab in ("Overview", "Space"):
        expect(page.get_by_role("application", name=re.compile("^3-D scene"))).to_be_visible()
    if tab == "Plots":
        expect(page.get_by_role("region", name="Values")).to_contain_text("TipToTarget")
    if tab == "Log":
        expect(page.get_by_text(re.compile("^Needle ")).first).to_be_visible()


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("window", WINDOWS)
def test_every_panel_fits_into_the_window(
    demo: str, visit: Open, window: str, colours: str
) -> None:
    one = visit(demo, size=WINDOWS[window], colours=colours)
    for tab in TABS:
        one.page.get_by_role("tab", name=tab).click()
        expect_panel(one.page, tab)
        expect(one.page.get_by_role("alert")).to_have_count(0)
        assert sideways(one.page) <= 0
        one.keep(f"{tab.lower()}-{window}-{colours}")


def test_all_devices_are_in_the_tree(demo: str, visit: Open) -> None:
    page = visit(f"{demo}#log", size=(1280, 1400)).page
    for device in DEVICES:
        expect(page.get_by_role("treeitem", name=re.compile(rf"^{device}, ")).first).to_be_visible()


def test_a_sensor_is_shown_with_its_unit(demo: str, visit: Open) -> None:
    page = visit(f"{demo}#log").page
    details = open_details(page, "TipToTarget", "SENSOR")
    expect(details.get_by_text("mm", exact=True)).to_be_visible()


def test_details_of_a_tool_keep_up_with_it(demo: str, visit: Open) -> None:
    page = visit(f"{demo}#log").page
    cells = open_details(page, "NeedleToTracker", "TRANSFORM").get_by_role("cell")
    expect(cells).to_have_count(16)
    before = cells.nth(3).inner_text()
    expect(cells.nth(3)).not_to_have_text(before)
    x, y, z = numbers_of(cells)[3:12:4]
    assert 18 <= x <= 53  # on its way from outside the skin to the target
    assert 10 <= y <= 47
    assert z == 0


def test_the_keyboard_leads_everywhere(demo: str, visit: Open) -> None:
    page = visit(demo).page
    for number, tab in enumerate(TABS, start=1):
        page.keyboard.press(str(number))
        expect(page.get_by_role("tab", name=tab, selected=True)).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.keyboard.press("t")
    expect(page.get_by_role("button", name="Light colours")).to_be_visible()


def test_what_is_typed_after_a_slash_is_searched_for(demo: str, visit: Open) -> None:
    page = visit(demo, size=WINDOWS["tablet"]).page
    expect(page.get_by_role("button", name="Record")).to_be_enabled()
    page.keyboard.press("/")
    page.keyboard.type("probe")
    search = page.get_by_role("searchbox", name="Find devices")
    expect(search).to_have_value("probe")
    page.keyboard.press("Escape")
    expect(search).to_have_value("")
    expect(search).to_be_focused()
    page.keyboard.press("Escape")
    expect(search).not_to_be_focused()
    expect(page.get_by_role("button", name="Record")).to_be_visible()  # none was begun


def test_on_a_phone_the_header_is_all_in_reach(demo: str, visit: Open) -> None:
    page = visit(f"{demo}#log", size=(390, 844)).page
    header = page.get_by_role("banner")
    for name in ("Devices", "Dark colours", "Help"):
        expect(header.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    for name in TABS:
        expect(header.get_by_role("tab", name=name)).to_be_in_viewport(ratio=1)
    expect(header.get_by_role("status", name="Connection")).to_be_in_viewport(ratio=1)
    assert sideways(page) <= 0


def test_nothing_is_asked_of_others(demo: str, visit: Open) -> None:
    one = visit(demo)
    expect(canvas(one.page, "CT").or_(canvas(one.page, "Ultrasound")).first).to_be_visible()
    host = demo.removeprefix("http://").rstrip("/")
    assert len(one.asked) > 4
    assert all(
        address.startswith((f"http://{host}/", f"ws://{host}/", "data:", "blob:"))
        for address in one.asked
    )
