"""Commands that a server executes: by handlers of the application, or as clients of PLUS expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from igtl.codec.frame import NAME_SIZE
from igtl.errors import CommandError, DecodeError, MessageError, NotAvailable
from igtl.messages.command import Command, CommandReply
from igtl.messages.message import Message
from igtl.messages.string import String
from igtl.protocol import plus
from igtl.protocol.guest import Guest, Key
from igtl.protocol.outgoing import Outgoing
from igtl.protocol.profile import PLUS, Profile
from igtl.protocol.replies import failed, succeeded

__all__ = ["Commands", "Handler", "Job", "Reply", "explained"]

Reply = Message | Outgoing
#: Bytes of a command's name.
_NAME_ROOM = 127
#: Called with the client and its question.
Handler = Callable[[Any, Any], object]


@dataclass
class Job:
    """A handler to run, and what to send when it has a result.

    Attributes:
        handler: of the application.
        question: what the handler is called with, besides the client.
        finish: makes the replies from what the handler returned; may raise what handlers may.
        fail: makes the replies from what went wrong.
    """

    handler: Handler
    question: Message
    finish: Callable[[object], list[Reply]]
    fail: Callable[[str], list[Reply]]

    @property
    def label(self) -> str:
        """What is to be done, for people."""
        question = self.question
        if isinstance(question, Command):
            return f"command {name_of(question)!r}"
        of = f" of device {question.device_name!r}" if question.device_name else ""
        return f"{question.wire_type}{of}"


@dataclass
class _Order:
    """A command in either form, and the form of its reply."""

    command: Command
    key: Key
    profile: Profile
    form: Callable[[CommandReply], Message]


class Commands:
    """Executes commands.

    Args:
        handlers: of the application, by name; they go before the others.
        standard: handlers of commands that every server knows, by name.
    """

    def __init__(self, handlers: Mapping[str, Handler], standard: Mapping[str, Handler]) -> None:
        self._handlers, self._standard = handlers, standard

    def answer(self, guest: Guest, question: Command | String) -> list[Reply] | Job:
        """The handler to run, or the reply at once. What is no command gets none.

        Raises:
            MessageError: the command cannot be said as a COMMAND; see `refuse`.
        """
        order = self._order(guest, question)
        return [] if order is None else self._execute(guest, order)

    def refuse(self, guest: Guest, question: Command | String, why: str) -> list[Reply]:
        """The reply to a command that cannot be executed."""
        if isinstance(question, Command):
            return [failed(question, why, guest.profile)]
        number = _number(question)
        name = plus.command_name(question.text).encode()[:_NAME_ROOM].decode(errors="ignore")
        reply = failed(Command(0, name), why, PLUS)
        return [] if number is None else [plus.string_reply(number, reply, command=name)]

    def _order(self, guest: Guest, question: Command | String) -> _Order | None:
        if isinstance(question, Command):
            key = question.command_id, question.name, question.content
            return _Order(question, key, guest.profile, lambda reply: reply)
        number = _number(question)
        if number is None:
            return None
        name = plus.command_name(question.text)
        command = Command(0, name, question.text, device_name=f"CMD_{number}")
        form = partial(plus.string_reply, number, command=name)
        return _Order(command, (number, name, question.text), PLUS, form)

    def _execute(self, guest: Guest, order: _Order) -> list[Reply] | Job:
        """Have a command executed; one that comes again is answered from memory.

        Number 0 is that of clients which do not number their commands: each is a new one.
        """
        command, key, profile = order.command, order.key, order.profile
        if key[0] and guest.begun(key):
            before = guest.reply_to(key)
            return [] if before is None else [before]

        def reply(answer: CommandReply) -> list[Reply]:
            made = order.form(answer)
            guest.replied(key, made)
            return [made]

        def fail(error: str) -> list[Reply]:
            return reply(failed(command, error, profile))

        name = name_of(command)
        handler = self._handlers.get(name) or self._standard.get(name)
        if handler is None:
            known = ", ".join(sorted({*self._handlers, *self._standard}))
            return fail(f"command {name!r} is not known, expected one of: {known}")
        return Job(handler, command, lambda result: reply(_reply(command, result, profile)), fail)


def _number(message: String) -> str | None:
    """The n of a STRING to CMD_n, as much as a header has room for; None for any other."""
    number = plus.is_string_command(message)
    return number and number.encode()[: NAME_SIZE - len("CMD_")].decode(errors="ignore")


def name_of(command: Command) -> str:
    """The command's name; some clients have it in the XML only."""
    return command.name or plus.command_name(command.content)


def _reply(command: Command, result: object, profile: Profile) -> CommandReply:
    """The reply to a command from what its handler gave."""
    if isinstance(result, CommandReply):
        return result.replace(command_id=command.command_id)
    if result is None or isinstance(result, (str, Mapping)):
        return succeeded(command, result, profile)
    raise MessageError(
        f"the handler of {command.name!r} gave {type(result).__name__}, expected None, str, a "
        "mapping of parameters or a CommandReply"
    )


def explained(error: BaseException) -> str:
    """What a peer is told of an exception that came out of a handler."""
    if isinstance(error, (NotAvailable, CommandError, DecodeError, MessageError)):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
