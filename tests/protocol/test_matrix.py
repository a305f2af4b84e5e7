"""Every type and every query of it: asked, answered, refused, late, twice, lost and restored."""

from __future__ import annotations

import pytest

import igtl
from igtl.codec.frame import parse
from igtl.messages.query import Companion, Get, Ready
from igtl.protocol.exchange import State
from igtl.protocol.matching import names_its_items
from tests.messages.samples import sample
from tests.own_types import own_types
from tests.protocol.conversation import (
    QUERIED,
    STREAMED,
    Cls,
    Pair,
    chunked,
    contents,
    for_each,
    named,
)

#: What a server always has.
COMPUTED: list[Cls] = [igtl.Status, igtl.Capability]
GIVEN = [cls for cls in QUERIED if cls is not igtl.Capability]
REFUSED = [cls for cls in QUERIED if cls not in COMPUTED]
#: Whose messages of one name answer a question for that name only.
EXACT = [cls for cls in GIVEN if not names_its_items(cls)]
NO_QUERIES = {"CLIENTINFO", "COMMAND", "RTS_COMMAND", "QUERY"}
LISTS: list[Cls] = [igtl.ImageMeta, igtl.LabelMeta, igtl.VideoMeta]
NO_RTS = [cls for cls in REFUSED if Ready.of(cls) is None]


@pytest.fixture
def pair() -> Pair:
    return Pair()


def bodies(answers: list[bytes]) -> list[int]:
    return [len(packet) - 58 for packet in answers]


def test_every_type_is_here() -> None:
    types = {cls.wire_type for cls in own_types().values() if not issubclass(cls, Companion)}
    assert types == {cls.wire_type for cls in QUERIED} | NO_QUERIES
    assert set(STREAMED) <= set(QUERIED)
    assert len(QUERIED) == 19
    assert len(STREAMED) == 10


@pytest.mark.parametrize(
    "name", [n for n, cls in own_types().items() if issubclass(cls, Companion)]
)
def test_every_name_on_the_wire(name: str, pair: Pair) -> None:
    """Each is answered by data or RTS_, its content never empty; RTS_ is no question."""
    cls = own_types()[name]
    assert issubclass(cls, Companion)
    if cls.target is not igtl.Capability:
        pair.offer(named(cls.target, "Dev"))
    question = sample(cls).replace(wire_type=name, device_name="Dev")
    if issubclass(cls, Get) and cls.target is igtl.Bind:
        question = Get(igtl.Bind, device_name="Dev")
    answers = [igtl.decode(one) for one in pair.answers(question)]
    expected: list[Cls | None] = {
        "GET_": [cls.target],
        "STT_": [Ready.of(cls.target), cls.target],
        "STP_": [Ready.of(cls.target)],
        "RTS_": [],
    }[cls.prefix]  # type: ignore[assignment]
    assert [type(one) for one in answers] == expected
    assert all(getattr(one, "status", 0) == 0 for one in answers if isinstance(one, Ready))
    assert 0 not in bodies(pair.answers(question))


