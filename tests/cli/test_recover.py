from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from igtl.cli import status
from tests.cli.conftest import Call, StartOnTerminal
from tests.recording.damaging import Stored, first_chunk, flipped, stored, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session.mcap"


def damage(path: Path, messages: list[Stored], *which: int) -> None:
    """Damage the bodies of some messages."""
    data = bytearray(path.read_bytes())
    for index in which:
        at = data.index(messages[index].data) + 70
        data[at : at + 2] = b"\xff\xff"
    path.write_bytes(data)


def test_what_is_lost_is_told_for_each_device(path: Path, call: Call) -> None:
    messages = write(path, 12, 10_000, wrong=None)
    damage(path, messages, 4, 5, 10)
    ended = call("recover", str(path))
    target = path.with_name("session-recovered.mcap")
    assert ended.status == status.INCOMPLETE
    assert ended.out.splitlines() == [
        f"damage at byte {first_chunk(path.read_bytes())}, 2.74 kB: a chunk whose CRC-32 is wrong",
        "TRANSFORM  Probe  a:1  3 kept  1 lost",
        "TRANSFORM  Probe  b:2  2 kept  2 lost",
        "3 messages lost",
        "411 B belong to no whole message",
        f"{target}: 9 messages",
    ]
    assert stored(target) == [one for index, one in enumerate(messages) if index not in (4, 5, 10)]


def test_an_intact_file_is_done(path: Path, call: Call) -> None:
    messages = write(path)
    target = path.with_name("new.mcap")
    ended = call("recover", str(path), "-o", str(target))
    assert ended.status == status.DONE
    assert ended.out.splitlines() == [
        "nothing is damaged: the new file holds the same",
        f"{target}: 12 messages",
    ]
    assert stored(target) == messages


def test_a_flipped_bit_is_put_right_and_done(path: Path, call: Call) -> None:
    messages = write(path)
    data = path.read_bytes()
    path.write_bytes(flipped(data, 8 * (data.index(messages[7].data) + 80)))
    ended = call("recover", str(path))
    assert ended.status == status.DONE
    assert "one bit had changed" in ended.out
    assert "no message is lost" in ended.out


def test_a_file_that_was_cut_may_lack_something(path: Path, call: Call) -> None:
    messages = write(path)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(messages[8].data)])
    ended = call("recover", str(path))
    assert ended.status == status.INCOMPLETE
    assert "the file has no end: it was cut off, or is still being written" in ended.out
    assert "no message is known to be lost, but there may have been more" in ended.out
    assert stored(path.with_name("session-recovered.mcap")) == messages[:8]


def test_json_has_all_of_it(path: Path, call: Call) -> None:
    messages = write(path, 12, 10_000, wrong=None)
    damage(path, messages, 4)
    ended = call("recover", str(path), "--json")
    found = json.loads(ended.out)
    assert ended.status == status.INCOMPLETE
    assert (found["kept"], found["lost"], found["is_exact"]) == (11, 1, True)
    assert found["target"] == str(path.with_name("session-recovered.mcap"))
    assert {one["device_name"]: one["lost"] for one in found["channels"] if one["lost"]} == {
        "Probe": 1
    }
    assert found["damage"][0]["position"] == first_chunk(path.read_bytes())


def test_no_file_is_overwritten_unasked(path: Path, call: Call) -> None:
    write(path)
    assert call("recover", str(path)).status == status.DONE
    ended = call("recover", str(path))
    assert ended.status == status.FAILED
    assert "is there already" in ended.err
    assert call("recover", str(path), "--overwrite").status == status.DONE


@pytest.mark.parametrize(
    ("data", "text"), [(b"", "is empty"), (b"\x89MCAP", "expected a recording (MCAP)")]
)
def test_what_is_no_recording_fails_in_one_line(
    path: Path, call: Call, data: bytes, text: str
) -> None:
    path.write_bytes(data)
    ended = call("recover", str(path))
    assert ended.status == status.FAILED
    assert ended.out == ""
    assert len(ended.err.splitlines()) == 1
    assert text in ended.err


@pytest.mark.parametrize("name", [".", "..", "/"])
def test_a_folder_is_no_recording(call: Call, name: str) -> None:
    ended = call("recover", name)
    assert ended.status == status.FAILED
    assert ended.err == f"igtl: {name}: Is a directory\n"


def test_the_new_file_is_named_as_a_recording(path: Path, call: Call) -> None:
    write(path)
    ended = call("recover", str(path), "-o", str(path.with_name("new.txt")))
    assert ended.status == status.USAGE
    assert "expected one that ends in .mcap" in ended.err


def test_there_is_no_folder_for_the_new_file(path: Path, call: Call) -> None:
    write(path)
    target = path.parent / "none" / "new.mcap"
    ended = call("recover", str(path), "-o", str(target))
    assert ended.status == status.FAILED
    assert ended.err == f"igtl: cannot write {target}: there is no folder {target.parent}\n"


def test_on_a_terminal_it_shows_how_far_it_is(
    path: Path, start_on_terminal: StartOnTerminal
) -> None:
    write(path)
    program = start_on_terminal("recover", str(path))
    program.wait_for("recovering: ")
    program.wait_for("12 messages")


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_no_file(
    path: Path, start_on_terminal: StartOnTerminal, number: signal.Signals, expected: int
) -> None:
    write(path, 20_000, chunk_size=10_000)
    program = start_on_terminal("recover", str(path))
    program.wait_for("recovering: ")
    assert program.interrupt(number) == expected
    assert [file.name for file in path.parent.iterdir()] == [path.name]
