"""Images as a film that every player shows: `.mp4`.

Pictures are shown for as long as they were, by the times of their arrival (a variable frame rate),
or evenly. A film holds pictures only: no geometry, no device name, no time of day.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.convert.picture_stream import PictureStream, is_picture
from igtl.errors import RecordingError
from igtl.messages import Image
from igtl.recording.entry import Entry
from igtl.recording.staging import Staging
from igtl.video.codecs import pyav
from igtl.video.planes import enlarged

__all__ = ["MovieWriter"]

_NOT_HELD = "films hold images and video"
_VOLUME = "volumes of several slices are no pictures of a film: write .seq.nrrd or .nrrd"
_COMPONENTS = "pictures of 2 or more than 4 components"

#: Encoders by the names that people use, with options for a picture without visible loss. Pictures
#: are stored in the order in which they are shown, so that the file says how long the last one is.
_ENCODERS = {
    "h264": ("libx264", {"preset": "fast", "crf": "18", "bf": "0"}),
    "h265": (
        "libx265",
        {"preset": "fast", "crf": "20", "x265-params": "log-level=none:bframes=0"},
    ),
    "av1": ("libsvtav1", {"preset": "8", "crf": "25"}),
}
_TICKS_PER_S = 90_000
_FIRST_STEP_S = Fraction(1, 30)
#: From this height on, players take colours for BT.709, below for BT.601.
_HD = 720


class MovieWriter:
    """Writes the images or the video of one device as a film.

    uint8 is shown as it is, without alpha. Other pixels are shown from black to white between the
    least and the greatest value of the first such image; `window` and `notes` say which they are.
    Odd sizes get their last row or column twice, since films have even ones.

    Args:
        staging: where the file goes.
        fps: pictures a second. None: each picture is shown when it came.
        device: the device to take; needed where there are several.
        codec: "h264", "h265" or "av1". H.264 is what every player knows.
        entries: what will be added, to name all devices when there are several.

    Attributes:
        window: the values that are shown black and white; None for uint8.

    Raises:
        RecordingError: an option is not known.
        MissingExtraError: PyAV is not installed.
    """

    def __init__(
        self,
        staging: Staging,
        *,
        fps: float | None = None,
        device: str | None = None,
        codec: str = "h264",
        entries: Iterable[Entry] = (),
    ) -> None:
        if codec not in _ENCODERS:
            raise RecordingError(f"codec is {codec!r}, expected one of {', '.join(_ENCODERS)}")
        if fps is not None and not 0.001 <= fps <= 1000:
            raise RecordingError(f"--fps is {fps!r}, expected pictures a second, such as 25")
        self.window: tuple[float, float] | None = None
        self._av = pyav()
        self._staging, self._codec = staging, codec
        self._step = None if fps is None else 1 / Fraction(fps).limit_denominator(1000)
        self._pictures = PictureStream(device, entries)
        self._film: _Film | None = None
        self._start_ns = 0

    def add(self, entry: Entry) -> str | None:
        """Take one message: None. Or leave it out: why.

        Raises:
            DecodeError: its bytes are no valid message.
            RecordingError: it is of another device or size than those before.
        """
        if not is_picture(entry):
            return _NOT_HELD
        image = self._pictures.image(entry)
        if isinstance(image, str):
            return image
        if image.pixels.shape[0] != 1:
            return _VOLUME
        if image.components not in (1, 3, 4):
            return _COMPONENTS
        self._show(self._visible(image), entry.time_ns)
        return None

    def check(self) -> None:
        """Refuse what has no pictures of the device that was asked for.

        Raises:
            RecordingError: there is none; the text says of which devices there are.
        """
        self._pictures.chosen.check()

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of the film."""
        if self.window is None:
            return ()
        low, high = self.window
        return (f"{low:g} is shown black and {high:g} white: the range of the first picture",)

    def close(self) -> None:
        """Finish the film."""
        if self._film is None:
            raise RecordingError(f"cannot write {self._staging.target}: there was no picture")
        try:
            self._film.close()
        except self._av.FFmpegError as error:
            raise self._failure(error) from error
        self._staging.keep(self._film.path, self._staging.target)
        self._film = None

    def abandon(self) -> None:
        """Let go of the file."""
        if self._film is not None:
            film, self._film = self._film, None
            film.abandon()

    def _visible(self, image: Image) -> NDArray[np.uint8]:
        """(j, i) or (j, i, 3) uint8: what is shown of an image."""
        pixels = image.pixels[0, ..., :3] if image.components == 4 else image.pixels[0]
        if pixels.dtype == np.uint8:
            return np.ascontiguousarray(pixels)
        if self.window is None:
            self.window = _range(pixels)
        low, high = self.window
        numbers = np.nan_to_num(pixels.astype(np.float64), nan=low).clip(low, high)
        shown: NDArray[np.uint8] = np.rint((numbers - low) * (255 / (high - low))).astype(np.uint8)
        return shown

    def _show(self, pixels: NDArray[np.uint8], time_ns: int) -> None:
        pixels = enlarged(pixels, 2)
        if self._film is None:
            path = self._staging.new(".mp4")
            self._start_ns = time_ns
            try:
                self._film = _Film(path, self._codec, pixels.shape[:2], self._step)
            except self._av.FFmpegError as error:
                raise self._failure(error) from error
        film = self._film
        if pixels.shape[:2] != film.shape:
            raise RecordingError(
                f"the pictures change their size from {film.shape[1]} x {film.shape[0]} to "
                f"{pixels.shape[1]} x {pixels.shape[0]}, {(time_ns - self._start_ns) / 1e9:.3f} s "
                "after the first: choose a part (--from, --to)"
            )
        try:
            film.show(pixels, Fraction(time_ns - self._start_ns, 10**9))
        except self._av.FFmpegError as error:
            raise self._failure(error) from error

    def _failure(self, error: Any) -> RecordingError:
        return RecordingError(f"cannot write {self._staging.target}: {error.strerror}")


