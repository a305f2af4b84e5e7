from __future__ import annotations

import random
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from igtl.convert.capture_stream import Piece, Reassembly

MS = 1_000_000
DATA = bytes(range(256)) * 40


def together(pieces: list[Piece]) -> bytes:
    assert not any(piece.gap for piece in pieces)
    return b"".join(piece.data for piece in pieces)


@pytest.mark.parametrize("first", [0, 1000, 0xFFFF_FFFF, 0xFFFF_FFF8])
def test_segments_in_any_order_are_the_stream(first: int) -> None:
    parts = [(0, b"ab"), (2, b"cde"), (5, b"f"), (6, b"ghij")]
    for order in permutations(parts):
        stream = Reassembly(first)
        pieces = [
            piece for at, data in order for piece in stream.add((first + at) & 0xFFFF_FFFF, data, 1)
        ]
        assert together(pieces) == b"abcdefghij"
        assert stream.waiting_bytes == 0
        assert stream.waiting_since is None


@given(st.integers(0, 0xFFFF_FFFF), st.integers(), st.lists(st.integers(1, 200), max_size=60))
def test_repeated_and_overlapping_segments_change_nothing(
    first: int, seed: int, sizes: list[int]
) -> None:
    chance = random.Random(seed)
    segments, at = [], 0
    for size in sizes:
        segments.append((at, min(at + size, len(DATA))))
        at = segments[-1][1]
    for _ in range(len(sizes)):
        start = chance.randrange(at)
        segments.append((start, min(start + chance.randrange(1, 500), at)))
    chance.shuffle(segments)
    stream = Reassembly(first)
    pieces = [
        piece
        for start, end in segments
        for piece in stream.add((first + start) & 0xFFFF_FFFF, DATA[start:end], 1)
    ]
    assert together(pieces) == DATA[:at]
    assert stream.waiting_bytes == 0


def test_what_waited_is_known_when_the_hole_is_filled() -> None:
    stream = Reassembly(10)
    assert list(stream.add(12, b"cd", 100)) == []
    assert list(stream.add(14, b"ef", 200)) == []
    assert stream.waiting_since == 100
    assert list(stream.add(10, b"ab", 300)) == [
        Piece(300, 0, b"ab"),
        Piece(300, 0, b"cd"),
        Piece(300, 0, b"ef"),
    ]


def test_a_hole_stays_until_the_receiver_has_what_it_lacks() -> None:
    stream = Reassembly(10)
    list(stream.add(12, b"cd", 0))
    list(stream.add(20, b"kl", 5 * MS))
    stream.acknowledge(11)
    assert list(stream.give_up(900 * MS)) == []
    stream.acknowledge(14)
    assert list(stream.give_up(40 * MS)) == []  # it may have been captured in another order
    assert list(stream.give_up(60 * MS)) == [Piece(0, 2, b"cd")]
    stream.acknowledge(22)
    assert list(stream.give_up(60 * MS)) == [Piece(5 * MS, 6, b"kl")]


def test_a_hole_that_nobody_acknowledges_is_given_up_in_the_end() -> None:
    stream = Reassembly(10)
    list(stream.add(12, b"cd", 0))
    assert list(stream.give_up(29_000 * MS)) == []
    assert list(stream.give_up(31_000 * MS)) == [Piece(0, 2, b"cd")]


def test_times_within_a_stream_do_not_go_back() -> None:
    stream = Reassembly(0)
    list(stream.add(20, b"b" * 10, 100))
    list(stream.add(10, b"a" * 10, 200))
    assert list(stream.skip()) == [Piece(200, 10, b"a" * 10), Piece(200, 0, b"b" * 10)]


def test_far_numbers_are_of_another_connection() -> None:
    stream = Reassembly(0xFFFF_0000)
    assert not stream.is_far(0x0000_1000)
    assert not stream.is_far(0xF000_0000)
    assert stream.is_far(0x7000_0000)


def test_a_probe_of_a_silent_peer_is_no_content() -> None:
    stream = Reassembly(10)
    list(stream.add(10, b"ab", 0))
    assert list(stream.add(11, b"?", 1)) == []  # RFC 9293, 3.8.4: a byte that was sent already
