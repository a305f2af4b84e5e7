from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import igtl
from tests.codec.wire import packet

# Index type, map type, and how the entries lie: all six forms.
FORMS = {
    "u8 to u8": (3, 3, 256, "u1", ()),
    "u8 to u16": (3, 5, 256, ">u2", ()),
    "u8 to RGB": (3, 19, 256, "u1", (3,)),
    "u16 to u8": (5, 3, 65536, "u1", ()),
    "u16 to u16": (5, 5, 65536, ">u2", ()),
    "u16 to RGB": (5, 19, 65536, "u1", (3,)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wire_type", ["COLORT", "COLORTABLE"])
def test_six_forms(form: str, wire_type: str) -> None:
    index, kind, entries, dtype, more = FORMS[form]
    rows = (np.arange(entries * (3 if more else 1)) * 7).astype(dtype).reshape(entries, *more)
    data = packet(wire_type, bytes([index, kind]) + rows.tobytes(), device_name=b"Labels")
    native: Any = rows.astype(rows.dtype.newbyteorder("="))
    for table in (rows, native, np.asfortranarray(native)):
        message = igtl.ColorTable(table, device_name="Labels", wire_type=wire_type)
        assert igtl.encode(message) == data
    again = igtl.decode(data)
    assert isinstance(again, igtl.ColorTable)
    assert again.table.shape == (entries, *more)
    assert np.array_equal(again.table, rows)
    assert again.wire_type == wire_type


def test_a_table_by_hand() -> None:
    table = np.zeros(256, np.uint16)
    table[1], table[255] = 0x0102, 0xFFFE
    content = bytes(igtl.ColorTable(table).raw_content)
    assert content == b"\3\5" + b"\0\0" + b"\1\2" + bytes(253 * 2) + b"\xff\xfe"
    rgb = np.zeros((256, 3), np.uint8)
    rgb[1] = 1, 2, 3
    content = bytes(igtl.ColorTable(rgb).raw_content)
    assert content == b"\3\x13" + b"\0\0\0" + b"\1\2\3" + bytes(254 * 3)


@pytest.mark.parametrize(
    "table",
    [
        np.zeros(255, np.uint8),
        np.zeros((256, 4), np.uint8),
        np.zeros((256, 3), np.uint16),
        np.zeros((256, 3, 1), np.uint8),
        np.zeros(256, np.int64),
        np.zeros(256, np.int8),
        np.zeros(256, np.float32),
        np.uint8(5),
        [0] * 256,
        "grey",
    ],
)
def test_other_tables_are_refused(table: Any) -> None:
    with pytest.raises(igtl.MessageError, match="expected 256 or 65536 entries of uint8, uint16,"):
        igtl.ColorTable(table)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\4\3" + bytes(256), "index type 4 with map type 3"),
        (b"\3\4" + bytes(256), "index type 3 with map type 4"),
        (b"\3\3" + bytes(255), "256 uint8 take 256 bytes, but 255 are there"),
        (b"\3\x13" + bytes(769), "256x3 uint8 take 768 bytes, but 769 are there"),
        (b"\5\5", "65536 uint16 take 131072 bytes, but 0 are there"),
        (b"\3", "1 bytes are left for index_type, map_type"),
    ],
)
def test_malformed_tables_are_refused(content: bytes, text: str) -> None:
    with pytest.raises(igtl.DecodeError, match=f"COLORT .*{text}"):
        igtl.decode(packet("COLORT", content))
