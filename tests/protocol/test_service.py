"""The answering side: what there is, handlers, lists, commands, and clients of every kind."""

from __future__ import annotations

import numpy as np
import pytest

import igtl
from igtl.codec.frame import parse
from igtl.messages.query import Get, Start, Stop
from igtl.messages.series import Series
from igtl.protocol.commands import Job, explained
from igtl.protocol.guest import Guest
from igtl.protocol.matching import HELLO
from igtl.protocol.outgoing import Outgoing
from igtl.protocol.plus import Subscription as Wishes
from igtl.protocol.plus import string_command
from igtl.protocol.profile import IGTL, PLUS, SLICER, Profile
from igtl.protocol.service import is_question
from tests.codec.wire import packet
from tests.protocol.conversation import Pair, contents, named
from tests.protocol.videos import frames, letters, told


@pytest.fixture
def pair() -> Pair:
    return Pair()


def said(pair: Pair, question: igtl.Message) -> list[igtl.Message]:
    return [igtl.decode(one) for one in pair.answers(question)]


class TestQuestions:
    @pytest.mark.parametrize(
        ("wire_type", "name", "asks"),
        [
            (b"GET_IMAGE", b"", True),
            (b"STT_TDATA", b"x", True),
            (b"STP_TDATA", b"x", True),
            (b"COMMAND", b"", True),
            (b"CLIENTINFO", b"", True),
            (b"STRING", b"CMD_1", True),
            (b"STRING", b"x", False),
            (b"TRANSFORM", b"CMD_1", False),
            (b"RTS_IMAGE", b"", False),
            (b"RTS_COMMAND", b"", False),
            (b"COMMANDER", b"", False),
        ],
    )
    def test_what_is_one(self, wire_type: bytes, name: bytes, asks: bool) -> None:
        assert is_question(wire_type.ljust(12, b"\0"), name.ljust(20, b"\0")) is asks

    def test_what_is_none_gets_no_answer(self, pair: Pair) -> None:
        for message in (igtl.Status(), igtl.Query(1, "IMAGE"), igtl.Unknown("RTS_ODD", b"")):
            assert said(pair, message) == []

    @pytest.mark.parametrize(
        ("wire_type", "count"), [("GET_ODD", 1), ("STT_ODD", 1), ("STP_ODD", 0)]
    )
    def test_unknown_types(self, pair: Pair, wire_type: str, count: int) -> None:
        answers = said(pair, igtl.Unknown(wire_type, b"", device_name="Dev"))
        assert [getattr(one, "code", None) for one in answers] == [12] * count
        assert [one.device_name for one in answers] == ["Dev"] * count


