"""Video files as sources: MP4, AVI, MKV, MOV and whatever else PyAV reads."""

from __future__ import annotations

import itertools
import os
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.errors import SourceError
from igtl.messages import Image, Message
from igtl.sources.image_file import device_name_of
from igtl.sources.source import checked_rate, tick_number
from igtl.video.codecs import pyav

__all__ = ["VIDEO_ENDINGS", "VideoFileSource"]

VIDEO_ENDINGS = (
    *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".mts"),
    *(".m2ts", ".3gp", ".ogv", ".y4m"),
)
"""What files of this source are called."""

_MOST_PIXELS = 1 << 26
_DEFAULT_RATE = 25.0
_PLAUSIBLE_RATES = (0.01, 1000.0)
#: So many places of a film are looked at for colour.
_PLACES = 8
#: Films of so few pictures are looked through from the beginning to the end.
_SHORT = 300
#: Compression makes grey pictures a little coloured.
_GREY_TOLERANCE = 3


class VideoFileSource:
    """One IMAGE each tick, the pictures of a video file in their order, round and round.

    The file is read as it is played: one picture is in memory. Grey films, also those that are
    stored in colour, give grey images; whether a film is grey is looked up at several places of it.
    A pixel is 1 mm, or as wide as the file says in comparison to its height. Turning marks (of
    phones) are not followed, and sound is left out.

    Args:
        path: the file.
        rate: pictures per second; default: the file's own, on average.
        device_name: default: the file's name without its ending, cut to 20 bytes.

    Raises:
        SourceError: there is no such file, or nothing in it is a picture.
        MissingExtraError: PyAV is not installed.
    """

    needs = "igtl[video]"

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        rate: float | None = None,
        device_name: str | None = None,
    ) -> None:
        file = Path(path)
        if not file.is_file():
            raise SourceError(f"there is no file {file}")
        self.name = file.name
        self.device_name = _device_name(file) if device_name is None else device_name
        self._file = file
        self._reader: _Reader | None = None
        self._count, natural, self._grey = _looked_up(file)
        self.rate = natural if rate is None else checked_rate(rate)
        self._tick, self._newest = -1, self._next_image(0)
        width, height, _ = self._newest.size
        colour = "grey" if self._grey else "colour"
        self.description = (
            f"film: {self._count} pictures of {width} x {height}, {colour}, as {self.device_name}"
        )
        self._tick = 0

    def messages(self, time_s: float) -> Sequence[Message]:
        """The picture whose turn it is at `time_s` seconds since the start."""
        tick = tick_number(time_s, self.rate) % self._count
        if tick != self._tick:
            self._newest = self._next_image(tick)
            self._tick = tick
        return (self._newest,)

    def close(self) -> None:
        """Close the file; it is opened again when a picture is asked for."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _next_image(self, tick: int) -> Image:
        """The picture of that number, read on from the last one or from the beginning."""
        reader = self._reader
        if reader is None or tick < reader.position:
            self.close()
            reader = self._reader = _Reader(self._file)
        frame = reader.picture(tick)
        if frame is None and reader.position > 0:  # fewer can be decoded than the file lists
            self._count = reader.position
            return self._next_image(tick % self._count)
        if frame is None:
            raise SourceError(f"cannot read {self._file}: nothing in it is a picture")
        return Image(
            reader.pixels(frame, grey=self._grey),
            components=1 if self._grey else 3,
            spacing=(reader.aspect, 1.0, 1.0),
            device_name=self.device_name,
        )


class _Reader:
    """An open file, read forwards.

    Attributes:
        position: the number of the picture that comes next.
    """

    def __init__(self, file: Path) -> None:
        self._file, self._av = file, pyav()
        try:
            self._container = self._av.open(str(file))
            self.stream = self._container.streams.video[0]
        except (self._av.FFmpegError, IndexError) as error:
            raise _unreadable(file, error) from error
        self.stream.thread_type = "AUTO"
        self.stream.codec_context.options = {"max_pixels": str(_MOST_PIXELS)}
        self._reformatter = self._av.video.reformatter.VideoReformatter()
        self._frames = self._decoded()
        self.position = 0

    @property
    def aspect(self) -> float:
        """Width of a pixel by its height."""
        ratio = self.stream.sample_aspect_ratio
        return float(ratio) if ratio and 0.1 < ratio < 10 else 1.0

    def picture(self, number: int) -> Any:
        """The frame of that number, None when there are fewer; those before it are passed over."""
        for frame in self._frames:
            self.position += 1
            if self.position > number:
                return frame
        return None

    def count(self) -> int:
        """How many pictures the file lists; nothing is decoded."""
        try:
            return sum(1 for packet in self._container.demux(self.stream) if packet.size)
        except self._av.FFmpegError as error:
            raise _unreadable(self._file, error) from error

    def places(self, count: int) -> Iterator[Any]:
        """Frames from several places of a file of `count`, as far as it can be searched."""
        if count <= _SHORT:  # which may have one place only that reading can begin at
            yield from itertools.islice(self._frames, 0, None, -(-count // _PLACES))
            return
        length = self._container.duration or 0
        for place in range(_PLACES):
            try:
                if place:
                    self._container.seek(length * place // _PLACES)
                yield next(self._container.decode(self.stream))
            except (self._av.FFmpegError, StopIteration):
                return

    def pixels(self, frame: Any, *, grey: bool) -> NDArray[np.uint8]:
        """(j, i) or (j, i, 3) uint8, black 0 and white 255."""
        form = "gray" if grey else "rgb24"
        shown = self._reformatter.reformat(frame, format=form)
        pixels: NDArray[np.uint8] = shown.to_ndarray()
        return pixels

    def close(self) -> None:
        """Close the file."""
        self._frames.close()
        self._container.close()

    def _decoded(self) -> Generator[Any, None, None]:
        """All frames; what is damaged is passed over."""
        for packet in self._container.demux(self.stream):
            try:
                yield from packet.decode()
            except self._av.FFmpegError:
                continue


def _looked_up(file: Path) -> tuple[int, float, bool]:
    """How many pictures, how many a second, and whether they are grey."""
    reader = _Reader(file)
    try:
        count = reader.count()
        rate = float(reader.stream.average_rate or 0)
    finally:
        reader.close()
    if not count:
        raise SourceError(f"cannot read {file}: nothing in it is a picture")
    low, high = _PLAUSIBLE_RATES
    reader = _Reader(file)
    try:
        grey = all(_is_grey(frame) for frame in reader.places(count))
    finally:
        reader.close()
    return count, rate if low <= rate <= high else _DEFAULT_RATE, grey


def _is_grey(frame: Any) -> bool:
    """Whether a frame has no colour, but for the traces of compression."""
    if frame.format.name.startswith("gray"):
        return True
    rgb = frame.to_ndarray(format="rgb24").astype(np.int16)
    return int(np.ptp(rgb, axis=2).max()) <= _GREY_TOLERANCE


def _device_name(file: Path) -> str:
    """The file's name without its ending."""
    known = file.suffix.lower() in VIDEO_ENDINGS
    return device_name_of(file.with_suffix("") if known else file)


def _unreadable(file: Path, error: Exception) -> SourceError:
    text = getattr(error, "strerror", None) or "it has no pictures"
    return SourceError(f"cannot read {file}: {text}")
