from __future__ import annotations

import contextlib
import random
import resource
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import igtl
from tests.net.raw import (
    RawPeer,
    RawServer,
    chunked,
    header,
    image,
    number_of,
    numbers_of,
    pose,
    poses,
    wire,
)
from tests.net.shells import Link, Shell
from tests.net.waiting import PATIENCE, background, eventually, linux_only, taken_by_kernel, within

MIXED: list[igtl.Message] = [
    pose(1),
    igtl.String("Grüße", device_name="Note"),
    image(70_000),
    igtl.Position(np.array([1.0, 2.0, 3.0]), device_name="Tip"),
    igtl.TrackingData((igtl.Tool("A", pose(7).matrix), igtl.Tool("B", pose(8).matrix))),
    igtl.Status(igtl.StatusCode.OK, text="fine"),
    igtl.Status(device_name="Empty", metadata={"key": "value"}, message_id=9),
    igtl.Unknown("GET_NOTHING", b"", device_name="CT"),
    image(300_000, 1, "Large"),
    igtl.Unknown("HOMEMADE", b"\0\1\2" * 1000),
    igtl.Capability(("TRANSFORM", "IMAGE")),
    igtl.Command(3, "Version", "<Command/>"),
    igtl.NDArray(pose(3).matrix),
    pose(2),
]


