"""Recordings for the tests, written by the stock `mcap` package."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mcap.writer import CompressionType, Writer

from igtl.codec.frame import parse
from igtl.messages import Message, encode

__all__ = ["START_NS", "Recorded", "write_recording"]

START_NS = 1_700_000_000_000_000_000
Recorded = tuple[float, Message]
"""When, in s since the start, and what."""


def write_recording(path: Path, messages: Iterable[Recorded]) -> Path:
    """A recording as the stock package writes it."""
    with path.open("wb") as file:
        writer = Writer(file, compression=CompressionType.NONE)
        writer.start("openigtlink", "by hand")
        for number, (moment, message) in enumerate(messages):
            data = encode(message)
            kind = parse(data).type_name
            schema = writer.register_schema(f"openigtlink/{kind}", "openigtlink", b"")
            channel = writer.register_channel(
                f"/us/{kind}/{message.device_name}",
                "openigtlink",
                schema,
                {
                    "connection": "us",
                    "type": kind,
                    "device": message.device_name,
                    "version": "1",
                    "header": data[:34].hex(),
                },
            )
            moment_ns = START_NS + round(moment * 1e9)
            writer.add_message(channel, moment_ns, data, moment_ns, number)
        writer.finish()
    return path
