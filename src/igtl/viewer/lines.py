"""Messages as lines of a log: STRING, STATUS, COMMAND and the answers RTS_..."""

from __future__ import annotations

from typing import Literal

from igtl.codec.frame import Frame
from igtl.messages.command import Command, CommandReply
from igtl.messages.message import Message
from igtl.messages.query import Ready
from igtl.messages.registry import class_of
from igtl.messages.status import Status, StatusCode
from igtl.messages.string import String
from igtl.protocol.replies import verdict

__all__ = ["Level", "is_line", "line", "shortened"]

Level = Literal["info", "warning", "error"]

_KINDS = (String, Status, Command, CommandReply, Ready)
_ANSWER = b"RTS_"
_LONGEST = 2000
#: Codes of a device that cannot just now, or has nothing to say.
_WARNINGS = frozenset(
    {
        StatusCode.INVALID,
        StatusCode.BUSY,
        StatusCode.NOT_READY,
        StatusCode.MANUAL_MODE,
        StatusCode.DISABLED,
    }
)


def is_line(frame: Frame) -> bool:
    """Whether a message is one for the log, as its header says."""
    kind = class_of(frame.raw_type)
    if kind is None:
        return frame.raw_type.startswith(_ANSWER)
    return issubclass(kind, _KINDS)


def line(message: Message) -> tuple[Level, str]:
    """How important a message is, and what it says."""
    match message:
        case String():
            return "info", shortened(message.text)
        case Status():
            return _level(message.code), shortened(_status(message))
        case Command():
            return "info", shortened(f"#{message.command_id} {message.name} {message.content}")
        case CommandReply():
            return _reply(message)
        case Ready():
            refused = f"refused, status {message.status}"
            return ("error", refused) if message.status else ("info", "accepted")
    return "info", f"{len(message.raw_content)} bytes of a type that igtl does not know"


def shortened(text: str) -> str:
    """A text that fits into the log."""
    text = text.strip()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _level(code: int) -> Level:
    if code == StatusCode.OK:
        return "info"
    return "warning" if code in _WARNINGS else "error"


def _status(status: Status) -> str:
    code = status.code
    name = code.name if isinstance(code, StatusCode) else f"code {code}"
    name += f" (subcode {status.subcode})" if status.subcode else ""
    return ": ".join(part for part in (name, status.error_name, status.text) if part)


def _reply(reply: CommandReply) -> tuple[Level, str]:
    """What came of a command, whose name is not known: what else the reply says counts."""
    error = verdict(reply, reply.name)
    what = f"#{reply.command_id} {reply.name}".rstrip()
    if error is None:
        return "info", shortened(f"{what} {reply.content}")
    return "error", shortened(f"{what} failed: {error}")
