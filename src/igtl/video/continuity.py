"""Whether a frame of video has all that it builds on."""

from __future__ import annotations

from igtl.messages.video import Video
from igtl.video.bitstream import begins_stream
from igtl.video.numbering import follows, number_of

__all__ = ["Continuity"]

_Kind = tuple[str, str, tuple[int, int, int], bool]


class Continuity:
    """Follows the frames of one device: from a key frame on, up to a gap, and on from the next one.

    A gap is seen by the numbers that igtl's encoder gives its frames, or where device, codec, size
    or colour change; else somebody has to tell (`lost`).

    Attributes:
        waiting: whether the next frame has to be a key frame.
        why: why the last frame was not taken; "" when it was.
        is_key: whether a decoder can begin with the frame that was taken last.
        is_first: whether it has to, as there was a gap before it.
    """

    def __init__(self) -> None:
        self.waiting, self.why = True, "no key frame has come yet"
        self.is_key = self.is_first = False
        self._kind: _Kind | None = None
        self._number: int | None = None

    def takes(self, video: Video) -> bool:
        """Whether the next frame can be decoded, after those that were taken before.

        Args:
            video: of a codec that `igtl.video.bitstream` knows.
        """
        number, before = number_of(video.metadata), self._number
        self._number = number
        if not video.data:  # a frame that the encoder left out
            self.why = "a frame without data"
            return False
        if self._is_other(video):
            self.lost("another stream began")
        elif not follows(number, before):
            self.lost(f"frame {number} came after {before}")
        self._number = number
        self.is_key = begins_stream(video.codec, video.data)
        if self.waiting and not self.is_key:
            return False
        self.is_first, self.waiting, self.why = self.waiting, False, ""
        return True

    def passed(self, video: Video) -> None:
        """A frame went by that builds on nothing, and on which nothing is built."""
        self._kind, self._number = _kind(video), None
        self.waiting, self.why = False, ""

    def lost(self, why: str) -> None:
        """Frames are missing: wait for the next key frame."""
        self.waiting, self.why, self._number = True, f"{why}; waiting for a key frame", None

    def _is_other(self, video: Video) -> bool:
        """Whether a frame is of another stream than the one before it."""
        before, self._kind = self._kind, _kind(video)
        return before not in (None, self._kind)


def _kind(video: Video) -> _Kind:
    """What stays the same within one stream."""
    return video.device_name, video.codec, video.size, video.grey
