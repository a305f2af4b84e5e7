"""How a link behaves, as `connect` was told."""

from __future__ import annotations

from dataclasses import dataclass

from igtl.errors import MessageError
from igtl.protocol.liveness import KeepAlive
from igtl.protocol.profile import Profile, named
from igtl.protocol.recovery import Reconnect

__all__ = ["Habits"]


@dataclass(frozen=True)
class Habits:
    """How a link behaves, as `connect` was told.

    Attributes:
        max_body: a message with a larger body ends the connection.
        profile: name of what the peer is, or the `Profile`; "auto" recognises it.
        reconnect: how to restore the link; None: not.
        keep_alive: seconds of silence after which the peer is given up; None: never.
    """

    max_body: int
    profile: str | Profile = "auto"
    reconnect: Reconnect | None = None
    keep_alive: float | None = None

    @classmethod
    def of(
        cls,
        max_body: int,
        profile: str | Profile,
        reconnect: bool | Reconnect,
        keep_alive: float | None,
    ) -> Habits:
        """The habits that `connect` was asked for; MessageError when they make no sense."""
        named(profile)
        if keep_alive is not None:
            KeepAlive(keep_alive)
        return cls(max_body, profile, _plan(reconnect), keep_alive)


def _plan(reconnect: bool | Reconnect | None) -> Reconnect | None:
    """How to restore a link; None: not."""
    if reconnect is True:
        return Reconnect()
    if reconnect is False or reconnect is None:
        return None
    if isinstance(reconnect, Reconnect):
        return reconnect
    raise MessageError(
        f"reconnect is {reconnect!r}, expected True, False or igtl.Reconnect(first_delay=...)"
    )
