"""From a captured packet to its TCP segment: link layers, IPv4 and IPv6, TCP.

Layouts: RFC 791 (IPv4), RFC 8200 (IPv6), RFC 9293 (TCP), IEEE 802.1Q (VLAN), and the LINKTYPE
pages of the pcap project. Checksums are not looked at: what the capturing machine itself sends has
none yet. IP fragments are not put together; TCP avoids them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import ip_address
from typing import NamedTuple

__all__ = ["Flow", "Segment", "Tally", "segment_of"]


class Flow(NamedTuple):
    """One direction of a connection: addresses are of 4 or 16 bytes."""

    source: bytes
    source_port: int
    target: bytes
    target_port: int

    @property
    def back(self) -> Flow:
        """The other direction."""
        return Flow(self.target, self.target_port, self.source, self.source_port)

    def __str__(self) -> str:
        sender = _endpoint(self.source, self.source_port)
        return f"{sender} -> {_endpoint(self.target, self.target_port)}"


def _endpoint(address: bytes, port: int) -> str:
    host = ip_address(address)
    return f"[{host}]:{port}" if host.version == 6 else f"{host}:{port}"


class Segment(NamedTuple):
    """What TCP sent in one packet."""

    flow: Flow
    sequence: int
    """Number of its first byte; of the SYN, when it has one."""
    acknowledged: int | None
    """Up to where the sender has received, None when it does not say."""
    flags: int
    data: bytes
    """What was captured of its content."""
    missing: int
    """So many bytes of its content were not captured."""


@dataclass
class Tally:
    """What packets were.

    Attributes:
        segments: TCP segments.
        other: packets of other protocols, or not understood.
        fragments: pieces of IP packets, which are left out.
        cut: packets that were captured in part.
        link_types: link types that igtl does not know.
    """

    segments: int = 0
    other: int = 0
    fragments: int = 0
    cut: int = 0
    link_types: frozenset[int] = frozenset()


#: Where the network packet begins, and where its EtherType stands, by LINKTYPE.
_ETHERNET, _LINUX_COOKED, _LINUX_COOKED_2 = 1, 113, 276
_ETHER_TYPE_AT = {_ETHERNET: (12, 14), _LINUX_COOKED: (14, 16), _LINUX_COOKED_2: (0, 20)}
#: LINKTYPEs without EtherType: NULL and LOOP have 4 bytes of address family, RAW has nothing.
_BARE = {0: 4, 108: 4, 12: 0, 14: 0, 101: 0, 228: 0, 229: 0}
_IPV4, _IPV6 = 0x0800, 0x86DD
_VLAN_TAGS = {0x8100, 0x88A8, 0x9100}

_TCP, _FRAGMENT, _AUTHENTICATION = 6, 44, 51
#: IPv6 headers whose second byte is their length: hop-by-hop, routing, destination, mobility ...
_EXTENSIONS = {0, 43, 60, 135, 139, 140}

_IPV4_HEAD = struct.Struct(">BxHxxHxBxx4s4s")
_IPV6_HEAD = struct.Struct(">4xHBx16s16s")
_TCP_HEAD = struct.Struct(">HHIIBB")
_ACK = 0x10


class _Network(NamedTuple):
    """An IP packet: what it carries, and how much of that there should be."""

    source: bytes
    target: bytes
    payload: bytes
    size: int


class _Useless(Exception):  # noqa: N818 - no error: other traffic
    """A packet without a TCP segment; the text is the field of `Tally` that counts it."""


def segment_of(link_type: int, data: bytes, tally: Tally) -> Segment | None:
    """The TCP segment in a captured packet, None when there is none to be used."""
    try:
        segment = _segment(_network(_network_packet(link_type, data, tally)))
    except _Useless as kind:
        name = str(kind)
        setattr(tally, name, getattr(tally, name) + 1)
        return None
    except (struct.error, IndexError):  # shorter than its own headers say
        tally.cut += 1
        return None
    tally.segments += 1
    tally.cut += bool(segment.missing)
    return segment


def _network_packet(link_type: int, data: bytes, tally: Tally) -> bytes:
    """The IP packet within what the link carried."""
    if link_type in _BARE:
        return data[_BARE[link_type] :]
    if link_type not in _ETHER_TYPE_AT:
        tally.link_types |= {link_type}
        raise _Useless("other")
    type_at, start = _ETHER_TYPE_AT[link_type]
    ether_type = _u16(data, type_at)
    while ether_type in _VLAN_TAGS:
        ether_type = _u16(data, start + 2)
        start += 4
    if ether_type not in (_IPV4, _IPV6):
        raise _Useless("other")
    return data[start:]


def _u16(data: bytes, at: int) -> int:
    return data[at] << 8 | data[at + 1]


def _network(data: bytes) -> _Network:
    version = data[0] >> 4
    if version == 4:
        return _ipv4(data)
    if version == 6:
        return _ipv6(data)
    raise _Useless("other")


def _ipv4(data: bytes) -> _Network:
    first, total, fragment, protocol, source, target = _IPV4_HEAD.unpack_from(data)
    if protocol != _TCP:
        raise _Useless("other")
    if fragment & 0x3FFF:  # an offset, or more fragments follow
        raise _Useless("fragments")
    head = (first & 0xF) * 4
    total = total or len(data)  # 0: the network card will cut it, and fill this in
    if head < _IPV4_HEAD.size or total < head:
        raise _Useless("other")
    return _Network(source, target, data[head:total], total - head)


def _ipv6(data: bytes) -> _Network:
    size, protocol, source, target = _IPV6_HEAD.unpack_from(data)
    at = _IPV6_HEAD.size
    end = at + size if size else len(data)  # 0: as above, or a jumbogram
    while protocol != _TCP:
        protocol, at = _behind_extension(protocol, data, at)
    return _Network(source, target, data[at:end], end - at)


def _behind_extension(kind: int, data: bytes, at: int) -> tuple[int, int]:
    """The protocol behind an IPv6 extension header, and where it begins."""
    if kind == _FRAGMENT:
        if _u16(data, at + 2) & 0xFFF9:
            raise _Useless("fragments")
        return data[at], at + 8
    if kind == _AUTHENTICATION:
        return data[at], at + (data[at + 1] + 2) * 4
    if kind in _EXTENSIONS:
        return data[at], at + (data[at + 1] + 1) * 8
    raise _Useless("other")


def _segment(packet: _Network) -> Segment:
    data = packet.payload
    source_port, target_port, sequence, ack, offset, flags = _TCP_HEAD.unpack_from(data)
    head = (offset >> 4) * 4
    if head < 20 or packet.size < head:
        raise _Useless("other")
    content = data[head:]
    return Segment(
        Flow(packet.source, source_port, packet.target, target_port),
        sequence,
        ack if flags & _ACK else None,
        flags,
        content,
        packet.size - head - len(content),
    )
