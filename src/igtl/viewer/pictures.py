"""The newest picture of each device that sends IMAGE or VIDEO."""

from __future__ import annotations

from igtl.codec.frame import Frame
from igtl.errors import DecodeError
from igtl.messages.image import Image
from igtl.messages.message import Unknown, decode_frame
from igtl.messages.registry import class_of
from igtl.messages.video import Video
from igtl.viewer.by_row import ByRow
from igtl.viewer.latest import Latest, Trouble
from igtl.viewer.slices import Picture, picture_of
from igtl.viewer.statistics import Row

__all__ = ["PictureStream", "Pictures"]


class PictureStream(Latest[Picture]):
    """The pictures of one row, of which the newest one counts: those of IMAGE.

    `igtl.viewer.video_stream` has the same for VIDEO.
    """

    large = 4 << 20

    async def after(self, seq: int, seconds: float) -> Picture | None:
        """The newest picture, as soon as there is one that is not `seq`; None: not in time.

        Malformed ones are passed over. Large ones are decoded in a thread.

        Args:
            seq: what the asker has; 0: nothing.
            seconds: how long to wait.
        """
        return await self.later(seq, seconds)

    def made(self, seq: int, frame: Frame, received: float) -> Picture:
        """The picture in a message.

        Raises:
            DecodeError: it is malformed, or has no pixels.
        """
        image = decode_frame(frame)
        if not isinstance(image, Image) or not image.pixels.size:
            raise DecodeError(f"{frame.label}: an image without pixels")
        return picture_of(image, seq, received)


class Pictures(ByRow[PictureStream]):
    """Keeps the newest picture of each row.

    Args:
        trouble: is told of malformed messages: `Values.trouble`.
    """

    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self._trouble = trouble

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

            return VideoStream(row, self._trouble)
        return None