class TestWhatThereIs:
    def test_the_newest_of_each_device(self, pair: Pair) -> None:
        pair.offer(named(igtl.Image, "CT", 1.0), named(igtl.String, "Note"))
        pair.publish(named(igtl.Image, "CT", 2.0))
        assert pair.service.devices == (("IMAGE", "CT"), ("STRING", "Note"))
        assert sorted(contents(list(pair.service.messages()))) == [
            ("IMAGE", "CT", 2.0),
            ("STRING", "Note", 1.0),
        ]

    def test_a_series_counts_as_its_last(self, pair: Pair) -> None:
        poses = np.stack([np.eye(4)] * 3)
        poses[:, 0, 3] = 1, 2, 3
        pair.service.keep([Outgoing(Series(igtl.Transform, matrix=poses, device_name="P"), 1.0)])
        found = pair.ask(pair.session.get(igtl.Transform, "P", {})).result()
        assert found.matrix[0, 3] == 3

    def test_types(self, pair: Pair) -> None:
        pair.service.add_getter(igtl.Point, lambda _client, _query: None)
        pair.offer(igtl.Unknown("ODD", b"x"))
        assert {"POINT", "GET_POINT", "ODD", "COMMAND"} <= set(pair.service.types)

    def test_types_list_streams_of_what_there_is_only(self, pair: Pair) -> None:
        """A handler makes no stream: STT_ is refused."""
        pair.service.add_getter(igtl.TrackingData, lambda _client, _query: igtl.TrackingData([]))
        assert "GET_TDATA" in pair.service.types
        assert {"STT_TDATA", "STP_TDATA"}.isdisjoint(pair.service.types)
        for question in (Start(igtl.TrackingData), Stop(igtl.TrackingData)):
            assert [getattr(one, "status", None) for one in said(pair, question)] == [1]
        pair.offer(named(igtl.TrackingData, "T"))
        assert {"STT_TDATA", "STP_TDATA"} <= set(pair.service.types)

    def test_names_that_are_latin_1(self, pair: Pair) -> None:
        """A frame that is passed on keeps its name; asked for by it, it is found."""
        pair.service.keep(
            [Outgoing(igtl.decode(packet("SENSOR", bytes(10), device_name=b"W\xe4rme")), 1.0)]
        )
        assert pair.service.devices == (("SENSOR", "Wärme"),)
        assert said(pair, Get(igtl.Sensor, device_name="Wärme"))[0].wire_type == "SENSOR"

    def test_bind_of_all_and_of_some(self, pair: Pair) -> None:
        pair.offer(named(igtl.Transform, "P"), named(igtl.String, "Note"))
        (everything,) = said(pair, Get(igtl.Bind))
        assert isinstance(everything, igtl.Bind)
        assert [one.device_name for one in everything.children] == ["P", "Note"]
        (some,) = said(pair, Get(igtl.Bind, types=("STRING",), device_names=("Note",)))
        assert isinstance(some, igtl.Bind)
        assert [one.wire_type for one in some.children] == ["STRING"]
        question = Get(igtl.Bind, types=("STRING", "IMAGE"), device_names=("Note", "CT"))
        assert [getattr(one, "status", None) for one in said(pair, question)] == [1]

    def test_bind_of_what_has_metadata_or_a_message_id(self, pair: Pair) -> None:
        told = {"a": "b", "long": "x" * 999}
        pair.offer(
            named(igtl.Image, "CT").replace(metadata=told, message_id=7),
            named(igtl.String, "Note").replace(metadata=told),
            igtl.decode(packet("SENSOR", bytes(10), device_name=b"W\xe4rme")),
        )
        (bound,) = said(pair, Get(igtl.Bind))
        assert isinstance(bound, igtl.Bind)
        assert bound.children[:2] == tuple(
            named(cls, name).replace(timestamp=None)
            for cls, name in ((igtl.Image, "CT"), (igtl.String, "Note"))
        )
        assert bound.children[2].device_name == "Wärme"

    def test_an_image_is_not_copied_for_its_answers(self, pair: Pair) -> None:
        pixels = np.zeros((300, 300), np.uint8)
        pixels.flags.writeable = False
        pair.offer(igtl.Image(pixels, device_name="CT"))
        for question in (
            Get(igtl.Image, device_name="CT", header_version=2, message_id=7),
            Get(igtl.Bind),
        ):
            (answer,) = pair.service.answer(pair.guest, question, 0.0, 0.0)
            item = answer if isinstance(answer, Outgoing) else Outgoing(answer, 0.0)
            views = [np.frombuffer(piece, np.uint8) for piece in item.buffers]
            assert any(np.shares_memory(one, pixels) for one in views)

    def test_what_else_cannot_be_answered_is_refused(self, pair: Pair) -> None:
        questions = (Get(igtl.Image), Start(igtl.Image), Get(igtl.String), igtl.Command(1, "A"))
        for question in questions:
            (answer,) = pair.service.refuse(pair.guest, question, "no power")
            assert isinstance(answer, igtl.Message)
            told = igtl.Ready, igtl.Status, igtl.CommandReply
            assert isinstance(answer, told)
        assert pair.service.refuse(pair.guest, igtl.ClientInfo(""), "no power") == []

    def test_a_refusal_says_why(self, pair: Pair) -> None:
        pair.offer(*(named(igtl.Image, f"CT{number:02}") for number in range(12)))
        for version in (1, 2):
            question = Get(igtl.Image, device_name="X", header_version=version, message_id=0)
            (answer,) = said(pair, question)
            assert (answer.wire_type, getattr(answer, "status", None)) == ("RTS_IMAGE", 1)
            if version == 1:
                assert answer.header_version == 1
                continue
            why = answer.metadata["ErrorMessage"]
            assert why.startswith("no IMAGE of device 'X'; there is 'CT00', 'CT01', ")
            assert why.endswith("'CT09', ...")

    @pytest.mark.parametrize(
        "cls", [igtl.TrackingData, igtl.QuaternionTrackingData, igtl.ImageMeta, igtl.LabelMeta]
    )
    def test_only_who_reads_version_1_may_write_its_own_name(
        self, pair: Pair, cls: type[igtl.Message]
    ) -> None:
        pair.offer(named(cls, "There"))
        for version, found in ((1, "There"), (2, "nope")):
            question = Get(cls, device_name="nope", header_version=version)
            answer = said(pair, question)[0]
            assert answer.device_name == found
            assert (answer.wire_type == cls.wire_type) is (version == 1)
        (answer,) = said(pair, Get(cls, header_version=2))
        assert answer.device_name == "There"

    def test_status_tells_when_it_was_asked(self, pair: Pair) -> None:
        for device in ("", "Robot", "igtl-alive"):
            (status,) = said(pair, Get(igtl.Status, device_name=device))
            assert getattr(status, "subcode", None) == 0
        (status,) = said(pair, Get(igtl.Status, device_name="igtl-clock-0"))
        assert isinstance(status, igtl.Status)
        assert (status.code, status.subcode) == (1, 1000 * 10**9)
        assert (status.device_name, status.text) == ("igtl-clock-0", "server")


