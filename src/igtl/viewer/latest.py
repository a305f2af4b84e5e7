"""What the newest message of a row is to the page, made when somebody asks, once for all who do."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from igtl.codec.frame import Frame
from igtl.errors import DecodeError
from igtl.messages.message import Message
from igtl.viewer.bell import Bell
from igtl.viewer.row import Look, Row

__all__ = ["Latest", "Trouble"]

Trouble = Callable[[Row, Exception, float], object]
"""Is told of a malformed message: its row, what is wrong, when it came."""


class _Numbered(Protocol):
    @property
    def seq(self) -> int: ...


T = TypeVar("T", bound=_Numbered)


class Latest(Generic[T]):
    """What is made of the newest message of a row. Messages that came before it are forgotten.

    Args:
        row: whose messages.
        trouble: is told of malformed messages, of the first of several.

    Attributes:
        row: whose messages.
        seq: the number of the newest one, 0 before the first.
        note: why there is nothing newer, or not all of it, for people; "" when all is well.
        bell: rings when `seq` has changed.
    """

    #: Messages of more bytes are taken apart in a thread.
    large = 1 << 20

    def __init__(self, row: Row, trouble: Trouble) -> None:
        self.row, self.seq, self.note, self.bell = row, 0, "", Bell()
        self._trouble = trouble
        self._made: T | None = None
        self._seen, self._is_bad = 0, False
        self._making = threading.Lock()
        row.forgotten = self.forget

    def take(self, frame: Frame, received: float) -> None:
        """The row has a newer message; by the thread that counted it."""
        self.seq = self.row.number
        self.bell.ring()

    def forget(self) -> None:
        """Let go of the newest message."""
        with self._making:
            self._made = None
        self.note = "the last message is not kept any more: too much came since"

    def newest(self) -> T | None:
        """Of the newest that is not malformed; by any thread."""
        with self._making:
            look = self.row.look()
            if look is not None and look.number != self._seen:
                self._seen = look.number
                self._make(look)
            return self._made

    def want(self, seconds: float) -> None:
        """Tell that somebody is going to ask within that time."""

    def close(self) -> None:
        """Stop whatever works for it."""

    async def after(self, seq: int, seconds: float) -> T | None:
        """The newest, as soon as there is one that is not `seq`; None: not in time.

        Malformed ones are passed over. Large ones are taken apart in a thread.

        Args:
            seq: what the asker has; 0: nothing.
            seconds: how long to wait.
        """
        known = seq
        deadline = asyncio.get_running_loop().time() + seconds
        self.want(seconds)
        while await self._is_other(known, deadline):
            known = self.seq
            made = await asyncio.to_thread(self.newest) if self._is_large() else self.newest()
            if made is not None and made.seq != seq:
                return made
        return None

    def made(self, message: Message, seq: int, received: float) -> T:
        """What is made of a message; it may set `note`.

        Raises:
            DecodeError: nothing can be made of it.
        """
        raise NotImplementedError

    async def _is_other(self, known: int, deadline: float) -> bool:
        left = deadline - asyncio.get_running_loop().time()
        return await self.bell.wait(lambda: self.seq not in (0, known), left)

    def _is_large(self) -> bool:
        """Whether there is much to take apart, or somebody is at it."""
        frame = self.row.newest
        return self._making.locked() or (
            frame is not None and self.seq != self._seen and frame.body_size > self.large
        )

    def _make(self, look: Look) -> None:
        self.note, message = "", look.message
        if isinstance(message, DecodeError):
            self._failed(message, look.received)
            return
        try:
            self._made = self.made(message, look.number, look.received)
        except DecodeError as error:
            self._failed(error, look.received)
        else:
            self._is_bad = False

    def _failed(self, error: Exception, received: float) -> None:
        """Note what is wrong."""
        if not self._is_bad:
            self._trouble(self.row, error, received)
        self._is_bad, self.note = True, str(error)
