"""What comes from servers and recordings, as all browsers are told it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import igtl
from igtl.recording.entry import Entry
from igtl.recording.writer import FileWriter
from igtl.viewer.session import Session
from tests.recording.disks import small_disk
from tests.recording.inspection import events, stored
from tests.recording.traffic import bulk, damaged, frame_of, pose
from tests.viewer.pages import PATIENCE, Looker, Viewer, showing

TOOL = "ProbeToTracker"


def turned(number: int) -> NDArray[np.float64]:
    """A pose that no other number has."""
    angle = number / 10
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    matrix[:3, 3] = number, -number / 2, 0.25
    return matrix


def tool(number: int) -> igtl.Transform:
    return igtl.Transform(turned(number), device_name=TOOL, timestamp=1e9 + number)


@pytest.fixture
def server() -> Iterator[igtl.Server]:
    with igtl.Server(0) as server:
        yield server


async def wait_for_viewer(server: igtl.Server) -> None:
    assert await asyncio.to_thread(server.wait_for_clients, 1, PATIENCE)


async def samples(looker: Looker, last: float) -> list[list[Any]]:
    """Poses until that one whose x is `last`."""
    got: list[list[Any]] = []
    while not got or got[-1][2][3] != last:
        got += (await looker.of("poses"))["samples"]
    return got


# ---- live


async def test_who_comes_is_told_all_there_is(server: igtl.Server, tmp_path: Path) -> None:
    async with showing(server.endpoint, folder=tmp_path) as viewer:
        await wait_for_viewer(server)
        server.publish(tool(3), igtl.String("hello", device_name="Log"))
        await viewer.row("STRING", "Log")
        async with viewer.look() as looker:
            hello = await looker.next()
            assert hello["kind"] == "hello"
            assert hello["version"] == igtl.__version__
            assert len(hello["server"]) == 16
            async with viewer.look() as other:
                assert (await other.next())["server"] == hello["server"]
            assert (hello["title"], hello["mode"]) == (server.endpoint, "live")
            assert hello["near"]
            assert hello["can_record"]
            assert abs(hello["clock"] - time.time()) < PATIENCE
            board = await looker.next()
            assert (board["kind"], board["complete"]) == ("board", True)
            assert {row["device"] for row in board["rows"]} == {TOOL, "Log"}
            (described,) = (await looker.of("tools"))["tools"]
            assert (described["from"], described["to"]) == ("Probe", "Tracker")
            assert (await samples(looker, 3))[-1][0] == described["key"]
            lines = [line["text"] for line in (await looker.of("log"))["lines"]]
            assert any("hello" in line for line in lines)
            assert any(f"connected to {server.endpoint}" in line for line in lines)
            assert (await looker.of("recording"))["state"] == "off"


async def test_poses_as_they_were_sent_to_all_browsers(server: igtl.Server, tmp_path: Path) -> None:
    async with (
        showing(server.endpoint, folder=tmp_path) as viewer,
        viewer.look() as one,
        viewer.look() as other,
    ):
        await wait_for_viewer(server)
        for number in range(1, 10):
            server.publish(tool(number))
        for looker in (one, other):
            got = await samples(looker, 9)
            assert [sample[2][3] for sample in got] == list(range(1, 10))
            for sample, number in zip(got, range(1, 10), strict=True):
                assert np.allclose(sample[2], turned(number)[:3].ravel(), rtol=0, atol=1e-6)
                assert abs(sample[1] - time.time()) < PATIENCE


async def test_boards_name_what_changed(server: igtl.Server, tmp_path: Path) -> None:
    async with showing(server.endpoint, folder=tmp_path) as viewer, viewer.look() as looker:
        await wait_for_viewer(server)
        server.publish(tool(1), igtl.String("x", device_name="Log"))
        await looker.until(lambda one: one["kind"] == "board" and len(one["rows"]) == 2)
        await looker.until(lambda one: one["kind"] == "board" and not one["rows"])
        server.publish(tool(2))
        board = await looker.until(lambda one: one["kind"] == "board" and one["rows"])
        assert not board["complete"]
        assert [(row["device"], row["messages"]) for row in board["rows"]] == [(TOOL, 2)]


async def test_a_server_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    with igtl.Server(0) as server:
        port = server.port
    async with showing(f"localhost:{port}", folder=tmp_path) as viewer, viewer.look() as looker:
        board = await looker.until(lambda one: state_in(one) == "waiting")
        text = board["connections"][0]["text"]
        assert f"no OpenIGTLink server at localhost:{port}: connection refused" in text
        with igtl.Server(port) as server:
            await looker.until(lambda one: state_in(one) == "connected")
            server.publish(tool(5))
            await samples(looker, 5)


async def test_a_server_that_starts_again_goes_on_in_the_same_rows(tmp_path: Path) -> None:
    with igtl.Server(0) as server:
        port = server.port
        viewing = showing(server.endpoint, folder=tmp_path)
        viewer = await viewing.__aenter__()
        await wait_for_viewer(server)
        server.publish(tool(1))
        before = await viewer.row("TRANSFORM", TOOL)
    try:
        async with viewer.look() as looker:
            await looker.until(lambda one: state_in(one) == "waiting")
            with igtl.Server(port) as server:
                await looker.until(lambda one: state_in(one) == "connected")
                server.publish(tool(2))
                await samples(looker, 2)
                after = await looker.until(lambda one: one["kind"] == "board" and one["rows"])
            assert [row["id"] for row in after["rows"]] == [before["id"]]
            assert [row["messages"] for row in after["rows"]] == [2]
    finally:
        await viewing.__aexit__(None, None, None)


def state_in(message: dict[str, Any]) -> str:
    """The state of the first connection, in a board; "" in another message."""
    if message["kind"] != "board":
        return ""
    state: str = message["connections"][0]["state"]
    return state


async def test_a_browser_that_does_not_read_costs_the_others_nothing(
    server: igtl.Server, tmp_path: Path
) -> None:
    async with (
        showing(server.endpoint, folder=tmp_path) as viewer,
        viewer.look() as asleep,
        viewer.look() as awake,
    ):
        await wait_for_viewer(server)
        crowd = [igtl.String("x" * 2000, device_name=f"Log{n % 32}") for n in range(512)]
        for number in range(1, 21):  # more than sockets and queues take in
            server.publish(*crowd, tool(number))
            await samples(awake, number)
        assert sum(one["kind"] == "board" and one["complete"] for one in awake.came) == 1
        boards = [await asleep.of("board")]
        async with asyncio.timeout(PATIENCE):
            while not boards[-1]["complete"] or len(boards) == 1:
                boards.append(await asleep.of("board"))
        assert len(boards[-1]["rows"]) == 33  # it begins anew with all there is
        assert len(asleep.came) < len(awake.came)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is not understood"),
        ("[]", "is not understood"),
        ("null", "is not understood"),
        ('{"do": 1}', "is not understood"),
        ("[" * 2000, "is not understood"),
        ('{"do": "pause"}', "is for recordings"),
        ('{"do": "jump", "position": 1}', "is for recordings"),
    ],
)
async def test_what_is_not_understood_is_answered(tmp_path: Path, text: str, expected: str) -> None:
    async with showing(folder=tmp_path) as viewer, viewer.look() as looker:
        await looker.socket.send_str(text)
        assert expected in (await looker.of("trouble"))["text"]


# ---- recording


async def recorded(viewer: Viewer, looker: Looker) -> dict[str, Any]:
    await looker.say(do="record")
    return await looker.until(lambda one: one["kind"] == "recording" and one["state"] == "on")


async def test_a_recording_has_every_byte_that_was_sent(
    server: igtl.Server, tmp_path: Path
) -> None:
    frames = [damaged(pose(1)), bulk(300_000), *(pose(number) for number in range(50))]
    async with showing(server.endpoint, folder=tmp_path) as viewer, viewer.look() as looker:
        await wait_for_viewer(server)
        server.publish(pose(99, "Before"))
        await viewer.row("TRANSFORM", "Before")
        state = await recorded(viewer, looker)
        path = Path(state["path"])
        assert path.parent == tmp_path
        assert path.name.startswith("igtl-")
        assert path.suffix == ".mcap"
        server.publish(*frames)
        server.publish(igtl.Status(device_name="End"))
        await viewer.row("STATUS", "End")
        running = await looker.until(lambda one: one["kind"] == "recording" and one["messages"])
        assert running["state"] == "on"
        assert running["free"] > 0
        await looker.say(do="stop_recording")
        ended = await looker.until(lambda one: one["kind"] == "recording" and one["state"] == "off")
    assert (ended["messages"], ended["dropped"]) == (len(frames) + 1, 0)
    assert ended["bytes"] == path.stat().st_size
    got = stored(path)
    assert [one.data for one in got[:-1]] == [frame.to_bytes() for frame in frames]
    assert {one.connection for one in got} == {server.endpoint}
    assert [one["event"] for one in events(path)] == ["connected", "checksum"]


async def test_what_happens_to_a_link_is_in_the_recording(tmp_path: Path) -> None:
    with igtl.Server(0) as server:
        port, endpoint = server.port, server.endpoint
        viewing = showing(endpoint, folder=tmp_path)
        viewer = await viewing.__aenter__()
        looking = viewer.look()
        looker = await looking.__aenter__()
        await looker.until(lambda one: state_in(one) == "connected")
        path = Path((await recorded(viewer, looker))["path"])
    try:
        await looker.until(lambda one: state_in(one) == "waiting")
        with igtl.Server(port):
            await looker.until(lambda one: state_in(one) == "connected")
    finally:
        await looking.__aexit__(None, None, None)
        await viewing.__aexit__(None, None, None)
    happened = [(one["event"], one["connection"]) for one in events(path)]
    assert happened[:3] == [(what, endpoint) for what in ("connected", "lost", "restored")]


async def test_a_recording_that_goes_on_is_ended_in_good_order(
    server: igtl.Server, tmp_path: Path
) -> None:
    async with showing(server.endpoint, folder=tmp_path) as viewer, viewer.look() as looker:
        await wait_for_viewer(server)
        path = Path((await recorded(viewer, looker))["path"])
        server.publish(pose(5))
        await viewer.row("TRANSFORM", "Probe")
    assert [one.data for one in stored(path)] == [pose(5).to_bytes()]


async def test_two_recordings_within_a_second(server: igtl.Server, tmp_path: Path) -> None:
    async with showing(server.endpoint, folder=tmp_path) as viewer, viewer.look() as looker:
        await wait_for_viewer(server)
        for _ in range(3):
            await recorded(viewer, looker)
            await looker.say(do="record")  # which changes nothing
            await looker.say(do="stop_recording")
            await looker.until(lambda one: one["kind"] == "recording" and one["state"] == "off")
    assert len(list(tmp_path.glob("igtl-*.mcap"))) == 3


async def test_after_one_that_failed_the_next_is_on(server: igtl.Server) -> None:
    with small_disk(4 << 20) as folder:
        async with showing(server.endpoint, folder=folder) as viewer, viewer.look() as looker:
            await wait_for_viewer(server)
            path = Path((await recorded(viewer, looker))["path"])
            for number in range(8):
                server.publish(bulk(1_000_000, f"US{number}"))
            await looker.until(lambda one: one["kind"] == "recording" and one["state"] == "failed")
            path.unlink()
            state = await recorded(viewer, looker)
            assert (state["text"], state["dropped"]) == ("", 0)


def test_a_session_that_is_closed_records_no_more(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.record()
    session.close()
    with pytest.raises(igtl.RecordingError, match="is being closed"):
        session.record()
    (path,) = tmp_path.iterdir()
    assert igtl.read(path).scans[0].complete


def test_sessions_have_ids_of_their_own(tmp_path: Path) -> None:
    with Session(tmp_path) as one, Session(tmp_path) as other:
        assert one.id != other.id


async def test_a_folder_that_is_gone(server: igtl.Server, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    async with showing(server.endpoint, folder=folder) as viewer, viewer.look() as looker:
        folder.rmdir()
        await looker.say(do="record")
        trouble = await looker.of("trouble")
        state = await looker.until(lambda one: one["kind"] == "recording" and one["text"])
    assert str(folder) in trouble["text"]
    assert (state["state"], state["text"]) == ("failed", trouble["text"])


async def test_a_disk_that_is_full(server: igtl.Server) -> None:
    with small_disk(12 << 20) as folder:
        async with showing(server.endpoint, folder=folder) as viewer, viewer.look() as looker:
            await wait_for_viewer(server)
            path = Path((await recorded(viewer, looker))["path"])
            for number in range(16):
                server.publish(bulk(1_000_000, f"US{number}"))
            failed = await looker.until(
                lambda one: one["kind"] == "recording" and one["state"] == "failed"
            )
            server.publish(tool(8))
            await samples(looker, 8)  # showing goes on
        assert "No space left" in failed["text"]
        assert failed["dropped"] > 0
        assert failed["messages"] == len(stored(path)) > 0


# ---- a recording that is shown


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A second, with a pose every 100 ms, which says where it is in x; and its middle in words.

    No more poses than wait for a viewer that stands still: on a slow machine, too, all are shown.
    """
    path = tmp_path / "film.mcap"
    with FileWriter(path) as writer:
        for number in range(11):
            time_ns = 10**18 + number * 100_000_000
            if number == 5:
                text = frame_of(igtl.String("half", device_name="Log"))
                writer.add(Entry(time_ns, "tracker:18944", text))
            writer.add(Entry(time_ns, "tracker:18944", pose(number, TOOL, time_ns / 1e9)))
    return path


