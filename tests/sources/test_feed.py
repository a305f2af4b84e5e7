from __future__ import annotations

import queue
import threading
from collections.abc import Generator

import pytest

from igtl.errors import MissingExtraError, SourceError
from igtl.sources.feed import Feed


class Device:
    """Gives what it is told to, and notes what happens to it."""

    def __init__(self) -> None:
        self.coming: queue.SimpleQueue[int | Exception | None] = queue.SimpleQueue()
        self.asked_for: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.closed = threading.Event()

    def readings(self) -> Generator[int, None, None]:
        count = 0
        try:
            while True:
                self.asked_for.put(count)
                count += 1
                reading = self.coming.get()
                if reading is None:
                    return
                if isinstance(reading, Exception):
                    raise reading
                yield reading
        finally:
            self.closed.set()

    def wait_until_asked(self, times: int) -> None:
        """Wait until what was given before is taken."""
        while self.asked_for.get(timeout=5) < times:
            pass


def feed_of(device: Device, patience: float = 5.0) -> Feed[int]:
    return Feed(device.readings(), silence="the scale gave no weight", patience=patience)


def test_the_newest_is_given_and_each_only_once() -> None:
    device = Device()
    feed = feed_of(device, patience=0.05)
    for weight in (7, 8, 9):
        device.coming.put(weight)
    device.wait_until_asked(3)
    assert feed.next() == 9
    with pytest.raises(SourceError, match=r"^the scale gave no weight for 0.05 s$"):
        feed.next()
    device.coming.put(10)
    device.wait_until_asked(4)
    assert feed.next() == 10
    device.coming.put(None)


@pytest.mark.parametrize(
    ("end", "kind", "complaint"),
    [
        (None, SourceError, r"^the scale gave no weight any more$"),
        (ValueError("it burns"), SourceError, r"^the scale gave no weight: it burns$"),
        (SourceError("no battery"), SourceError, r"^no battery$"),
        (MissingExtraError("driver"), MissingExtraError, r"^driver$"),
    ],
)
def test_why_it_ended_is_told_behind_the_last_reading(
    end: Exception | None, kind: type[Exception], complaint: str
) -> None:
    device = Device()
    feed = feed_of(device)
    device.coming.put(7)
    device.coming.put(end)
    assert device.closed.wait(5)
    assert feed.next() == 7
    for _ in range(2):
        with pytest.raises(kind, match=complaint):
            feed.next()


def test_closing_closes_the_device() -> None:
    closed = threading.Event()

    def readings() -> Generator[int, None, None]:
        try:
            while True:
                yield 7
        finally:
            closed.set()

    feed = Feed(readings(), silence="")
    assert feed.next() == 7
    feed.close()
    assert closed.is_set()
    feed.close()


def test_a_device_that_hangs_does_not_hang_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("igtl.sources.feed._CLOSING_S", 0.05)
    device = Device()
    feed = feed_of(device, patience=0.05)
    with pytest.raises(SourceError, match="gave no weight for"):
        feed.next()
    feed.close()
    assert not device.closed.is_set()
    device.coming.put(None)