def test_300_messages_sent_at_once_are_300_received(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    peer.send_all(wire(*poses(300)))
    assert numbers_of(link) == [*range(300)]
    assert link.counters.messages_received == 300
    assert link.counters.bytes_received == 300 * 106


def test_many_types_arrive_as_they_were_sent(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    peer.send_all(wire(*MIXED))
    assert list(link) == MIXED


@pytest.mark.parametrize("size", [1, 2, 57, 58, 59, 107])
def test_messages_arrive_whole_whatever_they_were_cut_into(
    pair: tuple[Link, RawPeer], size: int
) -> None:
    link, peer = pair
    messages = [pose(1), igtl.String("x"), pose(2), igtl.Unknown("E", b""), *poses(5)]
    background(lambda: peer.send_in(wire(*messages), size))
    assert list(link) == messages


@pytest.mark.parametrize("seed", range(3))
def test_small_and_large_messages_arrive_in_any_chunks(
    pair: tuple[Link, RawPeer], seed: int
) -> None:
    link, peer = pair
    chance = random.Random(seed)
    messages = [chance.choice(MIXED) for _ in range(60)]
    sizes = [chance.choice([1, 7, 58, 1000, 65_535, 65_536, 65_537]) for _ in range(50)]

    def send() -> None:
        for chunk in chunked(wire(*messages), sizes):
            peer.send(chunk)
        peer.finish()

    background(send)
    assert list(link) == messages


@pytest.mark.parametrize("length", [65_478 - 1, 65_478, 65_478 + 1, 2 * 65_536])
def test_messages_as_long_as_a_read_arrive(pair: tuple[Link, RawPeer], length: int) -> None:
    link, peer = pair
    messages = [pose(1), igtl.Unknown("LONG", b"a" * length), igtl.Unknown("LONG", b"b" * length)]
    background(lambda: peer.send_all(wire(*messages, pose(2))))
    assert list(link) == [*messages, pose(2)]


def test_a_large_image_arrives_whole_and_is_not_writeable(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    sent = image(25_000_000)
    background(lambda: peer.send(wire(pose(1), sent, pose(2))))
    assert link.receive(PATIENCE) == pose(1)
    received = link.receive(PATIENCE)
    assert isinstance(received, igtl.Image)
    assert (received.pixels == sent.pixels).all()
    assert not received.pixels.flags.writeable
    assert link.receive(PATIENCE) == pose(2)


def test_large_messages_that_are_kept_are_never_overwritten(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    sent = [image(500_000, value) for value in range(24)]
    background(lambda: peer.send_all(wire(*sent)))
    kept: dict[int, Callable[[], NDArray[Any]]] = {}
    for number, message in enumerate(link):
        assert isinstance(message, igtl.Image)
        if number % 3 == 0:
            kept[number] = partial(getattr, message, "pixels")
        elif number % 3 == 1:  # only a view of a view is left of the message
            kept[number] = partial(np.asarray, message.pixels[:, 10:20].T)
        del message
    for number, pixels in kept.items():
        whole = sent[number].pixels
        assert (pixels() == (whole if number % 3 == 0 else whole[:, 10:20].T)).all()
    assert len(kept) == 16


def test_frames_are_what_came_byte_for_byte_and_unchecked(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    wrong = wire(pose(3))[:-1] + b"?"
    whole = [wire(pose(1)), wrong, wire(image(200_000)), wire(igtl.Unknown("HOMEMADE", b"12"))]
    peer.send_all(b"".join(whole))
    frames = list(link.frames())
    assert [frame.to_bytes() for frame in frames] == whole
    assert [frame.type_name for frame in frames[2:]] == ["IMAGE", "HOMEMADE"]


def test_iteration_may_be_left_and_taken_up_again(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    peer.send_all(wire(*poses(6)))
    assert number_of(next(iter(link))) == 0
    assert number_of(link.receive(PATIENCE)) == 1
    assert igtl.encode(pose(2)) == next(link.frames()).to_bytes()
    assert numbers_of(link) == [3, 4, 5]


def test_iteration_ends_when_the_peer_closes_and_stays_ended(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    peer.close()
    assert list(link) == list(link) == list(link.frames()) == []
    with pytest.raises(igtl.ClosedError, match="closed the connection"):
        link.receive(PATIENCE)
    assert link.counters.errors == 0


@pytest.mark.parametrize("there", [1, 57, 58, 59, 105])
def test_the_end_in_the_middle_of_a_message_is_an_error(
    pair: tuple[Link, RawPeer], there: int
) -> None:
    link, peer = pair
    peer.send_all(wire(pose(1)) + wire(pose(2))[:there])
    messages = iter(link)
    assert number_of(next(messages)) == 1
    with pytest.raises(igtl.ClosedError, match=f"in the middle of a message, after {there} bytes"):
        next(messages)
    with pytest.raises(igtl.ClosedError, match="in the middle of a message"):
        link.receive(PATIENCE)


def test_the_end_in_the_middle_of_a_large_message_is_an_error(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    data = wire(image(1_000_000))
    peer.send(data[:-1])
    peer.close()
    with pytest.raises(igtl.ClosedError, match=f"after {len(data) - 1} bytes of it"):
        list(link)


def test_a_connection_that_is_reset_is_an_error_behind_what_came(
    pair: tuple[Link, RawPeer],
) -> None:
    link, peer = pair
    peer.send(wire(pose(1)))
    messages = iter(link)
    assert number_of(next(messages)) == 1
    peer.reset()
    with pytest.raises(igtl.ClosedError, match=r"broke the connection: .*reset by peer"):
        next(messages)


def test_a_reset_between_messages_is_told_from_an_orderly_end(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    peer.reset()
    with pytest.raises(igtl.ClosedError, match="broke the connection"):
        list(link)


def test_a_malformed_message_is_reported_in_its_place(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    short = wire(igtl.Unknown("TRANSFORM", b"12345"))
    peer.send_all(wire(pose(1)) + short + wire(pose(2)) + short + wire(pose(3)))
    found: list[object] = []
    for _ in range(3):
        with contextlib.suppress(igtl.DecodeError):
            for message in link:
                found.append(number_of(message))  # noqa: PERF401 (keeps those before an error)
            break
        found.append("malformed")
    assert found == [1, "malformed", 2, "malformed", 3]
    assert (link.counters.errors, link.counters.messages_received) == (2, 5)


def test_a_damaged_message_is_reported_in_its_place(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    data = bytearray(wire(pose(1), image(200_000), pose(2)))
    data[106 + 58 + 100_000] ^= 1
    peer.send(data)
    assert number_of(link.receive(PATIENCE)) == 1
    with pytest.raises(igtl.ChecksumError, match="IMAGE of device 'US': checksum"):
        link.receive(PATIENCE)
    assert number_of(link.receive(PATIENCE)) == 2
    assert link.counters.errors == 1


@pytest.mark.parametrize(
    ("head", "complaint"),
    [
        (header(version=0, body_size=4), "header version is 0"),
        (header(body_size=1 << 63), "body of 9223372036854775808 bytes, over the limit"),
        (header(body_size=(1 << 64) - 1), "over the limit of 1000000"),
        (header(body_size=1_000_001), "over the limit of 1000000"),
        (
            b"GET / HTTP/1.1\r\nHost: igtl\r\nAccept: everything that there is\r\n\r\n",
            "does not look like",
        ),
    ],
    ids=["version-0", "2**63", "2**64-1", "one-too-much", "http"],
)
def test_a_stream_that_cannot_go_on_ends_the_link(
    shell: Shell, listener: RawServer, head: bytes, complaint: str
) -> None:
    link = shell.connect(listener.endpoint, max_body=1_000_000)
    peer = listener.accept()
    peer.send(wire(pose(1)) + head + wire(pose(2)))
    assert number_of(link.receive(PATIENCE)) == 1
    for _ in range(2):
        with pytest.raises(igtl.FramingError, match=complaint):
            link.receive(PATIENCE)
        with pytest.raises(igtl.FramingError, match=complaint):
            list(link)
    assert link.counters.errors == 1


def test_a_body_as_large_as_allowed_is_received(shell: Shell, listener: RawServer) -> None:
    link = shell.connect(listener.endpoint, max_body=100_000)
    listener.accept().send(wire(igtl.Unknown("LONG", b"a" * 100_000)))
    assert link.receive(PATIENCE) == igtl.Unknown("LONG", b"a" * 100_000)


def test_no_limit_of_the_body_is_too_large_to_name(shell: Shell, listener: RawServer) -> None:
    link = shell.connect(listener.endpoint, max_body=1 << 64)
    listener.accept().send(header(body_size=(1 << 64) - 1))
    with pytest.raises(igtl.FramingError, match="no memory for a body of 18446744073709551615"):
        link.receive(PATIENCE)


@linux_only
def test_a_header_that_announces_much_takes_no_memory(shell: Shell, listener: RawServer) -> None:
    link = shell.connect(listener.endpoint)
    peer = listener.accept()
    before = resident()
    peer.send(header(body_size=1 << 30) + bytes(70_000))
    with pytest.raises(igtl.TimeoutError):
        link.receive(0.2)
    assert resident() - before < 100 << 20


def test_receiving_gives_up_in_time_and_loses_nothing(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    data = wire(pose(1), pose(2))
    for part in (data[:30], data[30:105], b""):
        peer.send(part)
        with (
            within(),
            pytest.raises(igtl.TimeoutError, match=r"no message from .* within 0\.02 s"),
        ):
            link.receive(0.02)
    peer.send(data[105:])
    assert numbers_of([link.receive(PATIENCE), link.receive(PATIENCE)]) == [1, 2]


@linux_only
def test_receiving_without_patience_gives_what_is_there(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    peer.send(wire(*poses(3)))
    eventually(lambda: taken_by_kernel(peer.sock))
    assert number_of(link.receive(PATIENCE)) == 0
    assert numbers_of([link.receive(0), link.receive(0.0)]) == [1, 2]
    with within(), pytest.raises(igtl.TimeoutError):
        link.receive(0)


def test_counters_are_exact(pair: tuple[Link, RawPeer]) -> None:
    link, peer = pair
    assert link.counters == igtl.Counters()
    data = wire(*MIXED)
    peer.send(data)
    assert [link.receive(PATIENCE) for _ in MIXED] == MIXED
    link.send(*MIXED[:2])
    link.send(MIXED[2])
    count = sum(len(wire(message)) for message in MIXED[:3])
    assert peer.read(count)[:10] == wire(MIXED[0])[:10]
    assert link.counters == igtl.Counters(len(MIXED), len(data), 3, count, 0, 0)


def test_a_peer_has_to_wait_while_nobody_takes_and_nothing_is_lost(
    pair: tuple[Link, RawPeer],
) -> None:
    link, peer = pair
    one, large = wire(image(1_000_000)), image(1_000_000)
    peer.sock.settimeout(0.5)
    count = 0
    with contextlib.suppress(TimeoutError):
        while True:
            peer.send(one)
            count += 1
    peer.close()
    received = 0
    with contextlib.suppress(igtl.ClosedError):  # the last one is there in part, or not at all
        for message in link:
            assert message == large
            received += 1
    assert received == count < 600


def resident() -> int:
    """Bytes of memory that this process really uses."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()
