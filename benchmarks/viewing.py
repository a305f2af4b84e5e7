"""The page of `igtl view`, measured: ``python -m benchmarks.viewing``.

Headless Chromium looks at what `view_worker` publishes. Everything runs on this machine, so all
share one clock: the delay is from the time in a header, taken just before publishing, to the
animation frame after its picture was drawn. Without a graphics processor Chromium draws by
software.
"""

from __future__ import annotations

import argparse
import datetime
import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import igtl
from benchmarks import memory, report

__all__ = ["main"]

HERE = Path(__file__).parent
MARKERS = ("<!-- viewing: written by `make bench-view` -->", "<!-- end of viewing -->")
CHROMIUM = "/usr/bin/chromium"
OPTIONS = (
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-gpu-compositing",  # as on machines without a graphics processor
    "--enable-precise-memory-info",
)
#: A page is given so long to come to rest, s, and so long to show the first picture, ms.
SETTLE_S, FIRST_MS = 4.0, 30_000
#: A busy Chromium is given so long to tell what it painted, ms.
PATIENCE_MS = 120_000
#: Chromium's processes by their kind, and those not worth a row.
KINDS = {
    "renderer": "Chromium: the page, and its own window",
    "browser": "Chromium: browser",
    "gpu-process": "Chromium: painting",
    "network": "Chromium: network",
}
OTHERS = "Chromium: others"


class Scene(NamedTuple):
    """What is published, which tab shows it, and how pictures come."""

    title: str
    kinds: str
    tab: str
    way: str = ""


SCENES = {
    "grey-raw": Scene("640x480 grey at 60 Hz, raw", "grey", "Images", "Raw"),
    "grey-h264": Scene("640x480 grey at 60 Hz, H.264", "grey", "Images", "H.264"),
    "rgb-auto": Scene("1920x1080 RGB at 30 Hz, as chosen by itself", "rgb", "Images", "Auto"),
    "rgb-h264": Scene("1920x1080 RGB at 30 Hz, H.264", "rgb", "Images", "H.264"),
    "rgb-sent": Scene("1920x1080 H.264 at 30 Hz, as sent", "video", "Images", "As sent"),
    "rgb-jpeg": Scene("1920x1080 RGB at 30 Hz, JPEG", "rgb", "Images", "JPEG"),
    "rgb-raw": Scene("1920x1080 RGB at 30 Hz, raw", "rgb", "Images", "Raw"),
    "tools": Scene("ten tools at 100 Hz", "tools", "Space"),
    "mesh": Scene("ten tools at 100 Hz and a mesh of 100,352 triangles", "tools+mesh", "Space"),
}


class Found(NamedTuple):
    """What was seen of a scene in some seconds; delays in s, sorted."""

    painted: int
    skipped: int
    delays: list[float]
    seconds: float

    @property
    def cells(self) -> tuple[str, ...]:
        """Pictures per second, the median and the 95th percentile of the delays in ms."""
        rate = f"{self.painted / self.seconds:.1f}"
        if not self.delays:
            return rate, "-", "-", str(self.skipped)
        late = self.delays[int(0.95 * (len(self.delays) - 1))]
        middle = statistics.median(self.delays)
        return rate, f"{1000 * middle:.0f}", f"{1000 * late:.0f}", str(self.skipped)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints the tables, and writes them when told to; 0 when all was measured."""
    options = _parser().parse_args(arguments)
    with _chromium() as browser:
        names = options.only or list(SCENES)
        found = {name: _watched(browser, SCENES[name], options.seconds) for name in names}
        beside = _beside(browser, options.seconds)
    tables = "\n".join((*_scene_table(found), "", *_beside_table(beside)))
    if options.soak:
        tables += "\n\n" + "\n".join(_soak_table(*_soaked(options.soak)))
    print(tables)
    if options.keep:
        report.put_between(HERE / "README.md", MARKERS, f"{_heading()}\n\n{tables}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.viewing", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each row (default: 10)")
    parser.add_argument("--soak", type=float, default=10.0, help="minutes of memory (default: 10)")
    parser.add_argument("--only", action="append", choices=SCENES, help="rows (default: all)")
    parser.add_argument("--keep", action="store_true", help="write the tables into README.md")
    return parser


@contextmanager
def _chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@contextmanager
def _published(kinds: str) -> Iterator[str]:
    """The endpoint of a publisher of some kinds."""
    command = [sys.executable, "-m", "benchmarks.view_worker", kinds]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True, cwd=HERE.parent) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.communicate()  # it ends with its standard input


class Viewer(NamedTuple):
    """A running `igtl view`."""

    process: subprocess.Popen[str]
    address: str


@contextmanager
def _viewer(endpoint: str) -> Iterator[Viewer]:
    command = [sys.executable, "-m", "igtl", "view", endpoint, "--port", "0"]
    with subprocess.Popen(command, stdout=-1, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            addresses = (re.search(r"http://\S+", text) for text in process.stdout)
            yield Viewer(process, next(found[0] for found in addresses if found))
        finally:
            process.terminate()
            process.communicate()


@contextmanager
def _page(browser: Any, viewer: Viewer, scene: Scene) -> Iterator[Any]:
    """A page that shows a scene, at rest."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    try:
        page.goto(viewer.address)
        page.get_by_role("tab", name=scene.tab, exact=True).click()
        if scene.way:
            page.get_by_role("combobox", name="Format").select_option(label=scene.way)
        page.wait_for_function(_SEEN, timeout=FIRST_MS)
        page.wait_for_timeout(1000 * SETTLE_S)
        yield page
        _check(page)
    finally:
        page.close()


