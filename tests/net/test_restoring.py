"""What is asked, stopped and told while a link is being restored, and what a server lacks then."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

import igtl
import igtl.net.aio_line
import igtl.net.line
from igtl.protocol.recovery import LinkEvent
from tests.net.events import Events
from tests.net.raw import RawPeer, RawServer, number_of, numbers_of, pose, wire
from tests.net.shells import Link, Streamed
from tests.net.waiting import PATIENCE, background, eventually

READY, NO = igtl.Ready(igtl.Transform, 0), igtl.Ready(igtl.Transform, 1)


def running(link: Link, peer: RawPeer) -> Streamed[igtl.Transform]:
    """A stream that the peer agreed to."""
    opening, _ = background(lambda: link.stream(igtl.Transform, "P", timeout=PATIENCE))
    assert peer.receive().wire_type == "STT_TRANS"
    peer.send(wire(READY.replace(device_name="P")))
    return opening.result(PATIENCE)


@pytest.mark.parametrize("busy", [False, True], ids=["quiet", "busy"])
def test_a_server_that_has_not_published_yet_is_asked_again(
    broken: tuple[Link, RawPeer], listener: RawServer, busy: bool
) -> None:
    """Also while so many other data come that nobody ever waits for any."""
    link, peer = broken
    frames = running(link, peer)
    waiting, _ = background(lambda: frames.receive(PATIENCE))
    peer.close()
    peer = listener.accept()
    enough = threading.Event()
    crowd = wire(*[igtl.String("x" * 1000, device_name="S")] * 50)

    def flood() -> None:
        while busy and not enough.is_set():
            peer.send(crowd)

    flooding: Any = None
    for turn in range(3):
        assert peer.receive().wire_type == "STT_TRANS"
        if flooding is not None:
            enough.set()
            flooding.result(PATIENCE)
        answer = READY if turn == 2 else NO
        peer.send(wire(answer.replace(device_name="P")))
        enough.clear()
        if turn < 2:
            flooding, _ = background(flood)
    peer.send(wire(pose(1, "P")))
    assert number_of(waiting.result(PATIENCE)) == 1


def test_who_waits_for_such_a_server_is_told(
    broken: tuple[Link, RawPeer], listener: RawServer
) -> None:
    link, peer = broken
    frames = running(link, peer)
    peer.close()

    def told() -> bool:
        with pytest.raises(igtl.TimeoutError) as waited:
            frames.receive(0.1)
        return re.search("asked again .*no P yet", str(waited.value)) is not None

    waiting, _ = background(lambda: eventually(told))
    peer = listener.accept()

    def refuse() -> None:
        while peer.receive().wire_type == "STT_TRANS":
            peer.send(wire(NO.replace(device_name="P", metadata={"ErrorMessage": "no P yet"})))

    background(refuse)
    waiting.result(PATIENCE)
    assert list_of(link) == []


def list_of(link: Link) -> list[igtl.Message]:
    """What waits in line."""
    found = []
    while True:
        try:
            found.append(link.receive(0))
        except igtl.TimeoutError:
            return found


def while_restoring(
    link: Link, monkeypatch: pytest.MonkeyPatch, work: Callable[[], object], *, after: bool
) -> None:
    """Do `work` while a new connection is given what it carries first; blocking or not."""
    done = threading.Event()
    if isinstance(link, igtl.Client):
        plain = igtl.net.line.Line._say_first

        def say(self: Any, sock: Any, words: Any) -> None:
            if after:
                plain(self, sock, words)
            if self._down is not None and not done.is_set():
                done.set()
                work()
            if not after:
                plain(self, sock, words)

        monkeypatch.setattr(igtl.net.line.Line, "_say_first", say)
        return
    plain_aio = igtl.net.aio_line.Line._say_first

    async def say_aio(self: Any, sock: Any, words: Any) -> None:
        if after:
            await plain_aio(self, sock, words)
        if self._down is not None and not done.is_set():
            done.set()
            await asyncio.to_thread(work)
        if not after:
            await plain_aio(self, sock, words)

    monkeypatch.setattr(igtl.net.aio_line.Line, "_say_first", say_aio)


@pytest.mark.parametrize("after", [False, True])
def test_a_question_asked_meanwhile_is_sent_once(
    broken: tuple[Link, RawPeer],
    listener: RawServer,
    monkeypatch: pytest.MonkeyPatch,
    after: bool,
) -> None:
    link, peer = broken
    peer.send(wire(pose(1)))
    link.receive(PATIENCE)  # nobody has to be waited for before a question
    session: Any = link._session if isinstance(link, igtl.Client) else link._client._session  # type: ignore[attr-defined]
    asked: list[Any] = []

    def ask() -> None:
        asked.append(background(lambda: link.get(igtl.String, "S", timeout=5.0))[0])
        eventually(lambda: session.active)

    while_restoring(link, monkeypatch, ask, after=after)
    reading, _ = background(lambda: link.receive(PATIENCE))
    peer.close()
    peer = listener.accept()
    assert peer.receive().wire_type == "GET_STRING"
    peer.send(wire(igtl.String("here", device_name="S"), pose(2)))
    assert asked[0].result(PATIENCE).text == "here"
    assert number_of(reading.result(PATIENCE)) == 2
    link.send(igtl.String("next"))
    assert peer.receive().wire_type == "STRING"


def test_a_stream_left_meanwhile_is_stopped(
    broken: tuple[Link, RawPeer], listener: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, peer = broken
    frames = running(link, peer)
    leaving: list[Any] = []

    def leave() -> None:
        leaving.append(background(frames.close)[0])
        leaving[0].result(PATIENCE)

    while_restoring(link, monkeypatch, leave, after=True)
    reading, _ = background(lambda: link.receive(PATIENCE))
    peer.close()
    peer = listener.accept()
    assert [one.wire_type for one in peer.receive_some(2)] == ["STT_TRANS", "STP_TRANS"]
    peer.send(wire(pose(7, "Other")))
    assert number_of(reading.result(PATIENCE)) == 7


def test_the_gap_is_the_time_without_a_byte(
    broken: tuple[Link, RawPeer], listener: RawServer
) -> None:
    """Connections that brought nothing are no end of it."""
    link, peer = broken
    events = Events(link)
    peer.send(wire(pose(1)))
    assert number_of(link.receive(PATIENCE)) == 1
    waiting, _ = background(lambda: link.receive(PATIENCE))
    for _ in range(3):
        peer.close()
        peer = listener.accept()
    eventually(lambda: events.kinds.count("restored") == 3)
    gaps = [one.gap for one in events]
    assert gaps == sorted(gaps)
    peer.send(wire(pose(2)))
    assert number_of(waiting.result(PATIENCE)) == 2
    waiting, _ = background(lambda: link.receive(PATIENCE))
    peer.close()
    eventually(lambda: len(events) > len(gaps))
    assert events[len(gaps)].gap < gaps[-1]
    listener.accept().send(wire(pose(3)))
    waiting.result(PATIENCE)


def test_the_last_word_of_the_log_is_good_news(
    broken: tuple[Link, RawPeer], listener: RawServer, caplog: pytest.LogCaptureFixture
) -> None:
    link, peer = broken
    waiting, _ = background(lambda: link.receive(PATIENCE))
    peer.close()
    listener.accept().send(wire(pose(1)))
    assert number_of(waiting.result(PATIENCE)) == 1
    told = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert len(told) == 2
    assert " lost: " in told[0]
    assert " restored: " in told[1]


class TestTransforms:
    def test_what_has_arrived_counts(self, listener: RawServer) -> None:
        """Only a blocking link reads when it is looked at."""
        with igtl.connect(listener.endpoint) as link, listener.accept() as peer:
            peer.send(wire(pose(3, "ProbeToTracker")))
            eventually(lambda: ("Probe", "Tracker") in link.transforms)
            assert link.transforms["Probe", "Tracker"].matrix[0, 3] == 3
            assert numbers_of([link.receive(0)]) == [3]

    def test_are_missing_while_the_link_is_and_until_they_are_heard_again(
        self, broken: tuple[Link, RawPeer], listener: RawServer
    ) -> None:
        link, peer = broken
        transforms = (link if isinstance(link, igtl.Client) else link._client).transforms  # type: ignore[attr-defined]
        events = Events(link)
        transforms.add("Image", "Probe", pose(1).matrix)
        peer.send(wire(pose(3, "ProbeToTracker")))
        link.receive(PATIENCE)
        assert transforms["Probe", "Tracker"].valid
        waiting, _ = background(lambda: link.receive(PATIENCE))
        peer.close()
        eventually(lambda: "lost" in events.kinds)
        peer = listener.accept()
        assert transforms["Probe", "Tracker"].status == "MISSING"
        peer.send(wire(pose(4, "Other")))
        waiting.result(PATIENCE)
        missing = transforms["Probe", "Tracker"]
        assert (missing.valid, missing.status) == (False, "MISSING")
        assert transforms["Image", "Probe"].valid
        waiting, _ = background(lambda: link.receive(PATIENCE))
        peer.send(wire(pose(4, "ProbeToTracker")))
        waiting.result(PATIENCE)
        assert transforms["Probe", "Tracker"].valid

    def test_are_missing_when_the_link_is_over(self, pair: tuple[Link, RawPeer]) -> None:
        link, peer = pair
        transforms = (link if isinstance(link, igtl.Client) else link._client).transforms  # type: ignore[attr-defined]
        peer.send(wire(pose(3, "ProbeToTracker")))
        link.receive(PATIENCE)
        assert transforms["Probe", "Tracker"].valid
        background(peer.close_with_peer)
        link.close()
        assert transforms["Probe", "Tracker"].status == "MISSING"


class TestHandlers:
    def test_coroutine_functions_are_for_asyncio(self, listener: RawServer) -> None:
        async def tell(_event: LinkEvent) -> None: ...

        class Teller:
            async def __call__(self, _event: LinkEvent) -> None: ...

        with igtl.connect(listener.endpoint) as link, listener.accept() as peer:
            for handler in (tell, Teller()):
                with pytest.raises(igtl.MessageError, match=r"coroutine function.*igtl\.aio"):
                    link.on_event(handler)
            peer.close()
            assert list(link) == []