class _Film:
    """An open file.

    Args:
        path: a new file.
        codec: one of `_ENCODERS`.
        shape: rows and columns, even.
        step: seconds between pictures; None: as they are told.
    """

    def __init__(
        self, path: Any, codec: str, shape: tuple[int, ...], step: Fraction | None
    ) -> None:
        av = pyav()
        self.path, self.shape, self._step = path, shape, step
        encoder, options = _ENCODERS[codec]
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        rate = 1 / (step or _FIRST_STEP_S)
        self._stream = self._container.add_stream(encoder, rate=rate, options=options)
        context = self._stream.codec_context
        context.width, context.height, context.pix_fmt = shape[1], shape[0], "yuv420p"
        context.time_base = Fraction(1, _TICKS_PER_S)
        self._matrix = "ITU709" if shape[0] >= _HD else "ITU601"
        context.colorspace, context.color_range = 1 if shape[0] >= _HD else 6, 1
        self._reformatter = av.video.reformatter.VideoReformatter()
        self._from_pixels = av.VideoFrame.from_ndarray
        self._last, self._count = -1, 0
        self._lasts = round((step or _FIRST_STEP_S) * _TICKS_PER_S)

    def show(self, pixels: NDArray[np.uint8], time_s: Fraction) -> None:
        """Append a picture; the next one ends it. The last one lasts as long as that before it."""
        time_s = time_s if self._step is None else self._step * self._count
        ticks = max(round(time_s * _TICKS_PER_S), self._last + 1)
        if self._count:
            self._lasts = ticks - self._last
        frame = self._reformatter.reformat(
            self._from_pixels(pixels, format="gray" if pixels.ndim == 2 else "rgb24"),
            format="yuv420p",
            dst_color_range="MPEG",
            dst_colorspace=self._matrix,
        )
        frame.pts, frame.time_base = ticks, Fraction(1, _TICKS_PER_S)
        self._last = ticks
        self._count += 1
        self._mux(frame)

    def close(self) -> None:
        """Write what is left."""
        self._mux(None)
        self._container.close()

    def _mux(self, frame: Any) -> None:
        for packet in self._stream.encode(frame):
            if packet.pts == self._last:
                packet.duration = self._lasts
            self._container.mux(packet)

    def abandon(self) -> None:
        """Close the file, in whatever state it is."""
        with suppress(pyav().FFmpegError):
            self._container.close()


def _range(pixels: NDArray[Any]) -> tuple[float, float]:
    """Least and greatest value of those that are numbers; never the same."""
    finite = pixels[np.isfinite(pixels)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return low, high if high > low else low + 1.0
