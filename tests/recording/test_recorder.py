"""The recorder: what goes in is in the file or counted, as the stock `mcap` package sees it."""

from __future__ import annotations

import errno
import gc
import itertools
import os
import re
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import igtl
import igtl.aio
from igtl.recording import lanes
from igtl.recording.queue import Batch, Queue
from igtl.recording.recorder import Recorder
from tests.net.waiting import background, eventually
from tests.recording.disks import file_limit, small_disk
from tests.recording.inspection import events, statistics, stored, stored_events
from tests.recording.traffic import bulk, damaged, pose

MIB = 1 << 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session.mcap"


def test_frames_are_recorded_byte_for_byte(path: Path) -> None:
    frames = [pose(0), bulk(50_000), damaged(pose(1))]
    with Recorder(path) as recorder:
        assert recorder.write(frames[0], "tracker")
        assert recorder.write_all(frames[1:], "us")
    found = [(one.connection, one.data) for one in stored(path)]
    names = ["tracker", "us", "us"]
    assert found == [(name, one.to_bytes()) for name, one in zip(names, frames, strict=True)]
    assert (recorder.messages, recorder.dropped, recorder.checksum_errors) == (3, 0, 1)
    assert recorder.bytes == path.stat().st_size
    assert recorder.paths == (path,)
    assert recorder.error is None


def test_a_message_is_recorded_as_it_would_be_sent(path: Path) -> None:
    message = igtl.String("hello", device_name="Log", timestamp=1234.5)
    with Recorder(path) as recorder:
        recorder.write(message)
        recorder.write(igtl.String("now"))
    first, second = stored(path)
    assert first.data == igtl.encode(message)
    assert igtl.decode(second.data).timestamp == pytest.approx(second.time_ns / 1e9, abs=60)


def test_what_a_caller_changes_later_is_not_recorded(path: Path) -> None:
    frame = bulk(50_000)
    body, pixels = bytearray(frame.body), np.zeros((200, 200), np.uint8)
    with Recorder(path) as recorder:
        recorder.write(frame._replace(body=memoryview(body)))
        recorder.write_all([frame._replace(body=memoryview(body))])
        recorder.write(igtl.Image(pixels))
        numbers = memoryview(body).cast("I").toreadonly()
        recorder.write(frame._replace(body=numbers))
        scattered = memoryview(bytes(frame.body) + bytes(frame.body))[::2]
        recorder.write(frame._replace(body=scattered))
        body[:] = bytes(len(body))
        pixels[:] = 1
    first, second, third, fourth, fifth = stored(path)
    assert first.data == fourth.data
    assert fifth.data[58:] == bytes(frame.body)[::2] * 2
    assert first.data == second.data == frame.to_bytes()
    decoded = igtl.decode(third.data)
    assert isinstance(decoded, igtl.Image)
    assert not decoded.pixels.any()


def test_what_is_no_message_does_not_end_the_recording(path: Path) -> None:
    frames = [pose(0), pose(1)._replace(version=1 << 16), pose(2), pose(3)._replace(raw_time=-1)]
    with Recorder(path) as recorder:
        assert recorder.write_all([*frames, pose(4)], "a")
        with pytest.raises(TypeError):
            recorder.event("odd", "a", details=object())
    assert [one.data for one in stored(path)] == [pose(n).to_bytes() for n in (0, 2, 4)]
    assert (recorder.messages, recorder.dropped) == (3, 2)
    assert [(note["event"], note["count"]) for note in events(path)] == [("dropped", 1)] * 2


def test_many_threads_lose_nothing(path: Path) -> None:
    frames = [pose(number) for number in range(500)]
    with Recorder(path) as recorder:

        def write(name: str) -> None:
            for frame in frames:
                assert recorder.write(frame, name)

        work = [background(lambda name=name: write(name))[0] for name in "abcd"]  # type: ignore[misc]
        for one in work:
            one.result()
    found = stored(path)
    for name in "abcd":
        assert [one.data for one in found if one.connection == name] == [
            frame.to_bytes() for frame in frames
        ]
    times = [one.time_ns for one in found]
    assert times == sorted(times)


def texts(path: Path) -> dict[str, str]:
    """The text that came over each connection."""
    found = {one.connection: igtl.decode(one.data) for one in stored(path)}
    return {name: one.text for name, one in found.items() if isinstance(one, igtl.String)}


