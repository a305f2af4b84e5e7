"""NDI trackers (Polaris, Vega, Aurora) as sources, by ndicapi."""

from __future__ import annotations

import queue
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from igtl.errors import SourceError
from igtl.messages import Message, Tool, TrackingData, Transform
from igtl.sources.feed import Feed
from igtl.sources.ndi_commands import Reading, Tracker, ndicapi, opened
from igtl.sources.source import checked_rate

__all__ = ["NdiSource"]

_LARGEST_ROM_BYTES = 1024
_NAME_BYTES = 20 - len("ToTracker")
_MISSING = ("tell", "omit")


class NdiSource:
    """The poses of the tools that an NDI tracker follows.

    Each tick a TRANSFORM "<Name>ToTracker" for each tool, and a TDATA of those that are seen. A
    TRANSFORM says in its metadata how the tool is, as PLUS does: TransformStatus is OK, MISSING or
    OUT_OF_VOLUME, and TransformValid true or false. The matrix of a tool that is not seen is the
    identity. Metadata need header version 2: for older programs there is missing="omit".

    Args:
        port: a serial port ("/dev/ttyUSB0", "COM3") or the tracker's address ("host:8765").
        roms: paths of the definitions (.rom) of wireless tools, separated by commas. They are
            called as their files, with a capital first.
        names: names for the tools, separated by commas: those with a wire in the order of their
            ports, then those of `roms`. Default of the wired: Tool1, Tool2 ...
        rate: ticks per second.
        device_name: device name of the TDATA.
        missing: "tell" sends tools that are not seen with their status; "omit" leaves them out, and
            the metadata as well.

    Raises:
        SourceError: no tracker answers there, it has no tool, or a file is no tool definition.
        MissingExtraError: ndicapi is not installed.
    """

    needs = "igtl[trackers]"

    def __init__(
        self,
        port: str,
        *,
        roms: str = "",
        names: str = "",
        rate: float = 30.0,
        device_name: str = "Tracker",
        missing: str = "tell",
    ) -> None:
        self.name = f"ndi:{port}"
        self.rate = checked_rate(rate)
        self.device_name = device_name
        if missing not in _MISSING:
            raise SourceError(f"missing is {missing!r}, expected 'tell' or 'omit'")
        self._tells = missing == "tell"
        ndicapi()
        definitions = {path: _read_rom(path) for path in map(Path, _listed(roms))}
        readings = _readings(port, definitions, _checked_names(names), self._asked())
        self._feed = Feed(readings, silence=f"NDI tracker {port} gives no answer")
        try:
            tools = self._next().tools
        except SourceError:
            self.close()
            raise
        self.description = f"NDI tracker with {', '.join(tools)}, as {device_name}"

    def messages(self, time_s: float) -> Sequence[Message]:
        """The poses of now, whatever `time_s` is."""
        reading = self._next()
        seen = {n: pose for n, pose in reading.tools.items() if not isinstance(pose, str)}
        tools = tuple(Tool(name, pose) for name, pose in seen.items())
        shown = reading.tools.items() if self._tells else seen.items()
        return (
            *(self._transform(name, found, reading.time_s) for name, found in shown),
            TrackingData(tools, device_name=self.device_name, timestamp=reading.time_s),
        )

    def close(self) -> None:
        """Stop tracking and give the port back."""
        self._questions.put(False)
        self._feed.close()

    def _asked(self) -> Iterator[None]:
        """An item for each reading that is wanted, until all is over."""
        self._questions = queue.SimpleQueue[bool]()
        return (None for _ in iter(self._questions.get, False))

    def _next(self) -> Reading:
        self._questions.put(True)
        return self._feed.next()

    def _transform(self, name: str, found: NDArray[np.float64] | str, time_s: float) -> Transform:
        device_name = f"{name}ToTracker"
        lost = isinstance(found, str)
        if not self._tells:
            return Transform(found, device_name=device_name, timestamp=time_s)
        metadata = {
            "TransformStatus": found if isinstance(found, str) else "OK",
            "TransformValid": "false" if lost else "true",
        }
        return Transform(
            np.eye(4) if lost else found,
            device_name=device_name,
            timestamp=time_s,
            metadata=metadata,
        )


def _readings(
    port: str, roms: dict[Path, bytes], names: Sequence[str], asked: Iterator[None]
) -> Generator[Reading, None, None]:
    """A reading each time that one is asked for."""
    with opened(port) as tracker:
        tools = _named(_enabled_tools(tracker, roms), names)
        tracker.do("TSTART:")
        try:
            for _ in asked:
                yield tracker.read(tools)
        finally:
            with suppress(SourceError):  # what went wrong before is what counts
                tracker.do("TSTOP:")


def _enabled_tools(tracker: Tracker, roms: dict[Path, bytes]) -> dict[int, str]:
    """All tools, ready to be tracked: handles and names, those with a wire first."""
    for handle in tracker.handles("01"):
        tracker.do(f"PHF:{handle:02X}")
    wireless = {tracker.load(rom): path.stem for path, rom in roms.items()}
    for handle in tracker.handles("02"):
        tracker.do(f"PINIT:{handle:02X}")
    enabled = tracker.handles("03")
    for handle in enabled:
        tracker.do(f"PENA:{handle:02X}D")
    wired = sorted(set(enabled) - set(wireless))
    names = {handle: f"Tool{number}" for number, handle in enumerate(wired, 1)}
    if not names | wireless:
        raise SourceError(
            "the NDI tracker has no tool: plug one in, or give definitions of wireless ones (roms)"
        )
    return names | {handle: _capital(name) for handle, name in wireless.items()}


def _named(tools: dict[int, str], names: Sequence[str]) -> dict[int, str]:
    """The tools with the names that were asked for.

    Raises:
        SourceError: there are more names than tools, or two tools are called the same.
    """
    if len(names) > len(tools):
        raise SourceError(
            f"{len(names)} names ({', '.join(names)}) for {len(tools)} tools "
            f"({', '.join(tools.values())})"
        )
    named = tools | dict(zip(tools, names, strict=False))
    if len(set(named.values())) < len(named):
        raise SourceError(
            f"several tools have the same name ({', '.join(named.values())}): give each one of its "
            "own (names)"
        )
    return named


def _read_rom(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if not 0 < size <= _LARGEST_ROM_BYTES:
            raise SourceError(
                f"{path} is no tool definition: {size} bytes, expected {_LARGEST_ROM_BYTES} at most"
            )
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"cannot read the tool definition {path}: {error.strerror}") from error


def _checked_names(names: str) -> list[str]:
    listed = _listed(names)
    for name in listed:
        if len(name.encode()) > _NAME_BYTES:
            raise SourceError(
                f"the name {name!r} is too long: {name}ToTracker has to fit into 20 bytes"
            )
    if len(set(listed)) < len(listed):
        raise SourceError(f"names are {names!r}, expected each only once")
    return listed


def _listed(text: str) -> list[str]:
    return [name for one in text.split(",") if (name := one.strip())]


def _capital(name: str) -> str:
    """A name as PLUS likes it, that leaves room for "ToTracker"."""
    fitting = (name[:1].upper() + name[1:]).encode()[:_NAME_BYTES]
    return fitting.decode(errors="ignore")
