from __future__ import annotations

import queue

import numpy as np

import igtl
from igtl.cli.delivery import Delivery
from igtl.codec.frame import parse
from tests.recording.playing import TIMEOUT_S

IMAGE = parse(igtl.encode(igtl.Image(np.zeros((2000, 2000), np.uint8))))


def test_who_reads_nothing_is_thrown_out_and_who_reads_gets_everything() -> None:
    news: queue.SimpleQueue[str] = queue.SimpleQueue()
    with igtl.Server(port=0, when_full="wait", queue_messages=3) as server:
        delivery = Delivery(server, news, patience=0.2)
        with igtl.connect(server.endpoint) as idle, igtl.connect(server.endpoint) as link:
            assert server.wait_for_clients(2, TIMEOUT_S)
            given = 0
            while len(server.clients) == 2:
                delivery.give([IMAGE])
                given += 1
                assert link.receive_frame(TIMEOUT_S).body_size == IMAGE.body_size
            told = [news.get(timeout=TIMEOUT_S) for _ in range(4)]
            assert f"{idle.local_address} reads nothing: it is thrown out" in told
            assert any(one.startswith(f"{idle.local_address} left after ") for one in told)
            assert not any("reads nothing" in one for one in told if link.local_address in one)
            assert not delivery.goes_on()
            summary = delivery.summary()
    assert summary.startswith(f"{given} messages played, ")
    assert " sent to 2 clients, " in summary


def test_who_reads_slowly_stays_and_what_it_missed_is_counted() -> None:
    news: queue.SimpleQueue[str] = queue.SimpleQueue()
    with igtl.Server(port=0, when_full="wait", queue_messages=3) as server:
        delivery = Delivery(server, news, patience=0.2)
        with igtl.connect(server.endpoint) as link:
            assert server.wait_for_clients(1, TIMEOUT_S)
            for missed in range(1, 5):
                while server.counters.dropped < missed:
                    delivery.give([IMAGE])
                link.receive_frame(TIMEOUT_S)
            assert len(server.clients) == 1
    assert server.counters.dropped >= 4