def test_it_taps_a_server(path: Path) -> None:
    with igtl.Server(port=0) as server, Recorder(path) as recorder:
        recorder.tap(server)
        with igtl.connect(server.endpoint) as link:
            server.wait_for_clients()
            server.publish(igtl.String("out", timestamp=1))
            link.send(igtl.String("in", timestamp=1))
            server.receive(10)
            name = link.local_address
    assert texts(path) == {"published": "out", name: "in"}


def test_it_taps_a_link_until_that_ends(path: Path) -> None:
    with (
        igtl.Server(port=0) as server,
        Recorder(path) as recorder,
        igtl.connect(server.endpoint) as link,
    ):
        end = recorder.tap(link)
        server.wait_for_clients()
        server.publish(igtl.String("first"))
        link.receive(10)
        end()
        server.publish(igtl.String("second"))
        link.receive(10)
    assert texts(path) == {link.endpoint: "first"}


def test_a_tap_that_ended_keeps_nothing(path: Path) -> None:
    with igtl.Server(port=0) as server, igtl.connect(server.endpoint) as link:
        recorder = Recorder(path)
        recorder.tap(link)
        recorder.close()
        gone: list[weakref.ref[Any]] = [weakref.ref(recorder)]
        del recorder
        with Recorder(path, overwrite=True) as other:
            for _ in range(2):
                guest = igtl.connect(server.endpoint)
                end = other.tap(guest)
                end()
                end()
                guest.close()
                gone.append(weakref.ref(guest))
                del guest, end
            gc.collect()
            assert [one() for one in gone] == [None] * 3


def test_the_end_of_a_link_is_noted(path: Path) -> None:
    with Recorder(path) as recorder:
        with igtl.Server(port=0) as server:
            link = igtl.connect(server.endpoint)
            recorder.tap(link)
        with link:
            assert list(link) == []
    assert [one["event"] for one in events(path)] == ["connected", "ended"]
    assert "closed the connection" in events(path)[1]["text"]


def test_memory_of_a_large_message_is_free_once_it_is_written(path: Path) -> None:
    pixels = np.zeros(6 * MIB, np.uint8)
    gone = weakref.ref(pixels)
    with Recorder(path, flush=0.2) as recorder:
        recorder.write(pose(0)._replace(body_size=pixels.size, body=pixels.data.toreadonly()))
        del pixels
        eventually(lambda: gone() is None)
    assert recorder.messages == 1


def test_counting_while_devices_come(path: Path) -> None:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with Recorder(path) as recorder:
            frames = [pose(0, f"P{number}") for number in range(3000)]
            sender, _ = background(lambda: [recorder.write(frame) for frame in frames])
            pace = threading.Event()
            while sum(recorder.counts.values()) < 3000:
                pace.wait(1e-5)  # as often as a machine of one core can
            sender.result()
    finally:
        sys.setswitchinterval(usual)


def test_closing_ends_the_taps(path: Path) -> None:
    with igtl.Server(port=0) as server:
        with Recorder(path) as recorder:
            recorder.tap(server)
        server.publish(igtl.String("late"))
    assert recorder.dropped == 0


async def test_it_taps_asyncio(path: Path) -> None:
    with Recorder(path) as recorder:
        async with igtl.aio.Server(0) as server, igtl.aio.connect(server.endpoint) as link:
            recorder.tap(server)
            recorder.tap(link)
            assert await server.wait_for_clients(1, 20)
            await server.publish(igtl.String("out"))
            await link.receive(20)
    assert texts(path) == {"published": "out", link.endpoint: "out"}


def test_breaks_of_a_link_are_noted_until_the_tap_ends(path: Path) -> None:
    with Recorder(path) as recorder:
        with igtl.Server(port=0) as server:
            link = igtl.connect(server.endpoint, reconnect=True)
            end = recorder.tap(link)
            server.wait_for_clients()
        with igtl.Server(port=server.port) as again:
            again.on_connect(lambda peer: peer.send(igtl.String("back")))
            link.receive(20)
            end()
        with pytest.raises(igtl.TimeoutError, match="is being restored"):
            link.receive(0.1)
        link.close()
    connected, lost, restored = events(path)
    assert connected == {
        "event": "connected",
        "connection": link.endpoint,
        "text": f"127.0.0.1:{server.port}",
    }
    assert (lost["event"], restored["event"]) == ("lost", "restored")
    assert 0 < restored["gap"] < 20


