from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import igtl
from igtl.cli import status
from igtl.cli.holdings import table
from igtl.codec.frame import parse
from igtl.recording.entry import Entry
from igtl.recording.recording import read
from igtl.recording.survey import survey
from igtl.recording.writer import FileWriter
from tests.cli.conftest import Call, StartOnTerminal
from tests.recording.large import write_large

START = 1_700_000_000_000_000_000
MS = 1_000_000


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Two devices, of which one pauses and the other changes."""
    path = tmp_path / "session.mcap"
    probe = igtl.Transform(np.eye(4), device_name="Probe", metadata={"Unit": "mm"})
    with FileWriter(path) as writer:
        for number in range(100):
            late = 1000 * (number >= 60)
            writer.add(entry(probe, number * 10 + late))
        for number in range(3):
            image = igtl.Image(np.zeros((4 + number, 5), np.uint8), spacing=0.5, device_name="US")
            writer.add(entry(image, 1990 + number, "scanner"))
        writer.event("lost", "scanner", START + 2_000 * MS, text="reset")
        writer.event("dropped", "", START + 2_000 * MS, count=2)
    return path


def entry(message: igtl.Message, at_ms: int, connection: str = "tracker") -> Entry:
    return Entry(START + at_ms * MS, connection, parse(igtl.encode(message)))


def test_a_table_for_people(session: Path, call: Call) -> None:
    ended = call("info", str(session))
    assert (ended.status, ended.err) == (status.DONE, "")
    head, counts, _, *table, _, event, _, dropped = ended.out.splitlines()
    assert head.startswith(f"{session}: ")
    assert ", complete, not checked (--check), by igtl" in head
    assert counts == "103 messages in 1.992 s from 2023-11-14 22:13:20 UTC on"
    headings, probe, images = (" ".join(line.split()) for line in table)
    assert headings == ("device type messages rate jitter p99 gaps from to size connection latest")
    assert probe == (
        "Probe TRANSFORM 100 49.7/s 99.995 ms 10.000 ms 1, up to 1.010 s at 0.590 s "
        "0.000 s 1.990 s 13.4 kB tracker ( 0.00, 0.00, 0.00) mm turned 0.0 deg"
    )
    assert images == (
        "US IMAGE 3 1000.0/s 0.000 ms 1.000 ms - 1.990 s 1.992 s 465 B scanner "
        "5 x 6 x 1 uint8, 0.5 x 0.5 x 0.5 mm, RAS; "
        "first 5 x 4 x 1 uint8, 0.5 x 0.5 x 0.5 mm, RAS"
    )
    assert event == "     2.0 s  scanner lost: reset"
    assert dropped == "2 messages dropped: the recorder could not keep up"


def facts(call: Call, *arguments: str) -> dict[str, Any]:
    ended = call("info", "--json", *arguments)
    found: dict[str, Any] = json.loads(ended.out)
    return found


def test_json(session: Path, call: Call) -> None:
    found = facts(call, str(session))
    assert (found["messages"], found["duration"], found["start_time"]) == (103, 1.992, 1.7e9)
    assert (found["complete"], found["dropped"], found["checked"]) == (True, 2, None)
    assert found["files"] == [str(session)]
    probe, images = found["streams"]
    assert probe["intervals"] == {
        "mean": pytest.approx(1.99 / 99),
        "std": pytest.approx(1.0 / 99 * 98**0.5),
        "median": 0.01,
        "p99": 0.01,
        "gaps": 1,
        "longest": 1.01,
        "longest_at": 0.59,
    }
    assert (probe["header_versions"], probe["first_image"]) == ([2], None)
    assert images["last_image"] == {
        "size": [5, 6, 1],
        "components": 1,
        "scalar": "uint8",
        "spacing": [0.5, 0.5, 0.5],
        "ijk_to_world": [[0.5, 0, 0, 0], [0, 0.5, 0, 0], [0, 0, 0.5, 0], [0, 0, 0, 1]],
        "coordinates": "RAS",
    }
    assert found["events"][0] == {
        "time": 2.0,
        "event": "lost",
        "connection": "scanner",
        "text": "reset",
    }


def test_only_some_of_it(session: Path, call: Call) -> None:
    assert [one["device"] for one in facts(call, str(session), "--device", "P*")["streams"]] == [
        "Probe"
    ]
    assert [one["type"] for one in facts(call, str(session), "--type", "IMAGE")["streams"]] == [
        "IMAGE"
    ]
    assert facts(call, str(session), "--gap", "200")["streams"][0]["intervals"]["gaps"] == 0
    ended = call("info", str(session), "--device", "nobody")
    assert (ended.status, ended.err) == (
        status.DONE,
        "igtl: there are no messages in it like that\n",
    )


def test_types_in_any_case_and_misspelt(session: Path, call: Call) -> None:
    (stream,) = facts(call, str(session), "--type", "transf*")["streams"]
    assert stream["type"] == "TRANSFORM"
    ended = call("info", str(session), "--type", "TRASFORM")
    first = "igtl: no message is of type 'TRASFORM'; did you mean TRANSFORM?"
    assert ended.err.splitlines()[0] == first
    ended = call("info", str(session), "--type", "SENSOR")
    assert "'SENSOR'; there are: IMAGE, TRANSFORM\n" in ended.err


def test_without_messages_no_time_is_told(tmp_path: Path, session: Path, call: Call) -> None:
    path = tmp_path / "a.mcap"
    with FileWriter(path) as writer:
        writer.event("connected", "a:1", START, text="127.0.0.1:1")
    ended = call("info", str(path))
    assert ended.out.splitlines()[1:] == ["no messages", "", "     0.0 s  a:1 connected"]
    found = facts(call, str(path))
    assert (found["start_time"], found["events"][0]["time"]) == (None, 0.0)
    ended = call("info", str(session), "--device", "nobody")
    assert ended.out.splitlines()[1] == "no messages"


def test_events_in_plain_words(tmp_path: Path, call: Call) -> None:
    path, at = tmp_path / "a.mcap", START + 50 * MS
    with FileWriter(path) as writer:
        writer.event("connected", "a:1", START + 49 * MS, text="127.0.0.1:1")
        writer.add(entry(igtl.String("x"), 50))
        writer.event("lost", "a:1", at + 1200 * MS, text="reset", gap=0.022395214)
        writer.event("restored", "a:1", at + 1900 * MS, text="127.0.0.1:1", gap=0.7123)
        writer.event("cut", "", at + 2000 * MS, text="disk full", count=2)
    assert call("info", str(path)).out.splitlines()[-4:] == [
        "     0.0 s  a:1 connected",
        "     1.2 s  a:1 lost: reset",
        "     1.9 s  a:1 restored after 0.7 s",
        "     2.0 s  cut: disk full, count 2",
    ]


@pytest.mark.parametrize("width", [40, 80, 100])
def test_a_table_fits_a_terminal(session: Path, width: int) -> None:
    with read(session) as recording:
        streams = survey(recording).streams
    lines = list(table(streams, width))
    assert max(map(len, lines)) <= width
    assert len(lines) == 6
    if width >= 80:
        assert "1, up to 1.010 s  " in lines[1]
        assert not {"from", "to", "latest"} & set(lines[0].split())
        assert lines[4] == "Probe TRANSFORM: ( 0.00, 0.00, 0.00) mm turned 0.0 deg"
    assert lines[5].startswith("US IMAGE")
    assert len(list(table(streams, 400))) == len(list(table(streams, None))) == 3


def test_a_terminal_gets_what_fits(session: Path, start_on_terminal: StartOnTerminal) -> None:
    program = start_on_terminal("info", str(session))
    program.wait_for("Probe TRANSFORM: (")


def test_a_file_named_twice(session: Path, call: Call) -> None:
    ended = call("info", str(session), str(session))
    assert (ended.status, ended.out) == (status.FAILED, "")
    assert "session.mcap was named twice" in ended.err


def test_a_check_of_a_sound_file(session: Path, call: Call) -> None:
    ended = call("info", str(session), "--check")
    assert ended.status == status.DONE
    assert ended.out.splitlines()[-1] == "checked 103 messages, 13.9 kB: checksums all right"
    checked = facts(call, str(session), "--check")["checked"]
    assert checked == {
        "messages": 103,
        "bytes": 13865,
        "missing": 0,
        "checksum_errors": 0,
        "wrong": [],
    }


def test_a_check_of_a_damaged_file(session: Path, call: Call) -> None:
    data = bytearray(session.read_bytes())
    at = data.index(b"US\0\0") + 60
    data[at : at + 3] = b"???"
    session.write_bytes(data)
    assert call("info", str(session)).status == status.DONE
    ended = call("info", str(session), "--check")
    assert ended.status == status.FAILED
    assert "a chunk whose CRC-32 is wrong, " in ended.out
    assert ", damaged, by igtl" in ended.out
    last = ended.out.splitlines()[-1]
    assert last == "checked 102 messages, 13.7 kB: what is left; of that, checksums all right"


def test_a_check_of_what_came_wrong(tmp_path: Path, call: Call) -> None:
    wrong = entry(igtl.Transform(np.eye(4), device_name="Probe"), 0)
    wrong = wrong._replace(frame=wrong.frame._replace(crc=1))
    with FileWriter(tmp_path / "a.mcap") as writer:
        writer.add(wrong)
    ended = call("info", str(tmp_path / "a.mcap"))
    assert "1 message came with a wrong checksum" in ended.out
    assert "not valid" in ended.out
    ended = call("info", str(tmp_path / "a.mcap"), "--check")
    assert ended.status == status.FAILED
    assert "wrong: 1 of TRANSFORM of device 'Probe' over tracker" in ended.out


def test_a_file_that_was_cut_off(session: Path, call: Call) -> None:
    session.write_bytes(session.read_bytes()[:-40])
    ended = call("info", str(session))
    assert "not complete: cut off, or still being written" in ended.out
    assert call("info", str(session), "--check").status == status.FAILED


def test_several_files_are_one(session: Path, tmp_path: Path, call: Call) -> None:
    with FileWriter(tmp_path / "later.mcap") as writer:
        writer.add(entry(igtl.Transform(np.eye(4), device_name="Probe"), 5000))
    found = facts(call, str(tmp_path / "later.mcap"), str(session))
    assert (found["messages"], found["duration"]) == (104, 5.0)
    assert found["files"] == [str(session), str(tmp_path / "later.mcap")]


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"NRRD0004", "looks like a NRRD image or sequence: igtl convert"), (b"", "is empty")],
)
def test_what_is_no_recording(data: bytes, why: str, tmp_path: Path, call: Call) -> None:
    path = tmp_path / "file.mcap"
    path.write_bytes(data)
    ended = call("info", str(path))
    assert (ended.status, ended.out) == (status.FAILED, "")
    assert ended.err.startswith(f"igtl: {path} {why}")
    assert ended.err.count("\n") == 1


def test_what_is_not_there(tmp_path: Path, call: Call) -> None:
    ended = call("info", str(tmp_path / "nothing.mcap"))
    assert ended.status == status.FAILED
    assert ended.err == f"igtl: {tmp_path}/nothing.mcap: No such file or directory\n"


def test_names_from_peers_cannot_act_on_the_terminal(tmp_path: Path, call: Call) -> None:
    evil = igtl.String("\x1b[2J", device_name="\x1b[5m")
    with FileWriter(tmp_path / "a.mcap") as writer:
        writer.add(entry(evil, 0, "\x1b[7m"))
        writer.event("\x1b[1m", "\x1b[7m", START, text="\x1b[4m")
    assert "\x1b" not in call("info", str(tmp_path / "a.mcap"), "--check").out


def test_progress_on_a_terminal(tmp_path: Path, start_on_terminal: StartOnTerminal) -> None:
    write_large(tmp_path / "a.mcap", 100_000)
    program = start_on_terminal("info", str(tmp_path / "a.mcap"), "--check")
    program.wait_for("checking: ")
    program.wait_for("checked 100,000 messages, 10.6 MB: checksums all right")