async def test_a_recording_plays_when_somebody_looks(film: Path, tmp_path: Path) -> None:
    async with showing(folder=tmp_path, files=[film]) as viewer:
        board = await viewer.json("/api/board")
        assert board["rows"] == []  # nobody was there
        assert board["connections"][0]["endpoint"] == "film.mcap"
        async with viewer.look() as looker:
            hello = await looker.next()
            assert (hello["mode"], hello["title"]) == ("file", "film.mcap")
            assert not hello["can_record"]
            got = await samples(looker, 10)
            assert [sample[2][3] for sample in got] == list(range(11))
            over = await looker.until(lambda one: one["kind"] == "playback" and one["over"])
            assert (over["file"], over["start"], over["position"], over["end"]) == (
                ("film.mcap", 0.0, 1.0, 1.0)
            )
            assert (over["paused"], over["speed"], over["loop"], over["loops"]) == (
                (False, 1.0, False, 0)
            )
            row = await viewer.row("TRANSFORM", TOOL, 11)
            assert row["messages"] == 11


async def test_devices_of_several_recorded_connections_are_several(tmp_path: Path) -> None:
    path = tmp_path / "two.mcap"
    with FileWriter(path) as writer:
        for number in range(6):
            which = ("tracker:18944", "robot:18944")[number % 2]
            writer.add(Entry(10**18 + number * 1_000_000, which, pose(number, TOOL)))
    async with showing(folder=tmp_path, files=[path]) as viewer, viewer.look() as looker:
        assert (await looker.next())["title"] == "two.mcap"
        await playback(looker, over=True)
        board = await viewer.board(lambda row: True, 6)
        names = [one["endpoint"] for one in board["connections"]]
        assert names == ["tracker:18944", "robot:18944"]
        assert [one["state"] for one in board["connections"]] == ["connected", "connected"]
        rows = [(names[row["connection"]], row["device"], row["messages"]) for row in board["rows"]]
        assert rows == [("tracker:18944", TOOL, 3), ("robot:18944", TOOL, 3)]
        await looker.say(do="pause")
        await looker.say(do="seek", position=0.0045)
        await looker.until(lambda _: {3, 4} <= set(seen(looker)[-5:]))  # the newest of both


