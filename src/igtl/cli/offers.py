"""What a server says that it has, whether it sends it by itself or not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import NamedTuple

import igtl
from igtl.protocol.replies import parameters, root_of

__all__ = ["Offer", "offers_in", "offers_of"]

_COMMAND = "RequestDeviceIds"
#: A server may name devices without end.
_MOST = 1000


class Offer(NamedTuple):
    """One thing that may be asked for."""

    device_name: str
    wire_type: str
    """Empty where the server names devices only, as PLUS does."""


def offers_of(
    link: igtl.Client, capabilities: Collection[str] | None, timeout: float
) -> tuple[Offer, ...]:
    """What a server says that it has; nothing where it cannot be asked, or does not say.

    The command RequestDeviceIds is sent to PLUS, and to servers that say that they take commands:
    others might not survive it.

    Args:
        capabilities: the wire types that it understands, where it says so.
        timeout: seconds to wait for its reply.
    """
    if "COMMAND" not in (capabilities or ()) and not link.profile.name.startswith("plus"):
        return ()
    try:
        reply = link.command(_COMMAND, timeout=timeout)
    except igtl.OpenIGTLinkError:
        return ()
    return tuple(islice(offers_in(reply), _MOST))


def offers_in(reply: igtl.CommandReply) -> Iterator[Offer]:
    """The devices that a reply names: with their types as igtl does, or names only as PLUS does."""
    root = root_of(reply.content)
    found = [] if root is None else root.findall("Device")
    for one in found:
        yield Offer(one.get("Name", ""), one.get("Type", ""))
    if not found:
        names = parameters(reply).get("Message", "").split(",")
        yield from (Offer(name.strip(), "") for name in names if name.strip())
