"""The pictures of a device that sends VIDEO: passed on, and decoded while somebody wants pixels."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from igtl.codec.frame import Frame
from igtl.errors import DecodeError, MissingExtraError
from igtl.messages.video import Video
from igtl.video.decoder import Decoder
from igtl.viewer.latest import Trouble
from igtl.viewer.picture_stream import PictureStream
from igtl.viewer.relay import Relay
from igtl.viewer.row import Look, Row
from igtl.viewer.slices import Picture, picture_of

__all__ = ["VideoStream"]

#: When so many frames wait for the decoder, and some did for so many s, it begins anew with a key
#: frame. More may come at once: where a recording stands still, all that its picture builds on.
_MANY_WAITING, _BEHIND_S, _MOST_WAITING = 32, 3.0, 1000
_LOOK_S = 0.5
_PATIENCE_S = 1.0


class VideoStream(PictureStream):
    """Decodes in a thread of its own, all frames in order.

    The thread works from the first question on until some seconds after the last one. It begins
    with the next key frame that comes, which it waits for; `note` says so.

    Args:
        row, trouble: as for `PictureStream`.
        linger: seconds to go on when nobody asks any more.
        clock: seconds, from whenever.

    Attributes:
        left_out: frames that were left out since the decoder was too slow.
    """

    relay: Relay

    def __init__(
        self,
        row: Row,
        trouble: Trouble,
        *,
        linger: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(row, trouble)
        self.relay = Relay()
        self.left_out = 0
        self._linger, self._clock = linger, clock
        self._wanted_until = self._behind_since = 0.0
        #: Frames, and why some are missing between them.
        self._waiting: deque[Look | str] = deque()
        self._news = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def take(self, frame: Frame, received: float) -> None:
        """Pass it on, and leave it to the thread, if that works."""
        look = self.row.look()
        if look is None:
            return
        if isinstance(look.message, DecodeError):
            self._failed(look.message, received)
            self.lost(str(look.message))
            return
        self._is_bad = False
        self.relay.take(look.message, look.number, received)
        if self._thread is not None:
            self._wait_for_thread(look)

    def lost(self, why: str) -> None:
        """Go on with the next key frame."""
        self.relay.lost(why)
        if self._thread is not None:
            self._wait_for_thread(why)

    def forget(self) -> None:
        """Let go of the newest frames."""
        super().forget()
        self.relay.lost("too much came since")

    def _wait_for_thread(self, one: Look | str) -> None:
        if not self._waiting:
            self._behind_since = self._clock()
        most = _MANY_WAITING if self._clock() - self._behind_since > _BEHIND_S else _MOST_WAITING
        if len(self._waiting) >= most:
            self.left_out += len(self._waiting)
            self._waiting.clear()
            self._waiting.append("this computer is too slow for it")
        self._waiting.append(one)
        self._news.set()

    def want(self, seconds: float) -> None:
        """Decode for so long, and a little longer."""
        self._wanted_until = max(self._wanted_until, self._clock() + seconds + self._linger)
        if self._thread is None:
            self._start()

    def newest(self) -> Picture | None:
        """The newest picture; None before the first, also of those since somebody asked again."""
        self.want(0.0)
        return self._made

    def close(self) -> None:
        """Stop the thread, and end it for who watches."""
        self.relay.close("the viewer was closed")
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
                self._waiting.clear()  # what came just when the one before ended
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
            if not self._is_closed and self._clock() < self._wanted_until:
                return False
            self._waiting.clear()
            self._made, self._thread, self.note = None, None, ""
            return True

    def _decode_waiting(self, decoder: Decoder) -> None:
        while self._waiting and not self._is_closed:
            try:
                one = self._waiting.popleft()
            except IndexError:  # all were thrown away
                return
            if isinstance(one, str):
                decoder.lost(one)
                self.note = decoder.why
            elif isinstance(one.message, Video):
                self._decode_one(decoder, one.message, one)

    def _decode_one(self, decoder: Decoder, video: Video, look: Look) -> None:
        try:
            image = decoder.decode_image(video)
        except (DecodeError, MissingExtraError) as error:
            self._failed(error, look.received)
            return
        if image is None:
            self.note = decoder.why
            return
        self._made = picture_of(image, look.number, look.received)
        self._is_bad, self.note = False, ""
        self._seen = self.seq = look.number
        self.bell.ring()