async def test_many_recorded_connections_are_shown_as_one_and_it_says_so(tmp_path: Path) -> None:
    path = tmp_path / "many.mcap"
    with FileWriter(path) as writer:
        for number in range(60):
            writer.add(Entry(10**18 + number, f"tracker{number}:18944", pose(number, TOOL)))
    async with showing(folder=tmp_path, files=[path]) as viewer, viewer.look():
        board = await viewer.board(lambda row: True, 60)
        (one,) = board["connections"]
        assert one["text"] == ("a recording: many.mcap, of 60 connections, which are shown as one")
        assert len(board["rows"]) == 1


async def test_jumping_about_after_the_end(film: Path, tmp_path: Path) -> None:
    async with showing(folder=tmp_path, files=[film]) as viewer, viewer.look() as looker:
        await looker.say(do="speed", speed=None)
        await playback(looker, over=True, speed=None)
        await looker.say(do="speed", speed=2)
        await looker.say(do="seek", position=0.74)
        await looker.until(lambda _: seen(looker)[-4:] == [10, *range(8, 11)])
        await playback(looker, over=True, speed=2.0)
        await looker.say(do="resume")
        await looker.until(lambda _: seen(looker)[-15:] == [10, *range(8, 11), *range(11)])


@pytest.fixture
def late(tmp_path: Path) -> Path:
    """20 s in 2001, ten poses a second that came 40 ms after they were made, and a line each."""
    path = tmp_path / "late.mcap"
    with FileWriter(path) as writer:
        for number in range(201):
            time_ns = BEGAN_NS + number * 100_000_000
            writer.add(Entry(time_ns, "tracker:18944", pose(number, TOOL, time_ns / 1e9 - 0.04)))
            if number % 10 == 0:
                text = frame_of(igtl.String(f"line {number}", device_name="Log"))
                writer.add(Entry(time_ns, "tracker:18944", text))
    return path


