"""What header version 2 adds around a content, by tables made by hand."""

from __future__ import annotations

import pickle
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from igtl.codec.extended import EMPTY, Metadata, split, wrap
from igtl.errors import DecodeError, MessageError
from tests.codec.wire import extended, metadata, table

BODY = table(
    """
    00 0c                                 # extended header of 12 bytes
    00 1a                                 # metadata header of 26: 2 + 3 x 8
    00 00 00 14                           # metadata of 20 bytes
    00 00 00 2a                           # message id 42
    'content'
    00 03                                 # three entries
      00 04  00 03  00 00 00 03           # key of 4, value US-ASCII (3) of 3
      00 03  00 6a  00 00 00 02           # key of 3, value UTF-8 (106) of 2
      00 03  00 04  00 00 00 05           # key of 3, value Latin-1 (4) of 5
    'Mode' 'off'  'dia' c3b8  'pos' 4d e4 72 7a 21
    """
)
ENTRIES = ((b"Mode", 3, b"off"), (b"dia", 106, b"\xc3\xb8"), (b"pos", 4, b"M\xe4rz!"))
VALUES = {"Mode": "off", "dia": "ø", "pos": "März!"}


def test_split_by_hand() -> None:
    content, message_id, found = split(BODY)
    assert (bytes(content), message_id) == (b"content", 42)
    assert found == VALUES
    assert list(found) == ["Mode", "dia", "pos"]
    assert found.entries == ENTRIES


def test_wrap_by_hand() -> None:
    before, behind = wrap(42, Metadata(ENTRIES))
    assert before + b"content" + behind == BODY


def test_without_metadata_its_header_is_written_all_the_same() -> None:
    before, behind = wrap(1, EMPTY)
    assert before == table("00 0c  00 02  00 00 00 00  00 00 00 01")
    assert behind == table("00 00")


def test_without_a_metadata_header_there_is_none() -> None:
    body = table("00 0c  00 00  00 00 00 00  00 00 00 00  'ab'")
    assert split(body) == (b"ab", 0, EMPTY)


def test_what_is_beyond_12_bytes_is_skipped() -> None:
    body = table("00 10  00 02  00 00 00 00  00 00 00 07  'more'  'ab'  00 00")
    assert split(body) == (b"ab", 7, EMPTY)


def test_bytes_between_the_entries_and_the_metadata_are_skipped() -> None:
    body = table(
        """
        00 0c  00 0c  00 00 00 02  00 00 00 00   # metadata header of 12: 2 + 8 + 2 spare
        00 01  00 01  00 03  00 00 00 01  ff ff  'kv'
        """
    )
    assert split(body).metadata == {"k": "v"}


def test_of_two_equal_keys_the_last_wins_and_both_are_kept() -> None:
    entries = [(b"k", 3, b"1"), (b"x", 3, b"2"), (b"k", 106, b"3")]
    found = split(extended(b"", entries)).metadata
    assert found == {"k": "3", "x": "2"}
    assert found.pack() == metadata(*entries)


@pytest.mark.parametrize(
    ("encoding", "data", "text"),
    [
        (3, b"\xe4", "ä"),  # says US-ASCII, is Latin-1
        (106, b"\xe4", "ä"),  # says UTF-8, is Latin-1
        (2026, b"\xc3\xa4", "ä"),  # a set that igtl does not know: as UTF-8
        (1013, b"\x00\xe4", "ä"),  # UTF-16 BE
        (0, b"a\0b", "a\0b"),
    ],
)
def test_odd_encodings_are_read_leniently_and_kept(encoding: int, data: bytes, text: str) -> None:
    found = split(extended(b"", [(b"k\xe4", encoding, data)])).metadata
    assert found == {"kä": text}
    assert found.pack() == metadata((b"k\xe4", encoding, data))


@given(
    st.lists(st.tuples(st.binary(max_size=9), st.integers(0, 65535), st.binary(max_size=9))),
    st.binary(max_size=20),
    st.integers(0, (1 << 32) - 1),
    st.binary(max_size=5),
)
def test_any_metadata_comes_back_as_the_same_bytes(
    entries: list[tuple[bytes, int, bytes]], content: bytes, message_id: int, more: bytes
) -> None:
    body = extended(content, entries, message_id=message_id, more=more)
    found = split(memoryview(body))
    assert (bytes(found.content), found.message_id) == (content, message_id)
    assert found.metadata.pack() == metadata(*entries)
    before, behind = wrap(found.message_id, found.metadata)
    assert before + content + behind == extended(content, entries, message_id=message_id)


