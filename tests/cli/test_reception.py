from __future__ import annotations

import numpy as np
import pytest

import igtl
from igtl.cli.reception import Filter, Patience, arrivals
from tests.cli.arrival import arrival_of, malformed
from tests.cli.conftest import Serve
from tests.cli.program import stream_of

PROBE = igtl.Transform(np.eye(4), device_name="Probe")


@pytest.mark.parametrize(
    ("types", "devices", "wanted"),
    [
        ([], [], True),
        (["TRANSFORM"], [], True),
        (["transform"], ["Probe"], True),
        (["IMAGE", "TRANS*"], ["x", "P????"], True),
        (["IMAGE"], [], False),
        ([], ["probe"], False),
        (["TRANSFORM"], ["Needle"], False),
    ],
)
def test_which_messages_are_wanted(types: list[str], devices: list[str], wanted: bool) -> None:
    which = Filter(types, devices)
    assert which.wants(arrival_of(PROBE)) is wanted
    assert which.wants(malformed(PROBE)) is wanted


def test_a_long_name_from_the_metadata_is_the_one_that_counts() -> None:
    full = "A" * 20
    message = igtl.String("x", device_name=full, metadata={"IGTL_DEVICE_NAME": full + "B"})
    assert Filter((), [full + "B"]).wants(arrival_of(message))


def test_malformed_messages_arrive_with_their_bytes(serve_bytes: Serve) -> None:
    data = igtl.encode(PROBE)
    broken = data[:-1] + b"\xff"
    with igtl.connect(serve_bytes(broken + stream_of(PROBE)).endpoint) as link:
        first, second = arrivals(link, Filter())
    assert isinstance(first.message, igtl.ChecksumError)
    assert first.frame.to_bytes() == broken
    assert first.device_name == "Probe"
    assert second.message == PROBE


def test_patience_ends_and_says_so() -> None:
    with igtl.Server(port=0) as server, igtl.connect(server.endpoint) as link:
        with Patience(link, 0.05) as patience:
            assert list(arrivals(link, Filter(), patience)) == []
        assert patience.ended


def test_patience_lasts_while_something_comes(serve_bytes: Serve) -> None:
    with igtl.connect(serve_bytes(stream_of(PROBE)).endpoint) as link:
        with Patience(link, 30) as patience:
            assert len(list(arrivals(link, Filter(), patience))) == 1
        assert not patience.ended