BEGAN_NS = 10**18
BEGAN = BEGAN_NS / 1e9


async def test_standing_still_and_going_on(late: Path, tmp_path: Path) -> None:
    async with showing(folder=tmp_path, files=[late]) as viewer, viewer.look() as looker:
        await looker.say(do="pause")
        where = await playback(looker, paused=True)
        assert where["position"] < 20.0
        await looker.say(do="seek", position=19.22)
        assert (await playback(looker, position=19.22))["paused"]
        await looker.until(lambda _: seen(looker)[-1:] == [192])  # the newest by then
        before = len(seen(looker))
        await looker.say(do="resume")
        await looker.until(lambda _: seen(looker)[-1:] == [200])
        assert seen(looker)[before:] == list(range(193, 201))


async def test_times_are_those_of_the_recording_at_any_speed(late: Path, tmp_path: Path) -> None:
    async with showing(folder=tmp_path, files=[late]) as viewer, viewer.look() as looker:
        assert (await looker.of("hello"))["clock"] == pytest.approx(BEGAN, abs=1)
        await looker.say(do="speed", speed=4)
        await looker.until(lambda _: seen(looker)[-1:] >= [30])
        got = [one for message in looker.came for one in message.get("samples", ())]
        assert all(one[1] == pytest.approx(BEGAN + one[2][3] / 10, abs=1e-6) for one in got)
        row = await viewer.row("TRANSFORM", TOOL)
        assert row["latency"] == pytest.approx(0.04, abs=1e-4)
        assert row["rate"] == pytest.approx(10, rel=0.01)
        await looker.say(do="pause")
        where = await playback(looker, paused=True)
        assert where["clock"] == pytest.approx(BEGAN + where["position"])
        message = await viewer.json(f"/api/message/{row['id']}")
        number = message["fields"]["matrix"][0][3]
        assert message["header"]["time"] == pytest.approx(BEGAN + number / 10 - 0.04, abs=1e-6)
        assert message["received"] == pytest.approx(BEGAN + number / 10, abs=1e-6)
        assert -1e-6 <= where["position"] - number / 10 <= 0.1 + 1e-6


