from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib import import_module

import pytest

import igtl
from igtl.cli import arguments
from igtl.cli.arguments import Parser
from igtl.cli.program import VERBS
from igtl.protocol.profile import PROFILES
from tests.cli.conftest import Call, Serve, Start
from tests.cli.program import free_port, stream_of


def test_without_arguments_it_shows_what_there_is(call: Call) -> None:
    ended = call()
    assert ended.status == 0
    assert all(f"    {verb} " in ended.out for verb in VERBS)


def test_help_explains_exit_statuses(call: Call) -> None:
    assert "130  ended by Ctrl-C" in call("--help").out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_examples(verb: str, call: Call) -> None:
    ended = call(verb, "--help")
    assert ended.status == 0
    assert ended.out.startswith(f"usage: igtl {verb}")
    assert f"examples:\n  igtl {verb}" in ended.out
    assert "exit status:" in ended.out


def examples_of(verb: str) -> list[list[str]]:
    """The commands among a verb's examples, without the words that explain them."""
    text: str = import_module(f"igtl.cli.{verb}").EXAMPLES
    lines = re.findall(rf"^  igtl {verb}(.*)$", text, re.MULTILINE)
    return [shlex.split(re.split(r" \||  ", line)[0]) for line in lines]


@pytest.mark.parametrize(
    ("verb", "arguments"), [(verb, example) for verb in VERBS for example in examples_of(verb)]
)
def test_every_example_is_understood(verb: str, arguments: list[str]) -> None:
    parser = Parser(f"igtl {verb}", "", "")
    module = import_module(f"igtl.cli.{verb}")
    module.add_arguments(parser)
    parser.parse_intermixed_args(arguments)


def test_profiles_are_those_of_the_library() -> None:
    assert set(arguments.PROFILES) == {"auto", *PROFILES}


@pytest.mark.parametrize("verb", ["get", "stream", "command", "ping", "devices", "listen", "send"])
def test_without_a_server_there_is_one_clear_line(verb: str, call: Call) -> None:
    more = {"get": ["IMAGE"], "stream": ["TDATA"], "command": ["Go"], "send": ["STATUS"]}
    endpoint = f"127.0.0.1:{free_port()}"
    ended = call(verb, endpoint, *more.get(verb, []))
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith(f"igtl: no OpenIGTLink server at {endpoint}: ")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_fits_a_terminal_of_80_columns(
    verb: str, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = call(*verb.split(), "--help").out.splitlines()
    assert [line for line in lines if len(line) > 80] == []


def test_version(call: Call) -> None:
    assert call("--version").out == f"igtl {igtl.__version__}\n"


def test_an_unknown_verb_is_corrected(call: Call) -> None:
    ended = call("lisen")
    assert ended.status == 2
    assert ended.err == (
        "igtl: there is no verb 'lisen'; did you mean 'listen'?\nTry 'igtl --help'.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["listen", "--bogus"], "unrecognized arguments: --bogus"),
        (["listen", "--tpye=A"], "unrecognized arguments: --tpye=A; did you mean --type?\n"),
        (["record", "localhost", "--duration", "20"], ": --duration 20; there are --help, --"),
        (["record", "localhost", "--duration", "20"], " --for, "),
        (["serve", "room", "--duration", "3"], ": --duration 3; there are --help, --"),
        (["ping", "localhost", "what"], "unrecognized arguments: what\n"),
        (["listen", "--count", "0"], "'0' is not a whole number above 0"),
        (["listen", "--timeout", "soon"], "'soon' is not a number above 0"),
        (["listen", "--live", "--format", "json"], "not allowed with argument --live"),
        (["serve"], "the following arguments are required: SOURCE"),
        (["serve", "tracker", "--port", "99999"], "'99999' is not a port, expected 0 to 65535"),
        (["serve", "tracker", "--rate", "5", "--interval", "5"], "not allowed with"),
        (["send", "localhost"], "the following arguments are required: TYPE"),
        (["send", "localhost", "STRING", "--metadata", "x"], "'x' is not NAME=VALUE"),
        (["send", "localhost", "STRING", "--timestamp", "noon"], "nor a date"),
        (["get", "localhost"], "the following arguments are required: TYPE"),
        (["get", "localhost", "IMAGE", "--timeout", "0"], "'0' is not a number above 0"),
        (["get", "localhost", "IMAGE", "--json", "--format", "classic"], "not allowed with"),
        (["stream", "localhost", "TDATA", "--interval", "-1"], "'-1' is not a number of seconds"),
        (["stream", "localhost", "TDATA", "--count", "no"], "'no' is not a whole number above 0"),
        (["stream", "localhost", "TDATA", "--interval", "1e9"], "1e9 s is too long, expected"),
        (["listen", "--timeout", "3e6"], "3e6 s is too long, expected 2147483 s (24 days) at"),
        (["command", "localhost"], "the following arguments are required: NAME"),
        (["command", "localhost", "Go", "--param", "=5"], "'=5' is not NAME=VALUE"),
        (["ping"], "the following arguments are required: ENDPOINT"),
        (["ping", "localhost", "--count", "0"], "'0' is not a whole number above 0"),
        (["devices", "localhost", "--seconds", "a"], "'a' is not a number above 0"),
        (["devices", "localhost", "--profile", "slice"], "invalid choice: 'slice'"),
    ],
)
def test_a_wrong_option_is_named_with_status_2(
    arguments: list[str], complaint: str, call: Call
) -> None:
    ended = call(*arguments)
    assert ended.status == 2
    assert complaint in ended.err
    assert f"Try 'igtl {arguments[0]} --help'." in ended.err


@pytest.mark.parametrize("verb", ["get", "stream", "send"])
@pytest.mark.parametrize(
    "endpoint", ["localhost:19571", "localhost", "[::1]:1", "unix:///a", "19571"]
)
def test_arguments_in_the_wrong_order_are_put_right(verb: str, endpoint: str, call: Call) -> None:
    right = f"ENDPOINT comes first, as in '{endpoint} IMAGE'"
    wrong = f"igtl: '{endpoint}' is where TYPE should be: {right}\n"
    assert call(verb, "IMAGE", endpoint) == (2, "", wrong)


def test_the_name_of_a_command_comes_behind_the_endpoint_too(call: Call) -> None:
    ended = call("command", "Version", "localhost:19571")
    assert ended.status == 2
    assert "ENDPOINT comes first, as in 'localhost:19571 Version'" in ended.err


def test_python_m_igtl_is_the_same_program(start: Start) -> None:
    ended = start("--version").wait()
    assert ended == (0, f"igtl {igtl.__version__}\n", "")


def test_help_imports_nothing_of_the_verbs() -> None:
    script = (
        "import sys\nfrom igtl.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: print('modules:', *sys.modules)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.partition("modules: ")[2].split())
    assert "igtl.cli.program" in loaded
    verbs = {f"igtl.cli.{verb}" for verb in VERBS}
    assert not loaded & (verbs | {"rich", "igtl.sources", "numpy", "asyncio", "json"})


def test_a_closed_pipe_ends_it_quietly(start: Start, serve_bytes: Serve) -> None:
    many = stream_of(*(igtl.String(f"line {number}") for number in range(5000)))
    program = start("listen", serve_bytes(many).endpoint)
    assert "line 0" in program.line()
    program.out.close()
    ended = program.wait()
    assert ended.err == ""
    assert ended.status == 0
