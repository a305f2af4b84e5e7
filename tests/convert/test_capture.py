from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import igtl
from igtl.convert.capture import CaptureCounts, CaptureEntries
from igtl.convert.capture_packet import Tally
from tests.convert.capture_building import (
    CLIENT,
    NS,
    SERVER,
    START,
    Sender,
    ethernet,
    pcap,
    pcapng,
    timed,
)

MS = 1_000_000
NAME = "10.0.0.5:18944 -> 10.0.0.9:51000"
RNG = np.random.default_rng(4)


def image(number: int, size: int = 40) -> igtl.Image:
    pixels = RNG.integers(0, 256, (1, size, size), dtype=np.uint8)
    return igtl.Image(pixels, device_name="Probe", timestamp=1000.0 + number)


def pose(number: int) -> igtl.Transform:
    return igtl.Transform(np.eye(4), device_name="Tool", timestamp=1000.0 + number)


MESSAGES = [igtl.encode(image(index) if index % 3 == 2 else pose(index)) for index in range(12)]
STREAM = b"".join(MESSAGES)


def cut(stream: bytes, size: int) -> list[tuple[int, bytes]]:
    """Pieces of a stream, each with its place."""
    return [(at, stream[at : at + size]) for at in range(0, len(stream), size)]


def segments(stream: bytes = STREAM, size: int = 500) -> list[bytes]:
    """The packets of one direction that was captured from its beginning."""
    sender = Sender()
    return [sender.syn(), *(sender.segment(at, data) for at, data in cut(stream, size))]


def read(
    folder: Path, data: bytes, *, ports: list[int] | None = None
) -> tuple[list[tuple[str, bytes]], CaptureEntries]:
    """Who sent which bytes, and the capture."""
    path = folder / "x.pcap"
    path.write_bytes(data)
    capture = CaptureEntries(path, ports=ports)
    return [(entry.connection, entry.frame.to_bytes()) for entry in capture], capture


def bytes_of(folder: Path, data: bytes) -> list[bytes]:
    return [message for _, message in read(folder, data)[0]]


@pytest.mark.parametrize("form", [pcap, pcapng])
@pytest.mark.parametrize("size", [1, 57, 58, 106, 500, 100_000])
def test_messages_come_out_as_they_went_in(tmp_path: Path, form: object, size: int) -> None:
    assert form in (pcap, pcapng)
    packets = segments(size=size)
    found, capture = read(tmp_path, pcap(packets) if form is pcap else pcapng(packets))
    assert found == [(NAME, message) for message in MESSAGES]
    counts = CaptureCounts(12, 1, 0, Tally(segments=len(packets)))
    assert capture.counts == counts
    assert capture.notes == ()
    assert capture.position == capture.size > len(STREAM)


def test_a_message_has_the_time_of_the_packet_that_completed_it(tmp_path: Path) -> None:
    sender = Sender()
    first, second = MESSAGES[:2]
    packets = [
        (START, sender.syn()),
        (START + 1 * MS, sender.segment(0, first[:60])),
        (START + 5 * MS, sender.segment(60, first[60:] + second[:20])),
        (START + 9 * MS, sender.segment(len(first) + 20, second[20:])),
    ]
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(packets))
    assert [entry.time_ns for entry in CaptureEntries(path)] == [START + 5 * MS, START + 9 * MS]


def test_both_directions_and_ipv6(tmp_path: Path) -> None:
    there, back = ("fe80::1", 18944), ("2001:db8::2", 51000)
    server, client = Sender(there, back), Sender(back, there)
    query = igtl.encode(igtl.Get(igtl.Transform, device_name="Tool"))
    packets = [client.syn(), server.syn(), client.segment(0, query), server.segment(0, MESSAGES[0])]
    assert read(tmp_path, pcap(packets))[0] == [
        ("[2001:db8::2]:51000 -> [fe80::1]:18944", query),
        ("[fe80::1]:18944 -> [2001:db8::2]:51000", MESSAGES[0]),
    ]


