"""Exit statuses: what a script learns from how `igtl` ended."""

from __future__ import annotations

__all__ = ["DONE", "EXPLAINED", "FAILED", "INCOMPLETE", "INTERRUPTED", "USAGE"]

DONE = 0
"""What was asked for was done; a server that closed the connection in order is no failure."""
FAILED = 1
"""It could not be done: no connection, refused, port taken, package missing, disk full."""
USAGE = 2
"""The command line is wrong: an option, an endpoint, a message's field, a source."""
INCOMPLETE = 3
"""Something that was waited for did not come."""
INTERRUPTED = 130
"""Ended by Ctrl-C."""

EXPLAINED = """\
exit status:
  0    done; also when the server closed the connection, or a pipe its end
  1    failed: no connection, refused, port taken, package or file missing
  2    wrong use: an option, endpoint, field or source is not understood
  3    incomplete: what was waited for did not come in time
  130  ended by Ctrl-C"""
"""For the end of every `--help`."""
