"""What the page is served, by whom it is seen, and what others get."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from pathlib import Path

import aiohttp
import numpy as np
import pytest

import igtl
from igtl.messages.points import PointElement
from igtl.viewer.guard import Guard
from igtl.viewer.session import Session
from igtl.viewer.web import Page
from tests.net.waiting import eventually, linux_only
from tests.recording.stock import START, Item, write_stock
from tests.recording.traffic import damaged, pose
from tests.viewer.pages import PATIENCE, opened, showing

CSP = "Content-Security-Policy"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A page that was built, as far as a server knows."""
    folder = tmp_path / "page"
    (folder / "chunks").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>the page")
    (folder / "main.js").write_text("the.script()")
    (folder / "chunks" / "space-A1.js").write_text("more.of.it()")
    (folder / ".hidden.js").write_text("no()")
    (folder / "notes.py").write_text("no()")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


# ---- the page


async def test_the_page_and_its_files(built: Path, tmp_path: Path) -> None:
    async with showing(folder=tmp_path, page=built) as viewer:
        for path, text, kind in [
            ("/", "<!doctype html>the page", "text/html"),
            ("/main.js", "the.script()", "text/javascript"),
            ("/chunks/space-A1.js", "more.of.it()", "text/javascript"),
        ]:
            async with viewer.client.get(path) as response:
                assert await response.text() == text
                assert response.content_type == kind
                assert response.headers[CSP].startswith("default-src 'none'; script-src 'self'")
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                assert response.headers["Referrer-Policy"] == "no-referrer"
                assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
                assert response.headers["Cache-Control"] == "no-cache"
                assert response.headers["Server"] == "igtl"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/chunks/../../secret.txt",
        "/chunks/..%5c..%5csecret.txt",
        "//secret.txt",
        "/%2fetc/passwd",
        "/secret.txt%00.js",
        "/link.txt",
        "/.hidden.js",
        "/notes.py",
        "/chunks",
        "/chunks/",
        "/nothing.js",
        "/api/nothing",
    ],
)
async def test_nothing_else_is_there(built: Path, tmp_path: Path, path: str) -> None:
    async with showing(folder=tmp_path, page=built) as viewer:
        reader, writer = await asyncio.open_connection("127.0.0.1", viewer.page.port)
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        answer = (await reader.read()).decode()
        writer.close()
        await writer.wait_closed()
        assert answer.split()[1] in ("404", "400"), answer
        assert "secret\n" not in answer.replace("secret.txt", "")
        assert "root:" not in answer


async def test_a_page_that_is_not_built_says_how(tmp_path: Path) -> None:
    async with (
        showing(folder=tmp_path, page=tmp_path / "nothing") as viewer,
        viewer.client.get("/") as response,
    ):
        assert response.status == 503
        assert "npm ci && npm run build" in await response.text()
        assert "default-src 'none'" in response.headers[CSP]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_nothing_but_looking_is_possible(tmp_path: Path, method: str) -> None:
    async with (
        showing(folder=tmp_path) as viewer,
        viewer.client.request(method, "/api/board") as response,
    ):
        assert response.status == 405
        assert "Access-Control-Allow-Origin" not in response.headers


# ---- who is refused


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {"Host": "evil.example"}),
        ("/api/board", {"Host": "evil.example:8080"}),
        ("/api/board", {"Origin": "http://evil.example"}),
        ("/api/board", {"Sec-Fetch-Site": "cross-site"}),
    ],
)
async def test_others_are_refused_and_told_why(
    tmp_path: Path, path: str, headers: dict[str, str]
) -> None:
    async with (
        showing(folder=tmp_path) as viewer,
        viewer.client.get(path, headers=headers) as response,
    ):
        assert response.status == 403
        assert (await response.text()).startswith("refused: ")
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}]
)
@pytest.mark.parametrize("path", ["/api/live", "/api/video/0"])
async def test_sockets_of_others_are_refused(
    tmp_path: Path, path: str, headers: dict[str, str]
) -> None:
    async with showing(folder=tmp_path) as viewer:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with viewer.client.ws_connect(path, headers=headers):
                pass
        assert caught.value.status == 403


async def test_the_socket_of_our_page_is_not(tmp_path: Path) -> None:
    async with showing(folder=tmp_path) as viewer:
        own = f"127.0.0.1:{viewer.page.port}"
        async with viewer.look(Origin=f"http://{own}") as looker:
            assert (await looker.next())["kind"] == "hello"


