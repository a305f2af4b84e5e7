from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

import igtl
from tests.cli.conftest import Call, Start
from tests.cli.program import Program, free_port
from tests.sources.mcap_files import write_recording


def port_of(program: Program) -> str:
    """The port that a server with --port 0 tells."""
    return program.line_with("Listening on").partition(",")[0].rpartition(":")[2]


def test_the_two_programs_of_the_tubetk_page(start: Start) -> None:
    port = str(free_port())
    server = start("serve", "position", "--port", port, "--interval", "100")
    assert server.line() == "Position information generation interval: 100"
    assert server.line() == "Waiting for connection..."
    client = start("listen", f"localhost:{port}", "--format", "classic", "--count", "2")
    assert client.wait() == (
        0,
        f"Connected to the server : localhost {port}\n"
        "Receiving POSITION data type.\n"
        "position = (50, 0, 50)\n"
        "quaternion = (0, 0.666667, 0.57735, 0)\n"
        "\n"
        "Receiving POSITION data type.\n"
        "position = (-20.8073, 45.4649, -20.8073)\n"
        "quaternion = (0, 0.663336, 0.57735, 0.0665556)\n",
        "",
    )


def test_every_first_client_gets_the_source_from_its_beginning(start: Start) -> None:
    port = free_port()
    server = start("serve", "position", "--port", str(port), "--rate", "100")
    server.line_with("Waiting")
    for _ in range(3):
        with igtl.connect(f"127.0.0.1:{port}") as link:
            first = link.receive(timeout=10)
        assert isinstance(first, igtl.Position)
        assert first.position.tolist() == [50, 0, 50]
        server.line_with("Waiting")


def test_it_says_what_it_serves_and_who_comes_and_goes(start: Start) -> None:
    server = start("serve", "tracker", "ultrasound", "--port", "0")
    assert server.line().split()[:2] == ["tracker", "50/s"]
    assert server.line().split()[:2] == ["ultrasound", "20/s"]
    where = server.line()
    assert where.startswith("Listening on 127.0.0.1:")
    assert "for this machine only (see --host)" in where
    assert server.line() == "Waiting for connection..."
    with igtl.connect(where.split()[2].rstrip(",")) as link:
        assert server.line() == f"{link.local_address} connected (1 client)"
        link.send(igtl.String("hello", device_name="Me\x1b[2J", timestamp=5))
        assert server.line().split(maxsplit=1) == [
            link.local_address,
            "sends      5.000 s  STRING       Me\\x1b[2J            hello",
        ]
    left = server.line()
    assert left.startswith(f"{link.local_address} left after ")
    assert left.endswith("(0 clients)")
    assert server.line() == "Waiting for connection..."


def test_several_sources_each_at_its_own_pace(start: Start) -> None:
    server = start("serve", "tracker", "position", "--port", "0")
    seen = {"Tracker": 0, "ProbeToTracker": 0}
    with igtl.connect(f"127.0.0.1:{port_of(server)}") as link:
        for message in link:
            if isinstance(message, (igtl.Position, igtl.Transform)):
                seen[message.device_name] = seen.get(message.device_name, 0) + 1
            if seen["Tracker"] == 20:
                break
    assert 50 <= seen["ProbeToTracker"] <= 150  # 50/s beside 10/s, where one thread is late


def test_ctrl_c_ends_it_cleanly(start: Start) -> None:
    server = start("serve", "tracker", "--port", "0")
    with igtl.connect(f"127.0.0.1:{port_of(server)}") as link:
        link.receive(timeout=10)
        ended = server.interrupt()
    assert (ended.status, ended.err) == (130, "")


