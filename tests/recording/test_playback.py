"""When what is due, against a clock that stands still."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
import pytest

import igtl
from igtl.codec.frame import parse
from igtl.recording.playback import Moment, Playback
from igtl.recording.retiming import Retiming, moved

SECOND = 1_000_000_000


def moment(position: float, name: str, timestamp: float = 0.0) -> Moment:
    """A message called `name`."""
    message = igtl.String(name, device_name="Device", timestamp=timestamp)
    return Moment(position, parse(igtl.encode(message)))


class Film:
    """Messages at positions, `run` of them read at once, and from where it was asked for them."""

    def __init__(self, moments: Iterable[Moment], run: int = 10_000) -> None:
        self.moments, self.run = list(moments), run
        self.asked: list[float] = []

    def __call__(self, position: float) -> Iterator[list[Moment]]:
        self.asked.append(position)
        found = [one for one in self.moments if one.position >= position]
        return (found[at : at + self.run] for at in range(0, len(found), self.run))


def letters(*positions: float) -> Film:
    """Messages a, b, c, ... at positions."""
    return Film(moment(at, chr(ord("a") + n)) for n, at in enumerate(positions))


def played(film: Film, end: float, **options: object) -> Playback:
    """A playback from 0, which goes on at time 100."""
    playback = Playback(film, 0.0, end, **options)  # type: ignore[arg-type]
    playback.go_on(100.0)
    return playback


def is_over(playback: Playback) -> bool:
    """Whether nothing more will come, when all is read."""
    while playback.due == -math.inf:
        assert playback.take(0.0) == []
    return playback.due is None


def names(moments: list[Moment]) -> str:
    """What the messages are called."""
    found = [igtl.decode_frame(one.frame) for one in moments]
    return "".join(message.text for message in found if isinstance(message, igtl.String))


def test_messages_are_due_as_they_came() -> None:
    playback = played(letters(0.0, 0.25, 1.0), 1.0)
    assert playback.due == 100.0
    assert names(playback.take(100.0)) == "a"
    assert playback.due == 100.25
    assert names(playback.take(100.125)) == ""
    assert names(playback.take(100.25)) == "b"
    assert names(playback.take(101.0)) == "c"
    assert is_over(playback)
    assert playback.take(200.0) == []


def test_what_is_due_together_comes_together_in_recorded_order() -> None:
    playback = played(letters(0.0, 0.5, 0.5, 0.5, 0.75), 1.0)
    assert names(playback.take(100.0)) == "a"
    assert names(playback.take(100.5)) == "bcd"


def test_what_is_late_comes_at_once_and_what_follows_is_in_time() -> None:
    playback = played(letters(0.0, 0.25, 0.5, 1.0), 1.0)
    assert names(playback.take(100.75)) == "abc"
    assert playback.late == 0.75
    assert playback.due == 101.0
    playback.take(101.0)
    assert playback.late == 0.75


def test_delays_do_not_add_up() -> None:
    playback = played(Film(moment(n / 1024, "x") for n in range(4096)), 4.0)
    for n in range(4096):
        assert playback.due == 100 + n / 1024
        assert len(playback.take(playback.due + 1 / 2048)) == 1


def test_much_is_handed_over_in_pieces() -> None:
    playback = played(Film(moment(0.0, "x") for _ in range(1200)), 1.0)
    assert [len(playback.take(100.0)) for _ in range(4)] == [500, 500, 200, 0]
    large = Moment(0.0, parse(igtl.encode(igtl.Image(np.zeros((1000, 3000), np.uint8)))))
    playback = played(Film([large] * 3), 1.0)
    assert [len(playback.take(100.0)) for _ in range(2)] == [2, 1]


@pytest.mark.parametrize(("speed", "due"), [(2.0, 100.5), (0.5, 102.0), (math.inf, -math.inf)])
def test_speed_scales_the_intervals(speed: float, due: float) -> None:
    playback = played(letters(0.0, 1.0), 1.0, speed=speed)
    assert names(playback.take(100.0)) == ("ab" if speed == math.inf else "a")
    if speed != math.inf:
        assert playback.due == due


@pytest.mark.parametrize("speed", [1.0, math.inf])
def test_what_is_there_does_not_wait_for_what_has_to_be_read(speed: float) -> None:
    film = letters(0.0, 0.0, 0.0, 0.5, 0.5)
    film.run = 2
    playback = played(film, 0.5, speed=speed)
    assert names(playback.take(100.0)) == "ab"
    assert (playback.due, playback.position(100.0)) == (-math.inf, 0.0)
    assert names(playback.take(100.0)) == ""  # it has read now
    assert names(playback.take(100.5)) == "cd"
    playback.take(100.5)
    assert names(playback.take(100.5)) == "e"
    assert is_over(playback)
    assert playback.late == (0.5 if speed == 1.0 else 0.0)


def test_speed_changes_from_where_it_is() -> None:
    playback = played(letters(0.0, 2.0, 4.0), 4.0)
    playback.take(100.0)
    playback.change_speed(2.0, 101.0)
    assert playback.position(101.0) == 1.0
    assert playback.due == 101.5
    playback.take(101.5)
    playback.change_speed(math.inf, 101.5)
    assert names(playback.take(101.5)) == "c"
    assert playback.late == 0.0


def test_full_speed_is_never_late() -> None:
    playback = played(letters(0.0, 1.0), 1.0, speed=math.inf)
    assert names(playback.take(500.0)) == "ab"
    assert playback.late == 0.0


def test_it_rests_until_it_goes_on() -> None:
    playback = played(letters(0.0, 1.0), 1.0)
    playback.take(100.0)
    playback.rest(100.25)
    assert (playback.due, playback.position(150.0)) == (math.inf, 0.25)
    assert playback.take(150.0) == []
    playback.rest(160.0)
    playback.go_on(200.0)
    playback.go_on(200.0)
    assert playback.due == 200.75


def test_a_position_is_never_beyond_what_was_not_handed_out() -> None:
    playback = played(letters(0.0, 1.0), 1.0)
    playback.take(100.0)
    assert playback.position(100.5) == 0.5
    assert playback.position(105.0) == 1.0
    playback.rest(105.0)
    playback.go_on(110.0)
    assert names(playback.take(110.0)) == "b"


def test_after_a_jump_comes_what_follows() -> None:
    film = letters(0.0, 1.0, 2.0, 3.0)
    playback = played(film, 3.0)
    playback.take(100.0)
    playback.jump(1.5, 100.25)
    assert playback.position(100.25) == 1.5
    assert playback.due == 100.75
    assert names(playback.take(100.75)) == "c"
    playback.jump(0.0, 101.0)
    assert names(playback.take(101.0)) == "a"
    assert film.asked == [0.0, 1.5, 0.0]


def test_a_jump_at_rest_stays_at_rest() -> None:
    playback = played(letters(0.0, 1.0, 2.0), 2.0)
    playback.rest(100.0)
    playback.jump(1.0, 101.0)
    assert (playback.due, playback.position(105.0)) == (math.inf, 1.0)
    playback.go_on(200.0)
    assert names(playback.take(200.0)) == "b"


def test_a_jump_after_the_end_plays_again() -> None:
    playback = played(letters(0.0), 0.0)
    playback.take(100.0)
    assert is_over(playback)
    playback.jump(0.0, 101.0)
    assert names(playback.take(101.0)) == "a"


def test_a_part_ends_with_what_came_at_its_end() -> None:
    playback = Playback(letters(0.0, 1.0, 2.0, 3.0), 1.0, 2.0)
    playback.go_on(100.0)
    assert names(playback.take(105.0)) == "bc"
    assert is_over(playback)


def test_a_loop_goes_on_without_a_pause() -> None:
    playback = played(letters(0.0, 0.25, 1.0), 1.0, loop=True)
    shown = []
    for _ in range(10):
        due = playback.due
        assert due is not None
        shown.append((due, names(playback.take(due))))
    assert [name for _, name in shown if name] == list("abcabcab")
    assert [due for due, name in shown if name] == [100, 100.25, 101, 101, 101.25, 102, 102, 102.25]
    assert playback.loops == 2


def test_a_loop_keeps_the_time_between_its_last_message_and_its_end() -> None:
    playback = Playback(letters(0.25, 0.5), 0.0, 2.0, loop=True)
    playback.go_on(100.0)
    playback.take(100.5)
    playback.take(100.5)
    assert playback.due == 102.0
    assert names(playback.take(102.0)) == ""
    assert playback.due == 102.25


def test_a_loop_of_one_moment_is_no_flood() -> None:
    playback = played(letters(0.0), 0.0, loop=True)
    playback.take(100.0)
    playback.take(100.0)
    assert playback.due == 101.0


def test_a_loop_of_nothing_ends() -> None:
    playback = played(letters(), 1.0, loop=True, speed=math.inf)
    assert playback.take(100.0) == []
    assert is_over(playback)


def test_without_messages_it_is_over() -> None:
    assert is_over(played(letters(), 1.0))


def times(moments: list[Moment]) -> list[float]:
    """The times in the headers, s."""
    return [one.frame.timestamp or 0.0 for one in moments]


def made_now(film: Film, end: float, **options: object) -> Playback:
    """A playback of what was recorded at 1000 s; the clock is 5000 s behind the time of day."""
    retiming = Retiming(1000 * SECOND, 5000 * SECOND)
    return played(film, end, retiming=retiming, **options)


def test_times_of_now_keep_their_differences() -> None:
    film = Film([moment(0.0, "a", 999.75), moment(1.0, "b", 1000.5), moment(2.0, "c")])
    playback = made_now(film, 2.0)
    assert times(playback.take(102.0)) == [5099.75, 5100.5, 0.0]


def test_times_of_now_are_moved_and_nothing_else() -> None:
    frame = moment(0.0, "a", 7.0).frame
    assert moved(frame, SECOND) == frame._replace(raw_time=8 << 32)
    assert moved(frame, 1)[3] == frame.raw_time + 4  # 2**-32 s are 0.23 ns
    moved(frame, -SECOND).verify()


@pytest.mark.parametrize("raw_time", [0, 1, (1 << 64) - 1])
def test_what_is_no_time_stays(raw_time: int) -> None:
    frame = moment(0.0, "a").frame._replace(raw_time=raw_time)
    offset = -SECOND if raw_time == 1 else SECOND
    assert moved(frame, offset) is frame


def test_times_of_now_rise_over_loops() -> None:
    playback = made_now(Film([moment(0.0, "a", 1000.0), moment(1.0, "b", 1001.0)]), 1.0, loop=True)
    found = [
        time for now in (100, 101, 101, 101, 102, 102, 102) for time in times(playback.take(now))
    ]
    assert found == [5100, 5101, 5101, 5102, 5102]


def test_times_of_now_are_those_of_now_after_pauses_and_jumps() -> None:
    film = Film(moment(float(n), "x", 1000.0 + n) for n in range(10))
    playback = made_now(film, 9.0)
    playback.take(100.0)
    playback.rest(100.5)
    playback.go_on(120.5)
    assert times(playback.take(121.0)) == [5121.0]
    playback.jump(8.0, 130.0)
    assert times(playback.take(130.0)) == [5130.0]
    playback.jump(0.0, 130.5)
    assert times(playback.take(130.5)) == [5130.5]


def test_times_of_now_never_fall_behind_those_sent() -> None:
    film = Film(moment(float(n), "x", 1000.0 + n) for n in range(10))
    playback = made_now(film, 9.0, speed=4.0)
    assert times(playback.take(101.0)) == [5100, 5101, 5102, 5103, 5104]
    playback.jump(0.0, 101.0)  # it is 5101 s now
    assert times(playback.take(101.0)) == [5104.0]
    playback.change_speed(1.0, 101.0)
    playback.rest(101.0)
    playback.go_on(110.0)
    assert times(playback.take(111.0)) == [5111.0]
