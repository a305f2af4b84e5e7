"""What came of a command: writing it so that other programs understand it, and reading theirs.

A reply is an RTS_COMMAND. Programs look for the outcome in different places, so igtl writes it in
all of them, and reads them in this order:

    content    <Command><Result>true</Result><Parameter Name="Depth" Value="5"/></Command>
                   is the form of 3D Slicer, that of PLUS is
               <CommandReply Name="X" Status="FAIL" Error="no probe" Message="..."/>
    metadata   Status = SUCCESS or FAIL; the error as ErrorMessage (3D Slicer) and Error (PLUS)
    name       the error; empty, or the command's name, when there is none (protocol document)

3D Slicer's own Status is not reliable, so the XML goes first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np

from igtl.codec.frame import NAME_SIZE
from igtl.errors import MessageError
from igtl.messages.command import Command, CommandReply
from igtl.messages.string import String
from igtl.protocol.profile import Profile

__all__ = ["failed", "legal", "parameters", "root_of", "shown", "succeeded", "verdict", "written"]

#: Bytes of a name in RTS_COMMAND, without the NUL.
_NAME_ROOM = 127
#: Bytes of an error's text: twice in the content and all of it escaped, it still fits.
_ERROR_ROOM = 4000
#: Longer texts (of several hundred bytes of memory an element) are not taken for XML.
_LONGEST_XML = 1 << 20
#: Where XML declares entities, and nothing in OpenIGTLink needs it.
_DECLARATION = "<!DOCTYPE"
#: Characters that XML 1.0 cannot hold, not even escaped.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NO_REASON = "the peer gave no reason"


def succeeded(
    command: Command, result: str | Mapping[str, object] | None, profile: Profile
) -> CommandReply:
    """The reply to a command that was obeyed.

    Args:
        result: the reply's content, or parameters to put into it: values are written as people
            write them, "true" and "false", numbers of a sequence with blanks between them.
        profile: whose form of XML to write.

    Raises:
        MessageError: a reply cannot carry the result: more than 65,535 bytes, most likely.
    """
    metadata = {"Status": "SUCCESS"}
    if isinstance(result, str):
        content = result
    else:
        values = {legal(str(name)): shown(value) for name, value in (result or {}).items()}
        if profile.replies == "plus":  # its clients read parameters in the metadata
            metadata = {name: value for name, value in values.items() if name} | metadata
            root = _plus(command, "SUCCESS")
        else:
            root = _outcome("true")
        content = written(_with_parameters(root, values))
    return _reply(command, command.name, content, metadata)


def failed(command: Command, text: str, profile: Profile) -> CommandReply:
    """The reply to a command that could not be obeyed.

    Args:
        text: why, for people. What is too long is cut; what XML cannot hold is replaced.
        profile: whose form of XML to write.
    """
    text = _short(legal(text).strip(), _ERROR_ROOM) or "the command failed"
    if profile.replies == "plus":
        name, root = command.name, _plus(command, "FAIL", Error=text, Message=text)
    else:
        name, root = text, _with_parameters(_outcome("false"), {"ErrorMessage": text})
    metadata = {"Status": "FAIL", "ErrorMessage": text, "Error": text}
    return _reply(command, name, written(root), metadata)


def verdict(reply: CommandReply | String, command_name: str) -> str | None:
    """Whether a command succeeded: None if so, else the error's text.

    Args:
        reply: an RTS_COMMAND, or the STRING from ACK_n that PLUS sends for one to CMD_n.
        command_name: the command that it replies to.
    """
    name = reply.name if isinstance(reply, CommandReply) else ""
    root = root_of(_content(reply))
    success = None if root is None else _stated(root)
    if success is None:
        success = _SUCCESS.get(reply.metadata.get("Status", "").strip().lower())
    if success is None:
        success = name in ("", command_name) and not _error_in(reply.metadata)
    if success:
        return None
    error = _error_of(root) if root is not None else ""
    said = "" if name == command_name else name.strip()
    return error or _error_in(reply.metadata) or said or _NO_REASON


def parameters(message: Command | CommandReply | String) -> dict[str, str]:
    """Values that a command or its reply carries in its XML, by name.

    These are `<Parameter Name="" Value=""/>`, and attributes of the root: what PLUS writes in a
    reply, and the arguments of a command, without its name. Empty when the content is not XML.

    Raises:
        MessageError: it is another kind of message, or none.
    """
    if not isinstance(message, (Command, CommandReply, String)):
        raise MessageError(
            f"parameters are those of a Command, a CommandReply or a String, not of a "
            f"{type(message).__name__}"
        )
    root = root_of(_content(message))
    if root is None:
        return {}
    asks = isinstance(message, Command)
    values = dict(root.attrib) if root.tag == ("Command" if asks else "CommandReply") else {}
    if asks:
        values.pop("Name", None)
    found = {one.get("Name", ""): one.get("Value", "") for one in root.iter("Parameter")}
    return values | {name: value for name, value in found.items() if name}


def root_of(text: str) -> Element | None:
    """The root of a peer's XML, or None where it is not XML that is safe to read.

    Texts that declare entities, and texts of over a million characters, are not read. Nothing is
    raised, whatever the text.
    """
    text = text.strip(" \t\r\n\0\ufeff")
    if not text.startswith("<") or len(text) > _LONGEST_XML or _DECLARATION in text:
        return None
    try:
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, LookupError):
        return None


def written(root: Element) -> str:
    """XML as text, without a declaration."""
    return ElementTree.tostring(root, encoding="unicode")


def legal(text: str) -> str:
    """The text with U+FFFD for each character that XML cannot hold, such as NUL."""
    return _ILLEGAL.sub("\ufffd", text)


def _reply(command: Command, name: str, content: str, metadata: Mapping[str, str]) -> CommandReply:
    """A reply to `command`, from the device that it was sent to."""
    device_name = _short(command.device_name, NAME_SIZE)
    return CommandReply(
        command.command_id,
        _short(name, _NAME_ROOM),
        content,
        device_name=device_name,
        metadata=metadata,
    )


def _content(message: Command | CommandReply | String) -> str:
    return message.text if isinstance(message, String) else message.content


#: What a result or a status is called, in small letters.
_SUCCESS = {"true": True, "1": True, "success": True, "false": False, "0": False, "fail": False}


def _stated(root: Element) -> bool | None:
    """Whether XML says that a command succeeded; None when it says neither."""
    if root.tag == "Command":
        return _SUCCESS.get((root.findtext("Result") or "").strip().lower())
    if root.tag == "CommandReply":
        return _SUCCESS.get(root.get("Status", "").strip().lower())
    return None


def _error_of(root: Element) -> str:
    """The text of an error in XML: an attribute, a parameter or an element."""
    values = {one.get("Name"): one.get("Value") for one in root.iter("Parameter")}
    for name in ("Error", "ErrorMessage", "Message"):
        text = root.get(name) or values.get(name) or root.findtext(name) or ""
        if text.strip():
            return text.strip()
    return ""


def _error_in(metadata: Mapping[str, str]) -> str:
    """The text of an error in metadata."""
    return (metadata.get("ErrorMessage", "") or metadata.get("Error", "")).strip()


def _plus(command: Command, status: str, **more: str) -> Element:
    return Element("CommandReply", {"Name": legal(command.name), "Status": status, **more})


def _outcome(result: str) -> Element:
    root = Element("Command")
    ElementTree.SubElement(root, "Result").text = result
    return root


def _with_parameters(root: Element, values: Mapping[str, str]) -> Element:
    for name, value in values.items():
        ElementTree.SubElement(root, "Parameter", {"Name": name, "Value": value})
    return root


def shown(value: object) -> str:
    """A value as PLUS and 3D Slicer write it in XML."""
    match value:
        case None:
            return ""
        case bool() | np.bool_():
            return "true" if value else "false"
        case np.ndarray():
            return shown(value.ravel().tolist())
        case list() | tuple():
            return " ".join(map(shown, value))
    return legal(str(value))


def _short(text: str, room: int) -> str:
    """The text, cut between two characters where it takes more than `room` bytes as UTF-8."""
    return text.encode()[:room].decode(errors="ignore")
