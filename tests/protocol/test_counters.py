from __future__ import annotations

from igtl.protocol.counters import Counters


def test_counters_begin_at_0() -> None:
    counters = Counters()
    assert (counters.messages_received, counters.bytes_received) == (0, 0)
    assert (counters.messages_sent, counters.bytes_sent) == (0, 0)
    assert (counters.dropped, counters.errors) == (0, 0)


def test_counters_of_several_links_are_added() -> None:
    one, other = Counters(1, 2, 3, 4, 5, 6), Counters(10, 20, 30, 40, 50, 60)
    assert one + other == Counters(11, 22, 33, 44, 55, 66)
    assert one == Counters(1, 2, 3, 4, 5, 6)
