from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest

import igtl
from tests.cli.conftest import Call, Serve, Start
from tests.cli.servers import silent_server


@pytest.fixture
def server() -> Iterator[igtl.Server]:
    """A server that obeys some commands."""
    with igtl.Server(port=0) as server:

        @server.on_command("Measure")
        def measure(client: igtl.Peer, command: igtl.Command) -> dict[str, object]:
            return {"depth": 50, "unit": "mm\x1b[2J"}

        @server.on_command("Echo")
        def echo(client: igtl.Peer, command: igtl.Command) -> str:
            return f"{command.device_name}\n{command.content}\x1b[2J"

        @server.on_command("Start")
        def begin(client: igtl.Peer, command: igtl.Command) -> None: ...

        @server.on_command("Fail")
        def fail(client: igtl.Peer, command: igtl.Command) -> None:
            raise igtl.NotAvailable("the probe\x1b[2J is not plugged in")

        yield server


def test_parameters_of_the_reply_are_a_line_each(server: igtl.Server, call: Call) -> None:
    assert call("command", server.endpoint, "Measure") == (
        0,
        "depth  50\nunit   mm\ufffd[2J\n",
        "",
    )


def test_other_content_is_shown_as_it_is(server: igtl.Server, call: Call) -> None:
    ended = call("command", server.endpoint, "Echo", "<Go/>", "--device", "Robot")
    assert ended == (0, "Robot\n<Go/>\\x1b[2J\n", "")


def test_parameters_make_the_content(server: igtl.Server, call: Call) -> None:
    given = ("--param", "Depth=50", "--param", "Unit=a=b")
    ended = call("command", server.endpoint, "Echo", *given)
    assert ended.out == '\n<Command Name="Echo" Depth="50" Unit="a=b" />\\x1b[2J\n'


def test_a_reply_that_says_nothing_is_no_silence(server: igtl.Server, call: Call) -> None:
    ended = call("command", server.endpoint, "Start")
    assert ended == (0, "", "igtl: done; the reply says nothing more\n")


def test_an_error_has_status_1(server: igtl.Server, call: Call) -> None:
    ended = call("command", server.endpoint, "Fail")
    assert (ended.status, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert f"command 'Fail' to {server.endpoint} failed: the probe" in ended.err
    assert "\x1b" not in ended.err


def test_an_unknown_command_is_the_servers_error(server: igtl.Server, call: Call) -> None:
    ended = call("command", server.endpoint, "Nope")
    assert ended.status == 1
    assert "command 'Nope' is not known, expected one of: Echo, Fail, " in ended.err


def test_json_has_all_of_the_reply(server: igtl.Server, call: Call) -> None:
    ended = call("command", server.endpoint, "Measure", "--json")
    assert (ended.status, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert (found["success"], found["error"], found["name"]) == (True, None, "Measure")
    assert found["parameters"] == {"depth": "50", "unit": "mm\ufffd[2J"}
    assert found["metadata"]["Status"] == "SUCCESS"


def test_json_says_what_failed(server: igtl.Server, call: Call) -> None:
    ended = call("command", server.endpoint, "Fail", "--json")
    assert (ended.status, ended.err) == (1, "")
    assert json.loads(ended.out) == {
        "success": False,
        "error": "the probe\ufffd[2J is not plugged in",
        "name": "Fail",
        "device_name": "",
        "content": "",
        "parameters": {},
        "metadata": {"Status": "FAIL"},
    }


def test_json_has_what_a_failure_says_besides_the_error(server: igtl.Server, call: Call) -> None:
    @server.on_command("Dive")
    def dive(client: igtl.Peer, command: igtl.Command) -> igtl.CommandReply:
        content = '<Command><Result>false</Result><Parameter Name="Depth" Value="5"/></Command>'
        told = {"Status": "FAIL", "Error": "too deep", "Unit": "mm"}
        return igtl.CommandReply(0, "too deep", content, metadata=told)

    found = json.loads(call("command", server.endpoint, "Dive", "--json").out)
    assert (found["error"], found["name"]) == ("too deep", "Dive")
    assert found["parameters"] == {"Depth": "5"}
    assert found["content"].startswith("<Command><Result>false")
    assert found["metadata"] == {"Status": "FAIL", "Unit": "mm"}


def test_no_reply_in_time_has_status_3(call: Call) -> None:
    with silent_server() as (server, asked):
        ended = call("command", server.endpoint, "Go", "--timeout", "0.2")
    assert ended == (3, "", f"igtl: command 'Go' to {server.endpoint}: no answer within 0.2 s\n")
    assert isinstance(asked.get(timeout=5), igtl.Command)


def test_a_server_that_closes_instead_has_status_3(call: Call, serve_bytes: Serve) -> None:
    server = serve_bytes(b"", 1)
    closed = f"igtl: no answer: {server.endpoint} closed the connection\n"
    assert call("command", server.endpoint, "Go") == (3, "", closed)


def test_content_and_parameters_exclude_each_other(call: Call) -> None:
    ended = call("command", "nobody.invalid", "Go", "<a/>", "--param", "a=b")
    assert (ended.status, ended.out) == (2, "")
    assert "give CONTENT or --param, not both" in ended.err


def test_servers_of_old_protocols_take_no_commands(server: igtl.Server, call: Call) -> None:
    ended = call("command", server.endpoint, "Start", "--profile", "v1")
    assert ended.status == 2
    assert "takes no commands" in ended.err


def test_plus_takes_them_as_strings_too(call: Call) -> None:
    with igtl.Server(port=0, profile="plus") as server:
        server.offer(igtl.Image(np.zeros((1, 1), np.uint8), device_name="Video"))
        ended = call("command", server.endpoint, "RequestChannelIds", "--profile", "plus-strings")
    assert ended.status == 0
    assert "Video" in ended.out


def test_ctrl_c_ends_it_cleanly(start: Start) -> None:
    with silent_server() as (server, asked):
        program = start("command", server.endpoint, "Go", "--timeout", "60")
        asked.get(timeout=20)
        assert program.interrupt() == (130, "", "")
