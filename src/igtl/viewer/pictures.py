"""The newest picture of each device that sends IMAGE or VIDEO."""

from __future__ import annotations

from collections.abc import Iterable

from igtl.codec.frame import Frame
from igtl.messages.image import Image
from igtl.messages.message import Unknown
from igtl.messages.registry import class_of
from igtl.messages.video import Video
from igtl.viewer.by_row import ByRow
from igtl.viewer.latest import Trouble
from igtl.viewer.picture_stream import PictureStream
from igtl.viewer.row import Row
from igtl.viewer.video_stream import VideoStream

__all__ = ["Pictures"]

#: So many bytes of video are kept for browsers that begin to watch: of one device, and of all.
_MOST_OF_ONE, _MOST_OF_ALL = 16 << 20, 256 << 20


class Pictures(ByRow[PictureStream]):
    """Keeps the newest picture of each row.

    Args:
        trouble: is told of malformed messages: `Values.trouble`.
    """

    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self._trouble = trouble

    def lost(self, why: str, rows: Iterable[Row]) -> None:
        """Tell that messages of some rows are missing, or that those of another time come."""
        for row in rows:
            stream = self.of(row.id)
            if stream is not None:
                stream.lost(why)

    def close(self) -> None:
        """Stop all threads."""
        for stream in self:
            stream.close()

    def opened(self, row: Row, frame: Frame) -> PictureStream | None:
        """A new row's stream; None where its messages are no pictures."""
        kind = class_of(frame.raw_type) or Unknown
        if issubclass(kind, Image):
            return PictureStream(row, self._trouble)
        if issubclass(kind, Video):
            return self._opened_video(row)
        return None

    def _opened_video(self, row: Row) -> VideoStream:
        """One more device has its share of what is kept of video: the others have less."""
        stream = VideoStream(row, self._trouble)
        relays = [one.relay for one in (*self, stream) if one.relay is not None]
        for relay in relays:
            relay.limit(min(_MOST_OF_ONE, _MOST_OF_ALL // len(relays)))
        return stream
