"""What a sequence file says about each of its frames: lines of text, found again by frame.

    Seq_Frame0012_Timestamp = 3.25
    Seq_Frame0012_ProbeToTrackerTransform = 1 0 0 10 0 1 0 20 0 0 1 30 0 0 0 1
    Seq_Frame0012_ProbeToTrackerTransformStatus = OK
    Seq_Frame0012_ImageStatus = OK

NRRD has ":=" in place of " = ". A header of a long sequence is large, so only the places of the
lines are kept, and a frame's lines are read when it is its turn.
"""

from __future__ import annotations

import math
import mmap
import re
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from igtl.codec.layout import frozen
from igtl.errors import RecordingError

__all__ = ["FrameLines", "Meaning", "check_field", "is_field", "meaning_of", "texts_of"]

_RUN = re.compile(rb"\nSeq_Frame(\d{1,9})_[^\n]*(?:\nSeq_Frame\1_[^\n]*)*+")
_NAME = re.compile(r"[^\s=:\x00-\x1f\x7f]+")
_TRANSFORM, _STATUS = "Transform", "TransformStatus"
_TIMESTAMP, _IMAGE_STATUS = "Timestamp", "ImageStatus"
#: Readers of PLUS and ITK take lines into buffers of fixed size.
_LONGEST = 900
_OTHERS_LIMIT = 16 << 20
_RUNS_LIMIT = 1 << 23


@dataclass(frozen=True)
class Meaning:
    """What the fields of a frame mean; those that have no meaning here are `fields`."""

    timestamp: float | None = None
    transforms: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    image_status: str = "OK"
    fields: dict[str, str] = field(default_factory=dict)


class FrameLines:
    """Where in a header the lines of each frame are.

    Args:
        data: the file's bytes.
        end: where its header ends.
        separator: between the name and the value: b"=" or b":=".
        plain: makes the text of a value of its bytes.

    Attributes:
        others: the lines that belong to no frame.

    Raises:
        RecordingError: these are too many.
    """

    def __init__(
        self, data: mmap.mmap, end: int, separator: bytes, plain: Callable[[str], str] = str.strip
    ) -> None:
        self._data, self._separator, self._plain = data, separator, plain
        numbers, spans = array("q"), array("q")
        others, last = bytearray(), 0
        for run in _RUN.finditer(data, 0, end):
            start, stop = run.span()
            _add(others, data, last, start)
            last = stop
            numbers.append(int(run[1]))
            spans.extend((start + 1, stop))
            if len(numbers) > _RUNS_LIMIT:
                raise RecordingError(
                    f"its header has more than {_RUNS_LIMIT} groups of frame fields"
                )
        _add(others, data, last, end)
        self.others = bytes(others)
        found = np.array(numbers, np.int64)
        order = np.argsort(found, kind="stable")
        self._numbers = found[order]
        self._spans = np.array(spans, np.int64).reshape(-1, 2)[order]

    @property
    def last(self) -> int:
        """The highest number of a frame that has a line, -1 if there is none."""
        return int(self._numbers[-1]) if len(self._numbers) else -1

    def texts(self, index: int) -> dict[str, str]:
        """The fields of one frame."""
        texts = {}
        first, last = np.searchsorted(self._numbers, [index, index + 1]).tolist()
        for start, end in self._spans[first:last].tolist():
            for line in self._data[start:end].split(b"\n"):
                name, _, value = line.partition(self._separator)
                key = name.decode(errors="replace").strip().split("_", 2)[2]
                texts[key] = self._plain(value.decode(errors="replace"))
        return texts


def _add(others: bytearray, data: mmap.mmap, start: int, end: int) -> None:
    """Keep a part of a header in memory."""
    if len(others) + end - start > _OTHERS_LIMIT:
        raise RecordingError(
            f"its header has more than {_OTHERS_LIMIT} bytes of fields that belong to no frame"
        )
    others += data[start:end]


def meaning_of(texts: Mapping[str, str]) -> Meaning:
    """What the fields of a frame mean.

    Names of transforms lose their ending "Transform". Matrices and times that are none stay text.
    """
    found = Meaning(_number(texts.get(_TIMESTAMP, "")), image_status=_status(texts))
    for key, text in texts.items():
        if key == _IMAGE_STATUS or (key == _TIMESTAMP and found.timestamp is not None):
            continue
        name = key.removesuffix(_TRANSFORM)
        matrix = _matrix(text) if name not in ("", key) else None
        if matrix is not None:
            found.transforms[name] = matrix
        elif key.endswith(_STATUS) and key != _STATUS:
            found.statuses[key.removesuffix(_STATUS)] = text.upper()
        else:
            found.fields[key] = text
    return found


def texts_of(meaning: Meaning) -> dict[str, str]:
    """The fields for what is to be said of a frame; numbers read back as they are.

    Raises:
        RecordingError: a name, a number or a matrix cannot be written.
    """
    texts = dict(meaning.fields)
    if meaning.timestamp is not None:
        if not math.isfinite(meaning.timestamp):
            raise RecordingError(f"timestamp is {meaning.timestamp}, expected seconds or None")
        texts[_TIMESTAMP] = repr(float(meaning.timestamp))
    for name, matrix in meaning.transforms.items():
        values = np.asarray(matrix, np.float64)
        if values.shape != (4, 4):
            raise RecordingError(f"transform {name!r} has shape {values.shape}, expected (4, 4)")
        texts[name + _TRANSFORM] = " ".join(map(repr, values.ravel().tolist()))
        texts[name + _STATUS] = "OK"
    for name, status in meaning.statuses.items():
        texts[name + _STATUS] = status
    texts[_IMAGE_STATUS] = meaning.image_status
    for name, text in texts.items():
        check_field(name, text)
    return texts


def is_field(name: str, text: str) -> bool:
    """Whether a name and its value fit into a line that is read back as it is, by all."""
    one_line = text.isprintable() and text == text.strip()
    return bool(one_line and _NAME.fullmatch(name) and len(name) + len(text) <= _LONGEST)


def check_field(name: str, text: str) -> None:
    """Refuse what `is_field` does not allow.

    Raises:
        RecordingError: the name or the value does not fit into a line.
    """
    if not is_field(name, text):
        raise RecordingError(
            f"field {name!r:.80} is {text!r:.80}, expected a name without spaces, '=' and ':' and "
            f"one line of text without spaces around it, together at most {_LONGEST} characters"
        )


def _status(texts: Mapping[str, str]) -> str:
    return texts.get(_IMAGE_STATUS, "").upper() or "OK"


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _matrix(text: str) -> NDArray[np.float64] | None:
    """(4, 4) float64 of 16 numbers, row by row; None when they are not."""
    try:
        values = [float(part) for part in text.split()]
    except ValueError:
        return None
    return frozen(np.array(values).reshape(4, 4)) if len(values) == 16 else None
