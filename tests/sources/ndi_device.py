"""An NDI tracker that follows a script, over TCP or on a pseudo-terminal.

Commands and answers are those of NDI's published guide to the application program interface of
Polaris and Aurora: "NAME:ARGUMENTS" and a CRC-16 in four hexadecimal digits, ended by CR; answers
likewise; BX answers in binary. It refuses what the guide does not allow at that moment.
"""

from __future__ import annotations

import os
import pty
import socket
import struct
import threading
import tty
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal, NamedTuple, Self

__all__ = ["Lost", "NdiDevice", "Pose", "crc16"]

_START, _SHORT = 0xA5C4, b"\xc4\xa5"
_IN_PORT, _INITIALISED, _ENABLED, _OUT_OF_VOLUME = 0x01, 0x10, 0x20, 0x40
_UNKNOWN, _BAD_CRC, _NOT_NOW, _NO_HANDLE = "01", "04", "0C", "09"


def crc16(data: bytes) -> int:
    """CRC-16 with x^16 + x^15 + x^2 + 1, bits from the lowest, from 0."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


class Pose(NamedTuple):
    """A tool that is seen: quaternion q0 qx qy qz, and mm."""

    quaternion: tuple[float, float, float, float]
    position: tuple[float, float, float]


class Lost(NamedTuple):
    """A tool that is not seen."""

    out_of_volume: bool = False


Answer = Pose | Lost | Literal["disabled"]
Frame = Mapping[int, Answer]


class NdiDevice:
    """Serves one program.

    Args:
        tools: handles of tools that are plugged in.
        frames: what each BX answers, in turn: a pose or none for each handle.
        silent_at: the name of a command that is never answered.
    """

    def __init__(
        self, tools: Iterable[int], frames: Iterable[Frame], *, silent_at: str = ""
    ) -> None:
        self._plugged, self._frames, self._silent_at = list(tools), iter(frames), silent_at
        self._states = dict.fromkeys(self._plugged, _IN_PORT)
        self._ready = self._tracking = False
        self._number = 1000
        self.roms: dict[int, bytes] = {}
        self.commands: list[str] = []
        self.ended = threading.Event()
        """Set when the program has closed its end."""
        self.unplug: Callable[[], object] = self.ended.set
        """Vanish."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    def listen(self) -> str:
        """Serve over TCP; where."""
        listener = socket.create_server(("127.0.0.1", 0))
        self._listener = listener
        self._connection: socket.socket | None = None

        def run() -> None:
            with listener:
                try:
                    connection, _ = listener.accept()
                except OSError:  # nobody came
                    return
            self._connection = connection
            self._serve(lambda: connection.recv(4096), connection.sendall)

        self.unplug = self._close_sockets
        threading.Thread(target=run, daemon=True).start()
        return f"127.0.0.1:{listener.getsockname()[1]}"

    def _close_sockets(self) -> None:
        for one in (self._listener, self._connection):
            if one is not None and one.fileno() != -1:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                one.close()

    def plug_into_terminal(self) -> str:
        """Serve on a pseudo-terminal; its path."""
        ours, theirs = pty.openpty()
        tty.setraw(theirs)
        path = os.ttyname(theirs)

        def run() -> None:
            self._serve(lambda: os.read(ours, 4096), lambda data: _write_all(ours, data))

        def unplug() -> None:
            for one in (theirs, ours):
                try:
                    os.close(one)
                except OSError:
                    pass

        self.unplug = unplug
        threading.Thread(target=run, daemon=True).start()
        return path

    def _serve(self, read: Callable[[], bytes], write: Callable[[bytes], object]) -> None:
        try:
            for command in _commands(read):
                if (answer := self._answer(command)) is not None:
                    write(answer)
        except OSError:  # unplugged
            pass
        self.ended.set()

    def _answer(self, command: bytes) -> bytes | None:
        text, crc = command[:-4], command[-4:]
        name, _, arguments = text.decode("ascii").partition(":")
        self.commands.append(f"{name}:{arguments}")
        if name == self._silent_at:
            return None
        if crc != b"%04X" % crc16(text):
            return _text("ERROR" + _BAD_CRC)
        handler = getattr(self, f"_do_{name.lower()}", None)
        if handler is None:
            return _text("ERROR" + _UNKNOWN)
        if name not in ("INIT", "COMM", "RESET") and not self._ready:
            return _text("ERROR" + _NOT_NOW)
        answer: str | bytes = handler(arguments)
        return answer if isinstance(answer, bytes) else _text(answer)

    def _do_init(self, _: str) -> str:
        self._ready, self._tracking = True, False
        return "OKAY"

    def _do_comm(self, arguments: str) -> str:
        return "OKAY" if arguments == "50000" else "ERROR" + _UNKNOWN

    def _do_phsr(self, which: str) -> str:
        """Handles: 01 to be freed, 02 to be initialised, 03 to be enabled, 04 enabled."""
        wanted: dict[str, Callable[[int], bool]] = {
            "00": lambda _: True,
            "01": lambda _: False,
            "02": lambda state: not state & _INITIALISED,
            "03": lambda state: bool(state & _INITIALISED) and not state & _ENABLED,
            "04": lambda state: bool(state & _ENABLED),
        }
        found = [(h, state) for h, state in self._states.items() if wanted[which](state)]
        return f"{len(found):02X}" + "".join(f"{h:02X}{state:03X}" for h, state in found)

    def _do_phrq(self, _: str) -> str:
        handle = max(self._states, default=0) + 1
        self._states[handle] = 0
        self.roms[handle] = b""
        return f"{handle:02X}"

    def _do_pvwr(self, arguments: str) -> str:
        handle, address = int(arguments[:2], 16), int(arguments[2:6], 16)
        data = bytes.fromhex(arguments[6:])
        if handle not in self.roms or len(data) != 64 or address != len(self.roms[handle]):
            return "ERROR" + _NO_HANDLE
        self.roms[handle] += data
        return "OKAY"

    def _do_pinit(self, arguments: str) -> str:
        handle = int(arguments, 16)
        if handle not in self._states or self._states[handle] & _INITIALISED:
            return "ERROR" + _NO_HANDLE
        if handle in self.roms and not self.roms[handle]:
            return "ERROR" + _NOT_NOW
        self._states[handle] |= _INITIALISED
        return "OKAY"

    def _do_pena(self, arguments: str) -> str:
        handle = int(arguments[:2], 16)
        if not self._states.get(handle, 0) & _INITIALISED or arguments[2:] not in ("S", "D", "B"):
            return "ERROR" + _NOT_NOW
        self._states[handle] |= _ENABLED
        return "OKAY"

    def _do_tstart(self, _: str) -> str:
        self._tracking = True
        return "OKAY"

    def _do_tstop(self, _: str) -> str:
        if not self._tracking:
            return "ERROR" + _NOT_NOW
        self._tracking = False
        return "OKAY"

    def _do_bx(self, arguments: str) -> str | bytes:
        if not self._tracking or arguments != "0001":
            return "ERROR" + _NOT_NOW
        frame = next(self._frames, {})
        enabled = [handle for handle, state in self._states.items() if state & _ENABLED]
        self._number += 1
        tools = b"".join(self._tool(handle, frame.get(handle, Lost())) for handle in enabled)
        body = bytes((len(enabled),)) + tools + struct.pack("<H", 0)
        head = struct.pack("<HH", _START, len(body))
        return head + struct.pack("<H", crc16(head)) + body + struct.pack("<H", crc16(body))

    def _tool(self, handle: int, answer: Answer) -> bytes:
        state, number = self._states[handle], self._number
        if answer == "disabled":
            return bytes((handle, 0x04))
        if isinstance(answer, Lost):
            state |= _OUT_OF_VOLUME if answer.out_of_volume else 0
            return struct.pack("<BBII", handle, 0x02, state, number)
        assert isinstance(answer, Pose)
        values = (*answer.quaternion, *answer.position, 0.1)
        return struct.pack("<BB8fII", handle, 0x01, *values, state, number)


def _text(answer: str) -> bytes:
    return b"%s%04X\r" % (answer.encode("ascii"), crc16(answer.encode("ascii")))


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _commands(read: Callable[[], bytes]) -> Iterator[bytes]:
    """The commands that come, without the CR; what comes together need not have been sent so."""
    waiting = b""
    while piece := read():
        *whole, waiting = (waiting + piece).split(b"\r")
        yield from whole