def test_a_taken_port_is_one_clear_line(call: Call) -> None:
    with igtl.Server(port=0) as server:
        ended = call("serve", "tracker", "--port", str(server.port))
    assert ended.status == 1
    assert ended.out == ""
    assert ended.err.startswith(f"igtl: cannot listen on 127.0.0.1:{server.port}: ")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["trackr"], "did you mean 'tracker'?"),
        (["missing.nrrd"], "missing.nrrd"),
        (["tracker", "position", "--device", "A"], "--device names one source"),
        (
            ["tracker", "--set", "colour=red"],
            "there is no --set colour here: tracker takes --rate, --device",
        ),
        (["tracker", "--set", "rate=fast"], "rate is 'fast', expected a number"),
        (["tracker", "--rate", "5", "--set", "rate=5"], "rate is given twice"),
        (
            ["tracker", "ultrasound", "--set", "size=4"],
            "there is no --set size here: tracker takes --rate, --device; ultraso",
        ),
        (["camera:97"], "cannot open camera '97'"),
        (["ndi"], "source 'ndi' needs its port: ndi:PORT"),
        (["ndi:/dev/nothing"], "cannot open /dev/nothing: no such serial port"),
        (["aruco:no.png"], "there is no file or folder no.png"),
        (["aruco:0", "--set", "dictionary=9X9"], "no dictionary '9X9' of ArUco markers"),
        (["film.mp4"], "film.mp4"),
        (["tracker", "--mode", "slices"], "there is no --mode here: tracker takes --rate"),
    ],
)
def test_a_wrong_source_has_status_2(arguments: list[str], complaint: str, call: Call) -> None:
    ended = call("serve", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert complaint in ended.err
    assert ended.err.count("\n") == 1


def test_an_image_file_keeps_its_pixels_and_place(start: Start, call: Call, tmp_path: Path) -> None:
    from igtl.sources.image_file import write_image

    pixels = np.arange(30, dtype=np.int16).reshape(2, 3, 5)
    sent = igtl.Image(pixels, spacing=(0.5, 0.75, 2), origin=(1, 2, 3))
    write_image(sent, tmp_path / "scan.mha")
    path = str(tmp_path / "scan.mha")
    server = start("serve", path, "--mode", "slices", "--device", "CT", "--port", "0")
    listing = call("listen", f"localhost:{port_of(server)}", "--count", "2", "--json")
    first, second = map(json.loads, listing.out.splitlines())
    assert first["device_name"] == "CT"
    assert [first["pixels"], second["pixels"]] == pixels[:, np.newaxis].tolist()
    assert np.array(first["ijk_to_world"])[:3, 3].tolist() == [1, 2, 3]
    assert np.array(second["ijk_to_world"])[:3, 3].tolist() == [1, 2, 5]


def test_list_shows_what_there_is(call: Call) -> None:
    ended = call("serve", "--list")
    assert (ended.status, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert "camera:CAMERA   (needs igtl[cameras])" in lines
    where = lines.index("tracker")
    assert lines[where + 2] == "    --set rate, device_name"
    assert max(map(len, lines)) <= 79


def test_options_go_to_the_sources_that_have_them(start: Start, tmp_path: Path) -> None:
    for number in range(2):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((4, 6), number, np.uint8))
    options = ("--set", "spacing=0.25", "--set", "rate=25", "--port", "0")
    server = start("serve", "tracker", str(tmp_path), *options)
    lines = [server.line().split(maxsplit=2)[1:] for _ in range(2)]
    assert [rate for rate, _ in lines] == ["25/s", "25/s"]
    with igtl.connect(f"127.0.0.1:{port_of(server)}") as link:
        image = link.get(igtl.Image, timeout=10)
    assert image.spacing.tolist() == [0.25, 0.25, 0.25]


FAULTY = """
class Faulty:
    name, rate = "faulty", 50.0

    def messages(self, time_s):
        return () if time_s == 0 else {}["nothing"]
"""


def test_a_source_with_a_fault_leaves_the_others(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "faulty-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[igtl.sources]\nfaulty = faulty:Faulty\n")
    (tmp_path / "faulty.py").write_text(FAULTY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    server = start("serve", "faulty", "position", "--port", "0")
    with igtl.connect(f"127.0.0.1:{port_of(server)}") as link:
        told = [server.err.readline()]
        while told[-1] and not told[-1].startswith("igtl: "):
            told.append(server.err.readline())
        assert told[-2] == "KeyError: 'nothing'\n"
        assert told[-1].endswith("(the other sources go on)\n")
        link.receive(10)


def test_a_source_that_ends_leaves_the_others(start: Start, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((4, 6), np.uint8))
    (tmp_path / "2.png").write_text("no picture")
    server = start("serve", str(tmp_path), "position", "--rate", "50", "--port", "0")
    with igtl.connect(f"127.0.0.1:{port_of(server)}") as link:
        told = server.err.readline()
        assert told.startswith(f"igtl: cannot read {tmp_path / '2.png'}: it is damaged")
        assert told.endswith(" (the other sources go on)\n")
        positions = (one for one in link if isinstance(one, igtl.Position))
        assert len([one for one, _ in zip(positions, range(20), strict=False)]) == 20


def test_the_end_of_the_last_source_ends_it(start: Start, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((4, 6), np.uint8))
    (tmp_path / "2.png").write_text("no picture")
    server = start("serve", str(tmp_path), "--rate", "50", "--port", "0")
    with igtl.connect(f"127.0.0.1:{port_of(server)}"):
        ended = server.wait()
    assert ended.status == 1
    assert ended.err.count("\n") == 1
    assert "2.png" in ended.err


def test_a_recording_is_played_round_and_round(start: Start, tmp_path: Path) -> None:
    messages = [(0.02 * n, igtl.String(f"{n}", device_name="Note")) for n in range(5)]
    path = write_recording(tmp_path / "session.mcap", messages)
    server = start("serve", str(path), "--set", "speed=2", "--port", "0")
    line = server.line()
    assert line.startswith("session.mcap  125/s  recording of 0.08 s: Note (STRING)")
    with igtl.connect(f"127.0.0.1:{port_of(server)}") as link:
        texts = [link.receive(timeout=10) for _ in range(12)]
    assert [one.text for one in texts if isinstance(one, igtl.String)] == [
        str(n % 5) for n in range(12)
    ]


def test_a_recording_can_be_sent_as_video(start: Start, tmp_path: Path) -> None:
    pixels = np.full((32, 48), 90, np.uint8)
    images = [(0.02 * n, igtl.Image(pixels, device_name="US")) for n in range(5)]
    path = write_recording(tmp_path / "session.mcap", images)
    server = start("serve", str(path), "--codec", "I420", "--port", "0")
    with igtl.connect(f"127.0.0.1:{port_of(server)}") as link:
        video = link.receive(timeout=10)
    assert isinstance(video, igtl.Video)
    with igtl.video.Decoder() as decoder:
        decoded = decoder.decode(video)
    assert decoded is not None
    assert np.array_equal(np.squeeze(decoded), pixels)


def test_images_are_sent_as_video(start: Start, call: Call) -> None:
    server = start("serve", "ultrasound", "--codec", "H264", "--port", "0")
    endpoint = f"127.0.0.1:{port_of(server)}"
    for _ in range(2):  # whoever comes can begin at once
        with igtl.connect(endpoint) as link, igtl.video.Decoder() as decoder:
            first = next(one for one in link if isinstance(one, igtl.Video))
            assert (first.codec, first.size, first.is_key) == ("H264", (320, 240, 1), True)
            pixels = decoder.decode(first)
            assert pixels is not None
            assert 20 < float(np.mean(pixels)) < 120


def test_who_asks_for_one_image_gets_video_that_can_be_decoded(start: Start) -> None:
    server = start("serve", "ultrasound", "--codec", "H264", "--on-request", "--port", "0")
    with igtl.connect(f"127.0.0.1:{port_of(server)}") as link:
        assert link.get(igtl.Video, "Ultrasound", timeout=10).is_key


@pytest.mark.parametrize(("interval", "decoded"), [(0.0, 3), (0.1, 3)])
def test_who_asks_for_a_stream_of_video_can_decode_it(
    interval: float, decoded: int, start: Start
) -> None:
    server = start("serve", "ultrasound", "--codec", "H264", "--on-request", "--port", "0")
    endpoint = f"127.0.0.1:{port_of(server)}"
    with (
        igtl.connect(endpoint) as link,
        link.stream(igtl.Video, interval=interval) as stream,
        igtl.video.Decoder() as decoder,
    ):
        pictures = [decoder.decode(one) for one, _ in zip(stream, range(6), strict=False)]
    assert len([one for one in pictures if one is not None]) >= decoded


def test_a_codec_without_images_is_told(start: Start) -> None:
    server = start("serve", "tracker", "--codec", "I420", "--port", "0")
    assert "I420" not in server.line()
    assert server.err.readline() == (
        "igtl: tracker gives no images: there is nothing to send as I420\n"
    )


def test_the_same_devices_twice_are_told(start: Start) -> None:
    server = start("serve", "ultrasound", "tracker", "tracker", "--port", "0")
    told = server.err.readline()
    assert told.startswith("igtl: several sources send NeedleToTracker (TRANSFORM), ProbeTo")
    assert told.endswith(": receivers cannot tell them apart\n")


def test_sources_that_belong_together_are_no_doubt(start: Start) -> None:
    server = start("serve", "ultrasound", "tracker", "--codec", "I420", "--port", "0")
    assert "images as I420" in server.line()
    told = [server.err.readline()]
    server.line_with("Waiting")
    assert told == ["igtl: tracker gives no images: there is nothing to send as I420\n"]
    assert server.interrupt().err == ""


def test_a_damaged_recording_is_told(start: Start, tmp_path: Path) -> None:
    messages = [(0.02 * n, igtl.String(f"{n}", device_name="Note")) for n in range(5)]
    path = write_recording(tmp_path / "session.mcap", messages)
    path.write_bytes(path.read_bytes()[:-20])
    server = start("serve", str(path), "--port", "0")
    assert server.err.readline().startswith(f"igtl: {path} is damaged at byte ")


def test_a_wrong_codec_is_told(call: Call) -> None:
    ended = call("serve", "ultrasound", "--codec", "MPEG")
    assert ended.status == 2
    assert "invalid choice: 'MPEG' (choose from" in ended.err


def test_clients_may_ask_from_the_beginning(start: Start, call: Call) -> None:
    server = start("serve", "ultrasound", "--port", "0")
    endpoint = f"localhost:{port_of(server)}"
    with igtl.connect(endpoint) as link:
        image = link.get(igtl.Image, "Ultrasound", timeout=10)
    assert image.device_name == "Ultrasound"
    ended = call("stream", endpoint, "TRANSFORM", "--count", "2")
    assert (ended.status, ended.out.count("ProbeToTracker")) == (0, 2)


def test_on_request_only_who_asks_gets_something(start: Start, call: Call) -> None:
    server = start("serve", "tracker", "--on-request", "--port", "0")
    endpoint = f"localhost:{port_of(server)}"
    assert call("listen", endpoint, "--timeout", "0.3").status == 3
    assert "3 tools: Probe" in call("get", endpoint, "TDATA").out
    asked = ("--interval", "0.2", "--count", "5", "--json")
    ended = call("stream", endpoint, "TDATA", "Tracker", *asked)
    times = [json.loads(line)["timestamp"] for line in ended.out.splitlines()]
    assert len(times) == 5
    assert times[4] - times[1] > 0.3


def test_it_can_be_a_server_for_clients_of_plus(start: Start, call: Call) -> None:
    server = start("serve", "ultrasound", "--profile", "plus", "--port", "0")
    ended = call("command", f"localhost:{port_of(server)}", "RequestChannelIds")
    assert (ended.status, "Ultrasound" in ended.out) == (0, True)
