"""Messages on their way in: in order, in any chunks, past malformed ones; the newest at hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import igtl
from igtl.codec.frame import HEADER
from igtl.protocol import newest as bounds
from igtl.protocol.counters import Counters
from igtl.protocol.inbox import Inbox
from tests.codec.wire import extended, packet
from tests.messages.samples import samples
from tests.protocol.streams import CHUNK, chunks, cuts

MESSAGES = [
    *samples().values(),
    igtl.Image(np.zeros((300, 300), np.uint8)),
    *[igtl.Transform(np.eye(4), timestamp=float(number)) for number in range(40)],
    igtl.NDArray(np.arange(CHUNK // 8, dtype=np.float64)),
    igtl.Status(message_id=7, metadata={"a": "b"}),
]
STREAM = b"".join(map(igtl.encode, MESSAGES))


def status(text: str, device: str = "", **more: Any) -> bytes:
    return igtl.encode(igtl.Status(text=text, device_name=device, **more))


MALFORMED = {
    "checksum": packet("STATUS", bytes(31), crc=1),
    "content": packet("TRANSFORM", bytes(47)),
    "tools": packet("TDATA", bytes(699)),
    "extended header": packet("STATUS", b"\xff" * 20, version=2),
    "metadata": packet("STATUS", extended(bytes(31))[:-2] + b"\xff\xff", version=2),
}


def drained(decoder: igtl.Decoder) -> list[str]:
    """The texts of all messages that are complete; "malformed" for those that are not valid."""
    found: list[str] = []
    while True:
        try:
            message = next(decoder)
        except StopIteration:
            return found
        except igtl.DecodeError:
            found.append("malformed")
        else:
            assert isinstance(message, igtl.Status)
            found.append(message.text)


class TestDecoder:
    @given(cuts(STREAM))
    def test_any_chunks_give_the_same_messages(self, pieces: list[bytes]) -> None:
        decoder = igtl.Decoder()
        found = [message for piece in pieces for message in decoder.feed(piece)]
        assert found == MESSAGES
        assert decoder.pending == 0

    def test_byte_by_byte(self) -> None:
        decoder = igtl.Decoder()
        few = MESSAGES[:20]
        found: list[igtl.Message] = []
        for byte in chunks(b"".join(map(igtl.encode, few)), 1):
            found += decoder.feed(byte)
        assert found == few

    def test_messages_are_given_once_they_are_complete(self) -> None:
        decoder = igtl.Decoder()
        data = status("one")
        assert list(decoder.feed(data[:-1])) == []
        assert decoder.pending == len(data) - 1
        assert drained(decoder.feed(data[-1:] + data[:5])) == ["one"]
        assert decoder.pending == 5

    def test_what_is_not_taken_waits(self) -> None:
        decoder = igtl.Decoder()
        decoder.feed(status("one"))
        decoder.feed(status("two"))
        assert drained(decoder) == ["one", "two"]
        assert list(decoder) == []

    @pytest.mark.parametrize("name", MALFORMED)
    @pytest.mark.parametrize("size", [1, 7, 1 << 20])
    def test_it_goes_on_behind_a_malformed_message(self, name: str, size: int) -> None:
        decoder = igtl.Decoder()
        stream = status("before") + MALFORMED[name] * 2 + status("behind")
        found: list[str] = []
        for chunk in chunks(stream, size):
            found += drained(decoder.feed(chunk))
        assert found == ["before", "malformed", "malformed", "behind"]

    @pytest.mark.parametrize("size", [7, 1 << 20])
    @pytest.mark.parametrize(
        "wrong", [packet("STATUS", version=0), packet("STATUS", bytes(1001))], ids=["0", "large"]
    )
    def test_where_the_stream_cannot_go_on_it_says_so(self, size: int, wrong: bytes) -> None:
        """Behind the last message, even when nothing more is fed."""
        decoder = igtl.Decoder(max_body=1000)
        for chunk in chunks(status("one") + status("two") + wrong[:58], size):
            decoder.feed(chunk)
        found = [next(decoder), next(decoder)]
        assert [bytes(message.raw_content)[30:] for message in found] == [b"one\0", b"two\0"]
        for _ in range(2):
            with pytest.raises(igtl.FramingError):
                next(decoder)
            with pytest.raises(igtl.FramingError):
                decoder.feed(status("three"))

    @given(st.binary(max_size=300))
    def test_any_bytes(self, data: bytes) -> None:
        decoder = igtl.Decoder(max_body=1000)
        for _ in range(10):
            try:
                list(decoder.feed(data))
            except igtl.FramingError:
                break
            except igtl.DecodeError:
                continue


def fill(inbox: Inbox, data: bytes) -> None:
    """What came over a socket."""
    while data:
        buffer = inbox.buffer()
        count = min(len(buffer), len(data))
        buffer[:count] = data[:count]
        inbox.received(count)
        data = data[count:]


def texts(inbox: Inbox) -> list[str]:
    """The texts of all messages that wait."""
    found = []
    while inbox.frames:
        message = inbox.take()
        assert isinstance(message, igtl.Status)
        found.append(message.text)
    return found


class TestTaking:
    @given(cuts(STREAM))
    def test_every_message_in_order(self, pieces: list[bytes]) -> None:
        inbox = Inbox()
        found: list[igtl.Message] = []
        for piece in pieces:
            fill(inbox, piece)
            while inbox.frames:
                found.append(inbox.take())
        assert found == MESSAGES
        assert inbox.counters == Counters(
            messages_received=len(MESSAGES), bytes_received=len(STREAM)
        )

    def test_it_says_how_many_are_complete(self) -> None:
        inbox = Inbox()
        data = status("a") + status("b")
        inbox.buffer()[: len(data)] = data
        assert inbox.received(len(data) - 1) == 1
        inbox.buffer()[:1] = data[-1:]
        assert inbox.received(1) == 1

    def test_nothing_waits(self) -> None:
        with pytest.raises(IndexError):
            Inbox().take()

    @pytest.mark.parametrize("name", MALFORMED)
    def test_a_malformed_message_is_counted_and_out_of_the_way(self, name: str) -> None:
        inbox = Inbox()
        fill(inbox, status("before") + MALFORMED[name] + status("behind"))
        assert isinstance(inbox.take(), igtl.Status)
        with pytest.raises(igtl.DecodeError):
            inbox.take()
        assert texts(inbox) == ["behind"]
        assert (inbox.counters.errors, inbox.counters.messages_received) == (1, 3)

    def test_counters_may_be_shared(self) -> None:
        counters = Counters(messages_received=5)
        inbox = Inbox(counters=counters)
        fill(inbox, status("a"))
        assert counters.messages_received == 6


class TestLatest:
    def test_the_newest_of_a_class_and_device(self) -> None:
        inbox = Inbox()
        for text, device in [("1", "A"), ("2", "B"), ("3", "A"), ("4", "C"), ("5", "B")]:
            fill(inbox, status(text, device))
        fill(inbox, igtl.encode(igtl.String("6", device_name="A")))

        def latest(device: str | None) -> str | None:
            message = inbox.latest(igtl.Status, device)
            return message.text if message else None

        assert [latest(device) for device in ("A", "B", "C", "D")] == ["3", "5", "4", None]
        assert latest(None) == "5"
        assert latest("") is None

    def test_it_stays_when_messages_are_taken(self) -> None:
        inbox = Inbox()
        fill(inbox, status("1", "A") + status("2", "A"))
        assert texts(inbox) == ["1", "2"]
        newest = inbox.latest(igtl.Status, "A")
        assert newest is not None
        assert newest.text == "2"

    def test_nothing_came(self) -> None:
        assert Inbox().latest(igtl.Status, None) is None

    @pytest.mark.parametrize(
        ("cls", "expected"),
        [
            (igtl.Position, "QTRANS"),
            (igtl.Get, "GET_IMAGE"),
            (type(igtl.Get(igtl.Transform)), "GET_TRANS"),
            (igtl.Unknown, "NEW"),
            (igtl.Message, "NEW"),
            (igtl.Transform, None),
        ],
    )
    def test_classes_of_several_types(self, cls: type[igtl.Message], expected: str | None) -> None:
        inbox = Inbox()
        for data in (
            packet("POSITION", bytes(12)),
            packet("QTRANS", bytes(12)),
            packet("GET_TRANS"),
            packet("GET_IMAGE"),
            packet("NEW"),
        ):
            fill(inbox, data)
        newest = inbox.latest(cls, None)
        assert (newest.wire_type if newest else None) == expected

    def test_a_device_is_found_by_the_name_in_the_header(self) -> None:
        inbox = Inbox()
        fill(inbox, packet("STATUS", bytes(31), device_name=b"\xe4\0junk"))
        assert inbox.latest(igtl.Status, "ä") is not None

    def test_a_malformed_newest_message_is_an_error(self) -> None:
        inbox = Inbox()
        fill(inbox, status("1") + MALFORMED["checksum"])
        for _ in range(2):
            with pytest.raises(igtl.ChecksumError):
                inbox.latest(igtl.Status, None)
        fill(inbox, status("2"))
        newest = inbox.latest(igtl.Status, None)
        assert newest is not None
        assert newest.text == "2"

    def test_of_too_many_devices_the_first_are_forgotten(self) -> None:
        inbox = Inbox()
        many = bounds._MOST_DEVICES
        for number in range(many + 2):
            fill(inbox, packet("GET_STATUS", device_name=b"%d" % number))
        kind = type(igtl.Get(igtl.Status))
        found = [
            inbox.latest_frame(kind, str(one)) is not None for one in (0, 1, 2, many, many + 1)
        ]
        assert found == [False, False, True, True, True]

    def test_of_large_messages_so_many_bytes_are_kept(self) -> None:
        """Bodies whose bytes never came: what they say does not matter here."""
        inbox = Inbox()
        size = bounds._MOST_BYTES // 5 * 2

        def arrive(device: bytes, size: int = size) -> None:
            fill(inbox, HEADER.pack(1, b"IMAGE", device, 0, size, 0))
            inbox.received(len(inbox.buffer()))
            inbox.frames.clear()

        def kept() -> str:
            return "".join(one for one in "ABCD" if inbox.latest_frame(igtl.Image, one))

        arrive(b"A")
        arrive(b"B")
        arrive(b"A")
        assert kept() == "AB"
        arrive(b"C")
        assert kept() == "AC"  # B was heard of before A came again
        arrive(b"D", 3 * size)
        assert kept() == "D"

    def test_large_and_small_messages_of_one_device(self) -> None:
        inbox = Inbox()
        large, small = (
            igtl.NDArray(np.zeros((2, 50_000), np.uint8)),
            igtl.NDArray(np.zeros(1, np.uint8)),
        )
        for message in (large, small, large, large, small):
            fill(inbox, igtl.encode(message))
            assert inbox.latest(igtl.NDArray, "") == message

    def test_a_device_is_found_by_its_full_name(self) -> None:
        """Which PLUS writes into the metadata when the header has no room for it."""
        name = "TrackedFrameOfUltrasoundProbe"
        body = extended(bytes(30), [(b"IGTL_DEVICE_NAME", 3, name.encode())])
        inbox = Inbox()
        fill(inbox, packet("STATUS", body, version=2, device_name=name[:20].encode()))
        assert inbox.latest(igtl.Status, name) is not None
        assert inbox.latest(igtl.Status, "TrackedFrameOfUltrasoundOther") is None
        assert inbox.latest(igtl.Status, name[:20]) is not None


def is_full(inbox: Inbox) -> bool:
    return inbox.full


class TestBounds:
    def test_full_by_messages_until_an_eighth_is_taken(self) -> None:
        inbox = Inbox(max_frames=16)
        fill(inbox, b"".join(status(str(n)) for n in range(15)))
        assert not is_full(inbox)
        fill(inbox, status("15"))
        assert is_full(inbox)
        inbox.take()
        assert is_full(inbox)
        inbox.take()
        assert not is_full(inbox)
        assert len(inbox.frames) == 14

    def test_full_by_bytes(self) -> None:
        size = len(status("x"))
        inbox = Inbox(max_bytes=10 * size)
        fill(inbox, status("x") * 9)
        assert not is_full(inbox)
        fill(inbox, status("x"))
        assert is_full(inbox)
        texts(inbox)
        assert not is_full(inbox)

    def test_what_was_taken_does_not_count(self) -> None:
        inbox = Inbox(max_bytes=10 * len(status("x")))
        for _ in range(100):
            fill(inbox, status("x"))
            assert not is_full(inbox)
            inbox.take()

    def test_a_reader_who_respects_full_loses_nothing(self) -> None:
        inbox = Inbox(max_frames=8)
        found: list[str] = []
        for number in range(100):
            if inbox.full:
                found += texts(inbox)
            fill(inbox, status(str(number)))
        found += texts(inbox)
        assert found == [str(number) for number in range(100)]
        assert inbox.counters.dropped == 0

    def test_drop_oldest_makes_room_and_counts(self) -> None:
        inbox = Inbox(max_frames=16)
        fill(inbox, b"".join(status(str(n)) for n in range(15)))
        inbox.drop_oldest()
        assert inbox.counters.dropped == 0
        fill(inbox, status("15"))
        inbox.drop_oldest()
        assert not is_full(inbox)
        assert inbox.counters.dropped == 2
        assert texts(inbox) == [str(number) for number in range(2, 16)]

    def test_drop_oldest_by_bytes(self) -> None:
        size = len(status("00"))
        inbox = Inbox(max_bytes=16 * size)
        fill(inbox, b"".join(status(f"{n:02}") for n in range(20)))
        inbox.drop_oldest()
        assert inbox.counters.dropped == 6
        assert texts(inbox) == [f"{number:02}" for number in range(6, 20)]

    @given(st.lists(st.tuples(st.integers(0, 300), st.booleans()), max_size=60))
    def test_every_message_is_taken_or_counted_as_dropped(
        self, steps: list[tuple[int, bool]]
    ) -> None:
        inbox = Inbox(max_frames=10, max_bytes=2000)
        taken: list[int] = []
        for number, (size, take) in enumerate(steps):
            fill(inbox, packet("X", bytes(size), raw_time=number + 1))
            inbox.drop_oldest()
            assert len(inbox.frames) < 10
            assert sum(58 + frame.body_size for frame in inbox.frames) < 2000
            if take and inbox.frames:
                taken.append(inbox.frames[0].raw_time)
                inbox.take()
        rest = [frame.raw_time for frame in inbox.frames]
        assert sorted({*taken, *rest}) == taken + rest
        assert len(taken) + len(rest) + inbox.counters.dropped == len(steps)
        assert rest == list(range(len(steps) - len(rest) + 1, len(steps) + 1))


class TestRuns:
    """Many messages of one size in one read take a shorter way; the newest must be the same."""

    @pytest.mark.parametrize(
        "devices",
        [
            ["A"] * 40,
            ["A", "B"] * 20,
            ["A"] * 39 + ["B"],
            ["B"] + ["A"] * 39,
            ["A"] * 20 + ["B"] * 20,
        ],
    )
    def test_the_newest_of_each_device_is_known_after_a_run(self, devices: list[str]) -> None:
        inbox = Inbox()
        messages = [
            igtl.Sensor([float(number)], device_name=device)
            for number, device in enumerate(devices)
        ]
        data = b"".join(map(igtl.encode, messages))
        inbox.buffer()[: len(data)] = data
        assert inbox.received(len(data)) == 40
        for device in set(devices):
            newest = inbox.latest(igtl.Sensor, device)
            assert newest is not None
            assert newest.values[0] == 39 - devices[::-1].index(device)
        last = inbox.latest(igtl.Sensor, None)
        assert last is not None
        assert last.values[0] == 39
