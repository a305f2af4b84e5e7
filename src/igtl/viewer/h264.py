"""Pictures as H.264: encoded once for all who watch, and only while somebody does.

As a browser's WebCodecs takes it: Annex B, constrained baseline, nothing held back. A key frame is
made when somebody has to begin, twice a second at most, and at no other time: WebSockets lose
nothing.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.errors import MessageError
from igtl.video.bitstream import codec_string
from igtl.video.codecs import pyav
from igtl.video.encoder import Encoder
from igtl.viewer.broadcast import Broadcast, Coded, Watcher
from igtl.viewer.levels import Range, range_of, to_8_bits
from igtl.viewer.picture_stream import PictureStream
from igtl.viewer.slices import Slice

__all__ = ["Broadcasts", "encoder"]

#: Of 100: pictures are looked at, not measured.
_QUALITY = 57.5
#: The level says that so many pictures a second may come.
_RATE = 60.0
_NEVER = 1 << 31
_KEY_S = 0.5
#: Pictures on their way to a browser, and for one that is late.
_MOST = 3
#: How often the thread looks whether somebody has to begin though nothing new comes.
_LOOK_S = 0.25
_PATIENCE_S = 1.0


def encoder() -> Encoder:
    """One whose key frames are the first, those of another size or colour, and what is asked for.

    Raises:
        MissingExtraError: PyAV is not installed.
    """
    return Encoder("H264", quality=_QUALITY, rate=_RATE, key_interval=_NEVER)


class Broadcasts:
    """An encoder for each stream that is watched."""

    def __init__(self) -> None:
        self._of: dict[PictureStream, _Encoding] = {}

    def watch(self, stream: PictureStream) -> Watcher:
        """Begin to watch, in the event loop.

        Raises:
            MissingExtraError: PyAV is not installed.
        """
        pyav()
        broadcast = self._of.get(stream)
        if broadcast is None or broadcast.why:
            broadcast = self._of[stream] = _Encoding(stream)
        return broadcast.watch()

    def close(self) -> None:
        """Stop all threads; watchers get None."""
        for broadcast in self._of.values():
            broadcast.close("the viewer was closed")
        self._of.clear()


class _Encoding(Broadcast):
    """Encodes the newest pictures of a stream, in a thread that lives while somebody watches."""

    def __init__(self, stream: PictureStream) -> None:
        super().__init__(most_unshown=_MOST, most_kept=_MOST)
        self._news = threading.Event()
        self._stream = stream
        self._watchers: tuple[Watcher, ...] = ()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._range: Range | None = None
        self._seq, self._key_time = 0, 0.0

    def watch(self) -> Watcher:
        """One more watches."""
        watcher = Watcher(self)
        with self._lock:
            if not self.why:  # else it failed just now
                self._watchers = (*self._watchers, watcher)
                if self._thread is None:
                    self._start()
        self._news.set()
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """One less."""
        with self._lock:
            self._watchers = tuple(one for one in self._watchers if one is not watcher)
        self.wake()

    def wake(self) -> None:
        """A browser could take more, or is gone."""
        self.bell.ring()
        self._news.set()

    def close(self, why: str) -> None:
        """End it for all and for good."""
        with self._lock:
            super().close(why)
            self._stream.bell.remove(self._news)
            self._watchers, thread = (), self._thread
        self.wake()
        if thread not in (None, threading.current_thread()):
            thread.join(_PATIENCE_S)

    def _start(self) -> None:
        self._stream.bell.add(self._news)
        name = f"encode {self._stream.row.device_name}"
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        why = "the encoder failed"
        try:
            with encoder() as made:
                self._seq, self._range = 0, None
                while not self._is_over():
                    self._news.wait(_LOOK_S)
                    self._news.clear()
                    self._encode_newest(made)
        except MessageError as error:
            why = str(error)
        finally:
            if self._thread is threading.current_thread():  # it ends with somebody watching
                self.close(why)

    def _is_over(self) -> bool:
        """Whether the thread ends; decided while nobody can begin to watch."""
        with self._lock:
            if self._watchers:
                return False
            self._stream.bell.remove(self._news)
            self._thread = None
            self.clear("")
            return True

    def _encode_newest(self, made: Encoder) -> None:
        """Encode the newest picture if it is new, or somebody has to begin with it."""
        picture, now = self._stream.newest(), time.monotonic()
        is_due = now - self._key_time >= _KEY_S and any(one.has_to_begin for one in self._watchers)
        if picture is None or (picture.seq == self._seq and not is_due):
            return
        one = picture.slice()
        head = one.head() | {"format": "h264"}
        if is_due:
            made.request_key()
        data, head["key"] = made.compress(self._pixels(one, head))
        if head["key"]:
            self._key_time, head["codec"] = now, codec_string("H264", data, one.pixels.size)
        self._seq = picture.seq
        self.put(Coded(lambda: head, data, head["key"]))

    def _pixels(self, one: Slice, head: dict[str, Any]) -> NDArray[np.uint8]:
        """8 bits of a slice; the range of other types only grows, so that nothing flickers."""
        if one.pixels.dtype == np.uint8:
            return to_8_bits(one.pixels, (0.0, 255.0))
        low, high = range_of(one.pixels)
        before = self._range or (low, high)
        self._range = head["range"] = min(low, before[0]), max(high, before[1])
        return to_8_bits(one.pixels, self._range)