class TestVideo:
    """Frames that build on others, to who asks in the midst of a stream."""

    @staticmethod
    def came(pair: Pair, kinds: str, interval: float, phase: float = 0.04) -> str:
        """What a client gets of a video of 25 Hz that asks for it behind its third frame."""
        shown = ""
        flows = pair.guest.flows
        for number, item in enumerate(frames(kinds)):
            if number == 3:
                answers = pair.answers(Start(igtl.Video, codec="H264", interval=interval))
                shown += letters(parse(one) for one in answers[1:])
                pair.clock.now += phase - 0.04
            pair.clock.now += 0.04
            pair.service.keep([item])
            went = flows.due(pair.clock.now)
            went += flows.pick([item], pair.clock.now, pushed=number > 2)
            shown += letters(told(went)) if number > 2 else ""
        return shown

    @pytest.mark.parametrize("interval", [0.0, 0.04])
    def test_a_stream_begins_with_nothing_that_builds_on_others(
        self, pair: Pair, interval: float
    ) -> None:
        assert self.came(pair, "Kpppp", interval) == "pp"
        assert self.came(pair, "KpKpp", interval) == "Kpp"

    @pytest.mark.parametrize("phase", [0.001, 0.01, 0.02, 0.039])
    def test_it_may_be_asked_for_at_any_moment(self, pair: Pair, phase: float) -> None:
        assert self.came(pair, "KppKppppKpppp", 0.04, phase) == "KppppKpppp"

    @pytest.mark.parametrize("kind", "p?")
    def test_a_sender_that_never_says_key_frame(self, pair: Pair, kind: str) -> None:
        kinds = kind * 60
        assert self.came(pair, kinds, 0.04) == kinds[2:]
        assert self.came(pair, kinds, 0.5) == kind * 5


