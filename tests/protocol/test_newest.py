"""The newest of every type and device, within bounds."""

from __future__ import annotations

import pytest

from igtl.protocol import newest as bounds
from igtl.protocol.newest import Key, Newest

LARGE = 1 << 17


def key(name: str) -> Key:
    return b"IMAGE".ljust(12, b"\0"), name.encode().ljust(20, b"\0")


@pytest.fixture
def newest(monkeypatch: pytest.MonkeyPatch) -> Newest[str]:
    monkeypatch.setattr(bounds, "_MOST_DEVICES", 3)
    monkeypatch.setattr(bounds, "_MOST_BYTES", 3 * LARGE)
    return Newest()


def found(newest: Newest[str]) -> dict[str, str]:
    return {name.rstrip(b"\0").decode(): thing for (_, name), thing in newest}


def test_the_newest_counts(newest: Newest[str]) -> None:
    for thing in ("old", "new"):
        newest.keep(key("A"), thing, 5)
    assert newest.get(key("A")) == "new"
    assert newest.get(key("B")) is None
    assert found(newest) == {"A": "new"}


@pytest.mark.parametrize("size", [5, LARGE])
def test_beyond_the_bounds_the_first_is_forgotten(newest: Newest[str], size: int) -> None:
    for name in "ABCD":
        newest.keep(key(name), name.lower(), size)
    assert found(newest) == {"B": "b", "C": "c", "D": "d"}
    assert newest.get(key("A")) is None


def test_one_thing_may_be_larger_than_all_may_be(newest: Newest[str]) -> None:
    newest.keep(key("A"), "a", LARGE)
    newest.keep(key("B"), "b", 9 * LARGE)
    assert found(newest) == {"B": "b"}


@pytest.mark.parametrize(("first", "second"), [(5, LARGE), (LARGE, 5)])
def test_from_small_to_large_and_back(newest: Newest[str], first: int, second: int) -> None:
    newest.keep(key("A"), "old", first)
    newest.keep(key("A"), "new", second)
    assert newest.get(key("A")) == "new"
    assert list(newest) == [(key("A"), "new")]


def test_bytes_of_what_was_replaced_count_no_more(newest: Newest[str]) -> None:
    for _ in range(10):
        newest.keep(key("A"), "a", LARGE)
    for size in (LARGE, 5, LARGE):
        newest.keep(key("B"), "b", size)
    newest.keep(key("C"), "c", LARGE)
    assert found(newest) == {"A": "a", "B": "b", "C": "c"}


def test_many_at_once(newest: Newest[str]) -> None:
    newest.keep_all((key(name), name.lower()) for name in "ABCDE")
    assert found(newest) == {"C": "c", "D": "d", "E": "e"}


def test_taking_in_while_looking(newest: Newest[str]) -> None:
    newest.keep(key("A"), "a", 5)
    newest.keep(key("B"), "b", LARGE)
    for _, thing in newest:
        newest.keep(key(thing), thing, 5)
        newest.keep(key(thing + "2"), thing, LARGE)
    assert newest.get(key("b")) == "b"


def test_many_at_once_replace_what_was_large(newest: Newest[str]) -> None:
    """Else who looks at all of them takes the old one, which comes last, for the newest."""
    newest.keep(key("A"), "old", 2 * LARGE)
    newest.keep_all([(key("A"), "newer"), (key("A"), "newest")])
    assert list(newest) == [(key("A"), "newest")]
    newest.keep(key("B"), "b", 3 * LARGE)  # the bytes of what was replaced count no more
    newest.keep(key("A"), "small", 5)
    assert found(newest) == {"A": "small", "B": "b"}
