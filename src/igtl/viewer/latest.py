"""The newest message of a row, decoded when somebody asks, once for all who do."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from igtl.codec.frame import Frame
from igtl.errors import DecodeError
from igtl.viewer.bell import Bell
from igtl.viewer.statistics import Row

__all__ = ["Latest", "Trouble"]

Trouble = Callable[[Row, Exception, float], object]
"""Is told of a malformed message: its row, what is wrong, when it came."""


class _Numbered(Protocol):
    @property
    def seq(self) -> int: ...


T = TypeVar("T", bound=_Numbered)


class Latest(Generic[T]):
    """What the newest message of a row means. Messages that came before it are forgotten.

    Args:
        row: whose messages.
        trouble: is told of malformed messages, of the first of several.

    Attributes:
        row: whose messages.
        seq: the number of the newest one, 0 before the first.
        note: why there is nothing newer, or not all of it, for people; "" when all is well.
        bell: rings when `seq` has changed.
    """

    #: Messages of more bytes are decoded in a thread.
    large = 1 << 20

    def __init__(self, row: Row, trouble: Trouble) -> None:
        self.row, self.seq, self.note, self.bell = row, 0, "", Bell()
        self._trouble = trouble
        self._came: tuple[int, Frame, float] | None = None
        self._made: T | None = None
        self._seen, self._is_bad = 0, False
        self._decoding = threading.Lock()
        row.forgotten = self.forget

    def take(self, frame: Frame, received: float) -> None:
        """Keep a message instead of the one before; by one thread."""
        self._came = self.seq + 1, frame, received
        self.seq += 1
        self.bell.ring()

    def forget(self) -> None:
        """Let go of the newest message; by the thread that takes."""
        self._came, self._made, self._seen = None, None, self.seq
        self.note = "the last message is not kept any more: too much came since"

    def newest(self) -> T | None:
        """The newest that is not malformed; by any thread."""
        with self._decoding:
            came = self._came
            if came is not None and came[0] != self._seen:
                self._decode(*came)
                self._seen = came[0]
            return self._made

    def want(self, seconds: float) -> None:
        """Tell that somebody is going to ask within that time."""

    def close(self) -> None:
        """Stop whatever works for it."""

    async def later(self, seq: int, seconds: float) -> T | None:
        """The newest, as soon as there is one that is not `seq`; None: not in time.

        Malformed ones are passed over.

        Args:
            seq: what the asker has; 0: nothing.
            seconds: how long to wait.
        """
        known = seq
        deadline = asyncio.get_running_loop().time() + seconds
        self.want(seconds)
        while await self._is_newer(known, deadline):
            made = await asyncio.to_thread(self.newest) if self._is_large() else self.newest()
            if made is not None and made.seq != seq:
                return made
            known = self._seen
        return None

    def made(self, seq: int, frame: Frame, received: float) -> T:
        """What a message means; it may set `note`.

        Raises:
            DecodeError: it is malformed.
        """
        raise NotImplementedError

    async def _is_newer(self, known: int, deadline: float) -> bool:
        left = deadline - asyncio.get_running_loop().time()
        return await self.bell.wait(lambda: self.seq not in (0, known), left)

    def _is_large(self) -> bool:
        """Whether there is much to decode."""
        came = self._came
        return came is not None and came[0] != self._seen and came[1].body_size > self.large

    def _decode(self, seq: int, frame: Frame, received: float) -> None:
        self.note = ""
        try:
            self._made = self.made(seq, frame, received)
        except DecodeError as error:
            self._failed(error, received)
        else:
            self._is_bad = False

    def _failed(self, error: Exception, received: float) -> None:
        """Note what is wrong."""
        if not self._is_bad:
            self._trouble(self.row, error, received)
        self._is_bad, self.note = True, str(error)
