"""Links that come back, and what they tell."""

from __future__ import annotations

from igtl.protocol.recovery import LinkEvent, Reconnect
from tests.net.shells import Link

__all__ = ["QUICK", "Events"]

QUICK = Reconnect(first_delay=0.01, longest_delay=0.05)


class Events(list[LinkEvent]):
    """What a link told, in order."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        link.on_event(self.append)

    @property
    def kinds(self) -> list[str]:
        """Without how often it was tried in vain."""
        return [one.kind for one in self if one.kind != "retrying"]
