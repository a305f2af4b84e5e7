"""What a page asks for: text that came over a WebSocket, checked, and done."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from igtl.errors import MessageError
from igtl.viewer.playing import Playing
from igtl.viewer.session import Session

__all__ = ["obey"]


def obey(session: Session, text: str) -> None:
    """Do what a page asks for; may wait for a disk.

    Args:
        session: what it is shown.
        text: a JSON object, such as {"do": "seek", "position": 12.5}.

    Raises:
        MessageError: it is not understood, or cannot be done.
        RecordingError: a recording cannot be made.
    """
    wish = _parsed(text)
    match wish:
        case {"do": "record"}:
            session.record()
        case {"do": "stop_recording"}:
            session.stop_recording()
        case {"do": str() as do}:
            _control(_played(session, do), do, wish)
        case _:
            raise MessageError(f'{text!r:.80} is not understood, expected {{"do": ...}}')


def _parsed(text: str) -> Any:
    """What JSON says, with all numbers as a page has them: one of 400 digits is infinite."""
    try:
        return json.loads(text, parse_constant=_refuse, parse_int=float)
    except (ValueError, RecursionError):
        return None


def _refuse(_: str) -> NoReturn:
    """NaN and infinities are no JSON."""
    raise ValueError


def _played(session: Session, do: str) -> Playing:
    if session.playing is None:
        raise MessageError(f"{do!r:.40} is for recordings; servers are shown here, as they are now")
    return session.playing


def _control(playing: Playing, do: str, how: dict[str, Any]) -> None:
    match do, how:
        case "pause", _:
            playing.pause()
        case "resume", _:
            playing.resume()
        case "seek", {"position": float() as position}:
            playing.seek(position)
        case "speed", {"speed": None}:
            playing.change_speed(math.inf)
        case "speed", {"speed": float() as speed}:
            playing.change_speed(speed)
        case "loop", {"loop": bool() as loop}:
            playing.change_loop(loop)
        case _:
            raise MessageError(f"{how!r:.80} is not understood")
