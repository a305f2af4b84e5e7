"""Exit statuses: what a script learns from how `igtl` ended."""

from __future__ import annotations

__all__ = ["DONE", "EXPLAINED", "FAILED", "INCOMPLETE", "INTERRUPTED", "USAGE", "Incomplete"]

DONE = 0
"""What was asked for was done; a server that closed the connection in order is no failure."""
FAILED = 1
"""It could not be done: no connection or a broken one, refused, port taken, disk full."""
USAGE = 2
"""The command line is wrong: an option, an endpoint, a message's field, a source."""
INCOMPLETE = 3
"""Something that was waited for did not come, however the connection ended meanwhile."""
INTERRUPTED = 130
"""Ended by Ctrl-C."""

EXPLAINED = """\
exit status:
  0    done; also when the server, or a pipe, ended what would have gone on
  1    failed: no connection, broken, refused, port taken, file missing
  2    wrong use: an option, endpoint, field or source is not understood
  3    incomplete: an answer, a server, a device or a --count of messages
       that was waited for did not come in time, or before the connection
       ended
  130  ended by Ctrl-C
  143  ended by SIGTERM; 129 by a terminal that was closed"""
"""For the end of every `--help`."""


class Incomplete(Exception):  # noqa: N818 - it is an outcome
    """Something that was waited for did not come; the text says what, and why."""
