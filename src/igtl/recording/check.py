"""Reading all of a recording, to see whether it is as it was written and as it was sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from igtl.codec.frame import HEADER_SIZE
from igtl.recording.contents import intact
from igtl.recording.recording import Part, Recording

__all__ = ["Check", "check"]

#: The numbers of messages start anew after so many.
_NUMBERS = 1 << 32


@dataclass(slots=True)
class Check:
    """What was found. Damage is in `Recording.damage`, which knows all of it afterwards."""

    messages: int = 0
    """That were read."""
    bytes: int = 0
    """Of these, headers included."""
    wrong: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """Messages whose CRC-64 is wrong, by connection, type and device."""
    missing: int = 0
    """Messages whose number was left out: they were recorded, and are lost."""

    @property
    def checksum_errors(self) -> int:
        """Messages whose CRC-64 is wrong."""
        return sum(self.wrong.values())


def check(recording: Recording, progress: Callable[[Check], None]) -> Check:
    """Read everything; verify the CRC-32 of each chunk and the CRC-64 of each message.

    Args:
        recording: or what was selected of it.
        progress: told now and then how far it is.
    """
    found, numbers = Check(), _Numbers()
    for part in recording.parts():
        found.messages += len(part.sizes)
        found.bytes += int(part.sizes.sum()) + HEADER_SIZE * len(part.sizes)
        _count_wrong(part, found.wrong)
        numbers.add(part)
        progress(found)
    found.missing = numbers.missing
    return found


def _count_wrong(part: Part, wrong: dict[tuple[str, str, str], int]) -> None:
    channels = part.messages.heads["channel"][~intact(part)]
    for number, count in zip(*np.unique(channels, return_counts=True), strict=True):
        key = part.scan.keys[int(number)]
        name = key.connection, key.wire_type, key.device_name
        wrong[name] = wrong.get(name, 0) + int(count)


class _Numbers:
    """The running numbers of messages, channel by channel: what is left out was lost."""

    def __init__(self) -> None:
        self._last: dict[tuple[int, int], int] = {}
        self.missing = 0

    def add(self, part: Part) -> None:
        """Take a block's."""
        heads = part.messages.heads
        for channel in np.unique(heads["channel"]).tolist():
            numbers = heads["sequence"][heads["channel"] == channel].astype(np.int64)
            last = self._last.get((id(part.scan), channel))
            if last is not None:
                numbers = np.concatenate(([last], numbers))
            self._last[id(part.scan), channel] = int(numbers[-1])
            steps = np.diff(numbers) % _NUMBERS
            # programs that do not number messages give all of them 0, or anything
            self.missing += int((steps[(steps > 0) & (steps < _NUMBERS // 2)] - 1).sum())
