"""The packets in a capture: files of tcpdump, tshark and Wireshark, pcap and pcapng.

Layouts: draft-ietf-opsawg-pcap (pcap) and draft-ietf-opsawg-pcapng (pcapng). A capture that was
cut, by a full disk say, is read as far as it goes; `stopped` says why it ended there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from igtl.errors import RecordingError

__all__ = ["Packet", "PacketFile"]


class Packet(NamedTuple):
    """One packet as it was captured."""

    time_ns: int
    """When, in ns since 1970 UTC."""
    link_type: int
    """How its first bytes are laid out: one of the LINKTYPE numbers of the pcap project."""
    data: bytes
    """Its bytes, as far as they were captured."""


#: A longer packet than this is damage: what a network carries at once is below 1 MiB.
_LONGEST = 1 << 24
#: Times are kept in 63 bits of ns, which last until 2262.
_LATEST_NS = (1 << 63) - 1

#: The first four bytes of a pcap file: byte order, and ticks a second.
_PCAP_MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 10**6),
    b"\xa1\xb2\xc3\xd4": (">", 10**6),
    b"\x4d\x3c\xb2\xa1": ("<", 10**9),
    b"\xa1\xb2\x3c\x4d": (">", 10**9),
}
#: The rest of the header: version, time zone, accuracy, longest packet, link type.
_PCAP_HEADER = "HHiIII"
#: Before each packet: seconds, ticks, bytes captured, bytes on the line.
_PCAP_PACKET = "IIII"
#: The link type stands in the lower bits; above it is the size of checksums behind packets.
_LINK_TYPE_BITS = 0xFFFF

_SECTION, _INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET = 0x0A0D0D0A, 1, 2, 3, 6
_SECTION_MAGIC = b"\n\r\r\n"
_BYTE_ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
#: Options of an interface: ticks a second, and seconds to add.
_END, _RESOLUTION, _OFFSET = 0, 9, 14

_HOW = "expected a capture of tcpdump or Wireshark (.pcap, .pcapng)"


class _Cut(Exception):  # noqa: N818 - an end, which is told
    """The capture cannot be read any further; the text says why."""


@dataclass
class _Interface:
    """Where packets of a pcapng section were captured."""

    link_type: int
    longest: int
    ticks: int = 10**6
    offset_ns: int = 0

    def time_ns(self, high: int, low: int) -> int:
        """A time stamp, in ns since 1970 UTC."""
        return (high << 32 | low) * 10**9 // self.ticks + self.offset_ns


@dataclass
class _Section:
    """A pcapng section: its byte order and interfaces."""

    order: str
    interfaces: list[_Interface] = field(default_factory=list)

    def interface(self, number: int) -> _Interface:
        """The interface of a packet."""
        if number >= len(self.interfaces):
            raise _Cut(f"a packet of interface {number}, of which nothing was said before")
        return self.interfaces[number]


class PacketFile:
    """The packets of an open capture, in its order.

    Args:
        file: at its beginning.
        name: what errors call it.

    Attributes:
        stopped: why reading ended before the end of the file; empty when it did not.

    Raises:
        RecordingError: it is no capture, or of a form that igtl does not read.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        self.stopped = ""
        self._last_ns = 0
        self._at = 0
        magic = self._file.read(4)
        self._at = len(magic)
        if magic in _PCAP_MAGICS:
            self._packets = self._pcap(*_PCAP_MAGICS[magic])
        elif magic == _SECTION_MAGIC:
            self._packets = self._pcapng()
        else:
            raise RecordingError(f"{name}: {_what_else(magic)}")

    def __iter__(self) -> Iterator[Packet]:
        try:
            for packet in self._packets:
                self._last_ns = min(max(packet.time_ns, 0), _LATEST_NS)
                yield packet._replace(time_ns=self._last_ns)
        except _Cut as reason:
            self.stopped = f"the capture ends at byte {self._at}: {reason}"

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._at

    def _read(self, size: int, what: str) -> bytes:
        data = self._file.read(size)
        if len(data) < size:
            raise _Cut(f"{what} needs {size} bytes, {len(data)} are left")
        self._at += size
        return data

    def _unpack(self, layout: str, what: str) -> tuple[int, ...]:
        return struct.unpack(layout, self._read(struct.calcsize(layout), what))

    def _pcap(self, order: str, ticks: int) -> Iterator[Packet]:
        *_, link_type = self._unpack(order + _PCAP_HEADER, "the file's header")
        scale, link_type = 10**9 // ticks, link_type & _LINK_TYPE_BITS
        head = struct.Struct(order + _PCAP_PACKET)
        while data := self._file.read(head.size):
            if len(data) < head.size:
                raise _Cut("it was cut in the header of a packet")
            seconds, fraction, captured, _ = head.unpack(data)
            _check(captured)
            self._at += head.size
            time_ns = seconds * 10**9 + fraction * scale
            yield Packet(time_ns, link_type, self._read(captured, "a packet"))

    def _pcapng(self) -> Iterator[Packet]:
        section = self._section()
        while kind := self._file.read(4):
            self._at += len(kind)
            if kind == _SECTION_MAGIC:
                section = self._section()
            elif len(kind) == 4:
                yield from self._block(section, struct.unpack(section.order + "I", kind)[0])
            else:
                raise _Cut("it was cut in the type of a block")

    def _section(self) -> _Section:
        """The section whose type was just read; what else its header says is passed over."""
        data = self._read(8, "the header of a section")
        order = _BYTE_ORDERS.get(data[4:])
        if order is None:
            raise _Cut(f"the byte order of a section is {data[4:].hex()}, expected 1a2b3c4d")
        self._rest(struct.unpack(order + "I", data[:4])[0], read=12)
        return _Section(order)

    def _rest(self, size: int, read: int) -> bytes:
        """What is left of a block of `size` bytes, of which some are read, without its end."""
        if size % 4 or size < read + 4:
            raise _Cut(f"a block has an impossible size of {size} bytes")
        _check(size)
        return self._read(size - read, "a block")[:-4]

    def _block(self, section: _Section, kind: int) -> Iterator[Packet]:
        (size,) = self._unpack(section.order + "I", "the size of a block")
        body = self._rest(size, read=8)
        try:
            if kind == _INTERFACE:
                section.interfaces.append(_interface(section.order, body))
            elif kind == _PACKET:
                yield _packet(section, body, section.order + "IIII")
            elif kind == _OLD_PACKET:
                yield _packet(section, body, section.order + "HxxIII")
            elif kind == _SIMPLE_PACKET:
                yield self._simple(section, body)
        except struct.error:
            raise _Cut(f"a block of type {kind} is too short: {size} bytes") from None

    def _simple(self, section: _Section, body: bytes) -> Packet:
        """A packet of the first interface, without a time: that of the packet before it."""
        (size,) = struct.unpack_from(section.order + "I", body)
        interface = section.interface(0)
        longest = min(size, interface.longest or size)
        return Packet(self._last_ns, interface.link_type, body[4 : 4 + longest])