class TestHandlers:
    def test_the_last_one_counts(self, pair: Pair) -> None:
        pair.service.add_getter(igtl.String, lambda _client, _query: igtl.String("old"))
        pair.service.add_getter(igtl.String, lambda _client, _query: igtl.String("new"))
        assert pair.ask(pair.session.get(igtl.String, "x", {})).result().text == "new"

    def test_none_gives_what_was_offered(self, pair: Pair) -> None:
        pair.offer(named(igtl.Image, "CT"))
        for cls in (igtl.Image, igtl.Status):
            pair.service.add_getter(cls, lambda _client, _query: None)
        assert pair.ask(pair.session.get(igtl.Image, "CT", {})).result().device_name == "CT"
        assert pair.ask(pair.session.get(igtl.Status, "x", {})).result().text == "server"

    def test_igtls_own_questions_are_not_for_them(self, pair: Pair) -> None:
        pair.service.add_getter(igtl.Status, lambda _client, _query: igtl.Status(13))
        for device, code in (("igtl-clock-1", 1), ("igtl-alive", 1), ("igtl-alive2", 13)):
            (status,) = said(pair, Get(igtl.Status, device_name=device))
            assert getattr(status, "code", None) == code

    def test_the_question_is_shown(self, pair: Pair) -> None:
        pair.service.add_getter(
            igtl.String, lambda client, query: igtl.String(f"{client} asks for {query.device_name}")
        )
        found = pair.ask(pair.session.get(igtl.String, "x", {})).result()
        assert (found.text, found.device_name) == ("the client asks for x", "x")

    @pytest.mark.parametrize("result", [igtl.Status(), "text", 5])
    def test_what_is_no_answer_is_refused(self, pair: Pair, result: object) -> None:
        pair.service.add_getter(igtl.Point, lambda _client, _query: result)
        with pytest.raises(igtl.NotAvailable, match=r"the handler gave .*, expected Point or None"):
            pair.ask(pair.session.get(igtl.Point, "x", {})).result()

    def test_what_a_handler_raises(self, pair: Pair) -> None:
        def fail(_client: object, _query: object) -> None:
            raise igtl.NotAvailable("the scanner is off")

        pair.service.add_getter(igtl.Point, fail)
        with pytest.raises(igtl.NotAvailable, match="the scanner is off"):
            pair.ask(pair.session.get(igtl.Point, "x", {})).result()

    def test_explained(self) -> None:
        assert explained(igtl.NotAvailable("off")) == "off"
        assert explained(igtl.CommandError("no probe")) == "no probe"
        assert explained(ValueError("x")) == "ValueError: x"
        assert explained(KeyError()) == "KeyError"