def test_a_tap_can_be_choosy(path: Path) -> None:
    with igtl.Server(port=0) as server, Recorder(path) as recorder:
        recorder.tap(server, lambda frames: [one for one in frames if one.device_name == "A"])
        for name in "ABA":
            server.publish(igtl.String(name, device_name=name))
        server.publish(igtl.String("B", device_name="B"))
    assert [one.topic for one in stored(path)] == ["/published/STRING/A"] * 2
    assert recorder.dropped == 0


def test_large_messages_that_come_in_reused_memory(path: Path) -> None:
    frames = [bulk(200_000, str(number)) for number in range(30)]
    frames = [frame._replace(body=bytes([n]) * 200_000) for n, frame in enumerate(frames)]
    with igtl.Server(port=0) as server, igtl.connect(server.endpoint) as link:
        server.wait_for_clients()
        sender, _ = background(lambda: server.publish(*frames))
        with Recorder(path) as recorder:
            recorder.tap(link)
            for _ in itertools.islice(link.frames(), len(frames)):
                pass
        sender.result()
    assert [one.data for one in stored(path)] == [frame.to_bytes() for frame in frames]


def test_events_stand_where_they_happened(path: Path) -> None:
    with Recorder(path) as recorder:
        recorder.event("connected", "a", text="127.0.0.1:5")
        recorder.write(pose(0), "a")
        recorder.event("lost", "a")
    assert events(path) == [
        {"event": "connected", "connection": "a", "text": "127.0.0.1:5"},
        {"event": "lost", "connection": "a"},
    ]


# ---- flushing


def test_it_can_be_read_before_it_is_closed(path: Path) -> None:
    with Recorder(path, flush=0.5) as recorder:
        recorder.write(pose(0))
        eventually(lambda: stored(path, whole=False))


