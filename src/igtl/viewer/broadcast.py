"""Pictures as H.264: encoded once for all who watch, and only while somebody does.

A key frame is made when somebody has to begin, twice a second at most, and at no other time:
WebSockets lose nothing.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from igtl.codec.buffers import Buffer
from igtl.errors import MessageError
from igtl.video.codecs import pyav
from igtl.video.encoder import Encoder
from igtl.viewer.bell import Bell
from igtl.viewer.envelope import pack
from igtl.viewer.h264 import codec_string, encoder
from igtl.viewer.levels import Range, range_of, to_8_bits
from igtl.viewer.pictures import PictureStream
from igtl.viewer.slices import Slice

__all__ = ["Broadcasts", "Watcher"]

_KEY_S = 0.5
_MOST_UNSHOWN = 3
#: How often the thread looks whether somebody has to begin though nothing new comes.
_LOOK_S = 0.25
_PATIENCE_S = 1.0
_FOREVER_S = 1e6


class Broadcasts:
    """An encoder for each stream that is watched."""

    def __init__(self) -> None:
        self._of: dict[PictureStream, _Broadcast] = {}

    def watch(self, stream: PictureStream) -> Watcher:
        """Begin to watch, in the event loop.

        Raises:
            MissingExtraError: PyAV is not installed.
        """
        pyav()
        broadcast = self._of.get(stream)
        if broadcast is None or broadcast.why:
            broadcast = self._of[stream] = _Broadcast(stream)
        return broadcast.watch()

    def close(self) -> None:
        """Stop all threads; watchers get None."""
        for broadcast in self._of.values():
            broadcast.close()
        self._of.clear()


class Watcher:
    """One browser that watches; close it when the browser is gone.

    At most three pictures are on their way to it that it has not shown. Those that come meanwhile
    are left out for it, up to the next key frame, which is asked for when it has caught up.

    Attributes:
        why: why no more pictures come, for people; "" while they do.
    """

    def __init__(self, broadcast: _Broadcast) -> None:
        self.why = ""
        self._broadcast = broadcast
        self._bell = Bell()
        self._ready: deque[tuple[dict[str, Any], bytes]] = deque()
        self._unshown: deque[int] = deque()
        self._last = 0
        self._needs_key, self._is_closed = True, False

    async def next(self) -> list[Buffer] | None:
        """The next envelope, the first of which is a key frame; None: no more will come."""
        await self._bell.wait(lambda: bool(self._ready) or self._is_closed, _FOREVER_S)
        if self._is_closed:
            return None
        head, data = self._ready.popleft()
        last, self._last = self._last, head["seq"]
        return pack(head | {"skipped": max(0, self._last - last - 1) if last else 0}, data)

    def shown(self, seq: int) -> None:
        """The browser has shown this picture, and with it all before."""
        while self._unshown and self._unshown[0] <= seq:
            self._unshown.popleft()
        if self.has_to_begin:
            self._broadcast.news.set()

    def close(self) -> None:
        """Watch no longer."""
        self._broadcast.leave(self)
        self.end("")

    @property
    def has_to_begin(self) -> bool:
        """Whether it needs a key frame and could take it."""
        return self._needs_key and self._has_room

    def offer(self, head: dict[str, Any], data: bytes) -> None:
        """Take a picture if there is room for it; in the encoder's thread."""
        if self._needs_key and not head["key"]:
            return
        self._needs_key = not self._has_room
        if not self._needs_key:
            self._unshown.append(head["seq"])
            self._ready.append((head, data))
            self._bell.ring()

    def end(self, why: str) -> None:
        """No more will come."""
        self.why, self._is_closed = self.why or why, True
        self._bell.ring()

    @property
    def _has_room(self) -> bool:
        return max(len(self._unshown), len(self._ready)) < _MOST_UNSHOWN


class _Broadcast:
    """Encodes the newest pictures of a stream, in a thread that lives while somebody watches."""

    def __init__(self, stream: PictureStream) -> None:
        self.news, self.why = threading.Event(), ""
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
            if self.why:  # it failed just now
                watcher.end(self.why)
                return watcher
            self._watchers = (*self._watchers, watcher)
            if self._thread is None:
                self._stream.bell.add(self.news)
                name = f"encode {self._stream.row.device_name}"
                self._thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._thread.start()
        self.news.set()
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """One less."""
        with self._lock:
            self._watchers = tuple(one for one in self._watchers if one is not watcher)
        self.news.set()

    def close(self, why: str = "the viewer was closed") -> None:
        """End it for all and for good."""
        with self._lock:
            self.why = self.why or why
            self._stream.bell.remove(self.news)
            watchers, self._watchers, thread = self._watchers, (), self._thread
        for watcher in watchers:
            watcher.end(self.why)
        self.news.set()
        if thread not in (None, threading.current_thread()):
            thread.join(_PATIENCE_S)

    def _work(self) -> None:
        try:
            with encoder() as made:
                self._seq, self._range = 0, None
                while not self._is_over():
                    self.news.wait(_LOOK_S)
                    self.news.clear()
                    self._encode_newest(made)
        except MessageError as error:
            self.why = f"{error}: look at it raw or as JPEG"
        finally:
            if self._thread is threading.current_thread():  # it ends with somebody watching
                self.close("the encoder failed")

    def _is_over(self) -> bool:
        """Whether the thread ends; decided while nobody can begin to watch."""
        with self._lock:
            if self._watchers:
                return False
            self._stream.bell.remove(self.news)
            self._thread = None
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
            self._key_time, head["codec"] = now, codec_string(data)
        self._seq = picture.seq
        for watcher in self._watchers:
            watcher.offer(head, data)

    def _pixels(self, one: Slice, head: dict[str, Any]) -> NDArray[np.uint8]:
        """8 bits of a slice; the range of other types only grows, so that nothing flickers."""
        if one.pixels.dtype == np.uint8:
            return to_8_bits(one.pixels, (0.0, 255.0))
        low, high = range_of(one.pixels)
        before = self._range or (low, high)
        self._range = head["range"] = min(low, before[0]), max(high, before[1])
        return to_8_bits(one.pixels, self._range)