class TestCommands:
    def test_the_same_number_for_another_command(self, pair: Pair) -> None:
        """Not every client numbers its commands well: another one is executed."""
        calls: list[str] = []
        for name in "AB":
            pair.service.commands[name] = lambda _client, command: calls.append(command.content)
        for command in ("A", "x"), ("B", "x"), ("A", "y"), ("A", "x"):
            assert len(said(pair, igtl.Command(7, *command))) == 1
        assert calls == ["x", "x", "y"]

    @pytest.mark.parametrize("profile", [None, IGTL, SLICER])
    def test_strings_are_replied_to_as_plus_does(self, profile: Profile | None) -> None:
        pair = Pair()
        pair.service.commands |= {"Go": lambda _c, _q: {"Depth": 5}, "Say": lambda _c, _q: "hello"}
        for name, text in (
            ("Go", 'Status="SUCCESS"><Parameter Name="Depth" Value="5" />'),
            ("Say", 'Status="SUCCESS" Message="hello"'),
            ("No", 'Status="FAIL" Error="command'),
            ("x" * 200, 'Status="FAIL" Error="name'),
        ):
            question = string_command(3, f'<Command Name="{name}"/>')
            guest = Guest(profile)
            try:
                (reply,) = pair.answers(question, guest)
            except igtl.MessageError as error:
                (answer,) = pair.service.refuse(guest, question, str(error))
                assert isinstance(answer, igtl.Message)
                reply = igtl.encode(answer)
            string = igtl.decode(reply)
            assert isinstance(string, igtl.String)
            assert string.device_name == "ACK_3"
            assert string.text.startswith(f'<CommandReply Name="{name[:127]}" {text}')

    def test_a_number_that_is_too_long_is_cut(self, pair: Pair) -> None:
        asked = igtl.String(
            '<Command Name="Version"/>',
            device_name="CMD_1234567890123456",
            metadata={"IGTL_DEVICE_NAME": "CMD_12345678901234567890"},
        )
        assert said(pair, asked)[0].device_name == "ACK_1234567890123456"

    def test_the_list_of_devices_says_what_they_are(self, pair: Pair) -> None:
        pair.offer(named(igtl.Image, "CT"), named(igtl.Transform, "Probe"))
        (reply,) = said(pair, igtl.Command(1, "RequestDeviceIds"))
        assert getattr(reply, "content", None) == (
            '<CommandReply Name="RequestDeviceIds" Status="SUCCESS" Message="CT,Probe">'
            '<Device Type="IMAGE" Name="CT" /><Device Type="TRANSFORM" Name="Probe" />'
            "</CommandReply>"
        )

    def test_a_long_list_of_devices_is_one_of_names(self, pair: Pair) -> None:
        pair.offer(*(named(igtl.Transform, f"Device{number:014}") for number in range(2000)))
        (reply,) = said(pair, igtl.Command(1, "RequestDeviceIds"))
        content = getattr(reply, "content", "")
        assert 'Status="SUCCESS"' in content
        assert (content.count("Device0"), content.count("<Device ")) == (2000, 0)

    def test_number_0_is_none(self, pair: Pair) -> None:
        calls: list[int] = []
        pair.service.commands["A"] = lambda _client, _command: calls.append(1)
        for _ in range(3):
            assert len(said(pair, igtl.Command(0, "A"))) == 1
        assert len(calls) == 3

    def test_one_that_is_being_executed_is_not_begun_again(self, pair: Pair) -> None:
        pair.service.commands["A"] = lambda _client, _command: None
        job = pair.service.answer(pair.guest, igtl.Command(1, "A"), 0.0, 0.0)
        assert isinstance(job, Job)
        assert pair.service.answer(pair.guest, igtl.Command(1, "A"), 0.0, 0.0) == []
        replies = job.finish(None)
        assert pair.service.answer(pair.guest, igtl.Command(1, "A"), 0.0, 0.0) == replies

    def test_each_client_has_its_own_numbers(self, pair: Pair) -> None:
        calls: list[int] = []
        pair.service.commands["A"] = lambda _client, _command: calls.append(1)
        for guest in (Guest(), Guest()):
            pair.answers(igtl.Command(1, "A"), guest)
        assert len(calls) == 2

    def test_the_memory_has_an_end(self, pair: Pair) -> None:
        calls: list[int] = []
        pair.service.commands["A"] = lambda _client, _command: calls.append(1)
        for number in (*range(1, 34), 33, 2, 1):
            said(pair, igtl.Command(number, "A"))
        assert len(calls) == 34

    def test_name_in_the_xml_only(self, pair: Pair) -> None:
        pair.service.commands["Go"] = lambda _client, _command: None
        for question in (
            igtl.Command(1, "", '<Command Name="Go"/>'),
            string_command(1, '<Command Name="Go"/>'),
        ):
            (reply,) = said(pair, question)
            text = reply.content if isinstance(reply, igtl.CommandReply) else reply.text  # type: ignore[attr-defined]
            assert "true" in text or "SUCCESS" in text

    def test_forms_of_reply(self, pair: Pair) -> None:
        pair.service.commands["Go"] = lambda _client, _command: {"Depth": 5}
        for profile, start in ((IGTL, "<Command>"), (PLUS, "<CommandReply"), (SLICER, "<Command>")):
            (reply,) = pair.answers(igtl.Command(1, "Go"), Guest(profile))
            assert getattr(igtl.decode(reply), "content", "").startswith(start)

    @pytest.mark.parametrize("result", [5, igtl.Status()])
    def test_what_is_no_result(self, pair: Pair, result: object) -> None:
        pair.service.commands["Go"] = lambda _client, _command: result
        with pytest.raises(igtl.CommandError, match="expected None, str, a mapping"):
            pair.ask(pair.session.command("Go", "", "", None)).result()

    def test_a_reply_of_the_handlers_own(self, pair: Pair) -> None:
        pair.service.commands["Go"] = lambda _client, _command: igtl.CommandReply(99, "", "own")
        assert pair.ask(pair.session.command("Go", "", "", None)).result().content == "own"

    def test_strings_to_other_devices_are_none(self, pair: Pair) -> None:
        assert said(pair, igtl.String("x", device_name="CMD_")) == []


