"""Messages passed on as they came, and shown to who looks on."""

from __future__ import annotations

import logging

import numpy as np
import pytest

import igtl
from igtl.codec.frame import parse
from tests.net.raw import dial, image, numbers_of, poses, wire
from tests.net.shells import Service, Shell, receive_some
from tests.net.waiting import PATIENCE, eventually

#: A type nobody knows, header version 2, reserved bytes in use, and a checksum that is wrong.
ODD = igtl.Frame(2, b"ODD\0secret\0\0", b"Probe\0tail".ljust(20, b"\1"), 5, 3, 7, b"abc")


def shown(seen: list[tuple[str, list[igtl.Frame]]]) -> list[igtl.Frame]:
    return [frame for _, frames in seen for frame in frames]


def test_published_frames_arrive_byte_for_byte(shell: Shell, server: Service) -> None:
    link = shell.connect(server.endpoint)
    assert server.wait_for_clients(1, PATIENCE)
    large = parse(wire(image(1000)))
    server.publish(ODD, large)
    assert link.receive_frame(PATIENCE) == ODD
    assert link.receive_frame(PATIENCE).to_bytes() == large.to_bytes()


def test_a_client_sends_frames_byte_for_byte(shell: Shell, server: Service) -> None:
    link = shell.connect(server.endpoint)
    seen: list[tuple[str, list[igtl.Frame]]] = []
    server.tap(lambda connection, frames: seen.append((connection, frames)))
    link.send(ODD)
    eventually(lambda: shown(seen) == [ODD])
    assert seen[0][0] == link.local_address


def test_no_frame_in_time_is_an_error(shell: Shell, server: Service) -> None:
    link = shell.connect(server.endpoint)
    with pytest.raises(igtl.TimeoutError):
        link.receive_frame(0.01)


def test_what_is_published_is_shown_once_and_a_series_as_its_messages(
    shell: Shell, server: Service
) -> None:
    links = [shell.connect(server.endpoint) for _ in range(2)]
    assert server.wait_for_clients(2, PATIENCE)
    seen: list[tuple[str, list[igtl.Frame]]] = []
    end = server.tap(lambda connection, frames: seen.append((connection, frames)))
    matrices = np.stack([np.eye(4)] * 3)
    server.publish(image(300), igtl.Series(igtl.Transform, matrix=matrices, device_name="S"))
    server.offer(igtl.String("only for who asks"))
    end()
    server.publish(*poses(2))
    assert [(name, len(frames)) for name, frames in seen] == [("published", 4), ("offered", 1)]
    sent = [message.device_name for message in receive_some(links[0], 4)]
    assert [frame.device_name for frame in shown(seen)[:4]] == sent


def test_what_arrives_is_shown_and_still_received(shell: Shell, server: Service) -> None:
    link = shell.connect(server.endpoint)
    assert server.wait_for_clients(1, PATIENCE)
    seen: list[tuple[str, list[igtl.Frame]]] = []
    end = link.tap(lambda connection, frames: seen.append((connection, frames)))
    server.publish(*poses(50))
    assert numbers_of(receive_some(link, 50)) == [*range(50)]
    assert [name for name, _ in seen] == [link.endpoint] * len(seen)
    assert len(shown(seen)) == 50
    end()
    server.publish(*poses(2))
    receive_some(link, 2)
    assert len(shown(seen)) == 50


def test_a_look_on_that_fails_harms_nobody(
    shell: Shell, server: Service, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_connection: str, _frames: list[igtl.Frame]) -> None:
        raise ValueError("no room")

    link = shell.connect(server.endpoint)
    assert server.wait_for_clients(1, PATIENCE)
    server.tap(fail)
    link.tap(fail)
    with caplog.at_level(logging.ERROR, "igtl"):
        server.publish(*poses(2))
        assert numbers_of(receive_some(link, 2)) == [0, 1]
    assert "no room" in caplog.text
    assert link.counters.errors == 1


def test_a_look_on_changes_nothing_for_odd_frames(shell: Shell, server: Service) -> None:
    odd = parse(wire(*poses(1)))._replace(body_size=7)
    seen: list[igtl.Frame] = []
    server.tap(lambda _connection, frames: seen.extend(frames))
    server.publish(odd)
    server.publish(odd._replace(body=memoryview(bytes(100_000))))
    assert [len(frame.body) for frame in seen] == [48, 100_000]
    assert seen[0] == odd


def test_a_peer_that_needs_another_form_is_not_sent_what_cannot_be_decoded(
    shell: Shell, caplog: pytest.LogCaptureFixture
) -> None:
    server = shell.serve(profile="v1")
    with dial(server.port), caplog.at_level(logging.WARNING, "igtl"):
        assert server.wait_for_clients(1, PATIENCE)
        server.publish(parse(wire(*poses(1)))._replace(crc=1))
        eventually(lambda: server.counters.dropped == 1)
    assert "checksum" in caplog.text
