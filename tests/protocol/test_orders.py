"""Commands: asked by COMMAND or STRING, answered once, in any order, late, never, or with no."""

from __future__ import annotations

import pytest

import igtl
from igtl.protocol.exchange import Order, State
from igtl.protocol.profile import PLUS, PLUS_STRINGS, SLICER, V1, Profile
from tests.protocol.conversation import Pair

FORMS = pytest.mark.parametrize("profile", [None, SLICER, PLUS, PLUS_STRINGS], ids=str)


def depth(_client: object, command: igtl.Command) -> dict[str, object]:
    return {"Depth": 5, "For": command.name}


def broken(_client: object, _command: igtl.Command) -> None:
    raise ValueError("no probe")


def pair_of(profile: Profile | None = None) -> Pair:
    pair = Pair(profile)
    pair.service.commands |= {"GetDepth": depth, "Broken": broken}
    return pair


def order(pair: Pair, name: str = "GetDepth") -> Order:
    return pair.session.command(
        name, {} if pair.session.profile.replies == "plus" else "", "", None
    )


@FORMS
class TestOutcome:
    def test_success(self, profile: Profile | None) -> None:
        pair = pair_of(profile)
        reply = pair.ask(order(pair)).result()
        assert "Depth" in reply.content or profile is PLUS_STRINGS
        assert pair.line() == []

    def test_failure(self, profile: Profile | None) -> None:
        pair = pair_of(profile)
        with pytest.raises(
            igtl.CommandError, match=r"'Broken' to server failed: .*no probe"
        ) as error:
            pair.ask(order(pair, "Broken")).result()
        assert isinstance(error.value.reply, igtl.CommandReply)

    def test_unknown_command(self, profile: Profile | None) -> None:
        pair = pair_of(profile)
        with pytest.raises(igtl.CommandError, match="'Fly' is not known, expected one of: Broken"):
            pair.ask(order(pair, "Fly")).result()

    def test_out_of_order(self, profile: Profile | None) -> None:
        pair = pair_of(profile)
        orders = [order(pair, name) for name in ("GetDepth", "Broken", "Fly")]
        for one in reversed(orders):
            pair.ask(one)
        assert orders[0].result().name in ("GetDepth", "")
        for one in orders[1:]:
            with pytest.raises(igtl.CommandError, match=one.name):
                one.result()

    def test_late_reply_is_in_line(self, profile: Profile | None) -> None:
        pair = pair_of(profile)
        with order(pair) as late:
            late.expire(0.25)
            with pytest.raises(igtl.TimeoutError, match=r"'GetDepth' to server: .*0\.25 s"):
                late.result()
        pair.ask(late)
        assert len(pair.line()) == 1

    def test_cancelled(self, profile: Profile | None) -> None:
        pair = pair_of(profile)
        with order(pair) as cancelled:
            pass
        assert cancelled.state is State.DONE
        pair.ask(cancelled)
        assert len(pair.line()) == 1
        assert pair.ask(order(pair)).state is State.DONE

    def test_repeated(self, profile: Profile | None) -> None:
        """The same again is not executed again, but answered again; the second reply is no news."""
        pair, calls = pair_of(profile), []
        pair.service.commands["Count"] = lambda _client, _command: calls.append(1)
        one = order(pair, "Count")
        replies = [pair.answers(one.question) for _ in range(2)]
        assert replies[0] == replies[1]
        assert len(calls) == 1
        pair.receive(*replies[0], *replies[1])
        assert one.state is State.DONE
        assert len(pair.line()) == 1

    def test_lost_link(self, profile: Profile | None) -> None:
        pair = pair_of(profile)
        one = order(pair)
        pair.session.lost("cable", over=False)
        assert pair.session.restored() == []
        with pytest.raises(igtl.ClosedError, match="cable"):
            one.result()


class TestReplies:
    def test_of_a_foreign_number(self) -> None:
        pair = pair_of()
        one = order(pair)
        assert isinstance(one.question, igtl.Command)
        pair.receive(igtl.CommandReply(one.question.command_id + 1, ""))
        assert not one.settled
        assert len(pair.line()) == 1

    def test_the_first_one_counts(self) -> None:
        pair = Pair()
        one = pair.session.command("Go", "", "", None)
        pair.receive(igtl.CommandReply(1, "", "first"), igtl.CommandReply(1, "", "second"))
        assert one.result().content == "first"
        assert len(pair.line()) == 1

    def test_of_a_foreign_string(self) -> None:
        pair = pair_of(PLUS_STRINGS)
        one = order(pair)
        pair.receive(igtl.String("<CommandReply/>", device_name="ACK_99"))
        assert not one.settled
        assert len(pair.line()) == 1

    @pytest.mark.parametrize(
        ("reply", "text"),
        [
            (igtl.CommandReply(1, "no probe"), "no probe"),
            (igtl.CommandReply(1, "Go", metadata={"Status": "FAIL", "Error": "hot"}), "hot"),
            (igtl.CommandReply(1, "", "<Command><Result>false</Result></Command>"), "no reason"),
            (igtl.CommandReply(1, "", '<CommandReply Status="FAIL" Error="cold"/>'), "cold"),
        ],
    )
    def test_that_say_no(self, reply: igtl.CommandReply, text: str) -> None:
        pair = Pair()
        one = pair.session.command("Go", "", "", None)
        pair.receive(reply)
        with pytest.raises(igtl.CommandError, match=text) as error:
            one.result()
        assert error.value.reply.command_id == 1

    @pytest.mark.parametrize(
        "reply",
        [
            igtl.CommandReply(1),
            igtl.CommandReply(1, "Go", "done"),
            igtl.CommandReply(1, "odd", "<Command><Result>true</Result></Command>"),
            igtl.CommandReply(1, "odd", metadata={"Status": "SUCCESS"}),
        ],
    )
    def test_that_say_yes(self, reply: igtl.CommandReply) -> None:
        pair = Pair()
        one = pair.session.command("Go", "", "", None)
        pair.receive(reply)
        assert one.result() == reply.replace(timestamp=1.0)


class TestQuestions:
    def test_forms(self) -> None:
        def asked(profile: Profile | None, content: str | dict[str, object]) -> igtl.Message:
            return Pair(profile).session.command("Go", content, "Dev", {"k": "v"}).question

        command = asked(None, "<x/>")
        assert command == igtl.Command(1, "Go", "<x/>", device_name="Dev", metadata={"k": "v"})
        assert getattr(asked(None, ""), "content", None) == ""
        assert getattr(asked(PLUS, ""), "content", None) == '<Command Name="Go" />'
        assert getattr(asked(None, {"a": 1}), "content", None) == '<Command Name="Go" a="1" />'
        string = asked(PLUS_STRINGS, "")
        assert string == igtl.String('<Command Name="Go" />', device_name="CMD_1")

    def test_no_command_to_a_peer_that_takes_none(self) -> None:
        with pytest.raises(igtl.MessageError, match="takes no commands"):
            Pair(V1).session.command("Go", "", "", None)
