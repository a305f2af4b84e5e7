"""Messages out of captured network traffic: what tcpdump, tshark and Wireshark wrote.

After `tcpdump -i any -s 0 -w session.pcap tcp port 18944`:

    for entry in CaptureEntries("session.pcap"):
        print(entry.time, entry.connection, entry.message)
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from pathlib import Path

from igtl.codec.frame import HEADER_SIZE, Frame
from igtl.convert.capture_file import PacketFile
from igtl.convert.capture_messages import Losses, MessageStream
from igtl.convert.capture_packet import Flow, Segment, Tally, segment_of
from igtl.convert.capture_stream import Piece, Reassembly
from igtl.errors import RecordingError
from igtl.protocol.framing import DEFAULT_MAX_BODY
from igtl.recording.entry import Entry

__all__ = ["CaptureCounts", "CaptureEntries"]

_SYN = 0x02
#: Streams that are followed at once; the one that was silent longest makes room.
_MOST_STREAMS = 4096
#: Segments behind holes, and messages that wait for earlier ones, may take so many bytes each.
_MOST_WAITING = 64 << 20


@dataclass
class CaptureCounts:
    """What a capture held, so far as it was read.

    Attributes:
        messages: OpenIGTLink messages.
        streams: directions of connections that carry them.
        other_streams: directions of connections that carry something else.
        packets: what the packets were.
        losses: what of OpenIGTLink's streams did not become messages.
        stopped: why the file could not be read to its end; empty when it could.
    """

    messages: int = 0
    streams: int = 0
    other_streams: int = 0
    packets: Tally = field(default_factory=Tally)
    losses: Losses = field(default_factory=Losses)
    stopped: str = ""


class CaptureEntries:
    """The OpenIGTLink messages in a capture, in the order of the times at which they were whole.

    An entry's connection reads "10.0.0.5:18944 -> 10.0.0.9:51000", the sender first; its time is
    that of the packet that completed it. Each iteration reads the file anew.

    Args:
        path: a .pcap or .pcapng file.
        ports: which TCP ports carry OpenIGTLink, at either end; None: whatever streams look like
            it by their first bytes.
        max_body: larger messages are not believed.

    Attributes:
        counts: of the iteration that was begun last.
        position, size: bytes of the file that were read, and that there are.

    Raises:
        RecordingError: from the iteration: the file cannot be read, or is no capture.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        ports: Sequence[int] | None = None,
        max_body: int = DEFAULT_MAX_BODY,
    ) -> None:
        self.path = Path(path)
        self.counts = CaptureCounts()
        self.position = self.size = 0
        self._ports = None if ports is None else frozenset(ports)
        self._max_body = max_body

    def __iter__(self) -> Iterator[Entry]:
        self.counts = CaptureCounts()
        streams = _Streams(self.counts, self._ports, self._max_body)
        try:
            with self.path.open("rb") as file:
                self.size = os.fstat(file.fileno()).st_size
                yield from self._entries(PacketFile(file, str(self.path)), streams)
        except OSError as error:
            raise RecordingError(f"{self.path}: {error.strerror or error}") from error

    def _entries(self, packets: PacketFile, streams: _Streams) -> Iterator[Entry]:
        for packet in packets:
            self.position = packets.position
            segment = segment_of(packet.link_type, packet.data, self.counts.packets)
            if segment is not None:
                yield from streams.add(segment, packet.time_ns)
        self.counts.stopped = packets.stopped
        yield from streams.end()

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of the last iteration: what is missing, and what to do."""
        return tuple(_notes(self.counts))


class _Stream:
    """One direction of a connection.

    Args:
        start: number of its first byte; None when its beginning was not captured.
    """

    def __init__(self, flow: Flow, first: int, start: int | None, messages: MessageStream) -> None:
        self.name = str(flow)
        self.start = start
        self.order = Reassembly(first)
        self.messages = messages
        self.is_counted = False
        self._last_ns = 0

    def entries(self, pieces: Iterator[Piece]) -> Iterator[Entry]:
        """The messages in what follows."""
        for piece in pieces:
            if piece.gap:
                yield from self._named(self.messages.gap(piece.gap), piece.time_ns)
            yield from self._named(self.messages.feed(piece.data), piece.time_ns)
            self._last_ns = piece.time_ns

    def end(self) -> Iterator[Entry]:
        """The messages in what is left."""
        while self.order.waiting_bytes:
            yield from self.entries(self.order.skip())
        yield from self._named(self.messages.end(), self._last_ns)

    def _named(self, frames: Iterator[Frame], time_ns: int) -> Iterator[Entry]:
        return (Entry(time_ns, self.name, frame) for frame in frames)


class _Streams:
    """All streams of a capture, and their messages in order of time.

    While a stream waits for the bytes of a hole, the messages of the others wait for those that
    may turn out to be earlier.
    """

    def __init__(self, counts: CaptureCounts, ports: frozenset[int] | None, max_body: int) -> None:
        self._counts, self._ports, self._max_body = counts, ports, max_body
        self._streams: OrderedDict[Flow, _Stream] = OrderedDict()
        self._holed: dict[Flow, _Stream] = {}
        self._held: list[tuple[int, int, Entry]] = []
        self._held_bytes = self._number = 0

    def add(self, segment: Segment, now_ns: int) -> Iterator[Entry]:
        """The messages that can be told now, with one more segment."""
        flow = segment.flow
        back = self._streams.get(flow.back)
        if back is not None and segment.acknowledged is not None:
            back.order.acknowledge(segment.acknowledged)
        if self._ports is None or not self._ports.isdisjoint((flow.source_port, flow.target_port)):
            self._take(segment, now_ns)
        if self._holed:
            self._look_after_holes(now_ns)
        return self._tell()

    def end(self) -> Iterator[Entry]:
        """The messages that are left."""
        while self._streams:
            self._close(next(iter(self._streams)))
        return self._tell()

    def _take(self, segment: Segment, now_ns: int) -> None:
        stream = self._stream_of(segment)
        if stream is None or stream.messages.other or not segment.data:
            return
        sequence = segment.sequence + bool(segment.flags & _SYN)
        self._hold(stream, stream.order.add(sequence, segment.data, now_ns))
        if stream.order.waiting_bytes:
            self._holed[segment.flow] = stream

    def _stream_of(self, segment: Segment) -> _Stream | None:
        """The stream of a segment; a new one at its beginning, or where that is not known."""
        flow, first = segment.flow, segment.sequence
        start = (first + 1) & 0xFFFF_FFFF if segment.flags & _SYN else None
        stream = self._streams.get(flow)
        if stream is not None and self._is_another(stream, first, start):
            self._close(flow)
            stream = None
        if stream is None and (segment.data or start is not None):
            stream = self._open(flow, first if start is None else start, start)
        if stream is not None:
            self._streams.move_to_end(flow)
        return stream

    @staticmethod
    def _is_another(stream: _Stream, first: int, start: int | None) -> bool:
        """Whether a segment is of a later connection between the same ports."""
        return stream.order.is_far(first) if start is None else start != stream.start

    def _open(self, flow: Flow, first: int, start: int | None) -> _Stream:
        if len(self._streams) >= _MOST_STREAMS:
            self._close(next(iter(self._streams)))
        messages = MessageStream(
            self._max_body,
            self._counts.losses,
            known=self._ports is not None,
            whole=start is not None,
        )
        stream = self._streams[flow] = _Stream(flow, first, start, messages)
        return stream

    def _close(self, flow: Flow) -> None:
        stream = self._streams.pop(flow)
        self._holed.pop(flow, None)
        self._hold(stream, None)
        self._counts.other_streams += not stream.is_counted

    def _look_after_holes(self, now_ns: int) -> None:
        """Give up what does not come any more, and all when there is too much behind holes."""
        full = sum(one.order.waiting_bytes for one in self._holed.values()) > _MOST_WAITING
        for flow, stream in list(self._holed.items()):
            self._hold(stream, stream.order.skip() if full else stream.order.give_up(now_ns))
            if not stream.order.waiting_bytes:
                del self._holed[flow]

    def _hold(self, stream: _Stream, pieces: Iterator[Piece] | None) -> None:
        """Take in the messages of a stream; those of its end when there are no pieces."""
        for entry in stream.end() if pieces is None else stream.entries(pieces):
            self._counts.messages += 1
            self._counts.streams += not stream.is_counted
            stream.is_counted = True
            self._number += 1
            self._held_bytes += HEADER_SIZE + entry.frame.body_size
            heappush(self._held, (entry.time_ns, self._number, entry))

    def _tell(self) -> Iterator[Entry]:
        """The messages before which no other can turn up."""
        waiting = (stream.order.waiting_since for stream in self._holed.values())
        until = min((time for time in waiting if time is not None), default=None)
        while self._held and (
            until is None or self._held[0][0] < until or self._held_bytes > _MOST_WAITING
        ):
            _, _, entry = heappop(self._held)
            self._held_bytes -= HEADER_SIZE + entry.frame.body_size
            yield entry


def _notes(counts: CaptureCounts) -> Iterator[str]:
    packets, losses = counts.packets, counts.losses
    if counts.stopped:
        yield f"{counts.stopped}; nothing behind it was read"
    if packets.cut:
        yield f"{packets.cut} packets were captured in part: capture with -s 0 to have them whole"
    if losses.gaps:
        yield (
            f"{losses.gaps} holes in streams, {losses.lost} bytes, at least {losses.messages} "
            "messages lost: packets are missing in the capture (tcpdump -B enlarges its buffer)"
        )
    if losses.unfinished:
        yield f"{losses.unfinished} messages are not whole: their stream, or the capture, ends"
    if losses.skipped:
        yield f"{losses.skipped} bytes of OpenIGTLink streams belong to no whole message"
    if packets.fragments:
        yield f"{packets.fragments} fragments of IP packets were left out"
    if packets.link_types:
        types = ", ".join(map(str, sorted(packets.link_types)))
        yield f"packets of link type {types} are not understood: capture on another interface"
    if not counts.messages:
        yield (
            f"no OpenIGTLink messages in {packets.segments} TCP packets and {packets.other} others"
        )