@given(st.integers(0, 0xFFFF_FFFF), st.integers(), st.integers(20, 1500))
def test_order_repetition_and_wrap_around_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, first: int, seed: int, size: int
) -> None:
    chance = random.Random(seed)
    sender = Sender(first=first)
    packets = []
    for at, data in cut(STREAM, size):
        packets.append((chance.random() * 5 + at / size, sender.segment(at, data)))
        if chance.random() < 0.3:  # sent again, together with what lies around it
            start = max(0, at - chance.randrange(300))
            more = STREAM[start : at + chance.randrange(2 * size)]
            packets.append((chance.random() * 9 + at / size, sender.segment(start, more)))
    ordered = [packet for _, packet in sorted(packets)]
    folder = tmp_path_factory.mktemp("capture")
    assert bytes_of(folder, pcap([sender.syn(), *ordered])) == MESSAGES


@pytest.mark.parametrize("acknowledged", [True, False])
def test_a_lost_packet_costs_its_messages_only(tmp_path: Path, acknowledged: bool) -> None:
    packets = segments(size=300)
    answer = Sender(CLIENT, SERVER)
    acks = [answer.segment(0, b"", 1001 + len(STREAM))] if acknowledged else []
    starts = np.cumsum([0, *map(len, MESSAGES)])
    for lost in range(1, len(packets)):
        hit = {
            index
            for index in range(12)
            if starts[index] < lost * 300 and starts[index + 1] > (lost - 1) * 300
        }
        rest = [one for index, one in enumerate(packets) if index != lost]
        found, capture = read(tmp_path, pcap([*rest, *acks]))
        last = lost == len(packets) - 1
        expected = [one for index, one in enumerate(MESSAGES) if index not in hit]
        # the message behind the hole is found by its CRC, or the stream never lost its step
        assert [one for _, one in found] == expected
        losses = capture.counts.losses
        if not last:
            assert losses.gaps == 1
            assert losses.lost == 300
            assert 1 <= losses.messages <= len(hit)
            assert "1 holes in streams, 300 bytes" in capture.notes[0]


def test_a_hole_that_is_as_long_as_messages_is_crossed(tmp_path: Path) -> None:
    sender = Sender()
    at = sum(map(len, MESSAGES[:5]))
    packets = [
        sender.syn(),
        sender.segment(0, b"".join(MESSAGES[:2])),
        sender.segment(at, b"".join(MESSAGES[5:])),
    ]
    found, capture = read(tmp_path, pcap(packets))
    assert [one for _, one in found] == MESSAGES[:2] + MESSAGES[5:]
    assert capture.counts.losses.messages == 1
    assert capture.counts.losses.skipped == 0


def test_a_hole_in_a_large_body_does_not_look_into_the_body(tmp_path: Path) -> None:
    inside = b"".join(MESSAGES[:2])
    outer = igtl.encode(igtl.NDArray(np.frombuffer(b"\1" * 900 + inside + b"\1" * 900, np.uint8)))
    stream = outer + MESSAGES[3]
    sender = Sender()
    packets = [sender.syn(), sender.segment(0, stream[:200]), sender.segment(700, stream[700:])]
    found, capture = read(tmp_path, pcap(packets))
    assert [one for _, one in found] == [MESSAGES[3]]
    assert capture.counts.losses.messages == 1


def test_behind_a_hole_in_a_body_the_stream_never_lost_its_step(tmp_path: Path) -> None:
    strange = MESSAGES[2][:50] + bytes(8) + MESSAGES[2][58:]  # a CRC that nobody computed
    stream = MESSAGES[5] + strange
    sender = Sender()
    packets = [sender.syn(), sender.segment(0, stream[:200]), sender.segment(700, stream[700:])]
    assert bytes_of(tmp_path, pcap(packets)) == [strange]


