"""A stream of encoded pictures that browsers watch, each as fast as it shows them.

The last pictures are kept, and each browser is given the one that comes after what it has: nothing
queues for it. Who begins, or is behind, goes on with the newest key frame as soon as there is one.

`igtl.viewer.h264` encodes pictures here; `igtl.viewer.relay` passes on those of who sends VIDEO.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from igtl.codec.buffers import Buffer
from igtl.viewer.bell import Bell
from igtl.viewer.envelope import pack

__all__ = ["Broadcast", "Coded", "Watcher"]

_FOREVER_S = 1e6
_NO_LIMIT = 1 << 62


class Coded(NamedTuple):
    """An encoded picture."""

    head: Callable[[], dict[str, Any]]
    """Makes the head of its envelope, when somebody watches."""
    data: Buffer
    is_key: bool
    """Whether a decoder can begin with it."""


class Broadcast:
    """What browsers watch. One thread puts pictures in; watchers are of one event loop.

    Args:
        most_unshown: so many pictures may be on the way to a browser that it has not shown.
        most_kept: pictures. Who is farther behind waits for a key frame.
        too_late: what such a browser tells its user meanwhile.

    Attributes:
        bell: rings when there is news for watchers.
        note: why no picture comes, for people; "" while they do.
        why: why none will ever come; "" while it goes on.
    """

    def __init__(self, *, most_unshown: int, most_kept: int, too_late: str = "") -> None:
        self.bell, self.note, self.why = Bell(), "", ""
        self.most_unshown, self.too_late = most_unshown, too_late
        self._most_kept, self._most_bytes = most_kept, _NO_LIMIT
        self._kept: deque[Coded] = deque()
        self._bytes = 0
        #: The numbers of the newest picture and of its key frame; 0: none since all was cleared.
        self._last = self._key = 0
        self._keeping = threading.Lock()

    def put(self, one: Coded) -> None:
        """The next picture. If it is no key frame, it builds on those before it, if kept."""
        with self._keeping:
            if not (one.is_key or self._key):
                return
            self._last += 1
            if one.is_key:
                self._key = self._last
            self._kept.append(one)
            self._bytes += len(one.data)
            self._drop()
        self.note = ""
        self.bell.ring()

    def limit(self, most_bytes: int) -> None:
        """Keep no more than so many bytes from now on, or one picture."""
        with self._keeping:
            self._most_bytes = most_bytes
            self._drop()

    def clear(self, note: str) -> None:
        """Keep nothing, up to the next key frame.

        Args:
            note: why, for people.
        """
        with self._keeping:
            self._kept.clear()
            self._bytes = self._key = 0
        self.note = note
        self.bell.ring()

    def after(self, number: int) -> tuple[int, Coded] | None:
        """The number of the picture to go on with, and itself; None: there is none yet.

        Args:
            number: of the picture that somebody has; 0: none.
        """
        with self._keeping:
            following, place = self._place(number)
            return (following, self._kept[place]) if 0 <= place < len(self._kept) else None

    def lacks_key(self, number: int) -> bool:
        """Whether to go on takes a key frame that is not there yet."""
        with self._keeping:
            return self._place(number)[1] < 0

    def refusal(self, codecs: frozenset[str]) -> str:
        """Why a browser that decodes these cannot watch any more; "" while it can."""
        return self.why

    def wake(self) -> None:
        """A browser could take more, or is gone."""
        self.bell.ring()

    def leave(self, watcher: Watcher) -> None:
        """One browser less."""
        self.wake()

    def close(self, why: str) -> None:
        """End it for all and for good."""
        self.why = self.why or why
        self.bell.ring()

    def _drop(self) -> None:
        """Let go of the oldest where too much is kept."""
        while len(self._kept) > 1 and (
            len(self._kept) > self._most_kept or self._bytes > self._most_bytes
        ):
            self._bytes -= len(self._kept.popleft().data)

    def _place(self, number: int) -> tuple[int, int]:
        """The number of what follows, and its place among what is kept; below 0: it was there."""
        following = max(number + 1, self._key)
        return following, following - 1 - self._last + len(self._kept)


class Watcher:
    """One browser that watches; close it when the browser is gone.

    Args:
        broadcast: what it watches.
        codecs: what it decodes, as far as the broadcast asks.
    """

    def __init__(self, broadcast: Broadcast, codecs: frozenset[str] = frozenset()) -> None:
        self._broadcast, self._codecs = broadcast, codecs
        self._unshown: deque[int] = deque()
        self._number = self._seq = 0  # of what it was given last: here, and for itself
        self._is_closed, self._told = False, ""
        self._news: list[Buffer] | str | None = None

    @property
    def why(self) -> str:
        """Why no more pictures come, for people; "" while they do."""
        return self._broadcast.refusal(self._codecs)

    async def next(self) -> list[Buffer] | str | None:
        """The next envelope, or why none comes, for people; None: no more will come.

        The first envelope is that of a key frame.
        """
        await self._broadcast.bell.wait(self._has_news, _FOREVER_S)
        return self._news

    def shown(self, seq: int) -> None:
        """The browser has shown this picture, and with it all before."""
        while self._unshown and self._unshown[0] <= seq:
            self._unshown.popleft()
        self._broadcast.wake()

    def close(self) -> None:
        """Watch no longer."""
        self._is_closed = True
        self._broadcast.leave(self)

    @property
    def has_to_begin(self) -> bool:
        """Whether it needs a key frame and could take it."""
        return self._has_room and self._broadcast.lacks_key(self._number)

    def _has_news(self) -> bool:
        if self._is_closed or self.why:
            self._news = None
            return True
        found = self._broadcast.after(self._number) if self._has_room else None
        self._news = self._note() if found is None else self._envelope(*found)
        return self._news != ""

    def _envelope(self, number: int, one: Coded) -> list[Buffer]:
        head = one.head()
        skipped = max(0, head["seq"] - self._seq - 1) if self._seq else 0
        self._number, self._seq, self._told = number, head["seq"], ""
        self._unshown.append(self._seq)
        return pack(head | {"skipped": skipped}, one.data)

    def _note(self) -> str:
        """Why nothing comes, once."""
        late = self._broadcast.too_late if self._seq and self.has_to_begin else ""
        told, self._told = self._told, self._broadcast.note or late
        return self._told if self._told != told else ""

    @property
    def _has_room(self) -> bool:
        return len(self._unshown) < self._broadcast.most_unshown