async def test_without_the_token_there_is_the_empty_page_only(built: Path, tmp_path: Path) -> None:
    token = "a-long-enough-token"
    async with showing(folder=tmp_path, page=built, host="0.0.0.0", token=token) as viewer:
        assert await viewer.status("/") == 200
        for path in ("/api/board", "/api/message/0", "/api/picture/0", "/api/scene/0"):
            assert await viewer.status(path) == 403
            assert await viewer.status(f"{path}?token=wrong") == 403
        assert await viewer.status(f"/api/board?token={token}") == 200
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with viewer.look():
                pass
        async with viewer.look(f"/api/live?token={token}") as looker:
            assert (await looker.next())["kind"] == "hello"


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01 is no HTTP\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_answered_and_not_reported(
    tmp_path: Path, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with showing(folder=tmp_path) as viewer:
        reader, writer = await asyncio.open_connection("127.0.0.1", viewer.page.port)
        writer.write(data)
        assert b" 400 Bad Request" in await reader.readline()
        writer.close()
        assert await viewer.status("/api/board") == 200
    assert caplog.records == []


async def test_who_goes_in_the_middle_is_not_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    large = igtl.Image(np.zeros((1, 4000, 4000), np.uint8), device_name="US")
    with igtl.Server(0) as server:
        server.on_connect(lambda client: client.send(large))
        async with showing(server.endpoint, folder=tmp_path) as viewer:
            row = (await viewer.row("IMAGE", "US"))["id"]
            for _ in range(5):
                reader, writer = await asyncio.open_connection("127.0.0.1", viewer.page.port)
                request = f"GET /api/picture/{row} HTTP/1.1\r\nHost: localhost\r\n\r\n"
                writer.write(request.encode())
                await reader.readexactly(100)
                writer.transport.abort()
            assert len(await viewer.bytes(f"/api/picture/{row}")) > 16_000_000
    assert caplog.records == []


@linux_only
async def test_who_asks_for_a_picture_and_takes_nothing_is_thrown_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    large = igtl.Image(np.zeros((1, 4000, 4000), np.uint8), device_name="US")
    with igtl.Server(0) as server:
        server.on_connect(lambda client: client.send(large))
        async with showing(server.endpoint, folder=tmp_path, deadline=0.3) as viewer:
            row = (await viewer.row("IMAGE", "US"))["id"]
            with socket.create_connection(("127.0.0.1", viewer.page.port)) as browser:
                request = f"GET /api/picture/{row} HTTP/1.1\r\nHost: localhost\r\n\r\n"
                browser.sendall(request.encode())
                await asyncio.to_thread(browser.recv, 100)
                await asyncio.to_thread(eventually, lambda: was_left(browser))
    assert caplog.records == []


def was_left(sock: socket.socket) -> bool:
    """Whether the other end of a connection, on this machine, has closed it; as Linux lists it."""
    ends = [f":{name[1]:04X}" for name in (sock.getpeername(), sock.getsockname())]
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return not any([row[1][-5:], row[2][-5:], row[3]] == [*ends, "01"] for row in rows)


async def test_one_browser_too_many_is_told_so_and_comes_when_another_goes(tmp_path: Path) -> None:
    async with showing(folder=tmp_path, most=2) as viewer:
        looking = [viewer.look() for _ in range(2)]
        for look in looking:
            assert (await (await look.__aenter__()).next())["kind"] == "hello"
        async with viewer.client.get("/api/board") as response:
            assert response.status == 503
            assert "2 connections to this page are open" in await response.text()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with viewer.look():
                pass
        for look in looking:
            await look.__aexit__(None, None, None)
        async with asyncio.timeout(PATIENCE):
            while await viewer.status("/api/board") != 200:
                pass


async def test_who_comes_and_asks_for_nothing_is_shown_out(tmp_path: Path) -> None:
    async with showing(folder=tmp_path, most=2, deadline=0.2) as viewer, viewer.look() as looker:
        reader, writer = await asyncio.open_connection("127.0.0.1", viewer.page.port)
        writer.write(b"GET /")  # and no more
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
        writer.close()
        await looker.of("board")  # who asked stays


# ---- what is asked for


async def test_the_board_counts_what_was_sent(tmp_path: Path) -> None:
    with igtl.Server(0) as server:
        async with showing(server.endpoint, folder=tmp_path) as viewer:
            await asyncio.to_thread(server.wait_for_clients, 1, PATIENCE)
            now = time.time()
            for number in range(20):
                server.publish(igtl.String(str(number), device_name="Log", timestamp=now))
            server.publish(igtl.Status(device_name="End"))
            await viewer.row("STATUS", "End")
            board = await viewer.json("/api/board")
            assert board["complete"]
            assert [one["endpoint"] for one in board["connections"]] == [server.endpoint]
            assert board["connections"][0]["state"] == "connected"
            row = await viewer.row("STRING", "Log", 20)
            assert row["messages"] == 20
            assert row["errors"] == 0
            assert row["bytes"] == sum(58 + 4 + len(str(number)) for number in range(20))
            assert 0 <= row["latency"] < PATIENCE


async def test_a_message_as_it_was_sent(tmp_path: Path) -> None:
    matrix = np.eye(4)
    matrix[:3, 3] = 1.5, -2.25, 1000
    sent = igtl.Transform(
        matrix, device_name="ProbeToTracker", timestamp=1e9, metadata={"TransformStatus": "OK"}
    )
    with igtl.Server(0) as server:
        server.on_connect(lambda client: client.send(sent))
        async with showing(server.endpoint, folder=tmp_path) as viewer:
            row = await viewer.row("TRANSFORM", "ProbeToTracker")
            details = await viewer.json(f"/api/message/{row['id']}")
    assert details["row"] == row["id"]
    assert details["fields"]["matrix"] == matrix.tolist()
    assert details["metadata"] == {"TransformStatus": "OK"}
    assert details["error"] is None
    header = details["header"]
    assert (header["type"], header["device"]) == ("TRANSFORM", "ProbeToTracker")
    assert (header["version"], header["time"]) == (2, 1e9)
    assert header["size"] == len(igtl.encode(sent)) - 58
    assert abs(details["received"] - time.time()) < PATIENCE


async def test_of_large_arrays_the_beginning_is_shown(tmp_path: Path) -> None:
    array = np.arange(1000.0)
    array[1] = np.nan
    with igtl.Server(0) as server:
        server.on_connect(lambda client: client.send(igtl.NDArray(array, device_name="Array")))
        async with showing(server.endpoint, folder=tmp_path) as viewer:
            row = await viewer.row("NDARRAY", "Array")
            shown = (await viewer.json(f"/api/message/{row['id']}"))["fields"]["array"]
    assert shown["shape"] == [1000]
    assert shown["first"] == [0.0, None, *range(2, 16)]


async def test_of_long_lists_the_beginning_is_shown(tmp_path: Path) -> None:
    plan = igtl.Point(
        [PointElement(f"P{number}", position=(number, 0, 0)) for number in range(1000)],
        device_name="Plan",
    )
    with igtl.Server(0) as server:
        server.on_connect(lambda client: client.send(plan))
        async with showing(server.endpoint, folder=tmp_path) as viewer:
            row = await viewer.row("POINT", "Plan")
            shown = (await viewer.json(f"/api/message/{row['id']}"))["fields"]["points"]
    assert shown["items"] == 1000
    assert [one["name"] for one in shown["first"]] == [f"P{number}" for number in range(64)]


async def test_what_is_malformed_is_shown_with_what_is_wrong(tmp_path: Path) -> None:
    with igtl.Server(0) as server:
        server.on_connect(lambda client: client.send(damaged(pose(3))))
        async with showing(server.endpoint, folder=tmp_path) as viewer:
            row = await viewer.row("TRANSFORM", "Probe")
            details = await viewer.json(f"/api/message/{row['id']}")
    assert row["state"] == "bad"
    assert "checksum" in details["error"]
    assert details["fields"] == {}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/message/99", 404),
        ("/api/message/x", 400),
        ("/api/message/-1", 400),
        ("/api/picture/99", 404),
        ("/api/picture/0?after=-1", 404),
        ("/api/scene/99", 404),
        ("/api/scene/1e3", 400),
        ("/api/video/99", 404),
        ("/api/message/9999999999999999999999", 400),
    ],
)
async def test_what_is_not_there(tmp_path: Path, path: str, status: int) -> None:
    async with showing(folder=tmp_path) as viewer:
        assert await viewer.status(path) == status