async def test_what_stands_still_stays_as_it_was(late: Path, tmp_path: Path) -> None:
    async with showing(folder=tmp_path, files=[late]) as viewer, viewer.look() as looker:
        await looker.until(lambda _: seen(looker)[-1:] >= [14])
        await looker.say(do="pause")
        where = await playback(looker, paused=True)
        first, *_, last = [await looker.of("board") for _ in range(7)]  # 1.5 s
        assert (first["time"], last["time"]) == (where["clock"], where["clock"])
        assert last["connections"][0]["rate"] == first["connections"][0]["rate"] > 9
        row = await viewer.row("TRANSFORM", TOOL)
        assert row["state"] == "live"
        assert row["rate"] == pytest.approx(10, rel=0.01)
        assert row["age"] <= 0.1 + 1e-6


async def test_at_the_end_it_stays_as_it_was(late: Path, tmp_path: Path) -> None:
    async with showing(folder=tmp_path, files=[late]) as viewer, viewer.look() as looker:
        await looker.say(do="speed", speed=16)
        over = await playback(looker, over=True)
        assert over["clock"] == pytest.approx(BEGAN + 20)
        row = await viewer.row("TRANSFORM", TOOL, 201)
        assert (row["state"], row["age"]) == ("live", pytest.approx(0, abs=1e-6))
        assert row["rate"] == pytest.approx(10, rel=0.01)


