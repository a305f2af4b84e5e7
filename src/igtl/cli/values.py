"""`field=value` as people type it: text, numbers, JSON, or the path of a file."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import igtl
from igtl.cli.fields import FieldSpec, Kind, build, class_of, field_of

__all__ = ["message_from", "read_value"]

_GEOMETRY = ("ijk_to_world", "spacing", "origin")
_SEPARATORS = re.compile(r"[\s,;]+")


def message_from(
    type_name: str, assignments: Iterable[str], common: Mapping[str, Any]
) -> igtl.Message:
    """The message of a type whose fields are given as "name=value".

    Args:
        type_name: wire type or name of the Python class, in capitals or not.
        assignments: see `read_value`.
        common: device name, timestamp and the like, as a message's constructor takes them.

    Raises:
        MessageError: the type or a field is not known, or a value does not fit.
        SourceError, MissingExtraError, OSError: a file that a value names cannot be read.
    """
    cls = class_of(type_name)
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise igtl.MessageError(f"{assignment!r} is not understood, expected FIELD=VALUE")
        values[name] = read_value(field_of(cls, name), text)
    if isinstance(values.get("pixels"), Path):
        values, device = _with_image(values)
        common = {"device_name": device, **common}
    if cls.wire_type != type_name.upper() and type_name.upper() in igtl.message_types():
        common = {**common, "wire_type": type_name.upper()}
    return build(cls, values, common)


def read_value(spec: FieldSpec, text: str) -> Any:
    """What was typed for a field, as a plain value.

    Text fields take it as it is. Otherwise it is JSON, or numbers separated by commas, semicolons
    or spaces (a single one is no list), or "none". Pixels, arrays and encoded data may be the path
    of a file: arrays (.npy) and data are read here, an image file's path is returned.

    Raises:
        MessageError: it is none of those.
        OSError: the file cannot be read.
    """
    if spec.kind is Kind.TEXT:
        return text
    if spec.kind is Kind.BYTES:
        return Path(text).read_bytes()
    if spec.kind in (Kind.PIXELS, Kind.SAMPLES) and _is_file(text):
        return _read_array(Path(text)) if text.lower().endswith(".npy") else Path(text)
    if text.lower() == "none":
        return None
    if text.lstrip()[:1] in ("[", "{"):
        return _read_json(spec, text)
    return _read_numbers(text)


def _is_file(text: str) -> bool:
    return os.path.lexists(text) or not re.match(r"\s*[-+.\d\[]", text)


def _read_array(path: Path) -> NDArray[Any]:
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise igtl.MessageError(f"cannot read {path}: {error}") from None
    if not isinstance(array, np.ndarray):
        raise igtl.MessageError(f"{path} holds several arrays, expected one")
    return array


def _read_json(spec: FieldSpec, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise igtl.MessageError(f"{spec.name} is no valid JSON: {error}") from None


def _read_numbers(text: str) -> Any:
    """A number, a list of them, or the text when it is neither."""
    try:
        numbers = [_number(piece) for piece in _SEPARATORS.split(text.strip(" ,;"))]
    except ValueError:
        return text
    return numbers[0] if len(numbers) == 1 else numbers


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _with_image(values: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The values with the image file that is among them read, and its device name.

    What was typed goes before what the file says.
    """
    from igtl.messages.geometry import adjusted
    from igtl.sources.image_file import read_image

    image = read_image(values["pixels"], coordinates=values.get("coordinates", "RAS"))
    from_file: dict[str, Any] = {"components": image.components}
    if not values.keys() & set(_GEOMETRY):
        from_file |= {"ijk_to_world": image.ijk_to_world}
    elif "ijk_to_world" not in values:
        spacing, origin = values.get("spacing"), values.get("origin")
        from_file |= {"ijk_to_world": adjusted(image.ijk_to_world, spacing, origin)}
        values = {name: value for name, value in values.items() if name not in _GEOMETRY}
    return {**from_file, **values, "pixels": image.pixels}, image.device_name
