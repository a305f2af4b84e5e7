"""What builds on what, read from the bytes that go out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import igtl
from igtl.codec.frame import parse
from igtl.messages.video import FrameType, builds_on_others
from igtl.protocol import gaps as bounds
from igtl.protocol.flow import VERSION_1
from igtl.protocol.gaps import Gaps, KeyFrames
from igtl.protocol.outgoing import Outgoing
from tests.codec.wire import extended, packet
from tests.protocol.videos import frame, frames

Make = Callable[[igtl.Video], Outgoing]

MAKES: dict[str, Make] = {
    "made here": lambda video: Outgoing(video, 0.0),
    "as it came": lambda video: Outgoing(parse(igtl.encode(video)), 0.0),
    "as an answer": lambda video: Outgoing(video, 0.0).as_answer(),
    "version 1": lambda video: Outgoing(video.replace(header_version=1, metadata={}), 0.0),
}


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("size", [0, 100, 100_000])
def test_inter_frames_build_on_others(make: str, grey: bool, size: int) -> None:
    building = []
    for frame_type in FrameType:
        video = igtl.Video(
            "H264",
            bytes(size),
            frame_type=frame_type,
            size=(8, 8, 1),
            grey=grey,
            metadata={"VideoFrame": "1"},
        )
        item = MAKES[make](video)
        assert item.is_video
        if item.builds:
            building.append(frame_type)
    assert building == [FrameType.INTER, FrameType.SKIP]


def test_other_types_stand_for_themselves() -> None:
    body = bytes(7) + b"\0\3" + bytes(91)  # as a VIDEO it would be an inter frame
    for wire_type, is_video in (("VIDEO", True), ("VIDEOMETA", False), ("IMAGE", False)):
        item = Outgoing(parse(packet(wire_type, body)), 0.0)
        assert (item.is_video, item.builds) == (is_video, is_video)


@pytest.mark.parametrize("version", [1, 2])
def test_frames_that_are_cut_off_build_on_nothing(version: int) -> None:
    whole = bytes(7) + b"\0\3" + bytes(70)
    body = whole if version == 1 else extended(whole)
    for size in range(len(body)):
        item = Outgoing(parse(packet("VIDEO", body[:size], version=version)), 0.0)
        assert item.builds == (size >= 9 + 12 * (version - 1))
    assert not builds_on_others(b"")


def test_a_gap_lasts_up_to_the_next_key_frame() -> None:
    gaps = Gaps()
    assert not gaps.lacks(frame("p", 1))
    gaps.begin(frame("p", 1))
    assert gaps.lacks(frame("p", 2))
    assert not gaps.lacks(frame("p", 2, device="Other"))
    key = frame("K", 3)
    assert not gaps.lacks(key)
    assert gaps.lacks(frame("p", 4))  # whoever did not send the key frame has not ended it
    gaps.end(key)
    assert not gaps.lacks(frame("p", 4))
    assert not gaps.streams


def test_what_stands_for_itself_leaves_no_gap() -> None:
    gaps = Gaps()
    gaps.begin(Outgoing(igtl.String("x"), 0.0))
    assert not gaps.streams


def test_streams_beyond_the_bound_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "_MOST_STREAMS", 3)
    gaps = Gaps()
    for device in "ABCDE":
        gaps.begin(frame("p", 1, device=device))
    lacking = [device for device in "ABCDE" if gaps.lacks(frame("p", 2, device=device))]
    assert lacking == ["C", "D", "E"]


class TestKeyFrames:
    def test_without_any_nothing_builds_on_others(self) -> None:
        known, items = KeyFrames(), frames("pspKps?p")
        for item in items:
            known.judge(item)
        assert [item.builds for item in items] == [False] * 4 + [True, True, False, True]

    def test_each_device_has_its_own(self) -> None:
        known, other = KeyFrames(), frame("p", 2, device="Other")
        for item in (frame("K", 1), other):
            known.judge(item)
        assert not other.builds

    def test_what_is_said_in_another_way_builds_on_no_more(self) -> None:
        known, plain = KeyFrames(), frame("p", 1).message()
        item = Outgoing(plain.replace(metadata={"VideoFrame": "1"}), 0.0)
        known.judge(item)
        adapted = item.for_peer(VERSION_1)
        assert (adapted is item, adapted.builds) == (False, False)

    def test_streams_beyond_the_bound_are_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bounds, "_MOST_STREAMS", 3)
        known = KeyFrames()
        for device in "ABCDE":
            known.judge(frame("K", 1, device=device))
        later = [frame("p", 2, device=device) for device in "ABCDE"]
        for item in later:
            known.judge(item)
        assert [item.builds for item in later] == [False, False, True, True, True]