def test_the_disk_is_made_to_write(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fdatasync

    def fdatasync(file: int) -> None:
        real(file)
        synced.append(os.fstat(file).st_size)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    with Recorder(path, flush=0.2) as recorder:
        recorder.write(bulk(100_000))
        eventually(lambda: any(size > 100_000 for size in synced))
    assert synced[-1] == path.stat().st_size


def test_a_disk_that_fails_ends_the_recording(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fdatasync", broken)
    recorder = Recorder(path, flush=0.1)
    eventually(lambda: recorder.error)
    with pytest.raises(igtl.RecordingError, match="Input/output error"):
        recorder.close()


# ---- bounds


class Pipe:
    """A disk that takes nothing until it is told to: a pipe."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        os.set_blocking(self._end, True)

    def read(self) -> Callable[[], bytes]:
        """Begin to take; gives what was taken until the writer closed it."""
        work, _ = background(self._read)
        return work.result

    def _read(self) -> bytes:
        with open(self._end, "rb") as file:
            return file.read()


@pytest.mark.parametrize(
    "bounds", [{"queue_messages": 50, "queue_bytes": 1 << 40}, {"queue_bytes": 10 * MIB}]
)
def test_what_finds_no_room_is_dropped_counted_and_noted(
    path: Path, bounds: dict[str, int]
) -> None:
    pipe = Pipe(path)
    recorder = Recorder(path, overwrite=True, **bounds)
    frames = [bulk(MIB, "big"), bulk(10, "small")]
    taken = refused = 0
    for frame in itertools.islice(itertools.cycle(frames), 400):
        if recorder.write(frame, "a"):
            taken += 1
        else:
            refused += 1
    recorder.write_all([bulk(MIB)] * 60, "b")
    assert refused > 150
    assert recorder.dropped == refused + 60
    data = pipe.read()
    recorder.close()
    messages, notes = stored_events(data())
    assert messages == taken == recorder.messages
    assert sum(note["count"] for note in notes if note["connection"] == "a") == refused
    assert {"event": "dropped", "connection": "b", "count": 60} in notes


def test_a_message_larger_than_the_bound_is_taken_by_an_empty_queue(path: Path) -> None:
    with Recorder(path, queue_bytes=100) as recorder:
        assert recorder.write(bulk(5000))
    assert len(stored(path)) == 1


def test_the_queue_keeps_its_bounds() -> None:
    ticks = itertools.count()
    queue = Queue(3, 10_000, lambda: next(ticks))
    assert queue.put([pose(0)], "a")
    assert queue.put([pose(1), pose(2)], "a")
    assert not queue.put([pose(3)], "b")
    assert (queue.messages, queue.dropped) == (3, 1)
    taken = queue.take()
    assert [len(item.frames) for item in taken.items if isinstance(item, Batch)] == [1, 2]
    assert taken.drops == {"b": 1}
    assert (queue.messages, queue.bytes, queue.take().drops) == (0, 0, {})


# ---- several files


def parts(path: Path) -> list[Path]:
    return sorted(path.parent.iterdir())


def test_it_goes_on_with_a_new_file_before_one_is_too_large(path: Path) -> None:
    frames = [bulk(30_000 + number) for number in range(40)]
    with Recorder(path, split_bytes=200_000) as recorder:
        for frame in frames:
            recorder.write(frame, "a")
    files = parts(path)
    assert [file.name for file in files[:2]] == ["session-001.mcap", "session-002.mcap"]
    assert recorder.paths == tuple(files)
    assert all(100_000 < file.stat().st_size <= 200_000 for file in files[:-1])
    found = [stored(file) for file in files]
    assert [one.data for part in found for one in part] == [one.to_bytes() for one in frames]
    assert all([one.sequence for one in part] == list(range(len(part))) for part in found)
    assert all(
        statistics(file).message_count == len(part) for file, part in zip(files, found, strict=True)
    )
    assert recorder.messages == 40
    assert recorder.bytes == sum(file.stat().st_size for file in files)
    assert [sum(recorder.counts.values()), len(recorder.counts)] == [40, 1]


def test_parts_of_small_messages_are_not_too_large(path: Path) -> None:
    with Recorder(path, split_bytes=100_000) as recorder:
        for number in range(5000):
            recorder.write(pose(number), "abc"[number % 3])
    sizes = [file.stat().st_size for file in recorder.paths]
    assert all(95_000 < size < 101_000 for size in sizes[:-1])
    assert len(sizes) > 5


def test_it_goes_on_with_a_new_file_after_a_while(path: Path) -> None:
    with Recorder(path, split_seconds=0.1) as recorder:
        eventually(lambda: recorder.write(pose(0)) and len(recorder.paths) > 2)
    found = [stored(file) for file in parts(path)]
    assert all(part[-1].time_ns - part[0].time_ns < 0.1e9 for part in found)
    assert sum(map(len, found)) == recorder.messages


def test_parts_that_are_there_are_kept(path: Path) -> None:
    earlier = path.with_name("session-007.mcap")
    earlier.write_text("precious")
    with pytest.raises(igtl.RecordingError, match=r"session-007\.mcap is there already"):
        Recorder(path, split_bytes=1000)
    assert parts(path) == [earlier]


def test_parts_of_a_recording_that_is_overwritten_are_removed(path: Path) -> None:
    names = ["001", "002", "101", "20260101", "x07"]
    for name in names:
        path.with_name(f"session-{name}.mcap").write_text("old")
    with Recorder(path, split_bytes=1000, overwrite=True):
        pass
    names.remove("002")  # 101 follows none: it may be another recording
    assert parts(path) == [path.with_name(f"session-{name}.mcap") for name in names]


def test_devices_without_end_need_several_files(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "_MANY", 10)
    with Recorder(path) as recorder:
        for number in range(25):
            recorder.write(pose(0, f"P{number}"))
    assert [file.name for file in recorder.paths] == [
        "session.mcap", "session-002.mcap", "session-003.mcap",
    ]  # fmt: skip
    assert sum(len(stored(file)) for file in recorder.paths) == 25


def test_the_next_file_cannot_be_made(path: Path) -> None:
    recorder = Recorder(path, split_bytes=100_000)
    path.with_name("session-002.mcap").write_text("somebody else's")
    for number in range(5):
        recorder.write(bulk(30_000, str(number)))
    with pytest.raises(igtl.RecordingError, match="session-002"):
        recorder.close()
    first = path.with_name("session-001.mcap")
    assert len(stored(first)) == recorder.messages
    (cut,) = events(first)
    assert (cut["event"], cut["count"]) == ("cut", recorder.dropped)
    assert "session-002.mcap is there already" in cut["text"]
    assert recorder.messages + recorder.dropped == 5


# ---- the end


@pytest.fixture(params=["disk", "limit"])
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A place for a file that may have 20 MiB; where the disk is full or files have a limit."""
    if request.param == "disk":
        with small_disk(20 * MIB) as folder:
            yield folder / "session.mcap"
    else:
        with file_limit(20 * MIB):
            yield tmp_path / "session.mcap"


def test_a_full_disk_ends_the_recording_in_good_order(full: Path) -> None:
    recorder, pace = Recorder(full), threading.Event()
    written = 0
    while recorder.error is None:
        recorder.write(bulk(100_000), "a")
        written += 1
        pace.wait(1e-5)  # on one core, it has its turn
    assert not recorder.write(pose(0))
    with pytest.raises(
        igtl.RecordingError, match=r"cannot be written: .*; kept in .*: .* messages, .*lost"
    ):
        recorder.close()
    found = stored(full)
    assert 50 < len(found) == recorder.messages
    assert recorder.messages + recorder.dropped == written + 1
    (note,) = (one for one in events(full) if one["event"] == "cut")
    assert re.search("No space left|File too large", note["text"])
    assert note["count"] > 0
    recorder.close()  # it was said once


def test_a_file_that_cannot_even_be_closed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(path, flush=0.1)
    file = recorder._file._file._file
    close = os.close

    def broken(descriptor: int) -> None:
        close(descriptor)
        if descriptor == file:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "close", broken)
    monkeypatch.setattr(os, "fdatasync", lambda _: broken(file))
    recorder.write(pose(0))
    eventually(lambda: recorder.error)
    with pytest.raises(igtl.RecordingError, match="Input/output error"):
        recorder.close()


def test_trouble_does_not_hide_other_trouble(full: Path) -> None:
    pace = threading.Event()

    def work() -> None:
        with Recorder(full) as recorder:
            while recorder.error is None:
                recorder.write(bulk(100_000))
                pace.wait(1e-5)
            raise KeyError("something else")

    with pytest.raises(KeyError):
        work()


def test_a_recording_survives_an_error_in_the_block(path: Path) -> None:
    def work() -> None:
        with Recorder(path) as recorder:
            recorder.write(pose(0))
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert len(stored(path)) == 1


def test_a_program_that_forgets_to_close(path: Path) -> None:
    program = "import igtl, sys; igtl.Recorder(sys.argv[1]).write(igtl.String('kept'))"
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, timeout=30)
    assert texts(path) == {"": "kept"}
    assert statistics(path).message_count == 1


