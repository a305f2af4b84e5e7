"""What kind of program a peer is: what may be sent to it, and in which form.

Programs that speak OpenIGTLink differ in what they can take. A `Profile` says what one kind of
program is known to do; `Profile.adapt` makes of a message what such a peer can read, or says why
that is not possible. Sources: behaviour of 3D Slicer (OpenIGTLinkIO), of PLUS and of the reference
library, as found with live peers or in their sources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from igtl.errors import MessageError
from igtl.messages.command import Command, CommandReply, Query
from igtl.messages.geometry import flipped
from igtl.messages.image import Image
from igtl.messages.message import Message
from igtl.messages.polydata import Cells, PolyData
from igtl.messages.pose import Position, Transform
from igtl.messages.query import Companion
from igtl.messages.status import Status, StatusCode
from igtl.messages.string import ClientInfo, String
from igtl.messages.tracking import QuaternionTrackingData, TrackingData
from igtl.messages.video import Video, VideoMeta

__all__ = [
    "IGTL",
    "PLUS",
    "PLUS_STRINGS",
    "PROFILES",
    "SLICER",
    "V1",
    "Profile",
    "hello",
    "named",
    "recognise",
]


@dataclass(frozen=True)
class Profile:
    """What one kind of program reads and how it talks.

    Args:
        name: as `named` takes it.
        queries: whether it may be sent GET_, STT_ and STP_.
        answers: wire types RTS_... that it may be sent; None: all.
        newest_version: highest header version that it reads, 1 or 2.
        commands: how it is told to do something: by COMMAND, by a STRING to CMD_n, or not at all.
        replies: form of the XML in replies to its commands.
        contents: for classes of messages that it reads in some forms only, what makes such a form.
    """

    name: str
    queries: bool = True
    answers: frozenset[str] | None = None
    newest_version: int = 2
    commands: Literal["command", "string", "none"] = "command"
    replies: Literal["slicer", "plus"] = "slicer"
    contents: Mapping[type[Message], Callable[[Any], Message]] = field(
        default_factory=dict, repr=False, compare=False
    )
    #: Whether `adapt` may change or refuse anything.
    adapts: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        limited = not self.queries or self.answers is not None or self.newest_version < 2
        object.__setattr__(self, "adapts", limited or bool(self.contents))

    def adapt(self, message: Message) -> Message:
        """The message as this peer can read it: itself, where nothing has to change.

        Raises:
            MessageError: there is no such form; the text says why and what to do.
        """
        self._check_type(message)
        for cls, change in self.contents.items():
            if isinstance(message, cls):
                message = change(message)
        if self.newest_version == 1:
            return _version_1(message)
        return message

    def _check_type(self, message: Message) -> None:
        kind, _, _ = message.wire_type.partition("_")
        if kind in ("GET", "STT", "STP") and not self.queries:
            raise MessageError(
                f"{message.wire_type} is not sent to a peer of profile {self.name!r}: it answers "
                "no query, and may crash on one; wait for what it sends by itself"
            )
        if kind == "RTS" and self.answers is not None and message.wire_type not in self.answers:
            raise MessageError(
                f"{message.wire_type} is not sent to a peer of profile {self.name!r}, which "
                f"may crash on it; it reads {' and '.join(sorted(self.answers))}"
            )


def _slicer_image(image: Image) -> Image:
    """An image that OpenIGTLinkIO reads: whole, in RAS, without 32-bit integers.

    OpenIGTLinkIO takes all coordinates for RAS, reads int32 and uint32 wrongly on Linux, and
    breaks on sub-volumes.
    """
    whole = image.pixels.shape[2::-1]
    if image.volume_size != whole:
        raise MessageError(
            f"a part of {whole} voxels at {image.sub_volume_offset} of a volume of "
            f"{image.volume_size} is not sent to 3D Slicer, which breaks on parts: send it whole"
        )
    changes: dict[str, Any] = {}
    if image.pixels.dtype.kind in "iu" and image.pixels.dtype.itemsize == 4:
        changes = {"pixels": _floats(image.pixels), "components": image.components}
    return _in_ras(image.replace(**changes) if changes else image)


def _floats(pixels: NDArray[Any]) -> NDArray[Any]:
    """The same numbers as float32 if that has all of them exactly, else as float64."""
    single = pixels.astype(np.float32)
    return single if np.array_equal(single, pixels) else pixels.astype(np.float64)


def _in_ras(message: Image) -> Image:
    """The same voxels at the same place, which is given in RAS."""
    if message.coordinates == "RAS":
        return message
    return message.replace(ijk_to_world=message.ijk_to_ras, coordinates="RAS")


def _slicer_video(video: Video) -> Video:
    """A frame of video whose place is given in RAS, as for images."""
    if video.coordinates == "RAS":
        return video
    return video.replace(ijk_to_world=flipped(video.ijk_to_world), coordinates="RAS")


def _slicer_polydata(mesh: PolyData) -> PolyData:
    """A mesh whose vertices are one cell: OpenIGTLinkIO overflows on two or more."""
    if len(mesh.vertices) < 2:
        return mesh
    if any(one.cell for one in mesh.attributes):
        raise MessageError(
            f"a POLYDATA with values of cells and {len(mesh.vertices)} cells of vertices is not "
            "sent to 3D Slicer, which breaks on it: give the values to points (cell=False)"
        )
    return mesh.replace(vertices=Cells([np.concatenate(list(mesh.vertices))]))


#: What came with protocol 3; peers of versions before do not know it.
_NEW = (Command, CommandReply, Query, Video, VideoMeta)


def _version_1(message: Message) -> Message:
    """The message with header version 1, without metadata and message id."""
    about = message.target if isinstance(message, Companion) else type(message)
    if issubclass(about, _NEW) or message.lowest_version > 1:
        raise MessageError(
            f"{message.wire_type} needs protocol version 3, this peer is spoken to in version 2 "
            "or 1: use profile 'igtl' if it understands more"
        )
    if message.header_version == 1:
        return message
    return message.replace(header_version=1, metadata={}, message_id=0)


IGTL = Profile("igtl")
SLICER = Profile(
    "slicer",
    queries=False,
    answers=frozenset({"RTS_COMMAND", "RTS_TDATA"}),
    contents={Image: _slicer_image, Video: _slicer_video, PolyData: _slicer_polydata},
)
PLUS = Profile("plus", replies="plus")
PLUS_STRINGS = Profile("plus-strings", commands="string", replies="plus")
V1 = Profile("v1", newest_version=1, commands="none")

#: All profiles by name.
PROFILES: Mapping[str, Profile] = MappingProxyType(
    {profile.name: profile for profile in (IGTL, SLICER, PLUS, PLUS_STRINGS, V1)}
)


def named(profile: str | Profile) -> Profile:
    """The profile of a name; "auto" begins as "igtl", until the peer shows what it is.

    Raises:
        MessageError: there is none of that name.
    """
    if isinstance(profile, Profile):
        return profile
    names = ("auto", *PROFILES)
    if profile not in names:
        close = get_close_matches(str(profile).lower(), names, n=1)
        hint = f" (did you mean {close[0]!r}?)" if close else ""
        raise MessageError(
            f"profile {profile!r} is not known{hint}, expected one of {', '.join(names)}"
        )
    return PROFILES.get(profile, IGTL)


def recognise(message: Message) -> Profile | None:
    """What kind of program sent this, where the message shows that; else None.

    3D Slicer says hello on connecting: a STATUS with header version 2, no device name, code 0, time
    0 and metadata dummy=dummy. PLUS adds to its data how each transform is, and only its clients
    send CLIENTINFO, and commands as STRING to CMD_n.
    """
    if isinstance(message, Status):
        return SLICER if _is_hello_of_slicer(message) else None
    if isinstance(message, ClientInfo) or message.wire_type in _OF_PLUS:
        return PLUS
    if isinstance(message, String) and message.device_name.startswith("CMD_"):
        return PLUS
    tracked = isinstance(message, _TRACKED) and not _STATES.isdisjoint(message.metadata)
    return PLUS if tracked else None


_OF_PLUS = frozenset({"TRACKEDFRAME", "USMESSAGE"})
_TRACKED = (Transform, Position, TrackingData, QuaternionTrackingData, Image, Video)
_STATES = frozenset({"TransformStatus", "TransformValid"})


def _is_hello_of_slicer(status: Status) -> bool:
    """Either sign is enough: asking Slicer by mistake crashes it, not asking another is no harm."""
    if status.metadata.get("dummy") == "dummy":
        return True
    nobody = status.device_name == "" and status.timestamp is None
    return nobody and status.code == 0 and (status.header_version or 1) >= 2


def hello(profile: Profile) -> tuple[Message, ...]:
    """What a client sends first.

    PLUS writes metadata only to clients that have sent header version 2 themselves.
    """
    return (Status(StatusCode.OK, header_version=2),) if profile == PLUS else ()