@pytest.mark.parametrize("size", range(12))
def test_a_body_shorter_than_its_extended_header_is_refused(size: int) -> None:
    with pytest.raises(DecodeError, match=f"body of {size} bytes is shorter than its 12-byte"):
        split(BODY[:size])


@pytest.mark.parametrize(
    ("header", "header_size", "meta_size"),
    [
        (11, 0, 0),  # does not hold its own fields
        (0, 0, 0),
        (15, 0, 0),  # the body has 14 bytes
        (12, 3, 0),
        (12, 2, 1),
        (12, 0, 3),
        (65535, 65535, 4294967295),
        (14, 65535, 0),
        (14, 0, 4294967295),
    ],
)
def test_sizes_that_do_not_fit_are_refused(header: int, header_size: int, meta_size: int) -> None:
    body = struct.pack(">HHII", header, header_size, meta_size, 0) + b"ab"
    with pytest.raises(DecodeError, match=r"do not fit a body of 14 bytes"):
        split(body)


@pytest.mark.parametrize(
    ("behind", "header_size", "text"),
    [
        (b"\0", 1, "metadata header of 1 bytes is too short for its count"),
        (b"\0\1", 2, "1 metadata entries do not fit a metadata header of 2 bytes"),
        (b"\xff\xff" + bytes(8), 10, "65535 metadata entries do not fit"),
        (b"\0\1\0\1\0\3\0\0\0\2kv", 10, "metadata entry 0 ends at byte 3 of 2"),
        (b"\0\1\0\1\0\3\xff\xff\xff\xffkv", 10, "metadata entry 0 ends at byte 4294967296 of 2"),
        (b"\0\1\xff\xff\0\3\0\0\0\1kv", 10, "metadata entry 0 ends at byte 65536 of 2"),
    ],
)
def test_metadata_that_does_not_fit_is_refused(behind: bytes, header_size: int, text: str) -> None:
    body = struct.pack(">HHII", 12, header_size, len(behind) - header_size, 0) + behind
    with pytest.raises(DecodeError, match=text):
        split(body)


def test_new_metadata_is_ascii_where_that_is_enough() -> None:
    made = Metadata.of({"Mode": "off", "dia": "ø"})
    assert made.entries == ENTRIES[:2]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ("a=b", "metadata is str, expected a mapping of str to str"),
        (None, "metadata is NoneType, expected a mapping"),
        ({"a": 1}, "metadata 'a': 1 is str: int, expected str: str"),
        ({1: "a"}, "is int: str, expected str: str"),
        ({b"a": "b"}, "is bytes: str, expected str: str"),
        ({"": "b"}, "metadata has an empty key: give it a name"),
        ({"k": "v" * 65536}, "metadata key 'k'... and its value must be under 64 KiB"),
        ({"k" * 65536: "v"}, "metadata key 'k{40}'... and its value must be under 64 KiB"),
        ({"a": "v" * 40000, "b": "v" * 40000}, r"takes 18 \+ 80002 bytes, over the limit of 65535"),
        ({"k": "\ud800"}, "metadata 'k' cannot be written as utf-8"),
    ],
)
def test_metadata_that_cannot_travel_is_refused(values: object, text: str) -> None:
    with pytest.raises(MessageError, match=text):
        Metadata.of(values)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [8192, 65535, 65536])
def test_too_many_entries_are_refused(count: int) -> None:
    with pytest.raises(MessageError, match=f"takes {2 + 8 * count} .*: carry less"):
        Metadata.of({f"{index:x}": "" for index in range(count)})


def test_as_much_metadata_as_peers_can_read_is_taken() -> None:
    assert len(Metadata.of({"k": "v" * 65534}).pack()[1]) == 65535
    assert len(Metadata.of({f"{index:x}": "" for index in range(8191)}).pack()[0]) == 65530


def test_metadata_is_a_mapping() -> None:
    made = Metadata.of({"a": "1", "b": "2"})
    assert (made["a"], made.get("c"), len(made), "b" in made) == ("1", None, 2, True)
    assert repr(made) == "{'a': '1', 'b': '2'}"
    assert Metadata.of(made) is made
    other = Metadata.of({"b": "2", "a": "1"})
    assert made == other
    assert hash(made) == hash(other)
    assert made != Metadata.of({"a": "1"})
    assert not EMPTY
    with pytest.raises(KeyError):
        made["c"]
    with pytest.raises(TypeError):
        made["c"] = "3"  # type: ignore[index]
    assert pickle.loads(pickle.dumps(made)).entries == made.entries
