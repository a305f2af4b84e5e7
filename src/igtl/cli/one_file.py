"""One message as one file; the ending of its name says in which form."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

import igtl
from igtl.viewer.plain import plain_message

__all__ = ["Writer", "writer_for"]

Writer = Callable[[igtl.Message, Path], None]
"""Writes a message to a path."""

_BYTES_ENDINGS = (".igtl", ".bin")
_IMAGE_ENDINGS = (".mha", ".mhd", ".nrrd", ".nhdr", ".nii", ".nii.gz")
#: What of a message is the one array that it is about.
_ARRAYS: dict[type[igtl.Message], str] = {
    igtl.Image: "pixels",
    igtl.NDArray: "array",
    igtl.Transform: "matrix",
    igtl.Sensor: "values",
    igtl.ColorTable: "table",
}


def writer_for(path: Path, cls: type[igtl.Message]) -> Writer:
    """What writes messages of a class to a file of that name.

    Raises:
        MessageError: they cannot be written in that form; the text says in which they can.
    """
    forms: dict[str, Writer] = dict.fromkeys(_BYTES_ENDINGS, _write_bytes)
    forms[".json"] = _write_json
    if cls in _ARRAYS:
        forms[".npy"] = _write_array
    if cls is igtl.Image:
        forms |= dict.fromkeys(_IMAGE_ENDINGS, _write_image)
    for ending, write in forms.items():
        if path.name.lower().endswith(ending) and path.name.lower() != ending:
            return write
    raise igtl.MessageError(
        f"cannot save {cls.wire_type} as {str(path)!r}: for this type, names end in one of "
        f"{', '.join(forms)}"
    )


def _write_bytes(message: igtl.Message, path: Path) -> None:
    """The bytes as they came: a received message keeps them."""
    path.write_bytes(igtl.encode(message))


def _write_json(message: igtl.Message, path: Path) -> None:
    path.write_text(json.dumps(plain_message(message), allow_nan=False) + "\n", encoding="utf-8")


def _write_array(message: igtl.Message, path: Path) -> None:
    with path.open("wb") as file:  # numpy would add an ending of its own to a name in capitals
        np.save(file, getattr(message, _ARRAYS[type(message)]), allow_pickle=False)


def _write_image(message: igtl.Message, path: Path) -> None:
    from igtl.sources.image_file import write_image

    assert isinstance(message, igtl.Image)  # writer_for has seen to that
    write_image(message, path)
