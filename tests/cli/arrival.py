"""Messages as if they had just arrived."""

from __future__ import annotations

import igtl
from igtl.cli.reception import Arrival
from igtl.codec.frame import parse

__all__ = ["arrival_of", "malformed"]


def arrival_of(message: igtl.Message) -> Arrival:
    """A message that came in good order."""
    data = igtl.encode(message)
    return Arrival(parse(data), 1e9, igtl.decode(data))


def malformed(message: igtl.Message) -> Arrival:
    """The same, but its meaning was lost."""
    return Arrival(parse(igtl.encode(message)), 1e9, igtl.DecodeError("damaged"))
