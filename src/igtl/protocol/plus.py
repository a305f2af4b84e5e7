"""What PLUS does in its own way: subscriptions by CLIENTINFO, and commands in STRING messages.

    <ClientInfo ClientHeaderVersion="2" TDATARequested="TRUE" TDATAResolution="20">
      <MessageTypes><Message Type="IMAGE"/><Message Type="TRANSFORM"/></MessageTypes>
      <TransformNames><Transform Name="ProbeToTracker"/></TransformNames>
      <ImageNames><Image Name="Image" EmbeddedTransformToFrame="Reference"/></ImageNames>
      <StringNames><String Name="DepthCm"/></StringNames>
    </ClientInfo>

A CLIENTINFO replaces all that the same client asked for before. Source: the sources of PLUS.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from igtl.errors import DecodeError, MessageError
from igtl.messages.command import CommandReply
from igtl.messages.message import Message
from igtl.messages.string import ClientInfo, String
from igtl.protocol.replies import legal, root_of, shown, verdict, written

__all__ = [
    "Subscription",
    "command_name",
    "command_text",
    "is_string_command",
    "string_command",
    "string_reply",
]

#: Parts of a conversation, which nobody has to subscribe to.
_ALWAYS = frozenset({"STATUS", "CAPABILITY"})
#: Which list of names selects among messages of a type, beyond the list of types.
_LISTS = {"TRANSFORM": "transforms", "POSITION": "transforms", "QTRANS": "transforms"}
_LISTS |= {"IMAGE": "images", "VIDEO": "images", "STRING": "strings"}
#: Which type is meant by who names devices only.
_IMPLIED = {"transforms": "TRANSFORM", "images": "IMAGE", "strings": "STRING"}
_TRACKING = ("TDATA", "QTDATA")
_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no")
_ATTRIBUTE = re.compile(r"[^\W\d][\w.-]*", re.ASCII)
_STRING_COMMAND = re.compile(r"CMD_(.+)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """What a client wants to be sent, as PLUS understands it.

    Args:
        types: wire types, such as "IMAGE". None given: those that the names below are of.
        transforms: names of transforms, such as "ProbeToTracker"; none given: all.
        images: names of images; none given: all.
        strings: names of strings; none given: all.
        header_version: the highest header version that the client reads; 2 brings metadata.
        tracking: whether to start tracking data, without which PLUS sends none; None: True if
            `types` has TDATA or QTDATA.
        tracking_interval: seconds between tracking data, in whole milliseconds; 0 is with every
            frame. PLUS is off by a factor of 1000 in it: leave it at 0 there.
        embedded: for names of images the frame in which they are to be placed. PLUS calls the
            image "Image" in the frame "Reference" then "Image_Reference".

    Raises:
        MessageError: something of this cannot be asked for.
    """

    types: tuple[str, ...] = ()
    transforms: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    strings: tuple[str, ...] = ()
    header_version: int = 2
    tracking: bool | None = None
    tracking_interval: float = 0.0
    embedded: Mapping[str, str] = field(default_factory=dict, hash=False)
    #: The names above as sets, for who asks often.
    _sets: Mapping[str, frozenset[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        named = {name: _names(getattr(self, name), name) for name in ("types", *_IMPLIED)}
        frames = dict(self.embedded)
        named["images"] += tuple(name for name in frames if name not in named["images"])
        if not named["types"]:
            named["types"] = tuple(kind for name, kind in _IMPLIED.items() if named[name])
            named["types"] += ("TDATA",) if self.tracking else ()
        for name, value in named.items():
            object.__setattr__(self, name, value)
        if self.tracking is None and not set(_TRACKING).isdisjoint(named["types"]):
            object.__setattr__(self, "tracking", True)
        object.__setattr__(self, "embedded", frames)
        sets = {name: frozenset(value) for name, value in named.items()}
        sets["placed"] = frozenset(f"{name}_{frame}" for name, frame in frames.items())
        object.__setattr__(self, "_sets", sets)
        _names(frames.values(), "frames of images")
        if self.header_version not in (1, 2):
            raise MessageError(f"header_version is {self.header_version!r}, expected 1 or 2")
        if not (math.isfinite(self.tracking_interval) and self.tracking_interval >= 0):
            raise MessageError(
                f"tracking_interval is {self.tracking_interval!r}, expected seconds, 0 or more"
            )

    def to_message(self, device_name: str = "") -> ClientInfo:
        """The CLIENTINFO that asks for this, with header version 2: so PLUS answers with it.

        Raises:
            MessageError: more names than fit into 65,535 bytes.
        """
        root = Element("ClientInfo", {"ClientHeaderVersion": str(self.header_version)})
        if self.tracking is not None:
            root.set("TDATARequested", "TRUE" if self.tracking else "FALSE")
            root.set("TDATAResolution", str(round(self.tracking_interval * 1000)))
        _add(root, "MessageTypes", "Message", ({"Type": one} for one in self.types))
        _add(root, "TransformNames", "Transform", ({"Name": one} for one in self.transforms))
        _add(root, "ImageNames", "Image", map(self._image, self.images))
        _add(root, "StringNames", "String", ({"Name": one} for one in self.strings))
        return ClientInfo(written(root), device_name=device_name, header_version=2)

    def _image(self, name: str) -> dict[str, str]:
        frame = self.embedded.get(name)
        return {"Name": name} | ({"EmbeddedTransformToFrame": frame} if frame else {})

    @classmethod
    def from_message(cls, message: ClientInfo) -> Subscription:
        """What a client asks for.

        Raises:
            DecodeError: this is not the XML of a CLIENTINFO, or a number in it is none.
        """
        root = root_of(message.text)
        if root is None or root.tag != "ClientInfo":
            found = "no XML that igtl reads" if root is None else f"<{root.tag}>"
            raise DecodeError(f"a CLIENTINFO holds {found:.80}, expected <ClientInfo ...>")
        images = {one.get("Name", ""): one for one in root.iterfind("ImageNames/Image")}
        frames = {name: one.get("EmbeddedTransformToFrame", "") for name, one in images.items()}
        return cls(
            types=_listed(root, "MessageTypes/Message", "Type"),
            transforms=_listed(root, "TransformNames/Transform", "Name"),
            images=_listed(root, "ImageNames/Image", "Name"),
            strings=_listed(root, "StringNames/String", "Name"),
            header_version=_version(root, message),
            tracking=_truth(root.get("TDATARequested", "")),
            tracking_interval=_number(root, "TDATAResolution", 0) / 1000,
            embedded={name: frame for name, frame in frames.items() if name and frame},
        )

    def wants(self, wire_type: str, device_name: str) -> bool:
        """Whether a message of this type and device is to be sent to this client.

        What belongs to a conversation (STATUS, CAPABILITY, RTS_..., ACK_n) always is.
        """
        if wire_type in _ALWAYS or wire_type.startswith("RTS_"):
            return True
        if wire_type == "STRING" and device_name.startswith("ACK_"):
            return True
        if ("POSITION" if wire_type == "QTRANS" else wire_type) not in self._sets["types"]:
            return False
        if wire_type in _TRACKING and self.tracking is False:
            return False
        return self._selects(_LISTS.get(wire_type, ""), device_name)

    def _selects(self, which: str, device_name: str) -> bool:
        """Whether a list of names has a device; an empty list has all."""
        names = self._sets.get(which)
        if not names or device_name in names:
            return True
        return which == "images" and device_name in self._sets["placed"]


def command_text(name: str, attributes: Mapping[str, object]) -> str:
    """The XML of a command, with attributes that are its arguments.

    Raises:
        MessageError: an argument has a name that no attribute can have.
    """
    for key in attributes:
        if not _ATTRIBUTE.fullmatch(str(key)) or key == "Name":
            raise MessageError(
                f"an argument of command {name!r} is named {key!r}, expected letters, digits and _ "
                "(not Name, which names the command): give content as XML instead"
            )
    values = {str(key): shown(value) for key, value in attributes.items()}
    return written(Element("Command", {"Name": legal(name)} | values))


def command_name(xml: str) -> str:
    """The name of the command in `<Command Name="X" .../>`; empty if there is none."""
    root = root_of(xml)
    return root.get("Name", "") if root is not None and root.tag == "Command" else ""


def string_command(n: int | str, xml: str) -> String:
    """A command in the older form, a STRING to the device CMD_n.

    Args:
        n: tells the replies apart; PLUS gives no reply to one of the last ten again.
        xml: `<Command Name="X" .../>`.
    """
    return String(xml, device_name=f"CMD_{n}")


def is_string_command(message: Message) -> str | None:
    """The n of a STRING to the device CMD_n; None for any other message."""
    if not isinstance(message, String):
        return None
    found = _STRING_COMMAND.fullmatch(message.device_name)
    return found[1] if found else None


def string_reply(n: int | str, reply: CommandReply, *, command: str = "") -> String:
    """The reply to a command in the older form: a STRING from ACK_n.

    A STRING has no place for the outcome but its text, so a reply whose content is not in the form
    of PLUS is put into that form.

    Args:
        n: that of the command.
        reply: what came of the command.
        command: name of the command.
    """
    root = root_of(reply.content)
    if root is not None and root.tag == "CommandReply":
        return String(reply.content, device_name=f"ACK_{n}")
    error = verdict(reply, command)
    outcome = {"Status": "SUCCESS", "Message": legal(reply.content)}
    if error is not None:
        outcome = {"Status": "FAIL", "Error": legal(error), "Message": legal(error)}
    named = {"Name": legal(command)} if command else {}
    return String(written(Element("CommandReply", named | outcome)), device_name=f"ACK_{n}")


def _names(value: Iterable[Any], what: str) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else tuple(value)
    for name in names:
        if not isinstance(name, str) or not name or name != legal(name):
            raise MessageError(f"{what} hold {name!r}, expected names")
    return names


def _add(root: Element, group: str, tag: str, items: Iterable[dict[str, str]]) -> None:
    """A group of elements, unless it is empty."""
    found = list(items)
    if found:
        parent = SubElement(root, group)
        for attributes in found:
            SubElement(parent, tag, attributes)


def _listed(root: Element, path: str, attribute: str) -> tuple[str, ...]:
    """The attribute of each element at a path that has it, each value once."""
    values = (one.get(attribute, "").strip() for one in root.iterfind(path))
    return tuple(dict.fromkeys(value for value in values if value))


def _truth(text: str) -> bool | None:
    text = text.strip().lower()
    return text in _TRUE if text in (*_TRUE, *_FALSE) else None


def _version(root: Element, message: ClientInfo) -> int:
    """What a client reads: as it says, else what it writes; 1 or 2."""
    said = _number(root, "ClientHeaderVersion", message.header_version or 1)
    return min(max(int(said), 1), 2)


def _number(root: Element, attribute: str, default: int) -> float:
    text = root.get(attribute, "").strip()
    try:
        number = float(text or default)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        raise DecodeError(f"a CLIENTINFO has {attribute}={text!r:.40}, expected a number")
    return number
