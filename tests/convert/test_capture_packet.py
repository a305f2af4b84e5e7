from __future__ import annotations

import struct

import pytest

from igtl.convert.capture_packet import Flow, Segment, Tally, segment_of
from tests.convert.capture_building import SYN, ethernet, ipv4, ipv6, tcp

PORTS = (18944, 51000)
SEGMENT = tcp(PORTS, 77, b"content", ack=99)
PACKET = ipv4("10.0.0.5", "10.0.0.9", SEGMENT)
PACKET6 = ipv6("fe80::1", "2001:db8::2", SEGMENT)


def read(link_type: int, data: bytes) -> tuple[Segment | None, Tally]:
    tally = Tally()
    return segment_of(link_type, data, tally), tally


@pytest.mark.parametrize(
    ("link_type", "before"),
    [
        # destination, source, EtherType
        (1, bytes(12) + b"\x08\x00"),
        # the same, with one tag and with two (IEEE 802.1Q): 4 bytes each before the EtherType
        (1, bytes(12) + b"\x81\x00\x00\x05\x08\x00"),
        (1, bytes(12) + b"\x88\xa8\x00\x05\x81\x00\x00\x07\x08\x00"),
        # LINUX_SLL: packet type, ARPHRD, address length, address in 8 bytes, protocol
        (113, b"\0\0\3\4\0\6" + bytes(8) + b"\x08\x00"),
        # LINUX_SLL2: protocol, reserved, interface, ARPHRD, packet type, address length, address
        (276, b"\x08\x00\0\0\0\0\0\1\3\4\0\6" + bytes(8)),
        # LINUX_SLL2, the protocol being a VLAN tag
        (276, b"\x81\x00\0\0\0\0\0\1\3\4\0\6" + bytes(8) + b"\x00\x05\x08\x00"),
        # NULL: address family in the byte order of the machine; LOOP: in the network's
        (0, b"\2\0\0\0"),
        (0, b"\0\0\0\2"),
        (108, b"\0\0\0\2"),
        # RAW, IPV4: nothing
        (101, b""),
        (228, b""),
    ],
)
def test_link_layers_are_taken_off(link_type: int, before: bytes) -> None:
    segment, tally = read(link_type, before + PACKET)
    assert segment is not None
    assert segment.data == b"content"
    assert str(segment.flow) == "10.0.0.5:18944 -> 10.0.0.9:51000"
    assert tally == Tally(segments=1)


@pytest.mark.parametrize(
    ("link_type", "before"),
    [
        (1, bytes(12) + b"\x86\xdd"),
        (113, b"\0\0\3\4\0\6" + bytes(8) + b"\x86\xdd"),
        (0, b"\x1e\0\0\0"),  # AF_INET6 of macOS
        (101, b""),
        (229, b""),
    ],
)
def test_link_layers_are_taken_off_ipv6(link_type: int, before: bytes) -> None:
    segment, _ = read(link_type, before + PACKET6)
    assert segment is not None
    assert segment.data == b"content"
    assert str(segment.flow) == "[fe80::1]:18944 -> [2001:db8::2]:51000"


def test_the_fields_of_a_segment() -> None:
    segment, _ = read(101, ipv4("1.2.3.4", "5.6.7.8", tcp((1, 2), 77, b"ab", SYN, 99)))
    flow = Flow(bytes((1, 2, 3, 4)), 1, bytes((5, 6, 7, 8)), 2)
    assert segment == Segment(flow, 77, None, SYN, b"ab", 0)
    assert flow.back == Flow(bytes((5, 6, 7, 8)), 2, bytes((1, 2, 3, 4)), 1)
    acknowledging, _ = read(101, PACKET)
    assert acknowledging is not None
    assert acknowledging.acknowledged == 99


def test_what_pads_a_frame_is_no_content() -> None:
    head = tcp((1, 2), 7, b"")
    short = head[:12] + bytes((5 << 4,)) + head[13:20]  # 5 words: no options
    for content in (b"", b"a"):
        frame = ethernet(ipv4("1.2.3.4", "5.6.7.8", short + content))
        assert len(frame) == 60
        segment, _ = read(1, frame)
        assert segment is not None
        assert (segment.data, segment.missing) == (content, 0)


def test_a_header_that_says_to_be_longer_than_its_packet_is_none() -> None:
    packet = ipv4("1.2.3.4", "5.6.7.8", tcp((1, 2), 7, b"")[:20])  # its offset says 32 bytes
    assert read(101, packet) == (None, Tally(other=1))


