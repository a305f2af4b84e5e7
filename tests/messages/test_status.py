"""STATUS and CAPABILITY by hand."""

from __future__ import annotations

from typing import Any

import pytest

import igtl
from tests.codec.wire import packet, table

STATUS = table(
    """
    00 04                            # code: not found
    ff ff ff ff  ff ff ff f9         # subcode i64: -7
    'NoTool' 00*14                   # error name char[20]
    'Probe fehlt: ' c3bc  00         # text in UTF-8 and its NUL
    """
)


def test_status_by_hand() -> None:
    status = igtl.Status(igtl.StatusCode.NOT_FOUND, -7, "NoTool", "Probe fehlt: ü")
    assert igtl.encode(status) == packet("STATUS", STATUS)
    again = igtl.decode(packet("STATUS", STATUS))
    assert isinstance(again, igtl.Status)
    assert again.code is igtl.StatusCode.NOT_FOUND
    assert (again.subcode, again.error_name, again.text) == (-7, "NoTool", "Probe fehlt: ü")


@pytest.mark.parametrize(
    ("text", "read"),
    [(b"", ""), (b"ok", "ok"), (b"ok\0", "ok"), (b"ok\0more", "ok"), (b"\xfc", "ü"), (b"\0", "")],
)
def test_text_is_read_without_its_nul_too(text: bytes, read: str) -> None:
    data = packet("STATUS", STATUS[:30] + text)
    status = igtl.decode(data)
    assert isinstance(status, igtl.Status)
    assert status.text == read
    assert igtl.encode(status) == data


def test_the_nul_is_always_written() -> None:
    """The reference keeps its previous text without it."""
    assert bytes(igtl.Status().raw_content) == b"\0\1" + bytes(28) + b"\0"


@pytest.mark.parametrize("code", [0, 1, 19, 20, 65535])
def test_unknown_codes_are_kept_as_numbers(code: int) -> None:
    status = igtl.decode(igtl.encode(igtl.Status(code)))
    assert isinstance(status, igtl.Status)
    assert status.code == code
    assert isinstance(status.code, igtl.StatusCode) is (code <= 19)


def test_numbers_of_the_codes() -> None:
    assert [code.value for code in igtl.StatusCode] == list(range(20))
    assert (igtl.StatusCode.OK, igtl.StatusCode.NOT_FOUND, igtl.StatusCode.SHUT_DOWN) == (1, 4, 19)


@pytest.mark.parametrize("size", [0, 29])
def test_a_status_has_at_least_30_bytes(size: int) -> None:
    with pytest.raises(igtl.DecodeError, match=f"content of {size} bytes, expected at least 30"):
        igtl.decode(packet("STATUS", STATUS[:size]))


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ((65536,), "code is 65536, expected 0 to 65535"),
        (("OK",), "code is 'OK', expected an integer"),
        ((1, 1 << 63), "subcode is 9223372036854775808, expected -9223372036854775808 to"),
        ((1, 0, "x" * 20), "error_name .* takes 20 bytes, .* room for 19"),
        ((1, 0, "", "a\0b"), "text .* contains a NUL character"),
        ((1, 0, "", 5), "text is int, expected str"),
    ],
)
def test_wrong_values_are_refused(given: Any, text: str) -> None:
    with pytest.raises(igtl.MessageError, match=text):
        igtl.Status(*given)


def test_capability_by_hand() -> None:
    content = table("'IMAGE' 00*7  'GET_POLYDATA'  'TDATA' 00*7")
    message = igtl.Capability(("IMAGE", "GET_POLYDATA", "TDATA"))
    assert igtl.encode(message) == packet("CAPABILITY", content)
    again = igtl.decode(packet("CAPABILITY", content))
    assert isinstance(again, igtl.Capability)
    assert again.types == ("IMAGE", "GET_POLYDATA", "TDATA")
    assert igtl.Capability(()).types == ()


def test_a_capability_is_a_whole_number_of_names() -> None:
    with pytest.raises(igtl.DecodeError, match="13 bytes are not a whole number of 12-byte names"):
        igtl.decode(packet("CAPABILITY", bytes(13)))
    with pytest.raises(igtl.MessageError, match=r"types\[1\] 'A{13}' takes 13 bytes"):
        igtl.Capability(("A", "A" * 13))
    with pytest.raises(igtl.MessageError, match="types is 'IMAGE', expected a sequence of names"):
        igtl.Capability("IMAGE")  # type: ignore[arg-type]
