"""Recordings written by the stock `mcap` package, filed as igtl files them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mcap.writer import CompressionType, Writer

import igtl
from igtl.codec.frame import HEADER, parse
from igtl.recording import filing
from igtl.recording.filing import Key

__all__ = ["MIXED", "START", "CompressionType", "Item", "Note", "mixed", "write_stock"]

#: When the recordings of tests start, ns since 1970.
START = 1_700_000_000_000_000_000


class Item(NamedTuple):
    """A message to record."""

    time_ns: int
    connection: str
    data: bytes


class Note(NamedTuple):
    """An event to record."""

    time_ns: int
    event: dict[str, Any]


def write_stock(
    path: Path,
    items: Iterable[Item | Note],
    compression: CompressionType = CompressionType.NONE,
    **options: Any,
) -> Path:
    """Write a recording with the stock writer, whose options these are."""
    with path.open("wb") as file:
        writer = Writer(file, compression=compression, **options)
        writer.start("openigtlink", "stock")
        channels = _Channels(writer)
        for item in items:
            if isinstance(item, Note):
                number, data = channels.events(), json.dumps(item.event).encode()
            else:
                number, data = channels.of(item), item.data
            sent = item.time_ns
            if isinstance(item, Item):
                sent = filing.publish_time(parse(data), sent)
            writer.add_message(number, item.time_ns, data, sent, channels.count(number))
        writer.finish()
    return path


class _Channels:
    """Numbers of channels and messages, as the stock writer gives them out."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._numbers: dict[Key | None, int] = {}
        self._counts: dict[int, int] = {}

    def of(self, item: Item) -> int:
        key = Key(item.connection, *HEADER.unpack_from(item.data)[:3])
        if key not in self._numbers:
            schema = filing.schema_of(0, key.wire_type)
            channel = filing.channel_of(0, 0, key)
            number = self._writer.register_schema(schema.name, schema.encoding, schema.data)
            self._numbers[key] = self._writer.register_channel(
                channel.topic, channel.encoding, number, channel.metadata
            )
        return self._numbers[key]

    def events(self) -> int:
        if None not in self._numbers:
            number = self._writer.register_schema("igtl/event", "jsonschema", b"{}")
            self._numbers[None] = self._writer.register_channel("/igtl/events", "json", number)
        return self._numbers[None]

    def count(self, number: int) -> int:
        self._counts[number] = self._counts.get(number, -1) + 1
        return self._counts[number]


def mixed(count: int) -> Iterator[Item]:
    """Messages of several types, sizes, devices, connections and header versions, all different.

    Message i came at `START` + 10 i ms.
    """
    for i in range(count):
        matrix = np.eye(4)
        matrix[:3, 3] = i, i / 2, -i
        image = np.full((2, 3), i % 256, np.uint8)
        message: igtl.Message = (
            igtl.Transform(matrix, device_name="Probe", timestamp=1000 + i),
            igtl.Transform(matrix, device_name="Probe", message_id=i + 1),
            igtl.String("x" * (i % 7) + str(i), device_name="Log", metadata={"n": str(i)}),
            igtl.Status(i % 20, i, device_name="Probe"),
            igtl.Image(image, device_name="US", timestamp=1000 + i),
            igtl.Position((i, 2, 3), device_name="Stylus"),
            igtl.Transform(matrix, device_name="Reference"),
        )[(i * i + i // 7) % 7]
        connection = ("tracker:18944", "scanner:18944")[i % 3 == 0]
        yield Item(START + i * 10_000_000, connection, igtl.encode(message))


MIXED = tuple(mixed(200))
