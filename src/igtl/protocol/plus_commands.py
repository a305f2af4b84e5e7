"""Commands that clients of PLUS send to any server, answered from what the server publishes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from igtl.errors import NotAvailable
from igtl.messages.command import Command
from igtl.messages.message import Message
from igtl.messages.pose import Position, Transform
from igtl.messages.tracking import QuaternionTrackingData, TrackingData
from igtl.protocol.replies import legal, root_of, written
from igtl.protocol.transforms import Transforms, names_of

if TYPE_CHECKING:
    from igtl.protocol.service import Service

__all__ = ["plus_commands"]

_IMAGES = ("IMAGE", "VIDEO")
_TRACKED: tuple[type[Message], ...]
_TRACKED = (Transform, Position, TrackingData, QuaternionTrackingData)
#: Bytes of a list of devices: a reply has room for 65,535.
_LONGEST_LIST = 60_000


def plus_commands(service: Service) -> dict[str, Callable[..., object]]:
    """Handlers of RequestDeviceIds, RequestChannelIds, GetTransform and Version, by name.

    StartRecording and StopRecording are for the application to handle: what to record, and where,
    only that knows.
    """

    def device_ids(_client: object, command: Command) -> str:
        return _listed(command, service.devices)

    def channel_ids(_client: object, command: Command) -> str:
        images = [name for wire_type, name in service.devices if wire_type in _IMAGES]
        return _said(command, ",".join(images or [name for _, name in service.devices]))

    def transform(_client: object, command: Command) -> dict[str, object]:
        root = root_of(command.content)
        name = "" if root is None else root.get("TransformName", "")
        frames = names_of(name)
        if frames is None:
            raise NotAvailable(f"TransformName is {name!r}, expected such as 'ProbeToTracker'")
        known = Transforms()
        for message in _tracked(service):
            known.update(message)
        pose = known[frames]
        return {
            "TransformName": name,
            "TransformValue": pose.matrix,
            "TransformStatus": pose.status,
            "TransformValid": pose.valid,
            "TransformDate": "" if pose.timestamp is None else pose.timestamp,
        }

    def version(_client: object, command: Command) -> str:
        return _said(command, f"{service.name} {_version()}")

    return {
        "RequestDeviceIds": device_ids,
        "RequestChannelIds": channel_ids,
        "GetTransform": transform,
        "Version": version,
    }


def _tracked(service: Service) -> Iterator[Message]:
    """The newest poses; images and the like are not looked at, which would copy them."""
    for wire_type, device in service.devices:
        for cls in _TRACKED:
            item = service.newest(cls, device) if wire_type in cls.wire_types else None
            if item is not None:
                yield item.message()


def _listed(command: Command, devices: Sequence[tuple[str, str]]) -> str:
    """A reply whose message is the devices' names; their types are beside them, if there is room.

    PLUS reads the names alone, which do not say whether a device is an image.
    """
    names = ",".join(dict.fromkeys(name for _, name in devices))
    root = _success(command, names)
    for wire_type, name in devices:
        SubElement(root, "Device", {"Type": legal(wire_type), "Name": legal(name)})
    text = written(root)
    return text if len(text.encode()) <= _LONGEST_LIST else _said(command, names)


def _said(command: Command, text: str) -> str:
    """A reply whose message is the result."""
    return written(_success(command, text))


def _success(command: Command, text: str) -> Element:
    states = {"Name": legal(command.name), "Status": "SUCCESS", "Message": legal(text)}
    return Element("CommandReply", states)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("igtl")
    except PackageNotFoundError:  # run from its sources
        return "of unknown version"