def _check(size: int) -> None:
    if size > _LONGEST:
        raise _Cut(f"a packet or block of {size} bytes is over the limit of {_LONGEST}")


def _packet(section: _Section, body: bytes, layout: str) -> Packet:
    number, high, low, captured = struct.unpack_from(layout, body)
    start = struct.calcsize(layout) + 4  # behind the size on the line
    if start + captured > len(body):
        raise _Cut(f"a packet of {captured} bytes stands in a block of {len(body)}")
    interface = section.interface(number)
    data = body[start : start + captured]
    return Packet(interface.time_ns(high, low), interface.link_type, data)


def _interface(order: str, body: bytes) -> _Interface:
    link_type, longest = struct.unpack_from(order + "HxxI", body)
    interface = _Interface(link_type, longest)
    for code, value in _options(order, body[8:]):
        if code == _RESOLUTION and len(value) == 1:
            power = value[0] & 0x7F
            interface.ticks = 1 << power if value[0] & 0x80 else 10**power
        elif code == _OFFSET and len(value) == 8:
            interface.offset_ns = struct.unpack(order + "q", value)[0] * 10**9
    return interface


def _options(order: str, data: bytes) -> Iterator[tuple[int, bytes]]:
    """The options of a block, each padded to four bytes."""
    at = 0
    while at + 4 <= len(data):
        code, size = struct.unpack_from(order + "HH", data, at)
        if code == _END:
            return
        yield code, data[at + 4 : at + 4 + size]
        at += 4 + (size + 3 & ~3)


def _what_else(magic: bytes) -> str:
    """Why a file with these first bytes is not read."""
    if not magic:
        return f"the file is empty, {_HOW}"
    if magic.startswith(b"\x1f\x8b"):
        return f"it is compressed, {_HOW}: gunzip it first"
    return f"it begins with {magic.hex()}, {_HOW}; Wireshark saves other captures as .pcapng"
