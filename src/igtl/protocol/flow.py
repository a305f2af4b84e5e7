"""What one client asked to be sent, and how fast: streams, silence, and the wishes of CLIENTINFO.

No input and output, and no clock: the time is an argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from igtl.messages.message import Message
from igtl.messages.registry import class_of
from igtl.protocol.newest import Key
from igtl.protocol.outbox import Outgoing
from igtl.protocol.plus import Subscription as Wishes

__all__ = ["Flow", "Flows"]


class Flow:
    """One stream: messages of a class, each device no faster than asked.

    What comes too soon is held, the newest only, until its time has come; so the last message of
    a device always arrives.

    Args:
        interval: least seconds between two messages of a device; 0 lets everything pass.
    """

    def __init__(self, interval: float) -> None:
        self.interval = max(0.0, interval)
        self._free_at: dict[Key, float] = {}
        self._held: dict[Key, Outgoing] = {}

    def pass_on(self, item: Outgoing, now: float) -> Outgoing | None:
        """What of an item may go out now; None holds it."""
        if not self.interval:
            return item
        item = item.last()
        if now < self._free_at.get(item.kind, now):
            self._held[item.kind] = item
            return None
        self._held.pop(item.kind, None)
        self._free_at[item.kind] = now + self.interval
        return item

    def due(self, now: float) -> list[Outgoing]:
        """What was held, and may go out now."""
        ready = [kind for kind in self._held if self._free_at[kind] <= now]
        self._free_at.update(dict.fromkeys(ready, now + self.interval))
        return [self._held.pop(kind) for kind in ready]

    def next_due(self) -> float | None:
        """When something that is held may go out."""
        return min((self._free_at[kind] for kind in self._held), default=None)


class Flows:
    """All that one client asked to be sent, and not to be sent.

    Who asked for nothing gets everything that is published.
    """

    def __init__(self) -> None:
        self._flows: dict[tuple[type[Message], str], Flow] = {}
        self._muted: set[tuple[type[Message], str]] = set()
        self.wishes: Wishes | None = None

    @property
    def plain(self) -> bool:
        """Whether all that is published goes out as it comes."""
        return not (self._flows or self._muted or self.wishes)

    def start(self, cls: type[Message], device: str, interval: float) -> None:
        """Begin a stream, or change the pace of one; an empty device name is every device."""
        self._flows[cls, device] = Flow(interval)
        self._muted -= {one for one in self._muted if one[0] is cls and device in ("", one[1])}

    def stop(self, cls: type[Message], device: str) -> bool:
        """End streams of a class, one device's or all; whether there was one.

        What is published does not go to this client either, until it asks again.
        """
        ended = [one for one in self._flows if one[0] is cls and device in ("", one[1])]
        for one in ended:
            del self._flows[one]
        self._muted.add((cls, device))
        return bool(ended)

    def pick(self, items: Sequence[Outgoing], now: float, *, pushed: bool) -> list[Outgoing]:
        """Which of the items go out now.

        Args:
            pushed: whether they also go to who did not ask for them.
        """
        return [one for item in items if (one := self._pick(item, now, pushed)) is not None]

    def _pick(self, item: Outgoing, now: float, pushed: bool) -> Outgoing | None:
        raw_type, raw_name = item.kind
        cls, name = class_of(raw_type), raw_name.partition(b"\0")[0].decode("utf-8", "replace")
        if cls is not None and (flow := self._flow(cls, name)) is not None:
            return flow.pass_on(item, now)
        if not pushed or (cls is not None and self._muted & {(cls, name), (cls, "")}):
            return None
        if self.wishes is None:
            return item
        wire_type = raw_type.partition(b"\0")[0].decode("ascii", "replace")
        return item if self.wishes.wants(wire_type, name) else None

    def _flow(self, cls: type[Message], name: str) -> Flow | None:
        """The stream that a device's messages belong to: its own, else that of every device."""
        own = self._flows.get((cls, name))
        if own is None and (cls, name) not in self._muted:
            return self._flows.get((cls, ""))
        return own

    def due(self, now: float) -> list[Outgoing]:
        """What was held, and may go out now."""
        return [item for flow in self._flows.values() for item in flow.due(now)]

    def next_due(self) -> float | None:
        """When something that is held may go out."""
        return min(self._times(), default=None)

    def _times(self) -> Iterator[float]:
        for flow in self._flows.values():
            when = flow.next_due()
            if when is not None:
                yield when
