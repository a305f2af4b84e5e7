from __future__ import annotations

import io
import struct

import pytest

from igtl.convert.capture_file import Packet, PacketFile
from igtl.errors import RecordingError
from tests.convert.capture_building import (
    NS,
    START,
    pcap,
    pcapng,
    pcapng_block,
    pcapng_interface,
    pcapng_option,
    pcapng_packet,
    pcapng_section,
)

DATA = [b"one", b"second packet", b"", b"4444"]


def read(data: bytes) -> tuple[list[Packet], str]:
    file = PacketFile(io.BytesIO(data), "x.pcap")
    return list(file), file.stopped


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("ns", [False, True])
def test_pcap_is_read_in_both_byte_orders_and_resolutions(order: str, ns: bool) -> None:
    first = START + 123_456_789
    times = [first + index * NS for index in range(4)]
    packets, stopped = read(pcap(list(zip(times, DATA, strict=True)), order=order, ns=ns, link=101))
    assert [packet.data for packet in packets] == DATA
    assert packets[1].time_ns == first + NS - (0 if ns else 789)
    assert {packet.link_type for packet in packets} == {101}
    assert not stopped


def test_the_size_of_checksums_is_no_part_of_the_link_type() -> None:
    assert read(pcap([b"x"], link=0x5400_0001))[0][0].link_type == 1


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("resolution", "ticks", "time_ns"),
    [
        (None, 1_700_000_000_123_456, 1_700_000_000_123_456_000),  # us unless told otherwise
        (9, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),  # 10**-9 s
        (0x80 | 10, 1_700_000_000 << 10 | 512, 1_700_000_000_500_000_000),  # 2**-10 s
    ],
)
def test_pcapng_times_have_the_resolution_of_their_interface(
    order: str, resolution: int | None, ticks: int, time_ns: int
) -> None:
    options = b"" if resolution is None else pcapng_option(9, bytes((resolution,)), order)
    data = (
        pcapng_section(order)
        + pcapng_interface(order, options=options)
        + pcapng_packet(ticks, b"hello", order)
    )
    assert read(data) == ([Packet(time_ns, 1, b"hello")], "")


def test_an_offset_of_an_interface_is_added() -> None:
    options = pcapng_option(14, struct.pack("<q", 1_700_000_000))
    data = pcapng_section() + pcapng_interface(options=options) + pcapng_packet(5_000_000, b"x")
    assert read(data)[0][0].time_ns == (1_700_000_000 + 5) * NS


def test_sections_and_interfaces_of_one_file_differ() -> None:
    data = (
        pcapng_section("<")
        + pcapng_interface("<", link=1)
        + pcapng_interface("<", link=113)
        + pcapng_block(5, b"statistics, of no interest")
        + pcapng_packet(1, b"a", "<", 1)
        + pcapng_packet(2, b"b", "<", 0)
        + pcapng_section(">")
        + pcapng_interface(">", link=276)
        + pcapng_packet(3, b"c", ">", 0)
    )
    packets, stopped = read(data)
    assert packets == [Packet(1000, 113, b"a"), Packet(2000, 1, b"b"), Packet(3000, 276, b"c")]
    assert not stopped


def test_simple_packets_have_the_time_of_the_one_before() -> None:
    data = (
        pcapng_section()
        + pcapng_interface(snaplen=4)
        + pcapng_packet(7, b"a")
        + pcapng_block(3, struct.pack("<I", 3) + b"abc")
        + pcapng_block(3, struct.pack("<I", 90) + b"cut!")
    )
    packets, _ = read(data)
    assert packets[1:] == [Packet(7000, 1, b"abc"), Packet(7000, 1, b"cut!")]


def test_old_packet_blocks_are_read() -> None:
    head = struct.pack("<HHIIII", 0, 0, 0, 7, 3, 3)  # interface, drops, time, time, sizes
    data = pcapng_section() + pcapng_interface() + pcapng_block(2, head + b"abc")
    assert read(data)[0] == [Packet(7000, 1, b"abc")]


@pytest.mark.parametrize("whole", [pcap(DATA), pcapng(DATA)], ids=["pcap", "pcapng"])
def test_a_capture_that_was_cut_is_read_as_far_as_it_goes(whole: bytes) -> None:
    packets, _ = read(whole)
    assert len(packets) == 4
    ends = 0
    for size in range(4, len(whole)):
        some, stopped = read(whole[:size])
        assert some == packets[: len(some)]
        ends += not stopped
    assert ends == (4 if whole[:4] != b"\n\r\r\n" else 5)  # behind packets and blocks


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "empty"),
        (b"\x1f\x8b\x08\0", "gunzip"),
        (b"\x89MCAP0\r\n", "begins with 894d4341, expected a capture"),
        (b"GET", "begins with 474554"),
    ],
)
def test_what_is_no_capture_is_refused(data: bytes, text: str) -> None:
    with pytest.raises(RecordingError, match=text):
        read(data)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (pcap([]) + struct.pack("<IIII", 0, 0, 1 << 25, 1), "33554432 bytes is over the limit"),
        (pcapng_section() + struct.pack("<II", 6, 1 << 25), "over the limit"),
        (pcapng_section() + struct.pack("<II", 6, 13), "impossible size of 13"),
        (pcapng_section() + struct.pack("<II", 6, 8), "impossible size of 8"),
        (pcapng_section() + pcapng_packet(1, b"x"), "interface 0, of which nothing was said"),
        (pcapng_section() + pcapng_block(1, b""), "type 1 is too short"),
        (pcapng_section()[:8] + b"\1\2\3\4", "byte order of a section is 01020304"),
        (
            pcapng_section()
            + pcapng_interface()
            + pcapng_block(6, struct.pack("<IIIII", 0, 0, 0, 99, 99) + b"short"),
            "99 bytes stands in a block of 28",
        ),
    ],
)
def test_damage_ends_the_reading_and_is_told(data: bytes, text: str) -> None:
    packets, stopped = read(data)
    assert packets == []
    assert text in stopped
