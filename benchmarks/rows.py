"""What is measured: each row's programs, options, figures, and the targets they must meet."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["ROWS", "Figure", "Row", "Target"]

#: Those of messages and sockets; those of files are WRITERS and READERS.
ALL = ("igtl", "reference", "raw", "pyigtl")
WITH_MESSAGES = ("igtl", "reference", "pyigtl")
WRITERS = ("igtl", "raw", "mcap")
READERS = ("igtl", "mcap")
SEVERAL_CLIENTS = ("igtl", "raw")


@dataclass(frozen=True)
class Target:
    """What igtl's figure must be: its ratio to another contender, or the figure itself."""

    relation: str  # ">=" or "<="
    value: float
    against: str = ""  # a contender; empty: the figure itself

    def __str__(self) -> str:
        """Reads as in ">= 8 x reference"."""
        return f"{self.relation} {self.value:g}" + (f" x {self.against}" if self.against else "")

    def met_by(self, value: float) -> bool:
        """Whether that ratio (or figure) is good enough."""
        compare = operator.ge if self.relation == ">=" else operator.le
        return bool(compare(value, self.value))


@dataclass(frozen=True)
class Figure:
    """One number of a row. The key is PROCESS.NAME; "delivered" is worked out of two of them."""

    key: str
    title: str
    unit: str
    better: str = "lower"  # or "higher"
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True)
class Row:
    """One measurement: its programs are a server and a client, one alone, or a device's crowd."""

    name: str
    title: str
    layout: str  # "alone", "pair" or "fanout"
    roles: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    contenders: tuple[str, ...] = ALL


_DELIVERED = Figure("delivered", "delivered of sent", "%", "higher", (Target(">=", 100),))


def _codec() -> Row:
    kinds = {
        "transform": "TRANSFORM",
        "grey480p": "IMAGE 640x480 grey",
        "rgb1080p": "IMAGE 1920x1080 RGB",
    }
    figures = [
        Figure(f"codec.{verb}_{kind}_us", f"{verb} {title}", "us")
        for kind, title in kinds.items()
        for verb in ("pack", "unpack")
    ]
    return Row("codec", "Pack and unpack", "alone", ("codec",), {}, tuple(figures), WITH_MESSAGES)


def _transforms(name: str, title: str, *targets: Target, read: str = "0", make: str = "") -> Row:
    rate = Figure("receive.rate", "TRANSFORM delivered", "1/s", "higher", targets)
    options = {"kind": "transform", "read": read, "make": make}
    return Row(name, title, "pair", ("send", "receive"), options, (rate, _DELIVERED))


def _images(kind: str, title: str, array: str) -> Row:
    owner = "handed over" if array == "readonly" else "copied from the caller's"
    targets = (Target(">=", 8, "reference"), Target(">=", 0.8, "raw"))
    return Row(
        f"{kind}-{array}",
        f"{title} frames {owner}",
        "pair",
        ("send", "receive"),
        {"kind": kind, "array": array, "read": "0"},
        (
            Figure("receive.rate", "frames delivered", "fps", "higher", targets),
            _DELIVERED,
            Figure("send.peak_mib", "peak memory, sender", "MiB"),
            Figure("receive.peak_mib", "peak memory, receiver", "MiB"),
        ),
    )


def _round_trip() -> Row:
    targets = (Target("<=", 1, "reference"), Target("<=", 1.3, "raw"))
    figures = (
        Figure("ping.p50_us", "round trip p50", "us", "lower", targets),
        Figure("ping.p99_us", "round trip p99", "us"),
    )
    return Row("round-trip", "TRANSFORM there and back", "pair", ("echo", "ping"), {}, figures)


def _queries() -> Row:
    targets = (Target("<=", 1, "reference"),)
    figures = (
        Figure("get.p50_us", "GET_IMGMETA to answer p50", "us", "lower", targets),
        Figure("get.p99_us", "GET_IMGMETA to answer p99", "us"),
    )
    title = "GET_IMGMETA and its answer, 3 images"
    return Row("get", title, "pair", ("answer", "get"), {}, figures, ("igtl", "reference"))


