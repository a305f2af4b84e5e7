"""What the library logs, shown as lines of ours."""

from __future__ import annotations

import logging

from igtl.cli.terminal import warn

__all__ = ["show_log"]


class _Lines(logging.Handler):
    """One line a record on standard error, without traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            warn(record.getMessage().removeprefix("igtl: "))
        except OSError:  # standard error is closed: nobody wants to know
            pass


def show_log() -> None:
    """Show the library's warnings from now on."""
    log = logging.getLogger("igtl")
    log.handlers = [_Lines(logging.WARNING)]
    log.propagate = False
