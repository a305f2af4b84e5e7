"""Messages on their way out: four policies, exact counts, and never half a message."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

import igtl
from igtl.codec.buffers import SMALL
from igtl.codec.frame import Frame
from igtl.protocol.counters import Counters
from igtl.protocol.framing import FrameReader
from igtl.protocol.outbox import Outbox, Push, WhenFull
from igtl.protocol.outgoing import Outgoing
from tests.protocol.videos import frame, is_whole

POLICIES: list[WhenFull] = ["drop-oldest", "newest", "wait", "disconnect"]


def message(number: int, *, device: str = "A", size: int = 0) -> Outgoing:
    """A message with a number, as its time, and a body of `size` bytes."""
    unknown = igtl.Unknown("X", bytes(size), device_name=device, timestamp=float(number))
    return Outgoing(unknown, 0.0)


class Line:
    """An outbox, and the peer at the other end."""

    def __init__(
        self, when_full: WhenFull, max_messages: int = 4, max_bytes: int = 1 << 20
    ) -> None:
        self.counters = Counters()
        self.box = Outbox(
            when_full=when_full,
            max_messages=max_messages,
            max_bytes=max_bytes,
            counters=self.counters,
        )
        self.reader = FrameReader()
        self.seen: list[int] = []

    def push(self, *numbers: int, **more: Any) -> list[Push]:
        return [self.box.push(message(number, **more)) for number in numbers]

    def send(self, most: int = 1 << 30) -> int:
        """One system call that takes at most so many bytes; how many it took."""
        data = b"".join(self.box.next_buffers())[:most]
        self.box.sent(len(data))
        self.seen += [frame.raw_time >> 32 for frame in self.reader.feed(data)]
        return len(data)

    def send_all(self, most: int = 1 << 30) -> list[int]:
        while self.send(most):
            pass
        return self.seen


@pytest.mark.parametrize("when_full", POLICIES)
def test_what_fits_is_sent_in_order(when_full: WhenFull) -> None:
    line = Line(when_full)
    assert line.push(1, 2, 3, 4) == [Push.QUEUED] * 4
    assert (len(line.box), line.box.waiting_bytes) == (4, 4 * 58)
    assert line.send_all() == [1, 2, 3, 4]
    assert (len(line.box), line.box.waiting_bytes) == (0, 0)
    assert not line.box.next_buffers()
    assert line.counters == Counters(messages_sent=4, bytes_sent=4 * 58)


class TestPolicies:
    def test_drop_oldest(self) -> None:
        line = Line("drop-oldest")
        assert line.push(1, 2, 3, 4, 5, 6) == [Push.QUEUED] * 6
        assert line.counters.dropped == 2
        assert line.send_all() == [3, 4, 5, 6]

    def test_drop_oldest_by_bytes(self) -> None:
        line = Line("drop-oldest", max_messages=100, max_bytes=300)
        line.push(1, 2, 3, 4, 5)  # 290 bytes
        assert line.counters.dropped == 0
        line.push(6, size=100)  # 158 more: three have to go
        assert line.counters.dropped == 3
        assert line.send_all() == [4, 5, 6]

    def test_newest_of_each_device(self) -> None:
        line = Line("newest", max_messages=5)
        line.push(1, device="A")
        line.push(2, device="B")
        line.push(3, 4, 5, device="A")
        assert line.counters.dropped == 0
        assert line.push(6, device="B") == [Push.QUEUED]
        assert line.counters.dropped == 4  # 1, 3 and 4 of A, 2 of B
        assert len(line.box) == 2
        assert line.send_all() == [5, 6]

    def test_newest_tells_types_apart(self) -> None:
        line = Line("newest", max_messages=3)
        for number, wire_type in enumerate(["X", "Y", "X", "Y"], start=1):
            other = igtl.Unknown(wire_type, b"", device_name="A", timestamp=float(number))
            line.box.push(Outgoing(other, 0.0))
        assert line.counters.dropped == 2
        assert line.send_all() == [3, 4]

    def test_newest_of_many_devices_drops_the_oldest(self) -> None:
        line = Line("newest", max_messages=3)
        for number, device in enumerate("ABCDE"):
            line.push(number, device=device)
        assert line.counters.dropped == 2
        assert line.send_all() == [2, 3, 4]

    def test_newest_keeps_the_order(self) -> None:
        line = Line("newest", max_messages=4)
        for number, device in enumerate("ABCAB"):
            line.push(number, device=device)
        assert line.send_all() == [2, 3, 4]

    def test_wait(self) -> None:
        line = Line("wait")
        assert line.push(1, 2, 3, 4, 5) == [Push.QUEUED] * 4 + [Push.FULL]
        assert not line.box.has_room(58)
        assert line.counters.dropped == 0
        line.send()
        assert line.box.has_room(58)
        assert line.push(5) == [Push.QUEUED]
        assert line.send_all() == [1, 2, 3, 4, 5]

    def test_disconnect(self) -> None:
        line = Line("disconnect")
        assert line.push(1, 2, 3, 4, 5) == [Push.QUEUED] * 4 + [Push.OVERFLOW]
        assert line.counters.dropped == 0
        assert line.send_all() == [1, 2, 3, 4]

    @pytest.mark.parametrize("name", ["", "newest ", "block", None])
    def test_there_are_no_others(self, name: Any) -> None:
        with pytest.raises(
            igtl.MessageError, match=r"when_full is .*expected one of 'drop-oldest', "
        ):
            Line(name)

    @pytest.mark.parametrize("when_full", POLICIES)
    def test_one_message_may_exceed_the_bytes_by_itself(self, when_full: WhenFull) -> None:
        line = Line(when_full, max_bytes=100)
        assert line.push(1, size=1000) == [Push.QUEUED]
        assert line.counters.dropped == 0
        second = line.push(2, size=1000)
        assert second == [
            {"wait": Push.FULL, "disconnect": Push.OVERFLOW}.get(when_full, Push.QUEUED)
        ]
        assert line.send_all() == ([1] if when_full in ("wait", "disconnect") else [2])

    @pytest.mark.parametrize("when_full", POLICIES)
    def test_clear_counts_what_it_throws_away(self, when_full: WhenFull) -> None:
        line = Line(when_full)
        line.push(1, 2, 3)
        line.send(60)  # all three are in flight, one of them sent
        line.push(4, 5)
        line.box.clear()
        assert line.counters.dropped == 5
        assert (len(line.box), line.box.waiting_bytes) == (0, 0)
        assert line.send() == 0
        assert line.push(6) == [Push.QUEUED]


class TestAnswers:
    @staticmethod
    def answer(number: int, **more: Any) -> Outgoing:
        return message(number, **more).as_answer()

    @pytest.mark.parametrize(
        ("when_full", "seen"),
        [
            ("drop-oldest", [1, 2, 12, 13, 9, 14, 15]),
            ("newest", [1, 2, 9, 14, 15]),
            ("wait", [1, 2, 10, 11, 12, 13, 9]),
            ("disconnect", [1, 2, 10, 11, 12, 13, 9]),
        ],
    )
    def test_no_policy_drops_them(self, when_full: WhenFull, seen: list[int]) -> None:
        line = Line(when_full)
        line.box.push(self.answer(1))
        line.box.push(self.answer(2))
        line.push(10, 11, 12, 13)
        assert line.box.push(self.answer(9)) is Push.QUEUED
        line.push(14, 15)
        assert line.send_all() == seen
        assert line.counters.messages_sent == len(seen)

    def test_they_take_no_room(self) -> None:
        line = Line("wait", max_messages=2)
        for number in range(5):
            line.box.push(self.answer(number))
        assert line.push(5, 6, 7) == [Push.QUEUED, Push.QUEUED, Push.FULL]
        assert (len(line.box), line.box.waiting_bytes) == (7, 7 * 58)
        line.box.clear()
        assert (len(line.box), line.counters.dropped) == (0, 7)

    @pytest.mark.parametrize(("count", "size"), [(1100, 0), (9, 1 << 19), (1, 5 << 20)])
    def test_many_are_a_crowd_until_they_are_sent(self, count: int, size: int) -> None:
        line = Line("drop-oldest")
        line.push(*range(10), size=1 << 18)  # these are none
        assert not line.box.crowded
        for number in range(count):
            line.box.push(self.answer(number, size=size))
        before = line.box.crowded
        line.send_all(1 << 20)
        assert (before, line.box.crowded) == (True, False)


class Video(Line):
    """An outbox whose peer watches."""

    def watch(self, kinds: str, *, first: int = 1, **more: Any) -> None:
        for number, kind in enumerate(kinds, first):
            assert self.box.push(frame(kind, number, **more)) is Push.QUEUED


@pytest.mark.parametrize("when_full", ["drop-oldest", "newest"])
class TestVideo:
    """What builds on a frame that was dropped is dropped."""

    def test_what_fits_is_sent(self, when_full: WhenFull) -> None:
        line = Video(when_full, max_messages=9)
        line.watch("ppKpppK?p")
        assert line.send_all() == [*range(1, 10)]
        assert line.counters.dropped == 0

    def test_nothing_comes_up_to_the_next_key_frame(self, when_full: WhenFull) -> None:
        line = Video(when_full)
        line.watch("Kp")
        line.send_all()
        line.watch("ppppp", first=3)  # the fifth finds no room
        assert (len(line.box), line.counters.dropped) == (0, 5)
        line.watch("ppsKpp", first=8)
        assert line.counters.dropped == 8
        assert line.send_all() == [1, 2, 11, 12, 13]

    @pytest.mark.parametrize("room", [1, 2, 4])
    def test_the_newest_key_frame_waits_for_a_receiver_that_is_stuck(
        self, when_full: WhenFull, room: int
    ) -> None:
        line = Video(when_full, max_messages=room)
        line.watch("KppppppKppppppKpppppp")
        assert 15 in line.send_all()
        assert set(line.seen) <= {1, 8, 15}
        assert line.counters.dropped + len(line.seen) == 21

    @pytest.mark.parametrize("kind", "I?")
    def test_frames_that_may_stand_for_themselves_end_a_gap(
        self, when_full: WhenFull, kind: str
    ) -> None:
        line = Video(when_full, max_messages=3)
        line.watch(f"pppppp{kind}p")
        assert line.send_all() == [7, 8]

    def test_key_frames_alone_are_as_other_messages(self, when_full: WhenFull) -> None:
        line, other = Video(when_full), Line(when_full)
        line.watch("KKKKKKK")
        other.push(*range(1, 8))
        assert line.send_all() == other.send_all()

    def test_other_devices_go_on(self, when_full: WhenFull) -> None:
        line = Video(when_full, max_messages=4)
        line.watch("Kppp", device="A")
        line.watch("K", device="B", first=5)  # makes a gap in A
        line.watch("p", device="B", first=6)
        line.watch("p", device="A", first=7)
        assert line.send_all() == [1, 5, 6]

    def test_answers_are_not_of_the_stream(self, when_full: WhenFull) -> None:
        line = Video(when_full, max_messages=3)
        line.watch("Kpp")
        line.box.push(frame("K", 4).as_answer())
        line.watch("pp", first=5)
        line.box.push(frame("p", 7).as_answer())
        line.watch("Kp", first=8)
        assert [number for number in line.send_all() if number != 1] == [4, 7, 8, 9]

    def test_what_was_left_out_elsewhere(self, when_full: WhenFull) -> None:
        line = Video(when_full)
        line.watch("K")
        line.box.leave_out([frame("p", 2), message(3)])
        line.watch("pKp", first=4)
        assert line.send_all() == [1, 5, 6]
        assert line.counters.dropped == 3


def test_a_frame_that_would_be_dropped_is_not_waited_for() -> None:
    line = Video("wait", max_messages=2)
    line.watch("Kp")
    line.box.leave_out([frame("p", 3)])
    assert line.box.push(frame("p", 4)) is Push.QUEUED
    assert line.box.push(frame("K", 5)) is Push.FULL
    line.send_all()
    line.watch("Kp", first=5)
    assert line.send_all() == [1, 2, 5, 6]


def test_drop_oldest_takes_a_run_at_a_time() -> None:
    line = Video("drop-oldest", max_messages=6)
    line.watch("KppKppp")
    assert line.counters.dropped == 2  # what built on the first key frame, which stays
    line.watch("p", first=8)
    assert line.counters.dropped == 2
    line.watch("p", first=9)  # takes that as well, since a newer one waits
    assert line.counters.dropped == 3
    line.watch("p", first=10)  # takes all that builds on the second one
    assert line.send_all() == [4]


def test_key_frames_are_dropped_in_their_turn() -> None:
    line = Video("drop-oldest", max_messages=3)
    line.push(1, 2)
    line.watch("K", first=3)
    line.push(4, 5, 6)
    assert line.send_all() == [4, 5, 6]
    line.watch("p", first=7)
    assert line.send_all() == [4, 5, 6]


def test_nothing_makes_room_for_a_frame_that_is_left_out() -> None:
    line = Video("newest", max_messages=9, max_bytes=3000)
    line.push(1, device="A", size=1000)
    line.watch("K", first=2)
    line.watch("p", first=3, size=500)
    line.watch("p", first=4, size=2500)  # 3 goes, so 4 is of no use
    assert line.counters.dropped == 2
    assert line.send_all() == [1, 2]


@pytest.mark.parametrize("kinds", ["K", "?", "Kpppp"])
@pytest.mark.parametrize("when_full", ["drop-oldest", "newest"])
def test_a_long_queue_is_not_searched_for_each_message(when_full: WhenFull, kinds: str) -> None:
    line = Video(when_full, max_messages=2000)
    line.watch(kinds * (2000 // len(kinds)))
    calls = 0

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal calls
        calls += "call" in event

    items = [frame(kind, 1) for kind in kinds * 500]
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        for item in items:
            line.box.push(item)
    finally:
        sys.setprofile(before)
    assert line.counters.dropped > 0
    assert calls < 100 * len(items)


@given(
    st.sampled_from(["drop-oldest", "newest"]),
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from("AB"), st.sampled_from("KIpps?"), st.sampled_from([0, 9000])),
            st.tuples(st.just("send"), st.sampled_from([1, 60, 200, 20_000])),
            st.tuples(st.just("other")),
        ),
        max_size=60,
    ),
)
def test_whatever_comes_each_frame_follows_what_it_builds_on(
    when_full: WhenFull, steps: list[Any]
) -> None:
    line = Video(when_full, max_messages=5, max_bytes=30_000)
    came: list[Frame] = []
    line.reader = _Keeping(came)
    counts, pushed = {"A": 0, "B": 0}, 0
    for step in steps:
        if step[0] == "send":
            line.send(step[1])
            continue
        pushed += 1
        if step[0] == "other":
            line.push(0, device="Other")
        else:
            device, kind, size = step
            counts[device] += 1
            line.watch(kind, first=counts[device], device=device, size=size)
        assert len(line.box._queue) <= 5
        assert len(line.box._queue) == 1 or line.box._queued_bytes <= 30_000
    line.send_all()
    assert line.counters.messages_sent + line.counters.dropped == pushed
    for device in "AB":
        assert is_whole([one for one in came if one.device_name == device])


@given(
    st.sampled_from(["drop-oldest", "newest"]),
    st.lists(st.one_of(st.sampled_from("Kpppp"), st.sampled_from([1, 300])), max_size=60),
)
def test_the_newest_key_frame_always_arrives(when_full: WhenFull, steps: list[str | int]) -> None:
    line = Video(when_full, max_messages=3)
    number = key = 0
    for step in steps:
        if isinstance(step, int):
            line.send(step)
        else:
            number += 1
            key = number if step == "K" else key
            line.watch(step, first=number)
    assert key == 0 or key in line.send_all()


class _Keeping(FrameReader):
    """A reader that keeps what it gave."""

    def __init__(self, kept: list[Frame]) -> None:
        super().__init__()
        self._kept = kept

    def feed(self, data: bytes | bytearray | memoryview) -> list[Frame]:
        frames = super().feed(data)
        self._kept += frames
        return frames


class TestPartialSends:
    SIZES = (0, 10, SMALL - 58, SMALL - 57, SMALL + 500, 3)

    @pytest.mark.parametrize("most", [1, 57, 58, 59, 4096, SMALL, 1 << 20])
    def test_any_number_of_bytes_at_once(self, most: int) -> None:
        line = Line("wait", max_messages=100)
        for number, size in enumerate(self.SIZES):
            line.push(number, size=size)
        total = line.box.waiting_bytes
        assert total == sum(self.SIZES) + 58 * len(self.SIZES)
        assert line.send_all(most) == list(range(len(self.SIZES)))
        assert line.counters == Counters(messages_sent=len(self.SIZES), bytes_sent=total)
        assert line.reader.pending == 0

    @pytest.mark.parametrize(
        ("when_full", "untouched"), [("drop-oldest", [18, 19]), ("newest", [2, 19])]
    )
    def test_what_is_in_flight_is_never_dropped(
        self, when_full: WhenFull, untouched: list[int]
    ) -> None:
        """After whatever byte ten more are pushed: the peer sees whole messages."""
        for at in range(2 * 58 + 1):
            line = Line(when_full, max_messages=2)
            line.push(1, 2)
            for _ in range(at):
                line.send(1)
            line.push(*range(10, 20), device="B")
            assert line.send_all() == ([1, 2, 18, 19] if at else untouched)
            assert line.reader.pending == 0
            assert line.counters.messages_sent + line.counters.dropped == 12

    def test_in_flight_does_not_take_room_from_what_waits(self) -> None:
        line = Line("wait", max_messages=2)
        line.push(1, 2)
        line.send(1)
        assert line.push(3, 4, 5) == [Push.QUEUED, Push.QUEUED, Push.FULL]
        assert len(line.box) == 4

    def test_nothing_to_send_looks_like_nothing_to_send(self) -> None:
        """Large messages of several pieces, the last of which may be empty."""
        large = igtl.PolyData(np.zeros((3000, 3)))
        line = Line("wait")
        line.box.push(Outgoing(large, 0.0))
        assert all(len(piece) for piece in line.box.next_buffers())
        while line.send(10_000):
            pass
        assert not line.box.next_buffers()
        assert (len(line.box), line.counters.messages_sent) == (0, 1)

    def test_small_messages_go_together_and_large_ones_in_their_pieces(self) -> None:
        line = Line("wait", max_messages=100)
        for number in range(3):
            line.push(number)
        image = igtl.Image(np.zeros((300, 300), np.uint8))
        line.box.push(Outgoing(image, 0.0))
        assert [len(piece) for piece in line.box.next_buffers()] == [3 * 58]
        line.send()
        assert [len(piece) for piece in line.box.next_buffers()] == [58 + 72, 90_000]


class TestOutgoing:
    def test_a_message_is_encoded_once(self) -> None:
        item = message(5, size=3)
        assert b"".join(item.buffers) == igtl.encode(
            igtl.Unknown("X", bytes(3), device_name="A", timestamp=5.0)
        )
        assert (item.size, item.count) == (61, 1)
        assert item.kind == (b"X".ljust(12, b"\0"), b"A".ljust(20, b"\0"))

    def test_the_time_of_sending_stands_in_for_none(self) -> None:
        assert Outgoing(igtl.Status(), 2.0).buffers[0][34:42] == (2 << 32).to_bytes(8, "big")
        later = Outgoing(igtl.Status(timestamp=3.0), 2.0)
        assert later.buffers[0][34:42] == (3 << 32).to_bytes(8, "big")

    def test_arrays_that_others_may_write_to_are_copied(self) -> None:
        pixels = np.zeros((300, 300), np.uint8)
        item = Outgoing(igtl.Image(pixels), 0.0)
        pixels[:] = 9
        assert bytes(item.buffers[-1]) == bytes(90_000)

    def test_arrays_that_nobody_can_write_to_are_not(self) -> None:
        pixels = np.zeros((300, 300), np.uint8)
        pixels.flags.writeable = False
        item = Outgoing(igtl.Image(pixels), 0.0)
        assert np.shares_memory(np.frombuffer(item.buffers[-1], np.uint8), pixels)


class TestSeries:
    @staticmethod
    def series(*numbers: int) -> Outgoing:
        matrices = np.stack([np.eye(4)] * len(numbers))
        return Outgoing(igtl.Series(igtl.Transform, matrix=matrices, timestamps=numbers), 0.0)

    def test_a_series_counts_as_its_messages(self) -> None:
        line = Line("wait", max_messages=4)
        assert line.box.push(self.series(1, 2, 3)) is Push.QUEUED
        assert len(line.box) == 3
        assert line.push(4, 5) == [Push.QUEUED, Push.FULL]
        assert line.send_all(100) == [1, 2, 3, 4]
        assert line.counters.messages_sent == 4

    @pytest.mark.parametrize("when_full", ["drop-oldest", "newest"])
    def test_a_series_is_dropped_as_a_whole(self, when_full: WhenFull) -> None:
        line = Line(when_full, max_messages=4)
        line.box.push(self.series(1, 2, 3))
        line.push(4)
        line.box.push(self.series(5, 6))
        assert line.counters.dropped == 3
        assert line.send_all() == [4, 5, 6]

    def test_a_series_of_none_is_nothing_to_send(self) -> None:
        empty = Outgoing(igtl.Series(igtl.Transform, matrix=np.zeros((0, 4, 4))), 0.0)
        line = Line("wait")
        assert line.box.push(empty) is Push.QUEUED
        assert not line.box.next_buffers()
        assert len(line.box) == 0


class Traffic(RuleBasedStateMachine):
    """Any sequence of pushes and sends, beside a model that keeps numbers only."""

    MAX_MESSAGES, MAX_BYTES = 5, 40_000

    @initialize(when_full=st.sampled_from(POLICIES))
    def begin(self, when_full: WhenFull) -> None:
        self.when_full = when_full
        self.line = Line(when_full, self.MAX_MESSAGES, self.MAX_BYTES)
        self.waiting: list[tuple[int, str, int]] = []  # number, device, bytes
        self.flight: list[tuple[int, str, int]] = []
        self.expected: list[int] = []
        self.dropped = self.pushed = self.refused = 0

    def fits(self, size: int) -> bool:
        bytes_ = sum(one[2] for one in self.waiting)
        roomy = len(self.waiting) < self.MAX_MESSAGES and bytes_ + size <= self.MAX_BYTES
        return not self.waiting or roomy

    def drop(self, index: int) -> None:
        del self.waiting[index]
        self.dropped += 1

    @rule(
        device=st.sampled_from("ABC"),
        body=st.sampled_from([0, 100, 1000, SMALL - 58, SMALL - 57, 20_000, 50_000]),
    )
    def push(self, device: str, body: int) -> None:
        self.pushed += 1
        number, size = self.pushed, body + 58
        expected = Push.QUEUED
        if not self.fits(size):
            if self.when_full == "wait":
                expected = Push.FULL
            elif self.when_full == "disconnect":
                expected = Push.OVERFLOW
            elif self.when_full == "newest":
                for index in reversed(range(len(self.waiting))):
                    newer = {device, *(one[1] for one in self.waiting[index + 1 :])}
                    if self.waiting[index][1] in newer:
                        self.drop(index)
        if expected is Push.QUEUED:
            while not self.fits(size):
                self.drop(0)
            self.waiting.append((number, device, size))
        else:
            self.refused += 1
        assert self.line.push(number, device=device, size=body) == [expected]

    @rule(most=st.sampled_from([1, 57, 58, 1000, 16_384, 1 << 30]))
    def send(self, most: int) -> None:
        before = self.line.counters.bytes_sent
        if not self.flight:
            left = sum(map(len, self.line.box.next_buffers()))
            while left:  # whole messages from the front are in flight now
                self.flight.append(self.waiting.pop(0))
                left -= self.flight[-1][2]
                assert left >= 0
        self.line.send(most)
        if not self.line.box.flight_bytes:
            self.expected += [one[0] for one in self.flight]
            self.flight.clear()
        assert self.line.counters.bytes_sent - before <= most

    @precondition(lambda self: self.pushed > 10)
    @rule()
    def clear(self) -> None:
        self.dropped += len(self.waiting) + len(self.flight)
        sent_of_flight = sum(one[2] for one in self.flight) - self.line.box.flight_bytes
        self.waiting.clear()
        self.flight.clear()
        self.line.box.clear()
        if sent_of_flight:  # the connection ends with half a message
            self.line.reader = FrameReader()
        self.line.seen = list(self.expected)

    @invariant()
    def counts_are_exact(self) -> None:
        if not hasattr(self, "line"):
            return
        box, counters = self.line.box, self.line.counters
        assert len(box) == len(self.waiting) + len(self.flight)
        assert box.waiting_bytes - box.flight_bytes == sum(one[2] for one in self.waiting)
        assert counters.dropped == self.dropped
        assert counters.messages_sent == len(self.expected)
        whole = self.pushed - self.refused
        assert whole == counters.messages_sent + counters.dropped + len(box)

    @invariant()
    def bounds_hold(self) -> None:
        if not hasattr(self, "line"):
            return
        assert len(self.waiting) <= self.MAX_MESSAGES
        assert len(self.waiting) == 1 or sum(one[2] for one in self.waiting) <= self.MAX_BYTES

    @invariant()
    def the_peer_sees_whole_messages_in_order(self) -> None:
        if not hasattr(self, "line"):
            return
        seen = self.line.seen
        assert seen[: len(self.expected)] == self.expected
        assert seen == (self.expected + [one[0] for one in self.flight])[: len(seen)]

    def teardown(self) -> None:
        if hasattr(self, "line"):
            rest = [one[0] for one in self.flight + self.waiting]
            assert self.line.send_all(1000) == self.expected + rest
            assert self.line.reader.pending == 0


TestTraffic = Traffic.TestCase
TestTraffic.settings = settings(stateful_step_count=40)
