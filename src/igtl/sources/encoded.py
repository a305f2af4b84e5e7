"""Any source with its images compressed: VIDEO instead of IMAGE."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Sequence

from igtl.codec.frame import Frame
from igtl.errors import DecodeError, MessageError
from igtl.messages import Image, Message, Video, decode_frame
from igtl.sources.source import Source, close_source
from igtl.video import Encoder

__all__ = ["EncodedSource"]

_log = logging.getLogger("igtl")
_IMAGE = b"IMAGE".ljust(12, b"\0")


class EncodedSource:
    """What another source gives, its images as VIDEO, one encoder for each device.

    Whoever comes gets a key frame first, as decoding can begin with no other. Images that the codec
    cannot take are sent as they are; the log says so once for each device.

    Args:
        source: where the images come from.
        codec: "H264", "VP90", "X265", "O265", "AV10" or "I420".
        audience: who receives now; asked at each tick. Without it, call `request_key`.

    Raises:
        MessageError: there is no such codec.
        MissingExtraError: PyAV is not installed.
    """

    def __init__(
        self,
        source: Source,
        codec: str,
        audience: Callable[[], Collection[object]] = tuple,
    ) -> None:
        self._source, self._codec, self._audience = source, codec, audience
        Encoder(codec).close()  # it says what is missing
        self.name, self.rate = source.name, source.rate
        if (next_time := getattr(source, "next_time", None)) is not None:
            self.next_time = next_time
        self._encoders: dict[str, Encoder] = {}
        self._newest: dict[str, Image] = {}
        self._refused: set[str] = set()
        self._known: Collection[object] = ()
        self._requests: dict[object, float] = {}  # of each listener the last one
        self._paced: dict[object, int] = {}  # ticks from one key frame to the next
        self._since_key = 0

    @property
    def has_images(self) -> bool:
        """Whether the source gave images up to now, or is known to give some."""
        told = getattr(self._source, "has_images", False)
        return bool(self._newest or self._refused or told)

    @property
    def description(self) -> str:
        """That of the source; what becomes of its images, when there are some."""
        told = str(getattr(self._source, "description", ""))
        return f"{told}, images as {self._codec}".lstrip(", ") if self.has_images else told

    @property
    def notes(self) -> tuple[str, ...]:
        """What the source says of what is wrong with it."""
        return tuple(getattr(self._source, "notes", ()))

    def messages(self, time_s: float) -> Sequence[Message | Frame]:
        """What is due, images encoded."""
        due = self._source.messages(time_s)
        audience = self._audience()
        self._since_key += 1
        if self._is_wanted(audience):
            self._begin_anew()
        self._known = audience
        encoded = [self._encoded(one) for one in due]
        audience = self._audience()
        if any(one not in self._known for one in audience):  # somebody came while it was encoded
            self._begin_anew()
            self._known = audience
            encoded = [self._encoded(one) for one in due]
        return encoded

    def _begin_anew(self) -> None:
        self._since_key = 0
        for encoder in self._encoders.values():
            encoder.request_key()

    def request_key(self, listener: object = None, interval: float = 0.0) -> None:
        """Begin anew with the next images: somebody wants to follow. From any thread.

        Args:
            listener: of the audience. As long as it is there, key frames come every `interval`.
            interval: s, or a little more. Who wants fewer images than there are gets no others
                than key frames; 0 is for who wants all.
        """
        self._requests[listener] = interval

    def _is_wanted(self, audience: Collection[object]) -> bool:
        """Whether somebody needs a key frame now."""
        wanted = any(one not in self._known for one in audience)
        while self._requests:
            listener, interval = self._requests.popitem()
            wanted = True
            self._paced[listener] = math.ceil(interval * self.rate - 1e-6)
        self._paced = {
            one: ticks for one, ticks in self._paced.items() if ticks > 1 and one in audience
        }
        return wanted or self._since_key >= min(self._paced.values(), default=math.inf)

    def still(self, device_name: str) -> Video | None:
        """The newest image of a device as a frame that is decoded without any other.

        Args:
            device_name: "" takes any device.
        """
        names = [device_name] if device_name else list(self._newest)
        image = self._newest.get(names[0]) if names else None
        if image is None:
            return None
        with Encoder(self._codec) as encoder:
            return encoder.encode(image)

    def close(self) -> None:
        """Close the source, and free what the codecs hold."""
        close_source(self._source)
        for encoder in self._encoders.values():
            encoder.close()

    def _encoded(self, message: Message | Frame) -> Message | Frame:
        image = image_in(message)
        if image is None:
            return message
        name = image.device_name
        encoder = self._encoders.get(name)
        if encoder is None:
            encoder = self._encoders[name] = Encoder(self._codec, rate=self.rate)
        try:
            video = encoder.encode(image)
        except MessageError as error:
            self._refuse(name, error)
            return message
        self._newest[name] = image
        return video

    def _refuse(self, name: str, error: MessageError) -> None:
        if name not in self._refused:
            self._refused.add(name)
            reason = str(error).partition(":")[0]  # behind it is advice for who writes Python
            _log.warning("igtl: %s is sent as IMAGE, not as %s: %s", name, self._codec, reason)


def image_in(message: Message | Frame) -> Image | None:
    """The image that a message is, or that recorded bytes hold; None for all else.

    Bytes that were damaged when they were recorded hold none.
    """
    if isinstance(message, Frame):
        if message.raw_type != _IMAGE:
            return None
        try:
            message = decode_frame(message)
        except DecodeError:
            return None
    return message if isinstance(message, Image) else None
