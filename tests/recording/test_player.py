"""A player: what it hands over, and that other threads control it at once.

The recordings take an hour or so: what is not obeyed at once is not obeyed in the time of a test.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import pytest

import igtl
from igtl.codec.frame import parse
from igtl.recording.entry import Entry
from igtl.recording.writer import FileWriter
from tests.recording.playing import START_NS, Performance, numbered, recorded, texts

HOUR = 3600.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session.mcap"


def test_it_hands_over_the_bytes_that_came(path: Path) -> None:
    frames = recorded(path, numbered(*(n / 1e6 for n in range(3000))))
    given: list[igtl.Frame] = []
    igtl.Player(path, speed=math.inf).play(given.extend)
    assert [frame.to_bytes() for frame in given] == [frame.to_bytes() for frame in frames]


def test_messages_of_one_time_come_together(path: Path) -> None:
    recorded(path, numbered(0, 0, 0, 1e-3, 1e-3))
    given: list[list[str]] = []
    igtl.Player(path, speed=1e-2).play(lambda frames: given.append(texts(frames)))
    assert given == [["0", "1", "2"], ["3", "4"]]


def test_it_takes_the_time_that_recording_took(path: Path) -> None:
    recorded(path, numbered(0, 0.1, 0.3))
    given: list[float] = []
    begin = time.monotonic()
    igtl.Player(path).play(lambda _frames: given.append(time.monotonic() - begin))
    assert [given[1] >= 0.1, given[2] >= 0.3] == [True, True]


def test_a_pause_acts_at_once_and_so_does_going_on(path: Path) -> None:
    recorded(path, numbered(0, HOUR))
    player = igtl.Player(path)
    with Performance(player) as performance:
        assert performance.next() == ["0"]
        player.pause()
        assert (player.paused, player.position < HOUR) == (True, True)
        player.seek(HOUR)
        assert player.position == HOUR
        assert performance.given.empty()
        player.resume()
        assert (player.paused, player.speed) == (False, 1.0)
        assert performance.next() == ["1"]
        assert performance.ended()


def test_a_jump_acts_at_once_in_both_directions(path: Path) -> None:
    recorded(path, numbered(0, HOUR, 2 * HOUR, 3 * HOUR))
    player = igtl.Player(path)
    with Performance(player) as performance:
        assert performance.next() == ["0"]
        player.seek(2 * HOUR)
        assert performance.next() == ["2"]
        player.seek(HOUR)
        assert performance.next() == ["1"]
        player.skip(-2 * HOUR)
        assert performance.next() == ["0"]
        player.skip(10 * HOUR)
        assert performance.next() == ["3"]
        assert performance.ended()


def test_a_change_of_speed_acts_at_once(path: Path) -> None:
    recorded(path, numbered(0, HOUR, 2 * HOUR))
    player = igtl.Player(path)
    with Performance(player) as performance:
        assert performance.next() == ["0"]
        player.speed = math.inf
        assert player.speed == math.inf
        assert performance.next() == ["1", "2"]


def test_stopping_acts_at_once_and_for_good(path: Path) -> None:
    recorded(path, numbered(0, HOUR))
    player = igtl.Player(path)
    with Performance(player) as performance:
        assert performance.next() == ["0"]
        player.stop()
        assert performance.ended()
    given: list[list[igtl.Frame]] = []
    player.play(given.append)
    assert given == []


def test_it_can_be_told_to_pause_and_jump_before_it_plays(path: Path) -> None:
    recorded(path, numbered(0, HOUR, 2 * HOUR))
    player = igtl.Player(path)
    player.pause()
    player.seek(2 * HOUR)
    with Performance(player) as performance:
        player.seek(HOUR)
        player.resume()
        assert performance.next() == ["1"]


def test_it_can_be_controlled_from_where_it_hands_over(path: Path) -> None:
    recorded(path, numbered(0, HOUR, 2 * HOUR))
    player = igtl.Player(path)
    given: list[str] = []

    def give(frames: list[igtl.Frame]) -> None:
        given.extend(texts(frames))
        if given == ["0"]:
            player.seek(2 * HOUR)

    player.play(give)
    assert given == ["0", "2"]


def test_it_plays_again_after_its_end(path: Path) -> None:
    recorded(path, numbered(0, 1e-3))
    player = igtl.Player(path, start=0.0)
    given: list[str] = []
    for _ in range(2):
        player.play(lambda frames: given.extend(texts(frames)))
        assert player.position == player.duration
    assert given == ["0", "1", "0", "1"]


def test_it_goes_on_behind_a_failure(path: Path) -> None:
    recorded(path, numbered(0, 1e-3))
    player = igtl.Player(path)
    with pytest.raises(ZeroDivisionError):
        player.play(lambda frames: 1 // 0)
    given: list[str] = []
    player.play(lambda frames: given.extend(texts(frames)))
    assert given == ["1"]


def test_a_loop_goes_round_until_it_is_stopped(path: Path) -> None:
    recorded(path, numbered(0, 1e-3, 2e-3))
    player = igtl.Player(path, loop=True)
    given: list[str] = []

    def give(frames: list[igtl.Frame]) -> None:
        given.extend(texts(frames))
        if len(given) >= 10:
            player.stop()

    player.play(give)
    assert given[:10] == list("0120120120")
    assert player.loops >= 3


def test_a_part_is_played(path: Path) -> None:
    recorded(path, numbered(0, 1, 1.25, 2, 3))
    player = igtl.Player(path, start=1, end=2, speed=math.inf)
    assert (player.duration, player.position, player.start, player.end) == (3, 1, 1, 2)
    given: list[str] = []
    player.play(lambda frames: given.extend(texts(frames)))
    assert given == ["1", "2", "3"]


def test_only_some_devices_and_types_are_played_at_their_times(path: Path) -> None:
    tool = igtl.Transform(np.eye(4), device_name="Probe")
    recorded(path, [*numbered(0, 1), (1.5, tool), *numbered(2)])
    chosen = igtl.Player(path, type="STRING", device="Cou*", speed=math.inf)
    given: list[str] = []
    chosen.play(lambda frames: given.extend(texts(frames)))
    assert given == ["0", "1", "0"]
    player = igtl.Player(path, type=igtl.Transform, start=1.0)
    assert player.duration == 2.0
    with Performance(player) as performance:
        assert [frame.device_name for frame in performance.given.get(timeout=20)] == ["Probe"]


def test_only_some_connections_are_played(path: Path) -> None:
    with FileWriter(path) as writer:
        for number, connection in enumerate(("a:1", "b:1", "a:2", "c:1")):
            frame = parse(igtl.encode(igtl.String(str(number))))
            writer.add(Entry(START_NS + number, connection, frame))
    given: list[str] = []
    player = igtl.Player(path, connection=("a:*", "c:1"), speed=math.inf)
    player.play(lambda frames: given.extend(texts(frames)))
    assert given == ["0", "2", "3"]


def test_what_was_selected_is_played_in_its_time(path: Path) -> None:
    recorded(path, numbered(0, 1, 2, 3))
    given: list[str] = []
    player = igtl.Player(igtl.read(path)[0.5:2.5], speed=math.inf)
    assert (player.duration, player.start, player.end) == (3.0, 0.5, 2.5)
    player.play(lambda frames: given.extend(texts(frames)))
    assert given == ["1", "2"]


def test_times_of_now_are_moved_by_the_same_for_all(path: Path) -> None:
    frames = recorded(path, numbered(0, 0.001, 0.002))
    given: list[igtl.Frame] = []
    begin = time.time()
    igtl.Player(path, times="now").play(given.extend)
    moved = {new.raw_time - old.raw_time for new, old in zip(given, frames, strict=True)}
    assert len(moved) == 1
    first = given[0].timestamp
    assert first is not None
    assert begin - 0.26 < first < time.time() - 0.25
    for frame in given:
        frame.verify()
    assert [bytes(new.body) for new in given] == [bytes(old.body) for old in frames]


def test_two_cannot_play_at_once(path: Path) -> None:
    recorded(path, numbered(0, HOUR))
    player = igtl.Player(path)
    with Performance(player) as performance:
        performance.next()
        with pytest.raises(igtl.MessageError, match="plays already"):
            player.play(print)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"speed": 0.0}, "speed is 0.0, expected more than 0"),
        ({"speed": -1.0}, "speed is -1.0"),
        ({"speed": math.nan}, "speed is nan"),
        ({"speed": "fast"}, "speed is 'fast', expected a number"),
        ({"start": "1:20"}, "start is '1:20', expected a number"),
        ({"end": "1:20"}, "end is '1:20', expected a number"),
        ({"start": 3.0}, "part from 3 s to 2 s is not in a recording of 2 s"),
        ({"start": -1.0}, "part from -1 s"),
        ({"start": 1.0, "end": 0.5}, "part from 1 s to 0.5 s"),
        ({"start": math.nan}, "part from nan s"),
        ({"end": math.nan}, "to nan s"),
        ({"times": "new"}, "times is 'new', expected 'kept' or 'now'"),
    ],
)
def test_wrong_arguments_are_told(path: Path, arguments: dict[str, object], complaint: str) -> None:
    recorded(path, numbered(0, 2))
    with pytest.raises(igtl.MessageError, match=complaint):
        igtl.Player(path, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("position", [-0.1, 2.1, math.nan, math.inf])
def test_a_jump_out_of_the_recording_is_refused(path: Path, position: float) -> None:
    recorded(path, numbered(0, 2))
    player = igtl.Player(path)
    with pytest.raises(igtl.MessageError, match="expected 0 s to 2 s"):
        player.seek(position)
    assert player.position == 0.0


def test_it_says_where_it_is(path: Path) -> None:
    recorded(path, numbered(0, 2))
    player = igtl.Player(path)
    player.seek(1.25)
    assert repr(player) == "<Player at 1.250 s of 2.000 s>"


def test_what_is_no_recording_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.mcap").write_text("no MCAP")
    with pytest.raises(igtl.RecordingError):
        igtl.Player(tmp_path / "text.mcap")
