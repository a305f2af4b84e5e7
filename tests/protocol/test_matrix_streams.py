"""Every type that can be streamed: started, stopped, refused, late, twice, lost and restored."""

from __future__ import annotations

import itertools

import pytest

import igtl
from igtl.messages.query import Ready, Start, Stop
from igtl.protocol.exchange import State
from igtl.protocol.matching import names_its_items
from tests.protocol.conversation import (
    STREAMED,
    Cls,
    Pair,
    chunked,
    contents,
    for_each,
    named,
    taken,
)

PACED = [cls for cls in STREAMED if "interval" in getattr(Start.of(cls), "names", ())]


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_every_type_with_a_pace_is_here() -> None:
    assert len(PACED) == 5


class TestStream:
    @chunked
    @for_each(STREAMED)
    def test_from_start_to_stop(self, cls: Cls, chunk: int) -> None:
        pair = Pair(chunk=chunk)
        pair.offer(named(cls, "Dev", 1.0), named(cls, "Other", 1.0))
        stream = pair.ask(pair.stream(cls, "Dev"))
        assert (stream.state, stream.confirmed) == (State.RUNNING, True)
        pair.publish(named(cls, "Dev", 2.0), named(cls, "Other", 2.0))
        pair.offer(named(cls, "Dev", 3.0))  # goes to who asked
        assert [one.timestamp for one in taken(stream)] == [1.0, 2.0, 3.0]
        pair.stop(stream)
        assert stream.state is State.DONE
        pair.publish(named(cls, "Dev", 4.0), named(cls, "Other", 4.0))
        pair.offer(named(cls, "Dev", 5.0))  # goes to nobody
        assert [one.timestamp for one in taken(stream)] == []
        assert contents(pair.line()) == [  # what is published comes as before the stream
            (cls.wire_type, "Other", 2.0),
            (cls.wire_type, "Dev", 4.0),
            (cls.wire_type, "Other", 4.0),
        ]

    @for_each(STREAMED)
    def test_refusal(self, cls: Cls, pair: Pair) -> None:
        stream = pair.stream(cls, "Dev")
        (answer,) = pair.answers(stream.question)
        decoded = igtl.decode(answer)
        assert isinstance(decoded, Ready)
        assert (decoded.target, decoded.status) == (cls, 1)
        pair.receive(answer)
        with pytest.raises(igtl.NotAvailable, match="STT_"):
            stream.check()
        assert stream.stop(0.0) is None
        assert stream.state is State.DONE

    @for_each(STREAMED)
    def test_late_consent(self, cls: Cls, pair: Pair) -> None:
        """RTS_ comes after the time-out, behind STP_: both answers and the data are ours."""
        pair.offer(named(cls, "Dev"))
        stream = pair.stream(cls, "Dev")
        late = pair.answers(stream.question)
        stream.expire(0.5)
        with pytest.raises(igtl.TimeoutError):
            stream.check()
        with stream:
            stop = stream.stop(pair.clock.now)
        assert isinstance(stop, Stop)
        stopped = pair.answers(stop)
        pair.receive(*late)
        between = stream.state
        pair.receive(*stopped)
        assert (between, stream.state) == (State.STOPPING, State.DONE)
        assert pair.line() == taken(stream) == []

    @for_each(STREAMED)
    def test_late_refusal(self, cls: Cls, pair: Pair) -> None:
        stream = pair.stream(cls, "Dev")
        late = pair.answers(stream.question)
        stream.expire(0.5)
        stop = stream.stop(pair.clock.now)
        assert stop is not None
        pair.receive(*late, *pair.answers(stop))
        assert stream.state is State.DONE
        assert pair.line() == []

    @for_each(STREAMED)
    def test_started_twice(self, cls: Cls, pair: Pair) -> None:
        """The server sends once what two streams of one client ask for; one stop leaves one."""
        pair.offer(named(cls, "Dev", 1.0))
        first, second = (pair.ask(pair.stream(cls, "Dev")) for _ in range(2))
        pair.publish(named(cls, "Dev", 2.0))
        pair.stop(first)
        pair.publish(named(cls, "Dev", 3.0))
        assert [one.timestamp for one in taken(first)] == [1.0, 1.0, 2.0]
        assert [one.timestamp for one in taken(second)] == [1.0, 2.0, 3.0]
        pair.stop(second)
        pair.offer(named(cls, "Dev", 4.0))
        assert pair.line() == []

    @for_each(STREAMED)
    def test_stop_without_start(self, cls: Cls, pair: Pair) -> None:
        """What is unknown is refused; what is pushed goes silent."""
        answers = [igtl.decode(one) for one in pair.answers(Stop(cls, device_name="Dev"))]
        assert [(type(one), getattr(one, "status", None)) for one in answers] == [
            (Ready.of(cls), 1)
        ]
        pair.publish(named(cls, "Dev", 1.0))
        answers = [igtl.decode(one) for one in pair.answers(Stop(cls, device_name="Dev"))]
        assert [getattr(one, "status", None) for one in answers] == [0]
        pair.publish(named(cls, "Dev", 2.0), igtl.String("", device_name="Dev"))
        assert [type(one) for one in pair.line()] == [cls, igtl.String]

    @for_each(STREAMED)
    def test_consent_for_another_device(self, cls: Cls, pair: Pair) -> None:
        stream = pair.stream(cls, "Dev")
        pair.receive(Ready(cls, device_name="Other"))
        assert (stream.state is State.RUNNING) is names_its_items(cls)
        assert len(pair.line()) == (not names_its_items(cls))

    @for_each(STREAMED)
    def test_refusal_while_another_runs(self, cls: Cls, pair: Pair) -> None:
        pair.offer(named(cls, "A"))
        running = pair.ask(pair.stream(cls, "A"))
        asked = pair.stream(cls, "B")
        pair.receive(Ready(cls, 1, device_name="B"))
        assert (running.state, asked.state) == (State.RUNNING, State.REFUSED)

    @for_each(STREAMED)
    def test_end_by_the_peer(self, cls: Cls, pair: Pair) -> None:
        pair.offer(named(cls, "A"), named(cls, "B"))
        first, second = (pair.ask(pair.stream(cls, device)) for device in "AB")
        pair.receive(Ready(cls, 1, device_name="B"))
        assert (first.state, second.state) == (State.RUNNING, State.REFUSED)
        with pytest.raises(igtl.NotAvailable, match="status 1"):
            second.check()

    @for_each(STREAMED)
    def test_data_without_consent(self, cls: Cls, pair: Pair) -> None:
        """As the reference's TrackingDataServer answers; an RTS_ may still come."""
        stream = pair.stream(cls, "Dev")
        pair.receive(named(cls, "Dev", 1.0))
        assert (stream.state, stream.confirmed) == (State.RUNNING, False)
        pair.receive(named(cls, "Dev", 2.0), Ready(cls, device_name="Dev"), named(cls, "Dev", 3.0))
        assert stream.confirmed
        assert [one.timestamp for one in taken(stream)] == [1.0, 2.0, 3.0]
        assert pair.line() == []

    @for_each(STREAMED)
    def test_refusal_after_data(self, cls: Cls, pair: Pair) -> None:
        stream = pair.stream(cls, "Dev")
        pair.receive(named(cls, "Dev", 1.0), Ready(cls, 1, device_name="Dev"))
        assert stream.state is State.REFUSED

    @for_each(STREAMED)
    def test_repeated_consent_is_in_line(self, cls: Cls, pair: Pair) -> None:
        stream = pair.stream(cls, "Dev")
        pair.receive(Ready(cls, device_name="Dev"), Ready(cls, device_name="Dev"))
        assert stream.state is State.RUNNING
        assert pair.line() == [Ready(cls, device_name="Dev", timestamp=1.0)]

    @for_each(STREAMED)
    def test_aftermath(self, cls: Cls, pair: Pair) -> None:
        """Data that were on the way are thrown away, later ones are not."""
        stream = pair.stream(cls, "Dev")
        pair.receive(named(cls, "Dev", 1.0))
        pair.clock.now = 200.0
        with stream:
            assert stream.stop(pair.clock.now) is not None
        pair.clock.now = 200.9
        pair.receive(named(cls, "Dev", 2.0))
        assert pair.line() == []
        pair.clock.now = 260.0
        pair.receive(named(cls, "Dev", 3.0))
        assert [one.timestamp for one in pair.line()] == [3.0]
        assert stream.state is State.DONE
        assert not pair.session.active

    @for_each(STREAMED)
    def test_answer_by_number_is_no_data(self, cls: Cls, pair: Pair) -> None:
        pair.speak_version_2()
        pair.offer(named(cls, "Dev", 1.0))
        stream = pair.ask(pair.stream(cls, "Dev"))
        taken(stream)
        assert pair.ask(pair.session.get(cls, "Dev", {})).result().timestamp == 1.0
        assert taken(stream) == []

    @for_each(STREAMED)
    def test_numbered_data(self, cls: Cls, pair: Pair) -> None:
        """Message ids of the application's own mean nothing to a stream."""
        pair.speak_version_2()
        pair.offer(named(cls, "Dev", 1.0))
        stream = pair.ask(pair.stream(cls, "Dev"))
        pair.publish(named(cls, "Dev", 2.0).replace(message_id=4711))
        assert [one.timestamp for one in taken(stream)] == [1.0, 2.0]

    @pytest.mark.parametrize("version", [1, 2])
    @for_each(STREAMED)
    def test_data_of_a_version(self, cls: Cls, version: int, pair: Pair) -> None:
        """All of them have the header version of the question, the first and the others."""
        told = {"metadata": {"Site": "Room 2"}, "message_id": 77}
        pair.offer(named(cls, "Dev", 1.0).replace(**told))
        if version == 2:
            pair.speak_version_2()
        stream = pair.ask(pair.stream(cls, "Dev"))
        pair.publish(named(cls, "Dev", 2.0).replace(**told))
        pair.offer(named(cls, "Dev", 3.0).replace(**told))
        found = taken(stream)
        assert [one.timestamp for one in found] == [1.0, 2.0, 3.0]
        assert {one.header_version for one in found} == {max(version, cls.lowest_version)}
        if version >= cls.lowest_version:
            assert {bool(one.metadata) for one in found} == {version == 2}

    @for_each(STREAMED)
    def test_get_after_a_stream(self, cls: Cls, pair: Pair) -> None:
        pair.offer(named(cls, "Dev", 1.0))
        pair.stop(pair.ask(pair.stream(cls, "Dev")))
        assert pair.ask(pair.session.get(cls, "Dev", {})).result().timestamp == 1.0
        assert pair.line() == []

    @for_each(STREAMED)
    def test_get_during_a_stream(self, cls: Cls, pair: Pair) -> None:
        """What only came because of a stream did not come unasked."""
        pair.offer(named(cls, "Dev", 1.0))
        stream = pair.ask(pair.stream(cls, "Dev"))
        with pair.session.get(cls, "Dev", {}) as question:
            pair.ask(question)
        pair.stop(stream)
        assert pair.ask(pair.session.get(cls, "Dev", {})).result().timestamp == 1.0
        assert pair.line() == []

    @for_each(STREAMED)
    def test_lost_and_restored(self, cls: Cls, pair: Pair) -> None:
        """Streams are asked for again; of each device, what came before does not come twice."""
        pair.offer(named(cls, "A", 1.0), named(cls, "B", 1.0))
        stream, refused = pair.ask(pair.stream(cls)), pair.stream(cls, "X")
        pair.receive(Ready(cls, 1, device_name="X"))
        assert len(taken(stream)) == 2
        pair.session.lost("cable", over=False)
        assert stream.live
        pair.guest = type(pair.guest)()
        pair.inbox.begin()
        (question,) = pair.session.restored()
        assert isinstance(question, Start)
        assert (question.target, question.header_version) == (cls, 1)
        pair.offer(named(cls, "B", 2.0))
        pair.receive(*pair.answers(question))
        assert contents(taken(stream)) == [(cls.wire_type, "B", 2.0)]
        pair.publish(named(cls, "A", 1.0))  # the same again, but not first
        assert contents(taken(stream)) == [(cls.wire_type, "A", 1.0)]
        assert refused.state is State.REFUSED
        assert pair.line() == []

    @for_each(STREAMED)
    def test_what_came_before_the_stream_is_no_repetition(self, cls: Cls, pair: Pair) -> None:
        pair.receive(named(cls, "A"))
        stream = pair.stream(cls, "A")
        pair.receive(Ready(cls, device_name="A"))
        pair.session.lost("cable", over=False)
        pair.session.restored()
        pair.receive(named(cls, "A"))
        assert taken(stream) == [named(cls, "A")]

    @for_each(STREAMED)
    def test_refused_when_restored(self, cls: Cls, pair: Pair) -> None:
        pair.offer(named(cls, "A"))
        stream = pair.ask(pair.stream(cls, "A"))
        pair.session.lost("cable", over=False)
        (question,) = pair.session.restored()
        pair.receive(*Pair().answers(question))
        stream.check()
        assert stream.live
        assert stream.state is State.WAITING
        assert pair.line() == []

    @for_each(STREAMED)
    def test_lost_for_good(self, cls: Cls, pair: Pair) -> None:
        stream = pair.stream(cls, "A")
        pair.session.lost("cable", over=True)
        assert not stream.live
        with pytest.raises(igtl.ClosedError, match="cable"):
            stream.check()
        assert stream.stop(0.0) is None
        assert stream.over

    @for_each(PACED)
    def test_pace(self, cls: Cls, pair: Pair) -> None:
        """Two clients of one device: each as fast as it asked, and the last always arrives."""
        pair.offer(named(cls, "Dev", 0.5))
        slow, fast = pair, Pair(beside=pair)
        streams = {0.5: slow.ask(slow.stream(cls, "Dev", interval=0.5))}
        streams[0.125] = fast.ask(fast.stream(cls, "Dev", interval=0.125))
        times: dict[float, list[float]] = {0.5: [], 0.125: []}
        last: dict[float, float | None] = {}
        for tick in range(1, 60):
            for interval, stream in streams.items():
                for message in taken(stream):
                    times[interval].append(pair.clock.now)
                    last[interval] = message.timestamp
            pair.clock.now += 0.0625
            for client in (slow, fast):
                client.send_due()
                if tick <= 41:
                    client.publish(named(cls, "Dev", float(tick)))
        for interval, found in times.items():
            gaps = {after - before for before, after in itertools.pairwise(found)}
            assert gaps == {interval}
            assert last[interval] == 41.0
        assert (len(times[0.5]), len(times[0.125])) == (7, 22)

    @for_each([cls for cls in STREAMED if cls not in PACED])
    def test_no_pace(self, cls: Cls, pair: Pair) -> None:
        with pytest.raises(igtl.MessageError, match=r"STT_\w+ cannot carry that: .*interval"):
            pair.session.subscription(cls, "Dev", {"interval": 0.5})
