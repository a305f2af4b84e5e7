"""Printing messages one by one, in one of the formats."""

from __future__ import annotations

import sys

import igtl
from igtl.cli.formats import FORMATS, classic_head
from igtl.cli.reception import Arrival
from igtl.cli.terminal import say, warn

__all__ = ["Printer", "report", "tell_people"]


class Printer:
    """Prints messages, with a blank line between those of several lines.

    Args:
        name: of the format, one of `FORMATS`.
        endpoint: where the messages come from.
    """

    def __init__(self, name: str, endpoint: str) -> None:
        self._form, self._classic = FORMATS[name], name == "classic"
        self._between = ""
        if self._classic:
            say(classic_head(endpoint))

    def show(self, message: igtl.Message, arrival: float) -> None:
        """Print one message that came at `arrival`, in seconds since 1970 UTC."""
        say(self._between + self._form(message, arrival))
        self._between = "\n" if self._classic else ""

    def add(self, arrival: Arrival) -> None:
        """Print what arrived; what is malformed is reported on standard error."""
        if isinstance(arrival.message, igtl.DecodeError):
            report(arrival.message)
        else:
            self.show(arrival.message, arrival.time)


def report(error: igtl.DecodeError) -> None:
    """Say that a message was malformed."""
    warn(f"malformed message: {error}")


def tell_people(text: str) -> None:
    """Say something that only people at a terminal need to know."""
    if sys.stderr is not None and sys.stderr.isatty():
        warn(text)
