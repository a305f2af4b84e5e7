"""The pictures of one device that sends IMAGE, of which the newest one counts."""

from __future__ import annotations

from igtl.errors import DecodeError
from igtl.messages.image import Image
from igtl.messages.message import Message
from igtl.viewer.latest import Latest
from igtl.viewer.relay import Relay
from igtl.viewer.slices import Picture, picture_of

__all__ = ["PictureStream"]


class PictureStream(Latest[Picture]):
    """The pictures of one row; those of VIDEO are in `igtl.viewer.video_stream`."""

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
