"""What one client is sent, and how fast."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import igtl
from igtl.messages.series import Series
from igtl.protocol import flow as bounds
from igtl.protocol.flow import Flow, Flows
from igtl.protocol.outgoing import Outgoing
from igtl.protocol.plus import Subscription as Wishes
from tests.protocol.conversation import named
from tests.protocol.videos import frame, frames, is_whole, letters, told

T = igtl.Transform


def item(device: str, time: float = 1.0, cls: type[igtl.Message] = T) -> Outgoing:
    return Outgoing(named(cls, device, time), 1.0)


def series(count: int) -> Outgoing:
    return Outgoing(Series(T, matrix=np.stack([np.eye(4)] * count), device_name="A"), 1.0)


def devices(items: list[Outgoing]) -> list[str]:
    return [one.message().device_name for one in items]


def times(items: list[Outgoing]) -> list[float | None]:
    return [one.message().timestamp for one in items]


class TestFlow:
    def test_no_interval_lets_everything_pass(self) -> None:
        flow = Flow(0.0)
        for thing in (item("A"), item("A"), series(3)):
            assert flow.pass_on(thing, 0.0) is thing
        assert flow.next_due() is None

    def test_a_negative_interval_is_none(self) -> None:
        assert Flow(-1.0).interval == 0.0

    def test_the_newest_is_held(self) -> None:
        flow, things = Flow(1.0), [item("A", float(number)) for number in range(1, 5)]
        assert [flow.pass_on(one, 0.5 * n) for n, one in enumerate(things)] == [
            things[0],
            None,
            things[2],
            None,
        ]
        assert flow.next_due() == 2.0
        assert flow.due(1.99) == []
        assert times(flow.due(2.0)) == [4.0]
        assert flow.due(9.0) == []

    def test_what_is_held_for_a_client_of_version_1(self) -> None:
        flow = Flow(1.0, version=1)
        told = Outgoing(named(T, "A").replace(metadata={"a": "b"}), 1.0)
        passed = [flow.pass_on(told, 0.0), flow.pass_on(told, 0.5), *flow.due(1.0)]
        assert [one and one.message().header_version for one in passed] == [1, None, 1]

    def test_what_is_held_does_not_follow_what_is_newer(self) -> None:
        flow = Flow(1.0)
        for when, time in ((0.0, 1.0), (0.5, 2.0), (1.5, 3.0)):
            flow.pass_on(item("A", time), when)
        assert flow.next_due() is None
        assert flow.due(9.0) == []

    @pytest.mark.parametrize("apart", [0.0, 9.0])
    def test_devices_beyond_the_bound_are_forgotten(
        self, monkeypatch: pytest.MonkeyPatch, apart: float
    ) -> None:
        monkeypatch.setattr(bounds, "_MOST_DEVICES", 3)
        flow = Flow(1.0)
        for number, device in enumerate("ABCDEFG"):
            for time in (1.0, 2.0):
                flow.pass_on(item(device, time), number * apart)
        assert len(flow._free_at) == 3
        assert flow.next_due() is not None
        assert devices(flow.due(99.0)) == list("EFG")
        assert flow.next_due() is None

    def test_what_is_held_of_a_forgotten_device_is_due(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bounds, "_MOST_DEVICES", 2)
        flow = Flow(1.0)
        for device in "AABC":
            flow.pass_on(item(device), 5.0)
        assert flow.next_due() == 0.0
        assert devices(flow.due(5.0)) == ["A"]

    def test_devices_do_not_wait_for_each_other(self) -> None:
        flow = Flow(1.0)
        assert devices([one for d in "ABAB" if (one := flow.pass_on(item(d), 0.0))]) == ["A", "B"]
        assert sorted(devices(flow.due(1.0))) == ["A", "B"]

    def test_of_a_series_the_last_passes(self) -> None:
        passed = Flow(1.0).pass_on(series(5), 0.0)
        assert passed is not None
        assert passed.count == 1

    @given(st.lists(st.floats(0, 2), min_size=1, max_size=30), st.sampled_from([0.1, 0.5, 1.0]))
    def test_never_too_fast_and_the_last_always_arrives(
        self, gaps: list[float], interval: float
    ) -> None:
        flow, now, sent = Flow(interval), 0.0, []
        for number, gap in enumerate(gaps, 1):
            while (when := flow.next_due()) is not None and when <= now + gap:
                sent += [(when, one) for one in flow.due(when)]
            now += gap
            passed = flow.pass_on(item("A", float(number)), now)
            sent += [(now, passed)] if passed else []
        sent += [(when, one) for when in [flow.next_due() or now] for one in flow.due(when)]
        assert all(b[0] - a[0] >= interval - 1e-9 for a, b in itertools.pairwise(sent))
        assert times([sent[-1][1]]) == [float(len(gaps))]


class TestVideo:
    """Frames build on each other: all of them pass, or none but key frames."""

    @staticmethod
    def passed(
        interval: float, kinds: str, rate: float, jitter: Sequence[float] = (0.0,)
    ) -> list[tuple[float, Outgoing]]:
        """When which frames go out of a video that comes at a rate."""
        flow, went = Flow(interval), []
        for number, (one, late) in enumerate(zip(frames(kinds), itertools.cycle(jitter))):
            now = number / rate + late
            while (when := flow.next_due()) is not None and when <= now:
                went += [(when, item) for item in flow.due(when)]
            item = flow.pass_on(one, now)
            went += [(now, item)] if item else []
        return went + [(when, item) for when in [flow.next_due() or 0] for item in flow.due(when)]

    @pytest.mark.parametrize(
        ("interval", "every", "expected"),
        [
            (0.5, 15, 20),  # key frames come just as asked
            (0.2, 15, 20),  # less often
            (0.6, 15, 17),  # more often: some are held
            (1.0, 300, 1),
        ],
    )
    def test_who_wants_fewer_frames_gets_key_frames_only(
        self, interval: float, every: int, expected: int
    ) -> None:
        went = self.passed(interval, ("K" + "p" * (every - 1)) * (300 // every), 30.0)
        kinds = letters(told(item for _, item in went))
        assert set(kinds) == {"K"}
        assert len(kinds) in (expected, expected + 1)
        times = [when for when, _ in went]
        assert all(b - a >= interval - 1e-9 for a, b in itertools.pairwise(times))

    @given(st.lists(st.floats(0, 0.012), min_size=1, max_size=50), st.sampled_from([0.04, 0.033]))
    def test_a_video_that_is_as_slow_as_asked_passes_at_once(
        self, jitter: list[float], interval: float
    ) -> None:
        kinds = "pKpppp" * 40
        went = self.passed(interval, kinds, 25.0, jitter)
        assert letters(told(item for _, item in went)) == kinds

    @pytest.mark.parametrize("rate", [10.0, 100.0])
    def test_of_key_frames_the_newest_arrives(self, rate: float) -> None:
        went = self.passed(0.1, "K" * 30, rate)
        assert told([went[-1][1]]) == told(frames("K", 30))
        assert len(went) == (30 if rate == 10 else pytest.approx(4, abs=2))

    def test_of_a_key_frame_that_is_held_the_next_ones_do_not_overtake(self) -> None:
        flow = Flow(1.0)
        for number, one in enumerate(frames("K" * 9)):
            flow.pass_on(one, 0.01 * number)
        assert flow.next_due() is not None
        assert [flow.pass_on(one, 99.0) for one in frames("p", 10)] == [None]
        (newer,) = frames("K", 11)
        assert flow.pass_on(newer, 200.0) is newer
        assert flow.due(999.0) == []

    def test_what_was_too_fast_and_is_slow_again(self) -> None:
        flow, now = Flow(1.0), 0.0
        for one in frames("Kppppp"):
            flow.pass_on(one, now)
        went: list[Outgoing] = []
        for one in frames("pppppppppKpp", 7):
            now += 1.5
            passed = flow.pass_on(one, now)
            went += [passed] if passed else []
        assert letters(told(went)) == "Kpp"

    @given(
        st.lists(
            st.tuples(st.sampled_from("Kpps?I"), st.floats(0, 0.3), st.sampled_from("AB")),
            max_size=60,
        )
    )
    def test_whatever_comes_each_frame_follows_what_it_builds_on(
        self, steps: list[tuple[str, float, str]]
    ) -> None:
        flow, now = Flow(0.1), 0.0
        went: dict[str, list[Outgoing]] = {"A": [], "B": []}
        counts = {"A": 0, "B": 0}
        for kind, gap, device in steps:
            now += gap
            counts[device] += 1
            for item in flow.due(now):
                went[item.message().device_name].append(item)
            passed = flow.pass_on(frame(kind, counts[device], device=device), now)
            went[device] += [passed] if passed else []
        assert all(is_whole(told(items)) for items in went.values())

    def test_devices_beyond_the_bound_are_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bounds, "_MOST_DEVICES", 3)
        flow = Flow(1.0)
        for device in "ABCDE":
            flow.pass_on(frame("K", 1, device=device), 0.0)
        assert len(flow._came) == 3

    def test_no_interval_lets_all_frames_pass(self) -> None:
        flow = Flow(0.0)
        assert letters(told(filter(None, (flow.pass_on(one, 0.0) for one in frames("pKpp"))))) == (
            "pKpp"
        )


class TestVideoFlows:
    """Whatever a client asks for, what it gets of a video follows what it builds on."""

    @given(
        st.lists(
            st.one_of(
                st.tuples(st.sampled_from("Kppps"), st.floats(0, 0.2)),
                st.tuples(st.sampled_from(["start", "stop"]), st.sampled_from([0.0, 0.1, 9.0])),
                st.tuples(st.just("filter"), st.booleans()),
            ),
            max_size=60,
        ),
        st.sampled_from(["", "US"]),
    )
    def test_whatever_is_asked(self, steps: list[tuple[str, float]], device: str) -> None:
        flows, now, number = Flows(), 0.0, 0
        went: list[Outgoing] = []
        for step, value in steps:
            match step:
                case "start":
                    flows.start(igtl.Video, device, value)
                case "stop":
                    flows.stop(igtl.Video, "US" if value else device)
                case "filter":
                    flows.subscribe(Wishes(types=("VIDEO",), images=("Other",) if value else ()))
                case _:
                    now += value
                    number += 1
                    went += flows.due(now)
                    items = frames(step, number)
                    went += items if flows.plain else flows.pick(items, now, pushed=True)
        assert is_whole(told(went))

    def test_after_a_stream_of_key_frames_all_of_it(self) -> None:
        flows = Flows()
        flows.start(igtl.Video, "", 1.0)
        shown = flows.pick(frames("Kppp"), 0.0, pushed=True)
        flows.stop(igtl.Video, "")
        assert not flows.plain
        shown += flows.pick(frames("ppKpp", 5), 0.1, pushed=True)
        assert letters(told(shown)) == "KKpp"
        assert flows.plain

    def test_a_device_that_is_not_wanted_for_a_while(self) -> None:
        flows = Flows()
        flows.stop(igtl.Video, "US")
        assert flows.pick(frames("Kp"), 0.0, pushed=True) == []
        flows.start(igtl.Video, "US", 0.0)
        shown = flows.pick(frames("pKp", 3), 0.1, pushed=True)
        assert letters(told(shown)) == "Kp"


class TestFlows:
    def test_who_asks_for_nothing_gets_what_is_pushed(self) -> None:
        flows = Flows()
        assert flows.plain
        assert devices(flows.pick([item("A")], 0.0, pushed=True)) == ["A"]
        assert flows.pick([item("A")], 0.0, pushed=False) == []

    @pytest.mark.parametrize(
        ("steps", "pushed", "offered"),
        [
            ([], "AB", ""),
            (["+A"], "AB", "A"),
            (["+"], "AB", "AB"),
            (["+A", "-A"], "AB", ""),
            (["+", "-A"], "B", "B"),
            (["+", "-"], "AB", ""),
            (["+", "-A", "-"], "AB", ""),
            (["+", "-A", "+A"], "AB", "AB"),
            (["+", "-A", "+A", "-A"], "B", "B"),
            (["-"], "", ""),
            (["-A"], "B", ""),
            (["-", "+A"], "A", "A"),
            (["-A", "+"], "AB", "AB"),
            (["+A", "+", "-A"], "AB", "AB"),
            (["+A", "+B", "-"], "AB", ""),
            (["-A", "+A", "-A"], "B", ""),
            (["-", "+", "-"], "", ""),
            (["+A", "-A", "+A"], "AB", "A"),
            (["-", "+"], "AB", "AB"),
        ],
    )
    def test_start_and_stop(self, steps: list[str], pushed: str, offered: str) -> None:
        flows = Flows()
        for step in steps:
            if step[0] == "+":
                flows.start(T, step[1:], 0.0)
            else:
                flows.stop(T, step[1:])
        both = [item("A"), item("B")]
        assert "".join(devices(flows.pick(both, 0.0, pushed=True))) == pushed
        assert "".join(devices(flows.pick(both, 0.0, pushed=False))) == offered
        other = item("A", cls=igtl.String)
        assert flows.pick([other], 0.0, pushed=True) == [other]

    def test_what_found_no_room_is_held_again(self) -> None:
        flows = Flows()
        flows.subscribe(Wishes(types=("TDATA",), tracking_interval=1.0))
        flows.start(T, "", 1.0)
        things = [item("A"), item("B", cls=igtl.TrackingData), item("C", cls=igtl.String)]
        assert devices(flows.hold(things, 5.0)) == ["C"]
        assert flows.next_due() == 6.0
        assert sorted(devices(flows.due(6.0))) == ["A", "B"]

    def test_which_there_are(self) -> None:
        flows = Flows()
        flows.start(T, "A", 0.0)
        found = [flows.has(T, "A"), flows.has(T, ""), flows.has(T, "B"), flows.has(igtl.Image, "")]
        assert found == [True, True, False, False]
        assert not flows.plain

    def test_another_pace(self) -> None:
        flows = Flows()
        flows.start(T, "A", 1.0)
        things = [item("A"), item("A")]
        assert len(flows.pick(things, 0.0, pushed=True)) == 1
        flows.start(T, "A", 0.0)
        assert len(flows.pick(things, 0.0, pushed=True)) == 2
        assert flows.next_due() is None

    def test_next_due_is_the_first(self) -> None:
        flows = Flows()
        flows.start(T, "A", 1.0)
        flows.start(T, "B", 0.25)
        flows.pick([item(device) for device in "AABB"], 0.0, pushed=True)
        assert flows.next_due() == 0.25
        assert devices(flows.due(0.5)) == ["B"]
        assert flows.next_due() == 1.0

    @pytest.mark.parametrize("change", ["stop", "start"])
    def test_what_was_held_for_a_stream_that_is_over(self, change: str) -> None:
        flows = Flows()
        flows.start(T, "", 1.0)
        flows.pick(
            [item("A", 1.0), item("A", 2.0), item("B", 1.0), item("B", 2.0)], 0.0, pushed=True
        )
        flows.stop(T, "A") if change == "stop" else flows.start(T, "A", 0.0)
        assert devices(flows.due(5.0)) == ["B"]

    def test_types_that_nobody_knows(self) -> None:
        odd = Outgoing(igtl.Unknown("ODD", b"x"), 1.0)
        flows = Flows()
        flows.stop(T, "")
        assert flows.pick([odd], 0.0, pushed=True) == [odd]
        assert flows.pick([odd], 0.0, pushed=False) == []

    def test_silence_is_stronger_than_wishes(self) -> None:
        flows = Flows()
        flows.subscribe(Wishes(types=("TDATA",), tracking_interval=1.0))
        things = [item("A", float(n), igtl.TrackingData) for n in (1, 2)]
        assert len(flows.pick(things, 0.0, pushed=True)) == 1
        flows.stop(igtl.TrackingData, "A")
        assert flows.due(2.0) == []
        assert flows.pick(things, 9.0, pushed=True) == []