class TestGuests:
    def test_what_shows_who_it_is(self) -> None:
        for message, profile in (
            (igtl.Status(0, header_version=2), SLICER),
            (igtl.ClientInfo("<ClientInfo/>"), PLUS),
            (string_command(1, "<Command/>"), PLUS),
            (igtl.String("x"), IGTL),
            (igtl.Status(), IGTL),
        ):
            guest = Guest()
            guest.meet(message)
            assert guest.profile is profile

    def test_nothing_is_learned_after_three_messages(self) -> None:
        guest = Guest()
        for _ in range(3):
            assert guest.greeting
            guest.meet(igtl.Status())
        guest.meet(igtl.ClientInfo("<ClientInfo/>"))
        assert (guest.profile, guest.version, guest.greeting) == (IGTL, 1, False)
        guest.hear([parse(igtl.encode(igtl.Status(header_version=2)))])
        assert guest.version == 2

    def test_an_announcement_of_version_2_is_no_message(self) -> None:
        guest = Guest()
        (query,) = frames = [parse(igtl.encode(Get(igtl.String)))]
        assert guest.hear([parse(igtl.encode(HELLO)), query]) == frames
        assert guest.version == 2

    def test_data_go_to_version_1_without_metadata(self, pair: Pair) -> None:
        pair.offer(named(igtl.TrackingData, "T").replace(metadata={"a": "b"}))
        for version in (1, 2):
            _, data = said(pair, Start(igtl.TrackingData, device_name="T", header_version=version))
            assert data.header_version == version
            assert data.metadata == ({} if version == 1 else {"a": "b"})


class TestWishes:
    """What a CLIENTINFO asks for."""

    def test_filter(self, pair: Pair) -> None:
        wishes = Wishes(types=("TRANSFORM", "STRING"), transforms=("ProbeToTracker",))
        assert said(pair, wishes.to_message()) == []
        pair.publish(
            named(igtl.Transform, "ProbeToTracker"),
            named(igtl.Transform, "StylusToTracker"),
            named(igtl.Image, "CT"),
            named(igtl.String, "Depth"),
            named(igtl.Status, "Robot"),
        )
        found = [one.device_name for one in pair.line()]
        assert found == ["ProbeToTracker", "Depth", "Robot"]

    def test_the_last_one_counts(self, pair: Pair) -> None:
        for types in (("TRANSFORM",), ("IMAGE",)):
            pair.answers(Wishes(types=types).to_message())
        pair.publish(named(igtl.Transform, "P"), named(igtl.Image, "CT"))
        assert [one.device_name for one in pair.line()] == ["CT"]

    def test_what_was_asked_for_by_stt_comes_all_the_same(self, pair: Pair) -> None:
        pair.answers(Wishes(types=("IMAGE",)).to_message())
        pair.offer(named(igtl.Transform, "P"))
        pair.answers(Start(igtl.Transform, device_name="P"))
        pair.publish(named(igtl.Transform, "P"))
        assert [one.device_name for one in pair.line()] == ["P"]
        pair.answers(Stop(igtl.Transform, device_name="P"))
        pair.publish(named(igtl.Transform, "P"))
        assert pair.line() == []  # as it was before

    def test_pace_of_tracking(self, pair: Pair) -> None:
        pair.answers(Wishes(types=("TDATA", "STRING"), tracking_interval=0.5).to_message())
        for tick in range(1, 4):
            pair.publish(named(igtl.TrackingData, "T", float(tick)), named(igtl.String, "S"))
        assert [one.device_name for one in pair.line()] == ["T", "S", "S", "S"]
        assert pair.guest.flows.next_due() == pair.clock.now + 0.5
        pair.clock.now += 0.5
        pair.send_due()
        assert contents(pair.line()) == [("TDATA", "T", 3.0)]

    def test_what_is_not_understood_changes_nothing(self, pair: Pair) -> None:
        with pytest.raises(igtl.DecodeError):
            pair.answers(igtl.ClientInfo("<Other/>"))
        assert pair.guest.flows.plain
