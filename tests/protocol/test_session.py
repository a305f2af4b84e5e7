"""The asking side: which frame answers what, versions, profiles, commands, and what peers do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import igtl
from igtl.protocol import exchange as bounds
from igtl.protocol.exchange import State
from igtl.protocol.profile import IGTL, PLUS, SLICER, V1
from tests.codec.wire import packet
from tests.protocol.conversation import Pair, contents, named, taken

HELLO_OF_SLICER = igtl.Status(0, header_version=2, metadata={"dummy": "dummy"})
TRACKED = igtl.Transform(
    np.eye(4), device_name="ProbeToTracker", metadata={"TransformStatus": "OK"}
)


@pytest.fixture
def pair() -> Pair:
    return Pair()


class TestNames:
    def test_the_question_that_names_the_device_goes_first(self, pair: Pair) -> None:
        anyone, exact = (pair.session.get(igtl.Image, name, {}) for name in (None, "CT"))
        pair.receive(named(igtl.Image, "CT"))
        assert (anyone.settled, exact.settled) == (False, True)
        pair.receive(named(igtl.Image, "CT"))
        assert anyone.settled

    def test_trackers_by_name_where_it_fits(self, pair: Pair) -> None:
        first, second = (pair.session.get(igtl.TrackingData, name, {}) for name in "AB")
        pair.receive(named(igtl.TrackingData, "B"))
        assert (first.settled, second.settled) == (False, True)
        pair.receive(named(igtl.TrackingData, "Somebody"))
        assert first.result().device_name == "Somebody"

    def test_a_tracker_that_is_pushed_is_not_another(self, pair: Pair) -> None:
        pair.receive(named(igtl.TrackingData, "Left"))
        question = pair.session.get(igtl.TrackingData, "Right", {})
        pair.receive(named(igtl.TrackingData, "Left"))
        assert not question.settled
        assert len(pair.line()) == 2

    def test_nor_does_a_stream_of_another_begin_with_it(self, pair: Pair) -> None:
        pair.receive(named(igtl.TrackingData, "Left"))
        stream = pair.stream(igtl.TrackingData, "Right")
        pair.receive(named(igtl.TrackingData, "Left"))
        assert not stream.settled
        assert len(pair.line()) == 2

    def test_a_stream_that_found_its_tracker_takes_no_other(self, pair: Pair) -> None:
        stream = pair.stream(igtl.TrackingData, "Right")
        pair.receive(*(named(igtl.TrackingData, device) for device in ("Server", "Right", "Left")))
        assert [one.device_name for one in taken(stream)] == ["Server", "Right"]
        assert [one.device_name for one in pair.line()] == ["Left"]

    def test_a_name_that_is_longer_than_the_header_has_room(self, pair: Pair) -> None:
        name = "StylusTipToTrackerReference"
        message = igtl.Transform(
            np.eye(4), device_name=name[:20], metadata={"IGTL_DEVICE_NAME": name}
        )
        question = pair.session.get(igtl.Transform, name[:20], {})
        pair.receive(message)
        assert question.result().device_name == name

    def test_hint_at_what_came_instead(self, pair: Pair) -> None:
        pair.receive(*(named(igtl.Image, f"CT{number}") for number in range(7)))
        question = pair.session.get(igtl.Image, "ct", {})
        question.expire(5.0)
        with pytest.raises(igtl.TimeoutError, match=r"within 5 s; IMAGE came from 'CT0'.*, \.\.\."):
            question.result()

    def test_no_hint_without_anything_like_it(self, pair: Pair) -> None:
        pair.receive(named(igtl.Image, "CT"))
        for device in (None, "CT"):
            question = pair.session.get(igtl.Image, device, {})
            question.expire(5.0)
            with pytest.raises(igtl.TimeoutError, match=r"within 5 s$"):
                question.result()


class TestVersions:
    def test_version_1_until_the_peer_speaks_2(self, pair: Pair) -> None:
        questions = [pair.session.get(igtl.Image, "CT", {}).question]
        pair.speak_version_2()
        questions += [pair.session.get(igtl.Image, "CT", {}).question for _ in range(2)]
        pair.inbox.begin()
        questions.append(pair.session.get(igtl.Image, "CT", {}).question)
        assert [one.header_version for one in questions] == [1, 2, 2, 1]
        assert questions[0].message_id == questions[3].message_id == 0
        assert 0 != questions[1].message_id != questions[2].message_id != 0

    def test_version_1_to_a_peer_of_that_profile(self) -> None:
        pair = Pair(V1)
        pair.speak_version_2()
        assert pair.session.get(igtl.Image, "CT", {}).question.header_version == 1

    def test_an_old_question_takes_no_numbered_answer_of_a_new_one(self, pair: Pair) -> None:
        old = pair.session.get(igtl.TrackingData, None, {})
        pair.speak_version_2()
        new = pair.session.get(igtl.TrackingData, None, {})
        pair.offer(named(igtl.TrackingData, "A"))
        pair.ask(new)
        assert (old.settled, new.settled) == (False, True)

    def test_answers_without_numbers_of_a_peer_that_knows_none(self, pair: Pair) -> None:
        pair.speak_version_2()
        question = pair.session.get(igtl.Image, "CT", {})
        pair.receive(named(igtl.Image, "CT").replace(header_version=2))
        assert question.result().device_name == "CT"


class TestConsent:
    def test_is_for_the_stream(self, pair: Pair) -> None:
        """A GET_ asked before waits for data, not for consent."""
        question = pair.session.get(igtl.Image, "CT", {})
        stream = pair.stream(igtl.Image, "CT")
        pair.receive(igtl.Ready(igtl.Image, device_name="CT"))
        assert (question.state, stream.state) == (State.ASKED, State.RUNNING)

    def test_without_a_name(self, pair: Pair) -> None:
        stream = pair.stream(igtl.Image, "CT")
        pair.receive(igtl.Ready(igtl.Image))
        assert stream.state is State.RUNNING

    def test_a_late_refusal_ends_no_stream_of_any_device(self, pair: Pair) -> None:
        stream = pair.stream(igtl.Image)
        pair.receive(igtl.Ready(igtl.Image), igtl.Ready(igtl.Image, 1, device_name="CT"))
        assert stream.state is State.RUNNING
        assert len(pair.line()) == 1

    def test_a_foreign_number(self, pair: Pair) -> None:
        pair.speak_version_2()
        stream = pair.stream(igtl.Image, "CT")
        number = stream.question.message_id
        pair.receive(igtl.Ready(igtl.Image, 1, device_name="CT", message_id=number + 1))
        before = stream.state
        pair.receive(igtl.Ready(igtl.Image, 1, device_name="CT", message_id=number))
        assert (before, stream.state) == (State.ASKED, State.REFUSED)


class TestStatus:
    @pytest.mark.parametrize("code", [1, 3, 7, 8, 14, 18, 99])
    def test_news_refuse_nothing(self, pair: Pair, code: int) -> None:
        question = pair.session.get(igtl.Point, "CT", {})
        pair.receive(igtl.Status(code, device_name="CT"))
        assert not question.settled
        assert len(pair.line()) == 1

    @pytest.mark.parametrize("code", [2, 4, 5, 6, 12, 13, 15, 16])
    def test_refusals(self, pair: Pair, code: int) -> None:
        question = pair.session.get(igtl.Image, "CT", {})
        pair.receive(igtl.Status(code, text="no scan", device_name="CT"))
        with pytest.raises(igtl.NotAvailable, match=f"STATUS {code} .no scan") as error:
            question.result()
        assert isinstance(error.value.answer, igtl.Status)
        assert pair.line() == []

    def test_of_another_device(self, pair: Pair) -> None:
        question = pair.session.get(igtl.Point, "CT", {})
        pair.receive(igtl.Status(4, device_name="MR"))
        assert not question.settled

    def test_that_was_asked_for_refuses_nothing(self, pair: Pair) -> None:
        status = pair.session.get(igtl.Status, "CT", {})
        pair.receive(igtl.Status(4, device_name="CT"))
        assert status.result().code == 4

    def test_without_a_name_does_not_refuse_a_status(self, pair: Pair) -> None:
        status = pair.session.get(igtl.Status, "CT", {})
        pair.receive(igtl.Status(4))
        assert not status.settled
        assert len(pair.line()) == 1


class TestMalformed:
    def test_answer(self, pair: Pair) -> None:
        question = pair.session.get(igtl.TrackingData, "Dev", {})
        pair.receive(packet("TDATA", bytes(699), device_name=b"Dev"))
        with pytest.raises(igtl.DecodeError, match="699"):
            question.result()

    @pytest.mark.parametrize("wire_type", ["RTS_IMAGE", "STATUS", "RTS_COMMAND"])
    def test_what_says_yes_or_no(self, pair: Pair, wire_type: str) -> None:
        """It is found where it is taken from the line, and means nothing."""
        question = pair.session.get(igtl.Image, "Dev", {})
        order = pair.session.command("Go", "", "", None)
        pair.receive(packet(wire_type, b"", device_name=b"Dev", crc=5))
        assert (question.state, order.state) == (State.ASKED, State.ASKED)
        with pytest.raises(igtl.DecodeError):
            pair.line()

    def test_first_words(self, pair: Pair) -> None:
        pair.receive(packet("STATUS", b"", crc=5), HELLO_OF_SLICER)
        assert pair.session.profile is SLICER


class TestProfiles:
    def test_slicer_is_never_asked(self, pair: Pair) -> None:
        pair.receive(HELLO_OF_SLICER)
        assert pair.session.profile is SLICER
        with pytest.raises(igtl.MessageError, match=r"GET_IMAGE is not sent to a peer of profile"):
            pair.session.get(igtl.Image, "CT", {})
        with pytest.raises(igtl.MessageError, match="STT_TDATA is not sent"):
            pair.session.subscription(igtl.TrackingData, "T", {})
        assert pair.session.command("Go", "", "", None).question.wire_type == "COMMAND"
        assert pair.line() == [HELLO_OF_SLICER.replace(timestamp=1.0)]

    @pytest.mark.parametrize("place", range(5))
    def test_the_first_three_messages_tell(self, pair: Pair, place: int) -> None:
        for number in range(5):
            other = igtl.String("x", header_version=2)
            pair.receive(TRACKED if number == place else other)
        assert pair.session.profile is (PLUS if place < 3 else IGTL)

    def test_the_first_three_of_each_header_version_tell(self, pair: Pair) -> None:
        """PLUS begins with version 1, which has no room for its signs."""
        for _ in range(5):
            pair.receive(igtl.String("x"))
        assert pair.session.profile is IGTL
        pair.receive(TRACKED)
        assert pair.session.profile is PLUS

    def test_whoever_is_told_what_to_send_is_plus(self, pair: Pair) -> None:
        for _ in range(5):
            pair.receive(igtl.String("x"))
        pair.session.takes_wishes()
        assert pair.session.profile is PLUS

    def test_wishes_change_no_profile_that_is_known(self, pair: Pair) -> None:
        told = Pair(IGTL)
        told.session.takes_wishes()
        assert told.session.profile is IGTL
        pair.receive(HELLO_OF_SLICER)
        slicer = pair.session.profile
        pair.session.takes_wishes()
        assert pair.session.profile is slicer is not PLUS

    @pytest.mark.parametrize("cls", ["IMAGE", int, None, igtl.Image(np.zeros((2, 2)))])
    def test_what_is_asked_for_is_a_class(self, pair: Pair, cls: Any) -> None:
        for ask in (pair.session.get, pair.session.subscription):
            with pytest.raises(igtl.MessageError, match=r"give a class such as igtl\.Image"):
                ask(cls, "D", {})

    def test_fields_that_a_query_lacks(self, pair: Pair) -> None:
        with pytest.raises(igtl.MessageError, match=r"GET_IMAGE cannot carry that: .*foo"):
            pair.session.get(igtl.Image, "D", {"foo": 1})

    def test_a_refusal_may_say_why(self, pair: Pair) -> None:
        question = pair.session.get(igtl.Transform, "X", {})
        reason = {"ErrorMessage": "no TRANSFORM of device X; there is Y"}
        pair.receive(igtl.Ready(igtl.Transform, 1, device_name="X", metadata=reason))
        with pytest.raises(igtl.NotAvailable, match="status 1: no TRANSFORM of device X; there"):
            question.result()

    def test_a_profile_that_was_given_stays(self) -> None:
        pair = Pair(IGTL)
        pair.receive(HELLO_OF_SLICER)
        assert pair.session.profile is IGTL


class TestStreams:
    def test_who_takes_nothing_loses_the_oldest(
        self, pair: Pair, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bounds, "_MOST_FRAMES", 80)
        stream = pair.stream(igtl.Transform, "Dev")
        pair.receive(*(named(igtl.Transform, "Dev", float(number)) for number in range(1, 82)))
        assert stream.dropped == pair.inbox.counters.dropped > 0
        times = [one.timestamp for one in taken(stream)]
        assert times == [float(number) for number in range(1 + stream.dropped, 82)]

    def test_one_device_and_any(self, pair: Pair) -> None:
        own, every = pair.stream(igtl.Transform, "A"), pair.stream(igtl.Transform)
        pair.receive(named(igtl.Transform, "A"), named(igtl.Transform, "B"))
        assert [one.device_name for one in taken(own)] == ["A"]
        assert [one.device_name for one in taken(every)] == ["A", "B"]

    def test_get_of_what_is_streamed(self, pair: Pair) -> None:
        stream = pair.stream(igtl.Transform, "A")
        question = pair.session.get(igtl.Transform, "A", {})
        pair.receive(named(igtl.Transform, "A", 5.0))
        assert question.result().timestamp == 5.0
        assert contents(taken(stream)) == [("TRANSFORM", "A", 5.0)]
        assert pair.line() == []

    def test_nothing_is_active_in_the_end(self, pair: Pair) -> None:
        pair.offer(named(igtl.Transform, "A"))
        with pair.session.get(igtl.Transform, "A", {}), pair.session.command("x", "", "", None):
            stream = pair.ask(pair.stream(igtl.Transform, "A"))
            assert pair.session.active
        pair.stop(stream)
        pair.receive(named(igtl.Image, "B"))
        assert not pair.session.active