def _commands() -> Row:
    figures = (
        Figure("command.p50_us", "COMMAND to reply p50", "us"),
        Figure("command.p99_us", "COMMAND to reply p99", "us"),
    )
    title = "COMMAND and its reply, the handler in a thread of its own"
    return Row("command", title, "pair", ("answer", "command"), {}, figures, ("igtl",))


def _devices(count: int) -> Row:
    rate = Figure("receive.rate", "TRANSFORM delivered", "1/s", "higher")
    latest = Figure("receive.latest_us", "the latest of one device", "us")
    options = {"kind": "transform", "read": "0", "make": "", "devices": str(count)}
    title = f"TRANSFORM stream of {count} devices in turn, an object each"
    figures, contenders = (rate, _DELIVERED, latest), ("igtl", "reference")
    return Row(f"devices-{count}", title, "pair", ("send", "receive"), options, figures, contenders)


def _record(kind: str, title: str, *targets: Target) -> Row:
    figures = (
        Figure("record.rate", "messages recorded", "1/s", "higher", targets),
        Figure("record.gb_s", "bytes recorded", "GB/s", "higher"),
        Figure("record.dropped", "dropped", "", "lower"),
        Figure("record.peak_mib", "peak memory", "MiB"),
    )
    options = {"kind": kind}
    return Row(
        f"record-{kind}", f"Recording {title}", "alone", ("record",), options, figures, WRITERS
    )


def _read(name: str, title: str, figure: str) -> Row:
    rate = Figure(f"{name}.rate", figure, "1/s", "higher", (Target(">=", 5, "mcap"),))
    options = {"messages": "200000"}
    return Row(f"{name}-recording", title, "alone", (name,), options, (rate,), READERS)


def _info() -> Row:
    took = Figure("info.seconds", "time", "s", "lower", (Target("<=", 2),))
    title = "`igtl info` on 10 million messages of ten devices"
    return Row("info", title, "alone", ("info",), {"messages": "10000000"}, (took,), ("igtl",))


def _fan_out(clients: int) -> Row:
    limit = (Target("<=", 5000),)
    crowd = (
        Figure("crowd.p50_us", "latency p50, other clients", "us"),
        Figure("crowd.p99_us", "latency p99, other clients", "us", "lower", limit),
    )
    return Row(
        f"fan-out-{clients}",
        f"1 kHz TRANSFORM to {clients} client{'s' * (clients > 1)}, one more stalled",
        "fanout",
        ("device", "observe"),
        {"clients": str(clients)},
        (
            _DELIVERED,
            Figure("device.publish_hz", "published", "1/s", "higher"),
            Figure("observe.p50_us", "latency p50, own client", "us"),
            Figure("observe.p99_us", "latency p99, own client", "us", "lower", limit),
            *(crowd if clients > 1 else ()),
            Figure("device.peak_mib", "peak memory, server", "MiB"),
        ),
        SEVERAL_CLIENTS,
    )


ROWS: tuple[Row, ...] = (
    _codec(),
    _transforms(
        "transform",
        "TRANSFORM stream, an object sent, an object received",
        Target(">=", 1, "reference"),
    ),
    _transforms(
        "transform-series",
        "TRANSFORM stream, sent as series of 500, an object received",
        Target(">=", 1, "reference"),
        make="series",
    ),
    _transforms("transform-read", "TRANSFORM stream, each matrix read", read="1"),
    _images("rgb1080p", "1920x1080 RGB", "readonly"),
    _images("rgb1080p", "1920x1080 RGB", "writeable"),
    _images("rgb4k", "3840x2160 RGB", "readonly"),
    _images("rgb4k", "3840x2160 RGB", "writeable"),
    _round_trip(),
    _queries(),
    _commands(),
    _devices(1000),
    _fan_out(1),
    _fan_out(10),
    _fan_out(100),
    _record("transform", "TRANSFORM of ten devices in turn"),
    _record("rgb1080p", "1920x1080 RGB frames", Target(">=", 0.8, "raw")),
    _read("read", "Reading a recording of TRANSFORM message by message", "messages read"),
    _read("columns", "All poses of one device in a recording of ten", "messages gone through"),
    _info(),
)
