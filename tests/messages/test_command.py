"""COMMAND, RTS_COMMAND and QUERY: no other implementation's bytes exist for them, so by hand."""

from __future__ import annotations

import pytest

import igtl
from tests.codec.wire import checksum, extended, packet, table

COMMAND = table(
    """
    # header
    00 02                          # version 2
    'COMMAND' 00*5                 # type
    'Slicer' 00*14                 # device name
    65 53 f1 00  40 00 00 00       # 1,700,000,000.25 s
    00 00 00 00  00 00 00 bf       # body: 12 + 138 + 23 + 18 = 191
    f0 02 d5 6f  be 8c 2c 8e       # CRC-64 of the body
    # extended header
    00 0c  00 0a  00 00 00 08      # its size; metadata header 10, metadata 8
    00 00 00 05                    # message id
    # content
    00 00 01 02                    # command id 258
    'GetVersion' 00*118            # name char[128]
    00 03                          # encoding: US-ASCII
    00 00 00 17                    # 23 bytes
    '<Command Expert="no" />'
    # metadata
    00 01                          # one entry
    00 04  00 03  00 00 00 04      # key of 4; value of 4, US-ASCII
    'Mode' 'Auto'
    """
)

REPLY = table(
    """
    00 00 01 02                    # command id of the command
    'Unknown command' 00*113       # name char[128]: the error
    00 6a                          # encoding: UTF-8
    00 00 00 06                    # 6 bytes
    'gr' c3bc c39f
    """
)

QUERY = table(
    """
    00 00 00 09                    # query id
    'IMAGE' 00*27                  # data type char[32]
    00 07                          # uid: 7 bytes
    '1.2.840'
    """
)


def test_command_by_hand() -> None:
    command = igtl.Command(
        258,
        "GetVersion",
        '<Command Expert="no" />',
        device_name="Slicer",
        timestamp=1_700_000_000.25,
        message_id=5,
        metadata={"Mode": "Auto"},
    )
    assert igtl.encode(command).hex() == COMMAND.hex()


def test_command_is_read() -> None:
    command = igtl.decode(COMMAND)
    assert isinstance(command, igtl.Command)
    assert (command.command_id, command.name) == (258, "GetVersion")
    assert command.content == '<Command Expert="no" />'
    assert (command.device_name, command.timestamp) == ("Slicer", 1_700_000_000.25)
    assert (command.message_id, command.metadata) == (5, {"Mode": "Auto"})
    assert command.header_version == 2


def test_the_checksum_of_the_fixture() -> None:
    assert checksum(COMMAND[58:]) == int.from_bytes(COMMAND[50:58], "big")


def test_reply_by_hand() -> None:
    data = packet("RTS_COMMAND", extended(REPLY), version=2, device_name=b"Robot")
    reply = igtl.CommandReply(258, "Unknown command", "grüß", device_name="Robot")
    assert igtl.encode(reply) == data
    again = igtl.decode(data)
    assert isinstance(again, igtl.CommandReply)
    assert (again.command_id, again.name, again.content) == (258, "Unknown command", "grüß")


def test_query_by_hand() -> None:
    data = packet("QUERY", QUERY)
    assert igtl.encode(igtl.Query(9, "IMAGE", "1.2.840")) == data
    query = igtl.decode(data)
    assert isinstance(query, igtl.Query)
    assert (query.query_id, query.data_type, query.uid) == (9, "IMAGE", "1.2.840")


@pytest.mark.parametrize("cls", [igtl.Command, igtl.CommandReply])
def test_commands_are_written_with_version_2_unless_told(
    cls: type[igtl.Command] | type[igtl.CommandReply],
) -> None:
    command = cls(1, "Stop")
    assert command.header_version == 2
    data = igtl.encode(command, version=1)
    assert data[:2] == b"\0\1"
    assert len(data) == 58 + 138
    again = igtl.decode(data)
    assert isinstance(again, cls)
    assert again.name == "Stop"
    assert igtl.encode(again.replace(name="Go"))[:2] == b"\0\1"  # keeps its own


def test_more_content_than_the_reference_reads_is_accepted_but_not_written() -> None:
    content = bytes(132) + b"\0\3\0\1\x11\x70" + b"x" * 70_000
    command = igtl.decode(packet("COMMAND", content))
    assert isinstance(command, igtl.Command)
    assert command.content == "x" * 70_000
    with pytest.raises(igtl.MessageError, match="content takes 70000 bytes, peers read 65535"):
        igtl.Command(1, "a", "x" * 70_000)
    assert len(igtl.encode(igtl.Command(1, "a", "x" * 65_535))) == 58 + 12 + 138 + 65_535 + 2


@pytest.mark.parametrize(
    ("encoding", "data", "text"),
    [
        (1013, b"\0\xfc", "ü"),
        (4, b"\xfc", "ü"),
        (3, b"\xc3\xbc", "ü"),
        (0, b"abc", "abc"),
        (106, b"\xff", "ÿ"),
    ],
)
def test_content_is_read_by_its_encoding_or_leniently(
    encoding: int, data: bytes, text: str
) -> None:
    body = bytes(132) + encoding.to_bytes(2, "big") + len(data).to_bytes(4, "big") + data
    command = igtl.decode(packet("COMMAND", body))
    assert isinstance(command, igtl.Command)
    assert command.content == text


@pytest.mark.parametrize("length", [0, 5, 7, 0xFFFFFFFF])
def test_another_length_than_there_is_is_refused(length: int) -> None:
    body = bytes(132) + b"\0\3" + length.to_bytes(4, "big") + b"<xml/>"
    with pytest.raises(igtl.DecodeError, match=f"a content of {length} bytes, but 6 are there"):
        igtl.decode(packet("COMMAND", body))


@pytest.mark.parametrize("length", [0, 6, 8, 0xFFFF])
def test_another_length_of_a_uid_is_refused(length: int) -> None:
    body = QUERY[:36] + length.to_bytes(2, "big") + QUERY[38:]
    with pytest.raises(igtl.DecodeError, match="length of the uid is not that of the 7 bytes"):
        igtl.decode(packet("QUERY", body))


def test_wrong_values_are_refused() -> None:
    with pytest.raises(igtl.MessageError, match=r"name .* takes 128 bytes, .* room for 127"):
        igtl.Command(1, "x" * 128)
    with pytest.raises(igtl.MessageError, match="command_id is -1, expected 0 to 4294967295"):
        igtl.Command(-1, "x")
    with pytest.raises(igtl.MessageError, match="content is bytes, expected str, XML by habit"):
        igtl.Command(1, "x", b"<xml/>")  # type: ignore[arg-type]
    with pytest.raises(igtl.MessageError, match=r"data_type .* takes 32 bytes"):
        igtl.Query(1, "x" * 32)
    with pytest.raises(igtl.MessageError, match=r"uid .* takes 65536 bytes"):
        igtl.Query(1, "x", "y" * 65536)
    with pytest.raises(TypeError, match="no field 'colour'"):
        igtl.Query(1, "x", colour=3)  # type: ignore[call-arg]
