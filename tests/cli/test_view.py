from __future__ import annotations

import json
import resource
import signal
import socket
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

import igtl
from igtl.net.endpoint import own_address
from tests.cli.conftest import Call, Start
from tests.cli.program import Ended, Program, free_port
from tests.net.waiting import PATIENCE, background, eventually, linux_only, within
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


class Visit:
    """`igtl view` in this process, with a visitor in another thread; then Ctrl-C.

    Attributes:
        address: of the page.
        ended: what the program left.
    """

    def __init__(
        self,
        call: Call,
        visitor: Callable[[str], object],
        *typed: str,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        port = port or free_port()
        self.address = f"http://{host}:{port}/"
        self._visitor, self._over = visitor, False
        visiting, _ = background(self._work)
        self.ended = call("view", *typed, "--port", str(port))
        self._over = True
        visiting.result(PATIENCE)
        assert (self.ended.status, self.ended.err) == (130, "")
        assert f"open {self.address}" in self.lines[0]

    @property
    def lines(self) -> list[str]:
        """What it printed."""
        return self.ended.out.splitlines()

    def _work(self) -> None:
        try:
            eventually(lambda: self._over or self._is_there(), "the page")
            self._visitor(self.address)
        finally:
            if not self._over:
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def _is_there(self) -> bool:
        try:
            asked(self.address, "api/board")
        except HTTPError as refused:  # for want of a token
            refused.close()
        except OSError:
            return False
        return True


# ---- what it shows


def test_a_server_is_shown(call: Call, server: igtl.Server) -> None:
    def look(address: str) -> None:
        assert server.wait_for_clients(1, 20)
        server.publish(igtl.String("hello", device_name="Log"))
        eventually(lambda: board(address)["rows"])
        (row,) = board(address)["rows"]
        assert (row["device"], row["messages"], row["summary"]) == ("Log", 1, "hello")

    visit = Visit(call, look, server.endpoint)
    assert visit.lines == [
        f"open {visit.address}",  # no token
        f"showing {server.endpoint}; Ctrl-C ends",
        f"connected to {server.endpoint}",
    ]


def test_servers_that_are_not_there_are_waited_for(call: Call) -> None:
    port = free_port()

    def look(address: str) -> None:
        eventually(lambda: board(address)["connections"][0]["state"] == "waiting")
        stack.enter_context(igtl.Server(port))
        eventually(lambda: board(address)["connections"][0]["state"] == "connected")

    with ExitStack() as stack:
        lines = Visit(call, look, f"localhost:{port}").lines
    assert lines[2].startswith(f"no OpenIGTLink server at localhost:{port}: connection refused")
    assert lines[3] == f"connected to localhost:{port}"


def test_a_recording_is_shown(call: Call, film: Path) -> None:
    def look(address: str) -> None:
        assert board(address)["connections"][0]["endpoint"] == "film.mcap"

    assert Visit(call, look, str(film)).lines[1] == "showing film.mcap; Ctrl-C ends"


def test_parts_of_a_recording_are_one(call: Call, film: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.mcap"
    recorded(more, numbered(3, 4))
    lines = Visit(call, board, str(film), str(more)).lines
    assert lines[1] == "showing film.mcap and 1 more; Ctrl-C ends"


# ---- where it is


def test_a_port_that_is_taken_is_left_to_who_has_it(start: Start, server: igtl.Server) -> None:
    try:
        taken = socket.create_server(("127.0.0.1", 8080))
    except OSError:  # somebody else has it: as good
        taken = socket.socket()
    with taken:
        program = start("view", server.endpoint)
        assert program.line().startswith("port 8080 is taken")
        address = address_of(program)
        assert ":8080/" not in address
        assert board(address)["complete"]


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


@linux_only  # elsewhere there is no 127.0.0.2
def test_beyond_this_machine_there_is_a_token(start: Start, server: igtl.Server) -> None:
    program = start("view", server.endpoint, "--port", "0", "--host", "0.0.0.0")
    address = address_of(program)
    port = address.partition("//")[2].partition(":")[2].partition("/")[0]
    token = address.partition("?token=")[2]
    assert len(token) >= 24
    if (number := own_address(4)) is not None:  # there is a network
        assert program.line_with("  or http://") == f"  or http://{number}:{port}/?token={token}"
    for host in ("127.0.0.1", "127.0.0.2"):
        here = f"http://{host}:{port}/"
        with pytest.raises(HTTPError) as refused:
            asked(here, "api/board")
        assert refused.value.code == 403
        refused.value.close()
        assert board(f"{here}?token={token}")["complete"]


def test_a_token_that_was_given(call: Call, server: igtl.Server) -> None:
    query = "?token=%C3%B6ffne%20dich%20%26%20%231"

    def look(address: str) -> None:
        assert board(address + query)["complete"]

    visit = Visit(call, look, server.endpoint, "--token", "öffne dich & #1")
    assert visit.lines[0] == f"open {visit.address}{query}"


def test_an_address_of_version_6(call: Call, server: igtl.Server) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    visit = Visit(call, board, server.endpoint, "--host", "::1", host="[::1]")
    assert visit.lines[0] == f"open {visit.address}"


def test_a_browser_is_opened(
    server: igtl.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}.part\nmv {seen}.part {seen}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    visit = Visit(call, lambda _: eventually(seen.exists), server.endpoint, "--open")
    assert seen.read_text() == f"{visit.address}\n"


def test_no_browser_is_no_failure(
    server: igtl.Server, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    monkeypatch.setenv("BROWSER", "no-such-browser")
    monkeypatch.setenv("PATH", "")
    program = start("view", server.endpoint, "--port", "0", "--open")
    address = address_of(program)
    assert program.err.readline() == "igtl: no browser was found here: open the address by hand\n"
    assert board(address)["complete"]


@linux_only
def test_more_browsers_than_files_may_be_open_are_one_line(
    start: Start, server: igtl.Server
) -> None:
    program = start("view", server.endpoint, "--port", "0")
    address = address_of(program)
    program.line_with("connected")
    resource.prlimit(program._process.pid, resource.RLIMIT_NOFILE, (40, 40))
    port = int(address.split(":")[2].rstrip("/"))
    crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(60)]
    assert "Too many open files" in program.err.readline()
    for one in crowd:
        one.close()
    assert board(address)["complete"]
    assert program.interrupt() == Ended(130, "", "")


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
        with within():
            program._process.send_signal(number)
            ended = program.wait()
    assert ended.err == ""
    assert ended.status == (130 if number == signal.SIGINT else 143)


def test_it_runs_again_on_the_same_port(call: Call, server: igtl.Server) -> None:
    port = free_port()
    with ExitStack() as stack:
        for _ in range(2):
            Visit(call, lambda url: stack.enter_context(listening(url)), server.endpoint, port=port)


# ---- what was typed


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["nothing.mcap"], "there is no file nothing.mcap; a server is typed as host:port"),
        (["./nothing"], "there is no file nothing"),
        (["film.mcap", "localhost"], "film.mcap is a file and localhost an endpoint"),
        (["localhost", "localhost:18944"], "localhost:18944 is given twice"),
        (["folder"], "folder is a folder, expected a recording; give its recordings: folder/*"),
        (["empty"], "empty is a folder, expected a recording or a server as host:port"),
        (["scan.igs.mha"], "`igtl convert scan.igs.mha scan.mcap` makes one of it"),
        (["a b.pcap"], "`igtl convert 'a b.pcap' 'a b.mcap'` makes one of it"),
        (["ct.nii.gz"], "`igtl serve ct.nii.gz` sends it, then `igtl record localhost` makes"),
        (["notes.txt"], "notes.txt is no recording, expected a file whose name ends in .mcap"),
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


def test_a_file_that_is_named_twice_is_not_shown_twice(call: Call, film: Path) -> None:
    ended = call("view", str(film), str(film.parent / "." / ".." / film.parent.name / film.name))
    assert ended.status == 1
    assert "film.mcap was named twice, as " in ended.err


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


def test_without_aiohttp_it_says_what_to_install(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "igtl.viewer.web", raising=False)
    ended = call("view", "localhost")
    assert ended.status == 1
    assert ended.err == "igtl: the page needs aiohttp: pip install 'igtl[view]'\n"
