"""Chunks that other programs compressed: lz4 and zstd, where their packages are installed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from igtl.errors import RecordingError

__all__ = ["DamagedChunkError", "decompressed"]

#: More is no chunk of anybody's, but an error in its size.
_MOST = 2 << 30


class DamagedChunkError(RecordingError):
    """What was compressed cannot be had back."""


def decompressed(stored: memoryview, compression: str, size: int) -> memoryview:
    """The `size` bytes that were compressed.

    Raises:
        DamagedChunkError: the bytes are damaged.
        RecordingError: a package is not installed.
    """
    if size > _MOST:
        raise DamagedChunkError(f"a chunk that announces {size} bytes, over the limit of {_MOST}")
    unpack = {"lz4": _lz4, "zstd": _zstd}.get(compression)
    if unpack is None:
        raise DamagedChunkError(
            f"a chunk compressed as {compression!r:.40}, expected 'lz4', 'zstd' or none"
        )
    records = unpack(stored, size)
    if len(records) != size:
        raise DamagedChunkError(
            f"a chunk that announces {size} bytes, and {len(records)} were compressed in it"
        )
    return memoryview(records)


def _lz4(stored: memoryview, size: int) -> bytes:
    frame = _package("lz4.frame", "lz4", "lz4")
    try:
        unpacked: bytes = frame.LZ4FrameDecompressor().decompress(stored, max_length=size + 1)
    except (RuntimeError, ValueError, EOFError) as error:
        raise DamagedChunkError(f"a chunk that cannot be decompressed (lz4): {error}") from error
    return unpacked


def _zstd(stored: memoryview, size: int) -> bytes:
    zstandard = _package("zstandard", "zstandard", "zstd")
    try:
        with zstandard.ZstdDecompressor().stream_reader(stored) as reader:
            unpacked: bytes = reader.read(size + 1)
    except zstandard.ZstdError as error:
        raise DamagedChunkError(f"a chunk that cannot be decompressed (zstd): {error}") from error
    return unpacked


def _package(name: str, package: str, compression: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise RecordingError(
            f"the recording is compressed ({compression}), which needs the package {package}: "
            f"pip install {package}; or write it again without compression"
        ) from None