def test_closing_goes_on_after_ctrl_c(path: Path) -> None:
    pipe = Pipe(path)
    recorder = Recorder(path, overwrite=True)
    recorder.write_all([bulk(MIB)] * 20)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for _ in range(2):  # threading's own `join` would not wait the second time
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(KeyboardInterrupt):
                recorder.close()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    data = pipe.read()
    recorder.close()
    assert stored_events(data()) == (20, [])
    assert recorder.messages == 20


def test_closing_in_a_process_that_was_forked_off_does_not_hang(path: Path) -> None:
    with Recorder(path) as recorder:
        recorder.write(pose(0))
        child = os.fork()
        if not child:
            recorder.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        recorder.write(pose(1))
    assert len(stored(path)) == 2


def test_closing_again_does_nothing(path: Path) -> None:
    recorder = Recorder(path)
    recorder.close()
    size = path.stat().st_size
    recorder.close()
    assert path.stat().st_size == size


@pytest.mark.parametrize(
    "late",
    [
        lambda recorder: recorder.write(pose(0)),
        lambda recorder: recorder.write_all([pose(0)]),
        lambda recorder: recorder.event("late"),
        lambda recorder: recorder.tap(igtl.Server),
    ],
)
def test_nothing_goes_into_a_closed_recorder(
    path: Path, late: Callable[[Recorder], object]
) -> None:
    with Recorder(path) as recorder:
        recorder.write(pose(0))
    with pytest.raises(
        igtl.RecordingError, match=r"session\.mcap was closed: nothing more goes in"
    ):
        late(recorder)
    assert (recorder.messages, recorder.dropped) == (1, 0)
    assert repr(recorder) == f"<Recorder '{path}': 1 message, 0 dropped, closed>"


