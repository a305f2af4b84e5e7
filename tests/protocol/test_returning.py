"""Streams over a new connection: refused, they are asked for again; nothing is lost in between."""

from __future__ import annotations

import pytest

import igtl
from igtl.messages.query import Ready, Start, Stop
from igtl.protocol.exchange import State, Subscription
from tests.protocol.conversation import Pair, contents, named, taken

T = igtl.Transform
NO = Ready(T, 1, device_name="A")
YES = Ready(T, 0, device_name="A")


@pytest.fixture
def pair() -> Pair:
    return Pair()


def back(pair: Pair) -> Subscription[T]:
    """A stream that ran, and is asked for over a new connection."""
    stream = pair.stream(T, "A")
    pair.receive(YES)
    pair.session.lost("cable", over=False)
    pair.inbox.begin()
    assert [type(one) for one in pair.session.restored()] == [type(stream.question)]
    return stream


def test_it_is_asked_again_until_there_is_consent(pair: Pair) -> None:
    stream, session = back(pair), pair.session
    delays = []
    for _ in range(8):
        pair.receive(NO)
        assert session.again(pair.clock.now) == []
        delays.append(session.due_at - pair.clock.now)
        pair.clock.now = session.due_at
        assert session.again(pair.clock.now) == [stream.question]
        assert session.again(pair.clock.now + 100) == []  # it was asked
    for delay, most in zip(delays, (0.25, 0.5, 1, 2, 2, 2, 2, 2), strict=True):
        assert most / 2 <= delay <= most
    pair.receive(YES)
    assert stream.state is State.RUNNING
    assert pair.line() == []
    pair.receive(Ready(T, 1, device_name="A"))
    with pytest.raises(igtl.NotAvailable, match="the peer ended it"):
        stream.check()


def test_a_status_says_no_as_well(pair: Pair) -> None:
    stream = back(pair)
    pair.receive(igtl.Status(4, device_name="A"))
    assert stream.state is State.WAITING
    assert stream.live


def test_a_status_of_what_is_heard_is_news(pair: Pair) -> None:
    stream = back(pair)
    pair.receive(named(T, "A"), igtl.Status(4, device_name="A"))
    assert stream.state is State.RETURNING
    assert [one.wire_type for one in pair.line()] == ["STATUS"]


def test_data_that_come_meanwhile_are_given_once(pair: Pair) -> None:
    """What a server publishes comes to all, and the newest again with its consent."""
    stream = back(pair)
    pair.receive(NO, named(T, "A", 1.0), named(T, "A", 2.0))
    pair.session.again(pair.clock.now + 1)
    pair.receive(named(T, "A", 3.0), YES, named(T, "A", 3.0), named(T, "A", 4.0))
    assert [time for *_, time in contents(taken(stream))] == [1.0, 2.0, 3.0, 4.0]


def test_what_could_not_be_sent_is_due_later(pair: Pair) -> None:
    stream, session = back(pair), pair.session
    pair.receive(NO)
    pair.clock.now = now = session.due_at
    for asked in (False, True):
        if asked:
            session.again(now)
        session.postpone(now)
        assert stream.state is State.WAITING
        assert session.due_at > now


def test_who_waits_is_told_why(pair: Pair) -> None:
    stream = back(pair)
    pair.receive(NO.replace(metadata={"ErrorMessage": "no A"}))
    assert stream.refused == "the answer was RTS_TRANS with status 1: no A"


def test_where_nothing_was_consented_nothing_is_stopped(pair: Pair) -> None:
    stream = back(pair)
    pair.receive(NO)
    assert stream.stop(pair.clock.now) is None
    assert pair.session.again(pair.clock.now + 100) == []


def test_each_of_two_streams_is_asked_again(pair: Pair) -> None:
    streams = [pair.stream(T, "A"), pair.stream(T, "A")]
    pair.receive(YES, YES)
    pair.session.lost("cable", over=False)
    pair.session.restored()
    pair.receive(NO, NO)
    assert [one.state for one in streams] == [State.WAITING] * 2


class TestMeanwhile:
    """Between `restored` and the moment when everybody may send again."""

    def test_what_is_asked_is_sent_once(self, pair: Pair) -> None:
        pair.speak_version_2()
        pair.session.lost("cable", over=False)
        assert pair.session.restored() == []
        question = pair.session.get(T, "A", {})
        pair.inbox.begin()
        assert [one.wire_type for one in pair.session.unsent()] == ["GET_IGTL", "GET_TRANS"]
        assert question.question.header_version == 1  # nothing is known of this connection
        assert pair.session.words(question) == pair.session.unsent() == []

    def test_what_was_asked_again_is_not_sent_twice(self, pair: Pair) -> None:
        question = pair.session.get(T, "A", {})
        pair.session.lost("cable", over=False)
        assert pair.session.restored() == [question.question]
        assert pair.session.words(question) == []

    def test_what_is_stopped_is_said(self, pair: Pair) -> None:
        stream = back(pair)
        with stream:
            stream.stop(pair.clock.now)
        (stop,) = pair.session.unsent()
        assert isinstance(stop, Stop)
        assert pair.session.unsent() == pair.session.words(stream) == []

    def test_what_was_never_asked_is_not_stopped(self, pair: Pair) -> None:
        back(pair)
        other = pair.stream(T, "B")
        with other:
            other.stop(pair.clock.now)
        assert pair.session.unsent() == []
        assert other.state is State.DONE

    @pytest.mark.parametrize("ran", [True, False])
    def test_what_is_stopped_while_there_is_no_link(self, pair: Pair, ran: bool) -> None:
        stream = pair.stream(T, "A")
        if ran:
            pair.receive(YES)
        pair.session.lost("cable", over=False)
        assert stream.stop(pair.clock.now) is None
        assert stream.state is State.DONE
        assert pair.session.restored() == []

    def test_the_question_is_the_stream(self, pair: Pair) -> None:
        stream = pair.stream(T, "A")
        hello, question = pair.session.words(stream)
        assert hello.wire_type == "GET_IGTL"
        assert isinstance(question, Start)
        pair.receive(YES)
        assert stream.stop(pair.clock.now) is not None
        (stop,) = pair.session.words(stream)
        assert isinstance(stop, Stop)