def test_what_the_receiver_has_is_not_waited_for(tmp_path: Path) -> None:
    sender, answer = Sender(), Sender(CLIENT, SERVER)
    size = len(MESSAGES[0])
    packets = [
        *(sender.syn(), sender.segment(size, MESSAGES[1])),
        answer.segment(0, b"", 1001 + 2 * size),
        *(answer.segment(0, b"") for _ in range(1000)),
    ]
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(packets))
    capture = CaptureEntries(path)
    assert next(iter(capture)).frame.to_bytes() == MESSAGES[1]
    assert capture.position < capture.size // 4


@pytest.mark.parametrize("start", [1, 57, 58, 400, 700])
def test_a_capture_that_began_in_mid_stream_finds_its_step(tmp_path: Path, start: int) -> None:
    packets = [Sender().segment(at + start, data) for at, data in cut(STREAM[start:], 77)]
    found, capture = read(tmp_path, pcap(packets))
    starts = np.cumsum([0, *map(len, MESSAGES)])
    first = int(np.searchsorted(starts, start))
    assert [one for _, one in found] == MESSAGES[first:]
    assert capture.counts.losses.skipped == starts[first] - start
    assert "belong to no whole message" in capture.notes[0]


def test_what_looks_like_a_header_is_not_one_unless_its_message_is_sound(tmp_path: Path) -> None:
    # A header without body, or with a body of zeros, has a CRC of 0 as zeros have.
    lures = b"\0\1A".ljust(58, b"\0") + b"\xff\0\2MASK".ljust(49, b"\0") + b"\x09" + bytes(17)
    stream = b"\xff" + lures + b"\xff" * 90 + STREAM
    packets = [Sender().segment(at, data) for at, data in cut(stream, 90)]
    found, capture = read(tmp_path, pcap(packets))
    assert [one for _, one in found] == MESSAGES
    assert capture.counts.losses.skipped == len(stream) - len(STREAM)


def test_a_lure_at_the_end_hides_nothing(tmp_path: Path) -> None:
    lure = MESSAGES[2][:42] + (1 << 29).to_bytes(8) + bytes(8)  # announces 512 MiB
    stream = b"\xff" + lure + STREAM
    assert bytes_of(tmp_path, pcap([Sender().segment(0, stream)])) == MESSAGES


def test_messages_without_body_are_found_if_their_type_is_known(tmp_path: Path) -> None:
    query = igtl.encode(igtl.Get(igtl.Transform, device_name="Tool"))
    assert bytes_of(tmp_path, pcap([Sender().segment(0, b"\xff" + query)])) == [query]


def test_packets_that_were_cut_are_told(tmp_path: Path) -> None:
    found, capture = read(tmp_path, pcap(segments(size=200), snaplen=120))
    assert [one for _, one in found] == []
    assert "capture with -s 0" in capture.notes[0]
    found, capture = read(tmp_path, pcap(segments(size=700), snaplen=400))
    assert 0 < len(found) < 12
    assert {one for _, one in found} < set(MESSAGES)
    assert "capture with -s 0" in capture.notes[0]


def test_other_traffic_is_left_alone_and_counted(tmp_path: Path) -> None:
    web = Sender(("10.0.0.5", 80), CLIENT)
    shell = Sender(("10.0.0.5", 22), CLIENT)
    arp = ethernet(bytes(28), 0x0806)
    packets = [
        web.syn(),
        arp,
        web.segment(0, b"HTTP/1.1 200 OK\r\n" * 20),
        shell.segment(0, random.Random(1).randbytes(1000)),
        *segments(),
    ]
    found, capture = read(tmp_path, pcap(packets))
    assert [one for _, one in found] == MESSAGES
    counts = capture.counts
    assert (counts.streams, counts.other_streams, counts.packets.other) == (1, 2, 1)
    assert counts.losses.skipped == 0
    assert capture.notes == ()


def test_ports_say_which_streams_count(tmp_path: Path) -> None:
    elsewhere = Sender(("10.0.0.7", 7777), CLIENT)
    packets = [*segments(), elsewhere.syn(), elsewhere.segment(0, MESSAGES[0])]
    assert len(read(tmp_path, pcap(packets))[0]) == 13
    assert read(tmp_path, pcap(packets), ports=[7777])[0] == [
        ("10.0.0.7:7777 -> 10.0.0.9:51000", MESSAGES[0])
    ]
    found, capture = read(tmp_path, pcap(packets), ports=[9])
    assert found == []
    assert "no OpenIGTLink messages in 19 TCP packets" in capture.notes[-1]


