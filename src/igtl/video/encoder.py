"""IMAGE to VIDEO."""

from __future__ import annotations

from fractions import Fraction

from igtl.closable import Closable
from igtl.errors import MessageError
from igtl.messages.image import Image
from igtl.messages.video import FrameType, Video
from igtl.video.codecs import CODEC_NAMES, CODECS, RAW, Codec, pyav, thread_count
from igtl.video.numbering import numbered
from igtl.video.planes import Pixels, enlarged, frame_of, to_i420, video_pixels

__all__ = ["Encoder"]

_KEY_INTERVAL = 30
_QUALITY = 70.0
_RATE = 30.0
#: ITU-T H.273: the matrix of BT.601, the primaries of BT.709 and the transfer of sRGB. Browsers
#: heed what a stream says of its colours only if it says all of it.
_COLOURS = {"colorspace": 6, "color_primaries": 1, "color_trc": 13}


class Encoder(Closable):
    """Compresses images, each one to a VIDEO message at once.

    Use one encoder for one device, from one thread at a time. A key frame, with which a receiver
    can begin, is made of the first image, of every `key_interval`-th one, when size or colour
    change, and after `request_key`.

    The messages are numbered in their metadata ("VideoFrame"), so that igtl's `Decoder` sees a gap;
    peers of header version 1 do without. Odd sizes are encoded with their last row and column
    repeated; the message says the true size, and the decoder cuts the rest off.

    Args:
        codec: "H264", "VP90", "X265" or "O265" (both HEVC), "AV10" or "I420" (not compressed).
        quality: 0 to 100, what each picture is to look like; 100 is the best, and the largest.
        bitrate: instead, about so many bits a second.
        key_interval: images from one key frame to the next. 1: every image is one.
        rate: images a second that are going to come, for `bitrate` and for what the stream says
            that a decoder must be able to do.

    Raises:
        MessageError: an argument does not fit.
        MissingExtraError: PyAV is not installed; "I420" does without.
    """

    def __init__(
        self,
        codec: str = "H264",
        *,
        quality: float = _QUALITY,
        bitrate: float | None = None,
        key_interval: int = _KEY_INTERVAL,
        rate: float = _RATE,
    ) -> None:
        if codec not in CODEC_NAMES:
            raise MessageError(f"codec is {codec!r}, expected one of {', '.join(CODEC_NAMES)}")
        _check_between("quality", quality, 0, 100)
        _check_between("key_interval", key_interval, 1, 1 << 31)
        _check_between("rate", rate, 1e-3, 1e6)
        if bitrate is not None:
            _check_between("bitrate", bitrate, 1000, 1 << 31)
        self.codec = codec
        self.key_interval = int(key_interval)
        self._rate = Fraction(rate).limit_denominator(1000)
        self._stream: _Stream | None = None
        self._number = 0
        self._since_key = 0
        if codec != RAW:
            bits = None if bitrate is None else int(bitrate)
            pyav()
            self._options = CODECS[codec].encoder_options(quality, bits)

    def encode(self, image: Image) -> Video:
        """The image as a frame of video: same device, time, place and metadata.

        Args:
            image: one slice of uint8, grey or RGB.

        Raises:
            MessageError: it is another kind of image, or the codec cannot take its size.
        """
        if not isinstance(image, Image):
            raise MessageError(
                f"encode takes an igtl.Image, not a {type(image).__name__}; of an array make one "
                "first, igtl.Image(pixels)"
            )
        pixels = video_pixels(image)
        if self.codec == RAW:
            data, is_key = to_i420(pixels), True
        else:
            data, is_key = self.compress(pixels)
        self._number += 1
        matrix = image.ijk_to_world.copy()
        matrix[:3, 3] += matrix[:3, :3] @ image.sub_volume_offset
        return Video(
            self.codec,
            data,
            frame_type=FrameType.KEY if is_key else FrameType.INTER,
            size=(pixels.shape[1], pixels.shape[0], 1),
            grey=image.components == 1,
            ijk_to_world=matrix,
            coordinates=image.coordinates,
            device_name=image.device_name,
            timestamp=image.timestamp,
            metadata=numbered(image.metadata, self._number),
            message_id=image.message_id,
        )

    def compress(self, pixels: Pixels) -> tuple[bytes, bool]:
        """The packet of a picture without a message around it, and whether it is a key frame.

        Args:
            pixels: (j, i) or (j, i, 3) uint8. Not for "I420", which has no packets.

        Raises:
            MessageError: the codec cannot take its size.
        """
        if self._stream is None or self._stream.shape != pixels.shape:
            self.close()
            self._stream = _Stream(CODECS[self.codec], self._options, pixels, self._rate)
            self.request_key()
        try:
            data, is_key = self._stream.encode(pixels, key=self._since_key >= self.key_interval)
        except MessageError:
            self.close()
            raise
        self._since_key = 1 if is_key else self._since_key + 1
        return data, is_key

    def request_key(self) -> None:
        """Makes a key frame of the next image: somebody wants to begin."""
        self._since_key = self.key_interval

    def close(self) -> None:
        """Frees what the codec holds; a later image begins anew."""
        self._stream = None


class _Stream:
    """An open encoder for pictures of one shape."""

    def __init__(
        self, codec: Codec, options: dict[str, str], pixels: Pixels, rate: Fraction
    ) -> None:
        self.shape = pixels.shape
        self._least = codec.least
        self._av = pyav()
        self._reformatter = self._av.video.reformatter.VideoReformatter()
        height, width = enlarged(pixels, codec.least).shape[:2]
        context = self._av.CodecContext.create(codec.encoder, "w")
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.framerate, context.time_base = rate, 1 / rate
        context.gop_size = (1 << 31) - 1  # key frames are made when they are asked for
        context.thread_count = thread_count()
        for name, value in _COLOURS.items():
            setattr(context, name, value)
        context.color_range = 2 if pixels.ndim == 2 else 1  # 0 to 255; 16 to 235
        context.options = options
        self._context = context
        self._time = 0

    def encode(self, pixels: Pixels, *, key: bool) -> tuple[bytes, bool]:
        """The packet of a picture of this shape, and whether it is a key frame.

        Raises:
            MessageError: the encoder cannot make one.
        """
        kinds = self._av.video.frame.PictureType
        try:
            frame = frame_of(enlarged(pixels, self._least), self._reformatter)
            frame.pts, frame.time_base = self._time, self._context.time_base
            frame.pict_type = kinds.I if key else kinds.NONE
            self._time += 1
            packets = self._context.encode(frame)
        except self._av.FFmpegError as error:
            raise self._refusal(f"cannot encode it: {error.strerror}") from error
        if [packet.pts for packet in packets] != [frame.pts]:
            raise self._refusal(f"gave {len(packets)} packets for one picture")
        return bytes(packets[0]), bool(packets[0].is_keyframe)

    def _refusal(self, text: str) -> MessageError:
        context = self._context
        return MessageError(
            f"an image of {context.width} x {context.height} pixels: {context.name} {text}"
        )


def _check_between(what: str, value: float, low: float, high: float) -> None:
    """Refuse what is no number from `low` to `high`."""
    if not low <= value <= high:
        raise MessageError(f"{what} is {value!r}, expected a number from {low:g} to {high:g}")
