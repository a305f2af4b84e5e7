"""The frames of who sends VIDEO, passed on as they are to browsers that decode them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from igtl.messages import geometry
from igtl.messages.message import Message
from igtl.messages.video import Video
from igtl.video.bitstream import codec_string
from igtl.video.continuity import Continuity
from igtl.viewer.broadcast import Broadcast, Coded, Watcher
from igtl.viewer.slices import Picture

__all__ = ["Relay"]

#: What browsers call the codecs, with what comes before the first dot (WebCodecs).
_NAMES = {"H264": "avc1", "VP90": "vp09", "AV10": "av01"}
#: Frames on the way to a browser: decoders may hold back 16 of H.264, to bring them into order.
_MOST_UNSHOWN = 20
#: About four seconds.
_MOST_KEPT = 120
#: What no browser decodes, or has a name for.
_NONE = "none"
_TOO_LATE = "this browser does not keep up with the video; waiting for a key frame"


class Relay(Broadcast):
    """The frames of one device since the last key frame; who begins is given all of them, if kept.

    Attributes:
        codec: of the newest frame, as VIDEO calls it.
    """

    def __init__(self) -> None:
        super().__init__(most_unshown=_MOST_UNSHOWN, most_kept=_MOST_KEPT, too_late=_TOO_LATE)
        self.codec = self._needed = ""  # what a browser has to decode, as far as it is known
        self._continuity = Continuity()

    def watch(self, codecs: frozenset[str]) -> Watcher:
        """One more browser watches.

        Args:
            codecs: those that it decodes: "avc1", "vp09", "av01".
        """
        return Watcher(self, codecs)

    def take(self, message: Message, seq: int, received: float) -> None:
        """The next frame; by one thread."""
        if not isinstance(message, Video):
            return
        is_other, self.codec = self.codec != message.codec, message.codec
        if is_other:
            self._needed = _NAMES.get(message.codec, _NONE)
        if message.codec not in _NAMES:
            if is_other:
                self.lost("another stream began")
        elif self._continuity.takes(message):
            self._pass_on(message, seq, received)
        elif self._continuity.waiting and self.note != self._continuity.why:
            self.clear(self._continuity.why)

    def lost(self, why: str) -> None:
        """Frames are missing: go on with the next key frame."""
        self._continuity.lost(why)
        self.clear(self._continuity.why)

    def refusal(self, codecs: frozenset[str]) -> str:
        """Why a browser that decodes these cannot watch any more; "" while it can."""
        if self.why or not self._needed or self._needed in codecs:
            return self.why
        return f"this browser does not decode the sender's {self.codec}"

    def _pass_on(self, video: Video, seq: int, received: float) -> None:
        width, height, depth = video.size
        if depth != 1 or not width * height:
            return self.lost(f"a frame of {width} x {height} x {depth} pixels is no picture")
        is_key = self._continuity.is_key
        more: dict[str, Any] = {"format": "sent", "key": is_key}
        if is_key:
            more["codec"] = name = codec_string(video.codec, video.data, width * height)
            if video.codec != "H264":  # of which a later key frame may say more
                self._needed = _NAMES[video.codec] if name else _NONE
            if not name:
                return self.lost("the key frame does not say what a decoder must know")
        self.put(Coded(partial(_head, video, seq, received, more), video.data, is_key))
        return None


def _head(video: Video, seq: int, received: float, more: dict[str, Any]) -> dict[str, Any]:
    """That of an envelope."""
    width, height, _ = video.size
    shape = (1, height, width) if video.grey else (1, height, width, 3)
    there = video.ijk_to_world
    matrix = there if video.coordinates == "RAS" else geometry.flipped(there)
    blank = np.broadcast_to(np.uint8(0), shape)  # which takes no room
    picture = Picture(seq, video.timestamp, received, video.device_name, blank, matrix)
    return picture.slice().head() | more