_SEEN = "() => [...igtlMeter.meters.values()].some((meter) => meter.painted > 0)"
_NOTICES = "() => [...document.querySelectorAll('.space-notices p')].map((one) => one.textContent)"
_TAKEN = """() => [...igtlMeter.meters.values()].map(({painted, skipped, delays}) =>
    ({painted, skipped, delays}))"""


def _check(page: Any) -> None:
    """Raises a RuntimeError where Space says that it does not show all."""
    if notices := page.evaluate(_NOTICES):
        raise RuntimeError(f"the page does not show all that is measured: {' '.join(notices)}")


def _watched(browser: Any, scene: Scene, seconds: float) -> Found:
    print(scene.title, file=sys.stderr)
    with (
        _published(scene.kinds) as endpoint,
        _viewer(endpoint) as viewer,
        _page(browser, viewer, scene) as page,
    ):
        return _counted(page, seconds)


def _counted(page: Any, seconds: float) -> Found:
    page.evaluate("igtlMeter.reset()")
    start = time.monotonic()
    page.wait_for_timeout(1000 * seconds)
    meters = page.evaluate(_TAKEN)
    took = time.monotonic() - start
    delays = sorted(delay for meter in meters for delay in meter["delays"])
    painted, skipped = (sum(meter[name] for meter in meters) for name in ("painted", "skipped"))
    return Found(painted, skipped, delays, took)


def _scene_table(found: dict[str, Found]) -> Iterator[str]:
    yield report.line(("shown", "pictures/s", "delay, ms", "p95, ms", "left out"))
    yield report.line(("---", *["---:"] * 4))
    for name, seen in found.items():
        yield report.line((SCENES[name].title, *seen.cells))


def _beside(browser: Any, seconds: float) -> dict[str, float]:
    """Messages per second that another client gets: alone, beside a viewer, beside two pages."""
    print("what another client gets", file=sys.stderr)
    scene = SCENES["grey-raw"]._replace(kinds="grey+tools")
    with _published(scene.kinds) as endpoint:
        rates = {"alone": _heard(endpoint, seconds)}
        with _viewer(endpoint) as viewer:
            rates["beside `igtl view`, no page open"] = _heard(endpoint, seconds)
            with _page(browser, viewer, scene) as first:
                rates["beside one page"] = _heard(endpoint, seconds)
                first.bring_to_front()
                with _page(browser, viewer, scene):
                    rates["beside two pages"] = _heard(endpoint, seconds)
    return rates


def _heard(endpoint: str, seconds: float) -> float:
    with igtl.connect(endpoint) as link:
        link.receive(timeout=5)
        start = time.monotonic()
        count = 0
        while time.monotonic() - start < seconds:
            link.receive(timeout=5)
            count += 1
        return count / (time.monotonic() - start)


def _beside_table(rates: dict[str, float]) -> Iterator[str]:
    yield report.line(("another client of the same server, 1,060 messages/s published", "gets/s"))
    yield report.line(("---", "---:"))
    for name, rate in rates.items():
        yield report.line((name, f"{rate:.0f}"))


def _soaked(minutes: float) -> tuple[list[Counter[str]], int]:
    """Memory each ten seconds while everything is shown, and how many pictures were painted."""
    print(f"memory, {minutes:g} minutes", file=sys.stderr)
    with (
        _published("grey+tools+mesh") as endpoint,
        _viewer(endpoint) as viewer,
        memory.started((CHROMIUM, *OPTIONS), f"{viewer.address}#overview") as chromium,
    ):
        start = time.monotonic()
        samples = []
        for step in range(1, 1 + max(3, round(6 * minutes))):
            time.sleep(max(0.0, start + 10 * step - time.monotonic()))
            sample = Counter({"`igtl view`": memory.memory_of(viewer.process.pid).total()})
            for kind, size in memory.memory_of(chromium.process).items():
                sample[KINDS.get(kind, OTHERS)] += size
            samples.append(sample)
        return samples, _painted_by(chromium)


def _painted_by(chromium: memory.Chromium) -> int:
    """How many pictures of 2-D and 3-D the page painted since it was opened; it shows all."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.connect_over_cdp(chromium.debugger, timeout=PATIENCE_MS)
        page = browser.contexts[0].pages[0]
        meters = page.evaluate(_TAKEN)
        _check(page)
        browser.close()
    return sum(meter["painted"] for meter in meters)


def _soak_table(samples: list[Counter[str]], painted: int) -> Iterator[str]:
    minutes = len(samples) / 6
    heads = ("first third", "second", "last third", "most")
    yield report.line((f"MiB in {minutes:g} minutes, {painted:,} pictures painted", *heads))
    yield report.line(("---", *["---:"] * 4))
    for name, used in memory.thirds(samples).items():
        yield report.line((name, *(f"{size / 2**20:.0f}" for size in used)))


def _heading() -> str:
    where = report.machine()
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return (
        f"Measured {now} on {where['processor']}, {where['cores']} cores, {where['memory']},\n"
        f"{where['system']}; Chromium headless, drawing by software."
    )


if __name__ == "__main__":
    sys.exit(main())
