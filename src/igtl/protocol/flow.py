"""What one client asked to be sent, and how fast: streams, silence, and the wishes of CLIENTINFO.

No input and output, and no clock: the time is an argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from igtl.codec.text import decode_fixed
from igtl.errors import MessageError
from igtl.messages.message import Message
from igtl.messages.registry import class_of
from igtl.protocol.gaps import Gaps
from igtl.protocol.newest import Key
from igtl.protocol.outgoing import Outgoing
from igtl.protocol.plus import Subscription as Wishes
from igtl.protocol.profile import Profile

__all__ = ["VERSION_1", "Flow", "Flows", "in_version_1"]


def _plain(message: Message) -> Message:
    """The message without metadata and message id, where its type can do without."""
    if message.lowest_version > 1 or (message.header_version or 1) < 2:
        return message
    return message.replace(header_version=1, metadata={}, message_id=0)


#: Who asks with header version 1, and never showed another, may not get over the rest.
VERSION_1 = Profile("header version 1", contents={Message: _plain})
#: Types that a CLIENTINFO gives an interval for.
_TRACKING = ("TDATA", "QTDATA")
#: So many devices have a pace of their own in one stream.
_MOST_DEVICES = 2000
#: A video passes whole if it comes at most so many times as fast as asked, on the mean of about so
#: many frames: their intervals are never all alike. Before any came, that mean is taken for
#: `_AT_FIRST` of what was asked, so that a second frame after half of that is too soon.
_LENIENT, _FRAMES, _AT_FIRST = 1.25, 8, 0.81


class Flow:
    """One stream: messages of a class, each device no faster than asked.

    What comes too soon is held, the newest only, until its time has come; so the last message of
    a device always arrives. Beyond 2000 devices, those heard of first are forgotten.

    Frames of video build on each other. A video that comes no faster than asked passes whole, each
    frame at once; a faster one is cut down to its key frames, and of these what comes too soon is
    held as above.

    Args:
        interval: least seconds between two messages of a device; 0 lets everything pass.
        version: highest header version that who asked for it is known to read.
        gaps: the videos of which this client lacks a frame.

    Attributes:
        without: names of devices that are not part of it any more.
    """

    def __init__(self, interval: float, version: int = 2, gaps: Gaps | None = None) -> None:
        self.interval, self._version = max(0.0, interval), version
        self._free_at: dict[Key, float] = {}
        self._held: dict[Key, Outgoing] = {}
        self._came: dict[Key, tuple[float, float]] = {}  # a video's last frame, s between frames
        self._gaps = gaps or Gaps()
        self.without: set[str] = set()

    def pass_on(self, item: Outgoing, now: float) -> Outgoing | None:
        """What of an item may go out now; None holds it."""
        if not self.interval:
            return self._readable(item) if self._gaps.follows(item) else None
        item = item.last()
        if item.is_video:
            if self._is_slow(item.kind, now):
                return self._pass(item, now) if self._gaps.follows(item) else None
            self._gaps.begin(item)
            if item.builds:
                return None
        if now < self._free_at.get(item.kind, now):
            self.hold(item, now)
            return None
        return self._pass(item, now)

    def _is_slow(self, kind: Key, now: float) -> bool:
        """Whether a video, a frame of which has come, is about as slow as asked."""
        last, mean = self._came.get(kind, (now - self.interval, self.interval * _AT_FIRST))
        mean += (min(now - last, self.interval * _FRAMES) - mean) / _FRAMES
        self._came[kind] = now, mean
        _trim(self._came)
        return mean * _LENIENT >= self.interval

    def _pass(self, item: Outgoing, now: float) -> Outgoing:
        """The item; the next one has to wait for its time."""
        self._held.pop(item.kind, None)
        self._free_at[item.kind] = now + self.interval
        _trim(self._free_at)  # if something of the forgotten one is held, it is due now
        return self._readable(item)

    def hold(self, item: Outgoing, now: float) -> None:
        """Keep an item until its time comes."""
        self._held[item.kind] = item
        self._free_at.setdefault(item.kind, now + self.interval)
        for devices in (self._held, self._free_at):
            _trim(devices)

    def due(self, now: float) -> list[Outgoing]:
        """What was held, and may go out now."""
        ready = [kind for kind in self._held if self._free_at.get(kind, now) <= now]
        self._free_at.update(dict.fromkeys(ready, now + self.interval))
        _trim(self._free_at)
        return [self._readable(self._held.pop(kind)) for kind in ready]

    def next_due(self) -> float | None:
        """When something that is held may go out."""
        return min((self._free_at.get(kind, 0.0) for kind in self._held), default=None)

    def _readable(self, item: Outgoing) -> Outgoing:
        return item if self._version > 1 else in_version_1(item)


def _trim(devices: dict[Key, Any]) -> None:
    """Forget those that were heard of first."""
    while len(devices) > _MOST_DEVICES:
        del devices[next(iter(devices))]


def in_version_1(item: Outgoing) -> Outgoing:
    """The item with a header of version 1, where its type can have one."""
    try:
        return item if item.buffers[0][1] < 2 else item.for_peer(VERSION_1)
    except MessageError:  # it cannot be decoded: a recording may hold such
        return item


class Flows:
    """All that one client asked to be sent, and not to be sent.

    Who asked for nothing gets everything that is published. A video of which something was not sent
    goes on with a key frame, whatever is asked for next.
    """

    def __init__(self) -> None:
        self._flows: dict[tuple[type[Message], str], Flow] = {}
        self._muted: set[tuple[type[Message], str]] = set()
        self.wishes: Wishes | None = None
        self._tracking = Flow(0.0)
        self._gaps = Gaps()

    @property
    def plain(self) -> bool:
        """Whether all that is published goes out as it comes."""
        return not (self._flows or self._muted or self.wishes or self._gaps.streams)

    def start(self, cls: type[Message], device: str, interval: float, *, version: int = 2) -> None:
        """Begin a stream, or change the pace of one; an empty device name is every device."""
        self._flows[cls, device] = Flow(interval, version, self._gaps)

    def has(self, cls: type[Message], device: str) -> bool:
        """Whether there is a stream of a class, and of a device if one is named."""
        return any(one[0] is cls and device in ("", one[1]) for one in self._flows)

    def stop(self, cls: type[Message], device: str) -> None:
        """End streams of a class, one device's or all.

        All is then as it was before they began: what is published comes again. Where there was no
        stream, what is published does not go to this client any more. One device of a stream of
        all leaves it, and does not come until that ends.
        """
        if device and (cls, device) not in self._flows and (cls, "") in self._flows:
            self._flows[cls, ""].without.add(device)
        elif self.has(cls, device):
            for one in [one for one in self._flows if one[0] is cls and device in ("", one[1])]:
                del self._flows[one]
        else:
            self._muted.add((cls, device))

    def subscribe(self, wishes: Wishes) -> None:
        """Send what a CLIENTINFO asks for, instead of what others did before."""
        self.wishes, self._tracking = wishes, Flow(wishes.tracking_interval)

    def pick(self, items: Sequence[Outgoing], now: float, *, pushed: bool) -> list[Outgoing]:
        """Which of the items go out now.

        Args:
            pushed: whether they also go to who did not ask for them.
        """
        return [one for item in items if (one := self._pick(item, now, pushed)) is not None]

    def hold(self, items: Sequence[Outgoing], now: float) -> list[Outgoing]:
        """Keep items that were due and found no room until theirs is; those that nobody keeps."""
        lost = []
        for item in items:
            flow = self._flow(item.kind) or self._wished(item.kind)
            if flow is None or self._leaves(item.kind):
                lost.append(item)
            else:
                flow.hold(item, now)
        return lost

    def _pick(self, item: Outgoing, now: float, pushed: bool) -> Outgoing | None:
        kind = item.kind
        flow = self._flow(kind)
        if flow is None and not pushed:
            return None
        if self._leaves(kind) if flow else self._is_unwanted(kind):
            self._gaps.begin(item)
            return None
        flow = flow or self._wished(kind)
        if flow:
            return flow.pass_on(item, now)
        return item if self._gaps.follows(item) else None

    def _is_unwanted(self, kind: Key) -> bool:
        """Whether a device without a stream was silenced, or left out by a CLIENTINFO."""
        if self._is_muted(kind):
            return True
        return self.wishes is not None and not self.wishes.wants(*map(decode_fixed, kind))

    def _wished(self, kind: Key) -> Flow | None:
        """The pace that a CLIENTINFO asked for."""
        paced = self.wishes is not None and decode_fixed(kind[0]) in _TRACKING
        return self._tracking if paced else None

    def _flow(self, kind: Key) -> Flow | None:
        """The stream that a device's messages belong to: its own, else that of every device."""
        cls, name = class_of(kind[0]), decode_fixed(kind[1])
        if cls is None:
            return None
        return self._flows.get((cls, name)) or self._flows.get((cls, ""))

    def _leaves(self, kind: Key) -> bool:
        """Whether a device has left the stream of every device that it would belong to."""
        flow = self._flow(kind)
        return flow is not None and decode_fixed(kind[1]) in flow.without

    def _is_muted(self, kind: Key) -> bool:
        """Whether a device was silenced by STP_."""
        cls = class_of(kind[0])
        return cls is not None and bool(self._muted & {(cls, decode_fixed(kind[1])), (cls, "")})

    def due(self, now: float) -> list[Outgoing]:
        """What was held, and may go out now."""
        streamed = [
            item
            for flow in self._flows.values()
            for item in flow.due(now)
            if self._flow(item.kind) is flow and not self._leaves(item.kind)  # or of its own pace
        ]
        wished = [item for item in self._tracking.due(now) if not self._is_muted(item.kind)]
        return streamed + wished

    def next_due(self) -> float | None:
        """When something that is held may go out."""
        return min(self._times(), default=None)

    def _times(self) -> Iterator[float]:
        for flow in (*self._flows.values(), self._tracking):
            when = flow.next_due()
            if when is not None:
                yield when