class TestGet:
    @chunked
    @for_each(GIVEN)
    def test_answer(self, cls: Cls, chunk: int) -> None:
        pair = Pair(chunk=chunk)
        pair.offer(named(cls, "Dev"), named(cls, "Other", 2.0))
        answer = pair.ask(pair.session.get(cls, "Dev", {}))
        assert answer.result() == named(cls, "Dev")
        assert pair.line() == []

    def test_capability_is_what_the_server_has(self, pair: Pair) -> None:
        pair.offer(named(igtl.Image, "CT"))
        found = pair.ask(pair.session.get(igtl.Capability, None, {})).result()
        queries = {"GET_IMAGE", "STT_IMAGE", "STP_IMAGE", "GET_STATUS", "GET_CAPABIL"}
        assert set(found.types) == {"IMAGE", "STATUS", "CAPABILITY", "COMMAND"} | queries

    @for_each(REFUSED)
    def test_refusal(self, cls: Cls, pair: Pair) -> None:
        question = pair.session.get(cls, "Dev", {})
        answers = pair.answers(question.question)
        (answer,) = map(igtl.decode, answers)
        if Ready.of(cls):
            assert isinstance(answer, Ready)
            assert (answer.target, answer.status) == (cls, 1)
        else:
            assert isinstance(answer, igtl.Status)
            assert answer.code == igtl.StatusCode.NOT_FOUND
        assert answer.device_name == "Dev"
        assert 0 not in bodies(answers)
        pair.receive(*answers)
        with pytest.raises(
            igtl.NotAvailable, match=f"GET_.*'Dev' from server: .*{answer.wire_type}"
        ):
            question.result()
        assert pair.line() == []

    @for_each(REFUSED)
    def test_refusal_of_any(self, cls: Cls, pair: Pair) -> None:
        question = pair.ask(pair.session.get(cls, None, {}))
        with pytest.raises(igtl.NotAvailable):
            question.result()
        # A STATUS without a name may be news as well.
        assert len(pair.line()) == (Ready.of(cls) is None)

    @for_each(COMPUTED)
    def test_never_refused(self, cls: Cls, pair: Pair) -> None:
        question = pair.session.get(cls, "Dev", {})
        assert pair.ask(question).result().device_name in ("Dev", "server")

    @for_each(REFUSED)
    def test_refusal_of_another_device(self, cls: Cls, pair: Pair) -> None:
        """As it comes when the question was given up."""
        late = pair.session.get(cls, "A", {})
        with late:
            late.expire(1.0)
        question = pair.session.get(cls, "B", {})
        pair.receive(*pair.answers(late.question))
        if names_its_items(cls) and Ready.of(cls):  # which may be about any name
            assert question.state is State.REFUSED
            return
        assert not question.settled
        assert len(pair.line()) == 1

    @for_each(GIVEN)
    def test_late_answer_is_in_line(self, cls: Cls, pair: Pair) -> None:
        pair.offer(named(cls, "Dev"))
        with pair.session.get(cls, "Dev", {}) as question:
            question.expire(0.5)
            with pytest.raises(igtl.TimeoutError, match=r"GET_.*of device 'Dev'.*0\.5 s"):
                question.result()
            pair.ask(question)
        assert question.state is State.LATE
        assert pair.line() == [named(cls, "Dev")]

    @for_each(GIVEN)
    def test_asked_twice(self, cls: Cls, pair: Pair) -> None:
        pair.offer(named(cls, "Dev"))
        question = pair.session.get(cls, "Dev", {})
        answers = [pair.answers(question.question) for _ in range(2)]
        assert answers[0] == answers[1]

    @for_each(GIVEN)
    def test_answered_twice(self, cls: Cls, pair: Pair) -> None:
        pair.offer(named(cls, "Dev"))
        with pair.session.get(cls, "Dev", {}) as question:
            pair.receive(*pair.answers(question.question) * 2)
            assert question.result() == named(cls, "Dev")
        assert pair.line() == [named(cls, "Dev")]

    @for_each(EXACT)
    def test_out_of_order_by_name(self, cls: Cls, pair: Pair) -> None:
        devices = ["A", "B", "C"]
        pair.offer(*(named(cls, device) for device in devices))
        questions = [pair.session.get(cls, device, {}) for device in devices]
        for question in reversed(questions):
            pair.ask(question)
        assert [one.result().device_name for one in questions] == devices

    @for_each(GIVEN)
    def test_out_of_order_by_number(self, cls: Cls, pair: Pair) -> None:
        """The same question three times, its answers told apart by message ids."""
        pair.speak_version_2()
        questions = [pair.session.get(cls, "Dev", {}) for _ in range(3)]
        for time, question in reversed(list(enumerate(questions, 1))):
            pair.offer(named(cls, "Dev", float(time)))
            pair.ask(question)
        answers = [one.result() for one in questions]
        assert [one.timestamp for one in answers] == [1.0, 2.0, 3.0]
        assert [one.message_id for one in answers] == [q.question.message_id for q in questions]
        assert {one.header_version for one in answers} == {2}
        assert pair.line() == []

    @for_each(REFUSED)
    def test_refusals_by_number(self, cls: Cls, pair: Pair) -> None:
        pair.speak_version_2()
        first, second = (pair.session.get(cls, "Dev", {}) for _ in range(2))
        pair.ask(second)
        assert (first.state, second.state) == (State.ASKED, State.REFUSED)

    @for_each(GIVEN)
    def test_foreign_number(self, cls: Cls, pair: Pair) -> None:
        """The answer to a question that was given up does not answer the next."""
        pair.speak_version_2()
        pair.offer(named(cls, "Dev"))
        with pair.session.get(cls, "Dev", {}) as late:
            pass
        question = pair.session.get(cls, "Dev", {})
        pair.receive(*pair.answers(late.question))
        assert not question.settled
        assert len(pair.line()) == 1
        assert pair.ask(question).result().device_name == "Dev"

    @for_each(GIVEN)
    def test_version_1_question(self, cls: Cls, pair: Pair) -> None:
        pair.offer(named(cls, "Dev").replace(metadata={"Status": "OK"}, message_id=77))
        question = pair.session.get(cls, "Dev", {})
        assert question.question.header_version == 1
        answer = pair.ask(question).result()
        # VIDEO and what else came with version 2 goes out so
        assert answer.header_version == answer.lowest_version
        if answer.lowest_version == 1:
            assert (dict(answer.metadata), answer.message_id) == ({}, 0)
        assert answer.raw_content == named(cls, "Dev").raw_content

    @for_each(GIVEN)
    def test_version_2_question(self, cls: Cls, pair: Pair) -> None:
        pair.speak_version_2()
        pair.offer(named(cls, "Dev").replace(metadata={"Status": "OK"}, message_id=77))
        question = pair.session.get(cls, "Dev", {})
        answer = pair.ask(question).result()
        assert answer.metadata == {"Status": "OK"}
        assert answer.message_id == question.question.message_id != 77

    @for_each([cls for cls in GIVEN if cls not in LISTS])
    def test_any_device_is_the_newest(self, cls: Cls, pair: Pair) -> None:
        pair.offer(named(cls, "A"), named(cls, "B"), named(cls, "A", 2.0))
        assert pair.ask(pair.session.get(cls, None, {})).result() == named(cls, "A", 2.0)

    @for_each(LISTS)
    def test_any_device_is_all(self, cls: Cls, pair: Pair) -> None:
        pair.offer(named(cls, "A"), named(cls, "B"), named(cls, "A", 2.0))
        field, entries = cls.names[0], getattr(sample(cls), cls.names[0])
        found = pair.ask(pair.session.get(cls, None, {})).result()
        assert getattr(found, field) == entries * 2
        assert found.device_name == "server"

    @for_each([cls for cls in GIVEN if names_its_items(cls)])
    def test_name_of_the_asker(self, cls: Cls, pair: Pair) -> None:
        """The reference's clients put their own name into these queries."""
        pair.offer(named(cls, "Dev"))
        assert pair.ask(pair.session.get(cls, "Client", {})).result() == named(cls, "Dev")
        assert pair.line() == []

    @for_each(GIVEN)
    def test_pushed_data_stay_in_line(self, cls: Cls, pair: Pair) -> None:
        pair.publish(named(cls, "Dev", 1.0), named(cls, "Other", 1.0))
        question = pair.session.get(cls, "Dev", {})
        answers = pair.answers(question.question)
        pair.publish(named(cls, "Dev", 2.0), named(cls, "Other", 2.0))
        pair.receive(*answers)
        assert question.result().device_name == "Dev"
        found = [one[1:] for one in contents(pair.line())]
        assert found[:4] == [("Dev", 1.0), ("Other", 1.0), ("Dev", 2.0), ("Other", 2.0)]
        assert len(found) == 5  # which of two was the answer cannot be told

    @for_each(GIVEN)
    def test_second_answer_is_not_pushed(self, cls: Cls, pair: Pair) -> None:
        pair.offer(named(cls, "Dev"))
        for _ in range(3):
            with pair.session.get(cls, "Dev", {}) as question:
                assert pair.ask(question).result() == named(cls, "Dev")
        assert pair.line() == []

    @for_each(GIVEN)
    def test_handler(self, cls: Cls, pair: Pair) -> None:
        """Its answer has the name that was asked for, unless it says another."""
        pair.service.add_getter(cls, lambda _client, _query: sample(cls))
        assert pair.ask(pair.session.get(cls, "Dev", {})).result().device_name == "Dev"

    @for_each(QUERIED)
    def test_lost_link(self, cls: Cls, pair: Pair) -> None:
        question = pair.session.get(cls, "Dev", {})
        pair.session.lost("cable", over=True)
        assert pair.session.restored() == []
        with pytest.raises(igtl.ClosedError, match="cable"):
            question.result()

    @for_each(GIVEN)
    def test_asked_again_over_a_restored_link(self, cls: Cls, pair: Pair) -> None:
        pair.offer(named(cls, "Dev"))
        question = pair.session.get(cls, "Dev", {})
        pair.session.lost("cable", over=False)
        assert pair.session.restored() == [question.question]
        assert pair.ask(question).result() == named(cls, "Dev")
        assert pair.session.restored() == []


@pytest.mark.parametrize("name", sorted(NO_QUERIES))
def test_types_without_queries(name: str, pair: Pair) -> None:
    cls = own_types()[name]
    with pytest.raises(igtl.MessageError, match="does not exist for"):
        pair.session.get(cls, "Dev", {})
    with pytest.raises(igtl.MessageError, match="does not exist for"):
        pair.session.subscription(cls, "Dev", {})
    (answer,) = pair.answers(igtl.Unknown(f"GET_{name}"[:12], b"", device_name="Dev"))
    status = igtl.decode(answer)
    assert isinstance(status, igtl.Status)
    assert status.code == igtl.StatusCode.UNKNOWN_INSTRUCTION
    assert parse(answer).device_name == "Dev"


@for_each(NO_RTS)
def test_refusal_by_news(cls: Cls, pair: Pair) -> None:
    """Of a device that also tells how it is, a refusal may be news: it is in line as well."""
    pair.receive(igtl.Status(device_name="Dev"))
    question = pair.session.get(cls, "Dev", {})
    pair.receive(igtl.Status(igtl.StatusCode.NOT_READY, device_name="Dev"))
    assert question.state is State.REFUSED
    assert len(pair.line()) == 2
