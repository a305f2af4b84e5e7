"""A player controlled by a client over COMMAND: positions are seen in what arrives."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import igtl
from igtl.protocol.replies import parameters
from tests.recording.playing import TIMEOUT_S, numbered, recorded

HOUR = 3600.0


class Stage(NamedTuple):
    """A client of a server that plays ten messages, one an hour."""

    player: igtl.Player
    link: igtl.Client

    def text(self) -> str:
        """The next message that arrives."""
        message = self.link.receive(TIMEOUT_S)
        assert isinstance(message, igtl.String)
        return message.text

    def command(self, name: str, **values: str) -> dict[str, str]:
        """What the reply to a command says."""
        return parameters(self.link.command(name, values, timeout=TIMEOUT_S))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    path = tmp_path / "session.mcap"
    recorded(path, numbered(*(n * HOUR for n in range(10))))
    player = igtl.Player(path)
    with igtl.Server(port=0, when_full="wait") as server, igtl.connect(server.endpoint) as link:
        player.control(server)
        assert server.wait_for_clients(1, TIMEOUT_S)
        give = server.publish
        thread = threading.Thread(target=player.play, args=(lambda frames: give(*frames),))
        thread.start()
        yield Stage(player, link)
        player.stop()
        thread.join(TIMEOUT_S)


def test_a_session_is_paused_and_looked_at_again(stage: Stage) -> None:
    assert stage.text() == "0"
    assert stage.command("Pause")["Paused"] == "true"
    assert stage.command("Seek", Time="18000")["Position"] == "18000.0"
    reply = stage.command("Resume")
    assert reply["Paused"] == "false"
    assert stage.text() == "5"
    stage.command("Seek", Time="7200")
    assert stage.text() == "2"
    assert stage.command("SetSpeed", Speed="max")["Speed"] == "max"
    assert [stage.text() for _ in range(7)] == list("3456789")


def test_every_reply_says_where_it_is(stage: Stage) -> None:
    assert stage.text() == "0"
    stage.command("Pause")
    stage.command("SetSpeed", Speed="2")
    expected = {
        "Position": "10800.5",
        "Duration": "32400.0",
        "Start": "0.0",
        "End": "32400.0",
        "Speed": "2.0",
        "Paused": "true",
        "Loops": "0",
    }
    assert stage.command("Seek", Time="10800.5") == expected
    assert stage.command("GetPosition") == expected
    assert stage.command("GetStatus") == expected


def test_parameters_may_stand_in_the_metadata(stage: Stage) -> None:
    assert stage.text() == "0"
    message = igtl.Command(7, "Seek", metadata={"Time": "3600"})
    stage.link.send(message)
    found = {stage.link.receive(TIMEOUT_S).wire_type for _ in range(2)}
    assert found == {"STRING", "RTS_COMMAND"}


@pytest.mark.parametrize(
    ("name", "values", "complaint"),
    [
        (
            "Seek",
            {},
            'the parameter Time is missing, expected a number: <Command Name="Seek" Time="1.5"/>',
        ),
        ("Seek", {"Time": "soon"}, "Time is 'soon', expected a number"),
        ("Seek", {"Time": "nan"}, "Time is 'nan'"),
        ("Seek", {"Time": "40000"}, "position 40000.0 is not in the part .* 0 s to 32400 s"),
        ("SetSpeed", {"Speed": "0"}, "Speed is 0, expected a number above 0 or 'max'"),
        ("SetSpeed", {"Speed": "fast"}, "Speed is 'fast', expected a number or 'max'"),
    ],
)
def test_what_cannot_be_done_is_told(
    stage: Stage, name: str, values: dict[str, str], complaint: str
) -> None:
    with pytest.raises(igtl.CommandError, match=complaint):
        stage.command(name, **values)