def test_a_named_port_is_searched_whatever_it_begins_with(tmp_path: Path) -> None:
    stream = b"hello, this is no header; " * 5 + STREAM
    assert bytes_of(tmp_path, pcap(segments(stream))) == []
    found, capture = read(tmp_path, pcap(segments(stream)), ports=[18944])
    assert [one for _, one in found] == MESSAGES
    assert capture.counts.losses.skipped == 130


def test_a_port_that_is_used_again_is_another_stream(tmp_path: Path) -> None:
    first, second = Sender(first=5000), Sender(first=5000 + len(STREAM) + 7)
    packets = [
        *(first.syn(), first.segment(0, STREAM[:-9]), first.fin(len(STREAM) - 9)),
        *(second.syn(), second.syn(), second.segment(0, STREAM)),
    ]
    found, capture = read(tmp_path, pcap(packets))
    assert [one for _, one in found] == MESSAGES[:-1] + MESSAGES
    assert capture.counts.streams == 2
    assert capture.counts.losses.unfinished == 1
    assert "not whole" in capture.notes[0]


def test_packets_that_were_captured_twice_are_read_once(tmp_path: Path) -> None:
    sender = Sender()
    once = [*segments(), sender.fin(len(STREAM))]
    twice = [packet for packet in once for _ in range(2)]
    assert bytes_of(tmp_path, pcap(twice)) == MESSAGES


def test_entries_are_in_order_of_time_behind_a_hole_too(tmp_path: Path) -> None:
    holed, other = Sender(), Sender(("10.0.0.6", 18944), CLIENT)
    size = len(MESSAGES[0])
    packets = [
        holed.syn(),
        other.syn(),
        holed.segment(0, MESSAGES[0]),
        holed.segment(2 * size, MESSAGES[1]),  # 3 ms
        other.segment(0, MESSAGES[3]),  # 4 ms
        other.segment(size, MESSAGES[4]),
    ]
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(packets))
    assert [(entry.time_ns - START, entry.frame.to_bytes()) for entry in CaptureEntries(path)] == [
        (2 * MS, MESSAGES[0]),
        (3 * MS, MESSAGES[1]),
        (4 * MS, MESSAGES[3]),
        (5 * MS, MESSAGES[4]),
    ]


def test_too_much_behind_holes_is_not_waited_for(tmp_path: Path) -> None:
    large = [igtl.encode(image(0, 4000)) for _ in range(5)]
    stream = b"".join(large)
    sender = Sender()
    lost = slice(1, 3)
    packets = [sender.segment(at, data) for at, data in cut(stream, 60_000)]
    del packets[lost]
    late = [*timed([sender.syn(), *packets]), (START + 3600 * NS, sender.fin(len(stream)))]
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(late))
    entries = CaptureEntries(path)
    iterator = iter(entries)
    assert next(iterator).frame.to_bytes() == large[1]
    assert entries.position < entries.size - len(large[0]) // 2
    assert [entry.frame.to_bytes() for entry in iterator] == large[2:]


def test_more_streams_than_are_followed(tmp_path: Path) -> None:
    packets = [
        Sender(("10.0.0.5", 18944), ("10.0.0.9", port)).segment(0, MESSAGES[0] + MESSAGES[1])
        for port in range(5000, 10_000)
    ]
    found, capture = read(tmp_path, pcap(packets))
    assert len(found) == 10_000
    assert capture.counts.streams == 5000


def test_a_stream_that_makes_room_is_told_to_its_end(tmp_path: Path) -> None:
    holed = [Sender().syn(), Sender().segment(9, MESSAGES[0])]
    others = [
        Sender(("10.0.0.6", 18944), ("10.0.0.9", port)).segment(0, b"x")
        for port in range(5000, 10_000)
    ]
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap([*holed, *others]))
    capture = CaptureEntries(path)
    assert next(iter(capture)).frame.to_bytes() == MESSAGES[0]
    assert capture.position < capture.size


