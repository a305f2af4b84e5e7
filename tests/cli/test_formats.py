from __future__ import annotations

import json
import time

import numpy as np
import pytest

import igtl
from igtl.cli.formats import classic, classic_head, json_line, line, time_of_day
from tests.cli.examples import EXAMPLES


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize(
    ("timestamp", "shown"),
    [
        (1795341600.1234, "10:00:00.123 "),
        (1795341599.9996, "10:00:00.000 "),
        (None, "11:00:00.500~"),
        (12.3456, "    12.346 s "),
    ],
)
def test_times_are_of_the_day_of_arrival_or_of_the_device(
    timestamp: float | None, shown: str
) -> None:
    assert time_of_day(timestamp, 1795345200.5) == shown
    assert len(shown) == 13


@pytest.mark.usefixtures("utc")
def test_a_line_is_aligned() -> None:
    message = igtl.String("x", device_name="A" * 20, timestamp=1795341600)
    assert line(message, 0) == f"10:00:00.000  STRING       {'A' * 20} x"


def test_columns_begin_at_the_same_place_in_every_line() -> None:
    messages = [message.replace(device_name="Here") for message, _ in EXAMPLES]
    assert {line(message, 1e9).index("Here") for message in messages} == {27}


@pytest.mark.parametrize("message", [m for m, _ in EXAMPLES], ids=lambda m: type(m).__name__)
def test_json_is_one_line_with_the_time_of_arrival(message: igtl.Message) -> None:
    text = json_line(message, 5.5)
    assert "\n" not in text
    assert json.loads(text)["arrival"] == 5.5


@pytest.mark.parametrize(
    ("endpoint", "head"),
    [
        ("localhost:18000", "Connected to the server : localhost 18000"),
        ("[::1]:18944", "Connected to the server : ::1 18944"),
        ("unix:///tmp/x", "Connected to the server : unix:///tmp/x"),
    ],
)
def test_classic_names_host_and_port(endpoint: str, head: str) -> None:
    assert classic_head(endpoint) == head


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.5773500204086304, "0.57735"),
        (-20.80734, "-20.8073"),
        (1e-5, "1e-05"),
        (1e6, "1e+06"),
        (123456.0, "123456"),
        (1234567.0, "1.23457e+06"),
        (-0.0, "-0"),
        (100.0, "100"),
    ],
)
def test_classic_numbers_are_those_of_a_cpp_stream(value: float, shown: str) -> None:
    text = classic(igtl.Position(np.array((value, 0.0, 0.0)), None), 0)
    assert text == f"Receiving POSITION data type.\nposition = ({shown}, 0, 0)"


def test_classic_matrices_take_a_line_a_row() -> None:
    matrix = np.array([[1, 0, 0, 0.5], [0, 1, 0, 0], [0, 0, 1, 0]])
    tools = igtl.TrackingData((igtl.Tool("Probe", matrix),))
    assert classic(tools, 0).splitlines() == [
        "Receiving TDATA data type.",
        "tools[0].name = Probe",
        "tools[0].type = 2",
        "tools[0].matrix =",
        "  (1, 0, 0, 0.5)",
        "  (0, 1, 0, 0)",
        "  (0, 0, 1, 0)",
        "  (0, 0, 0, 1)",
    ]


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (igtl.Command(1234567, "Go"), ["command_id = 1234567", "name = Go", "content = "]),
        (igtl.Capability(("A", "B")), ["types = (A, B)"]),
        (igtl.String("a\nb"), ["text = a\\nb", "encoding = 3"]),
        (igtl.NDArray(np.zeros((2, 9))), ["array = 2 x 9 float64"]),
        (igtl.Bind([igtl.String("a")]), ["children[0].text = a", "children[0].encoding = 3"]),
    ],
)
def test_classic_writes_the_other_types_in_the_same_style(
    message: igtl.Message, fields: list[str]
) -> None:
    assert classic(message, 0).splitlines()[1:] == fields


@pytest.mark.parametrize("message", [m for m, _ in EXAMPLES], ids=lambda m: type(m).__name__)
def test_classic_has_a_form_for_every_type(message: igtl.Message) -> None:
    head, *fields = classic(message, 0).splitlines()
    assert head == f"Receiving {message.wire_type} data type."
    assert all("=" in field or field.startswith("  (") for field in fields)
