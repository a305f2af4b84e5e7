from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from igtl.codec.buffers import SMALL, Buffer, compact, join, total

SIZES = st.lists(st.sampled_from([0, 1, 58, SMALL - 1, SMALL, SMALL + 1, 3 * SMALL]), max_size=6)


def pieces(sizes: list[int]) -> list[Buffer]:
    """Pieces of these sizes, each of another byte, every second one a view."""
    made = [bytes([65 + index]) * size for index, size in enumerate(sizes)]
    return [memoryview(one) if index % 2 else one for index, one in enumerate(made)]


@given(SIZES)
@example([58, SMALL + 1, 0])
@example([58, SMALL + 1, 0, 0, 2])
def test_compact_keeps_the_bytes_and_leaves_no_empty_piece(sizes: list[int]) -> None:
    buffers = pieces([58, *sizes])
    packed = compact(buffers)
    assert b"".join(packed) == b"".join(buffers)
    assert all(len(piece) for piece in packed)


@given(SIZES)
def test_compact_joins_small_neighbours_and_copies_nothing_large(sizes: list[int]) -> None:
    buffers = pieces([58, *sizes])
    packed = compact(buffers)
    for one, other in pairwise(packed):
        assert len(one) + len(other) > SMALL
    for large in (buffer for buffer in buffers if len(buffer) > SMALL):
        assert any(piece is large for piece in packed)


def test_small_messages_are_one_piece() -> None:
    assert compact([b"a" * 58, b"", memoryview(b"b" * 48)]) == (b"a" * 58 + b"b" * 48,)


def test_join_and_total() -> None:
    assert join([b"a", memoryview(b"bc")]) == b"abc"
    assert join([memoryview(b"bc")]) == b"bc"
    assert total([b"a", memoryview(b"bc"), b""]) == 3
    data = b"as it is"
    assert join([data]) is data
