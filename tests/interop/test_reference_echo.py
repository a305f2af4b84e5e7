"""Our clients at the reference's StringEchoServer, with header versions 1 and 2."""

from __future__ import annotations

import igtl
from tests.interop.conftest import StartServer
from tests.interop.receiving import received
from tests.net.shells import Link, Shell


def echo(shell: Shell, start_server: StartServer, profile: str = "auto") -> Link:
    """A client of ours at a server that sends every text back."""
    return shell.connect(f"127.0.0.1:{start_server('StringEchoServer').port}", profile=profile)


def test_hundreds_of_texts_sent_at_once_come_back(shell: Shell, start_server: StartServer) -> None:
    server = start_server("StringEchoServer")
    link = shell.connect(f"127.0.0.1:{server.port}")
    texts = [f"text {n}" for n in range(299)] + ["37 °C"]
    link.send(*(igtl.String(text, device_name="Console") for text in texts))
    messages = received(link, igtl.String, 300)
    assert [message.text for message in messages] == texts
    assert {message.device_name for message in messages} == {"StringEchoServer"}
    assert {message.header_version for message in messages} == {1}
    server.expect("^Echoing: text 298$")


def test_header_version_2_ends_the_conversation(shell: Shell, start_server: StartServer) -> None:
    """The program reads header version 1 alone, and is lost for good behind a message of version 2.

    It understands neither the type nor the size of such a message, and reads as many bytes of it as
    every STRING has at least: the first four. These are the size of the extended header, 12, which
    it takes for the encoding, and that of the metadata's header, which it takes for the length of
    the text. In the rest of the message it looks for the next header. So it answers, but nothing
    that it was told; and what comes later, in version 1, it does not read either.
    """
    link = echo(shell, start_server)
    link.send(igtl.String("first", device_name="Console", metadata={"Patient": "Unknown"}))
    answer = next(link.frames())
    assert (answer.version, answer.raw_name.rstrip(b"\0")) == (1, b"StringEchoServer")
    one_pair = 2 + 2 + 2 + 4  # number of pairs; bytes of the key, the value's encoding and bytes
    assert bytes(answer.body[:4]) == bytes([0, 12, 0, one_pair])
    link.send(igtl.String("second"))
    # It takes four bytes of the device name for encoding and length.
    assert bytes(next(link.frames()).body) == bytes(4)


def test_profile_v1_makes_header_version_2_understood(
    shell: Shell, start_server: StartServer
) -> None:
    link = echo(shell, start_server, profile="v1")
    texts = ["first", "second"]
    link.send(
        *(igtl.String(one, header_version=2, metadata={"Patient": "Unknown"}) for one in texts)
    )
    messages = received(link, igtl.String, 2)
    assert [message.text for message in messages] == texts
    assert [message.header_version for message in messages] == [1, 1]
    assert [dict(message.metadata) for message in messages] == [{}, {}]
