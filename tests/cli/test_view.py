from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

import igtl
from tests.cli.conftest import Call, Start
from tests.cli.program import Program, free_port
from tests.net.waiting import eventually, within
from tests.recording.playing import numbered, recorded


@pytest.fixture
def server() -> Iterator[igtl.Server]:
    with igtl.Server(0) as server:
        yield server


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mcap"
    recorded(path, numbered(0, 1, 2))
    return path


def address_of(program: Program) -> str:
    """The page's address, as it was printed."""
    return program.line_with("open http://").split()[1]


def asked(address: str, path: str = "") -> str:
    """What a page's server answers."""
    before, mark, token = address.partition("?")
    with urllib.request.urlopen(f"{before}{path}{mark}{token}", timeout=20) as answer:
        text: str = answer.read().decode()
        return text


def board(address: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(asked(address, "api/board"))
    return found


# ---- what it shows


def test_a_server_is_shown(start: Start, server: igtl.Server) -> None:
    program = start("view", server.endpoint, "--port", "0")
    address = address_of(program)
    assert address.startswith("http://127.0.0.1:")
    assert address.endswith("/")  # no token
    assert program.line() == f"showing {server.endpoint}; Ctrl-C ends"
    assert program.line() == f"connected to {server.endpoint}"
    assert server.wait_for_clients(1, 20)
    server.publish(igtl.String("hello", device_name="Log"))
    eventually(lambda: board(address)["rows"])
    (row,) = board(address)["rows"]
    assert (row["device"], row["messages"], row["summary"]) == ("Log", 1, "hello")


def test_servers_that_are_not_there_are_waited_for(start: Start) -> None:
    port = free_port()
    program = start("view", f"localhost:{port}", "--port", "0")
    address = address_of(program)
    text = program.line_with("no OpenIGTLink server")
    assert text.startswith(f"no OpenIGTLink server at localhost:{port}: connection refused")
    assert board(address)["connections"][0]["state"] == "waiting"
    with igtl.Server(port):
        program.line_with(f"connected to localhost:{port}")


def test_a_recording_is_shown(start: Start, film: Path) -> None:
    program = start("view", str(film), "--port", "0")
    address = address_of(program)
    assert program.line() == "showing film.mcap; Ctrl-C ends"
    assert board(address)["connections"][0]["endpoint"] == "film.mcap"


def test_parts_of_a_recording_are_one(start: Start, film: Path, tmp_path: Path) -> None:
    recorded(tmp_path / "more.mcap", numbered(3, 4))
    program = start("view", str(film), str(tmp_path / "more.mcap"), "--port", "0")
    address_of(program)
    assert program.line() == "showing film.mcap and 1 more; Ctrl-C ends"


# ---- where it is


def test_a_port_that_is_taken_is_left_to_who_has_it(start: Start, server: igtl.Server) -> None:
    try:
        taken = socket.create_server(("127.0.0.1", 8080))
    except OSError:  # somebody else has it: as good
        taken = socket.socket()
    with taken:
        first = start("view", server.endpoint)
        second = start("view", server.endpoint)
        addresses = set()
        for program in (first, second):
            assert program.line().startswith("port 8080 is taken")
            addresses.add(address_of(program))
        assert len(addresses) == 2
        assert not any(":8080/" in address for address in addresses)


def test_a_port_that_was_asked_for_is_not_replaced(call: Call, server: igtl.Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = call("view", server.endpoint, "--port", str(port))
    assert ended.status == 1
    assert f"cannot listen on 127.0.0.1:{port}: address already in use" in ended.err


def test_an_address_that_is_not_ours(call: Call, server: igtl.Server) -> None:
    ended = call("view", server.endpoint, "--host", "192.0.2.1")
    assert ended.status == 1
    assert "Give an address of this machine" in ended.err


def test_beyond_this_machine_there_is_a_token(start: Start, server: igtl.Server) -> None:
    program = start("view", server.endpoint, "--port", "0", "--host", "0.0.0.0")
    address = address_of(program)
    port = address.partition("//")[2].partition(":")[2].partition("/")[0]
    token = address.partition("?token=")[2]
    assert len(token) >= 24
    here = f"http://127.0.0.1:{port}/"
    with pytest.raises(HTTPError) as refused:
        asked(here, "api/board")
    assert refused.value.code == 403
    refused.value.close()
    assert board(f"{here}?token={token}")["complete"]


def test_a_token_that_was_given(start: Start, server: igtl.Server) -> None:
    program = start("view", server.endpoint, "--port", "0", "--token", "öffne dich & #1")
    address = address_of(program)
    assert address.endswith("/?token=%C3%B6ffne%20dich%20%26%20%231")
    assert board(address)["complete"]


def test_a_browser_is_opened(
    server: igtl.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}.part\nmv {seen}.part {seen}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    program = start("view", server.endpoint, "--port", "0", "--open")
    address = address_of(program)
    eventually(seen.exists)
    assert seen.read_text() == f"{address}\n"


def test_no_browser_is_no_failure(
    server: igtl.Server, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    monkeypatch.setenv("BROWSER", "no-such-browser")
    monkeypatch.setenv("PATH", "")
    program = start("view", server.endpoint, "--port", "0", "--open")
    address = address_of(program)
    assert program.err.readline() == "igtl: no browser was found here: open the address by hand\n"
    assert board(address)["complete"]


# ---- how it ends


def listening(address: str) -> socket.socket:
    """A browser that waits for a picture that never comes, of a server that has one."""
    host, _, port = address.partition("//")[2].rstrip("/").partition(":")
    browser = socket.create_connection((host, int(port)))
    browser.sendall(
        b"GET /api/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert browser.recv(12) == b"HTTP/1.1 101"
    return browser


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_with_browsers_that_look(
    start: Start, server: igtl.Server, number: signal.Signals
) -> None:
    program = start("view", server.endpoint, "--port", "0")
    address = address_of(program)
    server.on_connect(lambda client: client.send(igtl.Image([[[1]]], device_name="US")))
    with listening(address), listening(address):
        program.line_with("connected")
        with within(3.0):
            program._process.send_signal(number)
            ended = program.wait()
    assert ended.err == ""
    assert ended.status == (130 if number == signal.SIGINT else 143)


def test_it_runs_again_on_the_same_port(start: Start, server: igtl.Server) -> None:
    port = str(free_port())
    for _ in range(2):
        program = start("view", server.endpoint, "--port", port)
        with listening(address_of(program)):
            program.line_with("connected")
            assert program.interrupt().status == 130


# ---- what was typed


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["nothing.mcap"], "there is no file nothing.mcap; a server is typed as host:port"),
        (["./nothing"], "there is no file nothing"),
        (["film.mcap", "localhost"], "film.mcap is a file and localhost an endpoint"),
        (["film.mcap", "./film.mcap"], "a file is given twice"),
        (["localhost", "localhost:18944"], "localhost:18944 is given twice"),
        (["folder"], "folder is a folder, expected a recording; give its recordings: folder/*"),
        (["empty"], "empty is a folder, expected a recording; `igtl serve empty` sends it"),
        (["scan.igs.mha"], "`igtl convert scan.igs.mha scan.mcap` makes one of it"),
        (["a b.pcap"], "`igtl convert 'a b.pcap' 'a b.mcap'` makes one of it"),
        (["ct.nii.gz"], "`igtl serve ct.nii.gz` sends it, then `igtl record localhost` makes"),
        (["notes.txt"], "`igtl serve notes.txt` sends it"),
        (["localhost:x"], "port 'x' is not a number"),
        (["localhost", "--record-to", "nothing"], "--record-to nothing is not there"),
        (["localhost", "--record-to", "film.mcap"], "--record-to film.mcap is a file"),
        (["localhost", "--token", "none"], "'none' is no token"),
        (["localhost", "--token", "short"], "'short' is no token, expected 8 characters"),
    ],
)
def test_what_was_typed_wrong_is_explained(
    call: Call,
    film: Path,
    monkeypatch: pytest.MonkeyPatch,
    typed: list[str],
    expected: str,
) -> None:
    monkeypatch.chdir(film.parent)
    for name in ("scan.igs.mha", "a b.pcap", "ct.nii.gz", "notes.txt"):
        Path(name).touch()
    for name in ("folder", "empty"):
        Path(name).mkdir()
    Path("folder/one.mcap").touch()
    ended = call("view", *typed)
    assert ended.status == 2
    assert expected in ended.err
    assert ended.out == ""


def test_what_is_no_recording_is_not_shown(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "text.mcap"
    path.write_text("this is no recording")
    ended = call("view", str(path), "--port", "0")
    assert ended.status == 1
    assert "text.mcap" in ended.err


def test_an_empty_recording_is_not_shown(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "empty.mcap"
    igtl.Recorder(path).close()
    ended = call("view", str(path), "--port", "0")
    assert ended.status == 2
    assert "there are no messages in empty.mcap" in ended.err


def test_without_aiohttp_it_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['aiohttp'] = None; from igtl.cli import main; sys.exit(main())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, "view", "localhost"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr == "igtl: the page needs aiohttp: pip install 'igtl[view]'\n"
