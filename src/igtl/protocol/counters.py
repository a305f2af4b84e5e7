"""What a link has seen: every message is counted, and so is every loss."""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = ["Counters"]


@dataclass(slots=True)
class Counters:
    """Messages and bytes in both directions, and what went wrong.

    `dropped` counts messages that a full queue threw away, in either direction; `errors` counts
    messages that could not be decoded, and handlers that failed.
    """

    messages_received: int = 0
    bytes_received: int = 0
    messages_sent: int = 0
    bytes_sent: int = 0
    dropped: int = 0
    errors: int = 0

    def __add__(self, other: Counters) -> Counters:
        sums = (getattr(self, f.name) + getattr(other, f.name) for f in fields(self))
        return Counters(*sums)
