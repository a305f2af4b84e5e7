"""How often a transform had no pose for a frame, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

__all__ = ["PoseGaps", "gap_notes"]

_MOST_NAMED = 5


@dataclass(slots=True)
class PoseGaps:
    """Of one transform.

    Attributes:
        came: how many poses there were.
        first_ns, last_ns: when the first and the last of them arrived.
        frames: how many frames asked for one since then.
        missing: how many of those had none.
        oldest_ns: how old the newest one was then, at most; None where there was none before.
        apart: how often the times in the headers were to blame, not those of arrival.
    """

    came: int = 0
    first_ns: int = 0
    last_ns: int = 0
    frames: int = 0
    missing: int = 0
    oldest_ns: int | None = None
    apart: int = 0

    def arrived(self, arrival_ns: int) -> None:
        """There was a pose."""
        if not self.came:
            self.first_ns = arrival_ns
        self.came += 1
        self.last_ns = arrival_ns

    def lacks(self, age_ns: int | None, *, apart: bool) -> None:
        """A frame had none that is new enough; how old the newest one was."""
        self.missing += 1
        self.apart += apart
        if age_ns is not None:
            self.oldest_ns = max(age_ns, self.oldest_ns or 0)

    def forget(self) -> None:
        """No frame asked: those up to now are thrown away."""
        self.frames = self.missing = self.apart = 0
        self.oldest_ns = None

    def reason(self, max_age: float) -> str:
        """Why poses are missing, and what helps.

        Args:
            max_age: s, how old a pose may be.
        """
        if self.apart * 2 > self.missing:
            return (
                "by the times in the headers none was new enough; where clocks differ, --clock "
                "arrival goes by times of arrival"
            )
        if self.oldest_ns is None:
            return "there was none before"
        if self.came == 1:
            return f"it came once: --max-age {_rounded(self.oldest_ns / 1e9 + 1)} takes it"
        interval = (self.last_ns - self.first_ns) / 1e9 / (self.came - 1)
        if interval > max_age:
            return (
                f"it comes every {interval:#.2g} s: --max-age {_rounded(1.5 * interval)} takes it"
            )
        return f"there was none in the {max_age:g} s before"


def gap_notes(gaps: Mapping[str, PoseGaps], max_age: float) -> Iterator[str]:
    """A line for each transform that some frame lacks, the worst first.

    Args:
        gaps: by name.
        max_age: s, how old a pose may be.
    """
    lacking = [(name, one) for name, one in gaps.items() if one.missing]
    lacking.sort(key=lambda named: -named[1].missing)
    for name, one in lacking[:_MOST_NAMED]:
        yield (
            f"{name} is MISSING in {one.missing:,} of {one.frames:,} frames: {one.reason(max_age)}"
        )
    if rest := lacking[_MOST_NAMED:]:
        yield f"so are {len(rest):,} more transforms in some frames"


def _rounded(seconds: float) -> str:
    """Two digits are enough."""
    return f"{float(f'{seconds:.2g}'):g}"