async def test_after_a_jump_all_begins_anew_there(late: Path, tmp_path: Path) -> None:
    async with showing(folder=tmp_path, files=[late]) as viewer, viewer.look() as looker:
        await looker.say(do="seek", position=18.95)
        await looker.until(lambda _: "line 190" in lines(looker))
        await looker.say(do="pause")
        await looker.say(do="seek", position=5)
        there = pytest.approx(BEGAN + 5)
        await looker.until(lambda one: one["kind"] == "jump" and one["clock"] == there)
        looker.came.clear()
        await looker.until(lambda _: seen(looker)[-1:] == [50] and "line 50" in lines(looker))
        assert seen(looker) == list(range(40, 51))  # a second of them
        assert lines(looker) == ["line 40", "line 50"]
        row = await viewer.row("TRANSFORM", TOOL, 11)
        assert (row["messages"], row["state"]) == (11, "live")
        assert (row["rate"], row["age"]) == (pytest.approx(10), pytest.approx(0, abs=1e-6))
        async with viewer.look() as other:  # who comes now is told what is there, once
            await playback(other, paused=True)
            assert lines(other) == ["line 40", "line 50"]
        await looker.say(do="speed", speed=16)
        await looker.say(do="resume")
        await looker.until(lambda _: lines(looker)[-1:] == ["line 200"])
        assert lines(looker) == [f"line {number}" for number in range(40, 201, 10)]
        assert seen(looker) == sorted(set(seen(looker)))


async def test_what_is_known_of_a_device_is_known_after_a_jump(late: Path, tmp_path: Path) -> None:
    async with showing(folder=tmp_path, files=[late]) as viewer, viewer.look() as looker:
        await looker.say(do="speed", speed=16)
        await playback(looker, over=True)
        await looker.say(do="pause")
        await looker.say(do="seek", position=5.5)
        await looker.until(lambda _: seen(looker)[-1:] == [55])
        row = await viewer.row("STRING", "Log")
        assert (row["messages"], row["state"], row["note"]) == (1, "live", "")
        assert row["rate"] == pytest.approx(1)


async def test_each_round_begins_anew(film: Path, tmp_path: Path) -> None:
    async with showing(folder=tmp_path, files=[film]) as viewer, viewer.look() as looker:
        await looker.say(do="loop", loop=True)
        await looker.say(do="speed", speed=8)
        await looker.of("jump")  # of who comes
        for _ in range(3):
            assert (await looker.of("jump"))["clock"] == BEGAN

        def kinds() -> str:
            return "".join("J" if one["kind"] == "jump" else "L" for one in looker.came if has(one))

        await looker.until(lambda _: kinds().count("L") == 3)  # slow machines skip some
        assert "LL" not in kinds()
        board = await viewer.board(lambda row: True, 1)
        assert sum(row["messages"] for row in board["rows"]) <= 12


