"""Captures built by hand, field by field as the RFCs lay them out."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from ipaddress import ip_address

__all__ = [
    "CLIENT",
    "NS",
    "SERVER",
    "START",
    "SYN",
    "Sender",
    "ethernet",
    "ipv4",
    "ipv6",
    "pcap",
    "pcapng",
    "pcapng_block",
    "pcapng_interface",
    "pcapng_packet",
    "pcapng_section",
    "tcp",
]

SERVER, CLIENT = ("10.0.0.5", 18944), ("10.0.0.9", 51000)
SYN, ACK, FIN = 0x02, 0x10, 0x01
NS = 10**9
START = 1_700_000_000 * NS  # time of the first packet, ns since 1970

Timed = tuple[int, bytes]
"""A packet, and when it was captured in ns."""


def tcp(ports: tuple[int, int], seq: int, data: bytes, flags: int = ACK, ack: int = 0) -> bytes:
    """A TCP segment (RFC 9293, 3.1)."""
    return (
        struct.pack(">HH", *ports)  # source and destination port
        + struct.pack(">II", seq & 0xFFFF_FFFF, ack & 0xFFFF_FFFF)  # sequence, acknowledgment
        + bytes((8 << 4, flags))  # data offset: 8 words; reserved; flags
        + struct.pack(">HHH", 512, 0, 0)  # window, checksum (not computed), urgent pointer
        + bytes((1, 1, 8, 10)) + bytes(8)  # options: no operation twice, timestamps
        + data
    )  # fmt: skip


def ipv4(source: str, target: str, payload: bytes, *, fragment: int = 0, options: bytes = b"",
         protocol: int = 6, total: int | None = None) -> bytes:  # fmt: skip
    """An IPv4 packet (RFC 791, 3.1)."""
    words = 5 + len(options) // 4
    size = words * 4 + len(payload) if total is None else total
    return (
        bytes((4 << 4 | words, 0))  # version, header length in words; type of service
        + struct.pack(">HHH", size, 0x1234, fragment)  # total length, identification, fragment
        + bytes((64, protocol, 0, 0))  # time to live, protocol, checksum (not computed)
        + ip_address(source).packed
        + ip_address(target).packed
        + options
        + payload
    )


def ipv6(source: str, target: str, payload: bytes, *, kind: int = 6,
         size: int | None = None) -> bytes:  # fmt: skip
    """An IPv6 packet (RFC 8200, 3)."""
    return (
        bytes((6 << 4, 0, 0, 0))  # version, traffic class, flow label
        + struct.pack(">H", len(payload) if size is None else size)  # payload length
        + bytes((kind, 64))  # next header, hop limit
        + ip_address(source).packed
        + ip_address(target).packed
        + payload
    )


def ethernet(packet: bytes, ether_type: int = 0x0800, tags: bytes = b"") -> bytes:
    """An Ethernet frame, padded to the 60 bytes that are the least."""
    addresses = bytes.fromhex("020000000001 020000000002")  # destination, source
    return (addresses + tags + struct.pack(">H", ether_type) + packet).ljust(60, b"\xee")


class Sender:
    """One direction of a connection, which makes Ethernet frames.

    Args:
        first: sequence number of the first byte.
    """

    def __init__(
        self,
        source: tuple[str, int] = SERVER,
        target: tuple[str, int] = CLIENT,
        first: int = 1001,
    ) -> None:
        self._source, self._target, self._first = source, target, first

    def syn(self) -> bytes:
        """The segment that opens the connection."""
        return self._frame(self._first - 1, b"", SYN)

    def segment(self, at: int, data: bytes, ack: int = 0) -> bytes:
        """Bytes of the stream, from its byte `at` on."""
        return self._frame(self._first + at, data, ACK, ack)

    def fin(self, at: int) -> bytes:
        """The end of the stream."""
        return self._frame(self._first + at, b"", ACK | FIN)

    def _frame(self, seq: int, data: bytes, flags: int, ack: int = 0) -> bytes:
        segment = tcp((self._source[1], self._target[1]), seq, data, flags, ack)
        if ":" in self._source[0]:
            return ethernet(ipv6(self._source[0], self._target[0], segment), 0x86DD)
        return ethernet(ipv4(self._source[0], self._target[0], segment))


def timed(packets: Iterable[bytes], step: int = 1_000_000) -> list[Timed]:
    """Packets that follow each other every ms."""
    return [(START + index * step, packet) for index, packet in enumerate(packets)]


def pcap(packets: Iterable[bytes] | Sequence[Timed], *, order: str = "<", ns: bool = False,
         link: int = 1, snaplen: int = 262144) -> bytes:  # fmt: skip
    """A pcap file (draft-ietf-opsawg-pcap, 4 and 5)."""
    magic = 0xA1B23C4D if ns else 0xA1B2C3D4
    head = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snaplen, link)
    return (
        head
        + b"".join(
            struct.pack(
                order + "IIII",
                time // NS,
                time % NS // (1 if ns else 1000),
                min(len(data), snaplen),  # bytes captured
                len(data),  # bytes on the line
            )
            + data[:snaplen]
            for time, data in _with_times(packets)
        )
    )


def _with_times(packets: Iterable[bytes] | Sequence[Timed]) -> list[Timed]:
    listed = list(packets)
    plain = [one for one in listed if isinstance(one, bytes)]
    return timed(plain) if plain else [one for one in listed if isinstance(one, tuple)]


def pcapng_block(kind: int, body: bytes, order: str = "<") -> bytes:
    """A block (draft-ietf-opsawg-pcapng, 3.1)."""
    body = body.ljust(len(body) + 3 & ~3, b"\0")
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def pcapng_section(order: str = "<") -> bytes:
    """A section's header (4.1): byte order, version 1.0, length unknown."""
    return pcapng_block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def pcapng_interface(
    order: str = "<", *, link: int = 1, snaplen: int = 0, options: bytes = b""
) -> bytes:
    """An interface (4.2): link type, reserved, longest packet, options."""
    return pcapng_block(1, struct.pack(order + "HHI", link, 0, snaplen) + options, order)


def pcapng_option(code: int, value: bytes, order: str = "<") -> bytes:
    """One option (3.5), padded, and the end of options."""
    padded = value.ljust(len(value) + 3 & ~3, b"\0")
    return struct.pack(order + "HH", code, len(value)) + padded + bytes(4)


def pcapng_packet(ticks: int, data: bytes, order: str = "<", interface: int = 0) -> bytes:
    """A packet (4.3): interface, time in two halves, bytes captured, bytes on the line."""
    size = len(data)
    head = struct.pack(order + "IIIII", interface, ticks >> 32, ticks & 0xFFFF_FFFF, size, size)
    return pcapng_block(6, head + data, order)


def pcapng(packets: Iterable[bytes]) -> bytes:
    """A whole pcapng file, times in us."""
    blocks = (pcapng_packet(time // 1000, data) for time, data in timed(packets))
    return pcapng_section() + pcapng_interface() + b"".join(blocks)