def picture(number: int) -> igtl.Image:
    """Grey, of one value, with a mark in its corner."""
    pixels = np.full((1, 48, 64), number, np.uint8)
    pixels[0, 0, 0] = 255
    return igtl.Image(pixels, device_name="US", timestamp=1e9 + number, spacing=(0.5, 0.25, 1))


async def test_a_picture_as_it_was_sent_and_the_next_when_it_comes(tmp_path: Path) -> None:
    with igtl.Server(0) as server:
        async with showing(server.endpoint, folder=tmp_path) as viewer:
            await asyncio.to_thread(server.wait_for_clients, 1, PATIENCE)
            server.publish(picture(7))
            row = (await viewer.row("IMAGE", "US"))["id"]
            head, payload = opened(await viewer.bytes(f"/api/picture/{row}?as=raw"))
            assert (head["width"], head["height"], head["components"]) == (64, 48, 1)
            assert (head["dtype"], head["format"]) == ("uint8", "raw")
            assert (head["time"], head["range"]) == (1e9 + 7, [7, 255])
            assert payload == b"\xff" + b"\7" * (64 * 48 - 1)
            waiting = asyncio.create_task(
                viewer.bytes(f"/api/picture/{row}?as=raw&after={head['seq']}")
            )
            for number in (8, 9):
                server.publish(picture(number))
            later, payload = opened(await waiting)
            assert later["seq"] > head["seq"]
            assert later["time"] in (1e9 + 8, 1e9 + 9)
            assert later["skipped"] == later["seq"] - head["seq"] - 1