def test_ipv4_options_are_skipped() -> None:
    options = b"\x94\x04\0\0\1\1\1\0"  # router alert; no operation; end
    segment, _ = read(101, ipv4("1.2.3.4", "5.6.7.8", SEGMENT, options=options))
    assert segment is not None
    assert segment.data == b"content"


@pytest.mark.parametrize(
    "packet",
    [
        ipv4("1.2.3.4", "5.6.7.8", SEGMENT, total=0),
        ipv6("::1", "::1", SEGMENT, size=0),
    ],
)
def test_a_packet_that_the_network_card_will_cut_gives_no_length(packet: bytes) -> None:
    segment, _ = read(101, packet)
    assert segment is not None
    assert (segment.data, segment.missing) == (b"content", 0)


@pytest.mark.parametrize(
    ("kind", "headers"),
    [
        (0, b"\x06\x00" + bytes(6)),  # hop by hop: next header, length in 8 bytes more than 8
        (0, b"\x2b\x01" + bytes(14) + b"\x06\x00" + bytes(6)),  # ... of 16 bytes, then routing
        (60, b"\x06\x00" + bytes(6)),  # destination options
        (51, b"\x06\x04" + bytes(22)),  # authentication: length in 4 bytes, less 2
        (44, b"\x06\x00\x00\x00" + bytes(4)),  # a fragment that is all there is (RFC 6946)
    ],
)
def test_ipv6_extension_headers_are_skipped(kind: int, headers: bytes) -> None:
    segment, tally = read(101, ipv6("::1", "::2", headers + SEGMENT, kind=kind))
    assert segment is not None
    assert segment.data == b"content"
    assert tally == Tally(segments=1)


@pytest.mark.parametrize(
    ("packet", "tally"),
    [
        (ipv4("1.2.3.4", "5.6.7.8", SEGMENT, fragment=0x2000), Tally(fragments=1)),  # first
        (ipv4("1.2.3.4", "5.6.7.8", SEGMENT, fragment=0x0010), Tally(fragments=1)),  # last
        (ipv6("::1", "::2", b"\6\0\0\1" + bytes(4) + SEGMENT, kind=44), Tally(fragments=1)),
        (ipv6("::1", "::2", b"\6\0\1\0" + bytes(4) + SEGMENT, kind=44), Tally(fragments=1)),
        (ipv4("1.2.3.4", "5.6.7.8", bytes(20), protocol=17), Tally(other=1)),  # UDP
        (ipv6("::1", "::2", bytes(20), kind=58), Tally(other=1)),  # ICMPv6
        (ipv4("1.2.3.4", "5.6.7.8", SEGMENT, total=8), Tally(other=1)),
        (b"\x55" * 40, Tally(other=1)),  # version 5
        (b"", Tally(cut=1)),
        (PACKET[:30], Tally(cut=1)),
        (PACKET6[:50], Tally(cut=1)),
    ],
)
def test_what_cannot_be_used_is_counted(packet: bytes, tally: Tally) -> None:
    assert read(101, packet) == (None, tally)


def test_unknown_link_types_are_named() -> None:
    assert read(105, PACKET) == (None, Tally(other=1, link_types=frozenset({105})))
    assert read(1, bytes(12) + b"\x08\x06" + bytes(28)) == (None, Tally(other=1))  # ARP


def test_what_a_packet_lacks_is_known() -> None:
    segment, tally = read(101, PACKET[:-3])
    assert segment is not None
    assert (segment.data, segment.missing) == (b"cont", 3)
    assert tally == Tally(segments=1, cut=1)
    segment, _ = read(101, PACKET[:45])  # within the options of TCP
    assert segment is not None
    assert (segment.data, segment.missing) == (b"", 7)


@pytest.mark.parametrize("packet", [ethernet(PACKET), ethernet(PACKET6, 0x86DD)])
@pytest.mark.parametrize("link_type", [0, 1, 12, 101, 113, 276, 999])
def test_every_truncation_is_counted_as_something(packet: bytes, link_type: int) -> None:
    for size in range(len(packet)):
        _, tally = read(link_type, packet[:size])
        assert tally.segments + tally.other + tally.fragments + tally.cut >= 1


def test_the_length_of_a_header_is_not_believed() -> None:
    for first in range(256):
        for offset in range(0, 256, 16):
            segment = struct.pack(">HHIIBB", 1, 2, 3, 4, offset, 0) + bytes(20)
            read(101, bytes((first,)) + ipv4("1.2.3.4", "5.6.7.8", segment)[1:])
