"""The reference side by itself: what the other interop tests stand on."""

from __future__ import annotations

import socket

import pytest

from tests.interop import reference
from tests.interop.conftest import StartClient, StartServer
from tests.interop.golden_program import Golden
from tests.interop.golden_values import MISREAD, TOLERANCES, VALUES, differences

TIMEOUT_S = 5.0


def test_every_golden_message_has_its_values(golden: Golden) -> None:
    assert list(golden.messages) == list(VALUES)


@pytest.mark.parametrize("name", VALUES)
def test_golden_message_is_of_its_type(golden: Golden, name: str) -> None:
    message = golden.messages[name]
    assert message.wire_type == VALUES[name]["type"]
    assert message.data[2:14].rstrip(b"\0") == message.wire_type.encode()


@pytest.mark.parametrize("name", VALUES)
def test_library_reads_what_it_wrote(golden: Golden, name: str) -> None:
    expected = VALUES[name] | MISREAD.get(name, {})
    found = golden.read({name: golden.messages[name].data})[name]
    assert differences(expected, found, tolerance=TOLERANCES.get(name, 0.0)) == []


def test_library_refuses_a_wrong_crc(golden: Golden) -> None:
    data = bytearray(golden.messages["string"].data)
    data[-1] ^= 1
    assert golden.read({"string": bytes(data)}) == {"string": {"error": "body refused"}}


def test_differences_are_found_at_their_place() -> None:
    one = {"a": [1, 2.0], "b": "x", "c": []}
    other = {"a": [1.0, 2.5], "b": "y", "d": []}
    assert sorted(differences(one, other)) == [
        "message.a[1]: expected 2.0, found 2.5",
        "message.b: expected 'x', found 'y'",
        "message.c: expected [], found '(none)'",
        "message.d: expected '(none)', found []",
    ]
    assert differences([1, 2], [1]) == ["message: expected [1, 2], found [1]"]
    assert differences({"a": 1.0}, {"a": 1.1}, tolerance=0.2) == []


def test_server_is_found_where_it_listens(start_server: StartServer) -> None:
    server = start_server("StringServer", "50")
    with socket.create_connection(("127.0.0.1", server.port), TIMEOUT_S) as link:
        assert link.recv(14, socket.MSG_WAITALL) == b"\0\1STRING\0\0\0\0\0\0"
    assert server.expect("^Sending string: (.*)$")[1] == "OpenIGTLink"
    assert server.expect("^Sending string: (.*)$")[1] == "Network"


def test_client_connects_and_ends(start_client: StartClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = start_client("PointClient", listener.getsockname()[1])
        link, _ = listener.accept()
        with link:
            assert link.recv(14, socket.MSG_WAITALL) == b"\0\1POINT\0\0\0\0\0\0\0"
    assert client.wait_for_end() == 0


def test_failed_expectation_tells_what_was_printed(
    start_server: StartServer, golden: Golden
) -> None:
    server = start_server("StringEchoServer")
    with socket.create_connection(("127.0.0.1", server.port), TIMEOUT_S) as link:
        link.sendall(golden.messages["string"].data)
        server.expect("^Echoing: Hello, OR 2!$")
    story = "(?s)StringEchoServer: .*'nonsense'.* still runs and printed\nEchoing: Hello, OR 2!\n"
    with pytest.raises(AssertionError, match=story):
        server.expect("nonsense", timeout=0.01)


def test_ended_program_is_not_waited_for(start_client: StartClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = start_client("StringClient", port, "50")
    client.expect("Cannot connect to the server")
    with pytest.raises(AssertionError, match="ended with status 0"):
        client.expect("Sending string")


@pytest.mark.usefixtures("installed_reference")
def test_every_example_is_described() -> None:
    names = {path.name.partition(".")[0] for path in reference.EXAMPLES.glob("*/*.cxx*")}
    assert {name for name in names if name not in str(reference.__doc__)} == set()
    assert len(names) > 30
