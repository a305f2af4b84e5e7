"""The pictures of a device that sends VIDEO: decoded while somebody looks, and only then."""

from __future__ import annotations

import threading
import time
from collections import deque

from igtl.codec.frame import Frame
from igtl.errors import DecodeError, MissingExtraError
from igtl.messages.message import decode_frame
from igtl.messages.video import Video
from igtl.video.decoder import Decoder
from igtl.viewer.latest import Trouble
from igtl.viewer.pictures import PictureStream
from igtl.viewer.slices import Picture, picture_of
from igtl.viewer.statistics import Row

__all__ = ["VideoStream"]

#: So many frames wait for the decoder; when there are more, it begins anew with a key frame.
_MOST_WAITING = 32
_LOOK_S = 0.5
_PATIENCE_S = 1.0


class VideoStream(PictureStream):
    """Decodes in a thread of its own, all frames in order.

    The thread works from the first question on until some seconds after the last one. It begins
    with the next key frame that comes, which it waits for; `note` says so.

    Args:
        row, trouble: as for `PictureStream`.
        linger: seconds to go on when nobody asks any more.

    Attributes:
        lost: frames that were left out since the decoder was too slow.
    """

    def __init__(self, row: Row, trouble: Trouble, *, linger: float = 3.0) -> None:
        super().__init__(row, trouble)
        self.lost = 0
        self._linger = linger
        self._wanted_until = 0.0
        self._waiting: deque[tuple[Frame, float]] = deque()
        self._is_broken = False
        self._news = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def take(self, frame: Frame, received: float) -> None:
        """Leave it to the thread, if that works."""
        if self._thread is None:
            return
        if len(self._waiting) >= _MOST_WAITING:
            self.lost += len(self._waiting)
            self._waiting.clear()
            self._is_broken = True
        self._waiting.append((frame, received))
        self._news.set()

    def want(self, seconds: float) -> None:
        """Decode for so long, and a little longer."""
        self._wanted_until = max(self._wanted_until, time.monotonic() + seconds + self._linger)
        if self._thread is None:
            self._start()

    def newest(self) -> Picture | None:
        """The newest picture; None before the first, also of those since somebody asked again."""
        self.want(0.0)
        return self._made

    def close(self) -> None:
        """Stop the thread."""
        self._is_closed = True
        self._news.set()
        thread = self._thread
        if thread is not None:
            thread.join(_PATIENCE_S)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._is_closed:
                name = f"decode {self.row.device_name}"
                self._thread = threading.Thread(target=self._work, name=name, daemon=True)
                self.note = self.note or "waiting for a key frame"
                self._thread.start()

    def _work(self) -> None:
        with Decoder() as decoder:
            while not self._is_over():
                if self._news.wait(_LOOK_S):
                    self._news.clear()
                    self._decode_waiting(decoder)

    def _is_over(self) -> bool:
        """Whether the thread ends; decided while none can be started."""
        with self._lock:
            if not self._is_closed and time.monotonic() < self._wanted_until:
                return False
            self._waiting.clear()
            self._made, self._thread, self.note = None, None, ""
            return True

    def _decode_waiting(self, decoder: Decoder) -> None:
        while self._waiting and not self._is_closed:
            try:
                frame, received = self._waiting.popleft()
            except IndexError:  # all were thrown away
                return
            if self._is_broken:  # asked of each frame that was taken: none passes in between
                self._is_broken = False
                decoder.lost("this computer is too slow for it")
            self._decode_one(decoder, frame, received)

    def _decode_one(self, decoder: Decoder, frame: Frame, received: float) -> None:
        try:
            video = decode_frame(frame)
            image = decoder.decode_image(video) if isinstance(video, Video) else None
        except (DecodeError, MissingExtraError) as error:
            self._failed(error, received)
            return
        if image is None:
            self.note = decoder.why
            return
        seq = self.seq + 1
        self._made = picture_of(image, seq, received)
        self._is_bad, self.note = False, ""
        self._seen = self.seq = seq
        self.bell.ring()
