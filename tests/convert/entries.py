"""Entries to convert, and writers without readers: what the tests here share."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import igtl
from igtl.codec.frame import parse
from igtl.convert.formats import Target, ending_of, plan
from igtl.recording.entry import Entry
from igtl.recording.staging import Staging

__all__ = ["START_NS", "entry", "written"]

START_NS = 1_700_000_000_123_456_789
"""An arrival that no float holds exactly."""


def entry(message: igtl.Message, after_ns: int = 0, connection: str = "tracker") -> Entry:
    """A message that came so long after `START_NS`."""
    return Entry(START_NS + after_ns, connection, parse(igtl.encode(message)))


def written(
    entries: Iterable[Entry], target: Path, **options: Any
) -> tuple[tuple[Path, ...], list[str]]:
    """Gives entries to the writer of a target; its files, and why it left entries out."""
    several = list(entries)
    staging = Staging(target)
    writer = plan([target.parent], target, options).write(
        Target(staging, ending_of(target), several)
    )
    reasons = [reason for one in several if (reason := writer.add(one))]
    writer.close()
    return staging.commit(), reasons
