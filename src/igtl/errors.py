"""Everything that igtl raises on purpose, in one tree.

    OpenIGTLinkError
    ├── MessageError (ValueError)         you built something that the wire cannot carry
    ├── DecodeError (ValueError)          bytes of a peer are not a valid message
    │   ├── ChecksumError                 the body does not match its CRC-64
    │   └── FramingError                  the stream cannot go on behind these bytes
    ├── EndpointError (ValueError)        the text of an endpoint is not understood
    ├── LinkError (ConnectionError)       there is no connection, or no longer
    │   ├── ConnectError                  connecting or binding failed
    │   └── ClosedError                   the link was closed, by us or by the peer
    ├── TimeoutError (TimeoutError)       something took longer than it was allowed to
    ├── NotAvailable (LookupError)        a peer does not have what it was asked for
    ├── CommandError                      a peer could not do what it was told to do
    ├── SourceError (ValueError)          a source of messages is unknown or unreadable
    ├── RecordingError (ValueError)       a recording, sequence or capture cannot be read or written
    └── MissingExtraError (ImportError)   an optional package is not installed

A caller's mistakes and a peer's are different classes. Any other exception that leaves igtl
because of what a peer sent is a bug of igtl.
"""

from __future__ import annotations

import builtins
from typing import Any

__all__ = [
    "ChecksumError",
    "ClosedError",
    "CommandError",
    "ConnectError",
    "DecodeError",
    "EndpointError",
    "FramingError",
    "LinkError",
    "MessageError",
    "MissingExtraError",
    "NotAvailable",
    "OpenIGTLinkError",
    "RecordingError",
    "SourceError",
    "TimeoutError",
]


class OpenIGTLinkError(Exception):
    """Root of everything that igtl raises on purpose."""


class MessageError(OpenIGTLinkError, ValueError):
    """A message was built from values that the wire cannot carry."""


class DecodeError(OpenIGTLinkError, ValueError):
    """Bytes that a peer sent are not a valid message."""


class ChecksumError(DecodeError):
    """A message's body does not match the CRC-64 in its header."""


class FramingError(DecodeError):
    """The stream cannot go on: where the next message starts is not known or not acceptable."""


class EndpointError(OpenIGTLinkError, ValueError):
    """The text of an endpoint is not understood."""


class LinkError(OpenIGTLinkError, ConnectionError):
    """There is no connection, or no longer."""


class ConnectError(LinkError):
    """Connecting to a server, or binding a server's address, failed."""


class ClosedError(LinkError):
    """The link was closed, by us or by the peer."""


class TimeoutError(OpenIGTLinkError, builtins.TimeoutError):
    """Something took longer than it was allowed to."""


class NotAvailable(OpenIGTLinkError, LookupError):  # noqa: N818 - it is an answer
    """A peer does not have, or does not give, what it was asked for.

    Attributes:
        answer: the `igtl.Message` that said so, None when there was none.
    """

    def __init__(self, text: str, answer: Any = None) -> None:
        super().__init__(text)
        self.answer = answer


class CommandError(OpenIGTLinkError):
    """A peer could not do what it was told to do. A server's handler may raise it to say so.

    Attributes:
        reply: the `igtl.Message` that said so, None when there was none.
    """

    def __init__(self, text: str, reply: Any = None) -> None:
        super().__init__(text)
        self.reply = reply


class SourceError(OpenIGTLinkError, ValueError):
    """A source of messages is unknown, or its file cannot be read."""


class RecordingError(OpenIGTLinkError, ValueError):
    """A recording, a sequence of images or a capture cannot be read or written."""


class MissingExtraError(OpenIGTLinkError, ImportError):
    """A feature needs an optional package that is not installed."""

    @classmethod
    def of(cls, package: str, extra: str, purpose: str) -> MissingExtraError:
        """The error for `purpose`, which needs `package` from the optional extra `extra`."""
        return cls(f"{purpose} needs {package}: pip install 'igtl[{extra}]'")