@pytest.mark.parametrize(
    "query", ["as=gif", "axis=x", "slice=-1", "slice=1.5", "after=x", "after=%20"]
)
async def test_a_picture_asked_for_wrongly(tmp_path: Path, query: str) -> None:
    with igtl.Server(0) as server:
        server.on_connect(lambda client: client.send(picture(1)))
        async with showing(server.endpoint, folder=tmp_path) as viewer:
            row = (await viewer.row("IMAGE", "US"))["id"]
            async with viewer.client.get(f"/api/picture/{row}?{query}") as response:
                assert response.status == 400
                assert "expected" in await response.text()


async def test_points_as_they_were_sent(tmp_path: Path) -> None:
    points = igtl.Point([PointElement("Target", position=(1, 2.5, -3))], device_name="Plan")
    with igtl.Server(0) as server:
        server.on_connect(lambda client: client.send(points))
        async with showing(server.endpoint, folder=tmp_path) as viewer:
            row = (await viewer.row("POINT", "Plan"))["id"]
            head, _ = opened(await viewer.bytes(f"/api/scene/{row}"))
            assert await viewer.status(f"/api/picture/{row}") == 404
    assert [(one["name"], one["position"]) for one in head["points"]] == [("Target", [1, 2.5, -3])]


async def test_a_video_goes_on_as_it_is_shown(tmp_path: Path) -> None:
    pytest.importorskip("av")
    with igtl.Server(0) as server:
        async with showing(server.endpoint, folder=tmp_path) as viewer:
            await asyncio.to_thread(server.wait_for_clients, 1, PATIENCE)
            server.publish(picture(0))
            row = (await viewer.row("IMAGE", "US"))["id"]
            async with viewer.client.ws_connect(f"/api/video/{row}") as video:
                first, data = opened(await video.receive_bytes(timeout=PATIENCE))
                assert (first["format"], first["key"], first["seq"]) == ("h264", True, 1)
                assert (first["width"], first["height"], first["time"]) == (64, 48, 1e9)
                assert data.startswith((b"\0\0\0\1", b"\0\0\1"))
                for number in range(1, 6):
                    await video.send_str(f'{{"shown":{number}}}')
                    server.publish(picture(number))
                    head, _ = opened(await video.receive_bytes(timeout=PATIENCE))
                    assert (head["seq"], head["time"]) == (number + 1, 1e9 + number)
                await video.send_str("nonsense")
                await video.send_bytes(b"nonsense")
                assert not video.closed


