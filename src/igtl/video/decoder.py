"""VIDEO to pixels."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from igtl.closable import Closable
from igtl.errors import DecodeError, MessageError
from igtl.messages.image import Image
from igtl.messages.video import Video
from igtl.video.codecs import CODEC_NAMES, CODECS, RAW, pyav, thread_count
from igtl.video.continuity import Continuity
from igtl.video.numbering import without_number
from igtl.video.planes import Pixels, from_i420, pixels_of

__all__ = ["Decoder"]

#: An image of 8K has 33 million.
_MOST_PIXELS = 1 << 25
#: Encoders fill pictures up to whole blocks, the largest of which have this side.
_BLOCK = 64
#: So many frames may be held back by a decoder that puts them in order.
_MOST_PENDING = 32


class Decoder(Closable):
    """Makes pictures of VIDEO messages, whatever their codec and size.

    Use one decoder for one device, from one thread at a time.

    Frames build on each other, so a picture is given only when all that it builds on was there.
    Until a key frame comes, and again from a gap or a damaged frame on, `decode` returns None;
    `waiting` is True then, and `why` says it in words. A gap is noticed

    * by the numbers that igtl's `Encoder` gives its frames;
    * by the codec itself, where it can (HEVC);
    * when `lost` is called: do so when a link has dropped messages of a sender without numbers;
    * when device, codec, size or colour change.

    A sender whose pictures refer to later ones (B-frames) is followed, too: its pictures come some
    messages late, and `decode_image` gives each the place and time that it belongs to.

    Args:
        max_pixels: larger pictures are refused before memory is taken for them.

    Attributes:
        why: why the last call gave no picture; "" when it gave one.
        skipped: messages so far that gave no picture.
    """

    def __init__(self, *, max_pixels: int = _MOST_PIXELS) -> None:
        self._max_pixels = max_pixels
        self._stream: _Stream | None = None
        self._continuity = Continuity()
        self.why = self._continuity.why
        self.skipped = 0

    @property
    def waiting(self) -> bool:
        """Whether the next picture needs a key frame."""
        return self._continuity.waiting

    def decode(self, video: Video) -> NDArray[np.uint8] | None:
        """The pixels of a frame.

        Returns:
            (1, j, i) uint8, or (1, j, i, 3) RGB, yours to change; None when there is no picture.

        Raises:
            DecodeError: it cannot be a frame of video: codec unknown, size refused or other than
                announced. Damaged frames raise nothing: they give None.
            MessageError: it is another kind of message, or none.
            MissingExtraError: PyAV is not installed; "I420" does without.
        """
        picture = self._picture(video)
        return None if picture is None else picture.pixels

    def decode_image(self, video: Video) -> Image | None:
        """The frame as an image with its device, time, place and metadata; else as `decode`.

        Raises:
            DecodeError: also when no image can say these as the frame does.
        """
        picture = self._picture(video)
        if picture is None:
            return None
        return _image(picture)

    def lost(self, why: str = "frames were lost") -> None:
        """Tells that messages are missing: wait for the next key frame."""
        self._continuity.lost(why)
        self.why = self._continuity.why
        self._stream = None  # the next begins with nothing that could be wrong

    def close(self) -> None:
        """Frees what the codec holds; a later key frame begins anew."""
        self.lost("the decoder was closed")

    def _picture(self, video: Video) -> _Picture | None:
        """The picture that a message brings; books are kept."""
        if not isinstance(video, Video):
            raise MessageError(f"decode takes an igtl.Video, not a {type(video).__name__}")
        try:
            picture = self._raw(video) if self._checked(video) == RAW else self._decoded(video)
        except DecodeError as error:
            self.lost(str(error))
            self.skipped += 1
            raise
        if picture is None:
            self.skipped += 1
        else:
            self.why = ""
        return picture

    def _checked(self, video: Video) -> str:
        """A frame's codec.

        Raises:
            DecodeError: it is unknown, or the size is none of a picture, or too large.
        """
        width, height, depth = video.size
        if video.codec not in CODEC_NAMES:
            raise DecodeError(
                f"the codec of the video is {video.codec!r}, expected one of "
                f"{', '.join(CODEC_NAMES)}"
            )
        if depth != 1 or not 0 < width * height <= self._max_pixels:
            raise DecodeError(
                f"a frame of video of {width} x {height} x {depth} pixels is not decoded: expected "
                f"one slice of up to {self._max_pixels} pixels (max_pixels)"
            )
        return video.codec

    def _raw(self, video: Video) -> _Picture:
        width, height, _ = video.size
        pixels = from_i420(video.data, width, height, grey=video.grey)[np.newaxis]
        self._continuity.passed(video)
        self._stream = None
        return _Picture(video, pixels)

    def _decoded(self, video: Video) -> _Picture | None:
        if not self._continuity.takes(video):
            self.why = self._continuity.why
            return None
        if self._continuity.is_first or self._stream is None:
            self._stream = _Stream(video)
        return self._shown(self._stream, video)

    def _shown(self, stream: _Stream, video: Video) -> _Picture | None:
        """What the codec makes of a frame; its complaints are reasons to wait."""
        try:
            pictures = stream.decode(video)
        except stream.av.FFmpegError as error:
            self.lost(f"a damaged frame ({error.strerror})")
            return None
        if any(picture.damaged for picture in pictures):
            self.lost("a damaged frame")
            return None
        if not pictures:
            self.why = "the codec holds the picture back, for one that comes later or is missing"
            return None
        self.skipped += len(pictures) - 1
        return pictures[-1]


class _Picture(NamedTuple):
    """Pixels and the message that they belong to."""

    video: Video
    pixels: Pixels
    damaged: bool = False


def _image(picture: _Picture) -> Image:
    """A picture with all that its message says of it."""
    video = picture.video
    try:
        return Image(
            picture.pixels,
            components=1 if video.grey else 3,
            ijk_to_world=video.ijk_to_world,
            coordinates=video.coordinates,
            device_name=video.device_name,
            timestamp=video.timestamp,
            metadata=without_number(video.metadata),
            message_id=video.message_id,
        )
    except MessageError as error:  # what is read is not always what may be written
        raise DecodeError(f"a frame of video makes no image: {error}") from error


class _Stream:
    """An open decoder for pictures of one kind."""

    def __init__(self, video: Video) -> None:
        self.av = pyav()
        codec = CODECS[video.codec]
        width, height, _ = video.size
        context = self.av.CodecContext.create(codec.decoder, "r")
        context.thread_type, context.thread_count = "SLICE", thread_count()
        context.flags |= self.av.codec.context.Flags.low_delay
        most = (width + 2 * _BLOCK) * (height + 2 * _BLOCK)
        context.options = {**codec.decoder_options, "max_pixels": str(most)}
        self._context = context
        self._reformatter = self.av.video.reformatter.VideoReformatter()
        self._pending: dict[int, Video] = {}
        self._count = 0

    def decode(self, video: Video) -> list[_Picture]:
        """The pictures that come out when one message goes in.

        Raises:
            FFmpegError: the frame is damaged.
            DecodeError: a picture of another size than announced.
        """
        packet = self.av.Packet(bytes(video.data))
        packet.pts = packet.dts = self._count
        self._pending[self._count] = video
        self._pending.pop(self._count - _MOST_PENDING, None)
        self._count += 1
        frames = self._context.decode(packet)
        return [self._picture(frame) for frame in frames if frame.pts in self._pending]

    def _picture(self, frame: Any) -> _Picture:
        video = self._pending.pop(frame.pts)
        width, height, _ = video.size
        if not (
            width <= frame.width < width + _BLOCK + 1
            and height <= frame.height < height + _BLOCK + 1
        ):
            raise DecodeError(
                f"the frame holds a picture of {frame.width} x {frame.height} pixels, but "
                f"{width} x {height} were announced"
            )
        pixels = pixels_of(frame, self._reformatter, grey=video.grey)[:height, :width]
        return _Picture(video, np.array(pixels)[np.newaxis], bool(frame.is_corrupt))
