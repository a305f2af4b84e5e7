"""The pictures of one device over time: images as they are, video decoded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from igtl.errors import RecordingError
from igtl.messages import Image, Video
from igtl.messages.registry import class_of
from igtl.recording.entry import Entry
from igtl.video.decoder import Decoder

__all__ = ["OTHER_DEVICE", "Chosen", "PictureStream", "is_picture"]

OTHER_DEVICE = "of a device that was not chosen"
_NO_KEY_FRAME = "video in front of its first key frame, or damaged"
_MOST_NAMED = 20


class _Origin(NamedTuple):
    """Whose pictures an entry is one of."""

    device: str
    wire_type: str
    connection: str


class Chosen:
    """Of which device the pictures are taken.

    Args:
        device: its name; None takes any.
    """

    def __init__(self, device: str | None) -> None:
        self._device, self._found = device, device is None
        self._others: dict[str, None] = {}

    def takes(self, name: str) -> bool:
        """Whether pictures of that device are taken; it is remembered that there are some."""
        if self._device in (None, name):
            self._found = True
            return True
        if len(self._others) < _MOST_NAMED:
            self._others[name] = None
        return False

    def check(self) -> None:
        """See that there were some.

        Raises:
            RecordingError: there were none; the text says of which devices there were.
        """
        if self._found:
            return
        others = ", ".join(map(repr, self._others)) or "no device"
        raise RecordingError(
            f"--image is {self._device!r}, which has no pictures here; there are those of {others}"
        )


class PictureStream:
    """Takes the pictures of one device, and refuses those of a second one.

    The same device over two connections at a time is two devices, which often have the same name;
    and so is one that sends IMAGE and VIDEO. A connection that takes the place of another, which
    was lost say, goes on with it.

    Args:
        device: the one to take; None: the only one.
        entries: what will come, to name all devices when there are several.

    Attributes:
        chosen: the device, and whether there were pictures of it.
    """

    def __init__(self, device: str | None, entries: Iterable[Entry] = ()) -> None:
        self.chosen, self._entries = Chosen(device), entries
        self._origin: _Origin | None = None
        self._ended: set[_Origin] = set()
        self._decoder = Decoder()

    def image(self, entry: Entry) -> Image | str:
        """The picture of an entry, for which `is_picture` holds; or why there is none.

        Raises:
            DecodeError: its bytes are no valid message.
            RecordingError: it is of another device than those before.
            MissingExtraError: PyAV is not installed, which video needs.
        """
        message = entry.message
        if not self.chosen.takes(message.device_name):
            return OTHER_DEVICE
        self._check_single(_origin(entry)._replace(device=message.device_name))
        if isinstance(message, Video):
            image = self._decoder.decode_image(message)
            return _NO_KEY_FRAME if image is None else image
        assert isinstance(message, Image)
        return message

    def _check_single(self, origin: _Origin) -> None:
        if self._origin is None or origin == self._origin:
            self._origin = origin
            return
        if origin[:2] != self._origin[:2] or origin in self._ended:
            raise self._refusal(self._origin, origin)
        self._ended.add(self._origin)
        self._origin, self._decoder = origin, Decoder()

    def _refusal(self, *origins: _Origin) -> RecordingError:
        found = dict.fromkeys(origins)
        found |= dict.fromkeys(_origin(one) for one in self._entries if is_picture(one))
        told = "; ".join(f"{name!r} ({kind}, {link})" for name, kind, link in found)
        return RecordingError(
            f"the file holds the pictures of one device, but there are {told}: choose one (--image,"
            " and --type or --connection where that is not enough)"
        )


def is_picture(entry: Entry) -> bool:
    """Whether an entry is an image or a frame of video, as its type says."""
    kind = class_of(entry.frame.raw_type)
    return kind is not None and issubclass(kind, (Image, Video))


def _origin(entry: Entry) -> _Origin:
    """As far as its header says; a name may be longer in its metadata."""
    return _Origin(entry.frame.device_name, entry.frame.type_name, entry.connection)
