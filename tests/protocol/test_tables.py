"""The life of an exchange: every event in every state, brought about by what really causes it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

import igtl
from igtl.protocol.exchange import TABLES, Event, Exchange, State, Subscription, Table
from tests.protocol.conversation import Pair

ANSWER, STREAM = TABLES["GET_, COMMAND"], TABLES["STT_ ... STP_"]
DATA = igtl.Transform(device_name="Dev", matrix=[[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])
READY, DENIED = (igtl.Ready(igtl.Transform, n, device_name="Dev") for n in (0, 1))
FRAMES = {Event.DATA: DATA, Event.ACCEPTED: READY, Event.DENIED: DENIED}
Cause = Callable[[Pair, Exchange], object]


def stopped(_pair: Pair, exchange: Exchange) -> None:
    if isinstance(exchange, Subscription):
        exchange.stop(_pair.clock.now)
    else:
        exchange.__exit__(None, None, None)


def expired(pair: Pair, exchange: Exchange) -> None:
    """Who asked waits no longer; or so much time passes after STP_ that it shows."""
    exchange.expire(1.0)
    pair.clock.now += 10.0
    pair.receive(igtl.String("what comes next"))
    pair.line()


def lost(pair: Pair, _exchange: Exchange) -> None:
    pair.session.lost("cable", over=True)


CAUSES: dict[Event, Cause] = {
    Event.DATA: lambda pair, _: pair.receive(DATA),
    Event.ACCEPTED: lambda pair, _: pair.receive(READY),
    Event.DENIED: lambda pair, _: pair.receive(DENIED),
    Event.STOPPED: stopped,
    Event.EXPIRED: expired,
    Event.LOST: lost,
    Event.RESTORED: lambda pair, _: pair.session.restored(),
    Event.AGAIN: lambda pair, _: pair.session.again(pair.clock.now + 10.0),
}
#: What leads to a state, from the beginning.
WAYS: dict[State, list[Event]] = {
    State.ASKED: [],
    State.RUNNING: [Event.DATA],
    State.RETURNING: [Event.ACCEPTED, Event.LOST, Event.RESTORED],
    State.WAITING: [Event.ACCEPTED, Event.LOST, Event.RESTORED, Event.DENIED],
    State.STOPPING: [Event.ACCEPTED, Event.STOPPED],
    State.DONE: [Event.ACCEPTED, Event.STOPPED, Event.ACCEPTED],
    State.REFUSED: [Event.DENIED],
    State.LATE: [Event.EXPIRED],
    State.LOST: [Event.LOST],
}


def shown(value: object) -> str:
    return value.name if isinstance(value, (State, Event)) else "ways"


def check(pair: Pair, exchange: Exchange, way: list[Event], event: Event) -> None:
    """Go there, and see what the event does: the table says it, and whose the frame is."""
    for step in way:
        CAUSES[step](pair, exchange)
    state, table = exchange.state, exchange.table
    pair.line()
    CAUSES[event](pair, exchange)
    assert exchange.state is table.get((state, event), state)
    if event in FRAMES:
        assert len(pair.line()) == ((state, event) not in table)


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)), ids=shown)
def test_stream(state: State, event: Event) -> None:
    pair = Pair()
    stream = pair.stream(igtl.Transform, "Dev")
    check(pair, stream, WAYS[state], event)


STREAMS_ONLY = (State.RUNNING, State.RETURNING, State.WAITING, State.STOPPING)
ANSWER_WAYS: dict[State, list[Event]] = {s: w for s, w in WAYS.items() if s not in STREAMS_ONLY}
ANSWER_WAYS[State.DONE] = [Event.DATA]


@pytest.mark.parametrize(("state", "event"), list(product(ANSWER_WAYS, Event)), ids=shown)
def test_answer(state: State, event: Event) -> None:
    pair = Pair()
    question = pair.session.get(igtl.Transform, "Dev", {})
    check(pair, question, ANSWER_WAYS[state], event)


@pytest.mark.parametrize("event", [Event.STOPPED, Event.EXPIRED, Event.LOST], ids=shown)
def test_command(event: Event) -> None:
    pair = Pair()
    order = pair.session.command("Go", "", "", None)
    check(pair, order, [], event)
    assert order.settled


def test_ways() -> None:
    """They lead where they say, so that every state is met above."""
    for state, way in WAYS.items():
        pair = Pair()
        stream = pair.stream(igtl.Transform, "Dev")
        for event in way:
            CAUSES[event](pair, stream)
        assert stream.state is state
    for state, way in ANSWER_WAYS.items():
        pair = Pair()
        question = pair.session.get(igtl.Transform, "Dev", {})
        for event in way:
            CAUSES[event](pair, question)
        assert question.state is state


class TestComplete:
    """Every event that can happen in a state leads somewhere, and nothing leads astray."""

    def test_the_peer_may_always_speak(self) -> None:
        open_states = [State.ASKED, State.RUNNING, State.RETURNING, State.STOPPING]
        for pair in product(open_states, [*FRAMES, Event.LOST]):
            assert pair in STREAM
        for event in (*FRAMES, Event.LOST):
            assert (State.ASKED, event) in ANSWER

    def test_nobody_waits_for_ever(self) -> None:
        for state in (State.ASKED, State.STOPPING):
            assert (state, Event.EXPIRED) in STREAM
        assert (State.ASKED, Event.EXPIRED) in ANSWER

    def test_a_stream_can_always_be_stopped(self) -> None:
        for state in set(State) - {State.DONE, State.STOPPING}:
            assert STREAM[state, Event.STOPPED] in (State.DONE, State.STOPPING)

    def test_only_what_was_lost_is_restored(self) -> None:
        assert [key for key in (*STREAM, *ANSWER) if key[1] is Event.RESTORED] == [
            (State.LOST, Event.RESTORED)
        ]

    def test_settled_answers_stay_settled(self) -> None:
        assert {state for state, _ in ANSWER} == {State.ASKED}

    def test_streams_that_are_over_stay_over(self) -> None:
        assert State.DONE not in {state for state, _ in STREAM}
        for state in (State.REFUSED, State.LATE):
            assert [event for found, event in STREAM if found is state] == [Event.STOPPED]

    def test_every_state_is_reached(self) -> None:
        assert {State.ASKED, *STREAM.values()} == set(State)
        assert {State.ASKED, *ANSWER.values()} == set(ANSWER_WAYS)


def drawn(table: Table) -> str:
    """A table as ARCHITECTURE.md shows it: states down, events across."""
    states = list(dict.fromkeys(state for state, _ in table))
    events = list(dict.fromkeys(event for _, event in table))
    rows = [["", *(event.value for event in events)], ["---"] * (len(events) + 1)]
    for state in states:
        ends = (table.get((state, event)) for event in events)
        rows.append([state.name.lower(), *(end.name.lower() if end else "" for end in ends)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


@pytest.mark.parametrize("name", TABLES)
def test_architecture_shows_the_tables(name: str) -> None:
    text = (Path(__file__).parents[2] / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert f"**{name}**\n\n{drawn(TABLES[name])}\n" in text
