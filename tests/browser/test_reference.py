"""The page shows what programs of the reference C++ library send."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.visiting import canvas, drawn, numbers_of, open_details, wait_until
from tests.interop import reference
from tests.interop.example_values import TEXTS, pixels, poses
from tests.interop.peers import Peer

Start = Callable[..., Peer]


def test_poses_of_a_reference_tracker(reference_server: Start, show: Open) -> None:
    tracker = reference_server("TrackerServer", "50")
    visit = show(f"127.0.0.1:{tracker.port}", tab="log")
    cells = open_details(visit.page, "Tracker", "TRANSFORM").get_by_role("cell")
    expect(cells).to_have_count(16)
    shown = np.reshape(numbers_of(cells), (4, 4))
    assert any(np.allclose(shown, pose.matrix, atol=2e-4) for pose in poses(2000))
    known = np.array([pose.matrix[:3].ravel() for pose in poses(2000)])

    def samples() -> list[list[float]]:
        return [sample[2] for message in visit.messages("poses") for sample in message["samples"]]

    wait_until(visit.page, lambda: len(samples()) > 5, lambda: f"it was told {samples()}")
    heard = samples()
    distances = [np.abs(known - one).max(axis=1) for one in heard]
    assert max(distance.min() for distance in distances) < 1e-4
    numbers = [int(distance.argmin()) for distance in distances]
    assert (np.diff(numbers) > 0).all()


def test_images_of_a_reference_imager(reference_server: Start, show: Open) -> None:
    imager = reference_server("ImagerServer", "20", str(reference.IMAGES))
    page = show(f"127.0.0.1:{imager.port}", tab="images").page
    expect(canvas(page, "ImagerClient")).to_be_visible()
    page.get_by_role("button", name="Freeze").click()
    expect(page.get_by_text("Frozen", exact=True)).to_be_visible()
    shown = drawn(page, "ImagerClient")
    assert shown.shape == (256, 256, 3)
    assert (shown == shown[..., :1]).all()
    assert any(np.array_equal(shown[..., 0], pixels(number)[0]) for number in range(1, 6))


def test_texts_of_a_reference_program(reference_server: Start, show: Open) -> None:
    speaker = reference_server("StringServer", "10")
    page = show(f"127.0.0.1:{speaker.port}", tab="log").page
    for text in TEXTS:
        expect(page.get_by_text(text, exact=True).first).to_be_visible()


def test_points_of_a_reference_program(reference_server: Start, show: Open) -> None:
    server = reference_server("PointServer")
    page = show(f"127.0.0.1:{server.port}", tab="log").page
    details = open_details(page, "PointSender", "POINT")
    for text in ("POINT_0", "POINT_1", "POINT_2"):
        expect(details.get_by_text(text, exact=True)).to_be_visible()
