"""What is looked at: servers that are followed, or a recording that is played, and what came.

Threads that receive call `take`; whoever shows something looks it up here.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from igtl.closable import Closable
from igtl.codec.frame import Frame
from igtl.errors import MessageError
from igtl.net.follower import Follower, LinkState
from igtl.recording.playback import Moment
from igtl.viewer.board import Board
from igtl.viewer.details import details
from igtl.viewer.lines import Level
from igtl.viewer.pictures import Pictures
from igtl.viewer.playing import Playing
from igtl.viewer.scene import Scenes
from igtl.viewer.summary import counted
from igtl.viewer.tape import Tape
from igtl.viewer.values import Values

__all__ = ["Session"]

#: Recordings of more connections are shown as one.
_MOST_RECORDED = 50
_LEVELS: dict[str, Level] = {"connected": "info", "waiting": "warning", "over": "warning"}


class Session(Closable):
    """Everything that pages show.

    Args:
        folder: where recordings are made that are started from a page.
        tell: is given lines for people, by any thread.

    Attributes:
        id: of this session, and of no other: what a page knows of another one is not of this one.
        board: connections, devices and their counts.
        values: poses, sensor values, log lines.
        pictures, scenes: the newest of each row that has them.
        tape: the recording that is made.
        playing: the recording that is shown; None where servers are.
    """

    def __init__(self, folder: Path, tell: Callable[[str], object] = lambda text: None) -> None:
        self.tell, self.id = tell, secrets.token_hex(8)
        self.board, self.values, self.tape = Board(), Values(), Tape(folder)
        self.pictures = Pictures(self.values.trouble)
        self.scenes = Scenes(self.values.trouble)
        self.playing: Playing | None = None
        self.closing = False
        self._followers: list[Follower] = []
        self._numbers: dict[str, int] = {}  # of what was recorded, on the board

    def follow(self, endpoint: str, profile: str = "auto") -> None:
        """Follow a server from now on, whether it is there or not.

        Raises:
            EndpointError, MessageError: the endpoint or the profile is not understood.
        """
        link = _Link(self, len(self._followers))
        follower = Follower(endpoint, link.take, profile=profile, changed=link.changed)
        link.endpoint = follower.endpoint
        self.board.connect(follower.endpoint)
        self._followers.append(follower)
        follower.start()

    def play(self, paths: Sequence[Path]) -> None:
        """Show a recording, from when the first page is there.

        Raises:
            RecordingError, MessageError: it is none, or there is nothing in it.
            OSError: it cannot be opened.
        """
        self.playing = Playing(paths, self._played, self._failed, self._jumped)
        recorded, text = self.playing.connections, f"a recording: {self.playing.name}"
        shown = recorded
        if not 1 < len(recorded) <= _MOST_RECORDED:
            shown = (self.playing.name,)
        if len(recorded) > _MOST_RECORDED:
            text += f", of {len(recorded)} connections, which are shown as one"
        self._numbers = {name: self.board.connect(name) for name in shown}
        text = self.playing.damage or text
        self._stands(LinkState("connected", text))
        if self.playing.damage:
            self._warn(text, "warning")

    def clock(self) -> float:
        """The time of what is shown, unix s: now, or when that was recorded which is played now.

        That one stands still with the player, goes at its speed, and jumps with it.
        """
        return time.time() if self.playing is None else self.playing.origin + self.playing.position

    def visited(self) -> None:
        """Somebody looks: a recording begins to play."""
        if self.playing is not None:
            self.playing.begin()

    def take(self, connection_id: int, frames: Sequence[Frame], received: float) -> None:
        """Count and keep what came over a connection at `received`, by the session's clock."""
        count = self.board.count
        keepers = self.values.take, self.pictures.take, self.scenes.take
        for frame in frames:
            row = count(connection_id, frame, received)
            for keep in keepers:
                keep(row, frame, received)

    def record(self) -> None:
        """Begin to record what comes, from all servers.

        Raises:
            MessageError: what is shown is a recording.
            RecordingError: the file cannot be made.
        """
        if self.playing is not None:
            raise MessageError("what is shown is a recording already: there is nothing to record")
        there = [one for one in self._followers if one.state.state == "connected"]
        self.tape.start([(one.endpoint, one.state.address) for one in there])
        self.tell(f"recording into {self.tape.path}")

    def stop_recording(self) -> None:
        """End the recording in good order, if there is one."""
        if self.tape.on:
            self.tape.stop()
            self.tell(f"recorded {counted(self.tape.messages, 'message')} into {self.tape.path}")

    def message(self, row_id: int) -> dict[str, Any] | None:
        """The newest message of a row, as the page shows it; None where there is no such row."""
        row = self.board.row(row_id)
        return None if row is None else details(row)

    @property
    def title(self) -> str:
        """What is shown."""
        if self.playing is not None:
            return self.playing.name
        return ", ".join(one.endpoint for one in self.board.connections)

    def close(self) -> None:
        """Disconnect, and end the recording in good order."""
        self.closing = True
        for follower in self._followers:
            follower.close()
        if self.playing is not None:
            self.playing.close()
        self.stop_recording()
        self.tape.close()
        self.pictures.close()

    def _played(self, moments: list[Moment]) -> None:
        origin = 0.0 if self.playing is None else self.playing.origin
        for position, frame, name in moments:
            self.take(self._numbers.get(name, 0), (frame,), origin + position)

    def _jumped(self) -> None:
        """What is played is elsewhere: counts, values and the log begin anew there."""
        now = self.clock()
        self.board.reset(now)
        self.values.jump(now)
        self.pictures.lost("the recording goes on elsewhere", self.board.rows())

    def _stands(self, state: LinkState) -> None:
        for number in self._numbers.values():
            self.board.state(number, state)

    def _failed(self, text: str) -> None:
        """Playing a recording failed."""
        self._stands(LinkState("over", text))
        self._warn(text, "error")

    def _warn(self, text: str, level: Level) -> None:
        """Tell people, wherever they look."""
        self.values.say(text, time=self.clock(), level=level)
        self.tell(text)


class _Link:
    """What a follower tells its session."""

    def __init__(self, session: Session, number: int) -> None:
        self.endpoint = ""
        self._session, self._number = session, number
        self._state, self._was_there = "connecting", False

    def take(self, frames: list[Frame], received: float) -> None:
        """Something came."""
        self._session.tape.write(frames, self.endpoint)
        self._session.take(self._number, frames, received)

    def changed(self, state: LinkState) -> None:
        """It stands otherwise now: said once, not at every try."""
        before, self._state = self._state, state.state
        session = self._session
        session.board.state(self._number, state)
        if state.state == before or session.closing:
            return
        level = _LEVELS.get(state.state, "info")
        session.values.say(state.text, time=session.clock(), level=level)
        if not self._was_there or state.state == "over":  # the link logs that it broke, or is back
            session.tell(state.text)
        if state.state == "connected":
            session.tape.note("restored" if self._was_there else "connected", self.endpoint, "")
            rows = session.board.connections[self._number].rows
            session.pictures.lost("the connection was lost", rows)
            self._was_there = True
        elif before == "connected":
            event = "ended" if state.state == "over" else "lost"
            session.tape.note(event, self.endpoint, state.text)
