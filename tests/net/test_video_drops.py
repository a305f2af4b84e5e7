"""Video to clients that cannot take all of it: what they get can be decoded by anybody."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Sequence
from functools import cache
from typing import Any

import av
import pytest

import igtl
from tests.net.raw import LITTLE_ROOM, RawPeer, dial, image
from tests.net.scripts import fence, query
from tests.net.shells import Shell
from tests.net.waiting import PATIENCE, background, eventually
from tests.video.pictures import grey, image_of, psnr

COUNT, KEY_INTERVAL = 200, 9
LAST_KEY = (COUNT - 1) // KEY_INTERVAL * KEY_INTERVAL


@cache
def film() -> tuple[igtl.Video, ...]:
    """A real H.264 stream; the number of each frame is its time."""
    with igtl.video.Encoder("H264", key_interval=KEY_INTERVAL) as encoder:
        return tuple(
            encoder.encode(image_of(grey(number), timestamp=float(number + 1)))
            for number in range(COUNT)
        )


def numbers(videos: Sequence[igtl.Video]) -> list[int]:
    return [int(one.timestamp or 0) - 1 for one in videos]


def videos_in(messages: Sequence[igtl.Message]) -> list[igtl.Video]:
    return [one for one in messages if isinstance(one, igtl.Video)]


def check_decodable(videos: Sequence[igtl.Video]) -> None:
    """A stock decoder, which believes whatever comes, makes the right picture of every frame."""
    context = av.CodecContext.create("h264", "r")
    context.thread_count = 1
    context.flags |= av.codec.context.Flags.low_delay
    with igtl.video.Decoder() as decoder:
        for video, number in zip(videos, numbers(videos), strict=True):
            (frame,) = context.decode(av.Packet(bytes(video.data)))
            assert not frame.is_corrupt
            assert psnr(frame.to_ndarray(format="gray"), grey(number)) > 30
            assert decoder.decode(video) is not None
        assert decoder.skipped == 0


def stream_of_video(interval: int) -> bytes:
    """STT_VIDEO: codec char[4], interval u32 in ms."""
    return query("STT_VIDEO", b"", struct.pack(">4sI", b"H264", interval))


def consent(peer: RawPeer, question: bytes) -> None:
    """Ask for a stream; the RTS_ is what comes next."""
    peer.send(question)
    answer = peer.receive()
    assert isinstance(answer, igtl.Ready)
    assert answer.status == 0


def publish_to_one_that_is_stuck(
    shell: Shell, *, timeout: float = 5.0, **limits: Any
) -> tuple[list[igtl.Video], int]:
    """The video that a client gets whose queue was full for half of it, and how many it lost."""
    server = shell.serve(**limits)
    with dial(server.port, receive_buffer=LITTLE_ROOM) as slow, dial(server.port) as quick:
        eventually(lambda: len(server.clients) == 2)
        (peer,) = (one for one in server.clients if one.address == slow.name)

        def publish(message: igtl.Message) -> None:
            with contextlib.suppress(igtl.TimeoutError):
                server.publish(message, timeout=timeout)
            quick.receive_bytes()

        while peer.queued < 1:
            publish(image(1_000_000))
        for video in film()[: COUNT // 2]:
            publish(video)
        rest, _ = background(slow.receive_rest)
        eventually(lambda: peer.queued == 0)
        lost = peer.counters.dropped
        for video in film()[COUNT // 2 :]:
            publish(video)
        eventually(lambda: peer.queued == 0)
        quick.close()
        server.close()
        came = videos_in(rest.result(PATIENCE))
        assert len(came) + peer.counters.dropped == COUNT
        return came, lost


@pytest.mark.parametrize("when_full", ["drop-oldest", "newest"])
@pytest.mark.parametrize("room", [4, 40])
def test_what_a_full_queue_leaves_can_be_decoded(shell: Shell, when_full: str, room: int) -> None:
    came, lost = publish_to_one_that_is_stuck(shell, when_full=when_full, queue_messages=room)
    assert lost >= COUNT // 2 - room
    assert LAST_KEY in numbers(came)
    check_decodable(came)


def test_what_a_publisher_gave_up_to_wait_for_leaves_what_can_be_decoded(shell: Shell) -> None:
    came, lost = publish_to_one_that_is_stuck(
        shell, when_full="wait", queue_messages=4, timeout=0.01
    )
    assert lost == COUNT // 2 - 4
    assert numbers(came)[:5] == [0, 1, 2, 3, 108]
    check_decodable(came)


@pytest.mark.parametrize("interval", [1, 10, 40])
def test_who_wants_fewer_frames_can_decode_what_comes(shell: Shell, interval: int) -> None:
    server = shell.serve()
    server.offer(film()[0])
    with dial(server.port) as peer:
        consent(peer, stream_of_video(interval))
        came = videos_in([peer.receive()])
        for video in film()[1:]:
            server.publish(video)
        while numbers(came)[-1] < LAST_KEY:
            came += videos_in([peer.receive()])
        check_decodable(came)
        assert server.counters.dropped == 0  # as it was asked


def test_who_wants_hardly_any_frames_gets_no_other_than_key_frames(shell: Shell) -> None:
    server = shell.serve()
    server.offer(film()[0])
    with dial(server.port) as peer:
        consent(peer, stream_of_video(1_000_000))
        assert numbers(videos_in([peer.receive()])) == [0]
        for video in film()[1:]:
            server.publish(video)
        came = videos_in(fence(peer))
        assert came == []
        consent(peer, stream_of_video(0))
        server.publish(*film()[:3])
        again = videos_in(fence(peer))
        assert numbers(again)[-3:] == [0, 1, 2]
