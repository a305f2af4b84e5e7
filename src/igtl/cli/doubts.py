"""What people should look at before they serve some sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import igtl
from igtl.codec.frame import Frame
from igtl.sources import Source

__all__ = ["doubts"]

_MOST_NAMED = 4


def doubts(
    opened: Sequence[Source], first: Sequence[Sequence[igtl.Message | Frame]], codec: str | None
) -> Iterator[str]:
    """What may not be as it was meant, as far as the sources and their first messages show.

    Sources with some names in common and some of their own belong together: the tracker and the
    ultrasound do.
    """
    for source, messages in zip(opened, first, strict=True):
        yield from getattr(source, "notes", ())
        if codec and messages and not getattr(source, "has_images", True):
            yield f"{source.name} gives no images: there is nothing to send as {codec}"
    names = [set(map(_name, messages)) for messages in first]
    shared = ((one & other, one, other) for one, other in combinations(names, 2))
    twice = sorted(set().union(*(both for both, *each in shared if both in each)))
    if twice:
        told = ", ".join(twice[:_MOST_NAMED]) + ", ..." * (len(twice) > _MOST_NAMED)
        yield f"several sources send {told}: receivers cannot tell them apart"


def _name(message: igtl.Message | Frame) -> str:
    kind = message.type_name if isinstance(message, Frame) else message.wire_type
    return f"{message.device_name} ({kind})"