async def test_video_is_passed_on_as_it_was_sent(tmp_path: Path) -> None:
    pytest.importorskip("av")
    with igtl.video.Encoder("VP90") as encoder:
        sent = [encoder.encode(picture(number)) for number in range(4)]
    with igtl.Server(0) as server:
        async with showing(server.endpoint, folder=tmp_path) as viewer:
            await asyncio.to_thread(server.wait_for_clients, 1, PATIENCE)
            for one in sent:
                server.publish(one)
            row = (await viewer.row("VIDEO", "US", 4))["id"]
            async with viewer.client.ws_connect(f"/api/video/{row}?codecs=avc1,vp09") as video:
                for number in range(4):
                    head, data = opened(await video.receive_bytes(timeout=PATIENCE))
                    assert (head["format"], head["seq"]) == ("sent", number + 1)
                    assert data == sent[number].data
                server.publish(sent[1])
                told = json.loads(await video.receive_str(timeout=PATIENCE))
                assert told == {"note": "frame 2 came after 4; waiting for a key frame"}
            async with viewer.client.ws_connect(f"/api/video/{row}?codecs=avc1") as video:
                end = await video.receive(timeout=PATIENCE)
                assert (end.data, end.extra) == (
                    aiohttp.WSCloseCode.INTERNAL_ERROR,
                    "this browser does not decode the sender's VP90",
                )
            for codecs, status in (("", 400), ("avc1,", 400), ("x" * 99, 400)):
                assert await viewer.status(f"/api/video/{row}?codecs={codecs}") == status
            server.publish(picture(0))
            still = (await viewer.row("IMAGE", "US"))["id"]
            assert await viewer.status(f"/api/video/{still}?codecs=avc1") == 404


async def test_video_of_a_sender_that_was_lost_goes_on_with_a_key_frame(tmp_path: Path) -> None:
    pytest.importorskip("av")
    with igtl.video.Encoder("H264", key_interval=4) as encoder:
        sent = [encoder.encode(picture(number)).replace(metadata={}) for number in range(8)]
    with igtl.Server(0) as server:
        async with showing(server.endpoint, folder=tmp_path) as viewer:
            await asyncio.to_thread(server.wait_for_clients, 1, PATIENCE)
            for one in sent[:2]:
                server.publish(one)
            row = (await viewer.row("VIDEO", "US", 2))["id"]
            port = server.port
            server.close()
            with igtl.Server(port) as again:
                await asyncio.to_thread(again.wait_for_clients, 1, PATIENCE)
                again.publish(sent[3])
                await viewer.row("VIDEO", "US", 3)
                async with viewer.client.ws_connect(f"/api/video/{row}?codecs=avc1") as video:
                    told = json.loads(await video.receive_str(timeout=PATIENCE))
                    assert told == {"note": "the connection was lost; waiting for a key frame"}
                    for one in sent[4:]:
                        again.publish(one)
                        _, data = opened(await video.receive_bytes(timeout=PATIENCE))
                        assert data == one.data


async def test_a_recording_of_video_that_stands_still_is_shown_from_its_key_frame(
    tmp_path: Path,
) -> None:
    pytest.importorskip("av")
    with igtl.video.Encoder("H264", key_interval=30) as encoder:
        sent = [encoder.encode(picture(number)).replace(metadata={}) for number in range(50)]
    items = [Item(START + n * 10**8, "a:1", igtl.encode(one)) for n, one in enumerate(sent)]
    path = write_stock(tmp_path / "video.mcap", items)
    async with showing(folder=tmp_path, files=[path]) as viewer, viewer.look() as looker:
        await looker.say(do="pause")
        await looker.until(lambda one: one["kind"] == "playback" and one["paused"])
        await looker.say(do="seek", position=2.85)
        row = (await viewer.row("VIDEO", "US", 29))["id"]
        async with viewer.client.ws_connect(f"/api/video/{row}?codecs=avc1") as video:
            for number in range(29):
                head, data = opened(await video.receive_bytes(timeout=PATIENCE))
                assert data == sent[number].data
                await video.send_str(f'{{"shown":{head["seq"]}}}')


@pytest.mark.parametrize("asked", [True, False])
def test_a_page_that_is_closed_ends(asked: bool, tmp_path: Path) -> None:
    with Session(tmp_path) as session:
        page = Page(session, "127.0.0.1", 0, Guard("127.0.0.1"))
        thread = threading.Thread(target=page.serve)
        thread.start()
        if asked:
            with socket.create_connection(("127.0.0.1", page.port), PATIENCE) as client:
                client.sendall(b"GET /api/board HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                assert client.recv(12) == b"HTTP/1.1 200"
        page.close()
        thread.join(PATIENCE)
        assert not thread.is_alive()