def test_it_says_how_it_goes(path: Path) -> None:
    with Recorder(path, queue_messages=1) as recorder:
        recorder.write_all([pose(0)] * 1261)
        eventually(lambda: recorder.messages == 1261)
        assert repr(recorder) == f"<Recorder '{path}': 1,261 messages, 0 dropped>"


# ---- two at once

RECORD = """
import sys, igtl
with igtl.Recorder(sys.argv[1], overwrite=True) as recorder:
    recorder.write(igtl.String("kept"))
    print("records", flush=True)
    sys.stdin.read()
"""


def test_a_file_that_another_program_records_is_not_taken(path: Path) -> None:
    path.write_text("not worth keeping")
    with subprocess.Popen(
        [sys.executable, "-c", RECORD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"records\n"
        with pytest.raises(igtl.RecordingError, match="is being recorded by another program"):
            Recorder(path, overwrite=True)
        program.communicate(b"")
    assert texts(path) == {"": "kept"}
    with Recorder(path, overwrite=True) as recorder:
        recorder.write(igtl.String("after"))
    assert texts(path) == {"": "after"}


def test_parts_of_a_recording_that_goes_on_are_not_taken(path: Path) -> None:
    with Recorder(path, split_bytes=40_000) as first:
        for number in range(3):
            first.write(bulk(30_000, str(number)))
        eventually(lambda: len(first.paths) == 3)
        with pytest.raises(igtl.RecordingError, match="is being recorded by another program"):
            Recorder(path, split_bytes=40_000, overwrite=True)
    assert sum(len(stored(file)) for file in first.paths) == 3


def test_a_child_that_was_forked_off_does_not_keep_the_file(path: Path) -> None:
    inlet, outlet = os.pipe()
    with Recorder(path) as recorder:
        recorder.write(pose(0))
        child = os.fork()
        if not child:
            os.close(outlet)
            os.read(inlet, 1)  # until the parent is through
            os._exit(0)
    try:
        Recorder(path, overwrite=True).close()
    finally:
        os.close(outlet)
        os.close(inlet)
        os.waitpid(child, 0)


def test_who_reads_a_file_that_is_overwritten_goes_on(path: Path) -> None:
    with Recorder(path) as recorder:
        recorder.write_all([bulk(100_000)] * 20)
    with igtl.read(path) as recording:
        Recorder(path, overwrite=True).close()  # a file cut short would end this program: SIGBUS
        assert len(list(recording.frames())) == 20
    with igtl.read(path) as recording:
        assert list(recording.frames()) == []


# ---- wrong uses of it


def test_a_source_is_tapped_once(path: Path) -> None:
    with igtl.Server(port=0) as server, Recorder(path) as recorder:
        end = recorder.tap(server)
        with pytest.raises(igtl.RecordingError, match="is tapped already"):
            recorder.tap(server)
        end()
        recorder.tap(server)
        server.publish(igtl.String("once"))
    assert len(stored(path)) == 1


def test_only_servers_and_links_are_tapped(path: Path) -> None:
    with (
        Recorder(path) as recorder,
        pytest.raises(igtl.MessageError, match="'localhost' cannot be tapped: expected a server"),
    ):
        recorder.tap("localhost")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"flush": 0},
        {"flush": float("nan")},
        {"split_bytes": -1},
        {"split_seconds": 0.0},
        {"queue_messages": 0},
        {"queue_bytes": 0},
    ],
)
def test_numbers_that_make_no_sense(path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(igtl.RecordingError, match=next(iter(wrong))):
        Recorder(path, **wrong)
    assert not path.exists()


def test_a_recorder_that_could_not_be_made_leaves_no_thread(path: Path) -> None:
    path.write_text("precious")
    before = threading.active_count()
    with pytest.raises(igtl.RecordingError, match="is there already"):
        Recorder(path)
    assert threading.active_count() == before
    assert path.read_text() == "precious"


def test_a_closed_recorder_leaves_no_thread(path: Path) -> None:
    before = threading.active_count()
    with Recorder(path):
        assert threading.active_count() > before
    assert threading.active_count() == before
