"""The newest picture of each device that sends IMAGE or VIDEO."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from igtl.codec.frame import Frame
from igtl.errors import DecodeError
from igtl.messages.image import Image
from igtl.messages.message import Message, Unknown
from igtl.messages.registry import class_of
from igtl.messages.video import Video
from igtl.viewer.by_row import ByRow
from igtl.viewer.latest import Latest, Trouble
from igtl.viewer.row import Row
from igtl.viewer.slices import Picture, picture_of

if TYPE_CHECKING:
    from igtl.viewer.relay import Relay

__all__ = ["PictureStream", "Pictures"]

#: So many bytes of frames of video are kept for browsers that begin to watch: of one device, and of
#: all, as far as the many after the first few get by with less.
_MOST_OF_ONE, _MOST_OF_ALL = 16 << 20, 256 << 20


class PictureStream(Latest[Picture]):
    """The pictures of one row, of which the newest one counts: those of IMAGE.

    `igtl.viewer.video_stream` has the same for VIDEO.
    """

    large = 4 << 20
    #: What the device encoded itself, to be watched as it is; None where it does not.
    relay: Relay | None = None

    def lost(self, why: str) -> None:
        """Tell that messages are missing, or that what comes now is of another time."""

    def made(self, message: Message, seq: int, received: float) -> Picture:
        """The picture in a message.

        Raises:
            DecodeError: it has no pixels.
        """
        if not isinstance(message, Image) or not message.pixels.size:
            raise DecodeError(
                f"{message.wire_type} of device {message.device_name!r}: an image without pixels"
            )
        return picture_of(message, seq, received)


class Pictures(ByRow[PictureStream]):
    """Keeps the newest picture of each row.

    Args:
        trouble: is told of malformed messages: `Values.trouble`.
    """

    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self._trouble, self._videos = trouble, 0

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
            from igtl.viewer.video_stream import VideoStream

            self._videos += 1
            most_bytes = min(_MOST_OF_ONE, _MOST_OF_ALL // self._videos)
            return VideoStream(row, self._trouble, most_bytes=most_bytes)
        return None