def test_each_iteration_reads_anew(tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(segments()))
    capture = CaptureEntries(path)
    assert list(capture) == list(capture)
    assert capture.counts.messages == 12


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(igtl.errors.RecordingError, match=r"none\.pcap: No such file"):
        list(CaptureEntries(tmp_path / "none.pcap"))


LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
SMALL = segments(b"".join(MESSAGES[:3]), 90)


@pytest.mark.parametrize("whole", [pcap(SMALL), pcapng(SMALL)], ids=["pcap", "pcapng"])
def test_a_capture_that_is_cut_anywhere_gives_fewer_messages(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "x.pcap"
    for size in range(0, len(whole), 1 if LONG else 7):
        path.write_bytes(whole[:size])
        try:
            found = [entry.frame.to_bytes() for entry in CaptureEntries(path)]
        except igtl.errors.RecordingError:
            assert size < 4
        else:
            assert found == MESSAGES[: len(found)]
            assert len(found) < 3 or size >= len(whole) - 4


@given(st.data())
def test_damaged_captures_raise_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = bytearray(data.draw(st.sampled_from([pcap(SMALL), pcapng(SMALL)])))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("capture") / "x.pcap"
    path.write_bytes(whole)
    for ports in (None, [18944]):
        capture = CaptureEntries(path, ports=ports)
        try:
            for entry in capture:
                assert entry.time_ns >= 0
        except igtl.errors.RecordingError:
            assert whole[:4] not in (pcap([])[:4], pcapng([])[:4])
        assert all(capture.notes)


@given(st.binary(max_size=600), st.sampled_from([b"", pcap([])[:24], pcapng([])]))
def test_random_captures_raise_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, head: bytes
) -> None:
    path = tmp_path_factory.mktemp("capture") / "x.pcap"
    path.write_bytes(head + data)
    try:
        list(CaptureEntries(path))
    except igtl.errors.RecordingError:
        assert not head


@given(st.lists(st.binary(max_size=120)), st.sampled_from([0, 1, 101, 113, 276]))
def test_random_packets_raise_nothing(
    tmp_path_factory: pytest.TempPathFactory, packets: list[bytes], link: int
) -> None:
    path = tmp_path_factory.mktemp("capture") / "x.pcap"
    path.write_bytes(pcap(packets, link=link))
    list(CaptureEntries(path))


def test_what_tcpdump_captures_is_what_was_sent(tmp_path: Path) -> None:
    if shutil.which("tcpdump") is None:
        pytest.skip("tcpdump is not installed: apt-get install tcpdump")
    path = tmp_path / "real.pcap"
    with igtl.Server(port=0) as server:
        command = ["tcpdump", "-i", "lo", "-s", "0", "-U", "-w", str(path)]
        process = subprocess.Popen(
            [*command, "tcp", "port", str(server.port)], stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        first = process.stderr.readline()
        if "listening" not in first:
            process.wait()
            process.stderr.close()
            pytest.skip(f"tcpdump may not capture here: {first.strip()}")
        sent = [image(index) if index % 3 == 2 else pose(index) for index in range(30)]
        with igtl.connect(f"127.0.0.1:{server.port}") as link:
            server.wait_for_clients(timeout=10)
            for message in sent:
                server.publish(message)
                link.receive(timeout=10)
            local = f"127.0.0.1:{server.port}"
        capture = CaptureEntries(path)
        found: list[bytes] = []
        while len(found) < len(sent) and process.poll() is None:
            found = [
                entry.frame.to_bytes()
                for entry in (capture if path.exists() and path.stat().st_size else ())
                if entry.connection.startswith(local)
            ]
        process.send_signal(signal.SIGINT)
        process.wait()
        process.stderr.close()
    assert found == [igtl.encode(message) for message in sent]
    assert os.path.getsize(path) > sum(map(len, found))
