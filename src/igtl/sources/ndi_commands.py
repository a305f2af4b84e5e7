"""The commands of NDI trackers that are needed, by ndicapi.

They are those of NDI's guide to the application program interface: INIT, PHSR (handles of tools),
PHRQ and PVWR (load a tool's definition), PINIT, PENA, TSTART, BX (poses), TSTOP. None of the calls
has a time-out over a network: whoever calls does so in a thread that may be left alone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from igtl.errors import MissingExtraError, SourceError

__all__ = ["Reading", "Tracker", "ndicapi", "opened"]

_DEFAULT_TCP_PORT = 8765
_ROM_PIECE = 64
_OUT_OF_VOLUME = 0x40  # of a tool's port status
_FASTEST_SERIAL = "COMM:50000"  # 115200 baud, 8 bits, no parity, 1 stop bit, no handshake


class Reading(NamedTuple):
    """What the tracker said once."""

    time_s: float
    """When it came, s since 1970 UTC."""
    tools: dict[str, NDArray[np.float64] | str]
    """By name: tool to tracker, (4, 4), mm; or why there is none, in the words of PLUS."""


class Tracker:
    """The commands that are needed, of an open device."""

    def __init__(self, device: Any, port: str) -> None:
        self._ndi, self._device, self._port = ndicapi(), device, port

    def do(self, command: str | None) -> str:
        """The answer to a command; None is a break on a serial line, which resets the tracker.

        Raises:
            SourceError: it is an error, or there is none.
        """
        try:
            return str(self._ndi.ndiCommand(self._device, command))
        except OSError as error:
            name = "a reset" if command is None else command.partition(":")[0]
            raise SourceError(
                f"NDI tracker {self._port} cannot do {name}: {error}; is it plugged in, switched "
                "on, and in nobody else's use?"
            ) from error

    def handles(self, which: str) -> list[int]:
        """Handles of tools: "01" to be freed, "02" to be initialised, "03" to be enabled."""
        answer = self.do(f"PHSR:{which}")
        found = re.findall("(..)...", answer[2:])
        return [int(handle, 16) for handle in found]

    def load(self, rom: bytes) -> int:
        """The handle of a wireless tool, whose definition is loaded."""
        handle = int(self.do("PHRQ:*********1****"), 16)
        for address in range(0, len(rom), _ROM_PIECE):
            piece = rom[address : address + _ROM_PIECE].ljust(_ROM_PIECE, b"\0")
            self.do(f"PVWR:{handle:02X}{address:04X}{piece.hex().upper()}")
        return handle

    def read(self, tools: dict[int, str]) -> Reading:
        """The poses of tools, by handle and name."""
        try:
            self.do("BX:0001")
        except UnicodeDecodeError:  # ndicapi takes the binary answer for text when it has read it
            pass
        now = time.time()
        return Reading(now, {name: self._pose(bytes((h,))) for h, name in tools.items()})

    def _pose(self, handle: bytes) -> NDArray[np.float64] | str:
        found = self._ndi.ndiGetBXTransform(self._device, handle)
        if isinstance(found, str):
            status = self._ndi.ndiGetBXPortStatus(self._device, handle)
            return "OUT_OF_VOLUME" if status & _OUT_OF_VOLUME else "MISSING"
        return _matrix(*found[:7])


@contextmanager
def opened(port: str) -> Iterator[Tracker]:
    """A tracker that is initialised, and closed at the end.

    Args:
        port: a serial port or an address.

    Raises:
        SourceError: none answers there.
    """
    ndi = ndicapi()
    address = _network_address(port)
    device = ndi.ndiOpenNetwork(*address) if address else ndi.ndiOpen(port)
    if device is None:
        raise SourceError(
            f"cannot open {port}: no such serial port, or another program has it; expected one "
            "such as /dev/ttyUSB0 or COM3, or an address such as host:8765"
        )
    try:
        tracker = Tracker(device, port)
        if not address:
            _quicken(ndi, device, tracker)
        tracker.do("INIT:")
        yield tracker
    finally:
        (ndi.ndiCloseNetwork if address else ndi.ndiClose)(device)


def _quicken(ndi: Any, device: Any, tracker: Tracker) -> None:
    """Speak at the fastest common rate; a tracker that is left at another one is reset first."""
    try:
        ndi.ndiCommand(device, _FASTEST_SERIAL)
    except OSError:
        tracker.do(None)
        tracker.do(_FASTEST_SERIAL)


def _matrix(
    q0: float, qx: float, qy: float, qz: float, x: float, y: float, z: float
) -> NDArray[np.float64]:
    """(4, 4), from a quaternion and a position."""
    w, i, j, k = np.array((q0, qx, qy, qz)) / np.linalg.norm((q0, qx, qy, qz))
    return np.array(
        [
            [1 - 2 * (j * j + k * k), 2 * (i * j - k * w), 2 * (i * k + j * w), x],
            [2 * (i * j + k * w), 1 - 2 * (i * i + k * k), 2 * (j * k - i * w), y],
            [2 * (i * k - j * w), 2 * (j * k + i * w), 1 - 2 * (i * i + j * j), z],
            [0, 0, 0, 1],
        ]
    )


def _network_address(port: str) -> tuple[str, int] | None:
    """Host and port, unless it is a serial port."""
    if "/" in port or "\\" in port or re.fullmatch(r"COM\d+", port, re.IGNORECASE):
        return None
    host, _, number = port.partition(":")
    if not host or (number and not (number.isdecimal() and 0 < int(number) < 65536)):
        raise SourceError(
            f"{port!r} is no NDI tracker, expected a serial port such as /dev/ttyUSB0 or COM3, or "
            "an address such as host:8765"
        )
    return host, int(number or _DEFAULT_TCP_PORT)


def ndicapi() -> Any:
    """The ndicapy module.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import ndicapy
    except ImportError as error:
        raise MissingExtraError.of("ndicapi", "trackers", "an NDI tracker") from error
    return ndicapy
