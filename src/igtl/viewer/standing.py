"""How a device stands, in one word and a note for people."""

from __future__ import annotations

from typing import Literal, NamedTuple

from igtl.messages.pose import status_of
from igtl.viewer.row import Row

__all__ = ["Standing", "State", "standing"]

State = Literal["live", "once", "silent", "stale", "bad"]

#: So many messages are no habit.
_A_FEW = 2
#: A header time may stand still for so long, in s.
_STILL_S = 2.0


class Standing(NamedTuple):
    """How a row stands.

    live: it comes. once: it came once or twice, or all at once, or not since the counts were set to
    0. silent: it came regularly and stopped, or its connection is lost. stale: it still comes, but
    its own time stands still. bad: the newest message is malformed, or the sender says that its
    pose is not valid.
    """

    state: State
    note: str = ""
    """Why, for people; "" where the state says it all."""


def standing(row: Row, now: float) -> Standing:
    """How a row stands at `now`. What its newest message means counts if somebody looked at it."""
    trouble, seen, interval = row.trouble, row.seen, row.interval
    if row.is_cut:
        return Standing("silent", "nothing since the connection was lost")
    if trouble:
        return Standing("bad", f"the last message is malformed: {trouble}")
    if interval is not None:
        if row.is_silent(now):
            return Standing("silent", f"it came {1 / interval:.3g} times a second, and stopped")
    elif not row.messages:
        return Standing("once", "nothing since the counts were set to 0")
    elif row.messages <= _A_FEW:
        return Standing("once")
    elif row.age(now) > _STILL_S:
        return Standing("once", f"{row.messages} messages came at once")
    status = "" if seen is None else status_of(seen.metadata)
    if status not in ("", "OK"):
        return Standing("bad", f"its sender says of the pose: {status}")
    if row.stands_still > _STILL_S:
        return Standing("stale", "it comes, but its own time stands still")
    return Standing("live")
