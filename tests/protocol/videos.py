"""Frames of video that carry their number, and whether those that came can be decoded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import igtl
from igtl.codec.frame import Frame
from igtl.messages.video import FrameType
from igtl.protocol.outgoing import Outgoing

__all__ = ["KINDS", "frame", "frames", "is_whole", "letters", "told"]

KINDS = {
    "K": FrameType.KEY,
    "I": FrameType.INTRA,
    "p": FrameType.INTER,
    "s": FrameType.SKIP,
    "?": FrameType.UNKNOWN,
}


def frame(kind: str, number: int, *, device: str = "US", size: int = 0) -> Outgoing:
    """A frame of a kind, its number as its time, with an encoded picture of `size` bytes."""
    video = igtl.Video(
        "H264",
        bytes(size),
        frame_type=KINDS[kind],
        size=(8, 8, 1),
        device_name=device,
        timestamp=float(number),
    )
    return Outgoing(video, 0.0)


def frames(kinds: str, first: int = 1) -> list[Outgoing]:
    """Frames of these kinds, numbered one after another."""
    return [frame(kind, number) for number, kind in enumerate(kinds, first)]


def told(items: Iterable[Outgoing]) -> list[Frame]:
    """The frames as they go out."""
    return [one for item in items for one in item.frames()]


def letters(came: Iterable[Frame]) -> str:
    """The kinds of frames of video."""
    names = {kind: letter for letter, kind in KINDS.items()}
    return "".join(names[FrameType(int.from_bytes(one.body[7:9]))] for one in came)


def is_whole(came: Sequence[Frame]) -> bool:
    """Whether each frame of one stream that builds on the one before it came right behind that.

    Frames in front of the first other one are passed over: nobody can make anything of them.
    """
    numbers = [one.raw_time >> 32 for one in came]
    kinds = letters(came)
    begun = next((at for at, kind in enumerate(kinds) if kind not in "ps"), len(kinds))
    follows = [after == before + 1 for before, after in pairwise(numbers)]
    return all(
        kind not in "ps" or followed
        for kind, followed in zip(kinds[begun + 1 :], follows[begun:], strict=True)
    )
