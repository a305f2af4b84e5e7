"""The binary envelope in which pictures and scenes travel to the page.

    0        4                      4 + N
    | N u32 | N bytes of JSON, UTF-8 | payload ...

N is little-endian. The JSON, the head, ends in spaces such that the payload begins at a multiple of
8 bytes: the page can look at it as numbers of any size where it lies.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from igtl.codec.buffers import Buffer

__all__ = ["ALIGNMENT", "pack"]

ALIGNMENT = 8
_SIZE_BYTES = 4


def pack(head: Mapping[str, Any], *buffers: Buffer) -> list[Buffer]:
    """An envelope in pieces to be sent one after another; the payload is not copied.

    Args:
        head: values of JSON; numbers that are not finite become null.
        buffers: the payload, flat and of single bytes each.
    """
    text = _json(head)
    text += b" " * (-(_SIZE_BYTES + len(text)) % ALIGNMENT)
    return [len(text).to_bytes(_SIZE_BYTES, "little") + text, *buffers]


def _json(head: Mapping[str, Any]) -> bytes:
    try:
        text = json.dumps(head, separators=(",", ":"), allow_nan=False)
    except ValueError:  # rare: looking for them costs more than all the rest
        text = json.dumps(_finite(head), separators=(",", ":"), allow_nan=False)
    return text.encode()


def _finite(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {name: _finite(one) for name, one in value.items()}
        case list() | tuple():
            return [_finite(one) for one in value]
    return value