async def test_what_is_wrong_with_a_file_is_told_again_after_a_jump(
    film: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(film.read_bytes()[:-30])
    async with showing(folder=tmp_path, files=[cut]) as viewer, viewer.look() as looker:
        await looker.say(do="pause")
        await looker.of("log")
        await looker.say(do="seek", position=0.1)
        await looker.of("jump")
        (line,) = (await looker.of("log"))["lines"]
        assert line["text"].startswith(f"{cut} is cut off")
        assert line["time"] == BEGAN


def has(message: dict[str, Any]) -> bool:
    """Whether it is a jump, or has lines."""
    return message["kind"] in ("jump", "log")


def lines(looker: Looker) -> list[str]:
    """The texts of all lines that came."""
    messages = [one for one in looker.came if one["kind"] == "log"]
    return [line["text"] for message in messages for line in message["lines"]]


def seen(looker: Looker) -> list[float]:
    """The x of all poses that came."""
    messages = [one for one in looker.came if one["kind"] == "poses"]
    return [sample[2][3] for message in messages for sample in message["samples"]]


async def test_again_and_again(film: Path, tmp_path: Path) -> None:
    async with showing(folder=tmp_path, files=[film]) as viewer, viewer.look() as looker:
        await looker.say(do="speed", speed=4)
        await looker.say(do="loop", loop=True)
        where = await looker.until(lambda one: one["kind"] == "playback" and one["loops"] >= 2)
        assert where["loop"]
        assert not where["over"]
        await looker.say(do="loop", loop=False)
        await playback(looker, over=True, loop=False)


async def test_a_recording_that_is_cut_off_says_so_and_plays(film: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(film.read_bytes()[:-30])
    async with showing(folder=tmp_path, files=[cut]) as viewer, viewer.look() as looker:
        (line,) = (await looker.of("log"))["lines"]
        assert line["text"].startswith(f"{cut} is cut off")
        assert line["level"] == "warning"
        await looker.until(lambda _: seen(looker)[-1:] == [10])


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"do": "seek"}, "is not understood"),
        ({"do": "seek", "position": "1"}, "is not understood"),
        ({"do": "speed", "speed": 0}, "expected 0.015625 to 64"),
        ({"do": "speed", "speed": -1}, "expected 0.015625 to 64"),
        ({"do": "speed", "speed": 1e300}, "expected 0.015625 to 64"),
        ({"do": "speed", "speed": -(10**400)}, "speed is -inf"),
        ({"do": "speed", "speed": True}, "is not understood"),
        ({"do": "loop", "loop": 1}, "is not understood"),
        ({"do": "fly"}, "is not understood"),
        ({"do": "record"}, "is a recording already"),
    ],
)
async def test_what_cannot_be_played(
    film: Path, tmp_path: Path, wish: dict[str, Any], expected: str
) -> None:
    async with showing(folder=tmp_path, files=[film]) as viewer, viewer.look() as looker:
        await looker.say(**wish)
        assert expected in (await looker.of("trouble"))["text"]


@pytest.mark.parametrize(
    ("asked", "given"), [(-5, 0.0), (1e9, 1.0), pytest.param(10**400, 1.0, id="400 digits")]
)
async def test_positions_are_made_to_fit(
    film: Path, tmp_path: Path, asked: float, given: float
) -> None:
    async with showing(folder=tmp_path, files=[film]) as viewer, viewer.look() as looker:
        await looker.say(do="pause")
        await looker.say(do="seek", position=asked)
        await playback(looker, paused=True, position=given)


async def playback(looker: Looker, **expected: Any) -> dict[str, Any]:
    """The next news of the player that says so."""
    return await looker.until(
        lambda one: one["kind"] == "playback" and expected.items() <= one.items()
    )
