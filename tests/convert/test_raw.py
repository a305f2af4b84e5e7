"""Raw messages in files, as `listen --save` leaves them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import igtl
from igtl.convert.raw import RawEntries

MESSAGES = [
    igtl.Transform(np.eye(4), device_name="Probe", timestamp=10.5),
    igtl.String("late", timestamp=9.0),
    igtl.String("timeless"),
    igtl.Image(np.arange(20, dtype=np.uint8).reshape(4, 5), timestamp=12.0),
]
BYTES = [igtl.encode(message) for message in MESSAGES]


def test_the_messages_of_one_file(tmp_path: Path) -> None:
    path = tmp_path / "s.igtl"
    path.write_bytes(b"".join(BYTES))
    entries = list(RawEntries(path))
    assert [entry.frame.to_bytes() for entry in entries] == BYTES
    assert [entry.message for entry in entries] == MESSAGES
    assert [entry.time for entry in entries] == [10.5, 10.5, 10.5, 12.0]
    assert {entry.connection for entry in entries} == {"s.igtl"}


def test_a_folder_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    for number, data in enumerate(BYTES):
        (tmp_path / f"{number:06}_X.igtl").write_bytes(data)
    (tmp_path / "000000.mha").write_bytes(b"not read")
    assert [entry.message for entry in RawEntries(tmp_path)] == MESSAGES


def test_without_any_time_it_is_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "s.igtl"
    path.write_bytes(BYTES[2])
    os.utime(path, ns=(5, 7_000_000_123))
    assert [entry.time_ns for entry in RawEntries(path)] == [7_000_000_123]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (BYTES[0][:-1], "announces a body of 48 bytes, but 47 follow"),
        (BYTES[0] + BYTES[1][:57], "57 bytes at byte 106 are fewer than a header's 58"),
        (bytes(200), "version is 0"),
    ],
)
def test_what_is_not_whole_is_refused(tmp_path: Path, data: bytes, text: str) -> None:
    path = tmp_path / "s.igtl"
    path.write_bytes(data)
    with pytest.raises(igtl.OpenIGTLinkError, match=text):
        list(RawEntries(path))


def test_an_empty_file_has_no_messages_and_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(igtl.OpenIGTLinkError, match=r"without \.igtl files"):
        RawEntries(tmp_path)
    path = tmp_path / "s.igtl"
    path.touch()
    assert list(RawEntries(path)) == []
