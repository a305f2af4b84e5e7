"""Whether a pose is one: trackers that lose sight of a tool go on sending, and say so."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from igtl.codec import extended
from igtl.errors import DecodeError
from igtl.recording.contents import Contents

__all__ = ["says_valid", "validity"]

#: Metadata with only a count of none take so many bytes.
_NONE = 2


def says_valid(metadata: Mapping[str, str]) -> bool:
    """Whether metadata leave a pose standing, by what PLUS writes into them."""
    status = metadata.get("TransformStatus", "").strip().upper()
    valid = metadata.get("TransformValid", "").strip().lower()
    return status in ("", "OK") and valid not in ("false", "0")


def validity(contents: Contents) -> NDArray[np.bool_]:
    """(n,) whether the metadata of messages leave their poses standing."""
    valid = np.ones(len(contents.sizes), np.bool_)
    behind = contents.starts + contents.sizes
    said: dict[bytes, bool] = {}
    for number in np.flatnonzero(contents.ends - behind > _NONE).tolist():
        body, end = int(contents.bodies[number]), int(contents.ends[number])
        raw = bytes(contents.data[int(behind[number]) : end])
        if raw not in said:
            said[raw] = _says_valid(contents.data[body:end])
        valid[number] = said[raw]
    return valid


def _says_valid(body: memoryview) -> bool:
    """The same of one body with its extended header."""
    try:
        return says_valid(extended.split(body).metadata)
    except DecodeError:  # decoding the message would say so
        return False
