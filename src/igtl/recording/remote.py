"""Controlling a player from afar: the commands that it obeys, and what it replies."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from igtl.errors import CommandError
from igtl.messages.command import Command
from igtl.net.server import Server
from igtl.protocol.replies import parameters

if TYPE_CHECKING:
    from igtl.recording.player import Player

__all__ = ["obey"]


def obey(server: Server, player: Player) -> None:
    """Have a server's clients control a player by COMMAND, see `igtl.Player.control`."""

    def seek(command: Command) -> None:
        player.seek(_number(command, "Time"))

    def set_speed(command: Command) -> None:
        speed = _number(command, "Speed", max=math.inf)
        if not speed > 0:
            raise CommandError(f"Speed is {speed:g}, expected a number above 0 or 'max'")
        player.speed = speed

    actions: dict[str, Callable[[Command], None]] = {
        "Pause": lambda _command: player.pause(),
        "Resume": lambda _command: player.resume(),
        "Seek": seek,
        "SetSpeed": set_speed,
        "GetPosition": lambda _command: None,
        "GetStatus": lambda _command: None,
    }
    for name, action in actions.items():
        server.on_command(name)(_replying(player, action))


def _replying(
    player: Player, action: Callable[[Command], None]
) -> Callable[[object, Command], dict[str, object]]:
    """A server's handler of a command, which replies how the player then is, or what is wrong."""

    def handler(_client: object, command: Command) -> dict[str, object]:
        action(command)
        return _state(player)

    return handler


def _state(player: Player) -> dict[str, object]:
    return {
        "Position": round(player.position, 6),
        "Duration": round(player.duration, 6),
        "Start": round(player.start, 6),
        "End": round(player.end, 6),
        "Speed": "max" if player.speed == math.inf else player.speed,
        "Paused": player.paused,
        "Loops": player.loops,
    }


def _number(command: Command, name: str, **words: float) -> float:
    """A parameter of a command: in its XML, or else in its metadata.

    Args:
        words: what may stand instead of a number.
    """
    text = parameters(command).get(name, command.metadata.get(name, "")).strip()
    expected = " or ".join(["a number", *map(repr, words)])
    form = f'{expected}: <Command Name="{command.name}" {name}="1.5"/>'
    if not text:
        raise CommandError(f"the parameter {name} is missing, expected {form}")
    if text in words:
        return words[text]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise CommandError(f"{name} is {text!r}, expected {form}")
    return value
